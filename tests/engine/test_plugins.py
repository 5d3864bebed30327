"""Packages that add things, made up in a folder; tests/builder/test_example_plugin.py installs a real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from engine import plugins
from engine.blocks.spec import CATALOGUE
from engine.errors import UnknownNameError
from engine.registry import Registry
from tests.engine.toy_registry import GROUP, TOYS

ADD = "from tests.engine.toy_registry import TOYS\nTOYS.add({name!r}, {module!r})\n"
Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a package with one module and one entry point where Python finds packages."""
    monkeypatch.syspath_prepend(tmp_path)

    def put(module: str, source: str) -> None:
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\nit = {module}\n", encoding="utf-8")
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")

    TOYS._items.clear()
    TOYS.later(lambda: plugins.load(GROUP))
    yield put
    plugins._LOADED.pop(GROUP, None)


def test_a_plugin_is_loaded_when_something_is_asked_for_that_is_not_there(install: Install) -> None:
    install("toy_ball", ADD.format(name="ball", module="toy_ball"))
    TOYS.add("kite", "ours")
    kite, loaded_for_it = TOYS["kite"], GROUP in plugins._LOADED

    ball = TOYS["ball"]

    assert (kite, loaded_for_it, ball) == ("ours", False, "toy_ball")
    assert plugins.load(GROUP) == (plugins.Plugin(group=GROUP, name="it", package="toy_ball 1.0"),)


def test_what_plugins_add_comes_after_what_is_ours(install: Install) -> None:
    install("toy_drum", ADD.format(name="drum", module="toy_drum"))
    TOYS.add("zebra", "ours")

    assert list(TOYS) == ["zebra", "drum"]
    assert len(TOYS) == 2


def test_a_broken_plugin_is_told_and_the_others_work(install: Install) -> None:
    install("toy_a_broken", "raise RuntimeError('no battery')")
    install("toy_b_sound", ADD.format(name="flute", module="toy_b_sound"))

    assert list(TOYS) == ["flute"]
    (told,) = plugins.problems()
    assert told.startswith("The plugin 'it' of toy_a_broken 1.0 could not be loaded: RuntimeError: no battery")
    assert "Update the package or remove it" in told


def test_two_plugins_of_one_name_are_told_apart(install: Install) -> None:
    install("toy_first", ADD.format(name="top", module="toy_first"))
    install("toy_second", ADD.format(name="top", module="toy_second"))

    assert TOYS["top"] == "toy_first"
    (told,) = plugins.problems()
    assert "toy_second 1.0" in told
    assert "A toy called 'top' exists already" in told


def test_a_plugin_may_not_take_the_name_of_something_of_ours(install: Install) -> None:
    install("toy_thief", ADD.format(name="kite", module="toy_thief"))
    TOYS.add("kite", "ours")

    assert list(TOYS) == ["kite"]
    assert TOYS["kite"] == "ours"
    assert "exists already" in plugins.problems()[0]


def test_a_name_that_nobody_has_is_answered_with_those_of_plugins_too(install: Install) -> None:
    install("toy_whistle", ADD.format(name="whistle", module="toy_whistle"))

    with pytest.raises(UnknownNameError, match="Did you mean 'whistle'"):
        _ = TOYS["wistle"]


def test_a_plugin_may_look_into_the_registry_while_it_is_loaded(install: Install) -> None:
    install("toy_curious", "from tests.engine.toy_registry import TOYS\nTOYS.add('count', len(TOYS))\n")
    TOYS.add("kite", "ours")

    assert TOYS["count"] == 1


def test_another_thread_waits_until_all_plugins_are_there() -> None:
    registry: Registry[int] = Registry("number")
    begun, seen = Event(), list[int]()

    def load() -> None:
        begun.set()
        other.join(0.2)  # would end at once if it did not wait
        registry.add("one", 1)

    def ask() -> None:
        begun.wait()
        seen.append(len(registry))

    other = Thread(target=ask)
    registry.later(load)
    other.start()

    assert len(registry) == 1
    other.join()
    assert seen == [1]


def test_our_own_blocks_come_from_no_package() -> None:
    assert {plugins.package_of(kind) for kind in CATALOGUE} == {""}
    assert plugins.package_of("nobody_knows") == ""
