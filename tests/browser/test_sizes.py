"""At both sizes and in both themes the window fits: nothing scrolls, nothing is cut off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.hands import Hands
from tests.browser.serving import AppServer, Visit

pytestmark = pytest.mark.browser

# Text that is wider than its box is cut off; it may only be so where a tooltip has the whole of it.
CUT = """() => {
    const found = [];
    const titled = (e) => e && (e.title || e.getAttribute?.("aria-label") || titled(e.parentElement));
    const visit = (root) => {
        for (const e of root.querySelectorAll("*")) {
            if (e.shadowRoot) visit(e.shadowRoot);
            const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
            if (!text || !e.checkVisibility?.({ checkOpacity: true, checkVisibilityCSS: true })) continue;
            const style = getComputedStyle(e);
            if (style.display === "inline" || style.overflowX === "visible") continue;
            const low = style.overflowY === "hidden" && e.scrollHeight > e.clientHeight + 3;
            const cut = low || e.scrollWidth > e.clientWidth + 1;
            if (!cut || e.clientWidth < 2 || titled(e)) continue;
            found.push(`${e.localName}.${e.className}: ${e.textContent.trim().slice(0, 60)}`);
        }
    };
    visit(document);
    return found;
}"""
SCROLL = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (1920, 1080)])
def test_nothing_scrolls_and_no_text_is_cut_off(
    browser: Browser, shared: AppServer, size: tuple[int, int], theme: str
) -> None:
    shared.forget()
    visit = Visit(browser, shared.url, size, theme)
    page, hands = visit.page, Hands(visit.page)
    page.locator("section.bottom .bk-Figure").first.wait_for(timeout=20_000)
    assert page.evaluate("document.documentElement.dataset.theme") == theme

    found = []
    for step in ("first", "Setup", "Problems", "Runs", "Log", "block"):
        if step == "block":
            hands.select("blocks")
        elif step != "first":
            hands.tab(step)
        page.wait_for_timeout(400)
        found += [f"{step}: {text}" for text in page.evaluate(CUT)]
        assert page.evaluate(SCROLL) == list(size)

    assert found == []
    visit.close()
    assert (visit.problems, visit.outside) == ([], [])
