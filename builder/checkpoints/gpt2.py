"""GPT-2, with tied or separate output weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from builder import templates
from builder.checkpoints.adapting import with_kind, with_node
from builder.checkpoints.configuration import ACTIVATIONS, Configuration, hugging_face_name
from builder.checkpoints.family import Family
from builder.checkpoints.parts import Part, State, same
from builder.checkpoints.wiring import Skeleton
from builder.document import Document
from engine.errors import FileError


class GPT2(Family):
    """The names of Radford et al., “Language Models are Unsupervised Multitask Learners”, 2019."""

    name = "gpt2"
    types = ("gpt2",)
    ignored = (".attn.bias", ".attn.masked_bias")

    def settled(self, config: Configuration, tensors: Mapping[str, Tensor]) -> Configuration:  # noqa: ARG002
        """The configuration, if the weights are of a language model, with its head or without.

        Raises:
            FileError: If they are for another head.
        """
        kind = config.architecture("GPT2LMHeadModel")
        if kind not in ("GPT2LMHeadModel", "GPT2Model"):
            raise FileError(
                f"{config.where}: 'architectures' names {kind!r}; of GPT-2 only GPT2LMHeadModel, GPT2Model can be read."
            )
        return config

    def document(self, config: Configuration) -> Document:
        """The graph of a configuration; see `Family.document`."""
        config.refuse(scale_attn_weights=True, scale_attn_by_inverse_layer_idx=False, add_cross_attention=False)
        document = templates.build("gpt2", **_sizes(config), dropout=config.number("resid_pdrop", 0.1))
        document = with_kind(document, "layer_norm", eps=config.number("layer_norm_epsilon", 1e-5))
        document = with_node(document, "", "emb_drop", p=config.number("embd_pdrop", 0.1))
        document = with_node(document, "gpt_block", "attn", dropout=config.number("attn_pdrop", 0.1))
        activation = config.choice("activation_function", "gelu_new", ACTIVATIONS)
        document = with_node(document, "", "blocks", activation=activation)
        return document if config.flag("tie_word_embeddings", True) else replace(document, ties=())

    def parts(self, config: Configuration) -> list[Part]:
        """What the tensors of a file are in the graph."""
        found = [*same("wte", "tok_emb", "weight"), *same("wpe", "pos_emb", "weight")]
        for index in range(config.size("n_layer", 12)):
            found += _layer(f"h.{index}", f"blocks.{index}")
        head = Part("lm_head.weight", ("lm_head.weight",), optional=config.flag("tie_word_embeddings", True))
        return [*found, *same("ln_f", "ln_f"), head]

    def normalised(self, tensors: Mapping[str, Tensor], config: Configuration) -> State:  # noqa: ARG002
        """The tensors without the prefix that models with a head have."""
        return {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}

    def written(self, tensors: State, config: Configuration) -> State:  # noqa: ARG002
        """The tensors with the prefix that models with a head have."""
        return {name if name.startswith("lm_head.") else f"transformer.{name}": t for name, t in tensors.items()}

    def config(self, built: Skeleton) -> dict[str, Any]:
        """The configuration of a graph; see `Family.config`."""
        vocab_size, d_model = built.shape("tok_emb.weight")
        return {
            "architectures": ["GPT2LMHeadModel"],
            "model_type": "gpt2",
            "vocab_size": vocab_size,
            "n_positions": built.shape("pos_emb.weight")[0],
            "n_embd": d_model,
            "n_layer": built.count("blocks"),
            "n_head": built.setting("blocks.0.attn.q_heads", "n_heads"),
            "n_inner": built.shape("blocks.0.ffn.up.weight")[0],
            "activation_function": hugging_face_name(built.setting("blocks.0.ffn.act", "function")),
            "layer_norm_epsilon": built.setting("ln_f", "eps"),
            "resid_pdrop": built.setting("blocks.0.attn_add", "dropout"),
            "embd_pdrop": built.setting("emb_drop", "p"),
            "attn_pdrop": built.dropout("blocks.0.attn"),
            "tie_word_embeddings": built.is_tied("lm_head.weight", "tok_emb.weight"),
        }


def _sizes(config: Configuration) -> dict[str, int]:
    d_model = config.size("n_embd", 768)
    return {
        "vocab_size": config.size("vocab_size", 50257),
        "max_len": config.size("n_positions", config.keys.get("n_ctx", 1024)),
        "d_model": d_model,
        "n_heads": config.size("n_head", 12),
        "n_layers": config.size("n_layer", 12),
        "d_ff": config.size("n_inner", 4 * d_model),
    }


def _layer(theirs: str, ours: str) -> list[Part]:
    """Parts of one block; its projections are stored with rows and columns the other way round."""
    projections = {
        "attn.c_attn": tuple(f"{ours}.attn.{name}_proj" for name in "qkv"),
        "attn.c_proj": (f"{ours}.attn.out_proj",),
        "mlp.c_fc": (f"{ours}.ffn.up",),
        "mlp.c_proj": (f"{ours}.ffn.down",),
    }
    found = [*same(f"{theirs}.ln_1", f"{ours}.attn_norm"), *same(f"{theirs}.ln_2", f"{ours}.ffn_norm")]
    for name, paths in projections.items():
        found.append(Part(f"{theirs}.{name}.weight", tuple(f"{path}.weight" for path in paths), transposed=True))
        found.append(Part(f"{theirs}.{name}.bias", tuple(f"{path}.bias" for path in paths)))
    return found
