"""Attention drawn from primitives against the attention core, and what recording costs while nobody records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import nn

import engine
from builder import templates
from builder.compile import compile_document
from builder.composites import LIBRARY
from builder.document import Document
from tests.benchmarks.model import learner, reader
from tests.benchmarks.table import Row, ratio

SIZES = {"vocab_size": 96, "max_len": 128, "d_model": 128, "n_layers": 2, "n_heads": 4, "dropout": 0.0}
WAYS = (("forward", reader), ("forward and backward", learner))


def rows() -> Iterator[Row]:
    """Ratios, in turns."""
    tokens = torch.randint(96, (8, 128), generator=torch.Generator().manual_seed(0))
    core, drawn = compile_document(templates.build("gpt2", **SIZES)), compile_document(exploded())
    drawn.load_state_dict(core.state_dict())
    torch.testing.assert_close(drawn(tokens), core(tokens), rtol=1e-4, atol=1e-5)
    for what, way in WAYS:
        value = ratio(way(drawn, tokens, 4), way(core, tokens, 4), rounds=31)
        yield Row(what=f"attention from primitives ÷ attention core, {what}", value=value, unit="×", goal=1.05)
    once, never = recorded(core), compile_document(templates.build("gpt2", **SIZES))
    for what, way in WAYS:
        value = ratio(way(once, tokens, 4), way(never, tokens, 4), rounds=61)
        yield Row(what=f"recording off ÷ never recorded, {what}", value=value, unit="×", goal=1.01)


def exploded() -> Document:
    """GPT-2 with attention from primitives in every layer; its keys are the same."""
    document, name = templates.build("gpt2", **SIZES), "attention_from_primitives"
    block = document.definitions["gpt_block"]
    settings = {"d_model": "d_model", "n_heads": "n_heads", "pattern": "causal"}
    changed = replace(block.nodes["attn"], kind=name, settings=settings)
    return document.with_definition(LIBRARY[name]).with_definition(block.with_nodes({"attn": changed}))


def recorded(model: nn.Module) -> nn.Module:
    """The model after somebody has recorded all its weights of attention and gone."""
    with engine.inspection.record(model), torch.no_grad():
        model(torch.zeros(1, 5, dtype=torch.int64))
    return model
