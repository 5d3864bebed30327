"""The picture of a definition: what is wrong with its wires and inside its composites."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from builder import templates
from builder.diagnostics import Fix
from builder.document import Document
from builder.edits import Duplicate, Remove
from builder.validate import validate
from tests.builder.unfolding import unfolding
from tests.builder.zoo.heads import queries_that_are_not_split
from tests.builder.zoo.scores import rotary_values
from views.scene import problems_inside, scene


def test_a_problem_deep_inside_counts_once_however_many_ways_lead_to_it() -> None:
    model = unfolding(levels=10, width=4)
    broken = unfolding(levels=10, width=4, bottom="nothing").definitions["part_9_0"]
    model = model.with_definition(broken)
    found = [problem for problem in validate(model).diagnostics if problem.severity == "error"]
    problems = [problem for problem in found if problem.code != "R034"]  # it is too large as well, as a whole
    assert [problem.where.definition for problem in problems] == ["part_9_0"]

    inside = problems_inside(model, problems)

    assert inside == {name: int(not name.startswith("part_9") or name == "part_9_0") for name in model.definitions}


@pytest.mark.parametrize(
    ("make", "at", "wire", "tone", "other"),
    [
        (rotary_values, "grouped_query_attention", "v_rope.y>core.v", "warn", "error"),
        (queries_that_are_not_split, "multi_head_attention", "q_proj.y>core.q", "error", "warn"),
    ],
)
def test_a_wire_is_wrong_or_doubtful_as_its_problem_is(
    make: Callable[[], Document], at: str, wire: str, tone: str, other: str
) -> None:
    model = make()

    edge = scene(model, model.definition(at), {}, validate(model)).edges[wire]

    assert edge[tone]
    assert not edge[other]


def test_of_a_wire_that_is_wrong_and_doubtful_the_error_is_told_with_its_fix() -> None:
    model = rotary_values()
    here, report = model.definition("grouped_query_attention"), validate(model)
    (doubt,) = (problem for problem in report.diagnostics if problem.where.wire)
    mend = Fix(label="Take it away", edit=Remove(nodes=("v_rope",), at=here.name))
    wrong = replace(doubt, severity="error", message="It leaks.", fixes=(mend,))

    edge = scene(model, here, {}, replace(report, diagnostics=(doubt, wrong))).edges[str(doubt.where.wire)]

    assert (edge["error"], edge["warn"], edge["fix"]) == ("It leaks.", "", "Take it away")


def test_a_block_says_which_commands_only_it_and_its_like_allow() -> None:
    tiny = templates.build("tiny")
    once = scene(tiny, tiny.definitions["multi_head_attention"], {}, validate(tiny)).nodes
    twice = Duplicate(at=tiny.root, nodes=("blocks",)).apply(tiny)

    assert once["core"]["does"] == "draw-out"
    assert once["q_proj"]["does"] == "add-adapter"
    assert scene(tiny, tiny.main, {}, validate(tiny)).nodes["blocks"]["does"] == ""
    assert {item["does"] for item in scene(twice, twice.main, {}, validate(twice)).nodes.values() if item["opens"]} == {
        "independent"
    }
