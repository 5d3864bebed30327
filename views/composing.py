"""Commands that make composites of blocks, blocks of composites and of attention cores."""

from __future__ import annotations

from collections.abc import Callable

from builder.catalogue import Signature, node_signature
from builder.edits import Batch, DrawOut, Edit, Group, MakeIndependent, Ungroup
from builder.edits.draw_out import CORE
from views.adapters import adapter_links
from views.session import Session

MOST_WORDS = 3  # of a composite's first name


class Composing:
    """Turns commands into edits of what is selected.

    Args:
        session: The window's state.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def commands(self) -> dict[str, Callable[[], object]]:
        """What the window's commands do, by their id."""
        return {
            "group": self.group,
            "ungroup": self.ungroup,
            "draw-out": self.draw_out,
            "independent": self.make_independent,
        }

    def group(self) -> None:
        """Make a composite of the selected blocks."""
        name = group_name(self._session, self._session.nodes)
        self._session.apply_and_select(Group(at=self._at, nodes=self._session.nodes, name=name))

    def ungroup(self) -> None:
        """Take the selected composites apart."""
        self._each(self._composites(), lambda name: Ungroup(at=self._at, node=name), "Ungroup")

    def draw_out(self) -> None:
        """Put the steps of the selected attention cores in their place."""
        self._each(self._of_kind(CORE), lambda name: DrawOut(at=self._at, node=name), "Draw out", "attention core")

    def make_independent(self) -> None:
        """Give the selected composites definitions of their own."""
        self._each(self._composites(), lambda name: MakeIndependent(at=self._at, node=name), "Make independent")

    @property
    def _at(self) -> str:
        return self._session.definition.name

    def _composites(self) -> tuple[str, ...]:
        nodes, known = self._session.definition.nodes, self._session.document.definitions
        return tuple(name for name in self._session.nodes if nodes[name].kind in known)

    def _of_kind(self, kind: str) -> tuple[str, ...]:
        nodes = self._session.definition.nodes
        return tuple(name for name in self._session.nodes if nodes[name].kind == kind)

    def _each(self, names: tuple[str, ...], edit: Callable[[str], Edit], label: str, what: str = "composite") -> None:
        if not names:
            self._session.tell(f"Select {'an' if what[0] in 'aeiou' else 'a'} {what} first.", tone="warn")
        elif len(names) == 1:
            self._session.apply_and_select(edit(names[0]))
        else:
            self._session.apply_and_select(Batch(edits=tuple(map(edit, names)), label=f"{label} {len(names)} {what}s"))


def group_name(session: Session, names: tuple[str, ...]) -> str:
    """What to call a composite of some blocks: what they do, such as `Embedding` or `Attention + Feed-forward`."""
    document, here = session.document, session.definition
    nodes = {name: here.nodes[name] for name in names if name in here.nodes and not here.nodes[name].is_rail}
    kinds = [kind for name, node in nodes.items() if (kind := node_signature(document, node, name))]
    said = dict.fromkeys(filter(None, map(_purpose, kinds))) or dict.fromkeys(kind.title for kind in kinds)
    return " + ".join(list(said)[:MOST_WORDS]) or "Group"


def _purpose(kind: Signature) -> str:
    """What a block is for; of what only joins others, nothing."""
    if kind.composite:
        return kind.title
    return {"Heads": "Head", "Norm and wiring": ""}.get(kind.family, kind.family)


def links_of(session: Session, names: tuple[str, ...]) -> list[dict[str, str]]:
    """What can be done with some blocks as composites, as links of the inspector: id, text, keys."""
    here, known = session.definition, session.document.definitions
    nodes = [here.nodes[name] for name in names]
    composites = [node for node in nodes if node.kind in known]
    found: list[tuple[str, str, str, bool]] = [
        ("open-inside", "Open inside", "↵", len(nodes) == 1 == len(composites)),
        ("group", "Group", "Ctrl+G", sum(not node.is_rail for node in nodes) > 1),
        ("ungroup", "Ungroup", "Ctrl+Shift+G", any(node.repeat is None for node in composites)),
        ("draw-out", "Open the core", "", any(node.kind == CORE for node in nodes)),
        ("independent", "Make independent", "", any(_is_shared(session, node.kind) for node in composites)),
    ]
    links = [{"id": id_, "text": text, "keys": keys} for id_, text, keys, fits in found if fits]
    return [*links, *adapter_links(nodes)]


def _is_shared(session: Session, kind: str) -> bool:
    return sum(1 for _ in session.document.uses(kind)) > 1
