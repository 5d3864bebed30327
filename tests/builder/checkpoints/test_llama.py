"""Llama and its kin in `transformers` and ours: the same numbers from the same folder, both ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from builder.checkpoints import save_checkpoint
from tests.builder.checkpoints.hugging import TOLERANCE, far, ids, loaded, made, opened, padding, saved

BASE: dict[str, Any] = {
    "hidden_size": 36, "num_attention_heads": 6, "num_key_value_heads": 2, "num_hidden_layers": 2,
    "intermediate_size": 29, "vocab_size": 41, "max_position_embeddings": 64, "bos_token_id": 0, "eos_token_id": 0,
}  # fmt: skip
SIZES: list[dict[str, Any]] = [
    {},
    {"num_key_value_heads": 1, "rms_norm_eps": 1e-2},
    {"num_key_value_heads": 6, "tie_word_embeddings": True},
    {"num_key_value_heads": 3, "head_dim": 10, "attention_bias": True, "mlp_bias": True},
    {"hidden_size": 9, "num_attention_heads": 3, "num_key_value_heads": 3, "head_dim": 4, "hidden_act": "gelu"},
    {"rope_parameters": {"rope_type": "default", "rope_theta": 500000.0}},
    {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}},
    {"rope_parameters": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                         "original_max_position_embeddings": 16, "rope_theta": 10000.0}},
]  # fmt: skip


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@torch.no_grad()
def test_a_llama_folder_answers_as_it_does_in_transformers(sizes: dict[str, Any], tmp_path: Path) -> None:
    theirs = made("LlamaForCausalLM", **{**BASE, **sizes})
    _, mine = opened(saved(theirs, tmp_path))
    tokens, real = ids(41, length=40), padding(length=40)

    assert far(mine(tokens=tokens), theirs(tokens).logits) <= TOLERANCE
    wanted = theirs(tokens, attention_mask=real.long()).logits
    assert far(mine(tokens=tokens, padding=real)[real], wanted[real]) <= TOLERANCE


@torch.no_grad()
def test_padding_before_the_text_is_hidden_as_in_transformers(tmp_path: Path) -> None:
    theirs = made("LlamaForCausalLM", **BASE)
    _, mine = opened(saved(theirs, tmp_path))
    tokens, real = ids(41), padding().flip(1)
    places = torch.arange(9).expand(2, 9)

    wanted = theirs(tokens, attention_mask=real.long(), position_ids=places).logits

    assert far(mine(tokens=tokens, padding=real)[real], wanted[real]) <= TOLERANCE


@pytest.mark.parametrize("window", [None, 5])
@torch.no_grad()
def test_a_mistral_folder_looks_back_as_far_as_its_window(window: int | None, tmp_path: Path) -> None:
    theirs = made("MistralForCausalLM", **BASE, sliding_window=window)
    _, mine = opened(saved(theirs, tmp_path))
    tokens, real = ids(41, length=23), padding(length=23)

    assert far(mine(tokens=tokens), theirs(tokens).logits) <= TOLERANCE
    wanted = theirs(tokens, attention_mask=real.long()).logits
    assert far(mine(tokens=tokens, padding=real)[real], wanted[real]) <= TOLERANCE


@torch.no_grad()
def test_a_qwen2_folder_has_biases_on_queries_keys_and_values_alone(tmp_path: Path) -> None:
    theirs = made("Qwen2ForCausalLM", **BASE)
    _, mine = opened(saved(theirs, tmp_path))

    assert far(mine(tokens=ids(41)), theirs(ids(41)).logits) <= TOLERANCE


@torch.no_grad()
def test_the_keys_of_an_older_library_mean_the_same(tmp_path: Path) -> None:
    theirs = made(
        "LlamaForCausalLM", **BASE, rope_parameters={"rope_type": "linear", "factor": 2.0, "rope_theta": 77.0}
    )
    file = saved(theirs, tmp_path) / "config.json"
    keys = json.loads(file.read_text())
    del keys["rope_parameters"]
    file.write_text(json.dumps({**keys, "rope_theta": 77.0, "rope_scaling": {"type": "linear", "factor": 2.0}}))

    _, mine = opened(tmp_path)

    assert far(mine(tokens=ids(41)), theirs(ids(41)).logits) <= TOLERANCE


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@torch.no_grad()
def test_transformers_reads_what_is_written_as_llama(sizes: dict[str, Any], tmp_path: Path) -> None:
    theirs = made("LlamaForCausalLM", **{**BASE, **sizes})
    document, mine = opened(saved(theirs, tmp_path / "in"))

    save_checkpoint(document, mine.state_dict(), "llama", tmp_path / "out")

    tokens = ids(41, length=40)
    again = loaded("LlamaForCausalLM", tmp_path / "out")
    assert torch.equal(again(tokens).logits, theirs(tokens).logits)


@torch.no_grad()
def test_a_sliding_window_is_written_as_mistral(tmp_path: Path) -> None:
    theirs = made("MistralForCausalLM", **BASE, sliding_window=5)
    document, mine = opened(saved(theirs, tmp_path / "in"))

    save_checkpoint(document, mine.state_dict(), "llama", tmp_path / "out")

    again = loaded("MistralForCausalLM", tmp_path / "out")
    assert torch.equal(again(ids(41)).logits, theirs(ids(41)).logits)
