"""The runs pane: every run in a table, what differs between the chosen, and what can be done with one."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from builder import templates
from builder.run import write_run
from engine import jobs, locations
from engine.config import RunConfig
from engine.status import Status, change_status
from tests.engine.run_folders import append, loss
from views.commands import COMMANDS
from views.run_rows import difference_rows, short
from views.runner import Runner
from views.runs import CHOOSE, CURVELESS, NONE, RunsPane
from views.selection import Selection
from views.session import Session


class Desk:
    """A runs pane without a browser. Holds the commands it gave."""

    def __init__(self) -> None:
        self.session, self.runner, self.selection = Session(templates.build("tiny")), Runner(), Selection()
        self.commands: list[str] = []
        self.is_shown = True
        arguments = (self.session, self.runner, self.selection, self.commands.append)
        self.pane = RunsPane(*arguments, is_shown=lambda: self.is_shown)

    def choose(self, *folders: Path) -> None:
        """Click rows of the table."""
        self.say(name="runs", value=[folder.name for folder in folders])

    def say(self, **message: Any) -> None:
        """Let the browser say something."""
        self.pane._receive(message)

    def rows(self) -> list[dict[str, Any]]:
        """Rows of the table."""
        return list(self.pane._table.sections[0]["rows"])

    def details(self) -> list[dict[str, Any]]:
        """What stands beside the table."""
        return list(self.pane._detail.sections)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path))


def run(name: str, heads: int = 2, state: str = "stopped", **changes: Any) -> Path:
    """A run that was trained for three steps."""
    folder = locations.runs() / name
    folder.mkdir(parents=True)
    document = templates.build("tiny", d_model=8, n_heads=heads, n_layers=1)
    write_run(document, RunConfig.suited("reverse", **changes), folder, name)
    change_status(folder, state=state)
    append(folder, *(loss(step) for step in (1, 2, 3)))
    return folder


def test_without_runs_there_is_a_word_and_a_button() -> None:
    desk = Desk()
    assert desk.pane._table.sections == [{"kind": "empty", "id": "train", "text": NONE, "action": "Train"}]

    desk.say(id="train")

    assert desk.commands == ["train"]


def test_a_run_is_read_again_only_when_it_has_written_something(monkeypatch: pytest.MonkeyPatch) -> None:
    silent, talking = run("1"), run("2")
    desk, read = Desk(), list[Path]()

    def last_metrics(folder: Path) -> dict[str, float]:
        read.append(folder)
        return {"step": 4}

    monkeypatch.setattr("views.run_rows.last_metrics", last_metrics)

    append(talking, loss(4))
    desk.pane.refresh()

    assert read == [talking]
    assert [row["cells"]["step"]["value"] for row in desk.rows()] == [4, 3]
    assert silent.name == desk.rows()[1]["id"]


def test_every_run_is_a_row_with_its_last_numbers() -> None:
    run("1")
    run("2", lr=0.5, seed=3)

    rows = Desk().rows()

    assert [row["id"] for row in rows] == ["2", "1"]
    assert [row["cells"]["step"]["value"] for row in rows] == [3, 3]
    assert rows[0]["cells"]["loss"]["value"] == pytest.approx(1 / 3)


def test_what_differs_in_settings_and_in_the_graph_is_named() -> None:
    first, second = run("1"), run("2", heads=4, lr=0.5)

    rows = difference_rows([first, second])

    found = {row[0].rpartition(".")[2]: row[1:] for row in rows}
    assert ["0.004", "0.5"] in found.values()
    assert ["2", "4"] in found.values()
    assert len(rows) == 2


def test_equal_runs_do_not_differ() -> None:
    folders = [run("1"), run("2")]

    desk = Desk()
    desk.choose(*folders)

    assert difference_rows(folders) == []
    assert desk.details()[1]["text"] == "Nothing: same graph, same settings."


def test_compared_runs_have_the_colour_of_their_curves_in_the_table_and_over_what_differs() -> None:
    first, second = run("1", heads=4), run("2")
    desk = Desk()

    desk.choose(second, first)

    head = desk.details()[1]["head"][1:]
    dots = {row["id"]: row["cells"]["name"]["colour"] for row in desk.rows()}
    drawn = [line.glyph.name for line in desk.pane._plot.figure.renderers]
    assert [(cell["text"], cell["colour"]) for cell in head] == [("2", drawn[0]), ("1", drawn[-1])]
    assert dots == {"2": drawn[0], "1": drawn[-1]}
    assert drawn[0] != drawn[-1]
    desk.choose(first)
    assert not any("colour" in row["cells"]["name"] for row in desk.rows())


def test_without_curves_a_sentence_stands_in_place_of_an_empty_chart() -> None:
    folder = run("1")
    desk = Desk()

    def said() -> str:
        return str(desk.pane._lesson.sections[0]["text"]) if desk.pane._right.css_classes == ["bare"] else ""

    assert said() == CHOOSE
    desk.choose(folder)
    assert said() == ""
    (folder / "metrics.jsonl").unlink()
    fresh = Desk()
    fresh.choose(folder)
    assert fresh.pane._lesson.sections[0]["text"] == CURVELESS


def test_the_first_of_the_chosen_is_what_the_other_panes_look_at() -> None:
    first, second = run("1"), run("2")
    desk = Desk()

    desk.choose(second, first)

    assert desk.selection.run == "2"


def test_the_graph_of_a_run_is_opened_and_undo_leads_back() -> None:
    folder = run("1", heads=4)
    desk = Desk()
    before = desk.session.document
    desk.choose(folder)

    desk.say(id="graph")
    assert desk.session.scope["n_heads"] == 4
    desk.session.undo()

    assert desk.session.document == before


@pytest.mark.parametrize(("state", "disabled"), [("stopped", False), ("failed", False), ("finished", True)])
def test_only_a_run_that_did_not_end_well_goes_on(state: str, disabled: bool) -> None:
    desk = Desk()
    desk.choose(run("1", state=state))

    (actions,) = (section for section in desk.details() if section["kind"] == "actions")

    assert next(item for item in actions["items"] if item["id"] == "go-on")["disabled"] is disabled


def test_an_export_is_of_the_chosen_run() -> None:
    first = run("1")
    run("2")
    desk = Desk()
    desk.choose(first)

    desk.say(id="export-run")

    assert desk.runner.folder == first
    assert desk.commands == ["export"]


def test_no_action_on_a_run_is_called_like_a_command_of_the_window_which_would_run_instead() -> None:
    desk = Desk()
    desk.choose(run("1"))

    (actions,) = (section for section in desk.details() if section["kind"] == "actions")

    assert not {item["id"] for item in actions["items"]} & {command.id for command in COMMANDS}


def test_a_row_that_is_opened_is_followed() -> None:
    folder = run("1")
    desk = Desk()

    desk.say(name="runs", open="1")

    assert desk.runner.folder == folder


def test_a_run_whose_graph_is_broken_is_told_about_and_harms_nothing() -> None:
    folder = run("1")
    (folder / "graph.json").write_text("{")
    desk = Desk()
    desk.choose(folder)

    desk.say(id="graph")

    assert desk.session.notice is not None
    assert desk.session.revision == 0


def test_a_run_that_is_opened_is_the_chosen_one() -> None:
    desk, first, second = Desk(), run("1"), run("2")
    desk.choose(first)

    desk.say(name="runs", open=second.name)

    assert desk.selection.run == second.name
    assert desk.runner.folder == second


def test_a_run_is_renamed_where_it_is_looked_at() -> None:
    desk = Desk()
    desk.choose(run("1"))

    desk.say(name="name", value="my best")

    assert desk.rows()[0]["cells"]["name"]["text"] == "my best"


def test_columns_in_which_no_run_says_anything_are_left_out() -> None:
    folder, desk = run("1"), Desk()
    before = [column["id"] for column in desk.pane._table.sections[0]["columns"]]
    append(folder, {"step": 3, "val_accuracy": 0.5})
    desk.pane.refresh()

    assert "score" not in before
    assert "score" in [column["id"] for column in desk.pane._table.sections[0]["columns"]]


def test_curves_are_named_by_what_tells_them_apart() -> None:
    assert short(["GPT-2 · sort", "GPT-2 · sort 2"]) == ["sort", "sort 2"]
    assert short(["mine", "yours"]) == ["mine", "yours"]


def test_out_of_sight_nothing_is_read_until_it_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    run("1")
    desk, looks = Desk(), list[Path]()
    found = jobs.runs

    def runs(root: Path) -> list[tuple[Path, Status]]:
        looks.append(root)
        return found(root)

    monkeypatch.setattr(jobs, "runs", runs)
    desk.is_shown = False
    run("2")
    desk.runner.revision += 1
    assert looks == []

    desk.is_shown = True
    desk.pane.refresh()

    assert [row["id"] for row in desk.rows()] == ["2", "1"]


def test_a_run_of_today_has_a_time_and_from_the_next_day_on_a_date(monkeypatch: pytest.MonkeyPatch) -> None:
    created = datetime(2026, 3, 4, 13, 14).timestamp()
    change_status(run("1"), created=created)

    def on(day: date) -> str:
        class Day(date):
            @classmethod
            def today(cls) -> date:  # type: ignore[override]
                return day

        monkeypatch.setattr("views.runs.date", Day)
        desk.pane.refresh()
        return str(desk.rows()[0]["cells"]["started"]["text"])

    desk = Desk()

    assert on(date(2026, 3, 4)) == "13:14"
    assert on(date(2026, 3, 5)) == "04 Mar"


def test_a_run_that_was_removed_is_forgotten() -> None:
    desk, folder = Desk(), run("1")
    desk.pane.refresh()
    shutil.rmtree(folder)
    desk.pane.refresh()

    assert desk.pane._rows == {}


def test_a_run_with_an_odd_status_hides_no_other() -> None:
    run("1")
    odd = run("2") / "status.json"
    odd.write_text(odd.read_text().replace('"stopped"', '"weird"'))

    assert [row["id"] for row in Desk().rows()] == ["1"]
