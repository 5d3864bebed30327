"""Parts send what differs, build panes late and hand messages on."""

from __future__ import annotations

from typing import Any

import pytest

from views.parts import Bar, Dialog, Dock, Sheet, Window


class Ear:
    """Hears what a part sends to the browser."""

    def __init__(self, part: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.heard: list[dict[str, Any]] = []
        part._handle_msg({"type": "hello"})
        monkeypatch.setattr(part, "tell", self.heard.append)


def bar() -> Bar:
    return Bar(items=[{"kind": "text", "id": name, "text": "0"} for name in ("step", "loss", "lr", "eta")])


def test_patch_sends_the_one_item_and_changes_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    part = bar()
    ear = Ear(part, monkeypatch)

    part.patch("loss", text="1.2")

    assert ear.heard == [{"patch": [[1, {"kind": "text", "id": "loss", "text": "1.2"}]], "length": 4}]
    assert part.items[1]["text"] == "1.2"


def test_patch_with_what_is_there_already_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    part = bar()
    ear = Ear(part, monkeypatch)

    part.patch("loss", text="0")

    assert ear.heard == []


def test_before_the_browser_is_there_the_list_goes_through_the_parameter() -> None:
    part, seen = bar(), []
    part.param.watch(lambda event: seen.append(len(event.new)), "items")

    part.show(part.items[:2])

    assert seen == [2]


def test_a_shorter_list_sends_its_length_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    part = bar()
    ear = Ear(part, monkeypatch)

    part.show(part.items[:2])

    assert ear.heard == [{"patch": [], "length": 2}]


def test_a_long_row_that_was_heard_before_is_sent_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    part = Sheet(sections=[])
    ear = Ear(part, monkeypatch)
    long = {"kind": "text", "text": "a" * 200}

    for rows in ([long], [], [long]):
        part.show(rows)

    (_, first), (_, again) = ear.heard[0]["patch"][0], ear.heard[2]["patch"][0]
    assert first == {"as": again["same"], "row": long}


def test_a_number_that_json_has_not_travels_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    part, sent = bar(), []
    monkeypatch.setattr(part, "_send_msg", sent.append)

    part.tell({"loss": 1.0})
    part.tell({"loss": float("inf")})

    assert sent == [{"json": '{"loss":1.0}'}, {"loss": float("inf")}]


def test_a_whole_list_after_a_patch_is_said_again_because_the_model_lags_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part = bar()
    before = list(part.items)
    ear = Ear(part, monkeypatch)
    part.patch("step", text="1")

    part.items = before

    assert ear.heard[-1] == {"rows": before}


def test_triggering_the_sections_says_the_old_values_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = Sheet(sections=[{"kind": "text", "text": "a"}])
    ear = Ear(sheet, monkeypatch)

    sheet.param.trigger("sections")

    assert ear.heard == [{"rows": [{"kind": "text", "text": "a"}]}]


def test_a_browser_that_arrives_after_a_patch_is_told_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    part, heard = bar(), []
    part.on(heard.append)
    ear = Ear(part, monkeypatch)
    part.patch("step", text="1")

    part._handle_msg({"type": "hello"})

    assert ear.heard[1:] == [{"rows": part.items}]
    assert heard == []


def test_messages_reach_every_handler() -> None:
    part, heard = bar(), []
    part.on(heard.append)
    part.on(heard.append)

    part._handle_msg({"id": "step"})

    assert heard == [{"id": "step"}, {"id": "step"}]


def dock(built: list[str], **params: Any) -> Dock:
    def make(name: str) -> Any:
        return lambda: built.append(name) or Sheet()

    tabs = [{"id": name, "label": name} for name in "abc"]
    return Dock({name: make(name) for name in "abc"}, tabs=tabs, active=["a"], **params)


def test_a_pane_is_built_once_when_it_is_first_shown() -> None:
    built: list[str] = []
    part = dock(built)

    part.open("b")
    part.open("a")

    assert built == ["a", "b"]
    assert part.names == ["a", "b"]
    assert part.active == ["a"]


def test_a_lazy_dock_builds_nothing_before_the_window_is_ready() -> None:
    built: list[str] = []
    window = Window(bottom=dock(built, lazy=True))
    assert built == []

    window._handle_msg({"type": "ready", "id": "ready"})

    assert built == ["a"]


def test_a_pane_opens_beside_the_others_up_to_the_limit() -> None:
    part = dock([], limit=2)

    part.open("b", beside=True)
    part.open("c", beside=True)

    assert part.active == ["b", "c"]


def test_a_badge_changes_its_tab_only() -> None:
    part = dock([])

    part.badge("b", 3, tone="err")

    assert [tab.get("badge") for tab in part.tabs] == [None, 3, None]


def test_a_dialog_is_answered_once_and_only_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    window, heard = Window(), []
    ear = Ear(window, monkeypatch)
    window.ask(Dialog(id="name", title="Save as"), heard.append)

    for id_ in ("other", "name", "name"):
        window._handle_msg({"type": "dialog", "id": id_, "button": "save"})

    assert ear.heard[0]["dialog"]["title"] == "Save as"
    assert heard == [{"type": "dialog", "id": "name", "button": "save"}]


def test_an_error_stays_longer_than_a_word_of_success(monkeypatch: pytest.MonkeyPatch) -> None:
    window = Window()
    ear = Ear(window, monkeypatch)

    ids = [window.notify("Saved.", "ok"), window.notify("No.", "err", action=("fix", "Fix it"))]

    seconds = [message["notice"]["seconds"] for message in ear.heard]
    assert seconds[0] < seconds[1]
    assert ids[0] != ids[1]
    assert ear.heard[1]["notice"]["action"] == {"id": "fix", "label": "Fix it"}
