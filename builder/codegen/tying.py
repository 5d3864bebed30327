"""Ties of a document: statements that make two parameters one, checked before they are written."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from builder import paths
from builder.catalogue import signature
from builder.document import Document
from builder.values import resolve_settings, scope
from engine.blocks.spec import CATALOGUE
from engine.errors import CompileError, DocumentError
from engine.registry import did_you_mean
from engine.settings import Value


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


def parameter_at(document: Document, path: str) -> nn.Parameter:
    """A parameter without numbers, of the right shape.

    Raises:
        CompileError: If the path leads to no parameter.
    """
    try:
        steps = paths.steps(document, path)
    except DocumentError as error:
        raise CompileError(f"A tie names {path!r}, which is no parameter. {error}") from None
    parts, values = path.split("."), scope(document.main)
    for step in steps:
        definition = document.definition(step.definition)
        node = definition.node(step.node)
        layer = 0 if node.shared or not step.layered else int(parts[step.place + 1])
        node = replace(node, settings={**node.settings, **node.overrides.get(layer, {})})
        outside = signature(document, node.kind)
        assert outside is not None
        values = resolve_settings(node, outside, values, path)
    last = steps[-1].place + 1
    return _made(document, step.definition, step.node, values, parts[last:], path)


def _made(
    document: Document, definition: str, node: str, values: dict[str, Value], leaf: list[str], path: str
) -> nn.Parameter:
    with torch.device("meta"):
        block = CATALOGUE[document.definition(definition).node(node).kind].make(values)
    try:
        return block.get_parameter(".".join(leaf))
    except AttributeError:
        known = [path.removesuffix(".".join(leaf)) + name for name, _ in block.named_parameters()]
        raise CompileError(f"A tie names {path!r}, which is no parameter. {did_you_mean(path, known)}") from None


def _attribute(path: str) -> str:
    return "self" + "".join(f"[{part}]" if part.isdecimal() else f".{part}" for part in path.split("."))
