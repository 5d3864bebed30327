"""Experts, and which token goes to which."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from builder.codegen.parts.functions import activate


class Router(nn.Module):
    """Chooses a few experts for each token and says how much each of them counts.

    In training, add `auxiliary_loss()` of every router to the loss: it is least where
    all experts are equally busy.

    Source: Shazeer et al., "Outrageously Large Neural Networks", arXiv:1701.06538; the
    loss: Fedus et al., "Switch Transformers", arXiv:2101.03961, eq. 4-6.

    Args:
        d_model: Width of the vectors.
        n_experts: How many experts there are.
        top_k: How many of them each token passes through.
        balance: Weight of the loss.
    """

    def __init__(
        self,
        d_model: int,
        n_experts: int,
        top_k: int,
        balance: float = 0.01,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_experts, d_model).normal_(std=0.02))
        self.top_k, self.balance = top_k, balance
        self.calls = 1  # in one forward of the model
        self.losses: list[Tensor] = []  # of these calls

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """From x (B, T, D) to the share of each expert (B, T, E), most of them 0."""
        p = self.scores(x).float().softmax(dim=-1)  # (B, T, E)
        top, chosen = p.topk(self.top_k, dim=-1)  # (B, T, top_k)
        if self.training and not torch.compiler.is_compiling():
            loss = self.imbalance(p, chosen, padding)
            self.losses = [*self.losses, loss][-self.calls :]
        shares = top / top.sum(dim=-1, keepdim=True)
        return torch.zeros_like(p).scatter(-1, chosen, shares).to(x.dtype)

    def scores(self, x: Tensor) -> Tensor:
        """From x (B, T, D) to how well each expert suits a token (B, T, E)."""
        return F.linear(x, self.weight)

    def imbalance(self, p: Tensor, chosen: Tensor, padding: Tensor | None) -> Tensor:
        """The loss of one call; padding (B, T) says which tokens are real and count."""
        real = torch.ones_like(p[..., :1])  # (B, T, 1)
        if padding is not None:
            real = real * padding.unsqueeze(-1)
        count = real.sum().clamp(min=1)
        taken = torch.zeros_like(p).scatter(-1, chosen, 1.0)  # (B, T, E)
        share = (taken * real).sum(dim=(0, 1)) / count  # (E,)
        likely = (p * real).sum(dim=(0, 1)) / count  # (E,)
        return self.balance * p.shape[-1] * (share * likely).sum()

    def auxiliary_loss(self) -> Tensor | None:
        """The loss of the last forward in training; None if there was none."""
        return torch.stack(self.losses).sum() if self.losses else None

    def __getstate__(self) -> dict[str, object]:
        """Everything but the last losses, which belong to no copy."""
        return {**self.__dict__, "losses": []}


class AdaptedRouter(Router):
    """The same, with an adapter of low rank beside its matrix, which stays as it is.

    Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models",
    arXiv:2106.09685, eq. 3.

    Args:
        d_model: Width of the vectors.
        n_experts: How many experts there are.
        top_k: How many of them each token passes through.
        balance: Weight of the loss.
        rank: Rank of the adapter; 0 is none.
        alpha: Its strength, which is scaled by alpha / rank.
    """

    def __init__(
        self,
        d_model: int,
        n_experts: int,
        top_k: int,
        balance: float = 0.01,
        *,
        rank: int,
        alpha: float,
    ) -> None:
        super().__init__(d_model, n_experts, top_k, balance)
        self.lora_a = self.lora_b = None
        if rank:
            self.weight.requires_grad_(False)
            self.strength = alpha / rank
            self.lora_a = nn.Parameter(torch.empty(rank, d_model))
            self.lora_b = nn.Parameter(torch.zeros(n_experts, rank))
            nn.init.kaiming_uniform_(self.lora_a, a=math.sqrt(5))

    def scores(self, x: Tensor) -> Tensor:
        """From x (B, T, D) to how well each expert suits a token (B, T, E)."""
        y = super().scores(x)
        if self.lora_a is None or self.lora_b is None:
            return y
        return y + F.linear(F.linear(x, self.lora_a), self.lora_b) * self.strength


def count_calls(layers: nn.ModuleList) -> None:
    """Tell routers in layers that share weights how often one forward calls them."""
    for module in layers.modules():
        if isinstance(module, Router):
            module.calls *= len(layers)


class Experts(nn.Module):
    """Sends each token through the feed-forward layers that a router chose.

    Source: Jiang et al., "Mixtral of Experts", arXiv:2401.04088, section 2.1.

    Args:
        d_model: Width of the vectors.
        d_ff: Width of the layer inside each expert.
        n_experts: How many experts there are.
        activation: The function inside each expert.
        gated: Multiply by a gate, as SwiGLU does.
    """

    def __init__(
        self,
        d_model: int,
        d_ff: int,
        n_experts: int,
        activation: str = "silu",
        gated: bool = True,
    ) -> None:
        super().__init__()
        self.activation = activation
        bound = math.sqrt(6 / (d_model + d_ff))  # Xavier

        def weights(d_out: int, d_in: int) -> nn.Parameter:
            drawn = torch.empty(n_experts, d_out, d_in).uniform_(-bound, bound)
            return nn.Parameter(drawn)

        self.up_proj = weights(d_ff, d_model)  # (E, F, D)
        self.down_proj = weights(d_model, d_ff)  # (E, D, F)
        self.gate_proj = weights(d_ff, d_model) if gated else None  # (E, F, D)

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """From x (B, T, D) and the share of each expert (B, T, E) to (B, T, D)."""
        flat, shares = x.flatten(0, -2), weights.flatten(0, -2)  # (N, D), (N, E)
        y = torch.zeros_like(flat)
        for e in range(shares.shape[-1]):
            rows = shares[:, e].nonzero().squeeze(-1)  # (n,)
            y = y.index_add(0, rows, self.expert(e, flat[rows]) * shares[rows, e, None])
        return y.view_as(x)

    def expert(self, e: int, x: Tensor) -> Tensor:
        """What one expert makes of vectors (n, D)."""
        hidden = F.linear(x, self.up_proj[e])  # (n, F)
        if self.gate_proj is None:
            hidden = activate(hidden, self.activation)
        else:
            gate = F.linear(x, self.gate_proj[e])  # (n, F)
            hidden = activate(gate, self.activation) * hidden
        return F.linear(hidden, self.down_proj[e])
