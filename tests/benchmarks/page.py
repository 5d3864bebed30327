"""How soon the page can be used, in a fresh browser and in one that was here before, and what it costs Python."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil
from playwright.sync_api import Browser, BrowserContext

from tests.benchmarks.table import Row
from tests.browser.serving import FLAGS, AppServer, chromium, chromium_path

VISITS, BUILDS = 7, 15
REST = 1.5  # seconds between two visits, so that none is measured while the one before is still put away
USABLE = """
const isThere = (root) => root.querySelector(".react-flow__node") !== null
  || [...root.querySelectorAll("*")].some((at) => at.shadowRoot && isThere(at.shadowRoot));
const look = setInterval(() => {
  if (!performance.getEntriesByName("window-ready").length || !isThere(document)) return;
  clearInterval(look);
  requestAnimationFrame(() => { window.__usable = performance.now(); });
}, 10);
"""


def rows() -> Iterator[Row]:
    """Seconds from the address to a window with its graph, kB sent for it, and Python's share."""
    with serving() as server, chromium() as browser:
        first = cold(browser, server.url)[0]
        colds = [cold(browser, server.url) for _ in range(VISITS)]
        warms = warm(browser, server.url)
        yield Row(what="page usable, cold browser", value=median(s for s, _ in colds), unit="s", goal=1.4)
        yield Row(what="page usable, warm browser", value=median(s for s, _ in warms), unit="s", goal=0.6)
        yield Row(what="page usable, first of a server just started", value=first, unit="s")
        yield Row(what="page sent, cold browser", value=median(k for _, k in colds), unit="kB")
        yield Row(what="page sent, warm browser", value=median(k for _, k in warms), unit="kB")
        yield Row(what="Python builds the page, warm server", value=build(server), unit="CPU ms", goal=150.0)


@contextmanager
def serving() -> Iterator[AppServer]:
    """A server with a home of its own, empty."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as home:
        server = AppServer(Path(home))
        try:
            yield server
        finally:
            server.stop()


def cold(browser: Browser, url: str) -> tuple[float, float]:
    """Seconds and kB of a visit with nothing kept."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        return visit(context, url)
    finally:
        context.close()


def warm(browser: Browser, url: str) -> list[tuple[float, float]]:
    """Seconds and kB of visits by a browser with a profile on the disk, where the first two left what browsers keep.

    A browser compiles a script for good at its second visit, and keeps that in a profile only, not in a private window.
    """
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        context = browser.browser_type.launch_persistent_context(
            profile, executable_path=chromium_path(), args=FLAGS, viewport={"width": 1440, "height": 900}
        )
        try:
            return [visit(context, url) for _ in range(VISITS + 2)][2:]
        finally:
            context.close()


def visit(context: BrowserContext, url: str) -> tuple[float, float]:
    """Seconds until the window and its graph are shown, and kB that came down for them, as sent."""
    page = context.new_page()
    sent: list[float] = []
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: sent.append(event["encodedDataLength"]))
    network.on("Network.webSocketFrameReceived", lambda event: sent.append(len(event["response"]["payloadData"])))
    page.add_init_script(USABLE)
    page.goto(url, timeout=120_000)
    page.wait_for_function("window.__usable", timeout=120_000)
    seconds = page.evaluate("window.__usable") / 1000
    page.close()
    time.sleep(REST)
    return seconds, sum(sent) / 1000


def build(server: AppServer) -> float:
    """Milliseconds of processor time that the server spends on one page, from the request to its last byte."""
    process = psutil.Process(server.process.pid)

    def spent() -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    def once() -> float:
        before = spent()
        with urllib.request.urlopen(server.url, timeout=60) as answer:
            answer.read()
        return 1000 * (spent() - before)

    return median(once() for _ in range(BUILDS))
