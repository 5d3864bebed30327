"""The project is installed into a folder of its own, and the command that comes with it is used from elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import builder

ROOT = Path(__file__).parents[2]
PARTS = ("pyproject.toml", "README.md", "LICENSE", "builder", "engine")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the project installed as pip does it, without what the command line does not use."""
    source, target = (tmp_path_factory.mktemp(name) for name in ("source", "site"))
    for part in PARTS:
        place = ROOT / part
        if place.is_dir():
            shutil.copytree(place, source / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(place, source / part)
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet")
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def stepwise(site: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The installed command, in a folder that has nothing of ours."""
    environment = {**os.environ, "PYTHONPATH": str(site), "STEPWISE_HOME": str(home), "COLUMNS": "200"}
    command = [str(site / "bin" / "stepwise"), *words]
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_installed_command_explains_itself_and_makes_and_checks_a_model(site: Path, tmp_path: Path) -> None:
    told = stepwise(site, tmp_path, "--help")
    made = stepwise(site, tmp_path, "new", "gpt2", "--task", "reverse", "--set", "n_layers=1", "-o", "gpt.json")
    checked = stepwise(site, tmp_path, "validate", "gpt.json")

    assert (told.returncode, made.returncode, checked.returncode) == (0, 0, 0), made.stderr + checked.stderr
    assert "usage: stepwise" in told.stdout
    assert builder.load(tmp_path / "gpt.json").task == "reverse"


@pytest.mark.slow
def test_the_installed_command_ends_with_2_for_what_is_not_there(site: Path, tmp_path: Path) -> None:
    done = stepwise(site, tmp_path, "validate", "nothing.json")

    assert done.returncode == 2
    assert "nothing.json" in done.stderr
    assert "Traceback" not in done.stderr
