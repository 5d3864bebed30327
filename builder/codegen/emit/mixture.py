"""Mixture of experts, and adapters."""

from __future__ import annotations

from builder.codegen.emit.layers import adapter, option, projection
from builder.codegen.emit.registry import emits
from builder.codegen.site import Emission, Site
from builder.codegen.tree import Call, Port

X = Port("x")


@emits("router")
def router(site: Site) -> Emission:
    """A choice of experts for each token."""
    sizes = (site.init("d_model"), site.init("n_experts"), site.init("top_k"))
    low = adapter(site)
    part = site.part("AdaptedRouter" if low else "Router")
    make = Call(part, (*sizes, *option(site, "balance", 0.01), *low))
    padding = (Port("padding"),) if "padding" in site.wired else ()
    return Emission(Call(site.me, (X, *padding)), make)


@emits("experts")
def experts(site: Site) -> Emission:
    """Feed-forward layers, of which each token passes through a few."""
    sizes = (site.init("d_model"), site.init("d_ff"), site.init("n_experts"))
    more = (*option(site, "activation", "silu"), *option(site, "gated", True))
    return Emission(Call(site.me, (X, Port("weights"))), Call(site.part("Experts"), (*sizes, *more)))


@emits("lora_linear")
def lora_linear(site: Site) -> Emission:
    """A frozen projection with a trained update of low rank."""
    make = projection(site, site.init("d_in"), site.init("d_out"), *option(site, "bias", True))
    return Emission(Call(site.me, (X,)), make)
