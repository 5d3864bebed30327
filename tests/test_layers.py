"""The arrows of the architecture: views -> builder -> engine, never back; and modules of one screenful."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCREENS = {"panel", "bokeh", "holoviews", "param"}
FORBIDDEN = {
    "engine": {"builder", "views", "tests"} | SCREENS,
    "builder": {"views", "tests"} | SCREENS,
    "views": {"tests"},
}
MAX_LINES = 300


def imported_packages(path: Path) -> set[str]:
    """Top-level names that a file imports, anywhere in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    names += [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    return {name.split(".")[0] for name in names}


def modules(layer: str) -> list[Path]:
    return sorted((ROOT / layer).rglob("*.py"))


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_no_layer_imports_one_above_it(layer: str) -> None:
    assert modules(layer), f"{layer} has no modules"
    for path in modules(layer):
        wrong = imported_packages(path) & FORBIDDEN[layer]
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}; {layer} must not know them."


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_every_module_fits_on_a_few_screens(layer: str) -> None:
    for path in modules(layer):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= MAX_LINES, f"{path.relative_to(ROOT)} has {lines} lines; split it by topic."


def test_nothing_leans_on_files_outside_the_project() -> None:
    needle = "../" + "shared"
    for path in [p for layer in FORBIDDEN for p in modules(layer)]:
        assert needle not in path.read_text(encoding="utf-8"), f"{path} reads the working notes."


@pytest.mark.parametrize("module", ["builder.document", "engine.ports", "engine.settings"])
def test_the_document_loads_without_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)

    assert done.returncode == 0


def test_mlflow_is_imported_only_where_it_is_used() -> None:
    importers = {p.name for layer in FORBIDDEN for p in modules(layer) if "mlflow" in top_level_imports(p)}

    assert importers <= {"pyfunc_model.py"}, f"{importers} import MLflow, which takes seconds, at their top."


def top_level_imports(path: Path) -> set[str]:
    """Packages that a file imports as soon as it is loaded itself."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    names = [a.name for n in body if isinstance(n, ast.Import) for a in n.names]
    names += [n.module or "" for n in body if isinstance(n, ast.ImportFrom)]
    return {name.split(".")[0] for name in names}
