"""T5 of `transformers` and ours: the same numbers from the same folder, in both versions, both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from builder.checkpoints import save_checkpoint
from tests.builder.checkpoints.hugging import TOLERANCE, far, ids, loaded, made, opened, padding, saved

KIND = "T5ForConditionalGeneration"
BASE: dict[str, Any] = {
    "d_model": 18, "d_kv": 5, "num_heads": 3, "d_ff": 23, "num_layers": 2, "vocab_size": 43,
    "decoder_start_token_id": 0,
}  # fmt: skip
SIZES: list[dict[str, Any]] = [
    {},
    {"num_heads": 1, "d_kv": 7, "num_layers": 1, "num_decoder_layers": 3, "layer_norm_epsilon": 1e-2},
    {"relative_attention_num_buckets": 8, "relative_attention_max_distance": 11},
    {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
    {"feed_forward_proj": "gated-silu", "num_heads": 5, "d_model": 11},
    {"feed_forward_proj": "gelu"},
]


def arguments() -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The same source, target and padding as we call them and as `transformers` does."""
    source, target = ids(43, length=14), ids(43, length=9, seed=2)
    ours = {"source": source, "target": target, "source_padding": padding(length=14, gone=5), "padding": padding()}
    names = ("input_ids", "decoder_input_ids", "attention_mask", "decoder_attention_mask")
    return ours, {name: tensor.long() for name, tensor in zip(names, ours.values(), strict=True)}


def of(sizes: dict[str, Any]) -> nn.Module:
    """A model; where its weights are not to be tied, the head gets its own, as in v1.1."""
    model = made(KIND, **{**BASE, **sizes})
    if sizes.get("tie_word_embeddings") is False:
        model.lm_head.weight = nn.Parameter(torch.randn_like(model.lm_head.weight))  # type: ignore[union-attr, arg-type]
    return model


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@torch.no_grad()
def test_a_t5_folder_answers_as_it_does_in_transformers(sizes: dict[str, Any], tmp_path: Path) -> None:
    theirs = of(sizes)
    _, mine = opened(saved(theirs, tmp_path))
    ours, given = arguments()
    real = padding()

    assert far(mine(**ours)[real], theirs(**given).logits[real]) <= TOLERANCE
    bare = mine(source=ours["source"], target=ours["target"])
    wanted = theirs(input_ids=given["input_ids"], decoder_input_ids=given["decoder_input_ids"]).logits
    assert far(bare, wanted) <= TOLERANCE


def test_weights_are_tied_exactly_where_the_folder_has_them_so(tmp_path: Path) -> None:
    tied, _ = opened(saved(of(SIZES[0]), tmp_path / "tied"))
    loose, _ = opened(saved(of(SIZES[3]), tmp_path / "loose"))

    assert ("lm_head.weight", "source_emb.weight") in tied.ties
    assert ("lm_head.weight", "source_emb.weight") not in loose.ties


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@torch.no_grad()
def test_transformers_reads_what_is_written_as_t5(sizes: dict[str, Any], tmp_path: Path) -> None:
    theirs = of(sizes)
    document, mine = opened(saved(theirs, tmp_path / "in"))

    save_checkpoint(document, mine.state_dict(), "t5", tmp_path / "out")

    _, given = arguments()
    again = loaded(KIND, tmp_path / "out")
    assert torch.equal(again(**given).logits, theirs(**given).logits)
