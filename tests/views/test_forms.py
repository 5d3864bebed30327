"""Settings as rows of a form."""

from __future__ import annotations

import pytest

from engine.settings import Field, Setting, Value
from views.forms import number, read, rows_of, text_of

WIDTH = Field(name="d_model", type=int, default=8, setting=Setting("Width.", low=1, unit="features"))
RATE = Field(name="dropout", type=float, default=0.1, setting=Setting("Share.", low=0, high=1))
MASK = Field(name="mask", type=str, default="none", setting=Setting("Mask.", choices=("none", "causal")))
BIAS = Field(name="bias", type=bool, default=True, setting=Setting("Bias."))


def test_an_expression_shows_its_value_and_a_number_its_range() -> None:
    rows = rows_of([(WIDTH, "4*size"), (RATE, 0.1)], {"size": 8}, prefix="setting")

    assert [row["hint"] for row in rows] == ["= 32", "0…1"]
    assert ["symbol" in row for row in rows] == [True, False]


def test_an_end_of_a_range_that_has_no_other_is_told_in_the_tooltip() -> None:
    seed = Field(name="seed", type=int, default=0, setting=Setting("Seed.", low=0, high=2**31 - 1))

    (row,) = rows_of([(seed, 0)], {}, prefix="config")

    assert "hint" not in row
    assert row["help"] == "Seed. At least 0."


def test_a_value_out_of_range_carries_the_reason() -> None:
    (row,) = rows_of([(WIDTH, 0)], {}, prefix="setting")

    assert "at least 1" in row["error"]


def test_choices_and_switches_offer_their_values() -> None:
    mask, bias = rows_of([(MASK, "causal"), (BIAS, True)], {}, prefix="setting")

    assert mask["options"] == ["none", "causal"]
    assert (bias["value"], bias["options"]) == ("on", ["off", "on"])


@pytest.mark.parametrize(
    ("field", "typed", "value"),
    [(WIDTH, "16", 16), (WIDTH, "2*d", "2*d"), (RATE, "0.5", 0.5), (BIAS, "off", False), (MASK, "causal", "causal")],
)
def test_what_is_typed_is_read_as_a_value_or_kept_as_an_expression(field: Field, typed: str, value: Value) -> None:
    assert read(field, typed) == value


@pytest.mark.parametrize("value", [True, False, 3, 0.25, "4*d"])
def test_text_of_a_value_reads_back_as_the_value(value: Value) -> None:
    field = {bool: BIAS, float: RATE}.get(type(value), WIDTH)

    assert read(field, text_of(value)) == value


@pytest.mark.parametrize("value", [1e-5, 0.1, 3.0, 0.000123456789, 1234567.0])
def test_a_number_is_shown_in_full_and_read_back(value: float) -> None:
    assert float(text_of(value)) == value


@pytest.mark.parametrize(("text", "value"), [(" 12 ", 12), ("-5", -5), ("--5", "--5"), ("2*n", "2*n")])
def test_a_whole_number_is_one_and_all_else_stays_text(text: str, value: int | str) -> None:
    assert number(text) == value
