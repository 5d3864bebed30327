"""Rules about the model as a whole: what comes out, what is tied, who sees the future."""

from __future__ import annotations

from collections.abc import Iterator

from builder import dims, fixes, limits, rewiring, sizes
from builder.diagnostics import Fix, Where
from builder.document import OUTPUT, RAIL_PORT, PortRef
from builder.edits import SetPort, Untie
from builder.rules.base import Finding, View, rule
from builder.rules.origins import origin
from builder.unfolding import unfolded
from engine.errors import DocumentError
from engine.ports import kinds_fit

LOOK_AHEAD = "C001"  # the contract that finds the same by trying it; who waives it, waives this
LOOKS_BOTH_WAYS = ("mlm_head", "token_classifier_head", "span_head")  # heads whose answer is no next token


@rule(
    "R007",
    "Nothing comes out",
    why="A definition without an output hands nothing on: there is nothing to train and nothing to see.",
)
def no_output(view: View) -> Iterator[Finding]:
    """A definition has no output."""
    nodes = view.definition.nodes
    if not any(node.kind == OUTPUT for node in nodes.values()):
        mend = rewiring.new_output(view)
        text = f"{view.definition.title} has no output. {mend.label}."
        yield Finding(message=text, where=view.where(), fixes=(mend,))


@rule(
    "R017",
    "No logits come out",
    why="Training compares logits with the right answer; without an output that carries them nothing can be trained.",
    severity="warning",
)
def no_logits(view: View) -> Iterator[Finding]:
    """The model has outputs, but none of them carries logits."""
    outputs = view.definition.outputs
    if not view.is_root or not outputs or any(port.kind == "logits" for port in outputs):
        return
    names = ", ".join(port.name for port in outputs)
    text = f"{view.definition.title} gives {names}, but no logits, so it cannot be trained."
    mends = tuple(_as_logits(view, port.name) for port in outputs if _may_be_logits(view, port.name))
    yield Finding(message=f"{text} Wire a head to an output of kind logits.", where=view.where(), fixes=mends)


def _may_be_logits(view: View, name: str) -> bool:
    source = view.around.feeds.get(PortRef(name, RAIL_PORT))
    ports = view.outputs(source.node) if source else ()
    return any(source and p.name == source.port and kinds_fit(p.kind, "logits") for p in ports)


def _as_logits(view: View, name: str) -> Fix:
    edit = SetPort(node=name, kind="logits", at=view.name)
    return Fix(label=f"Let {name} carry logits", edit=edit)


@rule(
    "R013",
    "Tie does not fit",
    why="Tied parameters are one storage, so both must exist and have the same shape.",
)
def bad_tie(view: View) -> Iterator[Finding]:
    """A tie names a parameter that does not exist, or two of different shapes."""
    if not view.is_root:
        return
    for pair in view.document.ties:
        if reason := _bad_tie(view, pair):
            node = pair[0].split(".")[0]
            node = node if node in view.definition.nodes else ""
            mend = Fix(label=f"Untie {pair[0]}", edit=Untie(first=pair[0]))
            text = f"{pair[0]} is tied to {pair[1]}, but {reason} {mend.label}, or change the blocks."
            yield Finding(message=text, where=Where(definition=view.name, node=node), fixes=(mend,))


def _bad_tie(view: View, pair: tuple[str, str]) -> str:
    shapes = []
    for path in pair:
        try:
            shape = sizes.parameter_shape(view.document, path)
        except DocumentError as error:
            return str(error)
        if shape is None:
            return ""  # its settings are wrong, which is reported there
        shapes.append(shape)
    if shapes[0] == shapes[1]:
        return ""
    return f"they have shapes {shapes[0]} and {shapes[1]}."


@rule(
    "R020",
    "Model is too large",
    why="Every parameter takes 16 bytes in training, every number of a fixed table 4; a model that no machine here can "
    "hold is not even begun.",
)
def too_large(view: View) -> Iterator[Finding]:
    """The model holds more numbers than `limits.most_parameters`."""
    if not view.is_root or unfolded(view.document).problem:
        return
    reason, node = sizes.too_large(view.document)
    if reason:
        yield Finding(message=reason, where=view.where(node))


@rule(
    "R034",
    "Model unfolds to too many parts",
    why="Each use of a composite and each layer is built anew, so a few composites that use each other many times "
    "become millions of blocks, which nobody can wait for.",
)
def too_many_parts(view: View) -> Iterator[Finding]:
    """The model unfolds to more parts than `limits.MAX_PARTS`, or uses composites in more ways than can be told."""
    found = unfolded(view.document)
    if not view.is_root or not found.problem:
        return
    largest = max(found.parts, key=lambda name: found.parts[name])
    where = f" Most of them, {found.parts[largest]:,}, are in {largest}." if found.uses <= limits.MAX_USES else ""
    yield Finding(message=found.problem + where, where=view.where(largest))


@rule(
    "R014",
    "Positions see the future",
    why="A model that predicts each next token from all tokens reads off the answer: its loss falls and it can write "
    "nothing. Fill-in models look both ways on purpose.",
    severity="warning",
    once=True,
)
def future_seen(view: View) -> Iterator[Finding]:
    """Attention without a causal mask, over the positions that the model gives logits for."""
    letter = written(view)
    if letter is None:
        return
    for name, kind in view.around.signatures.items():
        field = kind.field("mask") if kind and not kind.composite else None
        mask = view.around.settings(name).get("mask")
        if field is None or "causal" not in field.setting.choices or mask not in ("none", "padding", "anticausal"):
            continue
        if outermost(view, name, "T") == letter == outermost(view, name, "S"):
            mend = fixes.set_at_origin(view, name, "mask", "both" if mask == "padding" else "causal")
            text = f"{name} lets every position of the answer see the ones after it. "
            text += f"{mend.label}." if mend else "Set its mask to causal."
            yield Finding(message=text, where=view.where(name), fixes=(mend,) if mend else ())


def written(view: View) -> str | None:
    """The letter of the positions that the model writes one after the other; `None` if it answers otherwise."""
    if any(promise.code == LOOK_AHEAD and not promise.kept for promise in view.document.promises):
        return None
    root = view.trail[0][0] if view.trail else view
    given = [port for port in root.definition.inputs if port.kind == "ids"]
    for port in root.definition.outputs:
        words = port.shape.split()
        source = origin(root, PortRef(port.name, RAIL_PORT))
        if source and source.kind in LOOKS_BOTH_WAYS:
            continue
        if port.kind == "logits" and len(words) == 3 and any(words[1] in p.shape.split() for p in given):
            return words[1]
    return None


def outermost(view: View, node: str, letter: str) -> str | None:
    """What a letter of a node is called at the ends of the model; `None` if it has no such name."""
    size = view.found.letters.get(node, {}).get(letter)
    if not isinstance(size, dims.Dim) or len(size.names) != 1 or size.number != 1 or not size.known:
        return None
    if not view.trail:
        return size.names[0]
    outer, use = view.trail[-1]
    return outermost(outer, use, size.names[0])
