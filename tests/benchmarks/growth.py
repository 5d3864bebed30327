"""How long checking and compiling take as a model grows, and 96 layers against one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import nn

from builder import templates
from builder.compile import compile_document, recipe_of
from builder.document import Document
from builder.recipes import Layers, Leaf, Part
from builder.resources import resources
from builder.validate import validate
from tests.benchmarks.graphs import chain
from tests.benchmarks.table import Row, best, ratio

COUNTS, ROUNDS = (50, 300, 1000), 11
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
        "compile all but the blocks' own parameters": (recipe_of, None),
        "size up": (lambda document: resources(document, 2), None),
        "compile": (compile_document, 1.5),
    }
    for what, (act, goal) in tasks.items():
        deep, flat = (_anew(act, layers) for layers in (96, 1))
        yield Row(what=f"{what}: 96 layers ÷ 1 layer", value=ratio(deep, flat, rounds=ROUNDS), unit="×", goal=goal)
    value = ratio(_anew(compile_document, 96), _anew(bare, 96), rounds=ROUNDS)
    yield Row(what="compile 96 layers ÷ make their blocks alone", value=value, unit="×")


def _anew(act: Callable[[Document], object], layers: int) -> Callable[[], object]:
    """Do something with documents that nobody has seen, which are made beforehand."""
    documents = [templates.build("gpt2", n_layers=layers, **TINY) for _ in range((ROUNDS + 1) * 2)]

    def go() -> None:
        for _ in range(2):
            act(documents.pop())

    return go


def bare(document: Document) -> list[nn.Module]:
    """The blocks of a model with their parameters, one after another and joined to nothing."""
    return [leaf.spec.module(leaf.config) for leaf in _leaves(recipe_of(document))]


def _leaves(part: Part) -> Iterator[Leaf]:
    if isinstance(part, Leaf):
        yield part
        return
    for inner in part.layers if isinstance(part, Layers) else part.parts.values():
        yield from _leaves(inner)
