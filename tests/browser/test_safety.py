"""What people type or load is text: nothing of it runs, and no request leaves the machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page

from builder import templates
from builder.store import dumps
from engine import runs
from engine.jsonfiles import write_json
from tests.browser.hands import Hands
from tests.browser.serving import AppServer, Visit, wait_for

pytestmark = pytest.mark.browser

IMG = "<img src=x onerror=window.__pwned=1>"
SCRIPT = "<script>window.__pwned=2</script>"
SVG = '"><svg onload=window.__pwned=3>'
ALL = f"{IMG}{SCRIPT}{SVG}"

INJECTED = """() => {
    const found = [];
    const visit = (root) => {
        for (const e of root.querySelectorAll("*")) {
            const hostile = e.hasAttribute("onerror") || e.hasAttribute("onload") || e.getAttribute("src") === "x";
            const script = e.localName === "script" && e.textContent.startsWith("window.__pwned");
            if (hostile || script) found.push(e.outerHTML);
            if (e.shadowRoot) visit(e.shadowRoot);
        }
    };
    visit(document);
    return [window.__pwned ?? null, found];
}"""


def harmless(visit: Visit) -> None:
    """Nothing that was typed ran or became an element, nothing left the machine, and nothing broke."""
    assert visit.page.evaluate(INJECTED) == [None, []]
    assert (visit.problems, visit.outside) == ([], [])


def through_all_panes(page: Page) -> None:
    """Open one pane after the other."""
    tabs = page.locator("section.bottom [role=tab]")
    for index in range(tabs.count()):
        tabs.nth(index).click()
        page.wait_for_timeout(300)


@pytest.fixture
def haunted(server: AppServer) -> Iterator[AppServer]:
    """A home in which a run, its samples, its log and its failure are hostile."""
    folder = runs.new_folder(server.home / "runs", "reverse")
    document = templates.build("tiny")
    document = replace(document, name=ALL)
    (folder / "graph.json").write_text(dumps(document))
    from engine.config import RunConfig
    from engine.status import Status, write_status

    write_json(folder / "config.json", RunConfig.suited("reverse").to_dict())
    write_status(
        folder, Status(id=folder.name, name=ALL, task="reverse", state="failed", steps=9, created=1.0, reason=ALL)
    )
    sample = {"type": "sampled", "time": 1.0, "step": 1, "samples": [{"input": ALL, "answer": ALL, "wanted": SVG}]}
    (folder / "events.jsonl").write_text(json.dumps(sample) + "\n")
    (folder / "metrics.jsonl").write_text(json.dumps({"step": 1, "loss": 1.0, "elapsed": 1.0}) + "\n")
    (folder / "log.txt").write_text(f"{ALL}\n")
    return server


def test_hostile_text_that_is_typed_stays_text(visit: Visit) -> None:
    hands, page = Hands(visit.page), visit.page
    hands.type("name", ALL)
    wait_for(lambda: page.get_by_text("onerror").count() > 0, 10, "the name on the screen")
    hands.type("d_model", SVG)
    hands.tab("Problems")
    hands.type("vocab_size", IMG)
    hands.select("blocks")
    hands.type("label", ALL)
    hands.type("id", SCRIPT)
    hands.type("repeat", IMG)
    hands.page.keyboard.press("Control+Shift+s")
    page.locator("dialog input").fill(ALL)
    page.keyboard.press("Enter")
    page.keyboard.press("Control+o")
    page.locator("dialog [role=option]").first.wait_for()
    page.keyboard.press("Escape")
    through_all_panes(page)

    harmless(visit)


def test_hostile_text_from_files_stays_text(browser: Browser, haunted: AppServer) -> None:
    visit = Visit(browser, haunted.url)
    page, hands = visit.page, Hands(visit.page)
    through_all_panes(page)
    hands.tab("Runs")
    row = page.locator("section.bottom tbody tr").filter(has_text="✕").first
    row.click()
    page.locator("section.bottom").get_by_role("button", name="Open graph").click()
    wait_for(lambda: "onerror" in page.locator(".crumbs").inner_text(), 10, "the run's graph")
    page.keyboard.press("Control+o")
    evil = {"name": f"{IMG}.json", "mimeType": "application/json", "buffer": f'{{"name": "{IMG}"'.encode()}
    page.locator("dialog input[type=file]").set_input_files(evil)  # type: ignore[arg-type]
    wait_for(lambda: page.locator(".notice.err").count() > 0, 10, "a notice")
    through_all_panes(page)

    harmless(visit)
    visit.close()


def test_hostile_text_to_look_at_attention_with_stays_text(visit: Visit, server: AppServer) -> None:
    hands, page = Hands(visit.page), visit.page
    hands.press("One step")
    wait_for(lambda: list((server.home / "runs").glob("*/checkpoints/*")), 60, "a checkpoint")
    hands.tab("Attention")
    box = page.locator("section.bottom input[type=text], section.bottom .bar input").first
    box.wait_for(timeout=20_000)
    box.click()
    page.keyboard.press("Control+a")
    page.keyboard.type(ALL)
    page.keyboard.press("Enter")
    page.wait_for_timeout(1500)

    harmless(visit)
