"""Gestures on graphs of three sizes: how soon the picture is settled, how soon Python has answered, what it sends.

The clock runs from the time stamp of the event that ends the gesture to the last change of the canvas's elements before
Python's answer, as a `MutationObserver` of the benchmark's own sees it; the screen shows it with its next frame.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Locator, Page

from builder.document import Document
from builder.store import save
from tests.benchmarks.graphs import chain
from tests.benchmarks.page import serving
from tests.benchmarks.table import Row
from tests.browser.hands import Hands, centre
from tests.browser.serving import AppServer, Visit, chromium, wait_for

SIZES = {20: (7.0, 13.0, 15.0), 100: (14.0, 29.0, 37.0), 300: (27.0, 88.0, 67.0)}  # ms: move, connect, delete
ANSWER, BYTES = 100.0, 4.0  # ms, kB
REPEATS = 5
FRAME = 1000 / 60
EDGE = 80  # pixels from the canvas's edge, within which a hand that drags moves the view
QUIET = 0.6  # seconds after an answer in which what it sends is counted
FRAMES = """() => {
  window.__frames = [];
  const tick = (now) => { window.__frames?.push(now); if (window.__frames) requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
}"""
AT = """([x, y]) => {
  let at = document.elementFromPoint(x, y);
  for (let inner; (inner = at?.shadowRoot?.elementFromPoint(x, y)) && inner !== at; ) at = inner;
  return at?.closest(".react-flow__node")?.dataset.id;
}"""
OBSERVE = """(canvas) => {
  window.__changes = [];
  const note = () => window.__changes.push(performance.now());
  new MutationObserver(note).observe(canvas, { subtree: true, childList: true, attributes: true, characterData: true });
}"""
BEFORE = "() => { window.__changes.length = 0; return window.__stepwise.answers; }"
SETTLED = """() => {
  const { start, heard } = window.__stepwise.last;
  return Math.max(0, ...window.__changes.filter((at) => at > start && at < start + heard)) - start;
}"""
TAKE_FRAMES = "() => { const frames = window.__frames; window.__frames = null; return frames; }"


@dataclass(kw_only=True)
class Figures:
    """Of one kind of gesture, one figure each time: ms until settled, ms until answered, kB down."""

    settled: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    down: list[float] = field(default_factory=list)


def rows() -> Iterator[Row]:
    """Medians for each size and gesture."""
    with serving() as server, chromium() as browser:
        for count, goals in SIZES.items():
            found, frames = measure(browser, server, chain(count))
            for (name, figures), goal in zip(found.items(), goals, strict=True):
                yield Row(what=f"{name} at {count} nodes: settled", value=median(figures.settled), unit="ms", goal=goal)
                answered = median(figures.answered)
                yield Row(what=f"{name} at {count} nodes: answered", value=answered, unit="ms", goal=ANSWER)
                yield Row(what=f"{name} at {count} nodes: down", value=median(figures.down), unit="kB", goal=BYTES)
            for what, share in frames.items():
                yield Row(what=f"frames dropped at {count} nodes, {what}", value=100 * share, unit="%")


def measure(browser: Browser, server: AppServer, document: Document) -> tuple[dict[str, Figures], dict[str, float]]:
    """Open the document and work on it."""
    save(document, server.home / "workspaces" / "local" / "current.json")
    visit = Visit(browser, server.url, (1920, 1080), still=False)
    try:
        bench = Bench(visit, document)
        moves = bench.moves()
        found = {"move": moves, "connect": bench.connects(), "delete": bench.deletes()}
        return found, bench.frames()
    finally:
        visit.close()


class Bench:
    """Holds one page with a graph, and what its web socket brought.

    Args:
        visit: The page, just opened.
        document: The graph it shows.
    """

    def __init__(self, visit: Visit, document: Document) -> None:
        self.page: Page = visit.page
        self.hands = Hands(self.page)
        self.document = document
        self.received: list[int] = []
        network = visit.context.new_cdp_session(self.page)
        network.send("Network.enable")
        network.on("Network.webSocketFrameReceived", self._receive)
        wait_for(lambda: self.hands.nodes() == len(document.main.nodes), 60, "the whole graph")
        self.page.wait_for_timeout(3000)  # the plots come when the page is idle
        self.page.locator(".react-flow").first.evaluate(OBSERVE)

    def _receive(self, event: dict[str, Any]) -> None:
        self.received.append(len(event["response"]["payloadData"].encode()))

    def gesture(self, act: Callable[[], object], figures: Figures) -> None:
        """Do it, wait for the answer, and take down the figures."""
        before, sent = self.page.evaluate(BEFORE), len(self.received)
        act()
        self.page.wait_for_function("(n) => window.__stepwise.answers > n", arg=before, timeout=30_000)
        self.page.wait_for_timeout(1000 * QUIET)
        figures.settled.append(self.page.evaluate(SETTLED))
        figures.answered.append(self.page.evaluate("window.__stepwise.last.answered"))
        figures.down.append(sum(self.received[sent:]) / 1000)

    def moves(self) -> Figures:
        """Blocks dragged a little."""
        figures = Figures()
        for name in self.some("linear"):
            x, y = centre(self.head(name))
            self.gesture(lambda name=name, x=x, y=y: self.hands.drag(self.head(name), (x + 24, y + 16)), figures)
            self.rest()
        return figures

    def connects(self) -> Figures:
        """Wires from the embedding to the norm of a later branch, and back by undo."""
        figures = Figures()
        for name in self.some("layer_norm"):
            ends = self.hands.port("embed.y"), self.hands.port(f"{name}.x")
            self.gesture(lambda ends=ends: self.hands.drag(*ends), figures)
            assert self.hands.edge(f"embed.y>{name}.x").count() == 1
            self.undo()
        return figures

    def deletes(self) -> Figures:
        """Blocks in the middle, and back by undo."""
        figures = Figures()
        count = self.hands.nodes()
        for name in self.some("dropout"):
            self.head(name).click()
            self.page.wait_for_timeout(1000 * QUIET)
            self.gesture(lambda: self.page.keyboard.press("Delete"), figures)
            assert self.hands.nodes() == count - 1
            self.undo()
        return figures

    def frames(self) -> dict[str, float]:
        """Share of frames that were not drawn in time, the hand moving with a block in it and with nothing."""
        x, y = centre(self.head(self.some("linear")[0]))
        shares = {"dragging": 0.0, "hand empty": 0.0}
        for what in shares:
            self.page.mouse.move(x, y)
            if what == "dragging":
                self.page.mouse.down()
            self.page.evaluate(FRAMES)
            start = time.monotonic()
            while (passed := time.monotonic() - start) < 1.5:
                self.page.mouse.move(x + 60 * passed, y + 40 * passed)
                time.sleep(FRAME / 1000)
            shares[what] = dropped(self.page.evaluate(TAKE_FRAMES))
            self.page.mouse.up()
        return shares

    def some(self, kind: str) -> list[str]:
        """Blocks of a kind, spread over the graph."""
        names = [name for name, node in self.document.main.nodes.items() if node.kind == kind and self.is_free(name)]
        return names[1:][:: max(1, len(names) // REPEATS)][:REPEATS] or names

    def is_free(self, name: str) -> bool:
        """Whether a hand reaches the block, over which the map may lie, and away from edges, where the view moves."""
        x, y = centre(self.head(name))
        area = self.page.locator(".react-flow").first.bounding_box()
        assert area is not None
        if not EDGE < x - area["x"] < area["width"] - EDGE or not EDGE < y - area["y"] < area["height"] - EDGE:
            return False
        seen = self.page.evaluate(AT, [x, y])
        return bool(seen == name)

    def head(self, name: str) -> Locator:
        """Where a block is taken."""
        return self.hands.node(name).locator(".head")

    def undo(self) -> None:
        """Back, and let the page rest."""
        self.page.keyboard.press("Control+z")
        self.rest()

    def rest(self) -> None:
        """As long as a hand rests between two gestures."""
        self.page.wait_for_timeout(1000)


def dropped(times: list[float]) -> float:
    """Share of the frames of a 60 Hz screen that had no picture of their own.

    Args:
        times: When pictures were drawn, in ms.
    """
    gaps = [b - a for a, b in itertools.pairwise(times)]
    missed = sum(max(0, round(gap / FRAME) - 1) for gap in gaps)
    return missed / max(1, missed + len(gaps))
