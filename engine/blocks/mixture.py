"""Mixture of experts: many feed-forward layers, of which each token passes through a few."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.blocks.activation import FUNCTIONS
from engine.blocks.adapters import ALPHA, RANK, Adaptable
from engine.blocks.spec import BlockConfig, Port, Setting, block
from engine.settings import Conflict

N_EXPERTS = Setting("How many experts there are.", low=1, unit="experts")
D_MODEL = Setting("Width of the residual stream.", low=1, unit="features")
WEIGHTS = "Share of each expert in each token, 0 for most."
REAL = "True where a token is real; others do not count in the loss and in the use."


@dataclass(frozen=True, kw_only=True)
class RouterConfig(BlockConfig):
    """Settings of `Router`."""

    d_model: Annotated[int, D_MODEL] = 512
    n_experts: Annotated[int, N_EXPERTS] = 8
    top_k: Annotated[int, Setting("How many experts each token passes through.", low=1, unit="experts")] = 2
    balance: Annotated[float, Setting("Weight of the loss that makes experts equally busy.", low=0)] = 0.01
    rank: Annotated[int, RANK] = 0
    alpha: Annotated[float, ALPHA] = 16.0

    def conflicts(self) -> Iterator[Conflict]:
        """More experts are asked for than there are."""
        if self.top_k > self.n_experts:
            reason = f"top_k is {self.top_k}, but there are {self.n_experts} experts to choose from."
            yield Conflict(name="top_k", reason=reason, better=self.n_experts)


@dataclass(frozen=True, eq=False)
class Choice:
    """What a router chose in one call.

    Args:
        p: Probability of every expert, (B, T, E).
        chosen: The likeliest of them, (B, T, top_k).
        padding: True where a token is real, (B, T); all are if not given.
    """

    p: Tensor
    chosen: Tensor
    padding: Tensor | None = None

    def use(self) -> Tensor:
        """Share of the real tokens that each expert gets, (E,)."""
        taken = torch.zeros_like(self.p).scatter(-1, self.chosen, 1.0)  # (B, T, E)
        return self._mean(taken)

    def balance(self) -> Tensor:
        """How unequally busy experts are, (): as many as each token gets if they are equal, more if not."""
        return self.p.shape[-1] * (self.use() * self._mean(self.p)).sum()

    def _mean(self, x: Tensor) -> Tensor:
        """Mean of x (B, T, E) over the real tokens, (E,); 0 where none is."""
        if self.padding is None:
            return x.flatten(0, -2).mean(0)  # (E,)
        real = self.padding.unsqueeze(-1)  # (B, T, 1)
        return x.masked_fill(~real, 0.0).flatten(0, -2).sum(0) / real.sum().clamp(min=1)  # (E,)


@block(
    "router",
    title="Router",
    family="Feed-forward",
    config=RouterConfig,
    inputs=(
        Port(name="x", shape="B T d_model", about="Vectors to be sent to experts."),
        Port(name="padding", kind="mask", shape="B T", optional=True, about=REAL),
    ),
    outputs=(
        Port(name="weights", kind="any", shape="B T n_experts", about=WEIGHTS),
        Port(name="use", kind="any", shape="n_experts", watch=True, about="Share of the tokens that each expert gets."),
    ),
    formula="p = softmax(x Wᵀ);  p_i / Σ p over the top k, 0 elsewhere",
    paper="Shazeer et al., “Outrageously Large Neural Networks”, arXiv:1701.06538; Fedus et al., arXiv:2101.03961",
)
class Router(Adaptable):
    """Chooses a few experts for each token and says how much each of them counts.

    A loss keeps experts equally busy: the number of experts times the sum, over experts, of the share of tokens sent
    to it times its mean probability; it is least where all are equal. Padding counts in neither. A router that one
    forward of the model calls several times, as in layers that share weights, wants the sum of what each call wants.

    Source: Shazeer et al., "Outrageously Large Neural Networks: The Sparsely-Gated Mixture-of-Experts Layer",
    arXiv:1701.06538; loss: Fedus, Zoph & Shazeer, "Switch Transformers", arXiv:2101.03961, eq. 4-6, as in Mixtral.
    """

    def __init__(self, config: RouterConfig) -> None:
        self.config = config
        super().__init__(config.d_model, config.n_experts, bias=False, rank=config.rank, alpha=config.alpha)
        self.calls = 1  # in one forward of the model, see `engine.losses.count_calls`
        self._last: list[Choice] = []

    def reset_parameters(self) -> None:
        """Draw the starting values: nearly equal experts."""
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """Choose experts.

        Args:
            x: Vectors, (B, T, D).
            padding: True where a token is real, bool, (B, T); all are if not given. The choice is the same without.

        Returns:
            Share of each expert, (B, T, E); all but `top_k` are 0 and they sum to 1.
        """
        choice = self.choose(x, padding)
        if self.training and not torch.compiler.is_compiling():
            self._last = [*self._last, choice][-self.calls :]
        top = choice.p.gather(-1, choice.chosen)  # (B, T, top_k)
        shares = top / top.sum(-1, keepdim=True)  # (B, T, top_k)
        return torch.zeros_like(choice.p).scatter(-1, choice.chosen, shares).to(x.dtype)  # (B, T, E)

    def choose(self, x: Tensor, padding: Tensor | None = None) -> Choice:
        """What experts are chosen for x (B, T, D), of which padding (B, T) says what is real."""
        p = super().forward(x).float().softmax(dim=-1)  # (B, T, E)
        return Choice(p, p.topk(self.config.top_k, dim=-1).indices, padding)

    def watch(self, port: str, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """Compute a watch port from the arguments of `forward`.

        Args:
            port: `use`, the only one.
            x: Vectors, (B, T, D).
            padding: True where a token is real, bool, (B, T).

        Returns:
            Share of the real tokens that each expert gets, (E,); they sum to `top_k`.
        """
        assert port == "use", port
        return self.choose(x, padding).use()

    def auxiliary_loss(self) -> Tensor | None:
        """The loss of balance of the last forward in training, of all its calls, (); `None` if there was none."""
        return (
            self.config.balance * torch.stack([choice.balance() for choice in self._last]).sum() if self._last else None
        )

    def expert_use(self) -> Tensor | None:
        """Share of the real tokens that each expert got in the last forward in training, (E,); `None` without one."""
        return torch.stack([choice.use() for choice in self._last]).mean(0) if self._last else None

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the last forward, which belongs to no copy."""
        return {**self.__dict__, "_last": []}


@dataclass(frozen=True, kw_only=True)
class ExpertsConfig(BlockConfig):
    """Settings of `Experts`."""

    d_model: Annotated[int, D_MODEL] = 512
    d_ff: Annotated[int, Setting("Width of the layer inside each expert.", low=1, unit="features")] = 1024
    n_experts: Annotated[int, N_EXPERTS] = 8
    activation: Annotated[str, Setting("The function inside each expert.", choices=tuple(FUNCTIONS))] = "silu"
    gated: Annotated[bool, Setting("Multiply by a gate, as SwiGLU does.")] = True


@block(
    "experts",
    title="Experts",
    family="Feed-forward",
    config=ExpertsConfig,
    inputs=(
        Port(name="x", shape="B T d_model", about="The residual stream."),
        Port(name="weights", kind="any", shape="B T n_experts", about=WEIGHTS),
    ),
    outputs=(Port(name="y", shape="B T d_model", about="What the experts make of it."),),
    formula="Σ_e w_e · down_e(act(gate_e x) ⊙ up_e x)",
    paper="Jiang et al., “Mixtral of Experts”, arXiv:2401.04088, §2.1",
)
class Experts(nn.Module):
    """Sends each token through the feed-forward layers that a router chose and adds up what they give.

    Only chosen experts are computed: each takes its tokens out of the batch and adds what it makes of them.

    Source: Jiang et al., "Mixtral of Experts", arXiv:2401.04088, section 2.1.
    """

    def __init__(self, config: ExpertsConfig) -> None:
        super().__init__()
        self.config = config
        self.function = FUNCTIONS[config.activation]
        inward = config.n_experts, config.d_ff, config.d_model  # (E, F, D)
        self.up_proj = nn.Parameter(torch.empty(inward))
        self.down_proj = nn.Parameter(torch.empty(config.n_experts, config.d_model, config.d_ff))  # (E, D, F)
        self.gate_proj = nn.Parameter(torch.empty(inward)) if config.gated else None
        bound = math.sqrt(6 / (config.d_model + config.d_ff))  # Xavier, as a Linear block
        for weight in self.parameters():
            nn.init.uniform_(weight, -bound, bound)

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """Compute the chosen experts.

        Args:
            x: Residual stream, (B, T, D).
            weights: Share of each expert, (B, T, E).

        Returns:
            Update to add to the residual stream, (B, T, D).
        """
        if x.is_meta:  # which tokens are chosen is not known there
            return self.all_of_them(x, weights)
        flat, shares = x.flatten(0, -2), weights.flatten(0, -2)  # (N, D), (N, E)
        y = torch.zeros_like(flat)
        for e in range(self.config.n_experts):
            rows = shares[:, e].nonzero().squeeze(-1)  # (n,)
            own = self.expert(e, flat[rows]) * shares[rows, e, None]  # (n, D)
            y = y.index_add(0, rows, own)
        return y.view_as(x)

    def expert(self, e: int, x: Tensor) -> Tensor:
        """What one expert makes of vectors (n, D)."""
        up = F.linear(x, self.up_proj[e])  # (n, F)
        if self.gate_proj is None:
            return F.linear(self.function(up), self.down_proj[e])  # (n, D)
        return F.linear(self.function(F.linear(x, self.gate_proj[e])) * up, self.down_proj[e])  # (n, D)

    def all_of_them(self, x: Tensor, weights: Tensor) -> Tensor:
        """The same as `forward`, with every expert computed for every token."""
        up = torch.einsum("btd,efd->btef", x, self.up_proj)  # (B, T, E, F)
        if self.gate_proj is None:
            hidden = self.function(up)
        else:
            hidden = self.function(torch.einsum("btd,efd->btef", x, self.gate_proj)) * up  # (B, T, E, F)
        return torch.einsum("btef,edf,bte->btd", hidden, self.down_proj, weights)  # (B, T, D)

    def extra_repr(self) -> str:
        """Its sizes."""
        return f"n_experts={self.config.n_experts}, d_ff={self.config.d_ff}"
