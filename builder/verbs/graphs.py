"""`templates`, `new` and `validate`: graphs as files."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

from rich.text import Text

from builder import opening, store
from builder.diagnostics import Diagnostic
from builder.edits import SetTask
from builder.verbs.console import OUT, Verbs, add_set, assignments, table, value_of


def add_to(verbs: Verbs) -> None:
    """Declare the verbs."""
    verb = verbs.add_parser("templates", help="list the built-in models")
    verb.set_defaults(do=list_templates)

    verb = verbs.add_parser("new", help="write the graph of a built-in model")
    verb.add_argument("name", help="the model; see `stepwise templates`")
    verb.add_argument("--task", help="size it for this task; see `stepwise tasks`")
    verb.add_argument("-o", "--out", type=Path, help="file to write; the terminal if not given")
    add_set(verb, "give a symbol another value: d_model=64")
    verb.set_defaults(do=new)

    verb = verbs.add_parser("validate", help="check a graph; exit code 1 if it has errors")
    verb.add_argument("file", type=Path)
    verb.add_argument("--json", action="store_true", help="print the problems as JSON")
    verb.set_defaults(do=validate)


def list_templates(_: Namespace) -> int:
    """Print the built-in models."""
    from builder.templates import TEMPLATES

    OUT.print(table(("name", "title", "what it is"), [(t.name, t.title, t.about) for t in TEMPLATES.values()]))
    return 0


def new(options: Namespace) -> int:
    """Write a template's graph."""
    from builder.templates import build

    sizes = {name: value_of(text) for name, text in assignments(options.changes).items()}
    if options.task:
        from engine.data import TASKS

        sizes = {**TASKS[options.task].sizes(options.name), **sizes}
    document = build(options.name, **sizes)
    if options.task:
        document = SetTask(task=options.task).apply(document)
    if options.out is None:
        print(store.dumps(document))
    else:
        store.save(document, options.out)
        OUT.print(Text(f"{options.out} written."))
    return 0


def validate(options: Namespace) -> int:
    """Check a graph."""
    from builder.validate import validate as check

    report = check(opening.open_graph(options.file))
    if options.json:
        found = [_as_json(diagnostic) for diagnostic in report.diagnostics]
        print(json.dumps({"ok": report.ok, "diagnostics": found}, indent=1))
        return 0 if report.ok else 1
    for diagnostic in report.diagnostics:
        OUT.print(_as_text(diagnostic), soft_wrap=True)
    OUT.print(Text(f"{options.file} is well-formed." if report.ok else f"{options.file} has errors."))
    return 0 if report.ok else 1


def _as_json(diagnostic: Diagnostic) -> dict[str, object]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "path": diagnostic.path,
        "node": diagnostic.where.node,
        "message": diagnostic.message,
        "fixes": [fix.label for fix in diagnostic.fixes],
    }


def _as_text(diagnostic: Diagnostic) -> Text:
    colour = "red" if diagnostic.severity == "error" else "yellow"
    head = Text.assemble((f"{diagnostic.code} ", f"bold {colour}"), (f"{diagnostic.path} ", "bold"))
    fixes = "".join(f"\n      fix: {fix.label}" for fix in diagnostic.fixes)
    return head.append(diagnostic.message).append(fixes, "dim")
