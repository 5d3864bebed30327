"""Differences by path."""

from __future__ import annotations

from builder.compare import Difference, differences


def test_values_that_differ_are_named_by_their_path() -> None:
    left = {"a": {"b": 1, "c": [1, 2]}, "same": 3, "gone": 1}
    right = {"a": {"b": 2, "c": [1, 3]}, "same": 3, "new": "x"}

    found = differences(left, right)

    assert found == [
        Difference(path="a.b", left=1, right=2),
        Difference(path="a.c", left=[1, 2], right=[1, 3]),
        Difference(path="gone", left=1, right=None),
        Difference(path="new", left=None, right="x"),
    ]


def test_where_a_node_is_drawn_is_no_difference() -> None:
    assert differences({"n": {"x": 1, "y": 2, "uid": "a"}}, {"n": {"x": 5, "y": 6, "uid": "b"}}) == []


def test_one_more_item_of_a_named_list_shifts_no_other() -> None:
    left = [{"name": "a", "v": 1}, {"name": "b", "v": 2}]
    right = [{"name": "new", "v": 9}, *left]

    paths = [difference.path for difference in differences({"list": left}, {"list": right})]

    assert all(path.startswith("list.new") for path in paths)
