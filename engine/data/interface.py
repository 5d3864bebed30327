"""What a model takes, read from its `forward`: a task gives each model its inputs by name."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from engine.errors import RunError


@dataclass(frozen=True)
class Interface:
    """The input ports of a model.

    Args:
        names: All of them.
        required: Those that must be given.
    """

    names: frozenset[str]
    required: frozenset[str]

    @classmethod
    def named(cls, *required: str, optional: Iterable[str] = ()) -> Interface:
        """An interface with these ports."""
        return cls(frozenset({*required, *optional}), frozenset(required))

    @classmethod
    def of(cls, model: nn.Module) -> Interface:
        """Read the arguments of the model's `forward`; those with a default are optional."""
        arguments = inspect.signature(model.forward).parameters.values()
        required = (a.name for a in arguments if a.default is inspect.Parameter.empty)
        return cls(frozenset(a.name for a in arguments), frozenset(required))

    @property
    def is_encoder_decoder(self) -> bool:
        """Whether it reads a source and continues a target."""
        return {"source", "target"} <= self.names

    def pick(self, offered: Mapping[str, Tensor], task: str) -> dict[str, Tensor]:
        """Those of the offered tensors that the model takes.

        Raises:
            RunError: If the model needs one that is not offered.
        """
        missing = sorted(self.required - offered.keys())
        if missing:
            raise RunError(
                f"The model wants an input {missing[0]!r}, but task {task!r} gives {', '.join(offered)}. "
                "Rename that input, remove it, or choose another task."
            )
        return {name: tensor for name, tensor in offered.items() if name in self.names}
