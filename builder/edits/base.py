"""What every edit is, and the looking-up that edits share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from builder import limits, names
from builder.catalogue import Signature, node_signature
from builder.document import Definition, Document, Node, Wire
from builder.reading import is_whole
from builder.soundness import check_nesting
from engine.errors import DocumentError, EditError
from engine.registry import did_you_mean


class Edit(Protocol):
    """Anything that turns one document into the next."""

    @property
    def label(self) -> str:
        """What the undo menu calls it: `Add LayerNorm`."""
        ...

    def apply(self, document: Document) -> Document:
        """Return the edited document; `document` stays as it is.

        Raises:
            EditError: If the edit does not apply.
        """
        ...


def home(document: Document, at: str) -> Definition:
    """The definition that an edit works in.

    Raises:
        EditError: If there is none called `at`.
    """
    try:
        return document.definition(at)
    except DocumentError as error:
        raise EditError(str(error)) from None


def node_in(definition: Definition, name: str) -> Node:
    """The node called `name`.

    Raises:
        EditError: If there is none.
    """
    try:
        return definition.node(name)
    except DocumentError as error:
        raise EditError(str(error)) from None


def outside_of(document: Document, definition: Definition, name: str) -> Signature:
    """The ports and settings of a node.

    Raises:
        EditError: If there is no such node, or its block is missing.
    """
    node = node_in(definition, name)
    found = node_signature(document, node, name)
    if found is None:
        raise EditError(
            f"{name} is a missing block of kind {node.kind!r}: its ports and settings are not known. "
            "Install the plugin that brings it, or put another block in its place."
        )
    return found


def check_new_id(definition: Definition, name: str) -> None:
    """Refuse an id that is taken or cannot be one.

    Raises:
        EditError: If so.
    """
    if problem := names.problem(name):
        raise EditError(problem)
    if name in definition.nodes:
        raise EditError(
            f"{definition.title} has a node {name!r} already. "
            f"Call the new one {names.fresh(name, definition.nodes)!r}, say."
        )


def check_text(text: str, most: int = limits.MAX_LABEL) -> None:
    """Refuse text that no file may hold.

    Raises:
        EditError: If so.
    """
    if len(text) > most:
        raise EditError(f"The text has {len(text)} characters; keep it under {most}.")
    if not is_whole(text):
        raise EditError("The text has half a character (a lone surrogate). Write it anew.")


def check_position(name: str, *position: float) -> None:
    """Refuse a place that no canvas has.

    Raises:
        EditError: If so.
    """
    if not all(abs(pixels) <= limits.MAX_POSITION for pixels in position):
        raise EditError(f"{name} cannot be there; positions lie within ±{limits.MAX_POSITION:,} pixels.")


def check_room(document: Document) -> Document:
    """Return `document` unless it has grown beyond what a file may hold.

    Raises:
        EditError: If so.
    """
    size = sum(len(d.nodes) for d in document.definitions.values())
    if size > limits.MAX_NODES or len(document.definitions) > limits.MAX_DEFINITIONS:
        raise EditError(
            f"The document would have {size} nodes in {len(document.definitions)} definitions; at most "
            f"{limits.MAX_NODES} in {limits.MAX_DEFINITIONS} are allowed. Use a composite with repeat."
        )
    if any(d.graph.number_of_edges() > limits.MAX_WIRES for d in document.definitions.values()):
        raise EditError(f"A definition would have more than {limits.MAX_WIRES} wires. Split it into composites.")
    try:
        check_nesting(document)
    except DocumentError as error:
        raise EditError(str(error)) from None
    return document


def check_recursion(document: Document, inside: str, kind: str) -> None:
    """Refuse a composite that would hold itself.

    Raises:
        EditError: If `kind` is `inside`, or uses it at any depth.
    """
    if inside in parts_of(document, kind):
        way = "is" if inside == kind else "contains"
        raise EditError(
            f"{kind!r} {way} {inside!r}, and a composite cannot hold itself. "
            "Use repeat for several layers, or put the block one level further out."
        )


def parts_of(document: Document, kind: str) -> set[str]:
    """The definitions that `kind` is made of, itself included."""
    found: set[str] = set()
    waiting = [kind]
    while waiting:
        name = waiting.pop()
        if name in document.definitions and name not in found:
            found.add(name)
            waiting += [node.kind for node in document.definitions[name].nodes.values()]
    return found


def fresh_uid(definition: Definition, name: str) -> str:
    """The uid of a new node `name`: empty, which means its id, unless a renamed node has that one."""
    taken = {node.uid for node in definition.nodes.values() if node.uid}
    return names.fresh(name, taken | set(definition.nodes) | {name}) if name in taken else ""


def put_in_place(
    here: Definition, name: str, placed: Mapping[str, Node], moved: Mapping[str, Node], wires: Iterable[Wire]
) -> Definition:
    """`here` with nodes where one was in the order, and without the wires of that one.

    Args:
        here: A definition.
        name: The node that goes.
        placed: What comes in its place.
        moved: Other nodes that change.
        wires: Those of what comes.
    """
    nodes: dict[str, Node] = {}
    for other, node in here.nodes.items():
        nodes |= placed if other == name else {other: moved.get(other, node)}
    kept = (wire for wire in here.wires if name not in (wire.source.node, wire.target.node))
    return here.redrawn(nodes, (*kept, *wires))


def with_node(definition: Definition, name: str, **changes: object) -> Definition:
    """`definition` with some attributes of a node changed."""
    node = node_in(definition, name)
    return definition.with_nodes({name: replace(node, **changes)})  # type: ignore[arg-type]


def unknown_kind(kind: str, known: Iterable[str]) -> EditError:
    """The refusal of a kind that nothing has."""
    return EditError(f"There is no block {kind!r}. {did_you_mean(kind, known)}")
