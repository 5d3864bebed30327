"""Contracts are tried a moment after an edit, once, and what was found is shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pickle import UnpicklingError
from unittest.mock import Mock

import pytest

from builder import store
from builder.contracts.worker import Outcome, Request, tried
from builder.document import Document
from builder.edits import Move, Remove, RenameDocument, SetSetting, WaiveContract
from tests.builder.zoo.base import gpt
from tests.builder.zoo.masks import leaking_mask
from views.parts import Dialog, Message
from views.problems import ProblemsPane
from views.proofs import PAUSE, Proofs
from views.proving import Prover
from views.scene import scene
from views.session import Session
from views.toolbar import validity


class Here(Prover):
    """Tries models in this process and at once. State: what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Request] = []

    def ask(self, owner: int, request: Request) -> None:  # noqa: ARG002
        """Try it now."""
        self.asked.append(request)
        self._found.setdefault(request, tried(request))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that it is; tests set it."""
    now = [100.0]
    monkeypatch.setattr("views.proofs.time.monotonic", lambda: now[0])
    return now


class Desk:
    """A session whose contracts are tried."""

    def __init__(self, document: Document, clock: list[float]) -> None:
        self.session, self.prover, self.clock = Session(document), Here(), clock
        self.proofs = Proofs(self.session, self.prover)
        self.pane = ProblemsPane(self.session, self.proofs)

    def wait(self) -> None:
        """Let nothing happen for a moment."""
        self.clock[0] += PAUSE
        self.proofs.poll()

    def rows(self) -> list[dict[str, object]]:
        """The contracts in the pane."""
        return next((s["rows"] for s in self.pane.part.sections if s.get("id") == "contracts"), [])


@pytest.fixture
def desk(clock: list[float]) -> Desk:
    return Desk(gpt(), clock)


@pytest.fixture
def leaking(clock: list[float]) -> Desk:
    desk = Desk(leaking_mask(), clock)
    desk.wait()
    return desk


def test_a_right_model_is_proven_a_moment_after_it_is_there(desk: Desk) -> None:
    desk.proofs.poll()
    assert (desk.session.contracts, desk.session.proof) == ((), "trying")

    desk.wait()

    assert desk.session.proof == "done"
    assert validity(desk.session)["text"] == f"✓ valid · proven: {len(desk.session.contracts)} contracts"
    assert {row["tone"] for row in desk.rows()} == {"ok"}


def test_a_broken_contract_marks_its_node_and_the_chip(leaking: Desk) -> None:
    session = leaking.session

    assert validity(session)["text"] == "1 contract fails"
    assert [problem.code for problem in session.findings] == ["C001"]  # R014 is the same fault
    drawn = scene(session.document, session.document.definition("multi_head_attention"), {}, session.marked)
    assert "lets positions see tokens after them" in drawn.nodes["core"]["error"]
    assert drawn.nodes["core"]["fix"] == "Set mask of GPT block to causal"


def test_its_fix_is_a_button_that_makes_it_hold(leaking: Desk) -> None:
    leaking.pane.part._handlers[0]({"name": "contracts", "row": "C001", "fix": 0})
    leaking.wait()

    assert all(result.passed for result in leaking.session.contracts)


def test_a_click_shows_where_it_is_broken(leaking: Desk) -> None:
    leaking.pane.part._handlers[0]({"name": "contracts", "row": "C001", "fix": None})

    assert leaking.session.path == ("blocks", "attn")
    assert leaking.session.nodes == ("core",)


def test_an_edit_that_means_nothing_to_the_model_tries_nothing(desk: Desk) -> None:
    desk.wait()

    desk.session.apply(Move(positions={"ln_f": (5, 5)}))
    desk.session.apply(RenameDocument(name="Another"))
    desk.wait()

    assert len(desk.prover.asked) == 1


def test_edits_in_quick_succession_are_tried_once(desk: Desk) -> None:
    for heads in (1, 4, 2, 8):
        desk.session.apply(SetSetting(node="ln_f", name="eps", value=heads / 100))
        desk.clock[0] += PAUSE / 2
        desk.proofs.poll()
    desk.wait()

    assert len(desk.prover.asked) == 1


def test_a_model_that_cannot_be_built_is_not_tried_and_says_so(desk: Desk) -> None:
    desk.wait()

    desk.session.apply(Remove(nodes=("ln_f",)))
    desk.wait()

    assert desk.session.contracts == ()
    assert len(desk.prover.asked) == 1
    assert any("once the problems above are mended" in str(s.get("text")) for s in desk.pane.part.sections)


def test_check_again_tries_what_has_been_tried(desk: Desk) -> None:
    desk.wait()

    desk.pane.part._handlers[0]({"name": "again"})
    desk.proofs.poll()

    assert len(desk.prover.asked) == 2
    assert desk.session.proof == "done"


def test_a_waived_contract_is_listed_with_its_reason_and_can_be_held_again(leaking: Desk) -> None:
    leaking.session.apply(WaiveContract(code="C001", why="It fills in."))
    leaking.wait()
    (row,) = [row for row in leaking.rows() if row["code"] == "C001"]
    assert "It fills in." in str(row["text"])
    assert leaking.session.findings == ()

    leaking.pane.part._handlers[0]({"name": "contracts", "row": "C001", "act": "reset"})

    assert leaking.session.document == leaking_mask()


def test_a_further_contract_is_required_by_a_dialog_and_given_up_again(desk: Desk) -> None:
    asked: list[tuple[Dialog, Callable[[Message], object]]] = []
    desk.pane._window = Mock(ask=lambda dialog, answer: asked.append((dialog, answer)))
    desk.wait()

    desk.pane.part._handlers[0]({"name": "require"})
    ((dialog, answer),) = asked
    assert "C006" in [item["id"] for item in dialog.items]
    assert "C001" not in [item["id"] for item in dialog.items]
    answer({"button": "require", "item": "C006", "values": {"why": "A set."}})
    desk.wait()
    assert [result.code for result in desk.session.contracts if result.failed] == ["C006"]

    desk.pane.part._handlers[0]({"name": "contracts", "row": "C006", "act": "reset"})
    assert desk.session.document.promises == ()


def test_a_reason_is_asked_for_before_a_contract_is_waived(leaking: Desk) -> None:
    asked: list[tuple[Dialog, Callable[[Message], object]]] = []
    leaking.pane._window = Mock(ask=lambda dialog, answer: asked.append((dialog, answer)))

    leaking.pane.part._handlers[0]({"name": "contracts", "row": "C001", "act": "waive"})
    ((_, answer),) = asked
    answer({"button": "", "values": {}})
    assert leaking.session.document == leaking_mask()
    answer({"button": "waive", "values": {"why": "It fills in."}})

    assert [promise.why for promise in leaking.session.document.promises] == ["It fills in."]


def test_what_cannot_be_tried_says_why(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.views.test_proofs.tried", lambda _: Outcome(problem="Too large."))

    desk.wait()

    assert desk.session.proof == "Too large."
    assert any(s.get("text") == "Too large." for s in desk.pane.part.sections)
    assert validity(desk.session)["text"] == "✓ valid"


@pytest.mark.slow
def test_the_process_answers_and_is_started_again_when_it_has_died(prover: Prover) -> None:
    first, second = (Request(store.dumps(document)) for document in (gpt(), leaking_mask()))

    assert all(result.passed for result in outcome(prover, first).results)

    assert prover.process is not None
    prover.process.kill()
    prover.process.wait()
    assert [result.code for result in outcome(prover, second).results if result.failed] == ["C001"]


def test_a_model_that_takes_too_long_is_given_up_and_the_next_one_is_tried(prover: Prover) -> None:
    prover._limit = 0.01  # seconds, less than a process takes to begin

    late = outcome(prover, Request("{}"))
    thorough = outcome(prover, Request("{}", thorough=True))
    prover._limit = 60
    then = outcome(prover, Request("[]"))

    assert "took longer than 0.01 s" in late.problem
    assert "took longer than 0.05 s" in thorough.problem
    assert "no graph of Stepwise" in then.problem


def test_a_process_that_cannot_be_started_is_told_and_tried_again(
    prover: Prover, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[int] = []

    def fail() -> None:
        starts.append(1)
        raise OSError("Cannot allocate memory")

    monkeypatch.setattr("views.proving._start", fail)

    problems = [outcome(prover, Request(text)).problem for text in ("{}", "[]")]

    assert all("Cannot allocate memory" in problem for problem in problems)
    assert len(starts) == 2


def test_an_answer_that_cannot_be_read_is_told_and_its_process_is_not_asked_again(
    prover: Prover, monkeypatch: pytest.MonkeyPatch
) -> None:
    def garbled(stream: object) -> None:  # noqa: ARG001
        raise UnpicklingError("invalid load key")

    monkeypatch.setattr("views.proving.read", garbled)

    found = outcome(prover, Request("{}"))

    assert "invalid load key" in found.problem
    assert prover.process is None


@pytest.fixture
def prover() -> Iterator[Prover]:
    prover = Prover()
    yield prover
    prover.end()


def outcome(prover: Prover, request: Request) -> Outcome:
    """What is found in the end."""
    prover.ask(1, request)
    end = time.monotonic() + 60
    while (found := prover.found(request)) is None:
        assert time.monotonic() < end
        time.sleep(0.02)
    return found
