"""The app as its own server process, and Chromium to use it with."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from playwright.sync_api import Browser, Page, sync_playwright

from engine import jobs, runs
from engine.channel import Stop

ROOT = Path(__file__).parents[2]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
HERE = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")
T = TypeVar("T")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], T], seconds: float = 20, what: str = "the condition") -> T:
    """Poll `condition` until it is true; asserting at once after a gesture fails on a busy machine."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.03)
    assert value, f"{what} did not come true within {seconds} s"
    return value


class AppServer:
    """Holds the server process; it can be killed and started again on the same port.

    Args:
        home: Where the app keeps its files.
    """

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        self.log = home / "server.log"
        self.start()

    @property
    def url(self) -> str:
        """Address of the app's page."""
        return f"http://127.0.0.1:{self.port}/app"

    def start(self) -> None:
        """Serve the app as a user would, and wait until it answers."""
        self.home.mkdir(parents=True, exist_ok=True)
        words = ["-m", "panel", "serve", "views/app.py", "--port", str(self.port), "--address", "127.0.0.1"]
        words += ["--liveness", "--warm"]
        environment = {**os.environ, "STEPWISE_HOME": str(self.home)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            wait_for(self._answers, 120, "the server")
        except BaseException:
            self.kill()
            raise

    def forget(self) -> None:
        """Remove the autosaved graph, so that the next page is a first page."""
        time.sleep(0.5)  # a page that was just closed may still write
        (self.home / "workspaces" / "local" / "current.json").unlink(missing_ok=True)

    def kill(self) -> None:
        """End it without warning, as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end_runs(self) -> None:
        """End what trains: runs outlive the app, and a test must leave nothing behind."""
        for folder in runs.folders(self.home / "runs"):
            if jobs.alive(folder):
                jobs.send(folder, Stop())
                jobs.wait(folder)

    def stop(self) -> None:
        """End it as Ctrl+C would, and its runs."""
        try:
            self.end_runs()
        finally:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.kill()

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/liveness", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def chromium_path() -> str:
    """Where this machine's Chromium is."""
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    assert path, "No Chromium on this machine; `make test` installs it."
    return path


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium from this machine."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """Holds one page and what went wrong in it.

    Args:
        browser: Where it is opened, in a context of its own.
        url: What it shows.
        size: Width and height of the window in pixels.
        theme: `light` or `dark`.
        still: Whether the person wants no motion; tests need not wait for it then.
    """

    def __init__(
        self, browser: Browser, url: str, size: tuple[int, int] = (1440, 900), theme: str = "light", still: bool = True
    ) -> None:
        self.outside: list[str] = []
        self.problems: list[str] = []
        scheme = "dark" if theme == "dark" else "light"
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            reduced_motion="reduce" if still else "no-preference",
        )
        self.page: Page = self.context.new_page()
        self.page.on("request", lambda r: r.url.startswith(HERE) or self.outside.append(r.url))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda m: m.type == "error" and self.problems.append(m.text))
        self.page.goto(url, timeout=60_000)
        self.page.locator(".react-flow__node").first.wait_for(timeout=60_000)

    def close(self) -> None:
        """Close the page and its context; `STEPWISE_SHOTS` names a folder for a last picture of it."""
        print(*self.problems, sep="\n")  # pytest shows it where a test has failed
        if folder := os.environ.get("STEPWISE_SHOTS"):
            self.page.screenshot(path=Path(folder) / f"{time.time():.0f}.png")
        self.context.close()
