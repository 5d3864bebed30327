"""Rules about what wires carry: shapes, kinds, sizes that must divide."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from builder import dims, fixes, rewiring
from builder.diagnostics import Fix
from builder.dims import in_brackets
from builder.document import Wire
from builder.rules.base import Finding, View, rule
from builder.shapes import Clash, Uneven
from engine.ports import kinds_fit


@rule(
    "S001",
    "Shape does not fit",
    why="A block computes with the sizes it was made for; another size stops the first training step.",
)
def shape_mismatch(view: View) -> Iterator[Finding]:
    """A wire carries another shape than the port at its end wants."""
    for clash in view.found.clashes:
        mends = fixes.for_clash(view, clash)
        yield Finding(
            message=f"{_what(clash)} {_how(mends)}",
            where=view.where(clash.port.node, clash.port.port),
            fixes=tuple(mends),
        )


def _what(clash: Clash) -> str:
    return f"{clash.port} carries {in_brackets(clash.carried)} but wants {in_brackets(clash.wanted)}."


def _how(mends: list[Fix]) -> str:
    """The first fix and a rather different one, such as a block between, as a sentence."""
    first, *others = [fix.label for fix in mends]
    other = next((label for label in others if label.startswith("Put")), others[0] if others else "")
    return f"{first}, or {other[0].lower()}{other[1:]}." if other else f"{first}."


@rule(
    "S002",
    "Kinds do not fit",
    why="A port takes one kind of value: token ids cannot be added, and logits are no mask.",
)
def kind_mismatch(view: View) -> Iterator[Finding]:
    """A wire joins ports of kinds that do not fit."""
    for wire in view.definition.wires:
        given, wanted = view.output(wire.source), view.input(wire.target)
        if given and wanted and not kinds_fit(given.kind, wanted.kind):
            yield _of_kinds(view, wire, given.kind, wanted.kind)


def _of_kinds(view: View, wire: Wire, given: str, wanted: str) -> Finding:
    between = rewiring.bridge(view, wire, given, wanted)
    mends = [*([between] if between else []), rewiring.remove_wire(view, wire)]
    message = f"{wire.source} carries {given} but {wire.target} takes {wanted}. {mends[0].label}."
    return Finding(message=message, where=view.where(wire.target.node, wire.target.port), fixes=tuple(mends))


@rule(
    "S003",
    "Size does not divide evenly",
    why="Heads are equal parts of the model's width: d_model must be a multiple of n_heads.",
    once=True,
)
def uneven(view: View) -> Iterator[Finding]:
    """A block would part a size that its number of parts does not divide."""
    for problem in view.found.uneven:
        name = _divisor_setting(problem)
        mends = _divisors(view, problem, name) if name else _divisors_before(view, problem)
        advice = f"{mends[0].label}." if mends else "Choose sizes that divide."
        into = f"{problem.parts} parts ({name})" if name else f"{problem.parts} parts"
        message = f"{problem.node}: {problem.size} {_counted(problem)} cannot be divided evenly into {into}. {advice}"
        yield Finding(message=message, where=view.where(problem.node), fixes=tuple(mends))


def _divided(problem: Uneven) -> Iterator[ast.BinOp]:
    """The divisions in a declared shape."""
    for dim in dims.pattern(problem.dim).dims:
        for node in ast.walk(dim):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
                yield node


def _divisor_setting(problem: Uneven) -> str:
    """The setting that a declared shape divides by."""
    divisors = [node.right.id for node in _divided(problem) if isinstance(node.right, ast.Name)]
    return next((name for name in divisors if not dims.is_letter(name)), "")


def _counted(problem: Uneven) -> str:
    """What is to be parted: features, heads or pixels."""
    names = {node.left.id for node in _divided(problem) if isinstance(node.left, ast.Name)}
    if names & {"H", "n_heads"}:
        return "heads"
    return "pixels" if names & {"X", "Y"} else "features"


def _divisors_before(view: View, problem: Uneven) -> list[Fix]:
    """Divisors for the block that made so many parts, such as the heads of the keys."""
    before, seen = [problem.node], {problem.node}
    for name in before:
        if name != problem.node and view.around.settings(name).get("n_heads") == problem.parts:
            return _divisors(view, replace(problem, node=name), "n_heads")
        sources = [source.node for target, source in view.around.feeds.items() if target.node == name]
        before += [source for source in dict.fromkeys(sources) if source not in seen]
        seen |= set(sources)
    return []


def _divisors(view: View, problem: Uneven, name: str) -> list[Fix]:
    """Edits that set the divisor to the nearest that leaves no rest."""
    size, parts = problem.size, max(problem.parts, 1)
    limit = min(size, 100_000)
    whole = [n for n in range(1, limit + 1) if size % n == 0]
    nearest = sorted(whole, key=lambda n: (abs(n - parts), -n))[:2]
    found = [fixes.set_at_origin(view, problem.node, name, n) for n in nearest]
    return [fix for fix in found if fix]


@rule(
    "S004",
    "Shape cannot be read",
    why="A port's shape says what may be wired to it; one that cannot be read checks nothing.",
)
def unreadable_shape(view: View) -> Iterator[Finding]:
    """An input or output declares a shape that cannot be read."""
    for port, reason in view.found.unreadable:
        yield Finding(message=f"{port.node}: {reason}", where=view.where(port.node))
