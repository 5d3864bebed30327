"""How soon an edit is on disk, so that nothing is lost when the server dies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

from tests.benchmarks.page import serving
from tests.benchmarks.table import Row
from tests.browser.hands import Hands
from tests.browser.serving import AppServer, Visit, chromium, wait_for

TIMES = 7


def rows() -> Iterator[Row]:
    """Seconds from the key that moves a block to the file that says so."""
    with serving() as server, chromium() as browser:
        visit = Visit(browser, server.url, still=False)
        Hands(visit.page).select("ln_f")
        _kept(server, visit)  # the first edit makes the file
        seconds = median(_kept(server, visit) for _ in range(TIMES))
        visit.close()
    yield Row(what="an edit is on disk", value=seconds, unit="s", goal=1)


def _kept(server: AppServer, visit: Visit) -> float:
    file = server.home / "workspaces" / "local" / "current.json"
    before = file.stat().st_mtime_ns if file.exists() else 0
    start = time.perf_counter()
    visit.page.keyboard.press("Shift+ArrowDown")
    wait_for(lambda: file.exists() and file.stat().st_mtime_ns > before, 20, "the autosave")
    passed = time.perf_counter() - start
    visit.page.wait_for_timeout(700)
    return passed
