"""A compiled graph against an independent hand-written model that holds the same weights: forward, backward, step."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from builder import templates
from builder.compile import compile_document
from tests.benchmarks.table import Row, ratio
from tests.builder.reference_models import HandGPT

SIZES = {  # layers: width, heads, examples in a batch, goal of a step, goal of forward and of both ways
    4: (128, 4, 16, 1.05, 1.03),
    1: (32, 2, 16, None, 1.10),
}
VOCABULARY, LENGTH, STEPS = 96, 64, 4


def rows() -> Iterator[Row]:
    """Forward; forward and backward; all of a step: ours ÷ by hand, in turns."""
    for layers, (width, heads, batch, goal, pure) in SIZES.items():
        ours, theirs = pair(layers, width, heads)
        tokens = torch.randint(VOCABULARY, (batch, LENGTH + 1), generator=torch.Generator().manual_seed(0))
        for what, way in (("forward", reader), ("forward and backward", learner)):
            value = ratio(way(ours, tokens[:, :-1], 16 // layers), way(theirs, tokens[:, :-1], 16 // layers), rounds=41)
            yield Row(what=f"{what} ÷ hand-written GPT, {layers} layers d {width}", value=value, unit="×", goal=pure)
        value = ratio(stepper(ours, tokens), stepper(theirs, tokens), rounds=41)
        yield Row(what=f"compiled step ÷ hand-written GPT, {layers} layers d {width}", value=value, unit="×", goal=goal)


def pair(layers: int, width: int, heads: int) -> tuple[nn.Module, nn.Module]:
    """A compiled `gpt2` and the same by hand; their logits are compared first."""
    document = templates.build(
        "gpt2", vocab_size=VOCABULARY, max_len=LENGTH, d_model=width, n_layers=layers, n_heads=heads, dropout=0.0
    )
    ours = compile_document(document)
    theirs = HandGPT(
        vocab_size=VOCABULARY, max_len=LENGTH, d_model=width, n_heads=heads, n_layers=layers, d_ff=4 * width
    ).take(ours.state_dict())
    tokens = torch.arange(LENGTH).unsqueeze(0)
    with torch.no_grad():
        torch.testing.assert_close(ours(tokens), theirs(tokens), rtol=1e-4, atol=1e-4)
    return ours.train(), theirs.train()


def stepper(model: nn.Module, tokens: Tensor) -> Callable[[], None]:
    """A few training steps on ids (B, T + 1)."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    inputs, targets = tokens[:, :-1], tokens[:, 1:]

    def go() -> None:
        for _ in range(STEPS):
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten()).backward()
            optimizer.step()

    return go


def reader(model: nn.Module, tokens: Tensor, times: int) -> Callable[[], None]:
    """Forwards without gradients of ids (B, T)."""

    @torch.no_grad()
    def go() -> None:
        for _ in range(times):
            model(tokens)

    return go


def learner(model: nn.Module, tokens: Tensor, times: int) -> Callable[[], None]:
    """Forwards of ids (B, T), each with its backward."""

    def go() -> None:
        for _ in range(times):
            model.zero_grad(set_to_none=True)
            model(tokens).square().mean().backward()

    return go
