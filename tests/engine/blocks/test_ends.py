"""Where models begin and end: patches, segments, heads; and adapters."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertLMPredictionHead

from engine.blocks import CATALOGUE
from engine.blocks.adapters import LoraLinear, LoraLinearConfig
from engine.blocks.embedding import SegmentEmbedding, SegmentEmbeddingConfig
from engine.blocks.images import ClassToken, ClassTokenConfig, PatchEmbedding, PatchEmbeddingConfig
from engine.blocks.linear import Linear, LinearConfig
from engine.blocks.task_heads import MLMHead, MLMHeadConfig


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def test_patches_are_read_row_by_row() -> None:
    block = PatchEmbedding(PatchEmbeddingConfig(patch=2, channels=3, d_model=5))
    pixels = noise(2, 3, 4, 6)

    y = block(pixels)

    assert y.shape == (2, 6, 5)
    for row, column in ((r, c) for r in range(2) for c in range(3)):
        patch = pixels[:, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2].flatten(1)
        torch.testing.assert_close(y[:, 3 * row + column], patch @ block.weight.flatten(1).T + block.bias)


def test_an_image_without_a_whole_number_of_patches_is_refused() -> None:
    with pytest.raises(ValueError, match="4 by 5 pixels has no whole number of 2 by 2 patches"):
        PatchEmbedding(PatchEmbeddingConfig(patch=2, d_model=5))(noise(1, 3, 4, 5))


def test_a_class_token_stands_in_front_and_is_learned() -> None:
    block, x = ClassToken(ClassTokenConfig(d_model=4)), noise(2, 3, 4)

    y = block(x)
    y.sum().backward()

    assert torch.equal(y[:, 1:], x)
    assert torch.equal(y[1, 0], block.weight)
    assert torch.equal(block.weight.grad, torch.full((4,), 2.0))


def test_segments_are_added_and_the_first_is_meant_if_none_is_told() -> None:
    block, x = SegmentEmbedding(SegmentEmbeddingConfig(n_segments=3, d_model=4)), noise(2, 3, 4)
    segments = torch.tensor([[0, 1, 2], [2, 2, 0]])

    y = block(x, segments)

    assert torch.equal(y[0, 1], x[0, 1] + block.weight[1])
    assert torch.equal(block(x), block(x, torch.zeros_like(segments)))


@pytest.mark.parametrize(("activation", "theirs"), [("gelu", "gelu"), ("relu", "relu"), ("gelu_tanh", "gelu_new")])
def test_the_head_for_hidden_tokens_is_that_of_bert(activation: str, theirs: str) -> None:
    bert = BertLMPredictionHead(BertConfig(hidden_size=8, vocab_size=11, hidden_act=theirs))
    with torch.no_grad():
        bert.decoder.bias.copy_(noise(11))
    head = MLMHead(MLMHeadConfig(d_model=8, vocab_size=11, activation=activation))
    state = bert.state_dict()
    names = {"dense": "transform.dense", "norm": "transform.LayerNorm", "decoder": "decoder"}
    head.load_state_dict(
        {f"{ours}.{part}": state[f"{name}.{part}"] for ours, name in names.items() for part in ("weight", "bias")}
    )
    x = noise(2, 3, 8)

    torch.testing.assert_close(head(x), bert(x), rtol=0, atol=0 if activation != "gelu_tanh" else 1e-6)


@pytest.mark.parametrize(
    ("kind", "settings", "x", "answers"),
    [
        ("token_classifier_head", {"n_classes": 3}, (2, 5, 8), 3),
        ("span_head", {}, (2, 5, 8), 2),
        ("regression_head", {"n_outputs": 4}, (2, 8), 4),
    ],
)
def test_a_head_is_a_projection_of_what_it_gets(
    kind: str, settings: dict[str, Any], x: tuple[int, ...], answers: int
) -> None:
    head = CATALOGUE[kind].make({"d_model": 8, **settings}).eval()
    assert isinstance(head, nn.Linear)
    with torch.no_grad():
        head.bias.copy_(noise(answers))
    value = noise(*x)

    torch.testing.assert_close(head(value), torch.einsum("...d,cd->...c", value, head.weight) + head.bias)


def test_an_adapted_layer_starts_as_it_was_and_trains_its_update_alone() -> None:
    plain = Linear(LinearConfig(d_in=6, d_out=4))
    adapted = LoraLinear(LoraLinearConfig(d_in=6, d_out=4, rank=2, alpha=8.0))
    assert adapted.load_state_dict(plain.state_dict(), strict=False).missing_keys == ["lora_a", "lora_b"]
    x = noise(3, 6)

    assert torch.equal(adapted(x), plain(x))
    assert [name for name, p in adapted.named_parameters() if p.requires_grad] == ["lora_a", "lora_b"]
    with torch.no_grad():
        adapted.lora_b.copy_(noise(4, 2))
    merged = plain.weight + 4 * adapted.lora_b @ adapted.lora_a
    torch.testing.assert_close(adapted(x), x @ merged.T + plain.bias)
