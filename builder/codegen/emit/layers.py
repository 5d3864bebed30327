"""Projections, norms, dropout, activations and sums."""

from __future__ import annotations

from builder.codegen.emit.registry import emits
from builder.codegen.site import Emission, Site
from builder.codegen.tree import Call, Joined, Port, sum_of

X = Port("x")
ACTIVATIONS = {
    "relu": Call("F.relu", (X,)),
    "gelu": Call("F.gelu", (X,)),
    "gelu_tanh": Call("F.gelu", (X, ("approximate", '"tanh"'))),
    "silu": Call("F.silu", (X,)),
    "tanh": Call("torch.tanh", (X,)),
    "sigmoid": Call("torch.sigmoid", (X,)),
    "none": X,
}


def module(site: Site, *args: object) -> Emission:
    """A module of torch with one input: how it is built, and a plain call."""
    function, *rest = args
    return Emission(Call(site.me, (X,)), Call(str(function), tuple(rest)))


def small(place: str, std: str = "0.02") -> str:
    """The statement that draws small starting values for a weight."""
    return f"nn.init.normal_({place}.weight, std={std})"


def option(site: Site, setting: str, default: object, keyword: str = "") -> tuple[tuple[str, str], ...]:
    """A keyword argument, left out where it is torch's own default."""
    value = site.value(setting)
    return () if value is not None and value == default else ((keyword or setting, site.init(setting)),)


def adapter(site: Site) -> tuple[tuple[str, str], ...]:
    """The keyword arguments of an adapter; none where a block has none."""
    return () if site.value("rank") == 0 else (("rank", site.init("rank")), ("alpha", site.init("alpha")))


def projection(site: Site, *args: object) -> Call:
    """How a linear layer is built that may have an adapter."""
    more = adapter(site)
    return Call(site.part("LoraLinear") if more else "nn.Linear", (*args, *more))


def activated(site: Site, setting: str, value: object) -> object:
    """The expression that applies the activation that a setting names."""
    chosen = site.value(setting)
    if chosen is not None:
        call = ACTIVATIONS[str(chosen)]
        return Call(call.function, (value, *call.args[1:])) if isinstance(call, Call) else value
    return Call(site.part("activate"), (value, site.run(setting)))


@emits("linear")
def linear(site: Site) -> Emission:
    """`nn.Linear`."""
    return module(site, "nn.Linear", site.init("d_in"), site.init("d_out"), *option(site, "bias", True))


@emits("layer_norm")
def layer_norm(site: Site) -> Emission:
    """`nn.LayerNorm`."""
    more = (*option(site, "eps", 1e-5), *option(site, "bias", True))
    return module(site, "nn.LayerNorm", site.init("d_model"), *more)


@emits("rms_norm")
def rms_norm(site: Site) -> Emission:
    """`nn.RMSNorm`."""
    return module(site, "nn.RMSNorm", site.init("d_model"), ("eps", site.init("eps")))


@emits("dropout")
def dropout(site: Site) -> Emission:
    """`nn.Dropout`, or nothing where nothing is dropped."""
    return Emission(X) if site.value("p") == 0 else module(site, "nn.Dropout", site.init("p"))


@emits("activation")
def activation(site: Site) -> Emission:
    """A function of torch."""
    return Emission(activated(site, "function", X))


@emits("relu")
def relu(_: Site) -> Emission:
    """`F.relu`."""
    return Emission(ACTIVATIONS["relu"])


@emits("gelu")
def gelu(site: Site) -> Emission:
    """`F.gelu`, exact or by tanh."""
    exact = site.value("approximate") == "none"
    return Emission(Call("F.gelu", (X, *(() if exact else (("approximate", site.run("approximate")),)))))


@emits("silu")
def silu(_: Site) -> Emission:
    """`F.silu`."""
    return Emission(ACTIVATIONS["silu"])


@emits("residual_add")
def residual_add(site: Site) -> Emission:
    """A plain sum, with dropout where there is any."""
    drop = site.dropout("dropout")
    return Emission(sum_of(X, Call(drop, (Port("update"),)) if drop else Port("update")))


@emits("either")
def either(site: Site) -> Emission:
    """The branch where it is there: often known from the drawing."""
    if "branch" not in site.wired:
        return Emission(X)
    if site.sure("branch"):
        return Emission(Port("branch"))
    return Emission(Joined((X, " if ", Port("branch"), " is None else ", Port("branch"))))
