"""Rules: each is broken by some model, found at one place, and mended by every fix it offers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builder import templates
from builder.diagnostics import Diagnostic
from builder.document import Document
from builder.rules import RULES
from builder.validate import validate
from tests.builder.broken import (
    BROKEN,
    CASES,
    Make,
    future,
    grouped,
    misfit,
    misfit_of_a_literal_source,
    new_symbol,
    no_carry,
    open_ids,
    out_of_range,
    out_of_range_by_symbol,
    tie_of_shapes,
    too_many_experts_asked_for,
    uneven_groups,
    uneven_inside,
    uneven_turn,
    unknown_symbol,
)
from tests.builder.drawn import language_model, node, problem, problems
from tests.builder.zoo.base import changed, reader, setting, t5, translator
from tests.builder.zoo.positions import decoder_that_measures_both_sides, encoder_that_measures_one_side

IDS = [f"{code}-{make.__name__}" for code, make in CASES]


def places(document: Document, code: str) -> list[str]:
    return [found.path for found in validate(document).diagnostics if found.code == code]


def labels(found: Diagnostic) -> list[str]:
    return [fix.label for fix in found.fixes]


def test_every_rule_has_a_model_that_breaks_it() -> None:
    assert set(BROKEN) == set(RULES)


@pytest.mark.parametrize(("code", "make"), CASES, ids=IDS)
def test_a_broken_rule_is_found_at_one_place(code: str, make: Make) -> None:
    assert len(places(make(), code)) == 1


@pytest.mark.parametrize(("code", "make"), CASES, ids=IDS)
def test_every_fix_mends_its_problem(code: str, make: Make) -> None:
    model = make()
    found = problem(model, code)

    for fix in found.fixes:
        assert found.path not in places(fix.edit.apply(model), code), fix.label


@pytest.mark.parametrize(("code", "make"), CASES, ids=IDS)
def test_a_message_says_what_and_how_to_fix_it(code: str, make: Make) -> None:
    message = problem(make(), code).message

    assert len(message.split()) > 5
    assert message.endswith((".", "?"))
    assert "None" not in message


@pytest.mark.parametrize("name", templates.names())
def test_templates_break_no_rule(name: str) -> None:
    assert problems(templates.build(name)) == []


def test_a_symbol_is_offered_before_a_number() -> None:
    assert labels(problem(misfit(), "S001")) == [
        "Set d_model of norm to d_model (8)",
        "Set d_model of embed to 16",
        "Put a Linear block between",
        "Remove the wire",
    ]  # fmt: skip
    assert labels(problem(misfit_of_a_literal_source(), "S001"))[0] == "Set d_out of up to d_model (8)"


def test_the_adapter_joins_both_ends() -> None:
    model = misfit()
    fix = next(fix for fix in problem(model, "S001").fixes if fix.label.startswith("Put"))

    mended = fix.edit.apply(model)

    assert {"embed.y>linear.x", "linear.y>norm.x"} <= {str(wire) for wire in mended.main.wires}
    assert mended.main.nodes["linear"].settings == {"d_in": 8, "d_out": 16}


def test_a_number_of_heads_is_mended_where_it_was_set() -> None:
    found = problem(uneven_inside(), "S003")

    assert found.where.definition == "multi_head_attention"
    assert labels(found) == ["Set n_heads to 10", "Set n_heads to 5"]
    assert problems(found.fixes[0].edit.apply(uneven_inside())) == []


def test_groups_of_heads_must_be_equal_and_turned_features_come_in_pairs() -> None:
    groups, turn = problem(uneven_groups(), "S003"), problem(uneven_turn(), "S003")

    assert groups.message.startswith("core: 4 heads cannot be divided evenly into 3 parts. Set n_heads of k to ")
    assert turn.message.startswith("rope: 1 features cannot be divided evenly into 2 parts.")
    assert problems(grouped(n_heads=4, n_kv_heads=2)) == []
    assert problems(grouped(n_heads=4, n_kv_heads=1)) == []


def test_settings_that_do_not_go_together_are_told_at_one_of_them() -> None:
    found = problem(too_many_experts_asked_for(), "R004")

    assert (found.where.node, found.where.port) == ("router", "top_k")
    assert "top_k is 6, but there are 4 experts to choose from." in found.message
    assert labels(found) == ["Set top_k of router to 4"]


def test_an_unknown_symbol_is_corrected_or_declared() -> None:
    assert labels(problem(unknown_symbol(), "R003"))[0] == "Set d_model of norm to d_model"
    assert labels(problem(new_symbol(), "R003"))[0] == "Add a symbol share = 0.1"


def test_a_value_out_of_range_is_moved_into_it() -> None:
    assert labels(problem(out_of_range(), "R004"))[0] == "Set p of drop to 1.0"
    assert labels(problem(out_of_range_by_symbol(), "R004"))[0] == "Set share to 1.0"


def test_a_first_model_gets_its_input() -> None:
    found = problem(open_ids(), "R001")

    mended = found.fixes[0].edit.apply(open_ids())

    assert labels(found) == ["Add an input tokens"]
    assert problems(mended) == []


def test_the_only_fitting_output_is_offered() -> None:
    model = language_model(
        {"drop": node("dropout"), "norm": node("layer_norm", d_model="d_model")}, "embed.y>drop.x norm.y>head.x"
    )

    assert labels(problem(model, "R001")) == ["Connect drop.y"]


def test_what_runs_from_layer_to_layer_is_found() -> None:
    assert labels(problem(no_carry(), "R012")) == ["Carry y to x", "One layer of ffn"]


def test_a_tie_names_both_shapes() -> None:
    assert "(8, 8) and (11, 8)" in problem(tie_of_shapes(), "R013").message


def test_a_decoder_that_sees_the_future_gets_its_mask_where_it_was_taken_off() -> None:
    found = problem(future(), "R014")

    assert found.severity == "warning"
    assert labels(found) == ["Set mask of blocks to causal"]


def test_an_encoder_may_look_both_ways() -> None:
    for name in ("transformer", "classifier"):
        assert places(templates.build(name), "R014") == []


def test_distances_of_one_side_are_told_with_the_attention_that_sees_both() -> None:
    found = problem(encoder_that_measures_one_side(), "R030")

    assert found.severity == "warning"
    assert "but encoder.core sees them" in found.message
    assert labels(found) == ["Set bidirectional of encoder_distances to True"]


def test_a_decoder_that_lost_its_mask_is_not_told_to_measure_both_sides() -> None:
    assert places(setting(t5(), "model", "decoder", mask="none"), "R030") == []


def test_distances_are_not_made_one_sided_where_too_few_are_left_to_tell_apart() -> None:
    model = setting(decoder_that_measures_both_sides(), "model", "decoder_distances", n_buckets=32, max_distance=12)

    found = problem(model, "R031")

    assert found.fixes == ()
    assert found.message.endswith("Set bidirectional to False and max_distance higher.")


def test_a_layer_of_its_own_counts_among_attentions_that_see_later_keys() -> None:
    model = t5()
    layers = replace(model.main.nodes["decoder"], overrides={1: {"mask": "none"}})
    model = changed(model, "model", nodes={"decoder": layers})

    assert places(setting(model, "model", "decoder_distances", bidirectional=True), "R031") == []


def test_a_head_is_tied_to_the_table_of_its_stream_or_the_one_that_table_is_tied_to() -> None:
    model = translator(vocab_size=24)
    learned = {"target_pos": node("learned_positions", d_model="d_model", max_len="max_len")}
    model = replace(changed(model, "model", nodes=learned), ties=(("lm_head.weight", "target_pos.weight"),))
    shared = replace(model, ties=(*model.ties, ("target_emb.weight", "source_emb.weight")))

    assert labels(problem(model, "R033")) == ["Tie lm_head.weight to target_emb.weight instead"]
    assert labels(problem(shared, "R033")) == ["Tie lm_head.weight to source_emb.weight instead"]


def test_a_head_without_a_table_that_fits_is_untied() -> None:
    model = replace(reader(n_classes=24, d_ff=24), ties=(("head.weight", "blocks.0.ffn.up.weight"),))

    found = problem(model, "R033")

    assert labels(found) == ["Untie head.weight"]
    assert found.fixes[0].edit.apply(model).ties == ()


def test_hundreds_of_open_inputs_are_listed_without_searching_for_each() -> None:
    parts = {f"norm_{i}": node("layer_norm", d_model="d_model") for i in range(300)}

    found = [p for p in validate(language_model(parts)).diagnostics if p.code == "R001"]

    assert len(found) == 300


def test_a_model_is_not_offered_vectors_as_its_input() -> None:
    model = language_model(
        {"core": node("attention_core", mask="causal"), "merge": node("merge_heads")}, "core.y>merge.x merge.y>head.x"
    )

    found = problem(model, "R001")

    assert found.fixes == ()
    assert found.message == "core.q has no wire. Wire a port that carries query to it."
