"""Scaled dot-product attention."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.blocks.masks import pattern
from engine.blocks.memory import Memory, NoCacheError
from engine.blocks.spec import BlockConfig, Port, Setting, block
from engine.blocks.splitting import MergeHeads, MergeHeadsConfig, RepeatHeads, SplitHeads, SplitHeadsConfig, repeated

__all__ = [
    "AttentionCore", "AttentionCoreConfig", "MergeHeads", "MergeHeadsConfig", "RepeatHeads", "SplitHeads",
    "SplitHeadsConfig",
]  # fmt: skip
MASKS = ("none", "causal", "padding", "both", "anticausal")
# With sinks the number of heads is a setting.
HEADS = "sinks=True: B n_heads {0} ; B H {0}"
BIAS = "sinks=True: N n_heads T S ; N H T S"
PAPER = "Vaswani et al., “Attention Is All You Need”, arXiv:1706.03762, §3.2"


@dataclass(frozen=True, kw_only=True)
class AttentionCoreConfig(BlockConfig):
    """Settings of `AttentionCore`."""

    mask: Annotated[
        str,
        Setting("What a position may not look at: later ones (causal), padding, both, or earlier ones.", choices=MASKS),
    ] = "none"
    dropout: Annotated[float, Setting("Share of weights set to zero in training.", low=0, high=1)] = 0.0
    window: Annotated[
        int, Setting("Positions as far away as this or farther are hidden; 0 hides none.", low=0, unit="positions")
    ] = 0
    prefix: Annotated[
        int, Setting("The first positions, which all may look at whatever else is hidden.", low=0, unit="positions")
    ] = 0
    scale: Annotated[float, Setting("What scores are multiplied by; 0 is 1/√K. T5 has 1.", low=0)] = 0.0
    sinks: Annotated[bool, Setting("Learn a score for each head that takes attention away from all keys.")] = False
    n_heads: Annotated[int, Setting("How many heads the queries have; needed for sinks only.", low=1, unit="heads")] = 8


@block(
    "attention_core",
    title="Attention core",
    family="Attention",
    config=AttentionCoreConfig,
    inputs=(
        Port(name="q", kind="query", shape=HEADS.format("T K"), about="What each position looks for."),
        Port(name="k", kind="key", shape="B G S K", about="What each position can be found by."),
        Port(name="v", kind="value", shape="B G S K", about="What each position has to say."),
        Port(name="padding", kind="mask", shape="B S", optional=True, about="True where a token is real."),
        Port(name="bias", kind="scores", shape=BIAS, optional=True, about="Added to the scores."),
    ),
    outputs=(
        Port(name="y", kind="heads", shape=HEADS.format("T K"), about="The mean of values, by weight."),
        Port(name="weights", kind="weights", shape=HEADS.format("T S"), watch=True, about="Who looks at whom."),
    ),
    even=("sinks=True: n_heads//G ; H//G",),
    formula="softmax(QKᵀ/√d + bias + M) V",
    paper=PAPER + ", eq. 1",
)
class AttentionCore(nn.Module):
    """Every position takes the mean of the values it may look at, weighted by how well keys fit its query.

    A `causal` mask hides later positions; where there are more keys than queries, the last query sees all keys.
    A `padding` mask hides keys that are no real token and does nothing while `padding` is not given. A query
    that may look at nothing gets zeros. Keys and values may have fewer heads than queries, each shared by a group
    of them (Ainslie et al., arXiv:2305.13245). A `bias` may say how far apart positions are (ALiBi, T5). Sinks are
    scores of nothing, one for each head (Xiao et al., arXiv:2309.17453, as in gpt-oss): with them the weights of a
    query sum to less than one.

    Source: Vaswani et al., "Attention Is All You Need", arXiv:1706.03762, eq. 1.
    """

    def __init__(self, config: AttentionCoreConfig) -> None:
        super().__init__()
        self.config = config
        self.causal = config.mask in ("causal", "both")
        self.padded = config.mask in ("padding", "both")
        self.dropout = config.dropout
        self.scale = config.scale or None
        self.patterned = bool(config.window) or config.mask == "anticausal"
        self.plain = not (self.patterned or config.sinks or (config.prefix and self.causal))
        if config.sinks:
            self.sinks = nn.Parameter(torch.zeros(config.n_heads))

    def forward(
        self, q: Tensor, k: Tensor, v: Tensor, padding: Tensor | None = None, bias: Tensor | None = None
    ) -> Tensor:
        """Attend, by PyTorch's fused kernel.

        Args:
            q: Queries, (B, H, T, K).
            k: Keys, (B, G, S, K), where H is a multiple of G.
            v: Values, (B, G, S, K).
            padding: True where a key is a real token, bool, (B, S).
            bias: Added to the scores, (B or 1, H, T, S).

        Returns:
            Weighted means of the values, (B, H, T, K).
        """
        p = self.dropout if self.training else 0.0
        padding = padding if self.padded else None
        queries, keys = q.shape, k.shape
        if self.plain and padding is None and bias is None and (not self.causal or queries[2] == keys[2]):
            return F.scaled_dot_product_attention(
                q, k, v, None, p, self.causal, scale=self.scale, enable_gqa=queries[1] != keys[1]
            )  # (B, H, T, K)
        mask = self._allowed(q, k, padding)  # (B or 1, 1, T or 1, S)
        if self.config.sinks:
            return self._attend(*self._with_sinks(q, k, v, mask, bias), p)
        if mask is None or (padding is None and queries[2] == keys[2]):  # every query sees something
            return self._attend(q, k, v, _added(mask, bias), p)
        some = mask.any(dim=-1, keepdim=True)  # (B or 1, 1, T or 1, 1)
        return self._attend(q, k, v, _added(mask | ~some, bias), p).masked_fill(~some, 0.0)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, p: float) -> Tensor:
        """The fused kernel, with a mask that hides or is added to the scores, (B, H, T, K)."""
        grouped = k.shape[1] != q.shape[1]
        return F.scaled_dot_product_attention(q, k, v, mask, p, scale=self.scale, enable_gqa=grouped)

    def _with_sinks(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, bias: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """One more key that fits by `sinks` alone and whose value is nothing, with the bias that says so."""
        B, G, S, K = k.shape
        nothing = k.new_zeros(B, G, 1, K)
        bias = q.new_zeros(1, 1, q.shape[2], S) if bias is None else bias
        bias = bias if mask is None else torch.where(mask, bias, -math.inf)  # (B or 1, 1 or H, T, S)
        bias = bias.expand(-1, q.shape[1], -1, -1)
        sinks = self.sinks[None, :, None, None].expand(bias.shape[0], -1, bias.shape[2], -1)  # (B or 1, H, T, 1)
        both = torch.cat((bias, sinks), dim=-1)  # (B or 1, H, T, S + 1)
        return q, torch.cat((k, nothing), dim=2), torch.cat((v, nothing), dim=2), both

    def _allowed(self, q: Tensor, k: Tensor, padding: Tensor | None) -> Tensor | None:
        """True where a query may look at a key, (B or 1, 1, T or 1, S); `None` if it may everywhere."""
        real = None if padding is None else padding[:, None, None, :]  # (B, 1, 1, S)
        if not (self.causal or self.patterned):
            return real
        place = pattern(
            q.shape[2], k.shape[2], direction="causal" if self.causal else self.config.mask,
            window=self.config.window, prefix=self.config.prefix, device=q.device,
        )[None, None]  # fmt: skip
        return place if real is None else place & real

    def cached(
        self, memory: Memory, q: Tensor, k: Tensor, v: Tensor, padding: Tensor | None = None, bias: Tensor | None = None
    ) -> Tensor:
        """Attend from new queries to all keys so far; the arguments are those of `forward`.

        Raises:
            NoCacheError: If an earlier query would see a new key, or a position counts from the end.
        """
        grows = (*memory.grows, False, False)
        ends_fixed = not (self.causal or self.patterned)
        if not grows[1]:
            if not ends_fixed or grows[2] or grows[3]:
                raise NoCacheError("Which keys a new query sees depends on how many queries there are.")
            return self.forward(q, k, v, padding, bias)
        k, v = memory.extend("k", k), memory.extend("v", v)  # (B, G, S, K)
        if not (self.causal and grows[2]) or grows[3] or k.shape[2] < self.config.prefix:
            raise NoCacheError("Attention without a causal mask reads later positions.")
        if q.shape[2] > 1 or padding is not None or self.config.sinks or self.config.prefix:
            return self.forward(q, k, v, padding, bias)
        seen = self.config.window or k.shape[2]
        k, v, bias = k[:, :, -seen:], v[:, :, -seen:], None if bias is None else bias[..., -seen:]
        grouped = k.shape[1] != q.shape[1]
        return F.scaled_dot_product_attention(q, k, v, bias, scale=self.scale, enable_gqa=grouped)

    def watch(
        self,
        port: str,
        q: Tensor,
        k: Tensor,
        v: Tensor,  # noqa: ARG002
        padding: Tensor | None = None,
        bias: Tensor | None = None,
    ) -> Tensor:
        """Compute a watch port explicitly from the arguments of `forward`.

        Args:
            port: `weights`, the only one.
            q: Queries, (B, H, T, K).
            k: Keys, (B, G, S, K).
            v: Values, (B, G, S, K); not needed.
            padding: True where a key is a real token, bool, (B, S).
            bias: Added to the scores, (B or 1, H, T, S).

        Returns:
            Share of each key for each query, before dropout, (B, H, T, S). Rows sum to 1, to less with sinks, or
            to 0 where a query may look at nothing.
        """
        assert port == "weights", port
        scores = q @ repeated(k, q.shape[1]).transpose(-2, -1) * (self.scale or 1 / math.sqrt(q.shape[-1]))
        scores = scores if bias is None else scores + bias  # (B, H, T, S)
        mask = self._allowed(q, k, padding if self.padded else None)
        if mask is not None:
            scores = scores.masked_fill(~mask, -math.inf)
        if self.config.sinks:
            sinks = self.sinks[:, None, None].expand(*scores.shape[:-1], 1)  # (B, H, T, 1)
            return torch.cat((scores, sinks), dim=-1).softmax(dim=-1)[..., :-1]
        weights = scores.softmax(dim=-1)  # (B, H, T, S)
        return weights if mask is None else weights.masked_fill(~mask, 0.0)

    def extra_repr(self) -> str:
        """The mask and the dropout."""
        return f"mask={self.config.mask}, dropout={self.dropout}"


def _added(mask: Tensor | None, bias: Tensor | None) -> Tensor | None:
    """A mask and a bias as one, (B or 1, 1 or H, T, S)."""
    if mask is None or bias is None:
        return bias if mask is None else mask
    return torch.where(mask, bias, -math.inf)
