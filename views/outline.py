"""The outline pane: the whole model as a tree, level within level."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any, ClassVar

import param

from builder.catalogue import Signature, node_signature
from builder.diagnostics import Diagnostic
from builder.document import Definition, Document, Node
from builder.sizes import parameters_inside
from views.captions import family_token
from views.numbers import count, grouped
from views.part import HERE, Listed, Message, Row
from views.places import title_of
from views.scene import problems_inside, times
from views.scopes import scope_at
from views.session import Session

MOST = 2_000  # rows; what lies deeper is seen by opening it
Path = tuple[str, ...]


class Outline(Listed):
    """The tree of the model (views/ui/outline.jsx).

        Outline(tree=[{"id": "", "depth": 0, "label": "GPT"}, {"id": "blocks", "depth": 1, "label": "GPT block"}])

    Rows come in the order of the tree: id (ids from the root inward, parted by dots), depth, label, colour, times,
    count, exact, opens, error, warn. Messages: `{"select": id}` on a click and `{"open": id}` on a double click or
    Enter.
    """

    tree = param.List(default=[], doc="The tree, from top to bottom.")
    here = param.String(default="", doc="Id of the level that is open.")
    chosen = param.List(default=[], doc="Ids of the selected nodes.")
    asked = param.Integer(default=0, doc="Grows when the search field is to get the keyboard.")

    _list: ClassVar[str] = "tree"
    _esm: ClassVar[File] = HERE / "ui/outline.jsx"


class OutlinePane:
    """Shows where everything is; a click goes there.

    Args:
        session: The window's state.
        is_shown: Whether the pane is in sight; out of sight it costs nothing.
    """

    def __init__(self, session: Session, is_shown: Callable[[], bool] = lambda: True) -> None:
        self._session, self._is_shown = session, is_shown
        self._drawn = -1  # the revision that the tree shows
        self.part = Outline()
        self.part.on(self._receive)
        self.show()
        session.param.watch(lambda _: self.show(), ["revision"])
        session.param.watch(lambda *_: self._point(), ["path", "nodes"])

    def show(self) -> None:
        """Draw the tree anew if it is in sight and the document has changed."""
        if self._is_shown() and self._drawn != self._session.revision:
            self._drawn = self._session.revision
            self.part.show(outline(self._session))
            self._point()

    def search(self) -> None:
        """Put the keyboard into the search field."""
        self.part.asked += 1

    def _point(self) -> None:
        self.part.param.update(here=self._here(), chosen=self._chosen())

    def _here(self) -> str:
        return ".".join(self._session.path)

    def _chosen(self) -> list[str]:
        return [".".join((*self._session.path, name)) for name in self._session.nodes]

    def _receive(self, message: Message) -> None:
        path = tuple(part for part in str(message.get("select", message.get("open", ""))).split(".") if part)
        if not is_there(self._session.document, path):
            return
        if "open" in message and is_level(self._session.document, path):
            self._session.open(path)
        else:
            self._session.open(path[:-1])
            self._session.select(path[-1:])


def is_there(document: Document, path: Path) -> bool:
    """Whether a path leads to a node, or to the model itself."""
    return not path or (is_level(document, path[:-1]) and path[-1] in document.definition_at(path[:-1]).nodes)


def is_level(document: Document, path: Path) -> bool:
    """Whether a path leads to something that can be opened."""
    here = document.main
    for name in path:
        node = here.nodes.get(name)
        if node is None or node.kind not in document.definitions:
            return False
        here = document.definitions[node.kind]
    return True


@dataclass(frozen=True)
class _Tree:
    """All that the rows are made of."""

    session: Session
    counts: dict[Path, int]
    inside: dict[str, int]

    def rows(self, path: Path, here: Definition, depth: int) -> Iterator[Row]:
        """The rows of a level and of those inside it, as far as they are counted."""
        document = self.session.document
        scope = scope_at(document, path)
        problems = _problems(self.session.findings, here)
        kinds = {name: node_signature(document, node, name) for name, node in here.nodes.items()}
        for name, node in here.nodes.items():
            at = (*path, name)
            if at not in self.counts or node.is_rail:
                continue
            kind = kinds[name]
            errors, warnings = problems[name, True], problems[name, False]
            yield {
                **self._row(at, node, kind),
                "depth": depth,
                "times": times(node, scope),
                "error": errors[0] if errors else self._inside(node),
                "warn": warnings[0] if warnings and not errors else "",
            }
            if node.kind in document.definitions:
                yield from self.rows(at, document.definitions[node.kind], depth + 1)

    def _row(self, at: Path, node: Node, kind: Signature | None) -> Row:
        own = self.counts[at]
        return {
            "id": ".".join(at),
            "label": title_of(node, kind),
            "colour": family_token(kind.family) if kind else "err",
            "count": count(own) if own else "",
            "exact": f"{grouped(own)} parameters" if own else "",
            "opens": node.kind in self.session.document.definitions,
        }

    def _inside(self, node: Node) -> str:
        count = self.inside.get(node.kind, 0)
        return f"{count} {'problem' if count == 1 else 'problems'} inside" if count else ""


def _problems(found: Iterable[Diagnostic], here: Definition) -> dict[tuple[str, bool], list[str]]:
    """What is wrong with each node or a wire that ends there, errors (True) and warnings."""
    texts: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for problem in found:
        where = problem.where
        if where.definition == here.name:
            name = where.wire.target.node if where.wire else where.node
            texts[name, problem.severity == "error"].append(problem.message)
    return texts


def outline(session: Session) -> list[dict[str, Any]]:
    """The whole model as rows, from top to bottom: itself, its nodes, and theirs under each composite."""
    document = session.document
    inside = problems_inside(document, session.findings)
    tree = _Tree(session, parameters_inside(document, MOST), inside)
    total = sum(count for path, count in tree.counts.items() if len(path) == 1)
    root = {
        "id": "",
        "depth": 0,
        "label": document.name,
        "colour": "hidden",
        "times": "",
        "count": count(total),
        "exact": f"{grouped(total)} parameters",
        "opens": True,
        "error": "",
        "warn": "",
    }
    return [root, *tree.rows((), document.main, 1)]
