"""The steps that attention and gates are made of."""

from __future__ import annotations

from builder.codegen.emit.layers import activated
from builder.codegen.emit.registry import emits
from builder.codegen.site import Emission, Site
from builder.codegen.tree import Call, Joined, Port, joined, sum_of

A, B, X = Port("a"), Port("b"), Port("x")
DIMENSIONS = {"keys": "-1", "queries": "-2", "heads": "-3"}


@emits("add")
def add(_: Site) -> Emission:
    """A sum."""
    return Emission(sum_of(A, B))


@emits("multiply")
def multiply(_: Site) -> Emission:
    """A product, entry by entry."""
    return Emission(joined(" * ", A, B))


@emits("gate")
def gate(site: Site) -> Emission:
    """A product with an activation on one side."""
    return Emission(joined(" * ", activated(site, "activation", Port("gate")), X))


@emits("matmul")
def matmul(site: Site) -> Emission:
    """A matrix product."""
    turned = Joined((B, Call(".transpose", ("-2", "-1"))), tight=True)
    if site.value("transpose_b") is None:
        return Emission(Call(site.part("product"), (A, B, site.run("transpose_b"))))
    return Emission(joined(" @ ", A, turned if site.value("transpose_b") else B))


@emits("scale")
def scale(site: Site) -> Emission:
    """A product with one number."""
    if site.value("power") == 0:
        return Emission(X if site.value("factor") == 1 else joined(" * ", X, site.run("factor")))
    return Emission(joined(" * ", X, site.keep_own(_factor(site))))


def scaling(site: Site) -> str:
    """What a scale block multiplies by, as an expression in `forward`; empty if that is not known to be positive."""
    factor = site.now("factor")
    if not isinstance(factor, float) or factor <= 0:
        return ""
    return site.run("factor") if site.value("power") == 0 else site.keep_own(_factor(site))


def _factor(site: Site) -> str:
    """`factor * d**power`, written as ruff does."""
    base, power = site.init("d"), site.init("power")
    root = f"{base}**{power}" if _is_plain(base) and _is_plain(power) else f"{_bracketed(base)} ** {_bracketed(power)}"
    return root if site.value("factor") == 1 else f"{_bracketed(site.init('factor'))} * {root}"


def _is_plain(made: str) -> bool:
    return " " not in made and "(" not in made


def _bracketed(made: str) -> str:
    return made if _is_plain(made) else f"({made})"


@emits("softmax")
def softmax(site: Site) -> Emission:
    """Softmax that gives zeros where there is nothing to share out."""
    axis = site.value("axis")
    known = axis is not None
    dim = DIMENSIONS[str(axis)] if known else Call(site.part("dimension"), (site.run("axis"),))
    return Emission(Call(site.part("softmax"), (X, ("dim", dim))))
