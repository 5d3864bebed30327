"""What a rule says about values that are added twice, for any graph of sums, however it is cut into composites."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from builder.document import Document
from builder.edits import Group
from builder.validate import validate
from tests.builder.drawn import definition, document, end, node
from tests.builder.zoo.base import changed, gpt
from tests.builder.zoo.residuals import sum_in_a_composite_of_its_own

Plan = list[tuple[str, int, int]]  # a kind, and how far back the values lie that it takes

PLANS: st.SearchStrategy[Plan] = st.lists(
    st.tuples(st.sampled_from(["linear", "dropout", "add", "residual_add"]), st.integers(0, 5), st.integers(0, 5)),
    min_size=1,
    max_size=9,
)
PORTS = {"linear": ("x",), "dropout": ("x",), "add": ("a", "b"), "residual_add": ("x", "update")}


def drawn(plan: Plan) -> tuple[Document, set[str]]:
    """A graph made by a plan, and the sums in it that add something twice, found by counting."""
    nodes, text = {"x": end("input", "hidden B T 8")}, []
    values, terms, twice = ["x.value"], [Counter({"x": 1})], set[str]()
    for number, (kind, *back) in enumerate(plan):
        name, taken = f"n{number}", [max(0, len(values) - 1 - steps) for steps in back]
        nodes[name] = node(kind, d_in=8, d_out=8) if kind == "linear" else node(kind)
        taken = taken[: len(PORTS[kind])]
        text += [f"{values[source]}>{name}.{port}" for source, port in zip(taken, PORTS[kind], strict=True)]
        parts = [terms[source] for source in taken]
        if len(parts) == 2 and parts[0] & parts[1]:
            twice.add(name)
        values.append(f"{name}.{'sum' if kind == 'residual_add' else 'y'}")
        terms.append(Counter({name: 1}) if kind == "linear" else sum(parts, Counter[str]()))
    nodes["y"] = end("output", "hidden B T 8")
    return document(nodes, " ".join([*text, f"{values[-1]}>y.value"])), twice


def told(model: Document) -> set[str]:
    """The nodes that are said to add something twice."""
    return {found.where.node for found in validate(model).diagnostics if found.code == "R032"}


@given(PLANS)
@settings(deadline=None)
def test_sums_that_add_a_value_twice_are_those_in_which_it_can_be_counted_twice(plan: Plan) -> None:
    model, twice = drawn(plan)

    assert told(model) == twice


@given(PLANS, st.data())
@settings(deadline=None, max_examples=50)
def test_the_same_sums_are_told_when_some_of_them_become_a_composite(plan: Plan, data: st.DataObject) -> None:
    model, twice = drawn(plan)
    names = [f"n{number}" for number in range(len(plan))]
    first = data.draw(st.integers(0, len(names) - 1))
    last = data.draw(st.integers(first, len(names) - 1))

    grouped = Group(nodes=tuple(names[first : last + 1])).apply(model)

    assert told(grouped) == twice


@given(PLANS)
@settings(deadline=None, max_examples=50)
def test_every_fix_takes_one_of_them_away(plan: Plan) -> None:
    model, _ = drawn(plan)

    for found in validate(model).diagnostics:
        for fix in found.fixes if found.code == "R032" else ():
            assert found.where.node not in told(fix.edit.apply(model))


def test_what_is_added_twice_and_what_has_it_are_told_by_name() -> None:
    add = "emb_drop.y>again.x blocks.y>again.update again.sum>ln_f.x"
    model = changed(gpt(), "model", nodes={"again": node("residual_add")}, drop="blocks.y>ln_f.x", add=add)

    (found,) = validate(model).diagnostics

    assert found.message == (
        "again adds emb_drop to blocks, which holds it already, so that it counts twice. Remove again."
    )


def test_outputs_of_one_composite_that_hold_the_same_are_told_by_name() -> None:
    model, _ = drawn([("linear", 0, 0), ("dropout", 0, 0), ("add", 0, 1)])
    grouped = Group(nodes=("n0", "n1")).apply(model)

    found = next(each for each in validate(grouped).diagnostics if each.code == "R032")

    assert found.message.startswith("n2 adds n1_y and n0_y of group, which hold the same: it counts twice.")


def test_a_sum_that_other_parts_of_the_model_need_is_not_taken_away() -> None:
    """The composite is used where it is right, too."""
    once = sum_in_a_composite_of_its_own()
    more = {"join_more": once.main.nodes["join"], "other": node("linear", d_in="d_model", d_out="d_model")}
    drop, add = "join.y>ln_f.x", "join.y>other.x join.y>join_more.a other.y>join_more.b join_more.y>ln_f.x"

    (found,) = validate(changed(once, "model", nodes=more, drop=drop, add=add)).diagnostics

    assert found.path == "join/both"
    assert found.fixes == ()
    assert found.message.endswith("Add to it only what is not in it yet.")


def test_what_is_left_out_by_scale_or_norm_is_another_value() -> None:
    for kind, port in (("scale", "x"), ("rms_norm", "x")):
        between = node(kind, d_model="d_model") if kind == "rms_norm" else node(kind, factor=0.5)
        nodes = {"again": node("residual_add"), "between": between}
        add = f"emb_drop.y>between.{port} between.y>again.x blocks.y>again.update again.sum>ln_f.x"

        assert told(changed(gpt(), "model", nodes=nodes, drop="blocks.y>ln_f.x", add=add)) == set()


def unfolding(levels: int) -> Document:
    """Composites that each use the next one twice in a row, and the model that uses the first."""
    ends = {"x": end("input", "hidden B T 8"), "y": end("output", "hidden B T 8")}
    kinds = [*(f"level_{level}" for level in range(1, levels)), "dropout"]
    parts = [
        definition(f"level_{level}", {**ends, "a": node(kind), "b": node(kind)}, "x.value>a.x a.y>b.x b.y>y.value")
        for level, kind in enumerate(kinds)
    ]
    nodes = {**ends, "deep": node("level_0"), "both": node("add")}
    return document(nodes, "x.value>deep.x x.value>both.a deep.y>both.b both.y>y.value", *parts)


def test_composites_that_unfold_to_very_many_ways_are_looked_at_once_each() -> None:
    """Forty levels of two: nobody could wait for all of them."""
    assert told(unfolding(40)) == {"both"}


def test_distances_that_go_through_very_many_blocks_are_followed_only_so_far() -> None:
    bias = {"distances": node("relative_bias", n_heads=2), "more": node("level_0")}
    model = changed(unfolding(40), "model", nodes=bias, add="x.value>distances.x distances.bias>more.x")

    assert told(model) == {"both"}
