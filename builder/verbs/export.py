"""`export`: take a model away."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from builder import store
from builder.verbs.console import OUT, Verbs
from engine.errors import ExportError

if TYPE_CHECKING:
    from engine.export import ExportBundle


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
    from engine.export import export as write

    written = write(_bundle(options), options.format, options.out)
    OUT.print(Text(f"{written} written."), soft_wrap=True)
    return 0


def _bundle(options: Namespace) -> ExportBundle:
    from builder.compile import compile_document
    from builder.run import bundle_of, check_trainable, export_bundle
    from engine import locations, runs

    file = Path(options.what)
    if not file.is_file():
        return export_bundle(runs.find(locations.runs(), options.what), options.step)
    document = store.load(file)
    task = options.task or document.task
    if not task:
        raise ExportError(f"{file} names no task. Give one with --task; see `stepwise tasks`.")
    check_trainable(document, task)
    return bundle_of(compile_document(document), document, task, {"task": task, "step": "0"})
