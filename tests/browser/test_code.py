"""The code pane in the browser: marked lines follow the canvas, clicked lines lead there, edits change the source."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.hands import Hands
from tests.browser.serving import Visit, wait_for

pytestmark = pytest.mark.browser


def marked(page: Page) -> str:
    """The lines that stand out."""
    return "\n".join(page.locator(".source-lines .line.on code").all_inner_texts())


def test_code_and_canvas_follow_each_other(desk: Visit) -> None:
    page, hands = desk.page, Hands(desk.page)
    hands.tab("Code")
    page.locator(".source-lines .line").first.wait_for()

    hands.select("ln_f")
    wait_for(lambda: "self.ln_f = nn.LayerNorm" in marked(page), what="the lines of ln_f")
    assert page.locator(".source-lines .line.on").first.is_visible()

    page.locator(".source-lines .member", has_text="q_proj").first.click()
    hands.node("q_proj").wait_for()
    wait_for(lambda: "self.q_proj = nn.Linear" in marked(page), what="the lines of q_proj")
    wait_for(lambda: "selected" in (hands.node("q_proj").get_attribute("class") or ""), what="q_proj selected")

    hands.type("id", "asking")
    page.locator(".source-lines code", has_text="self.asking = nn.Linear").wait_for(timeout=20_000)

    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download model.py").click()
    source = waiting.value.path().read_text(encoding="utf-8")
    compile(source, "model.py", "exec")
    assert "\n".join(page.locator(".source-lines code").all_text_contents()).split() == source.split()
    assert desk.problems == []
    assert desk.outside == []
