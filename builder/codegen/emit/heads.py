"""From hidden vectors to the model's answer."""

from __future__ import annotations

from builder.codegen.emit.layers import adapter, option, projection, small
from builder.codegen.emit.registry import emits
from builder.codegen.site import Emission, Site
from builder.codegen.tree import Call, Joined, Port

X = Port("x")


@emits("lm_head")
def lm_head(site: Site) -> Emission:
    """`nn.Linear`."""
    make = projection(site, site.init("d_model"), site.init("vocab_size"), *option(site, "bias", True))
    return Emission(Call(site.me, (X,)), make, (small(site.me),))


@emits("classifier_head")
def classifier_head(site: Site) -> Emission:
    """`nn.Linear` after dropout."""
    drop = site.dropout("dropout")
    make = projection(site, site.init("d_model"), site.init("n_classes"))
    return Emission(Call(site.me, (Call(drop, (X,)) if drop else X,)), make, (small(site.me),))


@emits("pool")
def pool(site: Site) -> Emission:
    """The mean, the first or the last position."""
    how, padding = site.value("how"), "padding" in site.wired
    if how is None:
        part, values = "pool", (X, site.run("how"), *((Port("padding"),) if padding else ()))
        return Emission(Call(site.part(part), values))
    if padding:
        part = {"mean": "mean_of_real", "first": "first_real", "last": "last_real"}[str(how)]
        return Emission(Call(site.part(part), (X, Port("padding"))))
    if how == "mean":
        return Emission(Joined((X, Call(".mean", (("dim", "1"),))), tight=True))
    return Emission(Joined((X, "[:, 0]" if how == "first" else "[:, -1]"), tight=True))


@emits("token_classifier_head")
def token_classifier_head(site: Site) -> Emission:
    """`nn.Linear` after dropout."""
    return classifier_head(site)


@emits("regression_head")
def regression_head(site: Site) -> Emission:
    """`nn.Linear` after dropout."""
    drop = site.dropout("dropout")
    make = projection(site, site.init("d_model"), site.init("n_outputs"))
    return Emission(Call(site.me, (Call(drop, (X,)) if drop else X,)), make, (small(site.me),))


@emits("span_head")
def span_head(site: Site) -> Emission:
    """`nn.Linear`."""
    return Emission(Call(site.me, (X,)), projection(site, site.init("d_model"), "2"), (small(site.me),))


@emits("mlm_head")
def mlm_head(site: Site) -> Emission:
    """A layer, a norm and the scores."""
    more = (*option(site, "activation", "gelu"), *option(site, "eps", 1e-12))
    sizes = (site.init("d_model"), site.init("vocab_size"))
    low = adapter(site)
    part = "AdaptedMaskedLanguageModelHead" if low else "MaskedLanguageModelHead"
    make = Call(site.part(part), (*sizes, *more, *low))
    starts = (small(f"{site.me}.dense"), small(f"{site.me}.decoder"))
    return Emission(Call(site.me, (X,)), make, starts)
