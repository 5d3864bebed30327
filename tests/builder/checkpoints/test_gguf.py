"""GGUF files, written here with the library of llama.cpp from a Llama of `transformers`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import dequantize, quantize
from torch import Tensor, nn

import builder
from builder.checkpoints import read_checkpoint
from engine.errors import FileError
from tests.builder.checkpoints.hugging import TOLERANCE, far, ids, made

SIZES: dict[str, Any] = {
    "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 2,
    "intermediate_size": 96, "vocab_size": 41, "max_position_embeddings": 64, "rms_norm_eps": 1e-3,
}  # fmt: skip
NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "model.layers": "blk",
}  # fmt: skip


def model(**changes: Any) -> nn.Module:
    return made("LlamaForCausalLM", **{**SIZES, "bos_token_id": 0, "eos_token_id": 0, **changes})


def interleaved(weight: Tensor, heads: int) -> Tensor:
    """What llama.cpp's own converter does to queries and keys: pairs of rows that turn together become neighbours."""
    return (
        weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)
    )


def written(theirs: nn.Module, file: Path, *, quantised: bool = False, **facts: str) -> Path:
    """Write the model as llama.cpp's converter does; quantised ones lose the same digits in memory."""
    writer = GGUFWriter(file, facts.get("architecture", "llama"))
    for name, value in (
        ("block_count", 2), ("context_length", 64), ("embedding_length", 64), ("feed_forward_length", 96),
        ("head_count", 4), ("head_count_kv", 2), ("vocab_size", 41),
    ):  # fmt: skip
        getattr(writer, f"add_{name}")(value)
    writer.add_layer_norm_rms_eps(1e-3)
    writer.add_rope_dimension_count(16)
    if "scaling" in facts:
        writer.add_string("llama.rope.scaling.type", facts["scaling"])
    for name, parameter in theirs.state_dict().items():
        if theirs.config.tie_word_embeddings and name == "lm_head.weight":  # type: ignore[union-attr]
            continue
        heads = {"q_proj": 4, "k_proj": 2}.get(name.split(".")[-2], 0)
        value = interleaved(parameter, heads) if heads else parameter
        kind = GGMLQuantizationType.Q8_0 if quantised and value.ndim == 2 else GGMLQuantizationType.F32
        data = quantize(value.numpy(), kind)
        restored = torch.from_numpy(dequantize(data, kind).copy())
        parameter.copy_(_parted(restored, heads) if heads else restored)
        stem = name
        for there, here in NAMES.items():
            stem = stem.replace(there, here)
        writer.add_tensor(stem, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def _parted(weight: Tensor, heads: int) -> Tensor:
    return (
        weight.reshape(heads, weight.shape[0] // heads // 2, 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)
    )


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("quantised", [False, True])
@torch.no_grad()
def test_a_gguf_file_answers_as_the_model_it_was_made_of(tied: bool, quantised: bool, tmp_path: Path) -> None:
    theirs = model(tie_word_embeddings=tied)
    file = written(theirs, tmp_path / "small.gguf", quantised=quantised)

    document, state = builder.open_checkpoint(file)
    mine = builder.compile_document(document)
    mine.load_state_dict(state)

    assert document.name == "small"
    assert bool(document.ties) == tied
    assert far(mine.eval()(tokens=ids(41)), theirs(ids(41)).logits) <= TOLERANCE


@pytest.mark.parametrize(
    ("facts", "told"), [({"architecture": "mamba"}, "mamba"), ({"scaling": "yarn"}, r"rope\.scaling\.type.*yarn")]
)
@torch.no_grad()
def test_a_gguf_file_of_another_kind_is_refused(facts: dict[str, str], told: str, tmp_path: Path) -> None:
    file = written(model(), tmp_path / "other.gguf", **facts)

    with pytest.raises(FileError, match=told):
        read_checkpoint(file)


def test_a_file_that_is_no_gguf_is_told(tmp_path: Path) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"GGUX" + bytes(100))

    with pytest.raises(FileError, match=r"broken\.gguf"):
        read_checkpoint(file)
