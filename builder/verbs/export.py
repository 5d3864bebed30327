"""`export`: take a model away."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from rich.text import Text

from builder.verbs.console import OUT, Verbs
from engine.errors import ExportError


def add_to(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add_parser(
        "export",
        help="write the model of a run or a graph, with the weights beside it or fresh ones, in another format",
    )
    what = "a run folder, its name, `last`, a graph file, or another export of ours"
    verb.add_argument("what", metavar="RUN_OR_FILE", help=what)
    verb.add_argument(
        "--format", required=True,
        help="mlflow (text in, text out), safetensors (weights), onnx, pt2 (for torch alone), code (readable Python)",
    )  # fmt: skip
    verb.add_argument("-o", "--out", type=Path, required=True, help="a new folder")
    verb.add_argument(
        "--as",
        dest="family",
        help="with safetensors: a folder that transformers loads, of the architecture gpt2, bert, t5 or llama",
    )
    verb.add_argument("--step", type=int, help="the checkpoint; the newest if not given")
    verb.add_argument("--task", help="for a graph file: whose tokens it reads")
    verb.add_argument(
        "--with", dest="extra", nargs="+", default=[], metavar="INPUT",
        help="optional inputs that a pt2 or onnx file is to have: padding",
    )  # fmt: skip
    verb.set_defaults(do=export)


def export(options: Namespace) -> int:
    """Write a model."""
    from builder.export import export_graph, export_run
    from engine import locations, runs
    from engine.status import STATUS_FILE

    file = Path(options.what)
    if options.family:
        return _as_family(options)
    if file.is_file() or (file.is_dir() and not (file / STATUS_FILE).exists()):
        done = export_graph(file, options.format, options.out, options.task or "", extra=options.extra)
    else:
        folder = runs.find(locations.runs(), options.what)
        done = export_run(folder, options.format, options.out, options.step, options.extra)
    OUT.print(Text(f"{done.path} written. {done.note}".strip()), soft_wrap=True)
    return 0


def _as_family(options: Namespace) -> int:
    """Write a folder for `transformers`."""
    from builder.checkpoints.leaving import export_as
    from builder.opening import weights_beside, weights_within
    from engine.status import STATUS_FILE

    if options.format != "safetensors":
        raise ExportError(f"--as {options.family} writes safetensors; use --format safetensors.")
    folder = export_as(options.what, options.family, options.out, options.step)
    path = Path(options.what)
    weights = weights_beside(path) or weights_within(path)
    fresh = path.exists() and not (path / STATUS_FILE).exists() and not weights
    note = " The weights are fresh, not trained." if fresh else ""
    OUT.print(Text(f"{folder} written. transformers loads it by from_pretrained.{note}"), soft_wrap=True)
    return 0
