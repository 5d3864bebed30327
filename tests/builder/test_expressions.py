"""Expressions over symbols: the same numbers as Python's, and nothing but numbers and names."""

from __future__ import annotations

import ast
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.expressions import evaluate, names_in, parse, renamed
from engine.errors import ExpressionError

SCOPE = {"d_model": 12, "n_heads": 4, "dropout": 0.1, "mask": "causal", "bias": True}


def expressions() -> st.SearchStrategy[str]:
    """Texts made of numbers, two names and the four operators."""
    leaves = st.one_of(st.integers(0, 99).map(str), st.sampled_from(["d_model", "n_heads"]))
    pairs = st.sampled_from(["+", "-", "*", "//"])

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(st.tuples(inner, pairs, inner).map("".join), inner.map("({})".format), inner.map("-{}".format))

    return st.recursive(leaves, grow, max_leaves=6)


@given(expressions())
def test_an_expression_has_the_value_that_python_gives_it(text: str) -> None:
    try:
        expected = eval(text, {"__builtins__": {}}, dict(SCOPE))
    except ZeroDivisionError:
        with pytest.raises(ExpressionError, match="divides by zero"):
            evaluate(text, SCOPE)
    else:
        assert evaluate(text, SCOPE) == expected


@given(expressions())
def test_renaming_there_and_back_keeps_the_value(text: str) -> None:
    there = renamed(text, "d_model", "width")
    back = renamed(there, "width", "d_model")

    assert "d_model" not in names_in(there)
    assert ast.dump(parse(back)) == ast.dump(parse(text))


@pytest.mark.parametrize(("name", "value"), SCOPE.items())
def test_a_single_name_may_stand_for_any_value(name: str, value: object) -> None:
    assert evaluate(f" {name} ", SCOPE) is value


@pytest.mark.parametrize(
    "text",
    [
        "", "d_model.real", "f(1)", "2**9", "1/2", "[1]", "'a'", "lambda: 1", "a if b else c", "1,2", "x=1",
        "True", "None", "1e999", "1j", "a[0]", "not a", "a<b", "__import__('os')", "9" * 150, "(" * 100,
        "a\nb", "\x00", "a;b", "1" * 300, "@", "…",
    ],
)  # fmt: skip
def test_all_else_that_python_knows_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ExpressionError):
        assert parse(text) is parse(text)


def test_an_unknown_name_is_answered_with_the_closest() -> None:
    with pytest.raises(ExpressionError, match="Did you mean 'd_model'"):
        evaluate("4*d_modl", SCOPE)


@pytest.mark.parametrize("text", ["2*dropout", "mask+1", "-bias", "n_heads//dropout"])
def test_only_whole_numbers_can_be_combined(text: str) -> None:
    with pytest.raises(ExpressionError, match="calculates with"):
        evaluate(text, SCOPE)
