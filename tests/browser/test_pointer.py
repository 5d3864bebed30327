"""What the mouse does on the canvas besides wiring: boxes choose, dragged blocks snap, the map is a way."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator

from builder import templates
from tests.browser.hands import Hands, centre
from tests.browser.serving import Visit, wait_for

pytestmark = pytest.mark.browser

TINY = templates.build("tiny").main
GRID = 4  # px of the graph


def selected(hands: Hands) -> set[str]:
    """Ids of the blocks that are shown as selected."""
    script = "nodes => nodes.map(node => node.dataset.id)"
    found: list[str] = hands.page.locator(".react-flow__node.selected").evaluate_all(script)
    return set(found)


def place(hands: Hands, name: str) -> tuple[float, float]:
    """Where a block stands, in the graph's own pixels."""
    x, y = re.findall(r"-?[\d.]+(?=px)", hands.node(name).evaluate("node => node.style.transform"))
    return float(x), float(y)


def draw_box(hands: Hands, *names: str) -> None:
    """Hold Shift and drag a box that touches some blocks, from empty space on."""
    boxes = [box for name in names if (box := hands.node(name).bounding_box())]
    left, top = min(box["x"] for box in boxes), min(box["y"] for box in boxes)
    right, bottom = (max(box[side] + box[size] for box in boxes) for side, size in (("x", "width"), ("y", "height")))
    hands.page.keyboard.down("Shift")
    hands.page.mouse.move(left - 6, top - 24)
    hands.page.mouse.down()
    hands.page.mouse.move(right - 8, bottom - 8, steps=8)
    hands.page.mouse.up()
    hands.page.keyboard.up("Shift")


def grip(node: Locator) -> tuple[float, float]:
    """Where a hand takes a block."""
    return centre(node.locator(".head"))


def test_a_box_chooses_blocks_that_then_are_dragged_together_and_snap_to_the_grid(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    names = ("ln_f", "lm_head")
    before = {name: place(hands, name) for name in TINY.nodes}

    draw_box(hands, *names)
    wait_for(lambda: selected(hands) == set(names), 10, "both blocks selected")
    page.locator("aside.right").get_by_text("2 blocks").wait_for()
    x, y = grip(hands.node("ln_f"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 37, y + 51, steps=8)
    page.mouse.up()
    wait_for(lambda: place(hands, "ln_f") != before["ln_f"], 10, "a move")
    moved = {name: place(hands, name) for name in TINY.nodes}

    shifts = {tuple(b - a for a, b in zip(before[name], moved[name], strict=True)) for name in names}
    assert len(shifts) == 1
    assert all(value % GRID == 0 for name in names for value in moved[name])
    assert [name for name in TINY.nodes if moved[name] != before[name]] == list(names)
    page.keyboard.press("Control+z")
    wait_for(lambda: {name: place(hands, name) for name in TINY.nodes} == before, 10, "all where they were")
    assert (desk.problems, desk.outside) == ([], [])


def test_blocks_chosen_by_a_box_are_copied_not_the_words_beside_it(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    draw_box(hands, "ln_f", "lm_head")
    wait_for(lambda: selected(hands) == {"ln_f", "lm_head"}, 10, "both blocks selected")
    page.keyboard.press("Control+c")
    page.keyboard.press("Control+v")
    wait_for(lambda: selected(hands) == {"ln_f_2", "lm_head_2"}, 10, "the pasted blocks selected")

    page.mouse.move(5, 5)
    page.locator(".react-flow__node.selected .fault").nth(1).wait_for()
    assert page.locator(".message:visible").count() == 0, "messages of several blocks cover each other"
    page.keyboard.press("Control+z")
    wait_for(lambda: hands.nodes() == len(TINY.nodes), 10, "the model as it was")


def test_a_message_at_the_right_edge_is_whole(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    pane = page.locator(".react-flow__pane").bounding_box()
    assert pane
    page.mouse.dblclick(pane["x"] + pane["width"] - 90, pane["y"] + 90)
    page.keyboard.type("gelu")
    page.keyboard.press("Enter")
    message = hands.node("gelu").locator(".message")
    message.wait_for()
    wait_for(lambda: _right(message) <= pane["x"] + pane["width"], 5, "a message within the canvas")
    page.keyboard.press("Control+z")
    hands.node("gelu").wait_for(state="detached")


def _right(thing: Locator) -> float:
    box = thing.bounding_box()
    assert box
    return box["x"] + box["width"]


def test_a_click_on_the_map_brings_that_place_to_the_middle_and_a_drag_moves_on(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    pane = page.locator(".react-flow__pane")
    for _ in range(4):
        page.get_by_role("button", name="Zoom in").click()
    marks = [box for mark in page.locator(".react-flow__minimap-node").all() if (box := mark.bounding_box())]
    leftmost = min(marks, key=lambda box: box["x"])
    first = min(TINY.nodes, key=lambda name: TINY.nodes[name].x)

    page.mouse.click(leftmost["x"] + leftmost["width"] / 2, leftmost["y"] + leftmost["height"] / 2)

    def is_in_the_middle() -> bool:
        (x, y), (wanted_x, wanted_y) = centre(hands.node(first)), centre(pane)
        return abs(x - wanted_x) < 60 and abs(y - wanted_y) < 60

    wait_for(is_in_the_middle, 10, f"{first} in the middle")
    x, y = centre(page.locator(".react-flow__minimap"))
    at = centre(hands.node(first))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y, steps=5)
    page.mouse.up()
    wait_for(lambda: centre(hands.node(first))[0] < at[0] - 30, 10, f"{first} farther to the left")
    assert (desk.problems, desk.outside) == ([], [])
