"""A document becomes a run, and a run a model again: the composition root that needs no screen.

`train_document` is what every training process does.
"""

from __future__ import annotations

import time
from pathlib import Path

import torch
from torch import nn

from builder import store
from builder.compile import compile_document
from builder.document import Document
from builder.fit import check_fit
from builder.validate import validate
from engine import beginnings, checkpoints, locations, runs
from engine.channel import Channel
from engine.config import RunConfig
from engine.errors import DocumentError, RunError, StepwiseError
from engine.jsonfiles import write_json
from engine.status import Status, write_status
from engine.training import Trainer, choose_device, seed_everything


def create_run(
    document: Document, config: RunConfig, root: Path | None = None, name: str = "", weights: Path | None = None
) -> Path:
    """Make the folder of a new run; `engine.jobs.start` then trains it.

    Args:
        document: The model.
        config: How to train it.
        root: Folder of run folders; `engine.locations.runs()` if not given.
        name: What the user calls it; the model's name and task if empty.
        weights: A safetensors file to begin with, as far as it fits; starting values of our own if not given.

    Returns:
        The run folder.

    Raises:
        DocumentError: If the document is not well-formed.
        RunError: If the model does not fit the task, or no weight of the file fits the model.
    """
    check_trainable(document, config.task)
    if weights is not None:
        check_weights(document, weights)
    return write_run(document, config, runs.new_folder(root or locations.runs(), config.task), name, weights)


def check_weights(document: Document, weights: Path) -> tuple[int, int]:
    """See how much of a model a file of weights gives.

    Returns:
        How many of the model's tensors are in the file with the same name and shape, and how many it has; of
        tied ones one counts.

    Raises:
        RunError: If none is, or the file cannot be read.
    """
    from builder.checkpoints.wiring import Skeleton

    model = Skeleton.of(document)
    state = model.model.state_dict(keep_vars=True)  # tied ones are one object
    fit = {id(state[name]) for name in beginnings.fitting(model.shapes(), beginnings.shapes_in(weights))}
    if not fit:
        raise RunError(
            f"No weight in {weights.name} has the name and shape of one in {document.name}. Name another file."
        )
    return len(fit), len({id(tensor) for tensor in state.values()})


def check_trainable(document: Document, task: str) -> None:
    """See whether a model can be built and fits the task.

    Raises:
        DocumentError: If the document is not well-formed.
        RunError: If the model does not fit the task.
    """
    errors = [d for d in validate(document).diagnostics if d.severity == "error"]
    if errors:
        raise DocumentError(f"{errors[0].path}: {errors[0].message} ({len(errors)} to mend before training.)")
    check_fit(document, task)


def fits(document: Document, weights: Path) -> bool:
    """Whether a file gives a model any of its weights; not if the model cannot be built."""
    try:
        return check_weights(document, weights)[0] > 0
    except StepwiseError:
        return False


def write_run(document: Document, config: RunConfig, folder: Path, name: str = "", weights: Path | None = None) -> Path:
    """Fill an empty folder with all that a run begins with, and return it."""
    if weights is not None:
        beginnings.keep(weights, folder)
    store.save(document, folder / runs.GRAPH_FILE)
    write_json(folder / runs.CONFIG_FILE, config.to_dict())
    status = Status(
        id=folder.name, name=name or runs.fresh_name(folder.parent, f"{document.name} · {config.task}"),
        task=config.task, steps=config.steps, created=time.time(),
    )  # fmt: skip
    write_status(folder, status)
    return folder


def train_document(folder: Path, channel: Channel) -> None:
    """Train a run from its newest checkpoint, or from the start; what a job does in its process.

    Args:
        folder: The run.
        channel: Where commands come from and events go.

    Raises:
        StepwiseError: If the run cannot be read, or its model cannot be built or trained.
    """
    config = runs.read_config(folder)
    compute_exactly(config)
    model = compile_document(store.load(folder / runs.GRAPH_FILE), seed=config.seed)
    trainer = Trainer(model, config, channel, folder)
    saved, initial = checkpoints.steps(folder), folder / beginnings.INITIAL_FILE
    if saved:
        trainer.load(saved[-1])
    elif initial.exists():
        beginnings.begin_from(initial, model)
    trainer.run()


def compute_exactly(config: RunConfig) -> None:
    """Let this process compute the same bits for the same seed."""
    torch.set_num_threads(config.threads)
    on_gpu = choose_device(config.device).type == "cuda"
    torch.use_deterministic_algorithms(True, warn_only=on_gpu)  # some GPU kernels have no exact twin
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    seed_everything(config.seed)


def load_run_model(folder: Path, step: int | None = None) -> nn.Module:
    """The model of a run as it was at a checkpoint, on the processor, ready to be looked at.

    Args:
        folder: The run.
        step: The checkpoint; the newest if not given.

    Raises:
        RunError: If there is no such checkpoint.
    """
    return trained_model(folder, store.load(folder / runs.GRAPH_FILE), run_step(folder, step))


def run_step(folder: Path, step: int | None = None) -> int:
    """`step`, or that of the newest checkpoint.

    Raises:
        RunError: If there is none.
    """
    return runs.latest_checkpoint(folder) if step is None else step


def trained_model(folder: Path, document: Document, step: int) -> nn.Module:
    """The run's `document` as a model, with the weights of a checkpoint; see `load_run_model`."""
    model = compile_document(document)
    checkpoints.load_weights(folder, step, model)
    return model.eval()
