"""Edits: what they change, what follows them, and what they refuse with which reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builder.document import Definition, Document, Symbol
from builder.edits import (
    AddNode,
    AddRail,
    AddSymbol,
    Batch,
    Clip,
    Connect,
    Disconnect,
    Duplicate,
    Edit,
    MakeIndependent,
    Move,
    Paste,
    Remove,
    RemoveSymbol,
    Rename,
    RenameDocument,
    RenameSymbol,
    Replace,
    Rewire,
    SetLabel,
    SetPort,
    SetRepeat,
    SetSetting,
    SetSymbol,
    SetTask,
    Tie,
    Untie,
    copy_clip,
    new_id,
)
from builder.limits import MAX_DEPTH
from builder.store import dumps, loads
from engine.errors import EditError
from engine.settings import Setting
from tests.builder.small_documents import ref, tiny, wire


def connect(source: str, target: str, at: str = "", *, replace: bool = False) -> Connect:
    return Connect(source=ref(source), target=ref(target), at=at, replace=replace)


def wires(document: Document, at: str = "") -> set[str]:
    return {str(w) for w in document.definition(at).wires}


def refused(edit: Edit, document: Document, match: str) -> None:
    """Check that the edit is refused and the document untouched."""
    before = replace(document)
    with pytest.raises(EditError, match=match):
        edit.apply(document)
    assert document == before


# Adding


def test_a_new_node_takes_its_sizes_from_the_symbols_around_it() -> None:
    after = AddNode(kind="lm_head").apply(tiny())

    assert after.main.nodes["lm_head"].settings == {"d_model": "d_model", "vocab_size": "vocab_size"}


def test_a_linear_layer_is_as_wide_as_the_model_and_dropout_as_strong() -> None:
    after = AddNode(kind="dropout").apply(AddNode(kind="linear").apply(tiny()))

    assert after.main.nodes["linear"].settings == {"d_in": "d_model", "d_out": "d_model"}
    assert after.main.nodes["dropout"].settings == {"p": "dropout"}


def test_a_symbol_that_does_not_suit_the_setting_is_not_taken() -> None:
    document = AddSymbol(name="bias", value=3).apply(tiny())

    after = AddNode(kind="linear").apply(document)

    assert "bias" not in after.main.nodes["linear"].settings


def test_settings_given_with_a_node_win_over_symbols() -> None:
    after = AddNode(kind="linear", settings={"d_out": "4*d_model"}, x=3, y=4, text="Wide").apply(tiny())

    node = after.main.nodes["wide"]
    assert node.settings == {"d_in": "d_model", "d_out": "4*d_model"}
    assert (node.x, node.y, node.label) == (3, 4, "Wide")


def test_ids_are_made_so_that_none_clashes() -> None:
    document = tiny()
    for _ in range(3):
        document = AddNode(kind="layer_norm").apply(document)

    assert {"layer_norm", "layer_norm_2", "layer_norm_3"} <= set(document.main.nodes)


def test_an_input_of_the_model_is_called_by_what_it_carries() -> None:
    empty = Document.empty()

    after = AddNode(kind="output").apply(AddNode(kind="input").apply(empty))

    assert [(p.name, p.kind) for p in after.main.inputs] == [("tokens", "ids")]
    assert [(p.name, p.kind) for p in after.main.outputs] == [("logits", "logits")]
    assert new_id(empty, "", "input") == "tokens"


def test_an_input_of_a_composite_is_a_port_of_all_its_uses() -> None:
    after = AddRail(side="input", id="memory", shape="B S d_model", optional=True, at="mlp").apply(tiny())

    assert [p.name for p in after.definition("mlp").inputs] == ["x", "memory"]


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (AddNode(kind="layer_nrom"), "Did you mean 'layer_norm'"),
        (AddNode(kind="linear", id="head"), "has a node 'head' already.*'head_2'"),
        (AddNode(kind="linear", id="train"), "has a meaning in Python or PyTorch"),
        (AddNode(kind="linear", id="Q-proj"), "is no id"),
        (AddNode(kind="linear", settings={"d_in": 0}), "at least 1"),
        (AddNode(kind="linear", settings={"width": 3}), "no setting 'width'"),
        (AddNode(kind="linear", x=float("nan")), "cannot be there"),
        (AddNode(kind="linear", text="x" * 201), "keep it under 200"),
        (AddNode(kind="linear", at="mpl"), "Did you mean 'mlp'"),
        (AddNode(kind="mlp", at="mlp"), "a composite cannot hold itself"),
        (AddRail(side="input", kind="hiden"), "Did you mean 'hidden'"),
        (AddRail(side="input", shape="B T d/2"), "cannot be read"),
    ],
)
def test_a_node_that_cannot_be_is_refused_with_the_reason(edit: Edit, reason: str) -> None:
    refused(edit, tiny(), reason)


def test_a_composite_that_would_hold_itself_at_any_depth_is_refused() -> None:
    document = MakeIndependent(node="blocks", name="outer").apply(tiny())
    document = AddNode(kind="mlp", at="outer").apply(document)

    refused(AddNode(kind="outer", at="mlp"), document, "'outer' contains 'mlp'")


# Wires


def test_a_wire_joins_two_ports() -> None:
    document = AddNode(kind="layer_norm", id="norm").apply(tiny())

    after = connect("blocks.y", "norm.x").apply(document)

    assert wires(after) == wires(document) | {"blocks.y>norm.x"}


def test_one_output_may_feed_several_inputs_of_one_node() -> None:
    document = AddNode(kind="residual_add", id="add").apply(tiny())

    after = connect("embed.y", "add.update").apply(connect("embed.y", "add.x").apply(document))

    assert {"embed.y>add.x", "embed.y>add.update"} <= wires(after)


def test_a_wire_with_another_shape_is_kept_for_validation_to_mark() -> None:
    document = AddNode(kind="layer_norm", id="norm", settings={"d_model": 7}).apply(tiny())

    after = connect("embed.y", "norm.x").apply(document)

    assert "embed.y>norm.x" in wires(after)


def test_replacing_takes_the_old_wire_away() -> None:
    after = connect("embed.y", "head.x", replace=True).apply(tiny())

    assert "embed.y>head.x" in wires(after)
    assert "blocks.y>head.x" not in wires(after)


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("embed.y", "head.x", "already fed by blocks.y"),
        ("embed.y", "blocks.x", "feeds blocks.x already"),
        ("tokens.value", "norm.x", "carries ids but norm.x takes hidden. Put a Token embedding"),
        ("norm.y", "norm.x", "close a circle"),
        ("ghost.y", "norm.x", "no node 'ghost'"),
        ("embed.z", "norm.x", "no output port 'z'"),
        ("embed.tokens", "norm.x", "no output port 'tokens'"),
        ("embed.y", "norm.y", "no input port 'y'"),
        ("core.weights", "norm.x", "can be looked at but not wired"),
        ("logits.value", "norm.x", "no output port 'value'"),
    ],
)
def test_a_wire_that_cannot_be_is_refused_with_the_reason(source: str, target: str, reason: str) -> None:
    document = AddNode(kind="layer_norm", id="norm").apply(tiny())
    document = AddNode(kind="attention_core", id="core").apply(document)

    refused(connect(source, target), document, reason)


def test_a_circle_over_several_nodes_is_refused() -> None:
    document = AddNode(kind="residual_add", id="add").apply(tiny())
    document = connect("head.logits", "logits.value", replace=False).apply(
        Disconnect(wire=wire("head.logits>logits.value")).apply(document)
    )
    document = connect("add.sum", "blocks.x", replace=True).apply(document)

    refused(connect("blocks.y", "add.x"), document, "would close a circle")


def test_a_wire_of_a_missing_block_is_refused() -> None:
    document = tiny()
    odd = replace(document.main.nodes["head"], kind="from_a_plugin")
    document = document.with_definition(document.main.with_nodes({"odd": odd}))

    refused(connect("embed.y", "odd.x"), document, "missing block of kind 'from_a_plugin'")


def test_a_refused_rewire_leaves_the_old_wire() -> None:
    document = AddNode(kind="layer_norm", id="norm").apply(tiny())
    old = wire("embed.y>blocks.x")

    after = Rewire(old=old, source=ref("embed.y"), target=ref("norm.x")).apply(document)

    assert "embed.y>norm.x" in wires(after)
    assert str(old) not in wires(after)
    refused(Rewire(old=old, source=ref("embed.y"), target=ref("head.x")), document, "already fed")


def test_disconnecting_takes_one_wire_away() -> None:
    after = Disconnect(wire=wire("embed.y>blocks.x")).apply(tiny())

    assert wires(tiny()) - wires(after) == {"embed.y>blocks.x"}
    refused(Disconnect(wire=wire("embed.y>blocks.x")), after, "no wire from embed.y")


# Removing


def test_removing_a_node_takes_its_wires_and_ties_along() -> None:
    after = Remove(nodes=("embed",)).apply(tiny())

    assert "embed" not in after.main.nodes
    assert wires(after) == {"blocks.y>head.x", "head.logits>logits.value"}
    assert after.ties == ()


def test_removing_a_composites_input_takes_the_wires_to_it_at_every_use() -> None:
    after = Remove(nodes=("x",), at="mlp").apply(tiny())

    assert "embed.y>blocks.x" not in wires(after)
    assert after.main.nodes["blocks"].carry is None


def test_a_tie_into_a_composite_goes_with_the_node_inside() -> None:
    document = Tie(first="blocks.1.up.weight", second="blocks.0.up.weight").apply(tiny())

    after = Remove(nodes=("up",), at="mlp").apply(document)

    assert after.ties == tiny().ties


def test_nothing_is_removed_if_one_of_them_does_not_exist() -> None:
    refused(Remove(nodes=("embed", "haed")), tiny(), "Did you mean 'head'")
    refused(Remove(wires=(wire("embed.y>head.x"),)), tiny(), "no wire from embed.y to head.x")


# Settings and symbols


@pytest.mark.parametrize("value", [8, "d_model", "2*d_model//4"])
def test_a_setting_is_a_number_or_an_expression(value: int | str) -> None:
    after = SetSetting(node="up", name="d_out", value=value, at="mlp").apply(tiny())

    assert after.definition("mlp").nodes["up"].settings["d_out"] == value


def test_none_brings_the_default_back() -> None:
    after = SetSetting(node="embed", name="d_model", value=None).apply(tiny())

    assert after.main.nodes["embed"].settings == {"vocab_size": "vocab_size"}


def test_one_layer_of_a_composite_may_have_a_setting_of_its_own() -> None:
    after = SetSetting(node="blocks", name="d_ff", value="2*d_model", layer=1).apply(tiny())

    assert after.main.nodes["blocks"].overrides == {1: {"d_ff": "2*d_model"}}
    assert SetSetting(node="blocks", name="d_ff", value=None, layer=1).apply(after) == tiny()
    refused(SetSetting(node="embed", name="d_model", value=3, layer=0), tiny(), "no layer 0. Repeat it first")
    refused(SetSetting(node="blocks", name="d_ff", value=3, layer=-1), tiny(), "no layer -1. Name one from 0")


def test_a_choice_is_no_expression() -> None:
    document = AddNode(kind="attention_core", id="core").apply(tiny())

    after = SetSetting(node="core", name="mask", value="causal").apply(document)

    assert after.main.nodes["core"].settings["mask"] == "causal"
    refused(SetSetting(node="core", name="mask", value="casual"), document, "'casual'")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("d_model", 0, "embed: d_model is 0, but must be at least 1"),
        ("d_model", 1.5, "must be a whole number"),
        ("d_model", True, "must be a whole number"),
        ("d_model", "4*", "cannot be read"),
        ("d_model", "d_modle", "Did you mean 'd_model'"),
        ("d_model", "dropout", "must be a whole number"),
        ("d_model", "d_model-16", "is 0"),
        ("d_model", 10**400, "a number up to"),
        ("d_model", float("nan"), "a number up to"),
        ("d_modle", 8, "Did you mean 'd_model'"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_the_reason(name: str, value: float, reason: str) -> None:
    refused(SetSetting(node="embed", name=name, value=value), tiny(), reason)


def test_a_symbol_takes_a_new_value_and_only_that_changes() -> None:
    after = SetSymbol(name="d_model", value=32).apply(tiny())

    assert [s.value for s in after.main.symbols] == [11, 32, 2, 0.1]
    assert after.definition("mlp") is not None
    assert after.main.nodes == tiny().main.nodes


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("d_model", 0, "d_model is 0, but must lie between 1 and 512"),
        ("d_model", 513, "between 1 and 512"),
        ("d_model", "n_layers", "'n_layers', which has no value here"),
        ("d_model", "d_model", "no value here"),
        ("dropout", 2.0, "between 0 and 1"),
        ("d_modl", 3, "no symbol 'd_modl'. Did you mean 'd_model'"),
    ],
)
def test_a_symbol_that_cannot_be_is_refused_with_the_reason(name: str, value: float, reason: str) -> None:
    refused(SetSymbol(name=name, value=value), tiny(), reason)


def test_a_symbol_that_would_leave_another_without_value_is_refused() -> None:
    document = AddSymbol(name="d_head", value="d_model//n_layers").apply(tiny())

    refused(SetSymbol(name="n_layers", value=0), document, "divides by zero")


def test_a_symbol_may_build_on_those_before_it() -> None:
    after = AddSymbol(name="d_ff", value="4*d_model", setting=Setting("Inner width.", low=1)).apply(tiny())

    assert after.main.symbols[-1] == Symbol(name="d_ff", value="4*d_model", setting=Setting("Inner width.", low=1))


@pytest.mark.parametrize("name", ["d_model", "D_ff", "class", "2x"])
def test_a_symbols_name_must_be_new_and_an_identifier(name: str) -> None:
    refused(AddSymbol(name=name, value=1), tiny(), "already|is no id|meaning in Python")


def test_a_used_symbol_stays_and_its_users_are_named() -> None:
    refused(RemoveSymbol(name="d_model"), tiny(), r"used by embed\.d_model, blocks\.d_model, head\.d_model")
    refused(RemoveSymbol(name="n_layers"), tiny(), r"blocks\.repeat")
    refused(RemoveSymbol(name="vocab_size"), tiny(), "the shape of logits")
    refused(RemoveSymbol(name="d_model", at="mlp"), tiny(), "used by d_ff")


def test_removing_an_unused_symbol_takes_the_setting_from_every_use() -> None:
    document = AddSymbol(name="unused", value=1, at="mlp").apply(tiny())
    document = SetSetting(node="blocks", name="unused", value=2).apply(document)

    after = RemoveSymbol(name="unused", at="mlp").apply(document)

    assert after == tiny()


def test_a_renamed_symbol_is_followed_in_all_expressions_shapes_and_uses() -> None:
    document = RenameSymbol(name="vocab_size", new="n_tokens").apply(tiny())
    after = RenameSymbol(name="d_model", new="width", at="mlp").apply(document)

    assert after.main.nodes["head"].settings == {"d_model": "d_model", "vocab_size": "n_tokens"}
    assert after.main.outputs[0].shape == "B T n_tokens"
    assert after.definition("mlp").symbols[1].value == "4*width"
    assert after.definition("mlp").nodes["up"].settings == {"d_in": "width", "d_out": "d_ff"}
    assert after.main.nodes["blocks"].settings == {"width": "d_model"}


def test_a_choice_is_not_renamed_with_a_symbol_of_its_name() -> None:
    document = AddSymbol(name="causal", value=1).apply(tiny())
    document = AddNode(kind="attention_core", id="core", settings={"mask": "causal"}).apply(document)

    after = RenameSymbol(name="causal", new="one").apply(document)

    assert after.main.nodes["core"].settings["mask"] == "causal"


def test_a_symbol_cannot_take_the_name_of_a_choice_where_it_is_used() -> None:
    how = AddSymbol(name="how", value="causal", type=str, setting=Setting("", choices=("none", "causal")))
    document = AddNode(kind="attention_core", id="core", settings={"mask": "how"}).apply(how.apply(tiny()))

    refused(RenameSymbol(name="how", new="causal"), document, "'causal' is a choice of core.mask")


# Places and names


def test_moving_changes_positions_only() -> None:
    after = Move(positions={"embed": (7, 8), "head": (-1, 0.5)}).apply(tiny())

    assert (after.main.nodes["embed"].x, after.main.nodes["embed"].y) == (7, 8)
    assert (after.main.nodes["head"].x, after.main.nodes["head"].y) == (-1, 0.5)
    assert wires(after) == wires(tiny())
    refused(Move(positions={"embed": (0, float("inf"))}), tiny(), "embed cannot be there")


def test_a_renamed_node_keeps_its_place_its_wires_its_ties_and_its_uid() -> None:
    after = Rename(node="embed", new="tok").apply(tiny())

    assert list(after.main.nodes) == ["tokens", "tok", "blocks", "head", "logits"]
    assert {"tokens.value>tok.tokens", "tok.y>blocks.x"} <= wires(after)
    assert after.ties == (("head.weight", "tok.weight"),)
    assert after.main.nodes["tok"].uid == "embed"
    assert Rename(node="tok", new="embed").apply(after) == tiny()


def test_a_new_node_with_the_old_id_of_a_renamed_one_gets_a_uid_of_its_own() -> None:
    document = Rename(node="embed", new="tok").apply(tiny())

    after = AddNode(kind="token_embedding", id="embed").apply(document)

    uids = [node.uid or name for name, node in after.main.nodes.items()]
    assert len(set(uids)) == len(uids)


def test_a_renamed_input_of_a_composite_is_followed_at_every_use() -> None:
    after = Rename(node="x", new="stream", at="mlp").apply(tiny())

    assert [p.name for p in after.definition("mlp").inputs] == ["stream"]
    assert "embed.y>blocks.stream" in wires(after)
    assert after.main.nodes["blocks"].carry == ("stream", "y")


def test_ties_through_every_layer_follow_a_rename_inside_a_composite() -> None:
    document = Tie(first="blocks.1.up.weight", second="blocks.0.up.weight").apply(tiny())

    after = Rename(node="up", new="wide", at="mlp").apply(document)

    assert after.ties[-1] == ("blocks.1.wide.weight", "blocks.0.wide.weight")


def test_a_label_is_any_text_up_to_a_limit() -> None:
    after = SetLabel(node="embed", text="<b>Wörter</b>").apply(tiny())

    assert after.main.nodes["embed"].label == "<b>Wörter</b>"
    refused(SetLabel(node="embed", text="x" * 201), tiny(), "201 characters")
    refused(SetLabel(node="embed", text="\ud83d"), tiny(), "half a character")


def test_a_port_of_a_definition_can_carry_something_else() -> None:
    after = SetPort(node="tokens", kind="mask", shape="B   T", optional=True).apply(tiny())

    (port,) = after.main.inputs
    assert (port.kind, port.shape, port.optional, port.name) == ("mask", "B T", True, "tokens")
    refused(SetPort(node="embed", kind="mask"), tiny(), "only inputs and outputs")
    refused(SetPort(node="tokens", kind="masc"), tiny(), "Did you mean 'mask'")


# Composites


def test_an_edit_of_a_definition_is_followed_by_all_its_uses() -> None:
    document = AddNode(kind="mlp", id="more").apply(tiny())

    after = SetSymbol(name="d_ff", value="2*d_model", at="mlp").apply(document)

    kinds = {after.main.nodes[name].kind for name in ("blocks", "more")}
    assert kinds == {"mlp"}
    assert after.definition("mlp").symbols[1].value == "2*d_model"


def test_an_independent_use_follows_no_longer() -> None:
    document = AddNode(kind="mlp", id="more").apply(tiny())

    after = MakeIndependent(node="more").apply(document)

    kind = after.main.nodes["more"].kind
    assert kind == "mlp_2"
    assert SetLabel(node="up", text="!", at="mlp").apply(after).definition(kind) == after.definition(kind)
    refused(MakeIndependent(node="embed"), document, "single block")


def test_repeating_finds_what_runs_from_layer_to_layer() -> None:
    document = AddNode(kind="mlp", id="more").apply(tiny())

    after = SetRepeat(node="more", repeat=3).apply(document)

    assert (after.main.nodes["more"].repeat, after.main.nodes["more"].carry) == (3, ("x", "y"))


def test_ties_keep_to_the_layers_that_stay() -> None:
    document = Tie(first="blocks.1.up.weight", second="blocks.0.up.weight").apply(tiny())
    document = Tie(first="blocks.0.down.bias", second="embed.bias").apply(document)

    one_layer = SetRepeat(node="blocks", repeat=None).apply(document)
    again = SetRepeat(node="blocks", repeat=2).apply(one_layer)

    assert one_layer.ties[1:] == (("blocks.down.bias", "embed.bias"),)
    assert again.ties[1:] == (("blocks.0.down.bias", "embed.bias"),)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (SetRepeat(node="embed", repeat=2), "only a composite"),
        (SetRepeat(node="blocks", repeat=0), "from 1 to"),
        (SetRepeat(node="blocks", repeat=10**400), "a number up to"),
        (SetRepeat(node="blocks", repeat="n_layer"), "Did you mean 'n_layers'"),
        (SetRepeat(node="blocks", repeat="dropout"), "whole number"),
        (SetRepeat(node="blocks", repeat=2, carry=("z", "y")), "cannot carry 'z'"),
    ],
)
def test_a_repeat_that_cannot_be_is_refused_with_the_reason(edit: Edit, reason: str) -> None:
    refused(edit, tiny(), reason)


# Copies


def test_a_duplicate_has_the_settings_and_inner_wires_of_the_original() -> None:
    after = Duplicate(nodes=("embed", "blocks")).apply(tiny())

    assert after.main.nodes["embed_2"].settings == tiny().main.nodes["embed"].settings
    assert after.main.nodes["blocks_2"].repeat == "n_layers"
    assert wires(after) - wires(tiny()) == {"embed_2.y>blocks_2.x"}
    assert after.main.nodes["embed_2"].x == tiny().main.nodes["embed"].x + 32


def test_a_clip_brings_its_definitions_into_another_document() -> None:
    clip = copy_clip(tiny(), "", ["blocks"])

    after = Paste(clip=clip, x=5, y=6).apply(Document.empty())

    assert after.definition("mlp") == tiny().definition("mlp")
    assert (after.main.nodes["blocks"].x, after.main.nodes["blocks"].y) == (5, 6)


def test_a_clip_survives_being_written_as_text() -> None:
    clip = copy_clip(tiny(), "mlp", ["up", "down", "x"])

    again = Clip(document=loads(dumps(clip.document)))

    assert again == clip
    assert wires(Paste(clip=again).apply(Document.empty())) == {"up.y>down.x", "x.value>up.x"}


def test_composites_can_be_nested_only_so_deep() -> None:
    document, inside = tiny(), "mlp"
    for level in range(MAX_DEPTH - 2):
        document = document.with_definition(Definition.make(f"level_{level}"))
        document = AddNode(kind=inside, at=f"level_{level}").apply(document)
        inside = f"level_{level}"

    at_the_limit = AddNode(kind=inside).apply(document)

    assert loads(dumps(at_the_limit)) == at_the_limit
    document = at_the_limit.with_definition(Definition.make("last"))
    document = AddNode(kind="linear", at="last").apply(document)
    refused(AddNode(kind="last", at="mlp"), document, "nested 13 deep")


def test_symbols_unknown_where_a_clip_is_pasted_become_values() -> None:
    clip = copy_clip(tiny(), "", ["embed", "blocks"])

    after = Paste(clip=clip).apply(Document.empty())

    assert after.main.nodes["embed"].settings == {"d_model": 16, "vocab_size": 11}
    assert after.main.nodes["blocks"].repeat == 2


def test_a_pasted_composite_that_differs_from_its_namesake_gets_another_name() -> None:
    clip = copy_clip(tiny(), "", ["blocks"])
    edited = SetSymbol(name="d_ff", value=5, at="mlp").apply(tiny())

    after = Paste(clip=clip).apply(edited)

    assert after.main.nodes["blocks_2"].kind == "mlp_2"
    assert after.definition("mlp") == edited.definition("mlp")
    assert after.definition("mlp_2").symbols == tiny().definition("mlp").symbols


def test_pasting_a_composite_into_itself_is_refused() -> None:
    clip = copy_clip(tiny(), "", ["blocks"])

    refused(Paste(clip=clip, at="mlp"), tiny(), "a composite cannot hold itself")


# The document as a whole


def test_a_batch_applies_all_or_nothing() -> None:
    good = AddNode(kind="linear", id="extra")
    bad = connect("extra.y", "ghost.x")

    after = Batch(edits=(good, connect("embed.y", "extra.x")), label="Add and wire").apply(tiny())

    assert "embed.y>extra.x" in wires(after)
    refused(Batch(edits=(good, bad)), tiny(), "no node 'ghost'")


def test_replacing_opens_another_document() -> None:
    assert Replace(document=tiny()).apply(Document.empty()) == tiny()


def test_a_document_has_a_name_and_a_task() -> None:
    after = SetTask(task="sort").apply(RenameDocument(name="Mine").apply(tiny()))

    assert (after.name, after.task) == ("Mine", "sort")
    refused(RenameDocument(name="  "), tiny(), "needs a name")


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (Tie(first="embed.weight", second="embed.weight"), "tied to itself"),
        (Tie(first="haed.weight", second="embed.weight"), "Did you mean 'head'"),
        (Tie(first="blocks.up.weight", second="embed.weight"), "index of a layer"),
        (Tie(first="blocks.0", second="embed.weight"), "ends at a composite"),
        (Tie(first="head", second="embed.weight"), "names no parameter"),
        (Tie(first="head.weight", second="blocks.0.up.weight"), "tied already"),
        (Tie(first="embed.weight", second="blocks.0.up.weight"), "part of another tie"),
        (Untie(first="embed.weight"), "not tied"),
    ],
)
def test_a_tie_that_cannot_be_is_refused_with_the_reason(edit: Edit, reason: str) -> None:
    refused(edit, tiny(), reason)


def test_untying_gives_the_parameter_its_own_storage() -> None:
    assert Untie(first="head.weight").apply(tiny()).ties == ()


@pytest.mark.parametrize(
    ("edit", "label"),
    [
        (AddNode(kind="layer_norm"), "Add LayerNorm"),
        (AddNode(kind="input"), "Add input"),
        (Remove(nodes=("a", "b")), "Remove 2 blocks"),
        (connect("a.y", "b.x"), "Connect a.y to b.x"),
        (SetSetting(node="a", name="d_ff", value=1), "Set d_ff of a"),
        (Move(positions={"a": (0, 0)}), "Move a"),
        (Batch(edits=(), label="Arrange"), "Arrange"),
    ],
)
def test_the_undo_menu_says_what_an_edit_did(edit: Edit, label: str) -> None:
    assert edit.label == label
