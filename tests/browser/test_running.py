"""Runs live on their own: through a left page, a killed app and their own death."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.hands import Hands
from tests.browser.serving import AppServer, Visit, wait_for

pytestmark = pytest.mark.browser


def runs_of(server: AppServer) -> list[Path]:
    """The run folders, the oldest first."""
    return sorted(path.parent for path in (server.home / "runs").glob("*/status.json"))


def status(folder: Path) -> dict[str, Any]:
    """What the run says of itself."""
    found: dict[str, Any] = json.loads((folder / "status.json").read_text())
    return found


def steps(folder: Path) -> int:
    """How far the run is."""
    path = folder / "metrics.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return max((int(json.loads(line)["step"]) for line in lines if line.endswith("}")), default=0)


def begin(hands: Hands, server: AppServer) -> Path:
    """Train, and wait for the first steps of the new run."""
    before = len(runs_of(server))
    hands.press("Train")
    wait_for(lambda: len(runs_of(server)) > before, 20, "a run folder")
    folder = runs_of(server)[-1]
    wait_for(lambda: steps(folder) > 5, 60, "the first steps")
    return folder


def until(folder: Path, state: str) -> None:
    """Wait until the run is in a state."""
    wait_for(lambda: status(folder)["state"] == state, 20, f"the state {state} of {folder.name}")


def progress(page: Page) -> int:
    """The step that the training pane shows."""
    text = page.locator("section.bottom [title=steps]").first.inner_text()
    digits = "".join(c for c in text.partition("/")[0] if c.isdigit())
    return int(digits or 0)


def points(page: Page) -> int:
    """How many points the longest curve on the page has."""
    script = """() => Math.max(0, ...[...Bokeh.documents[0].all_models]
        .filter(m => m.type === "ColumnDataSource")
        .flatMap(m => [...(m.data instanceof Map ? m.data.values() : Object.values(m.data))].map(c => c.length)))"""
    return int(page.evaluate(script))


def test_a_run_goes_on_without_a_page_and_without_an_app(browser: Browser, server: AppServer) -> None:
    visit = Visit(browser, server.url)
    folder = begin(Hands(visit.page), server)
    visit.close()
    left = steps(folder)
    wait_for(lambda: steps(folder) > left + 5, 30, "steps while no page is open")

    back = Visit(browser, server.url)
    wait_for(lambda: progress(back.page) > left, 20, "the progress of the run")
    wait_for(lambda: points(back.page) > left, 20, "its curves")
    server.kill()
    alone = steps(folder)
    wait_for(lambda: steps(folder) > alone + 5, 30, "steps while no app is there")
    back.close()
    server.start()

    again = Visit(browser, server.url)
    wait_for(lambda: progress(again.page) > alone, 20, "the progress of the run after the restart")
    Hands(again.page).press("Stop the run")
    until(folder, "stopped")
    again.close()
    assert (visit.problems, visit.outside, again.problems, again.outside) == ([], [], [], [])


def test_a_killed_run_says_so_and_the_next_one_trains(visit: Visit, server: AppServer) -> None:
    hands = Hands(visit.page)
    folder = begin(hands, server)

    os.kill(status(folder)["pid"], signal.SIGKILL)
    until(folder, "failed")
    hands.sees("ended without a word")
    hands.sees("✓ valid")

    second = begin(hands, server)
    assert second != folder
    assert status(second)["state"] == "running"
    hands.press("Stop the run")
    until(second, "stopped")
    assert (visit.problems, visit.outside) == ([], [])


def test_a_run_is_stepped_stopped_and_continued(visit: Visit, server: AppServer) -> None:
    hands, page = Hands(visit.page), visit.page
    hands.press("One step")
    wait_for(lambda: runs_of(server), 20, "a run folder")
    (folder,) = runs_of(server)
    wait_for(lambda: steps(folder) == 1, 60, "one step")
    until(folder, "paused")
    hands.press("One step")
    wait_for(lambda: steps(folder) == 2, 20, "a second step")
    hands.press("Resume")
    wait_for(lambda: steps(folder) > 20, 30, "more steps")
    hands.press("Stop the run")
    until(folder, "stopped")
    stopped = steps(folder)

    hands.tab("Runs")
    page.locator("section.bottom tbody tr").filter(has_text="■").first.click()
    page.locator("section.bottom").get_by_role("button", name="Continue").click()

    wait_for(lambda: status(folder)["state"] == "running" and steps(folder) > stopped, 60, "more steps")
    assert psutil.pid_exists(status(folder)["pid"])
    hands.press("Stop the run")
    until(folder, "stopped")
    assert (visit.problems, visit.outside) == ([], [])
