"""Keeps a window's contracts up to date: tried a moment after each edit that leaves the model well-formed."""

from __future__ import annotations

import json
import time
from itertools import count

from builder import store
from builder.contracts.worker import Request
from builder.document import Document
from builder.encoding import encode
from views.proving import Prover
from views.session import Session

PAUSE = 0.3  # seconds that nothing must have changed for
PLACES = ("x", "y", "label")
_OWNERS = count()


class Proofs:
    """Follows a session and has its model tried. State: what has been asked, and when to ask.

    Args:
        session: The document; its `contracts` and `proof` are set here.
        prover: Who tries.
    """

    def __init__(self, session: Session, prover: Prover) -> None:
        self._session, self._prover, self._owner = session, prover, next(_OWNERS)
        self._meaning, self._due = "", 0.0
        self._asked: Request | None = None
        session.param.watch(lambda _: self._edited(), ["revision"])
        self._edited()

    def again(self, *, thorough: bool = False) -> None:
        """Try anew what has been tried already."""
        if self._session.report.ok:
            request = Request(store.dumps(self._session.document), thorough)
            self._prover.forget(request)
            self._ask(request)

    def poll(self) -> None:
        """Ask when nothing has changed for a moment, and fetch what was found."""
        if self._due and time.monotonic() >= self._due:
            self._due = 0.0
            self._ask(Request(store.dumps(self._session.document)))
        if self._asked is None:
            return
        outcome = self._prover.found(self._asked)
        if outcome is not None:
            self._asked = None
            self._session.param.update(contracts=outcome.results, proof=outcome.problem or "done")

    def _ask(self, request: Request) -> None:
        self._asked = request
        self._session.proof = "trying"
        self._prover.ask(self._owner, request)

    def _edited(self) -> None:
        session = self._session
        if not session.report.ok:
            self._meaning, self._due, self._asked = "", 0.0, None
            session.param.update(contracts=(), proof="")
            return
        meaning = _meaning(session.document)
        if meaning != self._meaning:
            self._meaning, self._due, self._asked = meaning, time.monotonic() + PAUSE, None
            session.proof = "trying"


def _meaning(document: Document) -> str:
    """The document without what makes no difference to what it computes."""
    found = encode(document)
    del found["name"]
    return json.dumps(_bare(found))


def _bare(value: object) -> object:
    if isinstance(value, dict):
        return {key: _bare(inner) for key, inner in value.items() if key not in PLACES or "kind" not in value}
    return [_bare(inner) for inner in value] if isinstance(value, list) else value
