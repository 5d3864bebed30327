"""The problems pane: what is wrong, why, and the fix as a button."""

from __future__ import annotations

from typing import Any

from builder.diagnostics import Diagnostic
from builder.document import Document
from views.parts import Sheet
from views.session import Session

NOTHING = "Nothing is wrong. Problems with wires, shapes and settings are listed here, each with its fix."


class ProblemsPane:
    """Lists the diagnostics of the last check.

    Args:
        session: The window's state.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.part = Sheet(sections=self._sections())
        self.part.on(self._receive)
        session.param.watch(lambda _: self.part.show(self._sections()), ["report"])

    def _sections(self) -> list[dict[str, Any]]:
        found = self._session.report.diagnostics
        if not found:
            return [{"kind": "empty", "id": "none", "text": NOTHING}]
        return [{"kind": "problems", "id": "problems", "rows": [row(i, p) for i, p in enumerate(found)]}]

    def _receive(self, message: dict[str, Any]) -> None:
        found = self._session.report.diagnostics
        index = int(message["row"])
        if index >= len(found):
            return
        problem = found[index]
        if message.get("fix") is not None:
            self._session.apply(problem.fixes[int(message["fix"])].edit)
        else:
            show(self._session, problem)


def row(index: int, problem: Diagnostic) -> dict[str, Any]:
    """One problem as the sheet wants it."""
    return {
        "id": index,
        "code": problem.code,
        "tone": "err" if problem.severity == "error" else "warn",
        "text": problem.message,
        "where": problem.path,
        "fixes": [fix.label for fix in problem.fixes],
    }


def show(session: Session, problem: Diagnostic) -> None:
    """Open the definition a problem is in, and select its place."""
    path = path_to(session.document, problem.where.definition)
    if path is None:
        return
    session.open(path)
    where = problem.where
    session.select((where.node,) if where.node else (), (str(where.wire),) if where.wire else ())


def path_to(document: Document, name: str) -> tuple[str, ...] | None:
    """The shortest way from the root to a use of the definition `name`."""
    queue: list[tuple[str, tuple[str, ...]]] = [(document.root, ())]
    seen = {document.root}
    for here, path in queue:
        if here == name:
            return path
        for node_id, node in document.definitions[here].nodes.items():
            if node.kind in document.definitions and node.kind not in seen:
                seen.add(node.kind)
                queue.append((node.kind, (*path, node_id)))
    return None
