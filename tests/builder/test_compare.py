"""Differences by path."""

from __future__ import annotations

import pytest

import builder
from builder.compare import Difference, differences, document_differences, same_model
from builder.edits import Disconnect, Edit, Move, Remove, SetLabel, SetSetting, SetSymbol


def found(*edits: Edit) -> list[Difference]:
    """What a tiny GPT differs in after some edits."""
    before = after = builder.templates.build("gpt2", d_model=8)
    for edit in edits:
        after = edit.apply(after)
    return document_differences(before, after)


def test_values_that_differ_are_named_by_their_path() -> None:
    left, right = {"a": 1, "same": 3, "gone": 1}, {"a": 2, "same": 3, "new": "x"}

    assert differences(left, right) == [
        Difference(path="a", left=1, right=2),
        Difference(path="gone", left=1, right=None),
        Difference(path="new", left=None, right="x"),
    ]


def test_where_a_node_is_drawn_and_what_it_is_called_is_no_difference() -> None:
    node = "ln_f"

    assert found(Move(positions={node: (500.0, 9.0)}), SetLabel(node=node, text="Last norm")) == []


def test_a_symbol_and_a_setting_are_told_with_both_values() -> None:
    changes = found(SetSymbol(name="d_model", value=16), SetSetting(node="ln_f", name="eps", value=0.1))

    assert Difference(path="model.d_model", left=8, right=16) in changes
    assert [(d.path, d.right) for d in changes[1:]] == [("model.ln_f.eps", 0.1)]


def test_a_wire_is_told_by_its_ends() -> None:
    wire = builder.templates.build("gpt2").main.wires[0]

    (change,) = found(Disconnect(wire=wire))

    assert change == Difference(path=f"model. {wire.source} → {wire.target}", left="wired", right=None)


def test_of_a_node_that_one_has_not_only_that_is_told() -> None:
    paths = [change.path for change in found(Remove(nodes=("ln_f",)))]

    assert "model.ln_f" in paths
    assert not [path for path in paths if path.startswith("model.ln_f.")]


def test_of_a_composite_that_one_has_not_only_that_is_told() -> None:
    left, right = builder.templates.build("gpt2"), builder.templates.build("classifier")

    changes = {change.path: change for change in document_differences(left, right)}

    assert changes["gpt_block"] == Difference(path="gpt_block", left="composite", right=None)
    assert not [path for path in changes if path.startswith("gpt_block.")]


@pytest.mark.parametrize(
    ("edit", "same"),
    [
        (Move(positions={"ln_f": (500.0, 9.0)}), True),
        (SetLabel(node="ln_f", text="Last norm"), True),
        (SetSetting(node="ln_f", name="eps", value=0.5), False),
        (SetSymbol(name="n_heads", value=2), False),
        (Remove(nodes=("ln_f",)), False),
    ],
)
def test_a_model_is_the_same_wherever_its_blocks_stand(edit: Edit, same: bool) -> None:
    before = builder.templates.build("gpt2", d_model=8)

    assert same_model(before, edit.apply(before)) is same
    assert same_model(edit.apply(before), before) is same
