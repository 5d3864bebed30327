"""Tokens and positions."""

from __future__ import annotations

from builder.codegen.emit.layers import small
from builder.codegen.emit.registry import emits
from builder.codegen.site import Emission, Site
from builder.codegen.tree import Call, Port, joined, sum_of

X = Port("x")


@emits("token_embedding")
def token_embedding(site: Site) -> Emission:
    """`nn.Embedding`, times the root of its width where that is asked for."""
    make = Call("nn.Embedding", (site.init("vocab_size"), site.init("d_model")))
    found = Call(site.me, (Port("tokens"),))
    if site.value("scale") is False:
        return Emission(found, make)
    root = Call("math.sqrt", (site.run("d_model"),))
    if site.value("scale") is True:
        return Emission(joined(" * ", found, root), make, (small(site.me, f"{bracketed(site.init('d_model'))}**-0.5"),))
    factor = site.keep(f"{site.name}_scale", f"math.sqrt({site.init('d_model')}) if {site.init('scale')} else 1.0")
    return Emission(joined(" * ", found, factor), make)


def bracketed(made: str) -> str:
    """An expression that can stand under a power."""
    return f"({made})" if " " in made else made


@emits("learned_positions")
def learned_positions(site: Site) -> Emission:
    """`nn.Embedding` of the positions."""
    make = Call("nn.Embedding", (site.init("max_len"), site.init("d_model")))
    return Emission(sum_of(X, Call(site.me, (Call(site.part("positions"), (X,)),))), make)


@emits("sinusoidal_positions")
def sinusoidal_positions(site: Site) -> Emission:
    """A table of waves, computed once."""
    make = Call(site.part("SinusoidalPositions"), (site.init("max_len"), site.init("d_model")))
    return Emission(Call(site.me, (X,)), make)


@emits("segment_embedding")
def segment_embedding(site: Site) -> Emission:
    """`nn.Embedding` of the segments; the first one where none is told."""
    make = Call("nn.Embedding", (site.init("n_segments"), site.init("d_model")))
    found, first = Call(site.me, (Port("segments"),)), f"{site.me}.weight[0]"
    if "segments" not in site.wired:
        return Emission(sum_of(X, first), make)
    if site.sure("segments"):
        return Emission(sum_of(X, found), make)
    given = Call(site.part("known_segments"), (Port("segments"), X))
    return Emission(sum_of(X, Call(site.me, (given,))), make)
