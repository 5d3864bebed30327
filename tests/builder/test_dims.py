"""Sizes with names: their arithmetic agrees with numbers put in for the names."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

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

PRIMES = {"B": 2, "T": 3, "S": 5, "D": 7}
sizes = st.builds(
    lambda n, names: Dim(n, tuple(sorted(names))), st.integers(1, 9), st.lists(st.sampled_from("BTSD"), max_size=3)
)


def worth(dim: Dim) -> float:
    return dim.number * prod(PRIMES[name] for name in dim.names) / dim.divisor


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


def test_shapes_read_on_wires_and_in_messages() -> None:
    shape = (letter("B"), times(number(4), letter("D")), number(128))

    assert text(shape) == "B 4*D 128"
    assert in_brackets(shape) == "(B, 4*D, 128)"
    assert text(None) == ""
