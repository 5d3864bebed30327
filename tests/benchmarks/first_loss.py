"""From the first page to a loss and to a loss that falls: what it takes in clicks and seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

from playwright.sync_api import Browser, Page

from tests.benchmarks.page import serving
from tests.benchmarks.table import Row
from tests.browser.serving import Visit, chromium

TIMES = 3
FALLEN = 0.85  # of the first loss: what the eye sees as falling
LOSSES = """(enough) => {
  for (const root of Bokeh.documents) for (const model of root._all_models.values()) {
    if (model.type !== "Figure" || model.y_scale.type !== "LogScale") continue;
    const line = model.renderers.find((renderer) => renderer.name === "train");
    const losses = Array.from(line?.data_source.data.y ?? []);
    const last = losses.slice(-5);
    if (losses.length && last.reduce((a, b) => a + b, 0) / last.length <= enough * losses[0]) return true;
  }
  return false;
}"""


def rows() -> Iterator[Row]:
    """Clicks, and seconds from when the first page of a fresh server can be used."""
    with chromium() as browser:
        found = [learn(browser) for _ in range(TIMES)]
    clicks, first, falling = (median(column) for column in zip(*found, strict=True))
    yield Row(what="clicks from the first page to a loss", value=clicks, unit="clicks", goal=2)
    yield Row(what="from the first page to the first loss", value=first, unit="s", goal=2.0)
    yield Row(what="from the first page to a falling loss", value=falling, unit="s", goal=10.0)


def learn(browser: Browser) -> tuple[int, float, float]:
    """Open the first page of a new server, train what stands there, and watch the curve."""
    with serving() as server:
        visit = Visit(browser, server.url, still=False)
        start, clicks = time.perf_counter(), 0

        def click(name: str) -> None:
            nonlocal clicks
            clicks += 1
            visit.page.get_by_role("button", name=name, exact=True).first.click()

        click("Train")
        first = until(visit.page, 1.0, start)
        falling = until(visit.page, FALLEN, start)
        click("Stop the run")
        visit.page.wait_for_timeout(500)
        visit.close()
    return clicks - 1, first, falling


def until(page: Page, share: float, start: float) -> float:
    """Seconds until the curve has fallen to that share of its first value."""
    page.wait_for_function(LOSSES, arg=share, timeout=180_000, polling=20)
    return time.perf_counter() - start
