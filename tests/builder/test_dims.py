"""Sizes with names: their arithmetic agrees with numbers put in for the names."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder import dims
from builder.dims import (
    Dim,
    IndivisibleError,
    Letters,
    agree,
    in_brackets,
    letter,
    match,
    number,
    over,
    pattern,
    plus,
    shape_of,
    text,
    times,
    unknown,
)
from engine.errors import ExpressionError

PRIMES = {"B": 2, "T": 3, "S": 5, "D": 7}
sizes = st.builds(
    lambda n, names: Dim(n, tuple(sorted(names))), st.integers(1, 9), st.lists(st.sampled_from("BTSD"), max_size=3)
)


def worth(dim: Dim) -> float:
    return dim.number * prod(PRIMES[name] for name in dim.names) / dim.divisor + dim.more


@given(sizes, sizes)
def test_a_product_is_worth_the_product(a: Dim, b: Dim) -> None:
    assert worth(times(a, b)) == worth(a) * worth(b)


@given(sizes, sizes)
def test_dividing_a_product_gives_its_factor_back(a: Dim, b: Dim) -> None:
    assert over(times(a, b), b) == a


@given(sizes, st.integers(1, 9))
def test_the_sum_of_sizes_with_the_same_names_is_worth_the_sum(a: Dim, count: int) -> None:
    other = a._replace(number=count)

    assert worth(plus(a, other)) == pytest.approx(worth(a) + worth(other))


def test_a_symbolic_width_can_be_split_and_merged_again() -> None:
    per_head = over(letter("D"), number(4))

    assert str(per_head) == "D//4"
    assert times(number(4), per_head) == letter("D")


def test_a_number_that_leaves_a_rest_is_refused() -> None:
    with pytest.raises(IndivisibleError, match="100 cannot be divided evenly by 8"):
        over(number(100), number(8))


def test_an_unknown_size_agrees_with_any_other() -> None:
    assert agree(unknown("T"), number(7))
    assert not agree(letter("T"), number(7))
    assert not times(unknown("T"), number(2)).known


def test_matching_binds_letters_and_compares_settings() -> None:
    letters: Letters = {}
    shape = (letter("B"), number(9), number(16))

    assert match(pattern("B T d_model"), shape, letters, {"d_model": 16})
    assert letters == {"B": letter("B"), "T": number(9)}
    assert not match(pattern("B T d_model"), shape, {}, {"d_model": 17})
    assert not match(pattern("B d_model"), shape, {}, {"d_model": 16})


def test_a_letter_stands_for_one_size_within_a_block() -> None:
    assert match(pattern("B T T"), (letter("B"), number(4), number(4)), {}, {})
    assert not match(pattern("B T T"), (letter("B"), number(4), number(5)), {}, {})


def test_dots_stand_for_the_same_dimensions_at_every_port() -> None:
    letters: Letters = {}

    assert match(pattern("... D"), (letter("B"), letter("T"), number(8)), letters, {})
    assert shape_of(pattern("... d_out"), letters, {"d_out": 3}) == (letter("B"), letter("T"), number(3))
    assert not match(pattern("... D"), (letter("B"), number(8)), letters, {})


@given(sizes, st.integers(0, 9), st.integers(0, 9))
def test_numbers_added_to_a_size_and_taken_away_leave_it_as_it_was(a: Dim, more: int, less: int) -> None:
    sum_ = plus(plus(a, number(more)), number(less), -1)

    assert worth(sum_) == worth(a) + more - less
    assert plus(plus(sum_, number(less)), number(more), -1) == a
    assert worth(plus(number(more), a)) == worth(a) + more


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (plus(letter("T"), number(1)), "T+1"),
        (plus(over(letter("T"), number(2)), number(1), -1), "T//2-1"),
        (times(plus(letter("T"), number(1)), letter("D")), "(T+1)*D"),
        (over(plus(letter("T"), number(1)), number(2)), "(T+1)//2"),
        (times(plus(letter("T"), number(1)), number(1)), "T+1"),
        (plus(letter("T"), letter("S")), "(T+S)"),
        (plus(letter("T"), letter("T"), -1), "0"),
    ],
)
def test_sums_read_as_they_are_meant(size: Dim, words: str) -> None:
    assert str(size) == words


def test_dots_with_a_star_may_be_fewer_or_one() -> None:
    letters: Letters = {"...": (letter("B"), letter("T"), number(8))}

    assert match(pattern("*..."), (number(1), letter("T"), number(8)), letters, {})
    assert match(pattern("*..."), (number(8),), letters, {})
    assert not match(pattern("*..."), (letter("B"), letter("S"), number(8)), letters, {})
    assert not match(pattern("*..."), (number(1), letter("B"), letter("T"), number(8)), letters, {})


def test_a_letter_that_nothing_told_may_have_another_in_its_place() -> None:
    told: Letters = {"T": letter("T"), "S": number(5)}

    assert shape_of(pattern("T S|T"), told, {}) == (letter("T"), number(5))
    assert shape_of(pattern("T S|T"), {"T": letter("T")}, {}) == (letter("T"), letter("T"))


CASES = "axis=features,stop<1: ... D ; axis=features: ... T D ; flag=True: ... H T D ; ... E"


@pytest.mark.parametrize(
    ("settings", "chosen"),
    [
        ({"axis": "features", "stop": 0, "flag": False}, "... D"),
        ({"axis": "features", "stop": 1, "flag": True}, "... T D"),
        ({"axis": "heads", "stop": 1, "flag": True}, "... H T D"),
        ({"axis": "heads", "stop": 1, "flag": False}, "... E"),
        ({"axis": None, "stop": 1, "flag": False}, "..."),
    ],
)
def test_the_first_case_that_holds_is_the_shape(settings: dict[str, int | str | None], chosen: str) -> None:
    assert dims.chosen(pattern(CASES), settings).text == chosen


@pytest.mark.parametrize("text", ["axis: ... D", "a=b=c: T", ": ; : ["])
def test_a_condition_that_cannot_be_read_is_told(text: str) -> None:
    with pytest.raises(ExpressionError, match="cannot be read"):
        pattern(text)


def test_shapes_read_on_wires_and_in_messages() -> None:
    shape = (letter("B"), times(number(4), letter("D")), number(128))

    assert text(shape) == "B 4*D 128"
    assert in_brackets(shape) == "(B, 4*D, 128)"
    assert text(None) == ""
