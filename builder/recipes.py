"""How to make a model's modules: found out once for each different use of a definition, followed in each place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

from builder.drawn import Drawn
from builder.initial import seed_at
from builder.stacks import Stack
from engine.blocks.spec import BlockConfig, BlockSpec
from engine.errors import CompileError
from engine.losses import count_calls


@dataclass(eq=False)
class Leaf:
    """A block. State: whether it has starting values to draw, once that is known.

    Args:
        spec: What it is.
        config: Its settings.
    """

    spec: BlockSpec
    config: BlockConfig
    draws: bool = True

    def make(self, path: str, seed: int) -> nn.Module:
        """The module; torch draws what belongs to `path`.

        Raises:
            CompileError: If torch cannot make it, as where there is too little memory.
        """
        if self.draws:
            torch.default_generator.manual_seed(seed_at(seed, path))
        try:
            module = self.spec.module(self.config)
        except (RuntimeError, MemoryError) as error:
            reason = str(error).splitlines()[0] if str(error) else "there is too little memory"
            raise CompileError(f"{path}: {self.spec.title} cannot be made: {reason}. Give it smaller sizes.") from error
        self.draws = bool(module._parameters or module._buffers or module._modules)
        return module


@dataclass(frozen=True, eq=False)
class Recipe:
    """A use of a definition.

    Args:
        kind: The class that runs it.
        parts: Its submodules, by id.
    """

    kind: type[Drawn]
    parts: Mapping[str, Part] = field(default_factory=dict)

    def make(self, path: str, seed: int) -> nn.Module:
        """The module at `path`, with all that is below."""
        module, before = self.kind(path), f"{path}." if path else ""
        for name, part in self.parts.items():
            module._modules[name] = part.make(before + name, seed)
        return module


@dataclass(frozen=True, eq=False)
class Layers:
    """A repeated composite.

    Args:
        kind: The class that calls them in a row.
        layers: Their recipes, in order.
        shared: Whether all are one module.
    """

    kind: type[Stack]
    layers: tuple[Recipe, ...]
    shared: bool

    def make(self, path: str, seed: int) -> nn.Module:
        """The module at `path`, with its layers as `0`, `1` and so on."""
        stack = self.kind(path)
        for index, layer in enumerate(self.layers):
            again = self.shared and index > 0
            stack._modules[str(index)] = stack._modules["0"] if again else layer.make(f"{path}.{index}", seed)
        if self.shared:
            count_calls(stack, len(self.layers))
        return stack


Part = Leaf | Recipe | Layers
