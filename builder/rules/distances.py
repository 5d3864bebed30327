"""Rules about T5's relative biases: which distances they tell apart, and which their attentions see."""

from __future__ import annotations

from collections.abc import Iterator

from builder import fixes
from builder.document import PortRef
from builder.rules.base import Finding, View, rule
from builder.rules.habits import of_kind
from builder.rules.model import outermost, written
from builder.rules.ways import MOST, Spot, spot

BIAS = "relative_bias"
SCORES = {  # what may stand between a product and its softmax, and the inputs that scores come in at
    "scale": ("x",), "dropout": ("x",), "mask": ("scores",), "multiply": ("a", "b"), "add": ("a", "b"),
    "residual_add": ("x", "update"), "either": ("x", "branch"),
}  # fmt: skip
HIDE_LATER = ("causal", "both", "sliding_window")
OUTPUTS = {"residual_add": "sum"}  # of blocks whose output is not y


@rule(
    "R030",
    "Later keys are all alike",
    why="A one-sided relative bias puts all keys after a query into one bucket. An attention that sees them then knows "
    "how far back a token stands, and not how far ahead; T5's encoder tells both sides apart (Raffel et al., "
    "arXiv:1910.10683, §2.1).",
    severity="warning",
)
def one_sided(view: View) -> Iterator[Finding]:
    """A bias that tells earlier keys apart alone goes to an attention that sees later ones."""
    for name in of_kind(view, BIAS):
        if view.around.settings(name).get("bidirectional") is not False or _is_written(view, name):
            continue
        seeing = next((there for there, sees in _attentions(spot(view, PortRef(name, "bias"))) if sees), None)
        if seeing is not None:
            mend = fixes.set_at_origin(view, name, "bidirectional", True)
            advice = f"{mend.label}." if mend else "Let it be bidirectional."
            text = f"{name} has one bucket for all later keys, but {_called(seeing)} sees them: it cannot tell how "
            text += f"far ahead they are. {advice}"
            yield Finding(message=text, where=view.where(name), fixes=(mend,) if mend else ())


@rule(
    "R031",
    "Half of the buckets are idle",
    why="A relative bias that tells both sides apart keeps half of its buckets for keys after the query. Where all of "
    "those are hidden they learn nothing, and earlier distances share the other half (Raffel et al., "
    "arXiv:1910.10683, §2.1).",
    severity="warning",
)
def two_sided(view: View) -> Iterator[Finding]:
    """A bias that tells both sides apart goes to nothing but attentions that hide later keys."""
    once = all(len(list(view.document.uses(outer.name))) < 2 for outer in (view, *(outer for outer, _ in view.trail)))
    for name in of_kind(view, BIAS) if once else ():
        start = spot(view, PortRef(name, "bias"))
        if start.setting("bidirectional") is not True or start.is_wired("memory"):
            continue
        found = list(_attentions(start))
        if found and all(sees is False for _, sees in found):
            mends = [fixes.set_at_origin(view, name, "bidirectional", False)] if _fits_one_side(start) else []
            advice = (
                f"{mends[0].label}." if mends and mends[0] else "Set bidirectional to False and max_distance higher."
            )
            text = f"{name} keeps half of its buckets for later keys, but {_called(found[0][0])} hides those. {advice}"
            yield Finding(message=text, where=view.where(name), fixes=tuple(mend for mend in mends if mend))


def _is_written(view: View, bias: str) -> bool:
    """Whether a bias is over positions that are written, where later keys must be hidden; another rule tells."""
    letter = outermost(view, bias, "T")
    return letter is not None and letter == written(view)


def _called(attention: Spot) -> str:
    """An attention with the node around it, `encoder.core`, so that one of several of its kind is told."""
    outer = [use for _, use in attention.trail[:1]]
    return ".".join([*outer, attention.port.node])


def _fits_one_side(bias: Spot) -> bool:
    """Whether distances reach farther than the buckets of one side that hold one distance each."""
    far, buckets = bias.setting("max_distance"), bias.setting("n_buckets")
    return isinstance(far, int) and isinstance(buckets, int) and far > buckets // 2


def _attentions(bias: Spot) -> Iterator[tuple[Spot, bool | None]]:
    """The attentions whose scores a bias is added to, and whether each sees later keys; `None` if that is open."""
    waiting, seen = [bias], set[object]()
    for value in waiting:
        for there in value.readers():
            if there.place in seen:
                continue
            if len(seen) > MOST:
                return
            seen.add(there.place)
            if there.kind == "attention_core" and there.port.port == "bias":
                yield there, _sees_later([there])
            elif there.kind == "softmax":
                yield there, _sees_later(_masks(there))
            elif there.kind in SCORES:
                waiting.append(there.to(OUTPUTS.get(there.kind, "y")))


def _masks(softmax: Spot) -> list[Spot]:
    """The masks that scores have gone through before they come into a softmax."""
    waiting, seen, found = [softmax], set[object](), list[Spot]()
    for end in waiting:
        source = end.source()
        if source is None or source.place in seen or source.kind not in SCORES:
            continue
        seen.add(source.place)
        found += [source] if source.kind == "mask" else []
        waiting += [source.to(port) for port in SCORES[source.kind]]
    return found


def _sees_later(masks: list[Spot]) -> bool | None:
    """Whether masks leave later keys in sight; `None` where a prefix or a mask of the user's own decides."""
    if any(mask.setting("prefix") or mask.is_wired("allowed") for mask in masks):
        return None
    return not any(mask.setting(name) in HIDE_LATER for mask in masks for name in ("mask", "pattern"))
