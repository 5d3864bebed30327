"""A composite is made of a selection, opened, given a setting, used twice, made independent, and all taken back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from builder import templates
from tests.browser.hands import Hands
from tests.browser.serving import Visit, wait_for

pytestmark = pytest.mark.browser

TINY = templates.build("tiny").main


def inspector(page: Page) -> Locator:
    return page.locator("aside.right")


def row(page: Page, label: str) -> Locator:
    """The row of the inspector whose label is just this."""
    return inspector(page).locator(".row").filter(has=page.get_by_text(label, exact=True)).first


def blocks(page: Page) -> set[str]:
    found: list[str] = page.locator(".react-flow__node").evaluate_all("nodes => nodes.map(node => node.dataset.id)")
    return set(found)


def test_a_selection_becomes_a_composite_with_a_setting_of_its_own(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    hands.select("ln_f")
    hands.node("lm_head").locator(".head").click(modifiers=["Shift"])
    inspector(page).get_by_text("2 blocks").wait_for()
    page.keyboard.press("Control+g")
    hands.node("head").wait_for()
    wait_for(lambda: blocks(page) == {*TINY.nodes, "head"} - {"ln_f", "lm_head"}, 10, "the group in their place")
    hands.edge("head.logits>logits.value").wait_for(state="attached")

    inspector(page).get_by_role("button", name="Open inside").click()
    hands.node("ln_f").wait_for()
    hands.select("ln_f")
    row(page, "eps").hover()
    row(page, "eps").get_by_role("button", name="Expose eps").click()
    expect(row(page, "eps").locator("input")).to_have_value("eps")

    page.keyboard.press("Escape")
    page.keyboard.press("Alt+ArrowUp")
    hands.select("head")
    hands.type("eps", "0.5")
    page.get_by_role("button", name="Undo set eps of head").wait_for()
    line = inspector(page).locator(".fold-line", has_text="LayerNorm")
    line.click()
    expect(
        inspector(page).locator(".group", has_text="LayerNorm").locator(".row", has_text="eps").locator("em")
    ).to_have_text("= 0.5")

    hands.node("head").locator(".head").click()
    page.keyboard.press("Control+d")
    hands.node("head_2").wait_for()
    inspector(page).get_by_text("Head is used 2 times").wait_for()
    inspector(page).get_by_role("button", name="Make independent").click()
    inspector(page).get_by_role("button", name="Make independent").wait_for(state="detached")
    assert inspector(page).get_by_text("is used 2 times").count() == 0

    for _ in range(5):
        page.get_by_role("button", name="Undo").first.click()
        page.wait_for_timeout(150)
    wait_for(lambda: blocks(page) == set(TINY.nodes), 10, "the template as it was")
    expect(page.locator(".toolbar").get_by_role("button", name="Undo", exact=True)).to_be_disabled()
    assert not desk.problems


def test_the_core_of_attention_is_opened_down_to_its_products_and_closed_by_undo(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    for name in ("blocks", "attn"):
        hands.node(name).locator(".head").dblclick()
        hands.node(name).wait_for(state="detached")
    hands.select("core")

    inspector(page).get_by_role("button", name="Open the core").click()
    inspector(page).get_by_text("6 blocks").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    steps = {"compare", "scale", "mask", "softmax", "drop", "mix"}
    wait_for(lambda: steps <= blocks(page), 10, "the steps in place of the core")
    assert "core" not in blocks(page)
    page.get_by_text("valid").first.wait_for()

    page.get_by_role("button", name="Undo draw out core").click()
    hands.node("core").wait_for()
    wait_for(lambda: not steps & blocks(page), 10, "the core in place of its steps")
    assert not desk.problems


def test_the_outline_finds_a_block_opens_its_level_and_is_walked_by_keyboard(desk: Visit) -> None:
    page = desk.page
    tree = page.get_by_role("tree", name="Outline")

    page.keyboard.press("Control+Shift+e")
    expect(page.get_by_label("Search the model")).to_be_focused(timeout=20_000)
    page.keyboard.type("core")
    tree.get_by_role("treeitem").filter(has_text="Attention core").wait_for()
    page.keyboard.press("Enter")
    wait_for(lambda: "core" in blocks(page), 10, "the inside of the attention")
    expect(tree.locator("[data-id='blocks.attn.core']")).to_have_attribute("aria-selected", "true")
    expect(tree.locator("[aria-current=location]")).to_have_attribute("data-id", "blocks.attn")

    page.keyboard.press("Escape")
    tree.locator("[data-id='blocks']").click()
    wait_for(lambda: "blocks" in blocks(page), 10, "the model")
    page.keyboard.press("ArrowLeft")
    expect(tree.locator("[data-id='blocks']")).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    wait_for(lambda: "attn_norm" in blocks(page), 10, "the inside of the block")
    expect(inspector(page).get_by_label("id", exact=True)).to_have_value("attn_norm")
    assert not desk.problems
