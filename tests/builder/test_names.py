"""Ids: what can be one, and making one of any text. Names of files and folders: one for each text."""

from __future__ import annotations

import keyword
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import fx, nn

from builder.names import MAX_LENGTH, RESERVED, file_stem, folder_name, fresh, problem, slug


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


@pytest.mark.parametrize(
    ("text", "stem"),
    [
        ("Tiny GPT", "tiny_gpt"),
        ("gpt2", "gpt2"),
        ("GPT-2", "gpt_2"),
        ("graph", "graph_1"),
        ("模型一", "模型一"),
        ("Модель 1", "модель_1"),
        ("Größe", "größe"),
        ("हिन्दी", "हिन्दी"),
        ("2 layers", "2_layers"),
    ],
)
def test_a_file_is_called_like_its_model_in_any_script(text: str, stem: str) -> None:
    assert file_stem(text) == stem


@given(st.text(alphabet="aB1模М é́_-. /+#🚀", min_size=1, max_size=5), st.text(alphabet="aB1模М é́_-. /+#🚀", min_size=1))
def test_only_names_that_read_alike_share_a_file(one: str, other: str) -> None:
    alike = [re.sub(r"[\s._-]+", "_", unicodedata.normalize("NFC", text).lower()).strip("_") for text in (one, other)]

    assert file_stem(one) != file_stem(other) or alike[0] == alike[1]


@given(st.text(min_size=1))
def test_every_text_makes_a_name_of_a_file(text: str) -> None:
    name = f"{file_stem(text)}.json"

    assert re.fullmatch(r"[^\W_][^/\\:*?\"<>|\x00-\x1f]*", name) or unicodedata.category(name[0])[0] == "M"
    assert len(name.encode()) <= 200


def test_what_is_cut_off_a_long_name_is_not_lost() -> None:
    assert file_stem("模" * 99) != file_stem("模" * 100)
    assert file_stem("a" * 99) != file_stem("a" * 100)


@given(st.from_regex(r"[a-z0-9_-]{1,60}", fullmatch=True))
def test_a_plain_user_has_the_folder_of_that_name(user: str) -> None:
    assert folder_name(user) == user


@given(st.lists(st.text(min_size=1, max_size=120), min_size=2, max_size=6, unique=True))
def test_no_two_users_share_a_folder(users: list[str]) -> None:
    folders = [folder_name(user) for user in users]

    assert len({folder.lower() for folder in folders}) == len(users)  # some disks do not tell cases apart
    assert all(re.fullmatch(r"[A-Za-z0-9_%-]{1,200}", folder) for folder in folders)


@pytest.mark.parametrize(
    "users", [("j.doe", "j_doe", "J Doe", "j-doe", "j%2Edoe"), ("模型", "模板"), ("x" * 300, "x" * 301)]
)
def test_users_whose_names_are_alike_are_told_apart(users: tuple[str, ...]) -> None:
    assert len({folder_name(user).lower() for user in users}) == len(users)
