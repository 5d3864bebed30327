"""Which contracts are tried, what the user decided about them, and what is offered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import builder
from builder import store, templates
from builder.contracts import ContractResult, check_contracts
from builder.contracts.residual import _adds
from builder.document import Definition, Document, Node
from builder.edits import RequireContract, ResetContract, SetSetting, WaiveContract
from engine.errors import EditError
from tests.builder.drawn import document, end, node
from tests.builder.unfolding import unfolding
from tests.builder.zoo.base import SMALL, bert, changed, drawn_gpt, gpt, reader, setting, t5, translator
from tests.builder.zoo.masks import leaking_mask, leaking_mask_in_one_layer, mask_behind_the_softmax
from tests.builder.zoo.residuals import residual_around_the_norm
from tests.builder.zoo.scores import t5_whose_decoder_gets_no_distances


def codes(document: Document) -> set[str]:
    return {result.code for result in check_contracts(document)}


def result(document: Document, code: str) -> ContractResult:
    return next(result for result in check_contracts(document) if result.code == code)


def test_which_contracts_apply_follows_from_the_graph() -> None:
    assert "C001" in codes(gpt())
    assert "C001" not in codes(bert())
    assert {"C001", "C003", "C007"} <= codes(translator())
    assert not {"C003", "C007"} & codes(gpt())
    assert "C003" in codes(reader())
    assert {"C001", "C003"} <= codes(templates.build("gpt2", **SMALL))


def test_what_takes_long_is_tried_on_request_only() -> None:
    assert "C017" not in codes(gpt())


def test_the_public_name_gives_the_same() -> None:
    assert [r.code for r in builder.check_contracts(gpt())] == [r.code for r in check_contracts(gpt())]


def test_a_model_that_is_right_keeps_every_contract_and_says_what_was_seen() -> None:
    results = check_contracts(gpt())

    assert all(r.passed and r.detail and not r.fixes for r in results)
    assert [r.code for r in results] == sorted(r.code for r in results)


def test_a_waived_contract_is_still_tried_and_tells_why_it_is_waived() -> None:
    document = WaiveContract(code="C001", why="It fills in.").apply(leaking_mask())

    found = result(document, "C001")

    assert not found.passed
    assert not found.failed
    assert found.waived == "It fills in."


def test_a_required_contract_is_tried_where_it_would_not_apply() -> None:
    document = replace(gpt(), ties=())

    assert "C010" not in codes(document)
    assert not result(RequireContract(code="C010").apply(document), "C010").passed


def test_a_decision_can_be_taken_back() -> None:
    waived = WaiveContract(code="C001", why="A test.").apply(gpt())

    assert ResetContract(code="C001").apply(waived) == gpt()
    with pytest.raises(EditError, match="neither required nor waived"):
        ResetContract(code="C001").apply(gpt())


def test_a_later_decision_takes_the_place_of_an_earlier_one() -> None:
    waived = WaiveContract(code="C001", why="A test.").apply(gpt())

    (promise,) = RequireContract(code="C001").apply(waived).promises

    assert promise.kept


def test_a_contract_is_not_waived_without_a_reason_nor_under_a_wrong_name() -> None:
    with pytest.raises(EditError, match="Write why"):
        WaiveContract(code="C001", why=" ").apply(gpt())
    with pytest.raises(EditError, match="Did you mean 'C001'"):
        WaiveContract(code="C0001", why="A slip.").apply(gpt())


def test_decisions_are_kept_in_the_file_and_files_without_any_still_open() -> None:
    document = WaiveContract(code="C001", why="It fills in.").apply(gpt())

    assert store.loads(store.dumps(document)) == document
    assert "promises" not in store.dumps(gpt())
    assert store.loads(store.dumps(gpt())).promises == ()


def test_a_setting_of_one_layer_is_mended_in_that_layer() -> None:
    (fix, *_) = result(leaking_mask_in_one_layer(), "C001").fixes

    assert fix.edit == SetSetting(node="blocks", name="mask", value="causal", layer=2, at="model")


def test_one_fix_mends_all_places_where_a_contract_is_broken() -> None:
    both = setting(drawn_gpt("none"), "model", "blocks")
    (fix, *_) = result(both, "C001").fixes

    mended = fix.edit.apply(both)

    assert result(mended, "C001").passed


def test_numbers_that_are_not_finite_are_told_alone_because_others_can_say_nothing() -> None:
    assert codes(mask_behind_the_softmax()) == {"C019"}


def test_a_fix_that_would_not_help_is_not_offered() -> None:
    """Attention among heads stays so, whatever its mask."""
    model = changed(gpt(), "model", gone=("blocks",), add="emb_drop.y>ln_f.x")

    assert all(not r.fixes for r in check_contracts(model) if not r.passed)


def test_a_fix_that_would_break_another_contract_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sum behind the attention alone would leave it without a norm, which the model keeps."""
    assert result(residual_around_the_norm(), "C014").fixes

    monkeypatch.setattr("builder.contracts.residual._moved", lambda *_: None)

    found = result(residual_around_the_norm(), "C014")
    assert not found.fixes
    assert found.detail.endswith("by a Residual add block.")


@pytest.mark.parametrize("name", ["gpt2", "t5", "moe"])
def test_trying_leaves_the_random_numbers_of_the_process_alone(name: str) -> None:
    import torch

    torch.manual_seed(3)
    expected = torch.randn(4)
    torch.manual_seed(3)
    check_contracts(templates.build(name))

    assert torch.equal(torch.randn(4), expected)


def test_scores_that_are_left_plain_as_in_t5_are_told_apart_from_scaled_ones() -> None:
    assert result(t5(), "C013").detail == "Scores are plain, as in T5, in 6 attentions."
    assert result(gpt(), "C013").detail == "Scores are scaled by 1/√K in 2 attentions."


def test_distances_in_the_encoder_do_not_excuse_a_decoder_without_them() -> None:
    found = result(t5_whose_decoder_gets_no_distances(), "C013")

    assert found.detail.startswith("core multiplies its scores by 1, not by 1/√8 = 0.35")


def test_an_encoder_that_gives_vectors_and_no_logits_keeps_its_contracts() -> None:
    output = {"vectors": end("output", "hidden B T d_model")}
    encoder = changed(reader(), "model", gone=("pool", "head", "logits"), nodes=output, add="blocks.y>vectors.value")

    results = check_contracts(encoder)

    assert [r.code for r in results if not r.passed] == []
    assert {"C002", "C003", "C005", "C014", "C018"} <= {r.code for r in results}


@pytest.mark.parametrize("make", [gpt, reader, translator])
@pytest.mark.parametrize("longest", [2, 3, 4, 5])
def test_models_of_few_positions_keep_their_contracts_and_are_told_what_was_not_tried(
    make: Callable[..., Document], longest: int
) -> None:
    results = {r.code: r for r in check_contracts(make(max_len=longest))}

    assert [r.code for r in results.values() if not r.passed] == []
    assert results["C002"].detail.startswith("Not tried") == (longest < 3)
    assert results["C005"].detail.startswith("Not tried") == (longest < 4)


@pytest.mark.parametrize("longest", [3, 4])
def test_a_reader_of_few_positions_that_sees_one_side_alone_is_caught(longest: int) -> None:
    assert not result(setting(reader(max_len=longest), "model", "blocks", mask="causal"), "C002").passed


@pytest.mark.parametrize("aside", [{}, {"aside": node("linear", d_in=8, d_out=8)}], ids=["none", "leading nowhere"])
def test_a_model_without_parameters_that_learn_is_tried_all_the_same(aside: dict[str, Node]) -> None:
    nodes = {"x": end("input", "hidden B T 8"), "act": node("relu"), "y": end("output", "hidden B T 8"), **aside}
    wires = "x.value>act.x act.y>y.value" + (" x.value>aside.x" if aside else "")

    results = check_contracts(document(nodes, wires), thorough=True)

    assert [r.code for r in results if not r.passed] == []
    assert {"C008", "C009"} <= {r.code for r in results}


class Counted(dict[str, Definition]):
    """Definitions by name. State: how often one was looked up."""

    looks = 0

    def __getitem__(self, name: str) -> Definition:
        """Count, and give it."""
        self.looks += 1
        return super().__getitem__(name)

    def get(self, name: str, default: object = None) -> object:  # type: ignore[override]
        """Count, and give it."""
        self.looks += 1
        return super().get(name, default)


def test_a_way_round_is_looked_for_once_in_each_composite() -> None:
    known = Counted(unfolding(levels=8, width=4).definitions)

    assert not _adds(Document(definitions=known), "part_0_0")

    assert known.looks <= 2 * len(known)
