"""`make bench [ONLY=word]`: run the benchmarks and print one table."""

from __future__ import annotations

import sys
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
    for part in sys.argv[1:] or PARTS:
        console.print(f"[dim]{part} …[/dim]")
        for row in import_module(f"tests.benchmarks.{part}").rows():
            add(table, row)
    console.print(table)


def add(table: Table, row: Row) -> None:
    """Put one figure into the table."""
    goal = "" if row.goal is None else f"≤ {row.goal:g} {row.unit}"
    mark = "" if row.goal is None else "[green]✓[/green]" if row.reached else "[red]✗[/red]"
    table.add_row(row.what, f"{row.value:.3g} {row.unit}", goal, mark)


if __name__ == "__main__":
    main()
