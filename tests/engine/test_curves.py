"""Curves read piece by piece."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from engine.curves import Curve, MetricsTail, last_metrics


def write(folder: Path, *rows: dict[str, object]) -> None:
    with (folder / "metrics.jsonl").open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(-5, 5))))
def test_of_each_step_the_last_value_counts(points: list[tuple[int, float]]) -> None:
    curve = Curve()
    for step, value in points:
        curve.add(step, value)

    steps, values = curve.columns

    assert dict(zip(steps.astype(int).tolist(), values.tolist(), strict=True)) == dict(points)
    assert steps.tolist() == sorted(set(steps.tolist()))


def test_a_run_is_followed_piece_by_piece_and_through_a_resume(tmp_path: Path) -> None:
    tail = MetricsTail(tmp_path)
    assert tail.read() == 0

    write(tmp_path, {"step": 1, "loss": 3.0}, {"step": 2, "loss": 2.0}, {"step": 2, "val_loss": 2.5})
    assert tail.read() == 3
    write(tmp_path, {"step": 2, "loss": 2.1}, {"step": 3, "loss": 1.0})
    assert tail.read() == 2

    assert tail.columns("loss")[0].tolist() == [1, 2, 3]
    assert tail.columns("loss")[1].tolist() == [3.0, 2.1, 1.0]
    assert tail.columns("val_loss")[1].tolist() == [2.5]
    assert tail.step == 3


def test_after_a_resume_the_newest_point_is_the_one_that_came_last(tmp_path: Path) -> None:
    write(tmp_path, {"step": 1, "loss": 3.0}, {"step": 2, "loss": 2.0}, {"step": 3, "loss": 1.0})
    tail = MetricsTail(tmp_path)
    tail.read()
    write(tmp_path, {"step": 2, "loss": 2.5})

    tail.read()

    assert tail.last() == {"loss": 2.5}
    assert tail.curves["loss"].last == (2, 2.5)
    assert len(tail.curves["loss"]) == 3


def test_a_metric_that_a_run_has_not_is_empty(tmp_path: Path) -> None:
    steps, values = MetricsTail(tmp_path).columns("nothing")

    assert len(steps) == len(values) == 0


def test_numbers_that_are_none_leave_a_gap(tmp_path: Path) -> None:
    write(tmp_path, {"step": 1, "loss": 3.0}, {"step": 2, "loss": None}, {"step": 3, "loss": 1.0})
    tail = MetricsTail(tmp_path)
    tail.read()

    assert tail.columns("loss")[0].tolist() == [1, 3]


def test_a_table_needs_only_the_end_of_a_long_file(tmp_path: Path) -> None:
    write(tmp_path, *({"step": step, "loss": step / 2, "filler": 0.123456789} for step in range(20_000)))

    assert last_metrics(tmp_path)["loss"] == 19_999 / 2
