"""Opened checkpoints against the `transformers` models they were saved by: forward, and forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn

from tests.benchmarks.table import Row, ratio
from tests.builder.checkpoints.hugging import made, opened, saved

D, HEADS, LAYERS, F, V, BATCH, LENGTH = 128, 4, 4, 512, 512, 8, 64
NONE = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
FAMILIES: dict[str, dict[str, Any]] = {
    "GPT2LMHeadModel": {
        "n_embd": D, "n_head": HEADS, "n_layer": LAYERS, "n_positions": 128, "vocab_size": V, "resid_pdrop": 0.0,
        "embd_pdrop": 0.0, "attn_pdrop": 0.0, "bos_token_id": 0, "eos_token_id": 0,
    },
    "BertForMaskedLM": {
        "hidden_size": D, "num_attention_heads": HEADS, "num_hidden_layers": LAYERS, "intermediate_size": F,
        "max_position_embeddings": 128, "vocab_size": V, **NONE,
    },
    "LlamaForCausalLM": {
        "hidden_size": D, "num_attention_heads": HEADS, "num_key_value_heads": 2, "num_hidden_layers": LAYERS,
        "intermediate_size": 384, "max_position_embeddings": 128, "vocab_size": V, "tie_word_embeddings": False,
    },
    "T5ForConditionalGeneration": {
        "d_model": D, "num_heads": HEADS, "d_kv": D // HEADS, "num_layers": LAYERS, "d_ff": F, "vocab_size": V,
        "dropout_rate": 0.0,
    },
}  # fmt: skip


def rows() -> Iterator[Row]:
    """Ours ÷ theirs, in turns, with the same weights."""
    for kind in FAMILIES:
        ours, theirs = pair(kind)
        inputs, names = inputs_of(kind)
        with torch.no_grad():
            wanted = theirs(**names).logits
            torch.testing.assert_close(ours(**inputs), wanted, rtol=1e-3, atol=1e-4 * float(wanted.abs().max()))
        for what, way in (("forward", _read), ("forward and backward", _learn)):
            value = ratio(way(ours, inputs), way(theirs, names), rounds=31)
            yield Row(what=f"{what} ÷ transformers' {kind}", value=value, unit="×", goal=1.0)


def pair(kind: str) -> tuple[nn.Module, nn.Module]:
    """Our model and theirs, with the same weights."""
    theirs = made(kind, **FAMILIES[kind])
    with TemporaryDirectory() as folder:
        return opened(saved(theirs, Path(folder)))[1], theirs


def inputs_of(kind: str) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The same ids by our names and by theirs."""
    ids = torch.randint(V, (BATCH, LENGTH), generator=torch.Generator().manual_seed(0))
    if kind.startswith("T5"):
        return {"source": ids, "target": ids}, {"input_ids": ids, "decoder_input_ids": ids}
    return {"tokens": ids}, {"input_ids": ids}


def _logits(output: Any) -> Tensor:
    found: Tensor = output if isinstance(output, Tensor) else output["logits"]
    return found


def _read(model: nn.Module, inputs: dict[str, Tensor]) -> Callable[[], None]:
    @torch.no_grad()
    def go() -> None:
        for _ in range(3):
            model(**inputs)

    return go


def _learn(model: nn.Module, inputs: dict[str, Tensor]) -> Callable[[], None]:
    def go() -> None:
        for _ in range(2):
            model.zero_grad(set_to_none=True)
            _logits(model(**inputs)).square().mean().backward()

    return go
