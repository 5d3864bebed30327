"""Checkpoints are whole or absent, safe to read, and kept evenly."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from engine import checkpoints
from engine.errors import RunError
from tests.engine.models import TinyGPT


def save(run: Path, step: int, model: nn.Module | None = None, **state: object) -> Path:
    return checkpoints.save(run, step, model=model or nn.Linear(2, 2), state=state, meta={"note": step})


def test_weights_state_and_notes_come_back(tmp_path: Path) -> None:
    model, other = TinyGPT(), TinyGPT()
    save(tmp_path, 7, model, lr=0.1, order=torch.arange(3))

    checkpoints.load_weights(tmp_path, 7, other)
    state = checkpoints.load_state(tmp_path, 7)

    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))
    assert other.head.weight is other.embed.weight
    assert (state["lr"], state["order"].tolist()) == (0.1, [0, 1, 2])
    assert checkpoints.meta(tmp_path, 7)["note"] == 7


def test_half_a_checkpoint_is_none(tmp_path: Path) -> None:
    save(tmp_path, 1)
    checkpoints.path_of(tmp_path, 1).rename(tmp_path / "checkpoints" / ".draft-step-00000002")

    assert checkpoints.steps(tmp_path) == []
    save(tmp_path, 2)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-00000002"]


def test_a_checkpoint_of_the_same_step_is_replaced(tmp_path: Path) -> None:
    save(tmp_path, 3, value=1)

    save(tmp_path, 3, value=2)

    assert checkpoints.load_state(tmp_path, 3) == {"value": 2}
    assert len(list((tmp_path / "checkpoints").iterdir())) == 1


def test_a_crash_before_the_renaming_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, 3, value=1)

    def crash(*_: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", crash)
        with pytest.raises(OSError, match="power cut"):
            save(tmp_path, 3, value=2)

    assert checkpoints.load_state(tmp_path, 3) == {"value": 1}


def test_a_crash_between_the_renamings_leaves_the_old_one_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, 3, value=1)
    rename = Path.rename

    def crash(path: Path, target: Path) -> Path:
        if path.name.startswith(".draft"):
            raise OSError("power cut")
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", crash)
        with pytest.raises(OSError, match="power cut"):
            save(tmp_path, 3, value=2)

    assert checkpoints.steps(tmp_path) == [3]
    assert checkpoints.load_state(tmp_path, 3) == {"value": 1}
    save(tmp_path, 4, value=4)
    assert checkpoints.load_state(tmp_path, 3) == {"value": 1}
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["step-00000003", "step-00000004"]


def test_a_run_that_was_removed_is_not_made_anew(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        save(tmp_path / "gone", 1)

    assert not (tmp_path / "gone").exists()


def test_a_file_with_code_in_it_is_not_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "ran",))

    save(tmp_path, 1)
    torch.save({"x": Evil()}, checkpoints.path_of(tmp_path, 1) / "state.pt")

    with pytest.raises(Exception, match="Weights only load failed"):
        checkpoints.load_state(tmp_path, 1)
    assert not (tmp_path / "ran").exists()


def test_thinning_keeps_the_first_the_newest_and_an_even_spread(tmp_path: Path) -> None:
    for step in range(0, 90, 10):
        save(tmp_path, step)

    checkpoints.thin(tmp_path, 5)

    kept = checkpoints.steps(tmp_path)
    assert (kept[0], kept[-1], len(kept)) == (0, 80, 5)
    assert max(b - a for a, b in itertools.pairwise(kept)) <= 30


def test_a_missing_checkpoint_is_answered_with_those_there_are(tmp_path: Path) -> None:
    save(tmp_path, 4)

    with pytest.raises(RunError, match="There are: 4"):
        checkpoints.load_weights(tmp_path, 5, nn.Linear(2, 2))


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    save(tmp_path, 4)

    with pytest.raises(RunError, match="another model"):
        checkpoints.load_weights(tmp_path, 4, nn.Linear(3, 2))


def test_all_global_chance_goes_on_where_it_was() -> None:
    state = checkpoints.random_state()
    drawn = (torch.rand(1).item(), random.random(), np.random.rand())

    checkpoints.restore_random_state(state)

    assert (torch.rand(1).item(), random.random(), np.random.rand()) == drawn
