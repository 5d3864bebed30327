"""The app: `panel serve views/app.py`. This file runs once for every window that is opened."""

from __future__ import annotations

from engine.launchers.local import HERE

HERE.warm_up()  # first: the process that runs come from loads beside this one

import panel as pn

from views.first import first_document
from views.page import publish
from views.process import prepare
from views.session import Session
from views.setup import Setup, task_of
from views.shell import Shell
from views.workspace import Workspace, folder_of

FIRST = "tiny"


def main() -> None:
    """Restore the user's work, or begin with a tiny GPT on its task, and show the window."""
    prepare()
    workspace = Workspace(folder_of(pn.state.user or "local"))
    document, task = first_document(FIRST)
    document = workspace.restore() or document
    setup = Setup(workspace.setup(task_of(document) or task))
    session = Session(document)
    session.weights = workspace.weights()
    shell = Shell(session, workspace, setup)
    publish(shell.window)
    shell.begin()
    shell.needs.poll()  # at once, in the background: the first time, torch loads much for it


main()
