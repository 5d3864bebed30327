"""Weights that a run begins with: taken where they fit, refused where nothing does."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine import checkpoints
from engine.beginnings import INITIAL_FILE, begin_from, fitting, keep, shapes_in
from engine.errors import RunError


class Two(nn.Module):
    """Two layers, of which the second may share the weight of the first."""

    def __init__(self, tied: bool = False) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)
        if tied:
            self.second.weight = self.first.weight


def stored(folder: Path, **tensors: Tensor) -> Path:
    file = folder / "given.safetensors"
    save_file({name.replace("__", "."): tensor for name, tensor in tensors.items()}, file)
    return file


def test_shapes_are_known_without_the_tensors(tmp_path: Path) -> None:
    file = stored(tmp_path, a=torch.zeros(2, 3), b=torch.zeros(1))

    assert shapes_in(file) == {"a": (2, 3), "b": (1,)}
    assert fitting({"a": (2, 3), "b": (2,), "c": (1,)}, shapes_in(file)) == ["a"]


def test_what_fits_is_taken_and_what_does_not_stays_fresh(tmp_path: Path) -> None:
    model = Two()
    before = model.second.weight.clone()
    file = stored(tmp_path, first__weight=torch.full((3, 3), 7.0), second__weight=torch.ones(4, 3))

    fresh = begin_from(file, model)

    assert fresh == ["second.weight"]
    assert torch.equal(model.first.weight, torch.full((3, 3), 7.0))
    assert torch.equal(model.second.weight, before)


def test_a_tied_weight_is_given_by_either_of_its_names(tmp_path: Path) -> None:
    model = Two(tied=True)

    fresh = begin_from(stored(tmp_path, second__weight=torch.full((3, 3), 5.0)), model)

    assert fresh == []
    assert torch.equal(model.first.weight, torch.full((3, 3), 5.0))


def test_a_file_of_which_nothing_fits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"No weight in given\.safetensors"):
        begin_from(stored(tmp_path, other=torch.ones(1)), Two())


def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "text.safetensors"
    file.write_text("no weights")

    with pytest.raises(RunError, match=r"text\.safetensors cannot be read"):
        shapes_in(file)


def test_a_users_file_is_copied_so_that_its_changes_do_not_reach_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path / "home"))
    run = tmp_path / "home" / "runs" / "one"
    run.mkdir(parents=True)
    file = stored(tmp_path, a=torch.ones(2))

    keep(file, run)

    assert (run / INITIAL_FILE).read_bytes() == file.read_bytes()
    assert not (run / INITIAL_FILE).samefile(file)


def test_weights_that_are_adopted_become_the_first_checkpoint(tmp_path: Path) -> None:
    model = Two()
    file = stored(tmp_path, first__weight=torch.ones(3, 3), second__weight=torch.zeros(3, 3))

    checkpoints.adopt(tmp_path / "run", file)
    checkpoints.load_weights(tmp_path / "run", 0, model)

    assert checkpoints.steps(tmp_path / "run") == [0]
    assert checkpoints.meta(tmp_path / "run", 0)["step"] == 0
    assert torch.equal(model.first.weight, torch.ones(3, 3))
