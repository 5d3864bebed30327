"""Looking inside compiled templates: paths of the drawing, values of the real pass."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

import builder
from engine.inspection import record

SMALL = {"d_model": 16, "n_heads": 2, "d_ff": 32, "n_layers": 2, "vocab_size": 11, "max_len": 12, "dropout": 0.0}


def model_of(template: str) -> nn.Module:
    return builder.compile_document(builder.templates.build(template, **SMALL), seed=1).eval()


def ids(length: int) -> Tensor:
    return torch.randint(11, (3, length), generator=torch.Generator().manual_seed(length))


def test_every_layer_of_gpt_hands_over_the_softmax_of_its_own_queries_and_keys() -> None:
    model, tokens = model_of("gpt2"), ids(6)
    heads = [f"blocks.{layer}.attn.{side}_heads.y" for layer in (0, 1) for side in "qk"]
    weights = [f"blocks.{layer}.attn.core.weights" for layer in (0, 1)]

    with record(model, [*heads, *weights]) as tape:
        model(tokens=tokens)

    for layer in (0, 1):
        q, k = (tape[f"blocks.{layer}.attn.{side}_heads.y"] for side in "qk")
        scores = torch.einsum("bhtk,bhsk->bhts", q, k) / math.sqrt(8)
        future = torch.ones(6, 6, dtype=torch.bool).triu(1)
        wanted = scores.masked_fill(future, -math.inf).softmax(-1)
        assert torch.allclose(tape[f"blocks.{layer}.attn.core.weights"], wanted, atol=1e-6)


@pytest.mark.parametrize("template", ["gpt2", "classifier"])
def test_recording_a_template_changes_nothing(template: str) -> None:
    model, tokens = model_of(template), ids(6)

    with record(model) as tape:
        recorded = model(tokens=tokens)

    assert len(tape) == 2
    assert torch.equal(recorded, model(tokens=tokens))


def test_padding_takes_no_weight() -> None:
    model, tokens = model_of("classifier"), ids(6)
    padding = torch.arange(6) < torch.tensor([[6], [4], [1]])

    with record(model) as tape:
        model(tokens=tokens, padding=padding)

    for weights in tape.values():
        assert torch.allclose(weights.sum(-1), torch.ones(3, 2, 6))
        assert not weights[1, :, :, 4:].any()


def test_attention_to_a_memory_has_a_row_for_each_target_and_a_column_for_each_source() -> None:
    model = model_of("transformer")

    with record(model) as tape:
        model(source=ids(7), target=ids(4))

    assert {tuple(weights.shape) for weights in tape.values()} == {(3, 2, 7, 7), (3, 2, 4, 4), (3, 2, 4, 7)}
    assert len(tape) == 6


def test_the_output_of_a_composite_and_of_the_whole_model_can_be_recorded() -> None:
    model, tokens = model_of("gpt2"), ids(6)

    with record(model, ["blocks.0.y", "blocks.1.y", "blocks.y", "logits"]) as tape:
        logits = model(tokens=tokens)

    assert list(tape) == ["blocks.0.y", "blocks.1.y", "blocks.y", "logits"]
    assert torch.equal(tape["blocks.1.y"], tape["blocks.y"])
    assert torch.equal(tape["logits"], logits)
