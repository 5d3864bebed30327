"""Who may look at whom: patterns of masks, and the block that hides scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from engine.blocks.spec import BlockConfig, Port, Setting, block

PATTERNS = ("none", "causal", "padding", "both", "anticausal", "sliding_window", "prefix")
LATER = ("causal", "both", "sliding_window", "prefix")
WINDOW = "Beltagy, Peters & Cohan, “Longformer”, arXiv:2004.05150, §3.1"


def pattern(T: int, S: int, *, direction: str, window: int, prefix: int, device: torch.device) -> Tensor:
    """Where a query may look at a key by position alone.

    The last query stands at the last key, so that a query t of T stands at position t + S − T.

    Args:
        T: How many queries.
        S: How many keys.
        direction: `causal` hides later keys, `anticausal` earlier ones, anything else none.
        window: Keys as far away as this or farther are hidden; 0 hides none.
        prefix: The first keys that all queries see, whatever else is hidden.
        device: Where to make it.

    Returns:
        True where it may, bool, (T, S).
    """
    everything = torch.ones(T, S, dtype=torch.bool, device=device)
    allowed = everything.tril(S - T) if direction == "causal" else everything
    if direction == "anticausal":
        allowed = everything.triu(S - T)
    if window:
        allowed = allowed & everything.tril(S - T + window - 1).triu(S - T - window + 1)
    if prefix:
        allowed = allowed | (torch.arange(S, device=device) < prefix)
    return allowed


@dataclass(frozen=True, kw_only=True)
class MaskConfig(BlockConfig):
    """Settings of `Mask`."""

    pattern: Annotated[
        str,
        Setting(
            "What is hidden by position: later keys (causal), earlier ones (anticausal), later and far ones "
            "(sliding_window), or later ones that are not in the prefix. Padding is hidden wherever it is wired: "
            "padding and both, which attention's mask may say, are none and causal.",
            choices=PATTERNS,
        ),
    ] = "causal"
    window: Annotated[int, Setting("How many keys a sliding window shows.", low=1, unit="positions")] = 128
    prefix: Annotated[int, Setting("How many first keys every query sees.", low=0, unit="positions")] = 0

    @property
    def place(self) -> tuple[str, int, int]:
        """Direction, window and prefix as `pattern` takes them."""
        direction = "causal" if self.pattern in LATER else "anticausal" if self.pattern == "anticausal" else "none"
        window = self.window if self.pattern == "sliding_window" else 0
        return direction, window, self.prefix if self.pattern == "prefix" else 0


@block(
    "mask",
    title="Mask",
    family="Attention",
    config=MaskConfig,
    inputs=(
        Port(name="scores", kind="scores", shape="B H T S", about="How well each key fits each query."),
        Port(name="padding", kind="mask", shape="B S", optional=True, about="True where a key is a real token."),
        Port(name="allowed", kind="mask", shape="T S", optional=True, about="True where a query may look at a key."),
    ),
    outputs=(Port(name="y", kind="scores", shape="B H T S", about="The scores, −∞ where a key is hidden."),),
    formula="x + M,  M = 0 where allowed, −∞ elsewhere",
    paper="Vaswani et al., “Attention Is All You Need”, arXiv:1706.03762, §3.2.3; " + WINDOW,
)
class Mask(nn.Module):
    """Hides keys from queries: their scores become −∞, so that softmax gives them nothing.

    A pattern hides by position, `padding` what is no real token, and `allowed` whatever else. Causal: Vaswani et al.,
    arXiv:1706.03762, section 3.2.3; sliding window: Beltagy et al., arXiv:2004.05150, and Jiang et al.,
    "Mistral 7B", arXiv:2310.06825; prefix: Raffel et al., arXiv:1910.10683, section 3.2.1.
    """

    def __init__(self, config: MaskConfig) -> None:
        super().__init__()
        self.config = config
        self.direction, self.window, self.prefix = config.place

    def forward(self, scores: Tensor, padding: Tensor | None = None, allowed: Tensor | None = None) -> Tensor:
        """Hide.

        Args:
            scores: How well each key fits each query, (B, H, T, S).
            padding: True where a key is a real token, bool, (B, S).
            allowed: True where a query may look at a key, bool, (T, S).

        Returns:
            The scores, −∞ where a key is hidden, (B, H, T, S).
        """
        if self.direction != "none":
            scores = scores.masked_fill(~self.by_position(scores), -math.inf)
        if padding is not None:
            scores = scores.masked_fill(~padding[:, None, None, :], -math.inf)
        return scores if allowed is None else scores.masked_fill(~allowed, -math.inf)

    def by_position(self, scores: Tensor) -> Tensor:
        """True where the pattern lets a query look at a key, (T, S)."""
        T, S = scores.shape[-2:]
        return pattern(
            T, S, direction=self.direction, window=self.window, prefix=self.prefix, device=scores.device
        )  # fmt: skip

    def extra_repr(self) -> str:
        """What it hides."""
        return self.config.pattern
