"""The problems pane: what is wrong, why, and the fix as a button; and what the model was proven to do."""

from __future__ import annotations

from typing import Any

from builder.contracts import CONTRACTS, ContractResult
from builder.diagnostics import Diagnostic
from builder.edits import RequireContract, ResetContract, WaiveContract
from views.parts import Dialog, Message, Sheet, Window
from views.places import path_to
from views.proofs import Proofs
from views.session import Session

NOTHING = "Nothing is wrong. Problems with wires, shapes and settings are listed here, each with its fix."
WAITING = "Contracts are tried once the problems above are mended."
WAIVE = "The reason is kept with the model, and whoever opens it can read it."


class ProblemsPane:
    """Lists the diagnostics of the last check, and the contracts of the last trial.

    Args:
        session: The window's state.
        proofs: Who tries the contracts again.
        window: Who asks for reasons.
    """

    def __init__(self, session: Session, proofs: Proofs | None = None, window: Window | None = None) -> None:
        self._session, self._proofs, self._window = session, proofs, window
        self.part = Sheet(sections=self._sections())
        self.part.on(self._receive)
        session.param.watch(lambda *_: self.part.show(self._sections()), ["report", "contracts", "proof"])

    def _sections(self) -> list[dict[str, Any]]:
        session = self._session
        rows = [row(session, problem) for problem in suspected(session)]
        rules: list[dict[str, Any]] = [{"kind": "problems", "id": "problems", "rows": rows}] if rows else []
        if not session.findings:
            rules = [{"kind": "empty", "id": "none", "text": NOTHING}]
        return rules if self._proofs is None else [*rules, *contracts(session)]

    def _receive(self, message: Message) -> None:
        name = message.get("name")
        if name in ("again", "thorough") and self._proofs:
            self._proofs.again(thorough=name == "thorough")
        elif name == "require":
            self._require()
        elif name == "contracts":
            self._about_contract(message)
        elif "row" in message:
            self._about_rule(message)

    def _about_rule(self, message: Message) -> None:
        problem = next((p for p in suspected(self._session) if known_by(p) == message["row"]), None)
        if problem is not None:
            self._about(problem, message)

    def _about_contract(self, message: Message) -> None:
        result = next((r for r in ranked(self._session.contracts) if r.code == message["row"]), None)
        if result is None:
            return
        if message.get("act") == "waive":
            self._waive(result)
        elif message.get("act") == "reset":
            self._session.apply(ResetContract(code=result.code))
        elif not result.passed:
            self._about(proven(self._session, result), message)

    def _about(self, problem: Diagnostic, message: Message) -> None:
        if message.get("fix") is not None:
            self._session.apply(problem.fixes[int(message["fix"])].edit)
        else:
            show(self._session, problem)

    def _require(self) -> None:
        """Ask which further contract the model is to be held to."""

        def answer(given: Message) -> None:
            if given.get("button") == "require" and given.get("item"):
                why = str(given["values"].get("why", ""))
                self._session.apply(RequireContract(code=str(given["item"]), why=why))

        tried = {result.code for result in self._session.contracts}
        others = [contract for contract in CONTRACTS.values() if contract.code not in tried]
        if self._window is not None:
            self._window.ask(
                Dialog(
                    id="require",
                    title="Require a contract",
                    text="Held from then on, though the graph does not ask for it.",
                    items=[{"id": c.code, "label": f"{c.code} {c.name}", "about": c.why} for c in others],
                    fields=[{"field": "why", "label": "Reason", "value": "", "words": True}],
                    buttons=[{"id": "require", "label": "Require", "primary": True}],
                ),
                answer,
            )

    def _waive(self, result: ContractResult) -> None:
        """Ask why this model may do without a contract."""

        def answer(given: Message) -> None:
            if given.get("button") == "waive":
                self._session.apply(WaiveContract(code=result.code, why=str(given["values"].get("why", ""))))

        if self._window is not None:
            self._window.ask(
                Dialog(
                    id="waive",
                    title=f"Waive {result.code}: {result.name}?",
                    text=WAIVE,
                    fields=[{"field": "why", "label": "Reason", "value": "", "words": True}],
                    buttons=[{"id": "waive", "label": "Waive", "primary": True}],
                ),
                answer,
            )


def known_by(problem: Diagnostic) -> str:
    """What a click names a problem by: one that crosses an edit on its way meets the same problem or none."""
    return " · ".join([problem.code, problem.path, *(fix.label for fix in problem.fixes)])


def suspected(session: Session) -> list[Diagnostic]:
    """What rules have found, but for what a broken contract proves."""
    return [problem for problem in session.findings if problem.code not in CONTRACTS]


def proven(session: Session, result: ContractResult) -> Diagnostic:
    """A broken contract as a problem, in the words of the canvas."""
    marked = (problem for problem in session.findings if problem.code == result.code)
    return next(marked, None) or session.places.worded(result.diagnostic)


def row(session: Session, problem: Diagnostic) -> dict[str, Any]:
    """One problem as the sheet wants it."""
    return {
        "id": known_by(problem),
        "code": problem.code,
        "tone": "err" if problem.severity == "error" else "warn",
        "text": problem.message,
        "where": session.places.place(problem.where),
        "fixes": [fix.label for fix in problem.fixes],
    }


def contracts(session: Session) -> list[dict[str, Any]]:
    """The contracts: how many hold, what is broken, and buttons to try them again."""
    kept = sum(result.passed for result in session.contracts)
    note = {"trying": "being tried …", "done": f"{kept} of {len(session.contracts)} hold"}.get(session.proof, "")
    heading = {"kind": "heading", "id": "contracts-heading", "text": "Contracts", "note": note}
    if not session.report.ok:
        return [heading, {"kind": "text", "id": "contracts-wait", "text": WAITING}]
    found: list[dict[str, Any]] = [heading]
    if session.proof not in ("trying", "done", ""):
        found.append({"kind": "text", "id": "contracts-failed", "text": session.proof, "tone": "err"})
    if session.contracts:
        rows = [contract_row(session, result) for result in ranked(session.contracts)]
        found.append({"kind": "problems", "id": "contracts", "label": "Contracts", "rows": rows})
    busy = session.proof == "trying"
    buttons = [
        {"id": "again", "text": "Check again", "icon": "refresh", "disabled": busy},
        {"id": "require", "text": "Require …", "title": "Hold the model to a further contract", "disabled": busy},
        {"id": "thorough", "text": "Check thoroughly", "title": "Also whether it can learn a batch", "disabled": busy},
    ]
    return [*found, {"kind": "actions", "id": "contracts-actions", "items": buttons}]


def ranked(results: tuple[ContractResult, ...]) -> list[ContractResult]:
    """What is broken first, then what is waived, then what holds."""
    return sorted(results, key=lambda result: (not result.failed, result.passed))


def contract_row(session: Session, result: ContractResult) -> dict[str, Any]:
    """One contract as the sheet wants it."""
    if not result.passed:
        return _broken_row(session, result)
    asked = next((p for p in session.document.promises if p.code == result.code and p.kept), None)
    acts = [_act("reset", f"Required{f': {asked.why}' if asked.why else ''}. Do not require")] if asked else []
    return {**_named(result, result.name, result.detail), "tone": "ok", "title": result.why, "acts": acts}


def _broken_row(session: Session, result: ContractResult) -> dict[str, Any]:
    problem = proven(session, result)
    place = {"where": session.places.place(problem.where)}
    if result.waived:
        name = f"{result.name}: waived, because “{result.waived}”"
        acts = [_act("reset", "Hold it again")]
        return {**_named(result, name, problem.message), **place, "tone": "muted", "acts": acts}
    fixes = [fix.label for fix in problem.fixes]
    acts = [_act("waive", "Waive …")]
    about = _named(result, result.name, problem.message)
    return {**about, **place, "tone": "err", "why": result.why, "fixes": fixes, "acts": acts}


def _named(result: ContractResult, name: str, detail: str) -> dict[str, Any]:
    return {"id": result.code, "code": result.code, "text": f"{name}. {detail}"}


def _act(name: str, text: str) -> dict[str, str]:
    return {"id": name, "text": text}


def show(session: Session, problem: Diagnostic) -> None:
    """Open the definition a problem is in, and select its place."""
    path = path_to(session.document, problem.where.definition)
    if path is None:
        return
    session.open(path)
    where = problem.where
    session.select((where.node,) if where.node else (), (str(where.wire),) if where.wire else ())
