"""`train`: a run in the foreground, in the same folder as the app would use."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from rich.text import Text

from builder import opening, store
from builder.document import Document
from builder.edits import SetSymbol
from builder.verbs.console import OUT, Verbs, add_set, assignments, fail, read_field, value_of
from engine.errors import RunError, SettingError
from engine.registry import did_you_mean
from engine.settings import Value

STOPPED = 130


def add_to(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add_parser(
        "train", help="train a graph", description="Train a graph. Ctrl+C stops it with a checkpoint."
    )
    verb.add_argument("file", type=Path, nargs="?", help="the graph; not needed with --resume")
    verb.add_argument("--task", help="what to train for; see `stepwise tasks`")
    verb.add_argument("--steps", type=int, help="how many times the weights change")
    verb.add_argument("--seed", type=int, help="same seed, same run")
    verb.add_argument(
        "--from", dest="weights", type=Path, metavar="WEIGHTS",
        help="begin with the weights of a safetensors file, an export or a run, as far as they fit",
    )  # fmt: skip
    verb.add_argument("--run-dir", type=Path, help="the run folder; a new one below artifacts/runs if not given")
    verb.add_argument("--resume", action="store_true", help="go on with --run-dir, or with the last run")
    add_set(verb, "another value for a setting of the run or a symbol of the graph: lr=0.001")
    verb.set_defaults(do=train)


def train(options: Namespace) -> int:
    """Train in the foreground."""
    from builder import mirror
    from builder.verbs.progress import Progress
    from engine import jobs

    folder = _resumed(options) if options.resume else _created(options)
    mirror.start(once=folder)
    with Progress(folder) as progress:
        status = jobs.run_here(folder, listener=progress)
    if status.state == "failed":
        return min(1, fail(status.reason))
    OUT.print(Text(f"{status.state} after {status.step} steps: {folder}"), soft_wrap=True)
    return 0 if status.state == "finished" else STOPPED


def _created(options: Namespace) -> Path:
    from builder.run import check_trainable, check_weights, write_run
    from builder.weights import weights_at
    from engine import locations, runs
    from engine.config import RunConfig

    if options.file is None:
        raise RunError("No graph is named. Give a file, or --resume to go on with a run.")
    document = opening.open_graph(options.file)
    task = options.task or document.task
    if not task:
        raise RunError(f"{options.file} names no task. Give one with --task; see `stepwise tasks`.")
    changes, symbols = _split(options, document)
    document = _with_symbols(document, symbols)
    config = RunConfig.suited(task, **changes)
    check_trainable(document, task)
    weights = weights_at(options.weights) if options.weights is not None else None
    if weights is not None:
        fit, all_ = check_weights(document, weights)
        OUT.print(Text(f"{fit} of {all_} parameters begin as in {options.weights}."), soft_wrap=True)
    if options.run_dir is None:
        folder = runs.new_folder(locations.runs(), task)
        return write_run(document, config, folder, weights=weights)
    if options.run_dir.exists() and any(options.run_dir.iterdir()):
        raise RunError(f"{options.run_dir} is not empty. Add --resume to go on with it, or name another.")
    options.run_dir.mkdir(parents=True, exist_ok=True)
    return write_run(document, config, options.run_dir, weights=weights)


def _resumed(options: Namespace) -> Path:
    """The run to go on with, its settings changed as asked."""
    from engine import jobs, locations, runs
    from engine.jsonfiles import write_json
    from engine.status import change_status

    if options.weights is not None:
        raise RunError("A run that goes on has weights of its own. Leave --from out, or start a new run.")
    folder = runs.find(locations.runs(), str(options.run_dir or "last"))
    jobs.check_idle(folder)  # before its settings change under it
    document = store.load(folder / runs.GRAPH_FILE)
    if options.file is not None and opening.open_graph(options.file) != document:
        raise RunError(f"{folder.name} trains another graph than {options.file}. Leave the file out, or --resume.")
    changes, symbols = _split(options, document)
    if symbols:
        raise SettingError(f"{', '.join(symbols)} cannot change while resuming. Start a new run instead.")
    config = replace(runs.read_config(folder), **changes)  # type: ignore[arg-type]
    write_json(folder / runs.CONFIG_FILE, config.to_dict())
    change_status(folder, steps=config.steps)
    return folder


def _split(options: Namespace, document: Document) -> tuple[dict[str, Value], dict[str, Value]]:
    """Changes of the run's settings, and of the graph's symbols."""
    from engine.config import RunConfig

    fields = {field.name: field for field in RunConfig.fields()}
    symbols = [symbol.name for symbol in document.main.symbols]
    run, graph = {}, {}
    for name, text in assignments(options.changes).items():
        if name in fields:
            run[name] = read_field(fields[name], text, "Run")
        elif name in symbols:
            graph[name] = value_of(text)
        else:
            hint = did_you_mean(name, [*fields, *symbols])
            raise SettingError(f"Neither the run nor {document.name} has {name!r}. {hint}")
    given = {"steps": options.steps, "seed": options.seed}
    return {**run, **{name: value for name, value in given.items() if value is not None}}, graph


def _with_symbols(document: Document, symbols: dict[str, Value]) -> Document:
    for name, value in symbols.items():
        document = SetSymbol(name=name, value=value).apply(document)
    return document
