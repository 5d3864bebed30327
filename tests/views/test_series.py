"""Curves: what is sent to the browser."""

from __future__ import annotations

import numpy as np

from views.series import POINTS, smooth, visible


def test_a_long_curve_is_sent_short_and_keeps_its_single_spike() -> None:
    steps, values = np.arange(100_000.0), np.zeros(100_000)
    values[61_803] = 9.0

    sent_steps, sent = visible((steps, values))

    assert len(sent) <= POINTS
    assert sent_steps[np.argmax(sent)] == 61_803


def test_a_window_shows_its_own_points_and_one_beyond_each_edge() -> None:
    steps, _ = visible((np.arange(100.0), np.zeros(100)), window=(10, 12))

    assert steps.tolist() == [9, 10, 11, 12]


def test_smoothing_is_the_exponential_mean_of_its_definition() -> None:
    _, values = smooth((np.arange(3.0), np.array([4.0, 0.0, 8.0])), 0.75)

    np.testing.assert_allclose(values, [4.0, 3.0, 4.25])


def test_no_smoothing_changes_nothing() -> None:
    columns = (np.arange(3.0), np.array([4.0, 0.0, 8.0]))

    assert smooth(columns, 0) is columns
