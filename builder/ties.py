"""Weight tying: two paths, one parameter. Applied last, when the model is there."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

from engine.errors import CompileError
from engine.registry import did_you_mean


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
