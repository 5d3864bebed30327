"""`make bench`, or `python -m tests.benchmarks PART …`: run the benchmarks and print one table."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import torch
from rich.console import Console
from rich.table import Table

from tests.benchmarks.table import Row, strain

PARTS = (
    "model",
    "attention",
    "libraries",
    "writing",
    "growth",
    "checking",
    "contracts",
    "estimates",
    "run",
    "server",
    "page",
    "gestures",
    "keeping",
    "curves",
    "first_loss",
)
CAPTION = (
    "calm: a time divided by how much slower short bursts of computing were around its measurement than on a machine "
    "that does nothing else; goals are judged by the value itself."
)


def main() -> None:
    """Measure all parts, or those named on the command line."""
    torch.set_num_threads(1)
    console = Console(width=None if sys.stdout.isatty() else 120)
    table = Table("what", "value", "calm", "goal", "", title="Stepwise benchmarks", caption=CAPTION)
    for part in sys.argv[1:] or PARTS:
        before = strain()
        console.print(f"[dim]{part} …[/dim]")
        found = list(import_module(f"tests.benchmarks.{part}").rows())
        slower = (before + strain()) / 2
        table.add_section()
        load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {slower:.1f} × slower than calm"
        table.add_row(f"[dim]{part}: {load}[/dim]")
        for row in found:
            table.add_row(*cells(row, slower))
    console.print(table)


def cells(row: Row, slower: float) -> list[str]:
    """A row of the table, where the machine was so many times slower than by itself."""
    calm = row.calm(slower)
    goal = "" if row.goal is None else f"≤ {row.goal:g} {row.unit}"
    mark = "" if row.goal is None else "[green]✓[/green]" if row.reached else "[red]✗[/red]"
    return [row.what, f"{row.value:.3g} {row.unit}", "" if calm is row else f"{calm.value:.3g} {row.unit}", goal, mark]


if __name__ == "__main__":
    main()
