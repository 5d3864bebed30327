"""The selection that links all panes."""

import pytest

from views.selection import Selection, related, without_indices


def test_several_fields_change_as_one_step() -> None:
    selection, seen = Selection(), []
    selection.follow("canvas", lambda: seen.append((selection.layer, selection.head)))

    assert selection.set("attention", layer=1, head=2)

    assert seen == [(1, 2)]
    assert selection.revision == 1
    assert set(selection.changed) == {"layer", "head"}


def test_equal_values_are_dropped() -> None:
    selection = Selection()
    selection.set("attention", layer=1, head=2)

    assert not selection.set("canvas", layer=1, head=2)
    assert (selection.revision, selection.source) == (1, "attention")


def test_only_the_new_values_are_named_as_changed() -> None:
    selection = Selection()
    selection.set("attention", layer=1, head=2)

    selection.set("attention", layer=1, head=3)

    assert selection.changed == ["head"]


def test_a_pane_does_not_hear_its_own_change() -> None:
    selection, heard = Selection(), []
    for pane in ("canvas", "attention"):
        selection.follow(pane, lambda pane=pane: heard.append(pane))

    selection.set("attention", node="blocks.attn")

    assert heard == ["canvas"]


def test_a_change_answered_by_a_change_settles() -> None:
    selection, heard = Selection(), []
    selection.follow("attention", lambda: selection.set("attention", layer=0))
    selection.follow("canvas", lambda: heard.append(selection.layer))

    selection.set("canvas", node="blocks")

    assert heard == [0], "the canvas hears the answer and not itself"
    assert (selection.node, selection.layer, selection.revision) == ("blocks", 0, 2)


def test_a_pane_that_stopped_following_hears_nothing() -> None:
    selection, heard = Selection(), []
    stop = selection.follow("curves", lambda: heard.append(selection.step))
    selection.set("runs", step=10)

    stop()
    selection.set("runs", step=20)

    assert heard == [10]


def test_fields_can_be_emptied() -> None:
    selection = Selection()
    selection.set("attention", query=3, key=4, node="core")

    assert selection.set("attention", query=None, key=None, node="")
    assert (selection.query, selection.key, selection.node) == (None, None, "")


def test_an_unknown_field_is_our_own_bug() -> None:
    with pytest.raises(AssertionError, match="colour"):
        Selection().set("canvas", colour=1)


@pytest.mark.parametrize("path", ["blocks.0.attn.core", "blocks.*.attn.core", "blocks.attn.core"])
def test_paths_of_modules_lose_their_indices(path: str) -> None:
    assert without_indices(path) == "blocks.attn.core"


def test_paths_are_related_when_one_holds_the_other() -> None:
    assert related("blocks", "blocks.attn.core")
    assert related("blocks.attn.core", "blocks.attn")
    assert not related("blocks.attn", "blocks.attn2")
    assert not related("decoder.self_attn", "decoder.cross_attn")
