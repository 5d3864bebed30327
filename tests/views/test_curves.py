"""Curves of runs in one figure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.curves import MetricsTail
from views.curves import GROUPS, LOSS, CurvePlot, Shown, decades


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


@pytest.mark.parametrize(("low", "high", "some"), [(0.01, 10, {0.01, 0.03, 0.1, 0.3, 1, 3, 10}), (1, 4, {1, 2, 3})])
def test_a_log_axis_is_marked_with_round_numbers(low: float, high: float, some: set[float]) -> None:
    assert some <= set(decades(low, high))


def test_the_legend_stands_in_the_corner_that_the_curves_leave_free() -> None:
    plot = CurvePlot(LOSS)
    assert plot.figure.legend.location == "top_right"

    plot.set_group(GROUPS["Accuracy"])

    assert plot.figure.legend.location == "bottom_right"
