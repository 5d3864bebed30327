"""Curves of runs in one figure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.curves import MetricsTail
from views.curves import MOST_NAMED, CurvePlot, Shown, decades
from views.groups import GROUPS, LOSS, groups


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
