"""Drawing soon, once, and not before the browser has the pane."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from views import drawing
from views.drawing import Drawing


class Loop:
    """Holds what a document was asked to call."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def add_next_tick_callback(self, call: Callable[[], None]) -> None:
        """As of a Bokeh document."""
        self.waiting.append(call)

    def run(self) -> None:
        """One turn of the loop."""
        calls, self.waiting = self.waiting, []
        for call in calls:
            call()


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    loop = Loop()
    monkeypatch.setattr(drawing.pn.state, "_curdoc", loop, raising=False)
    monkeypatch.setattr(type(drawing.pn.state), "curdoc", property(lambda _: loop))
    return loop


def test_without_a_document_it_draws_at_once() -> None:
    drawn: list[str] = []

    Drawing(lambda: drawn.append("now")).ask()

    assert drawn == ["now"]


def test_many_wishes_are_one_picture(loop: Loop) -> None:
    drawn: list[str] = []
    picture = Drawing(lambda: drawn.append("once"))
    picture.begin()
    picture.ask()
    picture.ask()

    loop.run()

    assert drawn == ["once"]


def test_nothing_is_drawn_before_the_browser_has_the_pane(loop: Loop) -> None:
    drawn: list[str] = []
    picture = Drawing(lambda: drawn.append("x"))
    picture.ask()
    loop.run()
    assert drawn == []

    picture.begin()
    loop.run()

    assert drawn == ["x"]


def test_a_wish_while_drawing_is_not_lost(loop: Loop) -> None:
    drawn: list[int] = []

    def draw() -> None:
        drawn.append(len(drawn))
        if len(drawn) == 1:
            picture.ask()

    picture = Drawing(draw)
    picture.begin()

    loop.run()
    loop.run()

    assert drawn == [0, 1]
