"""Messages name blocks as the canvas does, and one fault is counted once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder import templates
from builder.contracts.base import ContractResult
from builder.diagnostics import Diagnostic, Fix, Report, Where
from builder.document import PortRef, Wire
from builder.edits import Edit, SetLabel, SetSetting
from builder.validate import validate
from tests.builder.broken import CASES, Make
from views.findings import findings
from views.places import Places, path_to

TINY = templates.build("tiny")


@pytest.mark.parametrize(
    ("definition", "text", "said"),
    [
        ("model", "ln_f.x carries B T 64.", "x of LayerNorm carries B T 64."),
        ("model", "ln_f.x is fed by tok_emb.y.", "x of LayerNorm is fed by y of Token embedding."),
        ("model", "logits.value has no source.", "logits has no source."),
        ("model", "lm_head.weight is one with tok_emb.weight.", "lm_head.weight is one with tok_emb.weight."),
        ("model", "blocks.0.attn.core fails.", "Attention core in Multi-head attention fails."),
        ("gpt_block", "attn_norm gives 0.", "LayerNorm (attn_norm) gives 0."),
        ("gpt_block", "attn and ffn are alike.", "Multi-head attention and Feed-forward are alike."),
        ("multi_head_attention", "Set mask of blocks to causal.", "Set mask of GPT block to causal."),
        ("multi_head_attention", "The core of it is a core.", "The core of it is a core."),
        ("model", "'ln_f' is called ln_f.", "'ln_f' is called LayerNorm."),
        ("nowhere", "ln_f is gone.", "ln_f is gone."),
    ],
)
def test_ids_become_what_the_canvas_says(definition: str, text: str, said: str) -> None:
    assert Places(TINY).reworded(definition, text) == said


def test_a_name_of_ones_own_counts() -> None:
    document = SetLabel(node="ln_f", text="Last norm").apply(TINY)

    assert Places(document).reworded("model", "Remove ln_f.") == "Remove Last norm."


@given(st.text())
def test_words_without_ids_stay(text: str) -> None:
    wide = text.replace("_", " ").replace(".", " ").upper()

    assert Places(TINY).reworded("model", wide).replace("AN ", "A ") == wide.replace("AN ", "A ")


def test_a_place_is_a_block_or_the_two_ends_of_a_wire_and_what_they_are_in() -> None:
    places, wire = Places(TINY), Wire(PortRef("ln_f", "y"), PortRef("lm_head", "x"))

    assert places.place(Where(definition="model")) == "The model"
    assert places.place(Where(definition="model", wire=wire)) == "LayerNorm → Language-model head"
    core = Where(definition="multi_head_attention", node="core")
    assert places.place(core) == "Attention core in Multi-head attention"


@pytest.mark.parametrize("make", [make for _, make in CASES])
def test_no_message_begins_with_an_id_that_the_canvas_does_not_show(make: Make) -> None:
    document = make()
    places = Places(document)
    for problem in validate(document).diagnostics:
        here = document.definitions[problem.where.definition]
        hidden = {name for name, title in places.names(here).items() if title != name}

        first = places.worded(problem).message.split()[0]

        assert first.strip(".:") not in hidden


def result(definition: str, *fixes: Fix, waived: str = "") -> ContractResult:
    where = Where(definition=definition, node="core")
    return ContractResult(
        code="C001", name="", passed=False, detail="It leaks.", where=where, fixes=fixes, waived=waived
    )


def warning(code: str, edit: Edit) -> Diagnostic:
    where = Where(definition="model", node="blocks")
    return Diagnostic(code=code, message="", where=where, severity="warning", fixes=(Fix(label="Mend", edit=edit),))


MEND = SetSetting(node="blocks", name="mask", value="causal")


def test_a_warning_that_a_contract_proves_is_counted_once_and_lends_its_fix() -> None:
    report = Report(diagnostics=(warning("R014", MEND),))

    (found,) = findings(Places(TINY), report, [result("multi_head_attention")])

    assert found.code == "C001"
    assert [fix.edit for fix in found.fixes] == [MEND]


def test_a_warning_with_the_same_cure_is_the_same_fault_and_others_are_not() -> None:
    other = replace(MEND, value="both")
    report = Report(diagnostics=(warning("R025", MEND), warning("R026", other)))

    found = findings(Places(TINY), report, [result("model", Fix(label="Mend", edit=MEND))])

    assert [problem.code for problem in found] == ["R026", "C001"]


def test_what_is_waived_proves_nothing() -> None:
    report = Report(diagnostics=(warning("R014", MEND),))

    found = findings(Places(TINY), report, [result("model", waived="It fills in.")])

    assert [problem.code for problem in found] == ["R014"]


def test_the_way_to_a_definition_that_nobody_uses_is_unknown() -> None:
    assert path_to(TINY, "nowhere") is None
