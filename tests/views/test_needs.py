"""What the model needs, in the status bar and the inspector."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from builder import templates
from builder.edits import Move, SetSymbol
from builder.resources import resources
from engine import machine
from engine.config import RunConfig
from engine.machine import Speed
from views.needs import Needs, cost, status
from views.numbers import count
from views.session import Session
from views.setup import Setup

SPEED = Speed(flops=1e9, bandwidth=1e10, call=1e-5)


@pytest.fixture
def needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Needs:
    """Of the tiny GPT on its task; the machine is measured already."""
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path))
    monkeypatch.setattr(machine, "known", lambda: SPEED)
    return Needs(Session(templates.build("tiny")), Setup(RunConfig.suited("reverse")))


def wait(needs: Needs) -> None:
    """Poll until what the present document needs is known."""
    before, end = needs.revision, time.monotonic() + 60
    while needs.revision == before and time.monotonic() < end:
        needs.poll()
        time.sleep(0.02)


def text_of(needs: Needs) -> str:
    return str(status(needs, needs._session.document)[0]["text"])


def test_the_status_bar_has_parameters_at_once_and_the_rest_once_it_is_known(needs: Needs) -> None:
    assert text_of(needs) == "0.10\u2009M parameters"

    wait(needs)

    assert "FLOPs/token" in text_of(needs)
    assert "MB" in text_of(needs)
    assert text_of(needs).endswith("/step")


def test_an_edit_takes_back_what_is_no_longer_true(needs: Needs) -> None:
    wait(needs)
    before = text_of(needs)

    needs._session.apply(SetSymbol(at="model", name="d_model", value=128))
    assert "FLOPs" not in text_of(needs)
    wait(needs)

    assert "FLOPs" in text_of(needs) != before


def test_a_block_that_is_moved_leaves_the_numbers_where_they_are(needs: Needs) -> None:
    wait(needs)
    before = text_of(needs)

    needs._session.apply(Move(at="model", positions={"ln_f": (500.0, 9.0)}))

    assert text_of(needs) == before


def test_numbers_are_those_of_a_batch_of_the_task(needs: Needs) -> None:
    wait(needs)
    wanted = resources(needs._session.document, RunConfig.suited("reverse").batch_size, 21)

    assert needs.found == wanted


def test_the_inspector_tells_what_a_block_costs_in_all_its_layers(needs: Needs) -> None:
    wait(needs)
    sections = cost(needs, needs._session.document, ("blocks", "ffn", "up"))
    rows = dict(next(section["rows"] for section in sections if section["kind"] == "table"))

    assert rows["parameters"] == f"{2 * (64 * 256 + 256):,}".replace(",", "\u2009")
    assert rows["FLOPs per token"] == count(2 * 2 * 64 * 256)


def test_a_block_without_any_cost_has_no_section(needs: Needs) -> None:
    assert cost(needs, needs._session.document, ("tokens",)) == []


def test_a_model_that_cannot_be_built_has_parameters_alone(needs: Needs) -> None:
    session = needs._session
    session.open_document(session.document.with_definition(session.document.main.without_nodes(("ln_f",))))

    wait(needs)

    assert needs.found is None
    assert text_of(needs).endswith("parameters")


def test_the_machine_is_measured_once_and_remembered(tmp_path: Path) -> None:
    process = machine.probe(tmp_path)
    assert process is not None
    process.wait(timeout=120)

    speed = machine.known(tmp_path)

    assert speed is not None
    assert speed.flops > 1e6 < speed.bandwidth
    assert 0 < speed.call < 1
    assert machine.probe(tmp_path) is None


def test_the_speed_of_another_machine_is_not_taken_for_this_ones(tmp_path: Path) -> None:
    numbers = {"flops": 1.0, "bandwidth": 1.0, "call": 1.0}
    machine.file(tmp_path).write_text(json.dumps({"machine": "another", "speed": numbers}))

    assert machine.known(tmp_path) is None
