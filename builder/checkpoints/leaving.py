"""Writing a run, or a graph file, as a folder that `transformers` loads."""

from __future__ import annotations

from pathlib import Path

from builder import opening, store
from builder.checkpoints import save_checkpoint
from builder.checkpoints.files import TOKENIZER
from builder.export import model_of
from builder.run import run_step, trained_model
from builder.weights import weights_of
from engine import locations, runs
from engine.export import check
from engine.status import STATUS_FILE


def export_as(what: str, family: str, out: Path, step: int | None = None) -> Path:
    """Write a model as a Hugging Face folder, with its tokenizer if it has one.

    Args:
        what: A run folder, its name, `last`, a graph or another export; without weights, fresh ones.
        family: One of `builder.checkpoints.FAMILIES`.
        out: A new or empty folder.
        step: The checkpoint of a run; the newest if not given.

    Raises:
        UnknownNameError: If there is no such family.
        StepwiseError: If there is no such run, or the graph is not of that architecture.
    """
    check("safetensors", out)
    path = Path(what)
    if path.is_file() or (path.is_dir() and not (path / STATUS_FILE).exists()):
        document = opening.open_graph(path)
        return save_checkpoint(document, model_of(document, weights_of(path)).state_dict(), family, out)
    folder = runs.find(locations.runs(), what)
    document = store.load(folder / runs.GRAPH_FILE)
    model = trained_model(folder, document, run_step(folder, step))
    written = save_checkpoint(document, model.state_dict(), family, out)
    if (folder / TOKENIZER).exists():
        (written / TOKENIZER).write_bytes((folder / TOKENIZER).read_bytes())
    return written
