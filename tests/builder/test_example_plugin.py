"""The plugin of examples/ is installed into a folder of its own and used by processes that see this folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import builder
from builder import store
from builder.document import Document
from builder.edits import Move
from builder.run import check_trainable
from engine.errors import CompileError, DocumentError, FileError
from tests.builder.drawn import language_model, node

ROOT = Path(__file__).parents[2]
REMEMBERED = "'token_shift', which is not installed. It came with the package 'stepwise-echo'"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed plugin."""
    source, target = (tmp_path_factory.mktemp(name) for name in ("source", "site"))
    copy = shutil.copytree(ROOT / "examples" / "plugin", source / "plugin")
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet")
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def stepwise(*words: str, home: Path, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A command in a new process; with the plugin if `site` is given."""
    places = os.pathsep.join(str(path) for path in (ROOT, site) if path)
    environment = {**os.environ, "PYTHONPATH": places, "STEPWISE_HOME": str(home), "COLUMNS": "200"}
    command = [sys.executable, "-m", "builder", *words]
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def graph(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the plugin's template."""
    home = tmp_path_factory.mktemp("home")
    done = stepwise("new", "shifted_gpt", "--task", "echo", "-o", "echo.json", home=home, site=site)
    assert done.returncode == 0, done.stderr
    return home / "echo.json"


@pytest.mark.slow
def test_an_installed_plugin_adds_a_block_a_template_and_a_task(site: Path, graph: Path) -> None:
    trained = stepwise("train", graph.name, "--task", "echo", "--steps", "3", home=graph.parent, site=site)
    doctor = stepwise("doctor", home=graph.parent, site=site)

    assert trained.returncode == 0, trained.stdout + trained.stderr
    assert "finished after 3 steps" in trained.stdout
    assert "plugin token_shift of stepwise-echo 1.0 (stepwise.blocks)" in doctor.stdout
    assert builder.load(graph).packages == {"token_shift": "stepwise-echo"}


@pytest.mark.slow
def test_without_its_plugin_a_graph_opens_says_what_is_missing_and_stays_as_it_is(site: Path, graph: Path) -> None:
    document = builder.load(graph)
    builder.save(Move(positions={"shift": (9.0, 9.0)}).apply(document), graph.with_name("moved.json"))

    (problem,) = (d for d in builder.validate(document).diagnostics if d.severity == "error")
    assert REMEMBERED in problem.message
    assert builder.load(graph.with_name("moved.json")).packages == document.packages
    there = stepwise("validate", "moved.json", home=graph.parent, site=site)
    assert there.returncode == 0, there.stdout


def orphan(package: str = "stepwise-echo") -> Document:
    """A graph with a block of an absent plugin, as a file would bring it."""
    document = language_model({"shift": node("token_shift")}, "embed.y>shift.x shift.y>head.x")
    text = store.dumps(document).replace('"root":', f'"packages": {{"token_shift": "{package}"}}, "root":')
    return store.loads(text)


def test_a_graph_without_its_plugin_cannot_be_trained_and_says_which_package_it_wants() -> None:
    with pytest.raises(DocumentError, match=REMEMBERED):
        check_trainable(orphan(), "reverse")


def test_a_graph_without_its_plugin_cannot_be_compiled_and_says_which_package_it_wants() -> None:
    with pytest.raises(CompileError, match=r"'token_shift' is missing. It came with the package 'stepwise-echo'"):
        builder.compile_document(orphan())


def test_a_package_in_a_file_must_be_the_name_of_a_package() -> None:
    with pytest.raises(FileError, match="is no name of a package"):
        orphan("--index-url http://x y")
