"""`templates` and `new`: graphs as files."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from rich.text import Text

from builder import store
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
