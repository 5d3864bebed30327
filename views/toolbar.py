"""The bars of the window: title, toolbar and status, as plain data made from the state."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

from builder.sizes import parameters_of
from engine import locations
from views.needs import Needs, status
from views.numbers import clock, count, grouped
from views.runner import TONES, Runner
from views.session import Session
from views.setup import Setup, chosen_task, task_options

Items = list[dict[str, Any]]
MEND = "Press to open Setup."


def toolbar(session: Session, runner: Runner, setup: Setup) -> Items:
    """Undo and redo, whether the model is right and how large, the task, and the run's buttons."""
    history = session.history
    return [
        _icon("undo", _with("Undo", history.undo_label), not history.undo_label),
        _icon("redo", _with("Redo", history.redo_label), not history.redo_label),
        {"kind": "rule"},
        validity(session),
        {"kind": "chip", "text": f"{count(parameters_of(session.document))} parameters", "title": "Cost"},
        {"kind": "gap"},
        *_obstacle(setup),
        {
            "kind": "select",
            "id": "task",
            "title": "What the model is trained for",
            "options": task_options(setup),
            "value": chosen_task(setup),
        },
        _train(runner, session, setup),
        _icon("step", "One step", bool(setup.obstacle) and not runner.is_going),
        _icon("stop", "Stop the run", not runner.is_going),
    ]


def _icon(name: str, title: str, disabled: bool) -> dict[str, Any]:
    return {"kind": "icon", "command": name, "icon": name, "title": title, "disabled": disabled}


def _with(word: str, label: str) -> str:
    return f"{word} {label[0].lower()}{label[1:]}" if label else word


def validity(session: Session) -> dict[str, Any]:
    """The chip that says whether the model can be built, with as many problems as the pane lists."""
    found = session.findings
    broken = sum(result.failed for result in session.contracts)
    if broken and broken == len(found):
        text, tone = f"{broken} {'contract fails' if broken == 1 else 'contracts fail'}", "err"
    elif any(problem.severity == "error" for problem in found):
        text, tone = f"{len(found)} {'problem' if len(found) == 1 else 'problems'}", "err"
    else:
        text, tone = _right(session, len(found)), "warn" if found else "ok"
    return {"kind": "chip", "command": "problems", "text": text, "tone": tone, "title": "Show problems"}


def _right(session: Session, warnings: int) -> str:
    """What to say of a model that can be built and breaks no contract."""
    kept = sum(result.passed for result in session.contracts)
    proven = session.proof == "done" and kept
    text = f"✓ valid · proven: {kept} contracts" if proven else "✓ valid"
    return f"{text} · {warnings} {'warning' if warnings == 1 else 'warnings'}" if warnings else text


def _obstacle(setup: Setup) -> Items:
    """What keeps a model that is right from being trained: a button to where it is mended."""
    if not setup.obstacle:
        return []
    text = "cannot be trained" if setup.undecided else f"does not fit {setup.config.task}"
    return [{"kind": "chip", "id": "obstacle", "text": text, "tone": "warn", "title": f"{setup.obstacle} {MEND}"}]


def _train(runner: Runner, session: Session, setup: Setup) -> dict[str, Any]:
    button = {"kind": "button", "command": "train", "primary": True}
    if runner.is_paused:
        return {**button, "icon": "play", "text": "Resume", "title": "Let the run go on"}
    if runner.is_going:
        return {**button, "icon": "pause", "text": "Pause", "title": "Pause the run"}
    if setup.obstacle:
        return {**button, "icon": "play", "text": "Train", "title": setup.obstacle, "disabled": True}
    title = "Train this model, from the weights it was opened with" if session.weights else "Train this model"
    return {**button, "icon": "play", "text": "Train", "title": title}


def title_bar(session: Session) -> Items:
    """The model's name, in the middle."""
    return [{"kind": "gap"}, {"kind": "text", "text": session.document.name}, {"kind": "gap"}]


def status_bar(session: Session, runner: Runner, problem: str = "", needs: Needs | None = None) -> Items:
    """The run, the graph, what the model needs, the device, where MLflow is, and whether the work is saved."""
    uri = locations.tracking_uri()
    here = session.definition
    return [
        _run(runner),
        {"kind": "text", "text": f"{len(here.nodes)} blocks · {len(here.wires)} wires"},
        *status(needs, session.document),
        {"kind": "text", "text": device()},
        {"kind": "gap"},
        {
            "kind": "link",
            "text": f"MLflow · {'server' if locations.is_server(uri) else 'local store'}",
            "title": "Open MLflow's own page",
            "command": "mlflow",
        },
        {"kind": "text", "text": "not saved", "dot": "err", "title": problem}
        if problem
        else {"kind": "text", "text": "autosaved"},
        {"kind": "theme"},
    ]


@cache
def device() -> str:
    """Where runs compute unless they say otherwise."""
    return "GPU" if torch.cuda.is_available() else "CPU · 1 thread"


def _run(runner: Runner) -> dict[str, Any]:
    status = runner.status
    if status is None:
        return {"kind": "text", "text": "no run yet", "dot": "idle"}
    if runner.is_adopted:
        return {"kind": "text", "text": f"{status.name} · trained elsewhere", "dot": "idle"}
    tone = TONES.get(status.state, "idle")
    text = f"{status.name} · step {grouped(runner.step)} / {grouped(status.steps)} · {status.state}"
    if status.state == "running":
        text += f" · ETA {clock(runner.seconds_left())}"
    return {"kind": "text", "text": text, "dot": tone}
