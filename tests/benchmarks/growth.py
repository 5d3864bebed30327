"""How long checking and compiling take as a model grows, and 96 layers against one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from builder import templates
from builder.compile import compile_document, recipe_of
from builder.document import Document
from builder.resources import resources
from builder.validate import validate
from tests.benchmarks.graphs import chain
from tests.benchmarks.table import Row, best, ratio

COUNTS = (50, 300, 1000)
TINY = {"vocab_size": 11, "max_len": 12, "d_model": 8, "n_heads": 2}


def rows() -> Iterator[Row]:
    """Milliseconds by the number of nodes; ratios of a deep model to a flat one, each document seen anew."""
    for count in COUNTS:
        seconds = best(lambda count=count: validate(chain(count)), 5)  # type: ignore[misc]
        drawing = best(lambda count=count: chain(count), 5)  # type: ignore[misc]
        yield Row(what=f"check a new graph of {count} nodes", value=1000 * (seconds - drawing), unit="ms")
        document = chain(count)
        seconds = best(lambda document=document: compile_document(document), 5)  # type: ignore[misc]
        yield Row(what=f"compile {count} nodes", value=1000 * seconds, unit="ms")
    tasks: dict[str, tuple[Callable[[Document], object], float | None]] = {
        "check": (validate, 1.5),
        "compile all but the parameters": (recipe_of, 1.5),
        "size up": (lambda document: resources(document, 2), None),
        "compile": (compile_document, None),
    }
    for what, (act, goal) in tasks.items():
        deep, flat = (_anew(act, layers) for layers in (96, 1))
        yield Row(what=f"{what}: 96 layers ÷ 1 layer", value=ratio(deep, flat, rounds=15), unit="×", goal=goal)


def _anew(act: Callable[[Document], object], layers: int) -> Callable[[], object]:
    """Do something with a document that nobody has seen; making it takes as long for any number of layers."""

    def go() -> None:
        for _ in range(3):
            act(templates.build("gpt2", n_layers=layers, **TINY))

    return go
