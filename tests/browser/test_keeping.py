"""Work is kept: on disk within a second, through a crash, by name, in files, and when a file is broken."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from builder import limits, templates
from builder.fit import misfit
from builder.store import dumps, loads
from engine import runs
from engine.settings import Value
from tests.browser.hands import Hands
from tests.browser.serving import AppServer, Visit, wait_for

pytestmark = pytest.mark.browser


def on_disk(server: AppServer) -> dict[str, Any]:
    """The autosaved graph."""
    path = server.home / "workspaces" / "local" / "current.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def kept_soon(server: AppServer, text: str, *, there: bool = True) -> None:
    """The autosaved file soon has `text` in it, or has it no longer; only a busy machine needs longer than a second."""
    path = server.home / "workspaces" / "local" / "current.json"
    wait_for(lambda: path.exists() and (text in path.read_text()) == there, 20, f"{text!r} on disk: {there}")


def shown(hands: Hands) -> dict[str, tuple[int, int]]:
    """Blocks on the canvas by id, with their places in the graph."""
    script = """nodes => Object.fromEntries(nodes.map(n => {
        const m = new DOMMatrix(getComputedStyle(n).transform); return [n.dataset.id, [m.e, m.f]] }))"""
    found: dict[str, tuple[int, int]] = hands.page.locator(".react-flow__node").evaluate_all(script)
    return found


def test_edits_outlive_the_tab_and_a_killed_server(browser: Browser, server: AppServer) -> None:
    visit = Visit(browser, server.url)
    hands = Hands(visit.page)
    hands.type("d_model", "48")
    kept_soon(server, "48")
    hands.select("lm_head")
    hands.page.keyboard.press("Shift+ArrowDown")
    hands.select("ln_f")
    hands.page.keyboard.press("Delete")
    wait_for(lambda: "ln_f" not in shown(hands))
    kept_soon(server, '"ln_f"', there=False)
    kept, wires = shown(hands), hands.edges()

    visit.close()
    server.kill()
    server.start()
    again = Visit(browser, server.url)

    hands = Hands(again.page)
    assert shown(hands) == kept
    assert hands.edges() == wires
    expect(hands.page.locator("aside.right .row", has_text="d_model").locator("input").first).to_have_value("48")
    again.close()
    assert (visit.problems, visit.outside, again.problems, again.outside) == ([], [], [], [])


def test_a_graph_is_saved_by_name_and_opened_from_the_list(visit: Visit, server: AppServer) -> None:
    hands, page = Hands(visit.page), visit.page
    page.keyboard.press("Control+s")
    hands.sees("Saved as")
    page.keyboard.press("Control+Shift+s")
    page.locator("dialog input").fill("Second try")
    page.keyboard.press("Enter")
    hands.sees("Saved as second_try")
    assert (server.home / "workspaces" / "local" / "models" / "second_try.json").exists()
    before = shown(hands)
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    wait_for(lambda: hands.nodes() == 0)

    page.keyboard.press("Control+o")
    page.locator("dialog [role=option]", has_text="second_try").dblclick()

    wait_for(lambda: shown(hands) == before, 10, "the saved graph")
    hands.sees("✓ valid")
    assert (visit.problems, visit.outside) == ([], [])


def d_model(file: Path) -> Value:
    """The width of the model in a graph file."""
    return next(symbol.value for symbol in loads(file.read_text()).main.symbols if symbol.name == "d_model")


def type_without_leaving(hands: Hands, field: str, value: str) -> Locator:
    """Type into a field of the inspector, and stay in it."""
    box = hands.page.locator("aside.right .row", has_text=field).locator("input").first
    box.click()
    hands.page.keyboard.press("Control+a")
    hands.page.keyboard.type(value)
    return box


def test_saving_while_a_field_is_typed_in_saves_what_was_typed_and_the_keyboard_stays(
    visit: Visit, server: AppServer
) -> None:
    hands, page = Hands(visit.page), visit.page
    box = type_without_leaving(hands, "d_model", "4")

    page.keyboard.type("8")
    page.keyboard.press("Control+s")

    hands.sees("Saved as")
    (file,) = (server.home / "workspaces" / "local" / "models").glob("*.json")
    assert d_model(file) == 48
    expect(box).to_be_focused()
    page.keyboard.press("Backspace")
    expect(box).to_have_value("4")
    assert (visit.problems, visit.outside) == ([], [])


def test_one_step_while_a_field_is_typed_in_trains_what_was_typed(visit: Visit, server: AppServer) -> None:
    hands, page = Hands(visit.page), visit.page
    type_without_leaving(hands, "d_model", "48")

    page.keyboard.press("F10")

    (folder,) = wait_for(lambda: runs.folders(server.home / "runs"), 60, "a run")
    assert d_model(folder / "graph.json") == 48
    assert (visit.problems, visit.outside) == ([], [])


def test_a_graph_is_opened_from_a_file_and_a_broken_one_refused(visit: Visit) -> None:
    hands, page = Hands(visit.page), visit.page
    before = shown(hands)
    page.keyboard.press("Control+o")
    broken = {"name": "broken.json", "mimeType": "application/json", "buffer": b'{"format": "stepwise", "nodes'}
    page.locator("dialog input[type=file]").set_input_files(broken)  # type: ignore[arg-type]
    wait_for(lambda: page.locator(".notice.err").count() == 1, 10, "a notice")
    assert shown(hands) == before

    page.keyboard.press("Control+o")
    document = templates.build("classifier")
    good = {"name": "mine.json", "mimeType": "application/json", "buffer": dumps(document).encode()}
    page.locator("dialog input[type=file]").set_input_files(good)  # type: ignore[arg-type]

    wait_for(lambda: set(shown(hands)) == set(document.main.nodes), 10, "the file's graph")
    assert (visit.problems, visit.outside) == ([], [])


@pytest.mark.parametrize("megabytes", [6, 17], ids=lambda size: f"{size} MB")
def test_a_graph_file_is_opened_up_to_the_size_that_the_server_reads(visit: Visit, megabytes: int) -> None:
    hands, page = Hands(visit.page), visit.page
    before = set(shown(hands))
    document = templates.build("classifier")
    text = dumps(document) + " " * (megabytes * 2**20 - 2**16)
    page.keyboard.press("Control+o")

    page.locator("dialog input[type=file]").set_input_files(
        {"name": "large.json", "mimeType": "application/json", "buffer": text.encode()}  # type: ignore[arg-type]
    )

    if len(text) <= limits.MAX_BYTES:
        wait_for(lambda: set(shown(hands)) == set(document.main.nodes), 30, "the file's graph")
    else:
        hands.sees(f"at most {limits.MAX_BYTES} are read", 30)
        assert set(shown(hands)) == before
    assert (visit.problems, visit.outside) == ([], [])


def test_a_file_too_large_for_a_message_is_refused_in_the_dialog(visit: Visit) -> None:
    hands, page = Hands(visit.page), visit.page
    page.keyboard.press("Control+o")

    page.locator("dialog input[type=file]").set_input_files(
        {"name": "large.json", "mimeType": "application/json", "buffer": b'"' * 11 * 2**20}  # each takes two bytes
    )

    expect(page.locator("dialog .err")).to_contain_text("Type its path instead", timeout=30_000)
    page.keyboard.press("Escape")
    hands.sees("✓ valid")
    assert (visit.problems, visit.outside) == ([], [])


def test_a_new_model_of_the_same_name_asks_before_it_replaces_the_saved_one(visit: Visit, server: AppServer) -> None:
    hands, page = Hands(visit.page), visit.page
    hands.type("d_model", "48")
    kept_soon(server, "48")
    page.keyboard.press("Control+s")
    hands.sees("Saved as")
    (file,) = (server.home / "workspaces" / "local" / "models").glob("*.json")
    saved = file.read_text()
    page.keyboard.press("Control+Alt+n")
    page.locator("dialog [role=option]").filter(has=page.get_by_text("Tiny GPT", exact=True)).click()
    page.get_by_role("button", name="Create").click()
    kept_soon(server, '"name": "d_model", "type": "int", "value": 64')

    page.keyboard.press("Control+s")

    expect(page.locator("dialog")).to_contain_text("Replace")
    assert file.read_text() == saved
    assert (visit.problems, visit.outside) == ([], [])


def test_each_template_of_the_gallery_opens_valid_and_with_its_task(visit: Visit, server: AppServer) -> None:
    hands, page = Hands(visit.page), visit.page
    for name in templates.names():
        page.keyboard.press("Control+Alt+n")
        title = templates.TEMPLATES[name].title
        page.locator("dialog [role=option]").filter(has=page.get_by_text(title, exact=True)).click()
        page.get_by_role("button", name="Create").click()
        built = templates.build(name)
        wait_for(lambda built=built: on_disk(server).get("name") == built.name, 10, f"{title} on disk")
        wait_for(lambda built=built: set(shown(hands)) == set(built.main.nodes), 10, f"the graph of {name}")
        hands.sees("✓ valid")
        task = page.locator(".toolbar select").first.input_value()
        wait_for(lambda task=task: on_disk(server).get("task") == task, 5, f"task {task} of {name} on disk")
        assert misfit(loads(json.dumps(on_disk(server))), task) == ""

    assert (visit.problems, visit.outside) == ([], [])


def test_a_broken_autosaved_graph_is_kept_aside_and_the_app_opens_with_a_notice(
    browser: Browser, server: AppServer
) -> None:
    folder = server.home / "workspaces" / "local"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "current.json").write_text('{"format": "stepwise", "cut off by a cra')

    visit = Visit(browser, server.url)

    hands = Hands(visit.page)
    hands.sees("cannot be read")
    hands.sees("✓ valid")
    (aside,) = folder.glob("current.broken-*.json")
    assert "cut off" in aside.read_text()
    time.sleep(0.1)
    visit.close()
    assert (visit.problems, visit.outside) == ([], [])
