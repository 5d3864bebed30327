"""`make bench [ONLY=word]`: run the benchmarks and print one table."""

from __future__ import annotations

import os
import sys
import time
from importlib import import_module

import torch
from rich.console import Console
from rich.table import Table

from tests.benchmarks.table import Row

PARTS = ("model", "checking", "run", "server", "page", "gestures", "first_loss")


def main() -> None:
    """Measure all parts, or those named on the command line."""
    torch.set_num_threads(1)
    console = Console()
    table = Table("what", "value", "goal", "", title="Stepwise benchmarks")
    before = strain()
    for part in sys.argv[1:] or PARTS:
        console.print(f"[dim]{part} …[/dim]")
        for row in import_module(f"tests.benchmarks.{part}").rows():
            add(table, row)
            console.print(f"[dim]  {row.what}: {row.value:.3g} {row.unit}[/dim]")
    table.caption = caption(before, strain())
    console.print(table)


def add(table: Table, row: Row) -> None:
    """Put one figure into the table."""
    goal = "" if row.goal is None else f"≤ {row.goal:g} {row.unit}"
    mark = "" if row.goal is None else "[green]✓[/green]" if row.reached else "[red]✗[/red]"
    table.add_row(row.what, f"{row.value:.3g} {row.unit}", goal, mark)


def strain(seconds: float = 1.0) -> float:
    """How many seconds a second of computing takes here now: 1 on a machine that does nothing else."""
    wall, own = time.perf_counter(), time.process_time()
    while time.process_time() - own < seconds:
        sum(range(1000))
    return (time.perf_counter() - wall) / seconds


def caption(before: float, after: float) -> str:
    """What to think of the times above."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} cores, load average {load}: a second of computing took {before:.1f} s before and {after:.1f} s "
        "after these measurements. Times grow with it; ratios and bytes do not."
    )


if __name__ == "__main__":
    main()
