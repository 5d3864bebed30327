"""Blocks whose parameters have shapes but no numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from engine.blocks.spec import CATALOGUE, BlockConfig

FILLERS = {
    Tensor.normal_, Tensor.uniform_, Tensor.zero_, Tensor.fill_, Tensor.copy_, nn.init.normal_, nn.init.uniform_,
    nn.init.zeros_, nn.init.ones_, nn.init.constant_, nn.init.trunc_normal_, nn.init.xavier_uniform_,
    nn.init.xavier_normal_, nn.init.kaiming_uniform_, nn.init.kaiming_normal_,
}  # fmt: skip
"""Functions that only set numbers."""


class _Unfilled(TorchFunctionMode):
    """Inside, nothing is filled with numbers: on tensors without any, torch would load its compiler for that."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: Any = (), kwargs: Any = None
    ) -> Any:
        if func in FILLERS and isinstance(args[0] if args else (kwargs or {}).get("tensor"), Tensor):
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


def blank(kind: str, config: BlockConfig) -> nn.Module:
    """A block of the catalogue on the meta device, which holds no numbers."""
    with torch.device("meta"), _Unfilled():
        return CATALOGUE[kind].module(config)
