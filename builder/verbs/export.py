"""`export`: take a model away."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from rich.text import Text

from builder.verbs.console import OUT, Verbs


def add_to(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add_parser("export", help="write a run's model, or a graph with fresh weights, in another format")
    verb.add_argument("what", metavar="RUN_OR_FILE", help="a run folder, its name, `last`, or a graph file")
    verb.add_argument("--format", required=True, help="mlflow (text in, text out) or safetensors (weights)")
    verb.add_argument("-o", "--out", type=Path, required=True, help="a new folder")
    verb.add_argument("--step", type=int, help="the checkpoint; the newest if not given")
    verb.add_argument("--task", help="for a graph file: whose tokens it reads")
    verb.set_defaults(do=export)


def export(options: Namespace) -> int:
    """Write a model."""
    from builder.export import export_graph, export_run
    from engine import locations, runs

    file = Path(options.what)
    if file.is_file():
        written = export_graph(file, options.format, options.out, options.task or "")
    else:
        written = export_run(runs.find(locations.runs(), options.what), options.format, options.out, options.step)
    OUT.print(Text(f"{written} written."), soft_wrap=True)
    return 0
