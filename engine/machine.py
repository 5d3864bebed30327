"""How fast this machine computes: measured once by a short probe in a process of its own, then kept in a file."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from engine import locations
from engine.jsonfiles import read_json, write_json
from engine.processes import buried, command, environment

REPEATS = 12


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What one thread does in a second.

    Args:
        flops: Floating-point operations of matrix products of ordinary size.
        bandwidth: Bytes read and written by operations that work entry by entry.
        call: Seconds that it takes to start an operation.
    """

    flops: float
    bandwidth: float
    call: float


def file(root: Path | None = None) -> Path:
    """Where the measurement is kept."""
    return (root or locations.artifacts()) / "machine.json"


def known(root: Path | None = None) -> Speed | None:
    """The speed of this machine; `None` as long as it was not measured."""
    kept = read_json(file(root))
    try:
        return Speed(**kept["speed"]) if kept["machine"] == _machine() else None
    except (KeyError, TypeError):
        return None


def probe(root: Path | None = None) -> subprocess.Popen[bytes] | None:
    """Begin to measure in the background, if the speed is not known; `known` gives it some seconds later."""
    if known(root) is not None:
        return None
    words = command("engine.machine", str(file(root)))
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return buried(subprocess.Popen(words, **quiet, env=environment(), start_new_session=True))  # type: ignore[call-overload]


def measure() -> Speed:
    """Measure with one thread, for about half a second."""
    import torch

    torch.set_num_threads(1)
    rows, wide = torch.randn(512, 256, requires_grad=True), torch.randn(512, 1024, requires_grad=True)
    small, project, norm = torch.randn(4, 8), torch.nn.Linear(256, 256), torch.nn.LayerNorm(1024)
    layers = torch.nn.Sequential(*[torch.nn.Linear(8, 8), torch.nn.GELU()] * 50)
    product = _best(lambda: project(rows).backward(rows))
    sweep = _best(lambda: norm(wide + torch.nn.functional.relu(wide)).backward(wide))
    tiny = _best(lambda: layers(small).backward(small))
    return Speed(
        flops=3 * 2 * rows.numel() * 256 / product,  # forward, and backward to the input and to the weight
        bandwidth=16 * wide.numel() * wide.element_size() / sweep,  # tensors read and written, both ways
        call=tiny / (50 * 6),  # each pair has two operations forward and four backward
    )


def _best(action: Callable[[], object]) -> float:
    """Seconds of this thread in the fastest of several calls, the least disturbed one."""
    times = []
    for _ in range(REPEATS):
        start = time.thread_time()
        action()
        times.append(time.thread_time() - start)
    return min(times)


def _machine() -> str:
    """What tells one machine from another that has the same folder."""
    return f"{platform.node()} {platform.machine()} {os.cpu_count()}"


def main() -> None:
    """Measure, and write the file named on the command line."""
    out = Path(sys.argv[1])
    out.parent.mkdir(parents=True, exist_ok=True)
    write_json(out, {"machine": _machine(), "speed": asdict(measure())})


if __name__ == "__main__":
    main()
