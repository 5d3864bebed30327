"""Reading GGUF, the format of llama.cpp: Llama graphs with weights that may be quantised, and their tokenizer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from builder.checkpoints.configuration import Configuration
from engine.errors import FileError

_SIZES = {
    "block_count": "num_hidden_layers",
    "context_length": "max_position_embeddings",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "rope.freq_base": "rope_theta",
    "rope.dimension_count": "head_dim",
}
_MODEL = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_LAYER = {
    **{f"attn_{letter}": f"self_attn.{letter}_proj" for letter in "qkv"},
    "attn_output": "self_attn.o_proj",
    **{f"ffn_{name}": f"mlp.{name}_proj" for name in ("gate", "up", "down")},
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}
_SPECIAL = (2, 3)  # types of tokens: unknown, control


@dataclass(frozen=True)
class Gguf:
    """What a GGUF file holds.

    Args:
        config: The keys that Hugging Face would have for it.
        tensors: float32, under Hugging Face's names and in its order of rows.
        tokenizer: What the `tokenizers` library reads; empty if the file has none that it knows.
    """

    config: Configuration
    tensors: Mapping[str, Tensor]
    tokenizer: str


def read_gguf(path: Path) -> Gguf:
    """Read a Llama model.

    Raises:
        FileError: If the file cannot be read, holds another architecture, or `gguf` is not installed.
    """
    try:
        from gguf import GGUFReader
    except ImportError:
        raise FileError(f"Reading {path.name} needs gguf. Install it: pip install gguf tokenizers.") from None
    try:
        reader = GGUFReader(path)
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise FileError(f"{path} cannot be read as GGUF: {error}.") from None
    facts = {name: field.contents() for name, field in reader.fields.items()}
    names = {entry.name for entry in reader.tensors}
    config = _config(facts, path, tied="output.weight" not in names)
    return Gguf(config, _tensors(reader.tensors, config), _tokenizer(facts))


def _config(facts: Mapping[str, Any], path: Path, tied: bool) -> Configuration:
    kind = facts.get("general.architecture")
    if kind != "llama":
        raise FileError(f"{path.name} holds the architecture {kind!r}; of GGUF only 'llama' can be read.")
    scaling, experts = facts.get("llama.rope.scaling.type", "none"), facts.get("llama.expert_count", 0)
    if scaling not in ("none", "linear"):
        raise FileError(f"{path.name}: 'llama.rope.scaling.type' is {scaling!r}, which cannot be read from GGUF.")
    if experts:
        raise FileError(f"{path.name} has {experts} experts in each layer, which cannot be read from GGUF.")
    found = {theirs: _plain(facts[f"llama.{key}"]) for key, theirs in _SIZES.items() if f"llama.{key}" in facts}
    vocab_size = facts.get("llama.vocab_size", len(facts.get("tokenizer.ggml.tokens", ())))
    keys = {"model_type": "llama", "vocab_size": vocab_size, "tie_word_embeddings": tied, **found}
    if scaling == "linear":
        keys["rope_scaling"] = {"rope_type": "linear", "factor": facts["llama.rope.scaling.factor"]}
    return Configuration(keys, str(path))


def _plain(value: Any) -> Any:
    """A number as it was before it was stored in 32 bits: 1e-05, not 9.99999974e-06."""
    return float(f"{value:.7g}") if isinstance(value, float) else value


def _tensors(stored: list[Any], config: Configuration) -> dict[str, Tensor]:
    """All tensors, dequantised."""
    from gguf.quants import dequantize

    found: dict[str, Tensor] = {}
    for entry in stored:
        name, order = _named(entry.name, config)
        tensor = torch.from_numpy(dequantize(entry.data, entry.tensor_type).copy())
        found[name] = _rows_as_pairs_apart(tensor, order) if order else tensor
    return found


def _named(name: str, config: Configuration) -> tuple[str, int]:
    """What Hugging Face calls a tensor, and how many heads' rows are in another order there; 0 if none are."""
    stem, _, leaf = name.rpartition(".")
    if stem in _MODEL:
        return f"{_MODEL[stem]}.{leaf}", 0
    head, _, rest = stem.partition(".")
    index, _, part = rest.partition(".")
    if head != "blk" or part not in _LAYER:
        raise FileError(f"{config.where} has a tensor {name!r}, which the architecture 'llama' does not know.")
    orders = {"attn_q": "num_attention_heads", "attn_k": "num_key_value_heads"}
    heads = config.size(orders[part], config.size("num_attention_heads")) if part in orders else 0
    return f"model.layers.{index}.{_LAYER[part]}.{leaf}", heads


def _rows_as_pairs_apart(tensor: Tensor, heads: int) -> Tensor:
    """From llama.cpp's order, where rows that turn together are neighbours, to halves of a head, (H·K, …)."""
    pairs = tensor.reshape(heads, tensor.shape[0] // heads // 2, 2, *tensor.shape[1:])  # (H, K/2, 2, …)
    return pairs.transpose(1, 2).reshape(tensor.shape).contiguous()


def _tokenizer(facts: Mapping[str, Any]) -> str:
    """The byte-pair tokenizer in the file, as the `tokenizers` library writes it; empty for other kinds."""
    if facts.get("tokenizer.ggml.model") != "gpt2":
        return ""
    tokens, types = facts["tokenizer.ggml.tokens"], facts.get("tokenizer.ggml.token_type", [])
    special = [i for i, kind in enumerate(types) if kind in _SPECIAL]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    bytes_ = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    digits = {"type": "Digits", "individual_digits": True}
    split = [digits, bytes_] if facts.get("tokenizer.ggml.pre") == "smollm" else [bytes_]
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [{"id": i, "content": tokens[i], **flags} for i in special],
            "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": split},
            "post_processor": None,
            "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": {
                "type": "BPE",
                "vocab": {token: i for i, token in enumerate(tokens)},
                "merges": [pair.split(" ") for pair in facts.get("tokenizer.ggml.merges", [])],
            },
        }
    )
