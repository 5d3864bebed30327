"""The logic of the benchmarks' table."""

from __future__ import annotations

import pytest

from tests.benchmarks.__main__ import cells
from tests.benchmarks.gestures import FRAME, dropped
from tests.benchmarks.table import Row, best, ratio, strain


@pytest.mark.parametrize(("value", "goal", "reached"), [(1.0, 1.0, True), (1.01, 1.0, False), (9.0, None, True)])
def test_a_goal_is_the_largest_value_wished_for(value: float, goal: float | None, reached: bool) -> None:
    assert Row(what="x", value=value, unit="ms", goal=goal).reached is reached


def test_a_goal_is_judged_by_the_time_itself_not_by_what_it_might_be_on_a_calm_machine() -> None:
    row = Row(what="x", value=30.0, unit="ms", goal=10.0)

    assert cells(row, 3.0) == ["x", "30 ms", "10 ms", "≤ 10 ms", "[red]✗[/red]"]


def test_ratios_and_bytes_do_not_depend_on_the_load() -> None:
    for unit in ("×", "kB", "%"):
        row = Row(what="x", value=3.0, unit=unit, goal=2.0)
        assert row.calm(4.0) is row
        assert cells(row, 4.0)[2:] == ["", f"≤ 2 {unit}", "[red]✗[/red]"]


def test_the_ratio_is_the_median_over_rounds_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("tests.benchmarks.table.time.process_time", lambda: now[0])
    order: list[str] = []
    waits = iter([2.0, 2.0, 100.0, 2.0, 2.0, 2.0])

    def ours() -> None:
        order.append("ours")
        now[0] += next(waits)

    def theirs() -> None:
        order.append("theirs")
        now[0] += 4.0

    assert ratio(ours, theirs, rounds=5) == 0.5  # one disturbed round of five does not count
    assert order == ["ours", "theirs"] * 6  # the first of each is not timed


def test_where_other_processes_are_asked_about_the_time_that_passes_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("tests.benchmarks.table.time.perf_counter", lambda: now[0])

    def waits(seconds: float) -> None:
        now[0] += seconds  # without computing anything

    assert ratio(lambda: waits(3.0), lambda: waits(2.0), rounds=3, wall=True) == 1.5


def test_the_best_of_several_calls_is_the_least_disturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    now, waits = [0.0], iter([5.0, 3.0, 8.0])
    monkeypatch.setattr("tests.benchmarks.table.time.perf_counter", lambda: now[0])

    def action() -> None:
        now[0] += next(waits)

    assert best(action, repeats=3) == 3.0


def test_strain_is_never_below_a_calm_machine() -> None:
    assert strain(bursts=3) >= 1.0


def test_a_frame_that_lasts_three_dropped_two() -> None:
    steady = [FRAME * i for i in range(10)]

    assert dropped(steady) == 0.0
    assert dropped([*steady, steady[-1] + 3 * FRAME]) == pytest.approx(2 / 12)
