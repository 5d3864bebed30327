"""The picture of a definition: what is wrong inside its composites."""

from __future__ import annotations

from builder.validate import validate
from tests.builder.unfolding import unfolding
from views.scene import problems_inside


def test_a_problem_deep_inside_counts_once_however_many_ways_lead_to_it() -> None:
    model = unfolding(levels=10, width=4)
    broken = unfolding(levels=10, width=4, bottom="nothing").definitions["part_9_0"]
    model = model.with_definition(broken)
    problems = [problem for problem in validate(model).diagnostics if problem.severity == "error"]
    assert [problem.where.definition for problem in problems] == ["part_9_0"]

    inside = problems_inside(model, problems)

    assert inside == {name: int(not name.startswith("part_9") or name == "part_9_0") for name in model.definitions}
