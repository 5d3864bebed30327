"""The mirror's process: `python -m builder.mirror --root artifacts`, which copies all runs below to MLflow.

It is nice to everybody: nobody waits for it, and it computes only when nothing else wants to. One at a time
works on a folder of runs; others wait for their turn. It ends when the app that started it is gone and no run
is going.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from loguru import logger

from engine import locations
from engine.errors import StepwiseError
from engine.mirror import Mirror
from engine.mlflow_tracker import MlflowTracker
from engine.processes import buried, command, created, environment, is_there
from engine.status import read_status
from engine.tracking import Portrait

if TYPE_CHECKING:
    from builder.document import Document
    from engine.export import ExportBundle

NICE = 19
SWITCH = "STEPWISE_MIRROR"  # environment variable; `off` where nothing is to be copied, as in tests
TURN = 0.5  # seconds between two looks whether the folder is free


def start(root: Path | None = None, once: Path | None = None) -> subprocess.Popen[bytes] | None:
    """Start the mirror in a process of its own. Returns at once.

    Args:
        root: Where runs and MLflow's store are; `locations.artifacts()` if not given.
        once: Follow this run only, to its end; it need not be below `root`.

    Returns:
        The process; `None` where the environment says `STEPWISE_MIRROR=off`.
    """
    if os.environ.get(SWITCH) == "off":
        return None
    words = ["--root", str(root or locations.artifacts()), "--owner", str(os.getpid())]
    words += ["--once", str(once.resolve())] if once else []
    process = subprocess.Popen(
        command("builder.mirror", *words),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True, env=environment(),
    )  # fmt: skip
    return buried(process)


def make_mirror(root: Path) -> Mirror:
    """The mirror of the runs below `root` to the store that is set."""
    store = locations.tracking_uri(root)
    tracker = MlflowTracker(store, root / "mlflow")
    return Mirror(tracker, store=store, portray=portray, bundle=bundle, alive=is_alive)


def portray(folder: Path) -> Portrait:
    """What is known of a run at its start: settings, symbols, its graph and a picture of it."""
    from builder import store, values
    from engine import runs

    status, text = read_status(folder), (folder / runs.GRAPH_FILE).read_text("utf-8")
    document = store.loads(text)
    return Portrait(
        name=status.name,
        folder=str(folder.resolve()),
        started=int(1000 * status.created),
        params={**runs.read_config(folder).to_dict(), **values.scope(document.main)},
        tags={
            "task": status.task,
            "model": document.name,
            "graph": hashlib.sha256(text.encode()).hexdigest()[:16],
            "host": socket.gethostname(),
        },
        files={"graph.json": text, **_picture(document)},
    )


def _picture(document: Document) -> dict[str, str]:
    """The graph as it is drawn, by file name; nothing if it cannot be."""
    from builder.picture import svg

    try:
        return {"graph.svg": svg(document)}
    except StepwiseError as error:
        logger.warning("{} has no picture: {}", document.name, error)
        return {}


def bundle(folder: Path) -> ExportBundle:
    """The model of a run at its newest checkpoint."""
    from builder.bundle import export_bundle

    return export_bundle(folder)


def is_alive(folder: Path) -> bool:
    """Whether a run goes on; one whose process is gone is buried on the way."""
    status = read_status(folder)
    if is_there(status.pid, status.pid_created):
        return True
    from engine import jobs

    return jobs.reap(folder).is_going


@contextmanager
def _turn(folder: Path, needed: Callable[[], bool]) -> Iterator[bool]:
    """Wait until no other mirror works on `folder`; yields whether that came before nobody `needed` us."""
    lock = FileLock(folder / ".mirror.lock")
    while True:
        try:
            lock.acquire(timeout=TURN)
        except Timeout:
            if not needed():
                yield False
                return
        else:
            break
    try:
        yield True
    finally:
        lock.release()


def run(root: Path, owner: int, once: Path | None) -> None:
    """Mirror until nobody needs it any more.

    Args:
        root: Where runs and MLflow's store are.
        owner: Process that needs it; 0 if none.
        once: The only run to follow, or all.
    """
    folder = once.parent if once else locations.runs(root)
    folder.mkdir(parents=True, exist_ok=True)
    since = created(owner)

    def needed() -> bool:
        return _is_going(once) if once else is_there(owner, since)

    with _turn(folder, needed) as ours:
        if not ours:
            return
        mirror = make_mirror(root)
        look = (lambda: mirror.follow(once)) if once else (lambda: mirror.sync(folder))
        mirror.watch(look, stop=lambda: not needed())


def _is_going(folder: Path) -> bool:
    try:
        return read_status(folder).is_going
    except StepwiseError:
        return False


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and mirror; the log goes to `mirror.log`."""
    parser = argparse.ArgumentParser(prog="python -m builder.mirror", description=__doc__)
    parser.add_argument("--root", type=Path, default=None, help="folder of runs/ and mlflow.db")
    parser.add_argument("--once", type=Path, default=None, help="follow this run only, to its end")
    parser.add_argument("--owner", type=int, default=0, help="process without which nothing new begins")
    options = parser.parse_args(arguments)
    root = (options.root or locations.artifacts()).resolve()
    root.mkdir(parents=True, exist_ok=True)
    logger.add(root / "mirror.log", rotation="1 MB", retention=1)
    os.nice(NICE)
    began = time.monotonic()
    run(root, options.owner, options.once and options.once.resolve())
    logger.debug("The mirror ends after {:.0f} s.", time.monotonic() - began)


if __name__ == "__main__":
    main()
