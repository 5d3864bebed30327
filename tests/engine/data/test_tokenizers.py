"""Characters to ids and back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data import CharTokenizer, tokenizer_from
from engine.errors import RunError

LETTERS = CharTokenizer("_ab \n")


@given(st.text(alphabet="ab \n"))
def test_decoding_an_encoded_text_gives_it_back(text: str) -> None:
    assert LETTERS.decode(LETTERS.encode(text)) == text


def test_a_tokenizer_is_the_same_after_a_trip_through_json() -> None:
    assert tokenizer_from(json.loads(json.dumps(LETTERS.to_dict()))) == LETTERS


def test_spaces_and_line_ends_are_visible_in_labels() -> None:
    assert LETTERS.pieces(LETTERS.encode("a b\n")) == ["a", "␣", "b", "⏎"]


def test_an_id_that_the_model_has_but_the_tokenizer_not_is_shown_as_unknown() -> None:
    assert LETTERS.decode([1, 99]) == "a�"


def test_an_unknown_kind_of_tokenizer_is_refused() -> None:
    with pytest.raises(RunError, match="'words'"):
        tokenizer_from({"kind": "words"})
