"""A family of architectures: how its configuration becomes a document, and how its tensors are called."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from builder.checkpoints.configuration import Configuration
from builder.checkpoints.parts import Part, State
from builder.checkpoints.wiring import Skeleton
from builder.document import Document


class Family(ABC):
    """One object for each family, in `builder.checkpoints.FAMILIES`.

    Attributes:
        name: What `--as` calls it.
        types: Values of `model_type` in `config.json`.
        ignored: Ends of names of tensors that hold no parameter.
    """

    name: ClassVar[str]
    types: ClassVar[tuple[str, ...]]
    ignored: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def document(self, config: Configuration) -> Document:
        """The graph of a configuration.

        Raises:
            FileError: If a key has a value that no block computes.
        """

    @abstractmethod
    def parts(self, config: Configuration) -> list[Part]:
        """What the tensors of a file are in the graph."""

    @abstractmethod
    def config(self, built: Skeleton) -> dict[str, Any]:
        """The configuration of a graph; what it leaves out is found by comparing graphs afterwards.

        Raises:
            ExportError: If it lacks a block that every graph of the family has.
        """

    def normalised(self, tensors: Mapping[str, Tensor], config: Configuration) -> State:  # noqa: ARG002
        """The tensors of a file under the names of `parts`; families with several ways to write them override this."""
        return dict(tensors)

    def settled(self, config: Configuration, tensors: Mapping[str, Tensor]) -> Configuration:  # noqa: ARG002
        """The configuration with what only the weights tell; families where that is something override this.

        Raises:
            FileError: If the weights are of a model that no graph is.
        """
        return config

    def written(self, tensors: State, config: Configuration) -> State:  # noqa: ARG002
        """The tensors of `parts` under the names that a file has; the way back of `normalised`."""
        return tensors
