"""The committed bundles are what their sources give."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from views.part import Part
from views.ui import build

HINT = "Build again: python -m views.ui.build, and commit what it writes."


@pytest.mark.parametrize("name", build.SOURCES)
def test_the_stamp_names_the_present_sources_and_bundle(name: str) -> None:
    committed = json.loads(build.STAMP.read_text(encoding="utf-8"))

    assert committed[name] == build.stamp()[name], HINT


@pytest.mark.slow
@pytest.mark.parametrize("name", build.SOURCES)
def test_building_the_sources_anew_gives_the_committed_bytes(name: str, tmp_path: Path) -> None:
    copy = tmp_path / name
    shutil.copytree(build.VIEWS / name, copy, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))

    build.build(copy)

    for committed in build.outputs(name):
        assert (tmp_path / committed.name).read_bytes() == committed.read_bytes(), HINT


@pytest.mark.parametrize("name", [name for name in build.SOURCES if any((build.VIEWS / name).glob("tests/*.test.js"))])
def test_the_units_written_in_javascript_pass_their_own_tests(name: str) -> None:
    folder = build.VIEWS / name

    build.call("node", "--test", *(str(path) for path in sorted(folder.glob("tests/*.test.js"))), folder=folder)


def test_every_version_of_a_package_is_exact() -> None:
    for name in build.SOURCES:
        package = json.loads((build.VIEWS / name / "package.json").read_text(encoding="utf-8"))
        versions = {**package["dependencies"], **package["devDependencies"]}

        assert all(version.replace(".", "").isdigit() for version in versions.values()), versions


def test_a_bundle_asks_nobody_else_for_code() -> None:
    for name in build.SOURCES:
        script, style = (path.read_text(encoding="utf-8") for path in build.outputs(name))

        assert "https://esm.sh" not in script
        assert "https://cdn" not in script
        assert "url(http" not in style


def test_the_address_of_the_bundle_changes_with_its_content(tmp_path: Path) -> None:
    one, two = tmp_path / "one.js", tmp_path / "two.js"
    one.write_text("1", encoding="utf-8")
    two.write_text("2", encoding="utf-8")

    addresses = {Part._component_resource_path(path, True).partition("?")[2] for path in (one, two)}

    assert len(addresses) == 2
