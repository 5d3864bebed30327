"""Settings that a composite shows outside, and that it hides again."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import builder
from builder.catalogue import node_signature
from builder.document import Document
from builder.edits import (
    ExposeSetting,
    HideSetting,
    SetSetting,
    SetSymbol,
)
from builder.soundness import check
from builder.validate import views
from engine.errors import EditError
from engine.settings import Value
from tests.builder.small_documents import tiny
from tests.builder.small_models import small

SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def worth(document: Document) -> list[tuple[str, dict[str, Value | None]]]:
    """What every setting of every block is worth, in each use of each definition."""
    return [
        (f"{view.name}.{name}", view.around.settings(name))
        for view in views(document)
        for name, kind in view.around.signatures.items()
        if kind is not None and not kind.composite
    ]


def test_an_exposed_setting_can_be_set_from_outside() -> None:
    exposed = ExposeSetting(node="attn_norm", name="eps", at="gpt_block").apply(small("gpt2"))

    assert worth(exposed) == worth(small("gpt2"))
    after = SetSetting(node="blocks", name="eps", value=0.5).apply(exposed)
    model = builder.compile_document(after)
    assert model.get_submodule("blocks.0.attn_norm").eps == 0.5
    assert model.get_submodule("blocks.0.ffn_norm").eps == 1e-5


def test_an_exposed_setting_of_the_model_becomes_one_of_its_sizes() -> None:
    after = ExposeSetting(node="ln_f", name="eps", symbol="epsilon").apply(small("gpt2"))

    assert after.main.symbols[-1].value == 1e-5
    assert after.main.symbols[-1].setting.about
    model = builder.compile_document(SetSymbol(name="epsilon", value=0.25).apply(after))
    assert model.get_submodule("ln_f").eps == 0.25


def test_a_setting_whose_name_is_taken_is_called_by_its_node_too() -> None:
    document = SetSetting(node="attn_add", name="dropout", value=0.0, at="gpt_block").apply(small("gpt2"))

    after = ExposeSetting(node="attn_add", name="dropout", at="gpt_block").apply(document)

    assert after.definition("gpt_block").nodes["attn_add"].settings["dropout"] == "attn_add_dropout"


def test_a_default_that_is_calculated_stays_calculated_when_it_is_exposed() -> None:
    bare = SetSetting(node="ffn", name="d_ff", value=None, at="gpt_block").apply(small("gpt2"))

    after = ExposeSetting(node="ffn", name="d_ff", symbol="inner", at="gpt_block").apply(bare)

    assert after.definition("gpt_block").symbols[-1].value == "4*d_model"
    assert worth(after) == worth(bare)


def test_what_is_exposed_already_or_is_no_setting_is_refused() -> None:
    with pytest.raises(EditError, match="exposed already: it is d_model"):
        ExposeSetting(node="attn_norm", name="d_model", at="gpt_block").apply(small("gpt2"))
    with pytest.raises(EditError, match="Did you mean 'eps'"):
        ExposeSetting(node="attn_norm", name="epz", at="gpt_block").apply(small("gpt2"))
    with pytest.raises(EditError, match="has no setting"):
        ExposeSetting(node="tokens", name="kind").apply(small("gpt2"))


def test_hiding_takes_the_value_that_all_uses_give() -> None:
    document = small("transformer")
    for block in ("encoder_block", "decoder_block"):
        document = SetSetting(node="attn", name="bias", value=False, at=block).apply(document)

    after = HideSetting(name="bias", at="multi_head_attention").apply(document)

    assert "bias" not in [symbol.name for symbol in after.definition("multi_head_attention").symbols]
    assert "bias" not in after.definition("encoder_block").nodes["attn"].settings
    assert worth(after) == worth(document)


def test_hiding_a_size_of_the_model_writes_its_value_where_it_was_used() -> None:
    document = small("gpt2")

    after = HideSetting(name="d_model").apply(document)

    assert after.main.nodes["blocks"].settings["d_model"] == 8
    assert worth(after) == worth(document)


def test_what_uses_disagree_on_is_not_hidden_and_the_message_says_where() -> None:
    document = SetSetting(node="attn", name="bias", value=False, at="encoder_block").apply(small("transformer"))

    with pytest.raises(EditError, match=r"encoder_block\.attn has False"):
        HideSetting(name="bias", at="multi_head_attention").apply(document)


def test_what_a_layer_sets_for_itself_is_not_hidden() -> None:
    document = SetSetting(node="blocks", name="d_ff", value=5, layer=1).apply(tiny())

    with pytest.raises(EditError, match=r"layer 1 of model\.blocks has 5"):
        HideSetting(name="d_ff", at="mlp").apply(document)


def test_what_comes_from_a_size_outside_is_not_hidden() -> None:
    with pytest.raises(EditError, match=r"model\.blocks has d_model"):
        HideSetting(name="d_model", at="mlp").apply(tiny())


@SLOW
@given(st.data())
def test_exposing_any_setting_changes_no_block_and_hiding_it_brings_back(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from([tiny(), small("gpt2"), small("transformer")]))
    at = data.draw(st.sampled_from(list(document.definitions)))
    pairs = [
        (name, field.name)
        for name, node in document.definition(at).nodes.items()
        if (found := node_signature(document, node, name))
        for field in found.fields
    ]
    node, name = data.draw(st.sampled_from(pairs))
    try:
        exposed = ExposeSetting(node=node, name=name, at=at).apply(document)
    except EditError:
        reject()

    check(exposed)
    assert worth(exposed) == worth(document)

    hidden = HideSetting(name=exposed.definition(at).symbols[-1].name, at=at).apply(exposed)
    assert worth(hidden) == worth(document)
    assert hidden.definition(at).symbols == document.definition(at).symbols
