"""`compare`: what differs between two runs or two graphs."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass, field
from pathlib import Path

from rich.text import Text

from builder import opening, store
from builder.compare import Difference, differences, document_differences
from builder.document import Document
from builder.verbs.console import OUT, Verbs, table


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two: a graph, and a run's settings and last numbers if it is one."""

    document: Document
    config: dict[str, object] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)


def add_to(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add_parser("compare", help="show what differs between two runs or graphs")
    verb.add_argument("left", metavar="A", help="a run folder, its name, `last`, or a graph file")
    verb.add_argument("right", metavar="B")
    verb.set_defaults(do=compare)


def compare(options: Namespace) -> int:
    """Print the differences; exit code 0 whether or not there are any."""
    left, right = _side(options.left), _side(options.right)
    shared = left.metrics.keys() | right.metrics.keys()
    numbers = [Difference(path=n, left=left.metrics.get(n), right=right.metrics.get(n)) for n in sorted(shared)]
    parts = {
        "graph": document_differences(left.document, right.document),
        "settings": differences(left.config, right.config),
        "last numbers": numbers,
    }
    for title, found in parts.items():
        if found:
            rows = [(d.path, _shown(d.left), _shown(d.right)) for d in found]
            OUT.print(table((title, options.left, options.right), rows), "")
    if not parts["graph"] and not parts["settings"]:
        OUT.print(Text("The graphs and settings are equal."))
    return 0


def _side(name: str) -> Side:
    from engine import locations, runs
    from engine.curves import last_metrics

    if Path(name).is_file():
        return Side(document=opening.open_graph(name))
    folder = runs.find(locations.runs(), name)
    document = store.load(folder / runs.GRAPH_FILE)
    return Side(document=document, config=runs.read_config(folder).to_dict(), metrics=last_metrics(folder))


def _shown(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
