"""The bars of the window: title, toolbar and status, as plain data made from the state."""

from __future__ import annotations

from typing import Any

from builder.sizes import parameters_of
from engine.data import TASKS
from views.inspector import grouped
from views.runner import Runner, clock
from views.session import Session
from views.setup import Setup

Items = list[dict[str, Any]]


def toolbar(session: Session, runner: Runner, setup: Setup) -> Items:
    """Undo and redo, whether the model is right and how large, the task, and the run's buttons."""
    history = session.history
    return [
        _icon("undo", _with("Undo", history.undo_label), "Ctrl+Z", not history.undo_label),
        _icon("redo", _with("Redo", history.redo_label), "Ctrl+Shift+Z", not history.redo_label),
        {"kind": "rule"},
        validity(session),
        {"kind": "chip", "id": "cost", "text": f"{short(parameters_of(session.document))} parameters"},
        {"kind": "gap"},
        {
            "kind": "select",
            "id": "task",
            "title": "What the model is trained for",
            "options": list(TASKS),
            "value": setup.config.task,
        },
        _train(runner),
        _icon("step", "One step", "F10", False),
        _icon("stop", "Stop the run", "Shift+F5", not runner.is_going),
    ]


def _icon(name: str, title: str, keys: str, disabled: bool) -> dict[str, Any]:
    return {"kind": "icon", "id": name, "icon": name, "title": title, "keys": keys, "disabled": disabled}


def _with(word: str, label: str) -> str:
    return f"{word} {label[0].lower()}{label[1:]}" if label else word


def validity(session: Session) -> dict[str, Any]:
    """The chip that says whether the model can be built."""
    found = session.report.diagnostics
    errors = sum(problem.severity == "error" for problem in found)
    warnings = len(found) - errors
    if errors:
        text, tone = f"{errors} {'problem' if errors == 1 else 'problems'}", "err"
    elif warnings:
        text, tone = f"✓ valid · {warnings} {'warning' if warnings == 1 else 'warnings'}", "warn"
    else:
        text, tone = "✓ valid", "ok"
    return {"kind": "chip", "id": "problems", "text": text, "tone": tone, "title": "Show problems", "keys": "F8"}


def _train(runner: Runner) -> dict[str, Any]:
    button = {"kind": "button", "id": "train", "primary": True, "keys": "Ctrl+Enter"}
    if runner.is_paused:
        return {**button, "icon": "play", "text": "Resume", "title": "Let the run go on"}
    if runner.is_going:
        return {**button, "icon": "pause", "text": "Pause", "title": "Pause the run"}
    return {**button, "icon": "play", "text": "Train", "title": "Train this model"}


def status_bar(session: Session, runner: Runner, *, dark: bool, saved: str, mlflow: str) -> Items:
    """The run, the device, where MLflow is, and whether the work is saved."""
    return [
        _run(runner),
        {"kind": "text", "text": f"{len(session.definition.nodes)} nodes · {len(session.definition.wires)} wires"},
        {"kind": "gap"},
        {"kind": "link", "id": "mlflow", "text": f"MLflow · {mlflow}", "title": "Open MLflow's own page"},
        {"kind": "text", "text": saved},
        {
            "kind": "link",
            "id": "theme",
            "text": "dark" if dark else "light",
            "title": "Light or dark",
            "keys": "Ctrl+Alt+D",
        },
    ]


def _run(runner: Runner) -> dict[str, Any]:
    status = runner.status
    if status is None:
        return {"kind": "text", "text": "no run yet", "dot": "idle"}
    tone = {"running": "ok", "paused": "warn", "failed": "err"}.get(status.state, "idle")
    text = f"{status.name} · step {grouped(runner.step)} / {grouped(status.steps)} · {status.state}"
    if status.state == "running":
        text += f" · ETA {clock(runner.seconds_left())}"
    return {"kind": "text", "text": text, "dot": tone}


def short(count: int) -> str:
    """A count in thousands or millions: `0.80 M`."""
    if count < 10_000:
        return grouped(count)
    return f"{count / 1e6:.2f} M" if count >= 100_000 else f"{count / 1e3:.1f} k"
