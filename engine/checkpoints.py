"""Checkpoints: all of a run's state at one step, on disk whole or not at all.

`checkpoints/step-00000100/` holds `model.safetensors`, `state.pt` (optimizer and randomness, read
without running code) and `meta.json`. It is written beside, flushed to the disk and renamed. One of the same step
is `.old-step-00000100` meanwhile and is found there, so after a power cut there is the old checkpoint or the new one.
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_model, save_model
from torch import nn

from engine.errors import RunError
from engine.jsonfiles import read_json, write_json

FOLDER, WEIGHTS = "checkpoints", "model.safetensors"
State = dict[str, Any]
_DRAFT, _OLD = ".draft-", ".old-"


def path_of(run: Path, step: int) -> Path:
    """Where the checkpoint of `step` is, or would be."""
    final = _place(run, step)
    old = _beside(final, _OLD)
    return old if old.exists() and not final.exists() else final


def weights_of(run: Path, step: int) -> Path:
    """Where the weights of a checkpoint are, or would be, in safetensors."""
    return path_of(run, step) / WEIGHTS


def _place(run: Path, step: int) -> Path:
    return run / FOLDER / f"step-{step:08d}"


def _beside(final: Path, prefix: str) -> Path:
    return final.with_name(prefix + final.name)


def steps(run: Path) -> list[int]:
    """Steps that have a checkpoint, ascending."""
    found = (run / FOLDER).glob("*step-*") if (run / FOLDER).is_dir() else []
    names = {path.name.removeprefix(_OLD) for path in found}
    return sorted(int(name[5:]) for name in names if name.startswith("step-") and name[5:].isdigit())


def save(run: Path, step: int, *, model: nn.Module, state: State, meta: State) -> Path:
    """Write a checkpoint; one of the same step is replaced. Only the run's own process may do this.

    Args:
        run: The run folder, which is not made anew if somebody has removed it.
        step: Steps done.
        model: Its weights are kept; tied ones once.
        state: Tensors, numbers, texts and lists of them.
        meta: Small things to read without torch.

    Returns:
        The checkpoint's folder.

    Raises:
        FileNotFoundError: If there is no run folder.
    """
    final = _place(run, step)
    draft, old = _beside(final, _DRAFT), _beside(final, _OLD)
    final.parent.mkdir(exist_ok=True)
    _tidy(final.parent)
    draft.mkdir()
    save_model(model, str(draft / WEIGHTS))
    torch.save(state, draft / "state.pt")
    write_json(draft / "meta.json", {"step": step, **meta})
    for path in (*draft.iterdir(), draft):
        _flush(path)
    if final.exists():
        final.rename(old)
    draft.rename(final)
    _flush(final.parent)
    shutil.rmtree(old, ignore_errors=True)
    return final


def _tidy(folder: Path) -> None:
    """Put in order what a power cut has left: old checkpoints that nothing has replaced count again."""
    for old in folder.glob(f"{_OLD}*"):
        if not (final := old.with_name(old.name.removeprefix(_OLD))).exists():
            old.rename(final)
    for prefix in (_DRAFT, _OLD):
        for leftover in folder.glob(f"{prefix}*"):
            shutil.rmtree(leftover, ignore_errors=True)


def adopt(run: Path, weights: Path) -> Path:
    """Make weights that are there already the checkpoint of step 0, without copying them where that can be avoided.

    Args:
        run: The run folder, without a checkpoint of step 0.
        weights: A safetensors file with the weights of the run's model.

    Returns:
        The checkpoint's folder.
    """
    final = _place(run, 0)
    draft = _beside(final, _DRAFT)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    link(weights, draft / WEIGHTS)
    write_json(draft / "meta.json", {"step": 0, "elapsed": 0.0})
    draft.rename(final)
    return final


def link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the disk cannot do that; neither may be changed afterwards."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def load_weights(run: Path, step: int, model: nn.Module) -> None:
    """Fill `model` with the weights of a checkpoint.

    Raises:
        RunError: If there is no such checkpoint or its weights are of another model.
    """
    path = weights_of(run, step)
    if not path.exists():
        known = ", ".join(map(str, steps(run))) or "none"
        raise RunError(f"{run.name} has no checkpoint of step {step}. There are: {known}.")
    try:
        load_model(model, str(path))
    except RuntimeError as error:
        first = str(error).strip().splitlines()[-1].strip()
        raise RunError(f"The weights of {run.name}, step {step}, are of another model: {first}") from None


def load_state(run: Path, step: int) -> State:
    """What `save` was given as `state`; no code of the file is run."""
    state: State = torch.load(path_of(run, step) / "state.pt", map_location="cpu", weights_only=True)
    return state


def meta(run: Path, step: int) -> State:
    """What `save` was given as `meta`, and the step."""
    return read_json(path_of(run, step) / "meta.json")


def thin(run: Path, keep: int) -> None:
    """Remove checkpoints until `keep` are left, evenly spread; the first and the newest always stay."""
    kept = steps(run)
    while len(kept) > max(2, keep):
        gaps = {kept[i]: kept[i + 1] - kept[i - 1] for i in range(1, len(kept) - 1)}
        crowded = min(gaps, key=lambda step: (gaps[step], -step))
        shutil.rmtree(path_of(run, crowded))
        kept.remove(crowded)


def random_state() -> State:
    """All global randomness, in types that are read back without running code."""
    numpy: Any = np.random.get_state()  # the global one is what must be kept
    gpu = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if gpu else [],
        "python": random.getstate(),
        "numpy": (numpy[0], numpy[1].tolist(), *numpy[2:]),
    }


def restore_random_state(state: State) -> None:
    """Go back to what `random_state` gave."""
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])
    random.setstate(_as_tuples(state["python"]))
    np.random.set_state(tuple(state["numpy"]))


def _as_tuples(value: Any) -> Any:
    return tuple(map(_as_tuples, value)) if isinstance(value, list | tuple) else value


def _flush(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
