"""`merge`: adapters become part of the matrices that they are around."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from rich.text import Text

from builder.verbs.console import OUT, Verbs
from engine.errors import FileError


def add_to(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add_parser(
        "merge", help="merge the adapters of a trained model into its weights",
        description="Add what low-rank adapters learned to the matrices that they are around, and write the plain "
        "graph that computes the same, with its weights beside it.",
    )  # fmt: skip
    verb.add_argument("what", metavar="RUN_OR_FILE", help="a run folder, its name, `last`, a graph file or an export")
    verb.add_argument(
        "--from", dest="weights", type=Path, metavar="WEIGHTS", help="for a graph file without weights beside it"
    )
    verb.add_argument("--step", type=int, help="the checkpoint of a run; the newest if not given")
    verb.add_argument("-o", "--out", type=Path, required=True, help="the graph to write, in a folder of its own")
    verb.set_defaults(do=merge)


def merge(options: Namespace) -> int:
    """Write the plain graph and its weights.

    Raises:
        FileError: If one of these files is there already, or what is named cannot be read.
    """
    from builder import opening
    from builder.adapters import write_merged

    for path in (options.out, options.out.with_name(opening.WEIGHTS)):
        if path.exists():
            raise FileError(f"{path} is there already. Name another graph with -o, in a folder of its own.")
    graph, weights = _found(options)
    written = write_merged(opening.open_graph(graph), weights, options.out)
    OUT.print(Text(f"{options.out} and {written.name} written. Train from them: --from {written}."), soft_wrap=True)
    return 0


def _found(options: Namespace) -> tuple[Path, Path]:
    """The graph, or what carries it, and its weights.

    Raises:
        StepwiseError: If there is no such run, or no weights are there.
    """
    from builder.run import run_step
    from builder.weights import weights_at, weights_of
    from engine import checkpoints, locations, runs
    from engine.status import STATUS_FILE

    path = Path(options.what)
    if path.is_file() or (path.is_dir() and not (path / STATUS_FILE).exists()):
        weights = weights_at(options.weights) if options.weights else weights_of(path)
        if weights is None:
            raise FileError(f"{path} has no weights beside it. Name them with --from: a safetensors file or a run.")
        return path, weights
    run = runs.find(locations.runs(), options.what)
    saved = checkpoints.weights_of(run, run_step(run, options.step))
    return run, weights_at(options.weights) if options.weights else saved
