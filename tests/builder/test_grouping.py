"""Composites of a selection and back: the model stays the same but for the prefix of its keys."""

from __future__ import annotations

from typing import cast

import pytest
import torch
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import builder
from builder import store
from builder.assemble import Sketch
from builder.composites import LIBRARY
from builder.document import Definition, Document, Node
from builder.edits import Group, Rename, Rewire, SetRepeat, SetSetting, SetSymbol, Tie, Ungroup
from builder.edits.border import border_of
from builder.layout import arrange
from builder.library import needed
from builder.paths import steps
from builder.soundness import check
from engine.errors import EditError
from tests.builder.small_documents import ref, tiny, wire
from tests.builder.small_models import TEMPLATES, inputs_of, noise, shaken, small

BLOCK = ("attn_norm", "attn", "attn_add")
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def answers(model: nn.Module, **inputs: Tensor) -> Tensor:
    with torch.no_grad():
        return cast("Tensor", model.eval()(**inputs))


def without_step(document: Document, key: str, at: str, name: str) -> str:
    """The key of a parameter as if the composite `name` of `at` were not around it."""
    places = {step.place for step in steps(document, key) if (step.definition, step.node) == (at, name)}
    return ".".join(word for place, word in enumerate(key.split(".")) if place not in places)


def same_model(flat: Document, grouped: Document, at: str, name: str, **inputs: Tensor) -> None:
    """Check that both compute the same with the same weights; only `grouped` has the composite `name` in `at`."""
    one, other = shaken(builder.compile_document(flat)), builder.compile_document(grouped)
    state = one.state_dict()
    other.load_state_dict({key: state[without_step(grouped, key, at, name)] for key in other.state_dict()})
    assert len(state) == len(other.state_dict())
    assert torch.equal(answers(one, **inputs), answers(other, **inputs))


def arranged(document: Document) -> Document:
    """With no block on top of another, so that nothing has to make room."""
    for at in document.definitions:
        document = arrange(document, at).apply(document)
    return document


def nodes_of(definition: Definition) -> dict[str, Node]:
    return dict(definition.nodes)


# Ports


def test_a_value_used_twice_inside_comes_in_by_one_port() -> None:
    after = Group(nodes=BLOCK, name="Look around", at="gpt_block").apply(small("gpt2"))

    inside = after.definition("look_around")
    assert [port.name for port in inside.inputs] == ["x", "padding"]
    assert {str(w) for w in inside.wires if w.source.node == "x"} == {"x.value>attn_norm.x", "x.value>attn_add.x"}
    assert {str(w) for w in after.definition("gpt_block").wires if w.source.node == "look_around"} == {
        "look_around.y>ffn_norm.x",
        "look_around.y>ffn_add.x",
    }


def test_ports_of_a_group_are_told_in_symbols() -> None:
    after = Group(nodes=("q_proj", "q_heads"), at="multi_head_attention").apply(small("gpt2"))

    (x,), (y,) = after.definition("group").inputs, after.definition("group").outputs
    assert (x.kind, x.shape) == ("hidden", "B T d_model")
    assert (y.kind, y.shape) == ("heads", "B n_heads T d_model//n_heads")


def test_a_group_of_the_last_blocks_gives_logits() -> None:
    after = Group(nodes=("ln_f", "lm_head")).apply(small("gpt2"))

    (out,) = after.definition("group").outputs
    assert (out.name, out.kind, out.shape) == ("logits", "logits", "B T vocab_size")


def test_several_outputs_are_called_by_what_gives_them() -> None:
    heads = ("q_heads", "k_heads", "v_heads", "q_proj", "k_proj", "v_proj")

    after = Group(nodes=heads, at="multi_head_attention").apply(small("gpt2"))

    inside = after.definition("group")
    assert [port.name for port in inside.inputs] == ["x"]
    assert sorted(port.name for port in inside.outputs) == ["k_heads_y", "q_heads_y", "v_heads_y"]


def test_what_may_be_absent_comes_in_by_an_optional_port() -> None:
    after = Group(nodes=("cross", "cross_add", "cross_norm"), at="decoder_block").apply(small("transformer"))

    optional = {port.name: port.optional for port in after.definition("group").inputs}
    assert optional == {"x": False, "memory": True, "memory_padding": True}


def test_a_group_that_wires_leave_and_come_back_to_is_refused_and_says_what_is_between() -> None:
    with pytest.raises(EditError, match="attn lies between the selected blocks"):
        Group(nodes=("attn_norm", "attn_add"), at="gpt_block").apply(small("gpt2"))


def test_ends_stay_outside_and_alone_are_no_group() -> None:
    after = Group(nodes=("tokens", "tok_emb", "pos_emb")).apply(small("gpt2"))
    assert list(after.main.nodes)[:3] == ["tokens", "padding", "group"]

    with pytest.raises(EditError, match="nothing to group"):
        Group(nodes=("tokens", "logits")).apply(small("gpt2"))


# Settings


def test_symbols_are_passed_on_by_name_and_still_size_what_is_inside() -> None:
    grouped = Group(nodes=BLOCK, at="gpt_block").apply(small("gpt2"))

    wider = SetSymbol(name="d_model", value=16).apply(grouped)

    use = wider.definition("gpt_block").nodes["group"]
    assert use.settings == {name: name for name in ("d_model", "n_heads", "dropout", "mask")}
    assert builder.compile_document(wider).get_parameter("blocks.0.group.attn.q_proj.weight").shape == (16, 16)


def test_a_symbol_keeps_its_expression_only_where_its_parts_are_passed_too() -> None:
    document = tiny()
    both = Group(nodes=("up", "down", "add"), at="mlp").apply(document).definition("group")
    one = Group(nodes=("act",), at="feed_forward").apply(small("gpt2")).definition("group")

    assert {symbol.name: symbol.value for symbol in both.symbols} == {"d_model": 16, "d_ff": "4*d_model"}
    assert {symbol.name: symbol.value for symbol in one.symbols} == {"d_ff": 2048, "activation": "relu"}


# The same model


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_group_computes_what_its_blocks_did(template: str) -> None:
    document = small(template)
    name = next(node.kind for node in document.main.nodes.values() if node.repeat is not None)
    block = document.definition(name)
    chosen = tuple(node for node in block.nodes if node.startswith("attn"))

    same_model(document, Group(nodes=chosen, at=name).apply(document), name, "group", **inputs_of(template))


def decoding(*, memory: bool) -> Document:
    """A model of one decoder block, with or without something to look at."""
    d = Sketch("model", "Model")
    d.input("x", "B T 8", (0, 0))
    sources = {"x": "x"}
    if memory:
        d.input("seen", "B S 8", (0, 1))
        sources["memory"] = "seen"
    d.add("layer", "decoder_block", sources, (1, 0), d_model=8, n_heads=2, d_ff=12, dropout=0.0)
    d.output("y", "layer", "B T 8", (2, 0))
    return Document(definitions={**needed("decoder_block", LIBRARY), "model": d.done()})


LOOKS = ("attn", "attn_add", "attn_norm", "cross", "cross_add", "cross_norm")


def test_a_group_around_an_optional_memory_works_with_it_and_without() -> None:
    group = Group(nodes=LOOKS, at="decoder_block")
    inputs = {"x": noise(2, 5, 8), "seen": noise(2, 4, 8, seed=5)}

    for memory in (True, False):
        flat = decoding(memory=memory)
        given = inputs if memory else {"x": inputs["x"]}
        same_model(flat, group.apply(flat), "decoder_block", "group", **given)


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_composite_taken_apart_computes_the_same(template: str) -> None:
    document = small(template)
    for definition in list(document.definitions.values()):
        for name, node in definition.nodes.items():
            if node.kind in document.definitions and node.repeat is None:
                flat = Ungroup(node=name, at=definition.name).apply(document)
                same_model(flat, document, definition.name, name, **inputs_of(template))


def test_what_hangs_on_an_input_without_a_wire_does_not_come_out() -> None:
    dry = decoding(memory=False)

    after = Ungroup(node="layer").apply(dry)

    assert "attn" in after.main.nodes
    assert not {"cross", "cross_add", "cross_norm"} & set(after.main.nodes)
    assert builder.validate(after).ok
    same_model(after, dry, "model", "layer", x=noise(2, 5, 8))


@SLOW
@given(st.data())
def test_any_group_taken_apart_is_what_it_was(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from([arranged(tiny()), arranged(small("gpt2")), arranged(small("transformer"))]))
    at = data.draw(st.sampled_from(list(document.definitions)))
    here = document.definition(at)
    chosen = data.draw(st.lists(st.sampled_from(list(here.nodes)), min_size=1, unique=True))
    try:
        grouped = Group(nodes=tuple(chosen), at=at).apply(document)
    except EditError:
        reject()

    check(grouped)
    assert store.loads(store.dumps(grouped)) == grouped
    before, after = builder.validate(document), builder.validate(grouped)
    assert {d.code for d in after.diagnostics} <= {d.code for d in before.diagnostics}
    assert before.ok == after.ok

    back = Ungroup(node="group", at=at).apply(grouped)
    assert nodes_of(back.definition(at)) == nodes_of(here)
    assert set(back.definition(at).wires) == set(here.wires)
    assert back.ties == document.ties
    assert back.definitions.keys() == document.definitions.keys()


@SLOW
@given(st.data())
def test_any_group_that_compiles_computes_the_same(data: st.DataObject) -> None:
    template = data.draw(st.sampled_from(["gpt2", "transformer"]))
    document = small(template, n_layers=1)
    at = data.draw(st.sampled_from(list(document.definitions)))
    chosen = data.draw(st.lists(st.sampled_from(list(document.definition(at).nodes)), min_size=1, unique=True))
    try:
        grouped = Group(nodes=tuple(chosen), at=at).apply(document)
    except EditError:
        reject()

    same_model(document, grouped, at, "group", **inputs_of(template))


# What follows


def test_ties_follow_into_a_group_and_out_of_it() -> None:
    document = small("gpt2")
    (first, second) = document.ties[0]

    grouped = Group(nodes=("tok_emb", "pos_emb", "emb_drop"), name="Embedding").apply(document)

    assert grouped.ties == ((first, f"embedding.{second}"),)
    model = builder.compile_document(grouped)
    assert model.get_parameter(grouped.ties[0][0]) is model.get_parameter(grouped.ties[0][1])
    assert Ungroup(node="embedding").apply(grouped).ties == document.ties


def test_a_tie_inside_a_layer_follows_with_its_index() -> None:
    document = Tie(first="blocks.1.up.bias", second="blocks.0.up.bias").apply(tiny())

    after = Group(nodes=("up", "down"), at="mlp").apply(document)

    assert after.ties[1] == ("blocks.1.group.up.bias", "blocks.0.group.up.bias")
    for path in after.ties[1]:
        steps(after, path)


def test_a_renamed_block_keeps_what_it_was_in_a_group_and_after_it() -> None:
    document = Rename(node="tok_emb", new="words").apply(small("gpt2"))

    grouped = Group(nodes=("words", "pos_emb")).apply(document)
    assert grouped.definition("group").nodes["words"].uid == "tok_emb"

    back = Ungroup(node="group").apply(grouped)
    assert back.main.nodes["words"].uid == "tok_emb"


def test_an_id_that_is_taken_outside_gets_a_number_and_its_ties_follow() -> None:
    grouped = Group(nodes=("tok_emb", "pos_emb", "emb_drop"), name="Start").apply(small("gpt2"))
    clashing = Rename(node="ln_f", new="tok_emb").apply(grouped)

    after = Ungroup(node="start").apply(clashing)

    assert after.main.nodes["tok_emb"].kind == "layer_norm"
    assert after.ties[0][1] == "tok_emb_2.weight"
    check(after)


def test_a_definition_stays_as_long_as_something_uses_it() -> None:
    document = small("transformer")
    attention = "multi_head_attention"

    once = Ungroup(node="attn", at="encoder_block").apply(document)

    assert attention in once.definitions
    assert attention not in Ungroup(node="attn", at="decoder_block").apply(once).definitions


def test_several_layers_and_single_blocks_are_not_taken_apart() -> None:
    with pytest.raises(EditError, match="several layers"):
        Ungroup(node="blocks").apply(tiny())
    with pytest.raises(EditError, match="single block"):
        Ungroup(node="embed").apply(tiny())


def test_a_group_can_be_repeated_and_a_layer_set_apart() -> None:
    grouped = Group(nodes=("up", "down", "add"), name="Step", at="mlp").apply(tiny())
    document = SetRepeat(node="step", repeat=3, at="mlp").apply(grouped)

    wide = SetSetting(node="step", name="d_ff", value=5, layer=1, at="mlp").apply(document)

    state = builder.compile_document(wide).state_dict()
    assert state["blocks.0.step.1.up.weight"].shape == (5, 16)
    assert state["blocks.0.step.2.up.weight"].shape == (64, 16)


def test_what_comes_out_makes_room_instead_of_lying_on_top_of_others() -> None:
    document = small("gpt2", n_layers=1)
    apart = Ungroup(node="ffn", at="gpt_block").apply(document).definition("gpt_block")

    spots = [(node.x, node.y) for node in apart.nodes.values() if not node.is_rail]
    assert all(abs(a[0] - b[0]) > 100 or abs(a[1] - b[1]) > 60 for i, a in enumerate(spots) for b in spots[:i])


def test_a_border_names_each_source_once() -> None:
    document = small("gpt2")
    here = document.definition("gpt_block")

    border = border_of(document, here, ["ffn_norm", "ffn", "ffn_add"])

    assert [(str(c.source), [str(t) for t in c.targets]) for c in border.inputs] == [
        ("attn_add.sum", ["ffn_norm.x", "ffn_add.x"])
    ]


# Rules


@pytest.mark.parametrize(
    ("template", "at", "nodes"),
    [
        ("tiny_llama", "grouped_query_attention", ("q_rope",)),
        ("tiny_llama", "grouped_query_attention", ("v_heads", "core")),
        ("tiny_bert", "model", ("head",)),
        ("transformer", "model", ("encoder", "target_emb")),
    ],
)
def test_rules_see_through_the_ends_of_a_group(template: str, at: str, nodes: tuple[str, ...]) -> None:
    after = Group(nodes=nodes, at=at).apply(builder.templates.build(template))

    assert builder.validate(after).diagnostics == ()


def test_what_was_wrong_is_still_found_in_a_group() -> None:
    document = builder.templates.build("tiny_llama")
    at = "grouped_query_attention"
    bare = Rewire(old=wire("k_rope.y>core.k"), source=ref("k_heads.y"), target=ref("core.k"), at=at).apply(document)

    for nodes in (("q_rope",), ("k_proj", "k_heads"), ("v_proj", "v_heads", "core")):
        grouped = Group(nodes=nodes, at=at).apply(bare)
        assert "R026" in [d.code for d in builder.validate(grouped).diagnostics], nodes
