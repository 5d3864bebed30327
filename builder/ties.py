"""Weight tying: two paths, one parameter. Applied last, when the model is there."""

from __future__ import annotations

from collections.abc import Iterable
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


def apply_ties(model: nn.Module, ties: Iterable[tuple[str, str]]) -> None:
    """Make the first parameter of each pair the same object as the second; it is frozen if one of them is.

    Args:
        model: Changed in place.
        ties: Pairs of paths such as `("lm_head.weight", "tok_emb.weight")`.

    Raises:
        CompileError: If a path leads to no parameter, or the two have different shapes.
    """
    for pair in ties:
        mine, other = (_parameter(model, path) for path in pair)
        if mine.shape != other.shape:
            raise CompileError(
                f"{pair[0]} has shape {tuple(mine.shape)} and cannot be tied to {pair[1]} of shape "
                f"{tuple(other.shape)}. Give both blocks the same sizes, or remove the tie."
            )
        owner, _, leaf = pair[0].rpartition(".")
        setattr(model.get_submodule(owner), leaf, other)
        other.requires_grad_(mine.requires_grad and other.requires_grad)


def _parameter(model: nn.Module, path: str) -> nn.Parameter:
    try:
        return model.get_parameter(path)
    except AttributeError:
        known = [name for name, _ in model.named_parameters(remove_duplicate=False)]
        raise CompileError(f"A tie names {path!r}, which is no parameter. {did_you_mean(path, known)}") from None


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
