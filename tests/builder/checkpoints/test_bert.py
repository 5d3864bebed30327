"""BERT of `transformers` and ours: the same numbers from the same folder, with every head, both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from builder.checkpoints import save_checkpoint
from tests.builder.checkpoints.hugging import TOLERANCE, far, ids, loaded, made, opened, padding, saved

SIZES: list[dict[str, Any]] = [
    {"hidden_size": 21, "num_attention_heads": 3, "num_hidden_layers": 2, "intermediate_size": 17, "vocab_size": 37,
     "max_position_embeddings": 19},
    {"hidden_size": 10, "num_attention_heads": 5, "num_hidden_layers": 3, "intermediate_size": 40, "vocab_size": 53,
     "max_position_embeddings": 9, "type_vocab_size": 3, "layer_norm_eps": 1e-3, "hidden_act": "relu"},
    {"hidden_size": 8, "num_attention_heads": 1, "num_hidden_layers": 1, "intermediate_size": 9, "vocab_size": 31,
     "max_position_embeddings": 12, "hidden_act": "gelu_new"},
]  # fmt: skip
KINDS = {"BertModel": "last_hidden_state", "BertForMaskedLM": "logits", "BertForSequenceClassification": "logits"}


def arguments() -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The same tokens, segments and padding as we call them and as `transformers` does."""
    tokens, real = ids(31), padding()
    segments = (torch.arange(9) > 4).long().expand(2, 9)
    ours = {"tokens": tokens, "segments": segments, "padding": real}
    return ours, {"input_ids": tokens, "token_type_ids": segments, "attention_mask": real.long()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@torch.no_grad()
def test_a_bert_folder_answers_as_it_does_in_transformers(kind: str, sizes: dict[str, Any], tmp_path: Path) -> None:
    theirs = made(kind, **sizes, num_labels=3)
    _, mine = opened(saved(theirs, tmp_path))
    ours, given = arguments()

    answer = mine(**ours)

    wanted = theirs(**given)
    answer = answer["hidden"] if isinstance(answer, dict) else answer
    assert far(answer, wanted[KINDS[kind]]) <= TOLERANCE


@torch.no_grad()
def test_the_pooled_vector_is_that_of_transformers(tmp_path: Path) -> None:
    theirs = made("BertModel", **SIZES[0])
    _, mine = opened(saved(theirs, tmp_path))
    ours, given = arguments()

    assert far(mine(**ours)["pooled"], theirs(**given).pooler_output) <= TOLERANCE


@torch.no_grad()
def test_tokens_alone_are_enough(tmp_path: Path) -> None:
    theirs = made("BertForMaskedLM", **SIZES[1])
    _, mine = opened(saved(theirs, tmp_path))

    assert far(mine(tokens=ids(53)), theirs(ids(53)).logits) <= TOLERANCE


@torch.no_grad()
def test_a_head_that_is_not_tied_keeps_its_own_weights(tmp_path: Path) -> None:
    theirs = made("BertForMaskedLM", **SIZES[0], tie_word_embeddings=False)
    document, mine = opened(saved(theirs, tmp_path))

    assert document.ties == ()
    assert far(mine(tokens=ids(37)), theirs(ids(37)).logits) <= TOLERANCE


@torch.no_grad()
def test_an_old_folder_with_gamma_beta_and_a_head_for_pairs_is_read(tmp_path: Path) -> None:
    theirs = made("BertForMaskedLM", **SIZES[0])
    file = saved(theirs, tmp_path) / "model.safetensors"
    tensors = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for name, tensor in load_file(file).items()
    }
    extra = {"bert.pooler.dense.weight": torch.ones(21, 21), "cls.seq_relationship.bias": torch.ones(2)}
    save_file({**tensors, **extra}, file, metadata={"format": "pt"})

    _, mine = opened(tmp_path)

    assert far(mine(tokens=ids(37)), theirs(ids(37)).logits) <= TOLERANCE


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", SIZES[:2], ids=str)
@torch.no_grad()
def test_transformers_reads_what_is_written_as_bert(kind: str, sizes: dict[str, Any], tmp_path: Path) -> None:
    theirs = made(kind, **sizes, num_labels=3)
    document, mine = opened(saved(theirs, tmp_path / "in"))

    save_checkpoint(document, mine.state_dict(), "bert", tmp_path / "out")

    _, given = arguments()
    again = loaded(kind, tmp_path / "out")
    assert torch.equal(again(**given)[KINDS[kind]], theirs(**given)[KINDS[kind]])
