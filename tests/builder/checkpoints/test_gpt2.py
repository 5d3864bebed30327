"""GPT-2 of `transformers` and ours: the same numbers from the same folder, both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from builder.checkpoints import save_checkpoint
from builder.edits import Remove, SetSetting
from engine.errors import ExportError
from tests.builder.checkpoints.hugging import TOLERANCE, far, ids, loaded, made, opened, padding, saved

ENDS = {"bos_token_id": 0, "eos_token_id": 0}
SIZES: list[dict[str, Any]] = [
    {"n_embd": 21, "n_head": 3, "n_layer": 2, "vocab_size": 37, "n_positions": 19},
    {"n_embd": 30, "n_head": 5, "n_layer": 3, "vocab_size": 41, "n_positions": 9, "layer_norm_epsilon": 1e-2},
    {"n_embd": 8, "n_head": 1, "n_layer": 1, "vocab_size": 11, "n_positions": 16, "tie_word_embeddings": False},
    {"n_embd": 14, "n_head": 7, "n_layer": 2, "vocab_size": 29, "n_positions": 13, "n_inner": 17},
    *({"n_embd": 12, "n_head": 2, "n_layer": 1, "vocab_size": 23, "n_positions": 11, "activation_function": name}
      for name in ("relu", "gelu", "silu", "gelu_pytorch_tanh")),
]  # fmt: skip


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@torch.no_grad()
def test_a_gpt2_folder_answers_as_it_does_in_transformers(sizes: dict[str, Any], tmp_path: Path) -> None:
    theirs = made("GPT2LMHeadModel", **sizes, **ENDS)
    _, mine = opened(saved(theirs, tmp_path))
    tokens = ids(sizes["vocab_size"])

    assert far(mine(tokens=tokens), theirs(tokens).logits) <= TOLERANCE


@pytest.mark.parametrize("left", [False, True], ids=["right", "left"])
@torch.no_grad()
def test_a_padded_batch_answers_as_it_does_in_transformers(left: bool, tmp_path: Path) -> None:
    theirs = made("GPT2LMHeadModel", **SIZES[0], **ENDS)
    _, mine = opened(saved(theirs, tmp_path))
    tokens, real = ids(37), padding()
    real = real.flip(1) if left else real

    wanted = theirs(tokens, attention_mask=real.long()).logits  # both count positions from the first column

    assert far(mine(tokens=tokens, padding=real)[real], wanted[real]) <= TOLERANCE
    if left:
        assert far(mine(tokens=tokens)[real], wanted[real]) > 0.01


@torch.no_grad()
def test_padding_before_a_text_changes_nothing_but_its_positions(tmp_path: Path) -> None:
    theirs = made("GPT2LMHeadModel", **SIZES[0], **ENDS)
    _, mine = opened(saved(theirs, tmp_path))
    tokens, real = ids(37), padding().flip(1)
    places = torch.arange(9).expand(2, 9)

    wanted = theirs(tokens[1:, 3:], position_ids=places[1:, 3:]).logits

    assert far(mine(tokens=tokens, padding=real)[1:, 3:], wanted) <= TOLERANCE


@pytest.mark.parametrize("mask", ["causal", "both"])
@torch.no_grad()
def test_a_graph_without_padding_is_written_as_gpt2_too(mask: str, tmp_path: Path) -> None:
    theirs = made("GPT2LMHeadModel", **SIZES[2], **ENDS)
    document, mine = opened(saved(theirs, tmp_path / "in"))
    document = SetSetting(node="blocks", name="mask", value=mask).apply(Remove(nodes=("padding",)).apply(document))

    save_checkpoint(document, mine.state_dict(), "gpt2", tmp_path / "out")

    again = loaded("GPT2LMHeadModel", tmp_path / "out")
    assert torch.equal(again(ids(11)).logits, theirs(ids(11)).logits)


@torch.no_grad()
def test_a_graph_that_ignores_its_padding_is_no_gpt2(tmp_path: Path) -> None:
    document, mine = opened(saved(made("GPT2LMHeadModel", **SIZES[2], **ENDS), tmp_path / "in"))
    document = SetSetting(node="blocks", name="mask", value="causal").apply(document)

    with pytest.raises(ExportError, match="mask 'causal', not 'both'"):
        save_checkpoint(document, mine.state_dict(), "gpt2", tmp_path / "out")


@torch.no_grad()
def test_a_folder_in_several_pieces_is_read_whole(tmp_path: Path) -> None:
    theirs = made("GPT2LMHeadModel", **SIZES[1], **ENDS)
    folder = saved(theirs, tmp_path, max_shard_size="20KB")
    assert len(list(folder.glob("*.safetensors"))) > 1

    _, mine = opened(folder)

    assert far(mine(tokens=ids(41)), theirs(ids(41)).logits) <= TOLERANCE


@torch.no_grad()
def test_a_folder_of_the_model_without_its_head_gets_the_tied_one(tmp_path: Path) -> None:
    theirs = made("GPT2LMHeadModel", **SIZES[0], **ENDS)

    _, mine = opened(saved(theirs.transformer, tmp_path))  # type: ignore[arg-type]

    assert far(mine(tokens=ids(37)), theirs(ids(37)).logits) <= TOLERANCE


@pytest.mark.parametrize("sizes", SIZES[:4], ids=str)
@torch.no_grad()
def test_transformers_reads_what_is_written_as_gpt2(sizes: dict[str, Any], tmp_path: Path) -> None:
    theirs = made("GPT2LMHeadModel", **sizes, **ENDS)
    document, mine = opened(saved(theirs, tmp_path / "in"))

    save_checkpoint(document, mine.state_dict(), "gpt2", tmp_path / "out")

    again = loaded("GPT2LMHeadModel", tmp_path / "out")
    assert torch.equal(again(ids(11)).logits, theirs(ids(11)).logits)
