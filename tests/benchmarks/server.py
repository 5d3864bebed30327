"""Whether a run makes the web server slower for those who use it."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from statistics import median

from tests.benchmarks.page import serving
from tests.benchmarks.table import Row
from tests.browser.hands import Hands
from tests.browser.serving import AppServer, Visit, chromium, wait_for

ROUNDS, REQUESTS = 5, 30


def rows() -> Iterator[Row]:
    """The server's latency with a run going that a page watches ÷ with the same run paused."""
    with serving() as server, chromium() as browser:
        visit = Visit(browser, server.url, still=False)
        hands = Hands(visit.page)
        hands.press("Train")
        wait_for(lambda: list(server.home.glob("runs/*/metrics.jsonl")), 60, "the first step")
        pairs = [(latency(server), paused(hands, server)) for _ in range(ROUNDS)]
        hands.press("Stop the run")
        visit.close()
    going, still = zip(*pairs, strict=True)
    value = median(a / b for a, b in pairs)
    yield Row(what="server latency p50 with a run going ÷ without", value=value, unit="×")
    yield Row(what="server latency p50 with a run going", value=1000 * median(going), unit="ms")
    yield Row(what="server latency p50 without", value=1000 * median(still), unit="ms")


def paused(hands: Hands, server: AppServer) -> float:
    """The latency while the run waits."""
    hands.press("Pause")
    hands.page.get_by_role("button", name="Resume", exact=True).wait_for(timeout=30_000)
    time.sleep(0.3)
    value = latency(server)
    hands.press("Resume")
    hands.page.get_by_role("button", name="Pause", exact=True).wait_for(timeout=30_000)
    return value


def latency(server: AppServer) -> float:
    """Median seconds of a request that needs the server's loop alone."""
    return median(_once(server) for _ in range(REQUESTS))


def _once(server: AppServer) -> float:
    time.sleep(0.02)
    start = time.perf_counter()
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/liveness", timeout=30) as answer:
        answer.read()
    return time.perf_counter() - start
