"""Rotary position embedding: queries and keys turned by an angle that grows with their position."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

import torch
from torch import Tensor, nn

from engine.blocks.memory import Memory
from engine.blocks.spec import BlockConfig, Port, Setting, block
from engine.settings import Conflict


@dataclass(frozen=True, kw_only=True)
class RopeConfig(BlockConfig):
    """Settings of `Rope`."""

    theta: Annotated[float, Setting("How slowly the slowest pair turns; larger reaches further.", low=1)] = 10_000.0
    scaling: Annotated[
        str,
        Setting(
            "How a trained model is stretched to longer texts: every angle (linear), the slow ones by a larger "
            "theta (ntk), or by bands of wavelengths (llama3).",
            choices=("none", "linear", "ntk", "llama3"),
        ),
    ] = "none"
    factor: Annotated[float, Setting("How many times longer the texts become.", low=1)] = 1.0
    low_freq_factor: Annotated[
        float, Setting("llama3: waves longer than old_len divided by this are stretched in full.", low=1e-6)
    ] = 1.0
    high_freq_factor: Annotated[
        float, Setting("llama3: waves shorter than old_len divided by this stay as they are.", low=1e-6)
    ] = 4.0
    old_len: Annotated[
        int, Setting("llama3: length of the texts that the model was trained on first.", low=1, unit="positions")
    ] = 8192

    def conflicts(self) -> Iterator[Conflict]:
        """The bands of llama3 overlap."""
        low, high = self.low_freq_factor, self.high_freq_factor
        if self.scaling == "llama3" and high <= low:
            reason = f"high_freq_factor is {high:g}, but must be larger than low_freq_factor, which is {low:g}."
            yield Conflict(name="high_freq_factor", reason=reason, better=4 * low)


@block(
    "rope",
    title="Rotary positions (RoPE)",
    family="Attention",
    config=RopeConfig,
    inputs=(Port(name="x", kind="heads", shape="B H T K", about="Queries or keys, by head."),),
    outputs=(Port(name="y", kind="heads", shape="B H T K", about="The same, each turned by its position."),),
    even=("K//2",),
    formula="x cos(tω) + rotate_half(x) sin(tω),  ω_i = θ^(−2i/K)",
    paper="Su et al., “RoFormer: Enhanced Transformer with Rotary Position Embedding”, arXiv:2104.09864, eq. 34",
)
class Rope(nn.Module):
    """Turns queries and keys by angles that grow with the position, so that scores depend on distances only.

    Feature i is paired with feature i + K/2, as Llama does. Put one on the queries and one on the keys.

    Source: Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", arXiv:2104.09864, eq. 34.
    Scaling: linear, Chen et al., arXiv:2306.15595; ntk, arXiv:2309.00071, section 3.1; llama3, Grattafiori et al.,
    "The Llama 3 Herd of Models", arXiv:2407.21783.
    """

    def __init__(self, config: RopeConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, x: Tensor) -> Tensor:
        """Turn queries or keys.

        Args:
            x: Queries or keys by head, (B, H, T, K) with an even K.

        Returns:
            The same, turned, (B, H, T, K).
        """
        cos, sin = self.waves(x)
        return turned(x, cos, sin)

    def cached(self, memory: Memory, x: Tensor) -> Tensor:
        """Turn what comes after `memory.past` other positions, (B, H, T, K)."""
        return turned(x, *self.waves(x, memory.past))

    def waves(self, x: Tensor, first: int = 0) -> tuple[Tensor, Tensor]:
        """What `turned` needs for the positions of `x`.

        Args:
            x: Queries or keys, (B, H, T, K).
            first: The position of the first of them.

        Returns:
            Cosines and signed sines, (T, K) each, in the type of `x`.
        """
        T, K = x.shape[-2:]
        if type(x) is not Tensor or torch.compiler.is_compiling():
            cos, sin = table(self.config, first + T, K, x.device)
            return cos[first:].to(x.dtype), sin[first:].to(x.dtype)  # (T, K)
        return _rows(self.config, first, T, K, x.device, x.dtype)

    def extra_repr(self) -> str:
        """How fast it turns."""
        return f"theta={self.config.theta:g}, scaling={self.config.scaling}"


def turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair (i, i + K/2) of (B, H, T, K) by the angles in tables (T, K)."""
    return x * cos + x.roll(x.shape[-1] // 2, -1) * sin  # (B, H, T, K)


def speeds(config: RopeConfig, K: int, device: torch.device | None = None) -> Tensor:
    """Angle per position of each pair, (K/2,) float32."""
    theta = config.theta
    if config.scaling == "ntk" and K > 2:
        theta *= config.factor ** (K / (K - 2))
    speed = 1.0 / theta ** (torch.arange(0, K, 2, dtype=torch.float32, device=device) / K)  # (K / 2,)
    if config.scaling == "linear":
        return speed / config.factor
    return _by_bands(config, speed) if config.scaling == "llama3" else speed


def _by_bands(config: RopeConfig, speed: Tensor) -> Tensor:
    """Long waves stretched, short ones kept, those between in part, (K/2,)."""
    low, high, wave = config.low_freq_factor, config.high_freq_factor, 2 * math.pi / speed
    slow = torch.where(wave > config.old_len / low, speed / config.factor, speed)
    share = (config.old_len / wave - low) / (high - low)
    mixed = (1 - share) * slow / config.factor + share * slow
    between = ~(wave < config.old_len / high) * ~(wave > config.old_len / low)
    return torch.where(between, mixed, slow)


def table(config: RopeConfig, length: int, K: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines, and sines that are negative in the first half, of `length` positions, (length, K) float32 each."""
    positions = torch.arange(length, device=device).float()
    angle = positions[:, None] * speeds(config, K, device)  # (length, K / 2)
    sin = angle.sin()
    return torch.cat((angle.cos(), angle.cos()), dim=-1), torch.cat((-sin, sin), dim=-1)  # (length, K)


@lru_cache(maxsize=16)
def _kept(config: RopeConfig, length: int, K: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The table, shared by all layers that turn alike."""
    with torch.inference_mode(False), torch.no_grad():
        return table(config, length, K, device)


@lru_cache(maxsize=16)
def _rows(
    config: RopeConfig, first: int, count: int, K: int, device: torch.device, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Some rows of the table, (count, K) each."""
    cos, sin = _kept(config, max(64, 1 << (first + count - 1).bit_length()), K, device)
    with torch.inference_mode(False), torch.no_grad():
        return cos[first : first + count].to(dtype), sin[first : first + count].to(dtype)
