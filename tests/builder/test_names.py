"""Ids: what can be one, and making one of any text."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import fx, nn

from builder.names import MAX_LENGTH, RESERVED, fresh, problem, slug


def is_of_torch(name: str) -> bool:
    """Whether no other library has put it there: transformers adds a method to every module."""
    return not str(getattr(getattr(nn.Module, name, None), "__module__", "")).startswith("transformers")


def test_no_id_hides_an_attribute_of_a_module() -> None:
    modules = nn.Module(), fx.GraphModule(nn.Module(), fx.Graph())

    public = {name for module in modules for name in dir(module) if not name.startswith("_") and is_of_torch(name)}

    assert public - {"T_destination"} <= RESERVED


@pytest.mark.parametrize("name", ["", "Norm", "2nd", "a-b", "a.b", "_x", "naïve", "x" * 65, "train", "class", "input"])
def test_an_id_that_python_or_torch_would_misread_is_refused(name: str) -> None:
    assert problem(name)


@pytest.mark.parametrize("name", ["norm", "q_proj", "ln_1", "blocks", "source", "tokens", "x"])
def test_the_names_of_the_field_are_ids(name: str) -> None:
    assert not problem(name)


@pytest.mark.parametrize(
    ("text", "name"),
    [("Layer norm (pre)", "layer_norm_pre"), ("42 heads", "heads"), ("…", "node"), ("Train", "train_1")],
)
def test_a_slug_keeps_the_words(text: str, name: str) -> None:
    assert slug(text) == name


@given(st.text())
def test_every_text_becomes_an_id(text: str) -> None:
    name = slug(text)

    assert not problem(name)
    assert not keyword.iskeyword(name)
    assert hasattr(nn.Module(), name) is False
    assert len(name) <= MAX_LENGTH


@given(st.lists(st.text(max_size=4), max_size=12))
def test_fresh_ids_are_all_different(texts: list[str]) -> None:
    taken: list[str] = []

    for text in texts:
        taken.append(fresh(text, taken))

    assert len(set(taken)) == len(texts)
    assert not any(problem(name) for name in taken)


def test_a_taken_id_gets_the_next_free_number() -> None:
    assert fresh("norm", {"norm", "norm_2"}) == "norm_3"
    assert fresh("norm_2", {"norm_2"}) == "norm_3"
