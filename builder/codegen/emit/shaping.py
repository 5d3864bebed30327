"""Putting tensors together, cutting pieces out of them, turning them around; images."""

from __future__ import annotations

from builder.codegen.emit.registry import emits
from builder.codegen.site import Emission, Site
from builder.codegen.tree import Call, Joined, Port

X = Port("x")
AXES = {"features": -1, "positions": -2, "heads": -3}


def dimension(site: Site, setting: str = "axis") -> object:
    """An axis as torch counts it."""
    value = site.value(setting)
    if value is not None:
        return str(AXES[str(value)])
    return Call(site.part("dimension"), (site.run(setting),))


@emits("concat")
def concat(site: Site) -> Emission:
    """`torch.cat`."""
    both = Joined(("(", Port("a"), ", ", Port("b"), ")"), tight=True)
    return Emission(Call("torch.cat", (both, ("dim", dimension(site)))))


@emits("slice")
def slice_(site: Site) -> Emission:
    """A slice in brackets."""
    axis, start, stop = (site.value(name) for name in ("axis", "start", "stop"))
    if axis is None or start is None or stop is None:
        given = (X, dimension(site), site.run("start"), site.run("stop"))
        return Emission(Call(site.part("cut"), given))
    if not (start or stop):
        return Emission(X)
    rest = ", :" * (-1 - AXES[str(axis)])
    return Emission(Joined((X, f"[..., {start or ''}:{stop or ''}{rest}]"), tight=True))


@emits("transpose")
def transpose(site: Site) -> Emission:
    """Two dimensions change places."""
    if site.value("a_axis") is None or site.value("b_axis") is None:
        return Emission(Call(site.part("swapped"), (X, site.run("a_axis"), site.run("b_axis"))))
    turned = Call(".transpose", (dimension(site, "a_axis"), dimension(site, "b_axis")))
    return Emission(Joined((X, turned), tight=True))


@emits("patch_embedding")
def patch_embedding(site: Site) -> Emission:
    """`nn.Conv2d` with steps as large as its kernel."""
    sizes = (site.init("channels"), site.init("d_model"))
    steps = (("kernel_size", site.init("patch")), ("stride", site.init("patch")))
    rows = (Call(f"{site.me}", (Port("pixels"),)), Call(".flatten", ("2",)), Call(".transpose", ("1", "2")))
    return Emission(Joined(rows, tight=True), Call("nn.Conv2d", (*sizes, *steps)))


@emits("class_token")
def class_token(site: Site) -> Emission:
    """One learned vector in front."""
    return Emission(Call(site.me, (X,)), Call(site.part("ClassToken"), (site.init("d_model"),)))
