"""What one window knows: its model, how that is trained, the runs, and what is worked out about them behind."""

from __future__ import annotations

from views.likeness import Likeness
from views.needs import Needs
from views.proofs import Proofs
from views.proving import prover
from views.runner import Runner
from views.selection import Selection
from views.session import Session
from views.setup import Setup, settle
from views.workspace import Workspace


class WindowState:
    """Holds all of it: the bars, panes and commands of a window are made from this.

    Args:
        session: The document and what is selected in it.
        workspace: Where it is kept.
        setup: How the next run is trained.
    """

    def __init__(self, session: Session, workspace: Workspace, setup: Setup) -> None:
        self.session, self.workspace, self.setup = session, workspace, setup
        self.runner, self.selection = Runner(), Selection()
        settle(session, setup)
        self.proofs, self.needs = Proofs(session, prover()), Needs(session, setup)
        self.likeness = Likeness(session)
