"""Functions of each entry, and of rows of scores."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor


def activate(x: Tensor, function: str) -> Tensor:
    """Apply the function with this name to each entry."""
    if function == "gelu_tanh":
        return F.gelu(x, approximate="tanh")
    return x if function == "none" else getattr(F, function)(x)


def product(a: Tensor, b: Tensor, transpose_b: bool) -> Tensor:
    """The matrix product of a and b, or of a and b turned."""
    return a @ b.transpose(-2, -1) if transpose_b else a @ b


def softmax(x: Tensor, dim: int) -> Tensor:
    """Shares that sum to one, or to zero where every score is -inf."""
    nothing = x.amax(dim=dim, keepdim=True) == -math.inf
    return x.masked_fill(nothing, 0.0).softmax(dim=dim).masked_fill(nothing, 0.0)
