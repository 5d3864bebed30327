"""What is known around nodes: values of settings, those without, and the order of nodes."""

from __future__ import annotations

from dataclasses import replace

from builder.composites import LIBRARY
from builder.surroundings import inner_scope, interned, layer_settings, survey, valueless
from tests.builder.drawn import document, language_model, node
from tests.builder.small_documents import tiny


def test_settings_are_worth_what_their_symbols_are() -> None:
    model = language_model({"up": node("linear", d_in="d_model", d_out="4*d_model")}, "embed.y>up.x")

    around = survey(model, model.main, {"d_model": 8, "vocab_size": 11})

    assert around.settings("up") == {"d_in": 8, "d_out": 32, "bias": True}


def test_every_setting_without_a_value_is_kept_with_its_reason() -> None:
    model = document({"up": node("linear", d_in="nothing", d_out=0, width=3)}, "")

    bad = survey(model, model.main, {}).bad["up"]

    assert [(problem.name, problem.readable) for problem in bad] == [("width", True), ("d_in", False), ("d_out", True)]
    assert "no setting 'width'" in bad[0].reason
    assert survey(model, model.main, {}).settings("up")["d_in"] is None


def test_a_setting_is_not_blamed_for_the_symbol_it_names() -> None:
    model = language_model({"norm": node("layer_norm", d_model="d_model")})

    around = survey(model, model.main, {"vocab_size": 11})

    assert all(valueless(around, problem) for problem in around.bad["norm"])


def test_nodes_come_after_what_feeds_them_and_circles_last() -> None:
    parts = {"a": node("residual_add"), "b": node("dropout"), "free": node("dropout")}
    model = language_model(parts, "embed.y>a.x b.y>a.update a.sum>b.x embed.y>free.x free.y>head.x")

    around = survey(model, model.main, {})

    assert around.order.index("embed") < around.order.index("free") < around.order.index("head")
    assert around.in_circles == ["a", "b"]


def test_a_composite_s_symbols_have_the_values_of_its_use_or_their_own() -> None:
    scope = inner_scope(LIBRARY["feed_forward"], {"d_model": 8, "d_ff": None})

    assert scope["d_model"] == 8
    assert scope["d_ff"] == 2048


def test_layers_with_settings_of_their_own_are_listed() -> None:
    blocks = replace(tiny().main.nodes["blocks"], overrides={1: {"d_model": "d_model", "d_ff": 7}, 0: {"nothing": 1}})
    model = tiny().with_definition(tiny().main.with_nodes({"blocks": blocks}))

    layers = layer_settings(survey(model, model.main, {"d_model": 16}), "blocks")

    assert layers[1][0] == {"d_model": 16, "d_ff": 7}
    assert [(problem.name, problem.layer) for problem in layers[0][1]] == [("nothing", 0)]


def test_the_outside_of_a_composite_stays_the_same_object_when_only_its_inside_changes() -> None:
    model = tiny()
    inside = model.definitions["mlp"]
    moved = model.with_definition(inside.with_nodes({"up": replace(inside.nodes["up"], x=99)}))

    assert interned(model, "mlp") is interned(moved, "mlp")
    assert interned(model, "nothing") is None
