"""What is wrong with a document: where, why, and edits that mend it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from builder.document import PortRef, Wire

if TYPE_CHECKING:
    from builder.edits import Edit

Severity = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True)
class Where:
    """A place in a document: a definition, and in it a node, one of its ports or settings, or a wire."""

    definition: str
    node: str = ""
    port: str = ""
    wire: Wire | None = None

    def __str__(self) -> str:
        place = str(self.wire) if self.wire else ".".join(part for part in (self.node, self.port) if part)
        return f"{self.definition}/{place}" if place else self.definition


@dataclass(frozen=True, kw_only=True)
class Fix:
    """An edit that mends a problem, and what its button says."""

    label: str
    edit: Edit


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """One problem.

    Args:
        code: Stable: S… shapes, R… rules, C… contracts.
        message: What, with the values, and how to fix it.
        where: The place that is marked.
        severity: Errors keep a model from being built; warnings do not.
        fixes: Edits the user may apply.
    """

    code: str
    message: str
    where: Where
    severity: Severity = "error"
    fixes: tuple[Fix, ...] = ()

    @property
    def path(self) -> str:
        """The place as text."""
        return str(self.where)


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that a check of a document found.

    Args:
        diagnostics: Problems, errors first.
        shapes: Text of the shape at every port that has one, `B T 128`, by definition.
        kinds: What each port carries, by definition; `any` is settled where something comes in.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    shapes: Mapping[str, Mapping[PortRef, str]] = field(default_factory=dict)
    kinds: Mapping[str, Mapping[PortRef, str]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether a model can be built."""
        return not any(d.severity == "error" for d in self.diagnostics)
