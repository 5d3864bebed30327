"""Keeps a window's contracts up to date: tried a moment after each edit that leaves the model well-formed."""

from __future__ import annotations

import time
from itertools import count

from builder import store
from builder.compare import same_model
from builder.contracts.worker import Request
from builder.document import Document
from views.proving import Prover
from views.session import Session

PAUSE = 0.3  # seconds that nothing must have changed for
_OWNERS = count()


class Proofs:
    """Follows a session and has its model tried. State: what has been asked, and when to ask.

    Args:
        session: The document; its `contracts` and `proof` are set here.
        prover: Who tries.
    """

    def __init__(self, session: Session, prover: Prover) -> None:
        self._session, self._prover, self._owner = session, prover, next(_OWNERS)
        self._tried: Document | None = None
        self._due = 0.0
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
            self._tried, self._due, self._asked = None, 0.0, None
            session.param.update(contracts=(), proof="")
            return
        if self._tried is None or not same_model(self._tried, session.document):
            self._due, self._asked = time.monotonic() + PAUSE, None
            session.proof = "trying"
        self._tried = session.document
