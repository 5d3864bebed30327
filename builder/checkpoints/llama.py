"""Llama and what is built like it: Mistral with a sliding window, Qwen2 with biased projections."""

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
from builder.checkpoints.rotary import rope_keys, rope_of
from builder.checkpoints.wiring import Skeleton
from builder.document import Document
from engine.errors import FileError
from engine.settings import Value

TIE = ("lm_head.weight", "tok_emb.weight")


class Llama(Family):
    """The names of Touvron et al., arXiv:2302.13971, and its successors."""

    name = "llama"
    types = ("llama", "mistral", "qwen2")
    ignored = ("rotary_emb.inv_freq",)

    def settled(self, config: Configuration, tensors: Mapping[str, Tensor]) -> Configuration:  # noqa: ARG002
        """The configuration, if the weights are of a language model; without a head only where that is tied.

        Raises:
            FileError: If they are for a head that cannot be read.
        """
        kind = config.architecture("LlamaForCausalLM")
        plain = kind.endswith("Model") and config.flag("tie_word_embeddings", False)
        if not (plain or kind.endswith("ForCausalLM")):
            raise FileError(
                f"{config.where}: 'architectures' names {kind!r}; of these only language models, such as "
                "LlamaForCausalLM, can be read."
            )
        return config

    def document(self, config: Configuration) -> Document:
        """The graph of a configuration; see `Family.document`."""
        theta, scaling = rope_of(config)
        document = templates.build(
            "llama", **_sizes(config), theta=theta, dropout=config.number("attention_dropout", 0.0)
        )
        if scaling:
            document = with_kind(document, "rope", **scaling)
        activation = config.choice("hidden_act", "silu", ACTIVATIONS)
        if activation != "silu":
            document = with_node(document, "llama_block", "ffn", activation=activation)
        document = _biased(document, config)
        if window := _window(config):
            document = with_kind(document, "attention_core", window=window)
        return replace(document, ties=(TIE,)) if config.flag("tie_word_embeddings", False) else document

    def parts(self, config: Configuration) -> list[Part]:
        """What the tensors of a file are in the graph."""
        found = same("embed_tokens", "tok_emb", "weight")
        for index in range(config.size("num_hidden_layers", 32)):
            found += _layer(f"layers.{index}", f"blocks.{index}", config)
        head = Part("lm_head.weight", ("lm_head.weight",), optional=config.flag("tie_word_embeddings", False))
        return [*found, *same("norm", "norm", "weight"), head]

    def normalised(self, tensors: Mapping[str, Tensor], config: Configuration) -> State:  # noqa: ARG002
        """The tensors without the prefix that models with a head have."""
        return {name.removeprefix("model."): tensor for name, tensor in tensors.items()}

    def written(self, tensors: State, config: Configuration) -> State:  # noqa: ARG002
        """The tensors with the prefix that models with a head have."""
        return {name if name.startswith("lm_head.") else f"model.{name}": t for name, t in tensors.items()}

    def config(self, built: Skeleton) -> dict[str, Any]:
        """The configuration of a graph; see `Family.config`."""
        vocab_size, d_model = built.shape("tok_emb.weight")
        attn, n_heads = "blocks.0.attn", built.setting("blocks.0.attn.q_heads", "n_heads")
        window = built.window(attn)
        return {
            "architectures": ["MistralForCausalLM" if window else "LlamaForCausalLM"],
            "model_type": "mistral" if window else "llama",
            "vocab_size": vocab_size,
            "max_position_embeddings": built.max_len or 2048,
            "hidden_size": d_model,
            "intermediate_size": built.shape("blocks.0.ffn.up_proj.weight")[0],
            "num_hidden_layers": built.count("blocks"),
            "num_attention_heads": n_heads,
            "num_key_value_heads": built.setting(f"{attn}.k_heads", "n_heads"),
            "head_dim": built.shape(f"{attn}.q_proj.weight")[0] // n_heads,
            "hidden_act": hugging_face_name(built.setting("blocks.0.ffn.gate", "activation")),
            "rms_norm_eps": built.setting("norm", "eps"),
            "attention_bias": built.has(f"{attn}.q_proj.bias"),
            "mlp_bias": built.has("blocks.0.ffn.up_proj.bias"),
            "attention_dropout": built.dropout(attn),
            "tie_word_embeddings": built.is_tied(*TIE),
            **({"sliding_window": window} if window else {}),
            **rope_keys(built, f"{attn}.q_rope"),
        }


def _sizes(config: Configuration) -> dict[str, Value]:
    d_model, n_heads = config.size("hidden_size", 4096), config.size("num_attention_heads", 32)
    return {
        "vocab_size": config.size("vocab_size", 32000),
        "max_len": config.size("max_position_embeddings", 2048),
        "d_model": d_model,
        "n_heads": n_heads,
        "n_kv_heads": config.size("num_key_value_heads", n_heads),
        "n_layers": config.size("num_hidden_layers", 32),
        "d_ff": config.size("intermediate_size", 11008),
        "d_head": config.size("head_dim", d_model // n_heads),
        "eps": config.number("rms_norm_eps", 1e-6),
    }


def _biases(config: Configuration) -> tuple[bool, bool, bool]:
    """Whether queries, keys and values, the output, and the feed-forward part have a bias."""
    if config.keys.get("model_type") == "qwen2":
        return True, False, False
    if config.keys.get("model_type") == "mistral":
        return False, False, False
    attention = config.flag("attention_bias", False)
    return attention, attention, config.flag("mlp_bias", False)


def _biased(document: Document, config: Configuration) -> Document:
    projections, output, feed_forward = _biases(config)
    if projections:
        document = with_node(document, "llama_block", "attn", bias=True)
    if projections != output:
        document = with_node(document, "grouped_query_attention", "out_proj", bias=output)
    if feed_forward:
        document = with_node(document, "llama_block", "ffn", bias=True)
    return document


def _window(config: Configuration) -> int:
    """How many positions back attention sees; 0 is all."""
    if config.keys.get("model_type") == "mistral":
        return 0 if config.keys.get("sliding_window") is None else config.size("sliding_window")
    config.refuse(use_sliding_window=False)
    return 0


def _layer(theirs: str, ours: str, config: Configuration) -> list[Part]:
    projections, output, feed_forward = _biases(config)
    found = same(f"{theirs}.input_layernorm", f"{ours}.attn_norm", "weight")
    found += same(f"{theirs}.post_attention_layernorm", f"{ours}.ffn_norm", "weight")
    names = [(f"self_attn.{x}_proj", f"attn.{x}_proj", projections) for x in "qkv"]
    names += [("self_attn.o_proj", "attn.out_proj", output)]
    names += [(f"mlp.{name}_proj", f"ffn.{name}_proj", feed_forward) for name in ("gate", "up", "down")]
    for there, here, bias in names:
        found += same(f"{theirs}.{there}", f"{ours}.{here}", "weight", *(["bias"] if bias else []))
    return found
