"""Ties of a document: statements that make two parameters one, checked before they are written."""

from __future__ import annotations

from builder.document import Document
from builder.ties import parameter_at
from engine.errors import CompileError


def statements(document: Document) -> list[str]:
    """One assignment for each tie, for the constructor of the whole model.

    Raises:
        CompileError: If a path leads to no parameter, or the two have different shapes.
    """
    found = []
    for mine, other in document.ties:
        pair = [parameter_at(document, path) for path in (mine, other)]
        shapes = [tuple(parameter.shape) for parameter in pair]
        if shapes[0] != shapes[1]:
            raise CompileError(
                f"{mine} has shape {shapes[0]} and cannot be tied to {other} of shape {shapes[1]}. "
                "Give both blocks the same sizes, or remove the tie."
            )
        freeze = "" if pair[0].requires_grad else ".requires_grad_(False)"
        found.append(f"{_attribute(mine)} = {_attribute(other)}{freeze}  # tied")
    return found


def _attribute(path: str) -> str:
    return "self" + "".join(f"[{part}]" if part.isdecimal() else f".{part}" for part in path.split("."))
