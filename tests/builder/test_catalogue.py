"""What the palette offers, what a block looks like from outside, and what its settings are worth."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builder.catalogue import (
    known_scope,
    node_signature,
    palette,
    resolve_settings,
    scope,
    search,
    signature,
)
from builder.document import Document, Node, Symbol
from builder.edits import AddNode, Connect
from builder.library import LIBRARY
from builder.soundness import check
from engine.blocks.spec import CATALOGUE, FAMILIES
from engine.errors import ExpressionError, SettingError
from engine.settings import Setting
from tests.builder.small_documents import mlp, tiny


def test_a_block_is_seen_as_it_was_declared() -> None:
    found = signature(tiny(), "linear")

    assert found is not None
    assert (found.title, found.composite) == ("Linear", False)
    assert [field.name for field in found.fields] == ["d_in", "d_out", "bias"]
    assert found.input("x") == CATALOGUE["linear"].inputs[0]
    assert found.output("x") is None


def test_a_composite_shows_its_symbols_as_settings_and_its_ends_as_ports() -> None:
    found = signature(tiny(), "mlp")

    assert found is not None
    assert found.composite
    assert [(field.name, field.default) for field in found.fields] == [("d_model", 16), ("d_ff", "4*d_model")]
    assert [port.name for port in (*found.inputs, *found.outputs)] == ["x", "y"]


def test_a_missing_block_has_no_outside() -> None:
    assert signature(tiny(), "from_a_plugin") is None
    assert node_signature(tiny(), Node(kind="from_a_plugin"), "odd") is None


def test_an_end_of_a_definition_has_one_port_inside_it() -> None:
    document = tiny()

    begin = node_signature(document, document.main.nodes["tokens"], "tokens")
    end = node_signature(document, document.main.nodes["logits"], "logits")

    assert begin is not None
    assert end is not None
    assert [(p.name, p.kind) for p in begin.outputs] == [("value", "ids")]
    assert begin.inputs == ()
    assert [(p.name, p.kind) for p in end.inputs] == [("value", "logits")]


def test_symbols_are_worth_what_those_before_them_make_of_them() -> None:
    assert scope(mlp()) == {"d_model": 16, "d_ff": 64}
    assert scope(mlp(), {"d_model": 8}) == {"d_model": 8, "d_ff": 32}
    assert scope(mlp(), {"d_ff": 5}) == {"d_model": 16, "d_ff": 5}


@pytest.mark.parametrize(
    ("outer", "error", "reason"),
    [
        ({"width": 3}, SettingError, "no setting 'width'"),
        ({"d_model": 0}, SettingError, "d_model is 0, but must be at least 1"),
        ({"d_model": 1.5}, SettingError, "must be a whole number"),
    ],
)
def test_a_composite_refuses_a_wrong_setting(outer: dict[str, float], error: type[ValueError], reason: str) -> None:
    with pytest.raises(error, match=reason):
        scope(mlp(), outer)


def test_a_symbol_without_value_is_left_out_where_that_is_asked_for() -> None:
    broken = mlp().with_symbols([*mlp().symbols, Symbol(name="odd", value="d_ff//0"), Symbol(name="two", value=2)])

    with pytest.raises(ExpressionError, match="divides by zero"):
        scope(broken)
    assert known_scope(broken) == {"d_model": 16, "d_ff": 64, "two": 2}


def test_settings_of_a_node_are_values_with_defaults_filled_in() -> None:
    found = signature(tiny(), "linear")
    assert found is not None

    values = resolve_settings(Node(kind="linear", settings={"d_in": "2*d_model"}), found, {"d_model": 16})

    default = CATALOGUE["linear"].config()
    assert values == {"d_in": 32, "d_out": default.d_out, "bias": default.bias}  # type: ignore[attr-defined]


def test_a_default_of_a_composite_follows_the_settings_given_to_it() -> None:
    found = signature(tiny(), "mlp")
    assert found is not None

    values = resolve_settings(Node(kind="mlp", settings={"d_model": "wide"}), found, {"wide": 4})

    assert values == {"d_model": 4, "d_ff": 16}


def test_a_choice_may_be_written_or_named_by_a_symbol() -> None:
    core = signature(tiny(), "attention_core")
    assert core is not None

    written = resolve_settings(Node(kind="attention_core", settings={"mask": "causal"}), core, {"causal": "none"})
    named = resolve_settings(Node(kind="attention_core", settings={"mask": "how"}), core, {"how": "both"})

    assert (written["mask"], named["mask"]) == ("causal", "both")


def test_a_wrong_setting_is_refused_with_the_nodes_name() -> None:
    found = signature(tiny(), "linear")
    assert found is not None

    with pytest.raises(SettingError, match="up: d_in is 0"):
        resolve_settings(Node(kind="linear", settings={"d_in": 0}), found, {}, "up")
    with pytest.raises(ExpressionError, match="up: d_in: 'x' uses 'x'"):
        resolve_settings(Node(kind="linear", settings={"d_in": "x"}), found, {}, "up")


def test_the_palette_has_every_block_and_composite_family_by_family() -> None:
    entries = palette()

    families = [entry.family for entry in entries]
    assert {entry.kind for entry in entries} == {"input", "output", *CATALOGUE, *LIBRARY}
    assert families == sorted(families, key=FAMILIES.index)


def test_the_palette_of_a_document_offers_its_own_composites_but_not_the_model() -> None:
    kinds = {entry.kind for entry in palette(tiny())}

    assert "mlp" in kinds
    assert "model" not in kinds


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("lin", "linear"),
        ("EMB", "token_embedding"),
        ("layer", "layer_norm"),
        ("lm head", "lm_head"),
        ("attn core", "attention_core"),
    ],
)
def test_a_search_puts_the_best_match_first(text: str, first: str) -> None:
    blocks = [entry for entry in palette() if not entry.composite]

    assert search(blocks, text)[0].kind == first


def test_a_blank_search_finds_all_and_nonsense_nothing() -> None:
    assert search(palette(), " ") == palette()
    assert search(palette(), "qqqq") == []


@pytest.mark.parametrize("kind", LIBRARY)
def test_a_composite_of_the_library_brings_all_it_needs_into_an_empty_document(kind: str) -> None:
    document = AddNode(kind=kind).apply(Document.empty())

    check(document)
    for definition in document.definitions.values():
        for name, node in definition.nodes.items():
            assert node_signature(document, node, name) is not None, f"{definition.name}.{name}"


@pytest.mark.parametrize("kind", LIBRARY)
def test_every_wire_of_the_library_could_be_drawn_by_hand(kind: str) -> None:
    document = AddNode(kind=kind).apply(Document.empty())

    for definition in document.definitions.values():
        bare = document.with_definition(definition.without_wires(definition.wires))
        for wire in definition.wires:
            bare = Connect(source=wire.source, target=wire.target, at=definition.name).apply(bare)
        assert bare == document


def test_an_edited_composite_is_used_again_and_not_replaced_by_the_librarys() -> None:
    kind = next(iter(LIBRARY))
    document = AddNode(kind=kind).apply(Document.empty())
    edited = document.with_definition(replace(document.definition(kind), about="Mine."))

    after = AddNode(kind=kind).apply(edited)

    assert after.definition(kind).about == "Mine."
    assert [node.kind for node in after.main.nodes.values()] == [kind, kind]


def test_a_setting_of_the_library_takes_the_symbol_of_its_name() -> None:
    document = Document.empty().with_definition(
        Document.empty().main.with_symbols([Symbol(name="d_model", value=24, setting=Setting("Width.", low=1))])
    )
    for kind in LIBRARY:
        after = AddNode(kind=kind, id="part").apply(document)
        assert after.main.nodes["part"].settings.get("d_model", "d_model") == "d_model"
