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
        choice = Joined(("(", turned, f" if {site.run('transpose_b')} else ", B, ")"), tight=True)
        return Emission(joined(" @ ", A, choice))
    return Emission(joined(" @ ", A, turned if site.value("transpose_b") else B))


@emits("scale")
def scale(site: Site) -> Emission:
    """A product with one number."""
    factor, _d, power = (site.value(name) for name in ("factor", "d", "power"))
    if power == 0:
        return Emission(X if factor == 1 else joined(" * ", X, site.run("factor")))
    root = f"{site.run('d')}**{site.run('power')}"
    return Emission(joined(" * ", X, root if factor == 1 else f"({site.run('factor')} * {root})"))


@emits("softmax")
def softmax(site: Site) -> Emission:
    """Softmax that gives zeros where there is nothing to share out."""
    axis = site.value("axis")
    known = axis is not None
    dim = DIMENSIONS[str(axis)] if known else Call(site.part("dimension"), (site.run("axis"),))
    return Emission(Call(site.part("softmax"), (X, ("dim", dim))))
