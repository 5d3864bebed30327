"""Numbers as words."""

from __future__ import annotations

import pytest

from views.numbers import clock, count, duration, grouped, significant, size


@pytest.mark.parametrize(("count", "text"), [(7, "7"), (1234, "1\u2009234"), (1234567, "1\u2009234\u2009567")])
def test_counts_are_grouped_by_thin_spaces(count: int, text: str) -> None:
    assert grouped(count) == text


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (count(0), "0"), (count(999), "999"), (count(5000), "5 000"), (count(9999), "9 999"), (count(10_000), "10.0 k"),
        (count(99_990), "100 k"), (count(100_000), "0.10 M"), (count(800_000), "0.80 M"), (count(134_515_008), "135 M"),
        (count(804_096), "0.80 M"),
        (count(81_200), "81.2 k"), (count(1_590_000_000), "1.59 G"), (count(12), "12"),
        (size(512), "512 B"), (size(34_200_000), "34.2 MB"), (size(164e9), "164 GB"),
        (duration(0.000012), "12 µs"), (duration(0.0123), "12.3 ms"), (duration(3.2), "3.20 s"),
        (duration(600), "10 min"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits_and_a_unit(shown: str, wanted: str) -> None:
    assert shown.replace("\u2009", " ").strip() == wanted


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "–"), (0, "0:00"), (65.9, "1:05"), (3600, "1:00:00"), (-3, "0:00")]
)
def test_a_clock_shows_hours_only_where_there_are_any(seconds: float | None, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0.00"), (1.2, "1.20"), (0.000131, "0.000131"), (2.5e-6, "2.50e-6"), (123.4, "123"),
        (50698.2, "50\u2009698"), (-0.5, "-0.500"), (float("nan"), "nan"),
    ],
)  # fmt: skip
def test_a_measured_number_keeps_three_digits_however_small(value: float, text: str) -> None:
    assert significant(value) == text
