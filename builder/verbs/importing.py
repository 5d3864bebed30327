"""`import`: a model that was trained elsewhere becomes a graph with weights."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from rich.text import Text

from builder.verbs.console import OUT, Verbs, table
from engine.errors import FileError


def add_to(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add_parser(
        "import", help="turn a Hugging Face folder into a graph with weights",
        description="Turn a model trained elsewhere into a graph, with its weights beside it. Without a model: list "
        "the trained ones that come as packages.",
    )  # fmt: skip
    what = "a folder with config.json and safetensors, a GGUF file, or the name of a packaged model"
    verb.add_argument("what", metavar="FOLDER", nargs="?", help=what)
    verb.add_argument("-o", "--out", type=Path, default=Path("graph.json"), help="the graph to write: graph.json")
    verb.set_defaults(do=import_model)


def import_model(options: Namespace) -> int:
    """Write a graph, its weights and its tokenizer.

    Raises:
        FileError: If one of these files is there already, or what is named cannot be read.
    """
    from builder import store
    from builder.checkpoints import read_checkpoint
    from builder.checkpoints.trained import TRAINED, save_weights

    if options.what is None:
        return _list()
    source, name = Path(options.what), ""
    if options.what in TRAINED and not source.exists():
        model = TRAINED[options.what]
        source, name = model.required(), model.title
    beside = {kind: options.out.with_name(kind) for kind in ("weights.safetensors", "tokenizer.json")}
    for path in (options.out, *beside.values()):
        if path.exists():
            raise FileError(f"{path} is there already. Name another graph with -o, in a folder of its own.")
    found = read_checkpoint(source, name)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    weights, tokenizer = beside.values()
    store.save(found.document, options.out)
    save_weights(found, weights)
    if found.tokenizer:
        tokenizer.write_text(found.tokenizer, "utf-8")
    OUT.print(Text(f"{options.out} and {weights.name} written. Train from them: --from {weights}."), soft_wrap=True)
    return 0


def _list() -> int:
    from builder.checkpoints.trained import TRAINED

    rows = [(m.name, m.title, f"{m.parameters:,}", "yes" if m.source() else m.command) for m in TRAINED.values()]
    OUT.print(table(("name", "title", "parameters", "installed"), rows))
    return 0
