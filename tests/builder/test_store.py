"""Files: what they keep, what they refuse and where, and that nothing else ever comes of reading one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builder import limits, store, templates
from builder.document import Node
from builder.edits import AddNode, SetLabel
from engine.errors import FileError
from tests.builder.small_documents import tiny

Change = Callable[[Any], object]


def content() -> dict[str, Any]:
    """The small document as JSON values."""
    return json.loads(store.dumps(tiny()))


def test_load_gives_back_what_save_was_given(tmp_path: Path) -> None:
    store.save(tiny(), tmp_path / "graphs" / "tiny.json")

    assert store.load(tmp_path / "graphs" / "tiny.json") == tiny()


@pytest.mark.parametrize("name", templates.names())
def test_every_template_is_read_back_as_it_was_written(name: str) -> None:
    document = templates.build(name)

    assert store.loads(store.dumps(document)) == document


def test_equal_documents_give_equal_files() -> None:
    assert store.dumps(tiny()) == store.dumps(store.loads(store.dumps(tiny())))


def test_a_file_has_its_format_first_and_a_node_on_a_line() -> None:
    lines = store.dumps(tiny()).splitlines()

    assert lines[1] == '  "format": "stepwise/1",'
    assert sum('"id": ' in line for line in lines) == 10
    assert all(line.count('"id": ') <= 1 for line in lines)


def test_a_file_keeps_every_attribute_of_a_node() -> None:
    full = Node(
        kind="mlp",
        settings={"d_model": 8},
        label="ΣI <b>",
        x=-1.5,
        y=2,
        uid="old",
        repeat=3,
        carry=("x", "y"),
        shared=True,
        overrides={0: {"d_model": "d_model"}, 2: {"d_ff": 4}},
    )
    document = tiny().with_definition(tiny().main.with_nodes({"full": full}))

    assert store.loads(store.dumps(document)).main.nodes["full"] == full


def test_a_block_that_nobody_knows_is_kept() -> None:
    odd = Node(kind="from_a_plugin", settings={"rate": 0.5, "how": "as it likes"})
    document = tiny().with_definition(tiny().main.with_nodes({"odd": odd}))

    assert store.loads(store.dumps(document)).main.nodes["odd"] == odd


def test_saving_leaves_no_other_file(tmp_path: Path) -> None:
    store.save(tiny(), tmp_path / "a.json")
    store.save(SetLabel(node="embed", text="new").apply(tiny()), tmp_path / "a.json")

    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_document_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    store.save(tiny(), path)
    before = path.read_bytes()
    far = replace(tiny().main.nodes["embed"], x=float("nan"))

    with pytest.raises(FileError, match="not finite"):
        store.save(tiny().with_definition(tiny().main.with_nodes({"embed": far})), path)

    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(FileError, match="cannot be written"):
        store.save(tiny(), tmp_path / "file" / "a.json")


def test_reading_files_needs_no_torch() -> None:
    code = "import sys, builder.store; sys.exit('torch' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False)

    assert done.returncode == 0


def test_a_file_of_an_older_format_is_brought_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_from_zero(old: dict[str, Any]) -> dict[str, Any]:
        return {**old, "format": "stepwise/1", "name": old["title"]} | {}

    monkeypatch.setitem(store.MIGRATIONS, "stepwise/0", lambda old: _without(one_from_zero(old), "title"))
    old = {**_without(content(), "name"), "format": "stepwise/0", "title": "tiny “GPT”"}

    assert store.loads(json.dumps(old)) == tiny()


def _without(found: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name != key}


def nodes(c: Any) -> Any:
    return c["definitions"]["model"]["nodes"]


def root(c: Any) -> Any:
    return c["definitions"]["model"]


def inner(c: Any) -> Any:
    return c["definitions"]["mlp"]


WRONG: list[tuple[str, Change, str]] = [
    ("an unknown key", lambda c: c.update(extra=1), "no such key as 'extra'"),
    ("an unknown key of a node", lambda c: nodes(c)[1].update(colour="red"), r"nodes\[1\]: there is no such key"),
    ("a misspelt key", lambda c: nodes(c)[1].update(setings={}), "Did you mean 'settings'"),
    ("no format", lambda c: c.pop("format"), "format: it is absent"),
    ("a later format", lambda c: c.update(format="stepwise/9"), "Update it"),
    ("no definitions", lambda c: c.pop("definitions"), "'definitions' is absent"),
    ("no such root", lambda c: c.update(root="modl"), "Did you mean 'model'"),
    ("a list for an object", lambda c: c.update(definitions=[]), "definitions: this is a list, but must be an object"),
    ("null", lambda c: nodes(c)[0].update(kind=None), r"nodes\[0\].kind: this is nothing \(null\)"),
    ("a number for text", lambda c: c.update(name=3), "name: this is a number, but must be text"),
    ("text for a number", lambda c: nodes(c)[0].update(x="3"), r"nodes\[0\].x: this is text, but must be a number"),
    ("true for a number", lambda c: nodes(c)[0].update(x=True), "true or false, but must be a number"),
    ("a far position", lambda c: nodes(c)[0].update(x=1e300), "does not lie between"),
    ("a bad id", lambda c: nodes(c)[0].update(id="a.b"), "is no id"),
    ("a taken id", lambda c: nodes(c)[0].update(id="embed"), "there is a node 'embed' already"),
    ("a reserved id", lambda c: nodes(c)[1].update(id="train"), "meaning in Python or PyTorch"),
    ("a definition's bad name", lambda c: c["definitions"].update({"a b": inner(c)}), "'a b' is no id"),
    ("a kind with markup", lambda c: nodes(c)[1].update(kind="<script>"), "is no kind of a block"),
    ("an input without port", lambda c: nodes(c)[0].pop("port"), "inputs and outputs have a `port`"),
    ("a block with port", lambda c: nodes(c)[1].update(port={}), "inputs and outputs have a `port`"),
    ("a port's kind", lambda c: nodes(c)[0]["port"].update(kind="idz"), "Did you mean 'ids'"),
    ("a shape", lambda c: nodes(c)[0]["port"].update(shape="B T)"), "cannot be read"),
    ("an expression", lambda c: nodes(c)[1]["settings"].update(d_model="4*"), "cannot be read"),
    ("code", lambda c: nodes(c)[1]["settings"].update(d_model="__import__('os')"), "cannot be read"),
    ("a list as a setting", lambda c: nodes(c)[1]["settings"].update(d_model=[1]), "must be a number"),
    ("an unknown setting of a composite", lambda c: nodes(c)[2]["settings"].update(width=1), "no setting 'width'"),
    ("half a layer", lambda c: nodes(c)[2].update(repeat=1.5), "1.5 is no whole number"),
    ("too many layers", lambda c: nodes(c)[2].update(repeat=10**6), "is no whole number from 1 to"),
    ("a carry that is not there", lambda c: nodes(c)[2].update(carry=["x", "z"]), "cannot carry 'z'"),
    ("a layer's index", lambda c: nodes(c)[2].update(overrides={"first": {}}), "no index of a layer"),
    ("a wire from nothing", lambda c: root(c)["wires"].append(["gost.y", "head.x"]), "no node 'gost'"),
    ("a wire that is no pair", lambda c: root(c)["wires"].append(["embed.y"]), r"wires\[4\]: these must be two"),
    ("a wire without port", lambda c: root(c)["wires"].append(["embed", "head.x"]), "Write it as node.port"),
    ("two wires into one port", lambda c: root(c)["wires"].append(["embed.y", "head.x"]), "is fed by blocks.y"),
    ("a wire to no port of a composite", lambda c: root(c)["wires"].append(["embed.y", "blocks.z"]), "port 'z'"),
    ("a wire into an input", lambda c: inner(c).update(wires=[["add.sum", "x.value"]]), "no input port 'value'"),
    ("a circle", lambda c: inner(c)["wires"].append(["down.y", "up.y"]), "form a circle"),
    ("a composite in itself", lambda c: inner(c)["nodes"][1].update(kind="mlp"), "cannot hold itself"),
    ("a symbol before its time", lambda c: root(c)["symbols"][0].update(value="d_model"), "not declared before it"),
    ("a symbol of itself", lambda c: root(c)["symbols"][0].update(value="vocab_size+1"), "not declared before it"),
    ("a symbol twice", lambda c: root(c)["symbols"].append(root(c)["symbols"][0]), "symbol 'vocab_size' already"),
    ("a symbol out of range", lambda c: root(c)["symbols"][0].update(value=1), "must be at least 2"),
    ("a symbol's type", lambda c: root(c)["symbols"][0].update(type="integer"), "is no type"),
    ("a tie to nothing", lambda c: c["ties"].append(["haed.weight", "embed.weight"]), r"ties\[1\].*'head'"),
    ("a tie of three", lambda c: c["ties"].append(["a", "b", "c"]), "at most 2"),
    ("a long name", lambda c: c.update(name="x" * 1000), "the text has 1000 characters"),
    ("half a character", lambda c: c.update(name="\ud800"), "lone surrogate"),
    ("too many nodes", lambda c: root(c).update(nodes=[{}] * 6000), "at most 5000"),
]


@pytest.mark.parametrize(("change", "reason"), [pytest.param(c, r, id=name) for name, c, r in WRONG])
def test_a_wrong_file_is_refused_with_place_and_reason(change: Change, reason: str) -> None:
    wrong = content()
    change(wrong)

    with pytest.raises(FileError, match=reason):
        store.loads(json.dumps(wrong))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Line 1, column 1: this is no JSON"),
        ("{", "may be cut off"),
        ("[]", "no graph of Stepwise"),
        ("3", "no graph of Stepwise"),
        ("null", "no graph of Stepwise"),
        ('{"format": "stepwise/1", "format": "stepwise/1"}', "'format' occurs twice"),
        ('{"x": NaN}', "holds NaN"),
        ('{"x": -Infinity}', "holds -Infinity"),
        ('{"x": ' + "9" * 5000 + "}", "a number that is too long"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_text_that_is_no_graph_is_refused(text: str, reason: str) -> None:
    with pytest.raises(FileError, match=reason):
        store.loads(text)


def test_composites_can_be_nested_only_so_deep() -> None:
    deep = content()
    for level in range(limits.MAX_DEPTH + 1):
        inside = {"id": "part", "kind": f"level_{level - 1}" if level else "mlp"}
        deep["definitions"][f"level_{level}"] = {"nodes": [inside]}

    with pytest.raises(FileError, match=r"nested 1\d deep"):
        store.loads(json.dumps(deep))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x80PNG" * 9, bytes(range(256))])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)

    with pytest.raises(FileError, match="is no text"):
        store.load(tmp_path / "a.json")


@pytest.mark.parametrize("name", ["absent.json", ".", "a\x00b"])
def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        store.load(tmp_path / name)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(limits.MAX_BYTES + 1)

    with pytest.raises(FileError, match="larger than"):
        store.load(path)


def test_a_document_may_grow_only_as_large_as_a_file() -> None:
    many = {f"n{i}": Node(kind="linear") for i in range(limits.MAX_NODES - 10)}
    document = tiny().with_definition(tiny().main.with_nodes(many))

    assert store.loads(store.dumps(document)) == document
    with pytest.raises(ValueError, match="at most 5000"):
        AddNode(kind="linear").apply(document)
