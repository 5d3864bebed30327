"""Writing a run, or a graph file, as a folder that `transformers` loads."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_model
from torch import nn

from builder import opening, store
from builder.checkpoints import save_checkpoint
from builder.checkpoints.files import TOKENIZER
from builder.compile import compile_document
from builder.document import Document
from builder.run import run_step, trained_model
from engine import locations, runs
from engine.export import check


def export_as(what: str, family: str, out: Path, step: int | None = None) -> Path:
    """Write a model as a Hugging Face folder, with its tokenizer if it has one.

    Args:
        what: A run folder, its name, `last`, or a graph file; a graph has fresh weights unless its file holds some.
        family: One of `builder.checkpoints.FAMILIES`.
        out: A new or empty folder.
        step: The checkpoint of a run; the newest if not given.

    Raises:
        UnknownNameError: If there is no such family.
        StepwiseError: If there is no such run, or the graph is not of that architecture.
    """
    check("safetensors", out)
    if Path(what).is_file():
        document, model = _of_file(Path(what))
        return save_checkpoint(document, model.state_dict(), family, out)
    folder = runs.find(locations.runs(), what)
    document = store.load(folder / runs.GRAPH_FILE)
    model = trained_model(folder, document, run_step(folder, step))
    written = save_checkpoint(document, model.state_dict(), family, out)
    if (folder / TOKENIZER).exists():
        (written / TOKENIZER).write_bytes((folder / TOKENIZER).read_bytes())
    return written


def _of_file(file: Path) -> tuple[Document, nn.Module]:
    document = opening.open_graph(file)
    model = compile_document(document)
    if file.suffix == ".safetensors":
        load_model(model, file)
    return document, model
