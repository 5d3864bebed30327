"""A model that would see the future is marked where it does, be it a node or a wire, and mended by the fix."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from builder.document import Document
from builder.store import dumps
from tests.browser.hands import Hands
from tests.browser.serving import Visit
from tests.builder.zoo.heads import head_of_another_vocabulary
from tests.builder.zoo.streams import decoder_that_reads_its_own_target

pytestmark = pytest.mark.browser

FIX = "Set mask of GPT block to causal"
LEAK = "Attention core lets positions see tokens after them"
COLOUR = """name => {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `var(${name})`;
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}"""


def test_a_mask_taken_away_is_seen_by_a_contract_and_the_fix_brings_it_back(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    chip, contracts = page.locator(".toolbar .chip").first, page.get_by_role("list", name="Contracts")
    expect(chip).to_contain_text("proven", timeout=60_000)

    hands.select("blocks")
    hands.choose("mask", "none")
    expect(chip).to_have_text("1 contract fails", timeout=60_000)
    expect(hands.node("blocks").get_by_text("problem inside")).to_be_visible()
    hands.tab("Problems")
    contracts.get_by_text(LEAK).click()
    expect(hands.node("core").get_by_text(LEAK)).to_be_visible(timeout=20_000)

    contracts.get_by_role("button", name=FIX, exact=True).click()

    expect(chip).to_contain_text("proven", timeout=60_000)
    expect(contracts.locator("li.ok")).not_to_have_count(0)
    expect(contracts.locator("li.err")).to_have_count(0)
    expect(hands.node("core").get_by_text("Attention core lets positions")).to_have_count(0)
    assert not desk.problems


def test_a_contract_is_waived_with_a_reason_which_is_kept(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    chip, contracts = page.locator(".toolbar .chip").first, page.get_by_role("list", name="Contracts")
    hands.select("blocks")
    hands.choose("mask", "none")
    expect(chip).to_have_text("1 contract fails", timeout=60_000)
    hands.tab("Problems")

    contracts.get_by_role("button", name="Waive").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("It fills in.")
    page.get_by_role("dialog").get_by_role("button", name="Waive").click()

    expect(contracts.get_by_text("It fills in.")).to_be_visible(timeout=60_000)
    expect(chip).to_contain_text("proven")
    page.reload()
    expect(chip).to_contain_text("proven", timeout=60_000)
    hands.select("blocks")
    expect(page.locator("aside.right .row", has_text="mask").locator("select").first).to_have_value("none")
    assert not desk.problems


@pytest.mark.parametrize(
    ("document", "wire", "said"),
    [
        (decoder_that_reads_its_own_target(), "target_drop.y>decoder.memory", "see tokens after them"),
        (head_of_another_vocabulary(), "lm_head.logits>logits.value", "wants"),
    ],
    ids=["leaking", "of the wrong shape"],
)
def test_a_wrong_wire_is_red(desk: Visit, document: Document, wire: str, said: str) -> None:
    page, edge = desk.page, Hands(desk.page).edge(wire)
    page.keyboard.press("Control+o")
    file = {"name": "wrong.json", "mimeType": "application/json", "buffer": dumps(document).encode()}

    page.locator("dialog input[type=file]").set_input_files(file)  # type: ignore[arg-type]

    expect(edge.locator("g.fault.err")).to_have_count(1, timeout=60_000)
    expect(edge.locator("g.fault title")).to_contain_text(said)
    expect(edge.locator(".wire")).to_have_css("stroke", page.evaluate(COLOUR, "--err"))
    assert not desk.problems
