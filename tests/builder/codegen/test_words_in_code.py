"""Whatever people type, the source is Python, formatted, and says what they typed."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import builder
from builder.codegen.text import WIDTH, clean, docstring, literal, parted, sentence, summary, width
from builder.document import Document
from engine.settings import Setting
from tests.builder.small_models import small

NASTY = (
    '"""', "'''", "\\", '\\"""', "a\nb", "\r\n# x", "\x00", "\ud800", "\u2028", "\u202e", "é" * 200, "漢字" * 60, '"',
    "", "\\N{DASH}", "{x}", "%s", "# noqa", "fmt: off", "type: ignore", '"""\nimport os\nos.abort()\n"""', "Args:",
    "word " * 60,     "\t\t", "x" * 300,
)  # fmt: skip
WORDS = st.one_of(st.sampled_from(NASTY), st.text(max_size=120), st.lists(st.sampled_from(NASTY)).map("".join))


def worded(text: str) -> Document:
    """A model in which everything that takes words has these."""
    document = small("gpt2", n_layers=1)
    document = replace(document, name=text)
    for definition in document.definitions.values():
        symbols = [
            replace(s, setting=Setting(text, low=s.setting.low, choices=s.setting.choices)) for s in definition.symbols
        ]
        nodes = {name: replace(node, label=text) for name, node in definition.nodes.items()}
        nodes |= {n: replace(node, port=replace(node.port, about=text)) for n, node in nodes.items() if node.port}
        changed = replace(definition.with_nodes(nodes), title=text, about=text, formula=text, paper=text)
        document = document.with_definition(changed.with_symbols(symbols))
    return document


def check(source: str, original: str) -> None:
    """Assert that the source is the same program as `original`, in lines of one width and text of UTF-8."""
    source.encode("utf-8")
    assert program(source) == program(original)
    assert max(map(width, source.splitlines())) <= WIDTH


def program(source: str) -> str:
    """What a source does, without its docstrings and the names of its classes."""
    tree = ast.parse(source)
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            names.setdefault(node.name, f"Class{len(names)}")
            node.name = names[node.name]
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
    return ast.unparse(tree)


PLAIN = builder.generate_code(worded("word"))


@pytest.mark.parametrize("text", NASTY)
def test_nasty_words_change_no_program(text: str) -> None:
    check(builder.generate_code(worded(text)), PLAIN)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(WORDS)
def test_any_words_change_no_program(text: str) -> None:
    check(builder.generate_code(worded(text)), PLAIN)


def test_nasty_words_leave_the_source_formatted(tmp_path: Path) -> None:
    for number, text in enumerate(NASTY):
        (tmp_path / f"{number}.py").write_text(builder.generate_code(worded(text)), encoding="utf-8")

    words = [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", "."]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)

    assert done.stdout == ""
    checked = subprocess.run([*words[:3], "check", "--isolated", "."], cwd=tmp_path, capture_output=True, text=True)
    assert "All checks passed!" in checked.stdout


def test_what_a_person_wrote_stands_in_the_docstring() -> None:
    source = builder.generate_code(worded("Looks at what came before."))

    assert '"""Looks at what came before."""' in source or '"""Looks at what came before.\n' in source


@pytest.mark.parametrize("name", builder.templates.names())
def test_a_template_says_in_its_docstring_what_it_is_how_it_computes_and_where_it_comes_from(name: str) -> None:
    document = builder.templates.build(name)
    source = builder.generate_code(document)

    *_, model = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    said, words = ast.get_docstring(model) or "", document.main
    assert said.splitlines()[0] == parted(words.about)[0]
    assert " ".join(parted(words.about)[1].split()) in " ".join(said.split())
    assert all(f"    {line}" in said.splitlines() for line in words.formula.split(";  "))
    assert " ".join(said.split()).endswith(f"Source: {words.paper}.")
    assert (ast.get_docstring(ast.parse(source)) or "").splitlines()[2] == parted(words.about)[0]


@pytest.mark.parametrize("name", builder.templates.names())
def test_no_shape_and_no_name_of_a_part_is_broken_over_two_lines(name: str) -> None:
    source = builder.generate_code(builder.templates.build(name))

    assert not [
        line for line in source.splitlines() if line.count("(") > line.count(")") and line.endswith((" H,", " T,"))
    ]
    assert not [line for line in source.splitlines() if line.endswith(("×", "eq."))]


@given(st.text(), st.lists(st.text()))
def test_sentences_together_are_the_text(first: str, others: list[str]) -> None:
    text = " ".join([first, *others])

    assert " ".join(parted(text)).strip() == sentence(text)


def test_a_text_is_parted_after_its_first_sentence() -> None:
    assert parted("Reads v1.1, e.g. a text. Then writes. Then ends") == (
        "Reads v1.1, e.g. a text.",
        "Then writes. Then ends.",
    )
    assert parted("no end") == ("No end.", "")
    assert parted("") == ("", "")


@given(st.text())
def test_a_literal_is_the_text_that_it_was_made_of(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text


def test_literals_are_quoted_as_ruff_does() -> None:
    assert [literal(text) for text in ("a", "it's", 'say "a"', "\\")] == ['"a"', '"it\'s"', "'say \"a\"'", '"\\\\"']


@given(st.text(), st.text())
def test_a_docstring_says_what_it_was_given(about: str, title: str) -> None:
    first, rest = summary(about, f"T{title}", "    ")
    lines = docstring(first, [[rest] if rest else []], "    ")

    found = ast.parse("class A:\n" + "\n".join(lines)).body[0]

    assert isinstance(found, ast.ClassDef)
    said = ast.get_docstring(found) or ""
    wanted = sentence(about) or sentence(f"T{title}")
    assert (said.split("\n\n", 1)[1] if rest else said).split() == wanted.split()
    assert clean(about) == clean(clean(about))
