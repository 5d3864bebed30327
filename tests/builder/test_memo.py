"""Remembering: the same things give the same result once, and old ones are let go."""

from __future__ import annotations

from itertools import count

from builder.memo import Memo


class Thing:
    """Equal to every other, so that only identity tells two apart."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Thing)

    __hash__ = None  # type: ignore[assignment]


def test_a_result_is_made_once_for_the_same_things_and_key() -> None:
    memo, made, thing = Memo[int](4), count(), Thing()

    assert [memo.get((thing,), "key", lambda: next(made)) for _ in range(3)] == [0, 0, 0]
    assert memo.get((thing,), "other key", lambda: next(made)) == 1


def test_equal_things_are_told_apart_by_identity() -> None:
    memo = Memo[str](4)
    first, second = Thing(), Thing()

    assert [memo.get((first,), 0, lambda: "a"), memo.get((second,), 0, lambda: "b")] == ["a", "b"]


def test_the_result_used_longest_ago_is_let_go() -> None:
    memo, things = Memo[str](2), [Thing(), Thing(), Thing()]
    memo.get((things[0],), 0, lambda: "zero")
    memo.get((things[1],), 0, lambda: "one")
    memo.get((things[0],), 0, lambda: "never")
    memo.get((things[2],), 0, lambda: "two")

    assert memo.get((things[0],), 0, lambda: "again") == "zero"
    assert memo.get((things[1],), 0, lambda: "again") == "again"
