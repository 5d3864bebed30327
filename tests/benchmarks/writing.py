"""Writing with a cache of keys and values against `transformers.generate`, and against writing without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from engine.data import Interface
from engine.generation import generate
from tests.benchmarks.libraries import FAMILIES, V, pair
from tests.benchmarks.table import Row, ratio
from tests.builder.checkpoints.hugging import quiet

NEW = 48


def rows() -> Iterator[Row]:
    """Time of the same text, ours ÷ theirs; 0.67 is half as many tokens again in a second."""
    for kind in FAMILIES:
        if not kind.startswith("Bert"):
            ours, theirs = pair(kind)
            ids = torch.randint(1, V, (4, 16), generator=torch.Generator().manual_seed(0))
            mine, wanted = _ours(ours, ids), _theirs(theirs, ids)
            assert torch.equal(mine(), wanted()), kind
            value = ratio(mine, wanted, rounds=9)
            yield Row(what=f"{NEW} tokens ÷ transformers' {kind}.generate", value=value, unit="×", goal=1 / 1.5)
            if kind.startswith("GPT2"):
                value = ratio(mine, _ours(ours, ids, cached=False), rounds=9)
                yield Row(what=f"{NEW} tokens with a cache ÷ without", value=value, unit="×")


def _ours(model: nn.Module, ids: Tensor, **how: Any) -> Callable[[], Tensor]:
    start = {"start": 0} if Interface.of(model).is_encoder_decoder else {}
    return lambda: generate(model, ids, max_new_tokens=NEW, **start, **how)


def _theirs(model: Any, ids: Tensor) -> Callable[[], Tensor]:
    settings = model.generation_config
    settings.eos_token_id, settings.pad_token_id, settings.decoder_start_token_id = None, None, 0

    @torch.no_grad()
    def go() -> Tensor:
        with quiet():
            text: Tensor = model.generate(
                ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW, min_new_tokens=NEW, do_sample=False
            )
        return text

    return go
