"""At both sizes and in both themes the window fits: nothing scrolls, nothing is cut off."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from engine.status import change_status
from tests.browser.hands import Hands
from tests.browser.serving import AppServer, Visit
from tests.engine.run_folders import append, loss
from tests.views.attention_runs import make_run

pytestmark = pytest.mark.browser

# Text that is wider than its box is cut off; it may only be so where a tooltip has the whole of it.
CUT = """() => {
    const found = [];
    const told = (e) => e.closest("[title]:not([title=''])")?.title.includes(e.textContent.trim());
    const visit = (root) => {
        for (const e of root.querySelectorAll("*")) {
            if (e.shadowRoot) visit(e.shadowRoot);
            const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
            if (!text || !e.checkVisibility?.({ checkOpacity: true, checkVisibilityCSS: true })) continue;
            const style = getComputedStyle(e);
            if (style.display === "inline" || style.overflowX === "visible") continue;
            const low = style.overflowY === "hidden" && e.scrollHeight > e.clientHeight + 3;
            const cut = low || e.scrollWidth > e.clientWidth + 1;
            if (!cut || e.clientWidth < 2 || told(e)) continue;
            found.push(`${e.localName}.${e.className}: ${e.textContent.trim().slice(0, 60)}`);
        }
    };
    visit(document);
    return found;
}"""
# A control that reaches out of the box that clips it, where nobody can scroll to it.
CLIPPED = """() => {
    const found = [];
    const up = (e) => e.parentElement ?? e.getRootNode().host;
    const visit = (root) => {
        for (const e of root.querySelectorAll("*")) {
            if (e.shadowRoot) visit(e.shadowRoot);
            if (!e.matches("button, select, input") || !e.checkVisibility({ checkVisibilityCSS: true })) continue;
            const { right, width } = e.getBoundingClientRect();
            for (let box = up(e); width && box; box = up(box)) {
                const overflow = getComputedStyle(box).overflowX;
                if (overflow === "auto" || overflow === "scroll") break;
                if (overflow === "visible" || right <= box.getBoundingClientRect().right + 1) continue;
                found.push(`${e.localName}.${e.className} ${e.title || e.ariaLabel || e.textContent.slice(0, 40)}`);
                break;
            }
        }
    };
    visit(document);
    return found;
}"""
# Text that is smaller on the screen than a projector shows; the graph's is scaled with the graph.
SMALL = """() => {
    const found = [];
    const visit = (root) => {
        for (const e of root.querySelectorAll("*")) {
            if (e.shadowRoot) visit(e.shadowRoot);
            const text = [...e.childNodes].find((n) => n.nodeType === 3 && n.textContent.trim());
            if (!text || e.closest("script, style, title, noscript") || e.localName === "title") continue;
            if (!e.checkVisibility?.({ checkOpacity: true, checkVisibilityCSS: true })) continue;
            const view = e.closest(".react-flow__viewport");
            const zoom = view ? new DOMMatrix(getComputedStyle(view).transform).a : 1;
            const size = parseFloat(getComputedStyle(e).fontSize) * zoom;
            if (size < 10.95) found.push(`${size.toFixed(1)} px: ${e.textContent.trim().slice(0, 40)}`);
        }
    };
    visit(document);
    return found;
}"""
SCROLL = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"


def failed_run(home: Path) -> Path:
    """A run with curves, samples, a checkpoint to look at, and a long reason for its end."""
    folder = make_run(home, "20260101-120000-shakespeare-2", steps=(0, 100))
    append(folder, *({**loss(step), "accuracy": 0.5, "tokens_per_s": 32024.0} for step in range(1, 101)))
    sample = {"input": "stepwise", "answer": "esiwpets", "wanted": "esiwpets"}
    event = {"type": "sampled", "time": 1.0, "step": 100, "samples": [sample] * 4}
    (folder / "events.jsonl").write_text(json.dumps(event) + "\n")
    (folder / "log.txt").write_text("12:00:00 | INFO | step 100\n")
    reason = "Its process ended without a word: killed, out of memory, or the machine went down. Resume goes on."
    change_status(folder, state="failed", reason=reason)
    return folder


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (1920, 1080)])
def test_nothing_scrolls_and_no_text_is_cut_off(
    browser: Browser, shared: AppServer, size: tuple[int, int], theme: str
) -> None:
    shared.forget()
    folder = failed_run(shared.home)
    visit = Visit(browser, shared.url, size, theme)
    page, hands = visit.page, Hands(visit.page)
    page.locator("section.bottom .bk-Figure").first.wait_for(timeout=20_000)
    assert page.evaluate("document.documentElement.dataset.theme") == theme

    found = []
    for step in ("first", "Setup", "Problems", "Runs", "row", "Log", "Train", "Attention", "block"):
        if step == "block":
            hands.select("blocks")
        elif step == "row":
            page.locator("section.bottom tbody tr").first.click()
        elif step != "first":
            hands.tab(step)
        page.wait_for_timeout(400)
        found += [f"{step}: {text}" for text in page.evaluate(CUT) + page.evaluate(CLIPPED) + page.evaluate(SMALL)]
        assert page.evaluate(SCROLL) == list(size)

    visit.close()
    shutil.rmtree(folder)
    assert found == []
    assert (visit.problems, visit.outside) == ([], [])
