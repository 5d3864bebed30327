"""Curves of runs in one figure."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from math import log10
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.curves import MetricsTail
from views.curves import BETWEEN, DECADES, MOST_NAMED, VALUES, CurvePlot, Shown
from views.groups import GROUPS, LOSS, groups
from views.ui.build import node_folder


def run(folder: Path, values: list[float]) -> Shown:
    folder.mkdir()
    rows = [{"step": step, "loss": value, "val_loss": value + 1} for step, value in enumerate(values, start=1)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    tail = MetricsTail(folder)
    tail.read()
    return Shown(folder.name, folder.name, tail)


def drawn(plot: CurvePlot) -> list[list[float]]:
    return [line.data_source.data["y"].tolist() for line in plot.figure.renderers]


def test_a_plot_draws_exactly_what_the_run_wrote(tmp_path: Path) -> None:
    plot = CurvePlot(LOSS, log=True)

    plot.show([run(tmp_path / "a", [3.0, 2.0, 1.0])], 3)

    assert drawn(plot) == [[3.0, 2.0, 1.0], [4.0, 3.0, 2.0]]


def test_two_runs_lie_over_each_other_in_colours_of_their_own(tmp_path: Path) -> None:
    plot = CurvePlot(LOSS)

    plot.show([run(tmp_path / "a", [3.0, 2.0]), run(tmp_path / "b", [5.0, 4.0])], 2)

    assert len(drawn(plot)) == 4
    assert len({line.glyph.name for line in plot.figure.renderers}) == 2


def test_a_run_that_is_no_longer_shown_leaves_the_plot(tmp_path: Path) -> None:
    plot, a = CurvePlot(LOSS), run(tmp_path / "a", [3.0])
    plot.show([a, run(tmp_path / "b", [5.0])], 1)

    plot.show([a], 1)

    assert drawn(plot) == [[3.0], [4.0]]


def test_another_group_draws_other_metrics(tmp_path: Path) -> None:
    plot = CurvePlot(LOSS)
    plot.show([run(tmp_path / "a", [3.0])], 1)

    plot.set_group(GROUPS["Accuracy"])

    assert drawn(plot) == []


def test_smoothing_lays_a_calm_curve_over_the_values(tmp_path: Path) -> None:
    plot = CurvePlot(LOSS)
    plot.smoothing = 0.75

    plot.show([run(tmp_path / "a", [4.0, 0.0, 8.0])], 3)

    assert drawn(plot)[:2] == [[4.0, 0.0, 8.0], [4.0, 3.0, 4.25]]


def run_script(code: str) -> Any:
    """What a piece of JavaScript returns."""
    call = f"process.stdout.write(JSON.stringify((() => {{{code}}})()))"
    done = subprocess.run([str(node_folder() / "node"), "-e", call], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def marks(low: float, high: float, room: int) -> list[float]:
    """What stands at a log axis of so many pixels."""
    plot = {"properties": {"inner_height": {"is_unset": False}}, "inner_height": room}
    given = f"const cb_data = {json.dumps({'start': low, 'end': high})}, plot = {json.dumps(plot)};"
    found: list[float] = run_script(f"{given} const gap = {BETWEEN}; {DECADES}")
    return found


@pytest.mark.parametrize(
    ("low", "high", "room", "wanted"),
    [
        (0.009, 11, 200, [0.01, 0.03, 0.1, 0.3, 1, 3, 10]),
        (0.0005, 4, 90, [0.001, 0.01, 0.1, 1]),
        (1.1, 4, 90, [1.5, 2, 3]),
        (1, 1.4, 200, [1, 1.1, 1.2, 1.3, 1.4]),
        (0, 1, 90, []),
    ],
)
def test_a_log_axis_is_marked_with_round_numbers(low: float, high: float, room: int, wanted: list[float]) -> None:
    assert marks(low, high, room) == wanted


@settings(max_examples=25, deadline=None)
@given(low=st.floats(-12, 3), decades=st.floats(0.2, 20), room=st.integers(40, 900))
def test_numbers_at_a_log_axis_never_touch(low: float, decades: float, room: int) -> None:
    found = marks(10**low, 10 ** (low + decades), room)

    places = [room * (log10(mark) - low) / decades for mark in found]
    assert all(after - before > BETWEEN - 0.001 for before, after in pairwise(places))


@pytest.mark.parametrize(
    ("tick", "text"), [(0.0003, "3e-4"), (0.1, "0.1"), (0.30000000000000004, "0.3"), (0, "0"), (12000, "12k"), (3, "3")]
)
def test_a_small_value_at_an_axis_is_not_written_as_0(tick: float, text: str) -> None:
    assert run_script(f"const tick = {tick}; {VALUES}") == text


def test_the_legend_stands_over_the_axes_and_names_the_newest_values(tmp_path: Path) -> None:
    plot = CurvePlot(LOSS)

    plot.show([run(tmp_path / "a", [3.0, 0.00013149])], 2)

    assert plot.figure.legend[0] in plot.figure.above
    assert [item.label.value for item in plot.figure.legend[0].items] == ["train 0.000131", "valid 1.00"]


def test_experts_and_balance_are_offered_only_where_a_run_has_them() -> None:
    plain = ["loss", "val_loss", "lr"]
    use = [f"expert_use/blocks.{layer}.router/{number}" for layer in (10, 2) for number in (1, 0)]

    found = groups([*plain, "aux_loss", *use])

    assert list(groups(plain)) == list(GROUPS)
    assert list(found) == [*GROUPS, "Balance loss", "Expert use"]
    assert [metric.label for metric in found["Expert use"].metrics] == [
        f"blocks.{layer}.router expert {number}" for layer in (2, 10) for number in (0, 1)
    ]
    assert [metric.label for metric in groups(use[2:])["Expert use"].metrics] == ["expert 0", "expert 1"]


def test_a_legend_names_no_more_curves_than_fit_and_all_are_drawn(tmp_path: Path) -> None:
    use = {f"expert_use/router/{number}": number / 32 for number in range(2 * MOST_NAMED)}
    (tmp_path / "metrics.jsonl").write_text(json.dumps({"step": 1, **use}) + "\n")
    tail = MetricsTail(tmp_path)
    tail.read()
    plot = CurvePlot(groups(use)["Expert use"])

    plot.show([Shown("a", "a", tail)], 1)

    assert drawn(plot) == [[value] for value in use.values()]
    assert len(plot.figure.legend.items) == MOST_NAMED
