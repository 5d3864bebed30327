"""T5 in its first form and as v1.1: gated or not, its output tied to the embedding or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from builder.checkpoints.adapting import with_node
from builder.checkpoints.configuration import ACTIVATIONS, Configuration, hugging_face_name
from builder.checkpoints.family import Family
from builder.checkpoints.parts import Part, State, same
from builder.checkpoints.wiring import Skeleton
from builder.document import Document
from builder.templates import t5
from builder.templates.gallery import assembled, with_values
from engine.errors import FileError
from engine.settings import Value

EMBEDDING, HEAD = "shared.weight", "lm_head.weight"
_ALIASES = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")


class T5(Family):
    """The names of Raffel et al., arXiv:1910.10683."""

    name = "t5"
    types = ("t5", "mt5")
    ignored = ("layer.1.EncDecAttention.relative_attention_bias.weight",)

    def settled(self, config: Configuration, tensors: Mapping[str, Tensor]) -> Configuration:
        """Whether the output has weights of its own, which the weights alone tell.

        Raises:
            FileError: If they are for a head that cannot be read.
        """
        kind = config.architecture("T5ForConditionalGeneration")
        if not kind.endswith("ForConditionalGeneration"):
            raise FileError(
                f"{config.where}: 'architectures' names {kind!r}; of T5 only T5ForConditionalGeneration can be read."
            )
        shared = _shared(tensors)
        tied = HEAD not in tensors or (shared is not None and torch.equal(tensors[HEAD], shared))
        return replace(config, keys={**config.keys, "tied": tied})

    def document(self, config: Configuration) -> Document:
        """The graph of a configuration; see `Family.document`."""
        gated, activation = _feed_forward(config)
        root = with_values(t5.t5(gated=gated, scaled=_is_scaled(config)), _sizes(config), "T5")
        document = assembled(root)
        for node in ("encoder", "decoder"):
            document = with_node(document, "", node, activation=activation)
        return replace(document, ties=t5.TIES if config.flag("tied", True) else t5.SHARED)

    def parts(self, config: Configuration) -> list[Part]:
        """What the tensors of a file are in the graph."""
        n_layers = config.size("num_layers", 6)
        gated, _ = _feed_forward(config)
        found = [Part(EMBEDDING, ("source_emb.weight",))]
        found += _side("encoder", n_layers, gated)
        found += _side("decoder", config.size("num_decoder_layers", n_layers), gated)
        return found if config.flag("tied", True) else [*found, *same("lm_head", "lm_head", "weight")]

    def normalised(self, tensors: Mapping[str, Tensor], config: Configuration) -> State:
        """The tensors with the shared embedding under one name."""
        found = {name: tensor for name, tensor in tensors.items() if name not in _ALIASES}
        shared = _shared(tensors)
        if shared is not None:
            found[EMBEDDING] = shared
        if config.flag("tied", True):
            found.pop(HEAD, None)
        return found

    def config(self, built: Skeleton) -> dict[str, Any]:
        """The configuration of a graph; see `Family.config`."""
        vocab_size, d_model = built.shape("source_emb.weight")
        n_heads = built.setting("encoder.0.attn.q_heads", "n_heads")
        gated, tied = built.has("encoder.0.ffn.gate"), built.is_tied("lm_head.weight", "source_emb.weight")
        where, name = ("encoder.0.ffn.gate", "activation") if gated else ("encoder.0.ffn.act", "function")
        activation = hugging_face_name(built.setting(where, name))
        forms = {"gelu_new": "gated-gelu"} if gated else {}
        plain = f"gated-{activation}" if gated else activation
        return {
            "architectures": ["T5ForConditionalGeneration"],
            "model_type": "t5",
            "vocab_size": vocab_size,
            "d_model": d_model,
            "d_kv": built.shape("encoder.0.attn.q_proj.weight")[0] // n_heads,
            "d_ff": built.shape(f"encoder.0.ffn.{'up_proj' if gated else 'up'}.weight")[0],
            "num_layers": built.count("encoder"),
            "num_decoder_layers": built.count("decoder"),
            "num_heads": n_heads,
            "relative_attention_num_buckets": built.setting("encoder_distances", "n_buckets"),
            "relative_attention_max_distance": built.setting("encoder_distances", "max_distance"),
            "dropout_rate": built.setting("source_drop", "p"),
            "layer_norm_epsilon": built.setting("encoder_norm", "eps"),
            "feed_forward_proj": forms.get(activation, plain),
            "is_encoder_decoder": True,
            "decoder_start_token_id": 0,
            "scale_decoder_outputs": built.has("head_scale"),
            "tied": tied,
            "tie_word_embeddings": tied,
        }


def _shared(tensors: Mapping[str, Tensor]) -> Tensor | None:
    """The embedding, under whichever of its names the file has it."""
    return next((tensors[name] for name in (EMBEDDING, *_ALIASES) if name in tensors), None)


def _is_scaled(config: Configuration) -> bool:
    """Whether the head reads scaled vectors; the library takes it from the tie where it is not said."""
    return config.flag("scale_decoder_outputs", config.flag("tie_word_embeddings", True))


def _feed_forward(config: Configuration) -> tuple[bool, str]:
    """Whether the feed-forward part is gated, and its activation."""
    forms = {name: (False, ours) for name, ours in ACTIVATIONS.items()}
    forms |= {f"gated-{name}": (True, ours) for name, ours in ACTIVATIONS.items()}
    forms["gated-gelu"] = (True, "gelu_tanh")  # so since the first v1.1
    return config.choice("feed_forward_proj", "relu", forms)


def _sizes(config: Configuration) -> dict[str, Value]:
    n_layers = config.size("num_layers", 6)
    return {
        "vocab_size": config.size("vocab_size", 32128),
        "max_len": config.size("n_positions", 512),
        "d_model": config.size("d_model", 512),
        "n_heads": config.size("num_heads", 8),
        "d_kv": config.size("d_kv", 64),
        "n_layers": n_layers,
        "n_decoder_layers": config.size("num_decoder_layers", n_layers),
        "d_ff": config.size("d_ff", 2048),
        "n_buckets": config.size("relative_attention_num_buckets", 32),
        "max_distance": config.size("relative_attention_max_distance", 128),
        "eps": config.number("layer_norm_epsilon", 1e-6),
        "dropout": config.number("dropout_rate", 0.1),
    }


def _side(side: str, n_layers: int, gated: bool) -> list[Part]:
    """Parts of the encoder or the decoder."""
    found = same(f"{side}.final_layer_norm", f"{side}_norm", "weight")
    bias = f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
    found.append(Part(bias, (f"{side}_distances.weight",)))
    for index in range(n_layers):
        found += _layer(f"{side}.block.{index}.layer", f"{side}.{index}", side == "decoder", gated)
    return found


def _layer(theirs: str, ours: str, crossed: bool, gated: bool) -> list[Part]:
    kinds = [("SelfAttention", "attn"), *([("EncDecAttention", "cross")] if crossed else [])]
    found: list[Part] = []
    for place, (kind, name) in enumerate(kinds):
        found += same(f"{theirs}.{place}.layer_norm", f"{ours}.{name}_norm", "weight")
        for letter, leaf in (("q", "q_proj"), ("k", "k_proj"), ("v", "v_proj"), ("o", "out_proj")):
            found += same(f"{theirs}.{place}.{kind}.{letter}", f"{ours}.{name}.{leaf}", "weight")
    last = f"{theirs}.{len(kinds)}"
    gates = {"wi_0": "gate_proj", "wi_1": "up_proj", "wo": "down_proj"}
    for there, here in (gates if gated else {"wi": "up", "wo": "down"}).items():
        found += same(f"{last}.DenseReluDense.{there}", f"{ours}.ffn.{here}", "weight")
    return [*found, *same(f"{last}.layer_norm", f"{ours}.ffn_norm", "weight")]
