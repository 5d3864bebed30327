"""`make screenshot`: the picture of the README, taken from the running app after it has trained its first model."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from tests.browser.hands import Hands
from tests.browser.serving import ROOT, AppServer, Visit, chromium, wait_for

PICTURE = ROOT / "examples" / "pictures" / "stepwise.png"
GOOD, PATIENCE = 0.95, 240


def exact_match(home: Path) -> float:
    """Share of right answers in the last evaluation of the only run, from 0 to 1."""
    lines = [line for path in home.glob("runs/*/metrics.jsonl") for line in path.read_text().splitlines()]
    values = [row["exact_match"] for line in lines if line.endswith("}") and "exact_match" in (row := json.loads(line))]
    return float(values[-1]) if values else 0.0


def teach(visit: Visit, home: Path) -> None:
    """Train the first page's model until it is good, then look where its heads look."""
    hands, bottom = Hands(visit.page), visit.page.locator("section.bottom")
    hands.press("Train")
    wait_for(lambda: exact_match(home) >= GOOD, PATIENCE, f"an exact match of {GOOD}")
    hands.press("Stop the run")
    if not bottom.locator(".head-map").first.is_visible():
        hands.tab("Attention")
    wait_for(lambda: bottom.locator(".head-map canvas").first.is_visible(), 60, "the map of a head")
    hands.select("blocks")


def take(path: Path) -> None:
    """Serve the app on an empty home, train, and write the picture, 1440x900, light."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.environ["STEPWISE_MIRROR"] = "off"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, chromium() as browser:
        server = AppServer(Path(folder))
        try:
            visit = Visit(browser, server.url)
            teach(visit, server.home)
            visit.page.mouse.move(720, 890)
            visit.page.wait_for_timeout(4000)  # for the last numbers and the end of fades
            visit.page.screenshot(path=path)
            visit.close()
        finally:
            server.stop()


if __name__ == "__main__":
    take(PICTURE)
    print(f"{PICTURE.relative_to(ROOT)} written.")
