"""One user, several windows and servers: one graph, settings that last, and nothing left behind."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page

from builder import templates
from builder.store import dumps, load
from tests.browser.hands import Hands
from tests.browser.serving import AppServer, Visit, wait_for

pytestmark = pytest.mark.browser


def folder_of(server: AppServer) -> Path:
    """The user's workspace."""
    return server.home / "workspaces" / "local"


def width(path: Path) -> object:
    """`d_model` of a graph on disk."""
    return next((s.value for s in load(path).main.symbols if s.name == "d_model"), None)


def setting(hands: Hands, name: str) -> str:
    """A setting of the next run, as the pane shows it."""
    hands.tab("Setup")
    return hands.page.locator("section.bottom .row", has_text=name).locator("input").first.input_value()


def test_of_two_windows_the_older_one_is_told_and_each_graph_is_kept(browser: Browser, server: AppServer) -> None:
    first, second = Visit(browser, server.url), Visit(browser, server.url)
    mine, theirs, current = Hands(first.page), Hands(second.page), folder_of(server) / "current.json"
    theirs.type("d_model", "48")
    mine.sees("This graph was changed in another window")

    mine.type("d_model", "32")
    kept = folder_of(server) / "kept"
    wait_for(lambda: [width(path) for path in kept.glob("*.json") if path.stat().st_size] == [32], 20, "it aside")
    assert width(current) == 48
    first.page.get_by_role("button", name="Keep this one").click()
    wait_for(lambda: width(current) == 32, 20, "the kept graph")
    theirs.sees("This graph was changed in another window")
    second.page.get_by_role("button", name="Load the other").click()

    field = second.page.locator("aside.right .row", has_text="d_model").locator("input").first
    wait_for(lambda: field.input_value() == "32", 20, "the other graph")
    assert {width(path) for path in kept.glob("*.json")} == {48}
    assert (first.problems, first.outside, second.problems, second.outside) == ([], [], [], [])
    first.close()
    second.close()


def test_settings_of_runs_outlive_a_reload_and_a_killed_server(browser: Browser, server: AppServer) -> None:
    visit, file = Visit(browser, server.url), folder_of(server) / "setup.json"
    hands = Hands(visit.page)
    assert setting(hands, "lr") != "0.0123"
    box = visit.page.locator("section.bottom .row", has_text="lr").locator("input").first
    box.fill("0.0123")
    box.press("Enter")
    wait_for(lambda: file.exists() and json.loads(file.read_text())["changes"] == {"lr": 0.0123}, 20, "lr on disk")

    visit.page.reload()
    visit.page.locator(".react-flow__node").first.wait_for()
    wait_for(lambda: setting(hands, "lr") == "0.0123", 20, "lr after a reload")
    visit.close()
    server.kill()
    server.start()
    again = Visit(browser, server.url)

    wait_for(lambda: setting(Hands(again.page), "lr") == "0.0123", 20, "lr after a restart")
    again.close()


def toolbar_button(page: Page) -> str:
    """What the button that trains says, and whether it can be pressed."""
    button = page.locator(".toolbar button.primary")
    return f"{button.inner_text()} {'enabled' if button.is_enabled() else 'disabled'}"


def test_a_model_that_fits_no_task_says_so_and_a_chosen_task_makes_it_fit(visit: Visit) -> None:
    hands, page = Hands(visit.page), visit.page
    page.keyboard.press("Control+o")
    file = {"name": "vit.json", "mimeType": "application/json", "buffer": dumps(templates.build("vit")).encode()}
    page.locator("dialog input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    wait_for(lambda: toolbar_button(page) == "Train disabled", 20, "the button to say that it cannot")
    hands.sees("No task fits the model as it is")

    page.locator(".toolbar select").first.select_option("shapes")

    wait_for(lambda: toolbar_button(page) == "Train enabled", 20, "the button to say that it can")
    assert (visit.problems, visit.outside) == ([], [])


def test_the_first_run_begins_from_the_empty_pane_and_nothing_jumps(visit: Visit) -> None:
    hands, page = Hands(visit.page), visit.page
    figure = page.locator("section.bottom .bk-Figure").first
    hands.sees("No run yet")
    wait_for(lambda: figure.bounding_box() is not None, 20, "the place of the plots")
    before = figure.bounding_box()
    assert not figure.is_visible()

    page.locator("section.bottom").get_by_role("button", name="Train").first.click()

    wait_for(figure.is_visible, 20, "the plots")
    assert figure.bounding_box() == before
    assert page.get_by_text("No run yet").count() == 0 or not page.get_by_text("No run yet").first.is_visible()
    assert (visit.problems, visit.outside) == ([], [])


def test_after_several_windows_and_a_run_no_helper_is_a_zombie(browser: Browser, server: AppServer) -> None:
    for _ in range(3):
        visit = Visit(browser, server.url)
        Hands(visit.page).sees("✓ valid · proven", 60)
        visit.close()
    measured = server.home / "machine.json"
    wait_for(lambda: any(c.status() != psutil.STATUS_ZOMBIE for c in children(server)), 20, "helpers")
    visit = Visit(browser, server.url)
    wait_for(measured.exists, 60, "the machine's measure")
    visit.close()

    wait_for(lambda: not [c for c in children(server) if c.status() == psutil.STATUS_ZOMBIE], 20, "no zombie")


def children(server: AppServer) -> list[psutil.Process]:
    """The processes that the server has started."""
    return psutil.Process(server.process.pid).children()
