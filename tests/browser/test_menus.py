"""Menus offer what can be done now: those of the bar by state, those under the pointer for what is there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import Hands, centre
from tests.browser.serving import Visit, wait_for

pytestmark = pytest.mark.browser


def entry(page: Page, name: str) -> Locator:
    """An entry of the menu that is open."""
    return page.get_by_role("menu").get_by_role("menuitem", name=name)


def is_off(page: Page, name: str) -> bool:
    """Whether an entry is shown as one that cannot be chosen."""
    return entry(page, name).get_attribute("aria-disabled") == "true"


def test_the_menu_under_the_pointer_works_on_what_is_there(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    count = hands.nodes()

    hands.node("ln_f").locator(".head").click(button="right")
    expect(page.get_by_role("menu")).to_have_attribute("aria-label", "Block")
    assert hands.node("ln_f").get_attribute("class").count("selected") == 1  # type: ignore[union-attr]
    assert entry(page, "Open composite").count() == 0
    entry(page, "Duplicate").click()
    wait_for(lambda: hands.nodes() == count + 1, 10, "the copy")

    page.keyboard.press("Control+z")
    wait_for(lambda: hands.nodes() == count, 10, "the copy gone")
    hands.node("blocks").locator(".head").click(button="right")
    entry(page, "Open composite").click()
    expect(page.locator(".crumbs b")).to_have_text("blocks")


def test_what_was_copied_is_pasted_where_the_menu_was_opened(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    pane = page.locator(".react-flow__pane").bounding_box()
    assert pane
    at = (pane["x"] + pane["width"] / 2, pane["y"] + pane["height"] - 60)

    page.mouse.click(*at, button="right")
    assert is_off(page, "Paste")
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    hands.select("ln_f")
    page.keyboard.press("Control+c")
    page.mouse.click(*at, button="right")
    entry(page, "Paste").click()

    hands.node("ln_f_2").wait_for(timeout=10_000)
    corner = hands.node("ln_f_2").bounding_box()
    assert corner
    assert abs(corner["x"] - at[0]) < 8
    assert abs(corner["y"] - at[1]) < 8


def test_the_menu_opens_by_keyboard_and_gives_the_keyboard_back(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    hands.select("blocks")
    page.locator(".react-flow").first.focus()

    page.keyboard.press("Shift+F10")
    expect(entry(page, "Open composite")).to_be_focused()
    page.keyboard.press("d")
    expect(entry(page, "Duplicate")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".react-flow").first).to_be_focused()
    page.keyboard.press("ContextMenu")
    page.keyboard.press("Enter")

    expect(page.locator(".crumbs b")).to_have_text("blocks")


def test_a_wire_is_deleted_by_its_menu(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    before = hands.edges()
    wire = hands.edge("ln_f.y>lm_head.x").locator(".react-flow__edge-path")

    page.mouse.click(*centre(wire), button="right")
    expect(page.get_by_role("menu")).to_have_attribute("aria-label", "Wire")
    entry(page, "Delete").click()

    wait_for(lambda: hands.edges() == before - 1, 10, "one wire less")


def test_the_menu_bar_says_what_cannot_be_done_now(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)

    page.get_by_role("menuitem", name="Edit").click()
    assert is_off(page, "Redo")
    assert is_off(page, "Duplicate")
    page.keyboard.press("Escape")
    hands.select("ln_f")
    page.keyboard.press("Delete")
    wait_for(lambda: hands.node("ln_f").count() == 0)
    page.keyboard.press("Control+z")
    hands.node("ln_f").wait_for()

    page.get_by_role("menuitem", name="Edit").click()
    assert not is_off(page, "Redo")
    expect(entry(page, "Redo")).not_to_have_text("RedoCtrl+Shift+Z")  # it says what
    page.keyboard.press("Escape")
    page.get_by_role("menuitem", name="Run").click()
    assert is_off(page, "Stop")
    assert is_off(page, "Begin with fresh weights")
    expect(entry(page, "Train")).to_have_count(1)
