"""Packages that add blocks, templates and tasks, found by their entry points.

A package declares `stepwise.blocks`, `stepwise.templates` or `stepwise.tasks` in its `pyproject.toml`; what an entry
point names is imported once, when a registry is first asked for all it has or for what it lacks. A plugin that cannot
be imported is noted in `problems()` and told in the log; everything else goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from loguru import logger

GROUPS = ("stepwise.blocks", "stepwise.templates", "stepwise.tasks")


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """One entry point.

    Args:
        group: One of `GROUPS`.
        name: What the package calls it.
        package: The package and its version.
        problem: Why it could not be loaded; empty if it was.
    """

    group: str
    name: str
    package: str
    problem: str = ""


_LOADED: dict[str, tuple[Plugin, ...]] = {}
_HOMES: dict[str, str] = {}


def load(group: str) -> tuple[Plugin, ...]:
    """Import what packages declare in `group`; a second call changes nothing.

    Importing puts things into their registries, so this has no other result than its report.
    """
    if group not in _LOADED:
        _LOADED[group] = ()  # so that a plugin that looks into the registry does not begin anew
        _LOADED[group] = tuple(_load(point) for point in _points(group))
    return _LOADED[group]


def _load(point: EntryPoint) -> Plugin:
    package = _package(point)
    try:
        point.load()
    except Exception as error:  # noqa: BLE001 -- a stranger's code may raise anything, and the app goes on without it
        problem = f"{type(error).__name__}: {error}"
        logger.bind(plugin=point.name, package=package).opt(exception=error).warning("Plugin not loaded")
        return Plugin(group=point.group, name=point.name, package=package, problem=problem)
    logger.bind(plugin=point.name, package=package).debug("Plugin loaded")
    return Plugin(group=point.group, name=point.name, package=package)


def load_all() -> tuple[Plugin, ...]:
    """Import what packages declare in all groups, and report it."""
    return tuple(plugin for group in GROUPS for plugin in load(group))


def problems() -> list[str]:
    """What to tell of each plugin that could not be loaded so far: what, why, and how to fix it."""
    found = (plugin for plugins in _LOADED.values() for plugin in plugins)
    return [
        f"The plugin {plugin.name!r} of {plugin.package} could not be loaded: {plugin.problem} "
        "Update the package or remove it; everything else works."
        for plugin in found
        if plugin.problem
    ]


def note_home(kind: str, module: str) -> None:
    """Remember the module that declares the block `kind`."""
    _HOMES[kind] = module


def package_of(kind: str) -> str:
    """The package that brought the block `kind`; empty if it is ours, or comes from no package, or is not known."""
    top = _HOMES.get(kind, "engine").partition(".")[0]
    return "" if top == "engine" else _packages().get(top, "")


@cache
def _packages() -> dict[str, str]:
    """The package of each top-level module that has entry points."""
    points = [point for group in GROUPS for point in _points(group)]
    return {point.module.partition(".")[0]: point.dist.name for point in points if point.dist}


def _points(group: str) -> list[EntryPoint]:
    """The entry points of a group, in an order that does not depend on the machine."""
    return sorted(entry_points(group=group), key=lambda point: (_package(point), point.name))


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"
