"""Attention by torch's fused kernel, and what is added to its scores."""

from __future__ import annotations

from builder.codegen.emit.registry import emits
from builder.codegen.site import Emission, Site
from builder.codegen.tree import Call, Joined, Port

Q, K, V, X = Port("q"), Port("k"), Port("v"), Port("x")
LATER, ANYWHERE = frozenset({"causal", "both"}), ("none", "padding")
Keywords = tuple[tuple[str, object], ...]


@emits("attention_core")
def attention_core(site: Site) -> Emission:
    """Torch's fused kernel as it is where nothing else is asked for, else a part around it."""
    causal, padded = site.among("mask", LATER), site.among("mask", frozenset({"padding", "both"}))
    padding = "padding" in site.wired and padded is not False
    bias = "bias" in site.wired
    optional = [Port(name) for name, there in (("padding", padding), ("bias", bias)) if there]
    if _has_pattern(site) or site.now("sinks"):
        return _patterned(site, tuple((port.name, port) for port in optional))
    if not optional and (causal is False or (causal is True and site.same("q", "k", 2))):
        more = (("is_causal", "True"),) if causal else ()
        grouped = () if site.same("q", "k", 1) else (("enable_gqa", "True"),)
        function = "F.scaled_dot_product_attention"
        return Emission(Call(function, (Q, K, V, *_dropout(site), *more, *_scale(site), *grouped)))
    flags: Keywords = () if causal is False else (("causal", str(causal)),)
    given = tuple((port.name, _if_padded(port, padded)) for port in optional)
    return Emission(Call(site.part("attend"), (Q, K, V, *given, *flags, *_scale(site), *_dropout(site))))


def _if_padded(port: Port, padded: bool | str) -> object:
    """The padding, where it depends on a setting whether it counts."""
    if port.name != "padding" or padded is True:
        return port
    return Joined((port, f" if {padded} else None"))


def _has_pattern(site: Site) -> bool:
    anticausal = site.among("mask", frozenset({"anticausal"})) is not False
    return anticausal or site.value("window") != 0 or site.value("prefix") != 0


def _patterned(site: Site, optional: Keywords) -> Emission:
    """Windows, prefixes and sinks."""
    padding, bias = ([pair for pair in optional if pair[0] == name] for name in ("padding", "bias"))
    numbers = (*_nonzero(site, "window"), *_nonzero(site, "prefix"))
    mask = Call(site.part("pattern_mask"), (Q, K, *padding, ("mask", site.run("mask")), *numbers))
    make = Call(site.part("AttentionSinks"), (site.init("n_heads"),)) if site.now("sinks") else None
    attend = site.me if make else site.part("attend_where")
    return Emission(Call(attend, (Q, K, V, mask, *bias, *_scale(site), *_dropout(site))), make)


def _nonzero(site: Site, setting: str) -> Keywords:
    return () if site.value(setting) == 0 else ((setting, site.run(setting)),)


def _dropout(site: Site) -> Keywords:
    if site.value("dropout") == 0:
        return ()
    return (("dropout_p", Joined((site.run("dropout"), " if self.training else 0.0"))),)


def _scale(site: Site) -> Keywords:
    value = site.value("scale")
    if value == 0:
        return ()
    return (("scale", site.run("scale") if value is not None else Joined((site.run("scale"), " or None"))),)


@emits("mask")
def mask(site: Site) -> Emission:
    """Scores that become -inf."""
    value: object = Port("scores")
    pattern = site.value("pattern")
    if pattern not in ANYWHERE:
        given: list[object] = [value, site.run("pattern")]
        if pattern in (None, "sliding_window"):
            given.append(("window", site.run("window")))
        if pattern in (None, "prefix"):
            given.append(("prefix", site.run("prefix")))
        value = Call(site.part("hide_by_position"), tuple(given))
    if "padding" in site.wired:
        value = Call(site.part("hide_padding"), (value, Port("padding")))
    if "allowed" in site.wired:
        value = Call(site.part("hide_unless"), (value, Port("allowed")))
    return Emission(value)


@emits("split_heads")
def split_heads(site: Site) -> Emission:
    """(B, T, D) to (B, H, T, K)."""
    return Emission(Call(site.part("split_heads"), (X, site.run("n_heads"))))


@emits("merge_heads")
def merge_heads(site: Site) -> Emission:
    """(B, H, T, K) to (B, T, D)."""
    return Emission(Call(site.part("merge_heads"), (X,)))


@emits("repeat_heads")
def repeat_heads(site: Site) -> Emission:
    """(B, G, S, K) to (B, H, S, K)."""
    return Emission(Call(site.part("repeat_heads"), (X, site.run("n_heads"))))


@emits("alibi")
def alibi(site: Site) -> Emission:
    """A bias by distance."""
    return Emission(Call(site.part("alibi"), (X, site.run("n_heads"))))


@emits("relative_bias")
def relative_bias(site: Site) -> Emission:
    """A learned bias by distance."""
    more = (("max_distance", site.init("max_distance")), ("bidirectional", site.init("bidirectional")))
    make = Call(site.part("RelativeBias"), (site.init("n_buckets"), site.init("n_heads"), *more))
    return Emission(Call(site.me, (X, *((Port("memory"),) if "memory" in site.wired else ()))), make)


@emits("rope")
def rope(site: Site) -> Emission:
    """Turns by position."""
    scaling = site.value("scaling")
    if scaling == "none":
        return Emission(Call(site.part("rope"), (X, site.run("theta"))))
    more: list[object] = [("scaling", site.run("scaling")), ("factor", site.run("factor"))]
    if scaling in (None, "llama3"):
        more += [(name, site.run(name)) for name in ("low_freq_factor", "high_freq_factor", "old_len")]
    return Emission(Call(site.part("scaled_rope"), (X, site.run("theta"), *more)))
