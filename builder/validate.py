"""Whether a model is well-formed: every rule, on every definition that it uses, on every edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from builder.diagnostics import Diagnostic, Report
from builder.document import Definition, Document, PortRef
from builder.memo import Memo
from builder.rules import RULES, View
from builder.shapes import Inference, infer, texts
from builder.surroundings import inner_scope, layer_settings, survey
from builder.values import known_scope
from engine.settings import Value

_INFERRED: Memo[Inference] = Memo(512)
MOST_BINDINGS = 200  # of one definition; more would only repeat themselves


def validate(document: Document) -> Report:
    """Check a document.

    Definitions that did not change since the last check, and are used with the same settings, cost nothing.

    Args:
        document: Any document, however wrong.

    Returns:
        Its problems, errors first, and the shape and kind at every port. A definition used with several
        settings shows the shapes of its first use.
    """
    shapes: dict[str, Mapping[PortRef, str]] = {}
    kinds: dict[str, Mapping[PortRef, str]] = {}
    problems: dict[tuple[str, object], Diagnostic] = {}
    for view in views(document):
        if view.name not in shapes:
            shapes[view.name] = _texts(view.found)
            kinds[view.name] = view.found.kinds
        for problem in _problems(view):
            problems.setdefault((problem.code, _cause(problem)), problem)
    ranked = sorted(problems.values(), key=lambda problem: problem.severity != "error")
    return Report(diagnostics=tuple(ranked), shapes=shapes, kinds=kinds)


def _cause(problem: Diagnostic) -> object:
    """What makes a problem the same as another of its code."""
    return problem.fixes[0].edit if problem.fixes and RULES[problem.code].once else problem.path


_TEXTS: Memo[dict[PortRef, str]] = Memo(512)


def _texts(found: Inference) -> dict[PortRef, str]:
    return _TEXTS.get((found,), None, lambda: dict(texts(found)))


def views(document: Document) -> Iterator[View]:
    """Every definition that the model uses, once for each set of settings it is used with, from the root inward."""
    root = document.main
    waiting = [look(document, root, known_scope(root))]
    seen: dict[str, set[tuple[object, ...]]] = {root.name: {tuple(waiting[0].around.scope.items())}}
    for view in waiting:
        yield view
        above = {view.name, *(outer.name for outer, _ in view.trail)}
        for name, inner, scope in _inside(view):
            known = seen.setdefault(inner.name, set())
            key = tuple(scope.items())
            if inner.name not in above and key not in known and len(known) < MOST_BINDINGS:
                known.add(key)
                waiting.append(look(document, inner, scope, (*view.trail, (view, name))))


def look(
    document: Document,
    definition: Definition,
    scope: Mapping[str, Value],
    trail: tuple[tuple[View, str], ...] = (),
) -> View:
    """A definition with values for its symbols, and the shapes in it.

    Args:
        document: The model.
        definition: One of its definitions.
        scope: The values of the definition's symbols.
        trail: The uses that lead to it.
    """
    around = survey(document, definition, scope)
    found = _INFERRED.get((around,), None, lambda: infer(around))
    return View(document=document, around=around, found=found, trail=trail)


def _inside(view: View) -> Iterator[tuple[str, Definition, dict[str, Value]]]:
    """The composites in a view, with the values their symbols have there."""
    for name, kind in view.around.signatures.items():
        if kind is not None and kind.composite:
            inner = view.document.definitions[kind.kind]
            yield name, inner, inner_scope(inner, view.around.settings(name))
            for settings, _ in layer_settings(view.around, name).values():
                yield name, inner, inner_scope(inner, settings)


def _problems(view: View) -> Iterator[Diagnostic]:
    for rule in RULES.values():
        yield from rule.problems(view)
