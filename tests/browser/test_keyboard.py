"""A model is built and walked through by keyboard, and a wire says why it does not fit."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from builder import templates
from tests.browser.hands import Hands, centre
from tests.browser.serving import Visit, wait_for

pytestmark = pytest.mark.browser

TINY = templates.build("tiny").main


def selected(page: Page) -> set[str]:
    """Ids of the blocks that are shown as selected."""
    script = "nodes => nodes.map(node => node.dataset.id)"
    found: list[str] = page.locator(".react-flow__node.selected").evaluate_all(script)
    return set(found)


def blocks(page: Page) -> set[str]:
    """Ids of the blocks that are shown."""
    found: list[str] = page.locator(".react-flow__node").evaluate_all("nodes => nodes.map(node => node.dataset.id)")
    return set(found)


def focus_canvas(page: Page) -> None:
    """As Tab would."""
    page.locator(".react-flow").first.focus()


def test_blocks_are_added_copied_and_taken_back_by_keyboard(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    pane = page.locator(".react-flow__pane").bounding_box()
    assert pane
    page.mouse.dblclick(pane["x"] + pane["width"] - 260, pane["y"] + 90)
    page.keyboard.type("gel")
    page.keyboard.press("Enter")
    hands.node("gelu").wait_for()
    wait_for(lambda: selected(page) == {"gelu"}, 10, "the new block selected")

    page.keyboard.press("Control+d")
    wait_for(lambda: selected(page) == {"gelu_2"}, 10, "the copy selected")
    page.keyboard.press("Control+c")
    page.keyboard.press("Control+v")
    wait_for(lambda: selected(page) == {"gelu_3"}, 10, "the pasted block selected")
    page.keyboard.press("Delete")
    wait_for(lambda: "gelu_3" not in blocks(page))
    for _ in range(4):
        page.keyboard.press("Control+z")
    wait_for(lambda: blocks(page) == set(TINY.nodes), 10, "the template as it was")
    page.keyboard.press("Control+Shift+z")
    hands.node("gelu").wait_for()
    page.keyboard.press("Control+z")

    page.keyboard.press("/")
    page.keyboard.type("silu")
    page.keyboard.press("Enter")
    hands.node("silu").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    wait_for(lambda: blocks(page) == set(TINY.nodes), 10, "the template as it was")
    assert (desk.problems, desk.outside) == ([], [])


def test_levels_are_entered_and_left_and_the_view_obeys_letters(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    crumbs = page.locator(".crumbs")
    hands.select("blocks")
    page.keyboard.press("Enter")
    wait_for(
        lambda: hands.node("attn").count() == 1 and "blocks" in crumbs.inner_text(), 10, "the inside of the blocks"
    )
    page.keyboard.press("Alt+ArrowUp")
    wait_for(lambda: blocks(page) == set(TINY.nodes), 10, "the root")
    hands.node("blocks").locator(".head").dblclick()
    wait_for(lambda: hands.node("attn").count() == 1, 10, "the inside of the blocks")
    crumbs.get_by_role("button").first.click()
    wait_for(lambda: blocks(page) == set(TINY.nodes), 10, "the root")

    hands.select("ln_f")
    before = centre(hands.node("ln_f"))
    for _ in range(6):
        page.keyboard.press("Shift+ArrowDown")
    wait_for(lambda: centre(hands.node("ln_f")) != before, 10, "a move")
    page.wait_for_timeout(300)
    page.keyboard.press("l")
    page.wait_for_timeout(600)
    page.keyboard.press("f")
    wait_for(lambda: abs(centre(hands.node("ln_f"))[1] - before[1]) < 60, 10, "the block back in its row")
    assert (desk.problems, desk.outside) == ([], [])


def test_the_theme_and_the_command_palette_obey_the_keyboard(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    dock, shade = page.locator("section.bottom"), "at => getComputedStyle(at).color"
    light = dock.evaluate(shade)
    before = page.evaluate("document.documentElement.dataset.theme")
    page.keyboard.press("Control+Alt+d")
    wait_for(lambda: page.evaluate("document.documentElement.dataset.theme") not in (None, before), 10, "the theme")
    wait_for(lambda: dock.evaluate(shade) != light, 10, "ink of another shade")

    page.keyboard.press("Control+k")
    page.keyboard.type("show problems")
    page.keyboard.press("Enter")
    expect(page.locator("section.bottom [role=tab]", has_text="Problems")).to_have_attribute("aria-selected", "true")
    hands.sees("Nothing is wrong")
    assert (desk.problems, desk.outside) == ([], [])


def test_a_wire_says_why_it_cannot_end_somewhere(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    wires = hands.edges()
    page.mouse.move(*centre(hands.port("tokens.value")))
    page.mouse.down()
    page.mouse.move(*centre(hands.port("lm_head.x")), steps=12)
    bubble = page.locator(".bubble.err")
    bubble.wait_for(timeout=10_000)
    assert len(bubble.inner_text()) > 20
    page.mouse.up()
    wait_for(lambda: bubble.count() == 0, 10, "the end of the wire")
    assert hands.edges() == wires
    hands.sees("✓ valid")
    assert (desk.problems, desk.outside) == ([], [])


def test_a_wire_dropped_in_empty_space_becomes_a_wired_block(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    pane = page.locator(".react-flow__pane").bounding_box()
    assert pane
    wires = hands.edges()
    hands.drag(hands.port("ln_f.y"), (pane["x"] + pane["width"] - 260, pane["y"] + 100))
    page.locator(".finder input").wait_for(timeout=10_000)
    page.keyboard.type("dropout")
    page.keyboard.press("Enter")

    hands.edge("ln_f.y>dropout.x").wait_for(state="attached", timeout=10_000)
    wait_for(lambda: selected(page) == {"dropout"}, 10, "the new block selected")
    page.keyboard.press("Control+z")
    wait_for(lambda: blocks(page) == set(TINY.nodes) and hands.edges() == wires, 10, "the template as it was")
    assert (desk.problems, desk.outside) == ([], [])
