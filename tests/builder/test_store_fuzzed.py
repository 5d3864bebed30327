"""A thousand spoilt files, the same in every run."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builder import store
from builder.document import Document
from engine.errors import FileError
from tests.builder.small_documents import tiny

JUNK: list[object] = [
    None,
    True,
    -1,
    0,
    10**30,
    1e308,
    1e-9,
    "",
    "x",
    "d_model",
    "4*",
    "a.b",
    "\x00",
    "\ud83d",
    "x" * 300,
    [],
    {},
    [[]],
    {"": None},
    [1, "a"],
    "mlp",
    "model",
    "input",
    "output",
    "blocks.0.up.weight",
    ["x", "y"],
    {"d_model": 0},
]
SPLICES = [
    "{",
    "}",
    "[",
    "]",
    ",",
    '"',
    "null",
    "NaN",
    "1e999",
    "-",
    "\\u0000",
    "\\ud800",
    "9" * 5000,
    "\x01",
    "{}",
]


def spoilt(rng: random.Random) -> bytes:
    """A file that was once right, or never."""
    match rng.randrange(6):
        case 0:
            return rng.randbytes(rng.randrange(200))
        case 1:
            text = store.dumps(tiny())
            return text[: rng.randrange(len(text))].encode()
        case 2:
            return json.dumps(random_json(rng, 5)).encode()
        case 3:
            text = store.dumps(tiny())
            start = rng.randrange(len(text))
            return (text[:start] + rng.choice(SPLICES) + text[start + rng.randrange(9) :]).encode()
    wrong = json.loads(store.dumps(tiny()))
    for _ in range(rng.randrange(1, 4)):
        mutate(rng, wrong)
    return json.dumps(wrong).encode()


def mutate(rng: random.Random, value: Any) -> None:
    """Replace, remove, add or exchange something somewhere in nested lists and objects."""
    value, key = rng.choice(list(places(value)) or [({"": 0}, "")])
    match rng.randrange(4):
        case 0:
            value[key] = rng.choice(JUNK)
        case 1:
            del value[key]
        case 2 if isinstance(value, list):
            value.insert(rng.randrange(len(value) + 1), json.loads(json.dumps(rng.choice(value))))
        case 2:
            value[str(rng.choice(JUNK))[:70]] = value[key]
        case _:
            other = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
            value[key], value[other] = value[other], value[key]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container within `value`, with every key it has."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


def random_json(rng: random.Random, depth: int) -> object:
    """Any JSON, with our keys now and then."""
    keys = [
        "format",
        "definitions",
        "nodes",
        "wires",
        "id",
        "kind",
        "settings",
        "symbols",
        "name",
        "root",
        "?",
    ]
    match rng.randrange(3) if depth else 2:
        case 0:
            return {rng.choice(keys): random_json(rng, depth - 1) for _ in range(rng.randrange(5))}
        case 1:
            return [random_json(rng, depth - 1) for _ in range(rng.randrange(4))]
    return rng.choice(JUNK)


def opened(path: Path) -> tuple[Document | None, str]:
    """The document, or why there is none; any other exception is a failure."""
    try:
        return store.load(path), ""
    except FileError as error:
        return None, str(error)


@pytest.mark.parametrize("seed", range(10))
def test_any_file_gives_a_document_or_one_clear_error_and_never_a_write(tmp_path: Path, seed: int) -> None:
    rng, path = random.Random(seed), tmp_path / "a.json"
    refused = 0
    for _ in range(100):
        written = spoilt(rng)
        path.write_bytes(written)

        document, problem = opened(path)
        if document is None:
            refused += 1
            assert 20 < len(problem) < 1000, problem
            assert problem.isprintable(), problem
        else:
            assert store.loads(store.dumps(document)) == document

        assert path.read_bytes() == written
        assert list(tmp_path.iterdir()) == [path]
    assert 80 <= refused < 100
