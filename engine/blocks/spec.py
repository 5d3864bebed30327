"""How a block is declared: its settings, its ports, its module and where it comes from, in one place.

Shapes are written as `engine.ports` explains, with one key for the whole project.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from torch import nn

from engine.plugins import note_home
from engine.ports import Port
from engine.registry import Registry
from engine.settings import Config, Setting, Value

ModuleType = TypeVar("ModuleType", bound=type[nn.Module])
__all__ = ["CATALOGUE", "FAMILIES", "BlockConfig", "BlockSpec", "Port", "Setting", "Value", "block"]

FAMILIES = ("Embedding", "Attention", "Feed-forward", "Norm and wiring", "Composites", "Heads")


@dataclass(frozen=True, kw_only=True)
class BlockConfig(Config):
    """Settings of a block; every field is `Annotated[type, Setting(…)]`."""


@dataclass(frozen=True, kw_only=True)
class BlockSpec:
    """Everything the builder and the views may know about a block.

    Args:
        kind: Stable identifier, written into saved graphs.
        title: What the palette calls it.
        family: One of `FAMILIES`.
        module: The `nn.Module`, made as `module(config)`.
        config: Its settings.
        inputs: In the order of `forward`.
        outputs: In the order of the result; several come back as a tuple.
        even: Divisions of sizes that must come out without a rest, such as `K//2`.
        formula: What it computes, in plain mathematical text such as `softmax(QKᵀ/√d)V`.
        paper: Where it comes from.
        about: What it does, in one or two sentences: the first paragraph of the docstring.
    """

    kind: str
    title: str
    family: str
    module: type[nn.Module]
    config: type[BlockConfig]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    formula: str
    paper: str
    about: str
    even: tuple[str, ...] = ()

    def make(self, settings: dict[str, Value]) -> nn.Module:
        """Build the module with these settings."""
        return self.module(self.config(**settings))


CATALOGUE: Registry[BlockSpec] = Registry("block")


def block(
    kind: str,
    *,
    title: str,
    family: str,
    config: type[BlockConfig],
    inputs: tuple[Port, ...],
    outputs: tuple[Port, ...],
    even: tuple[str, ...] = (),
    formula: str = "",
    paper: str = "",
) -> Callable[[ModuleType], ModuleType]:
    """Put the decorated module into the catalogue; the arguments are those of `BlockSpec`.

    Raises:
        ValueError: If the kind is taken or the family unknown.
    """
    if family not in FAMILIES:
        raise ValueError(f"Block {kind!r} is in family {family!r}; families are {FAMILIES}.")

    def declare(module: ModuleType) -> ModuleType:
        about = " ".join((module.__doc__ or "").strip().split("\n\n")[0].split())
        spec = BlockSpec(
            kind=kind, title=title, family=family, module=module, config=config, inputs=inputs,
            outputs=outputs, even=even, formula=formula, paper=paper, about=about,
        )  # fmt: skip
        CATALOGUE.add(kind, spec)
        note_home(kind, module.__module__)
        return module

    return declare
