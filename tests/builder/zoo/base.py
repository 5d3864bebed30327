"""What the drawings of the zoo share: small models, changed without the checks that edits make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from builder import templates
from builder.document import Document, Node
from builder.library import with_library
from engine.settings import Value
from tests.builder.drawn import node, wires

SMALL: Mapping[str, Value] = {"d_model": 16, "n_heads": 2, "vocab_size": 19, "max_len": 24, "n_layers": 2}


@dataclass(frozen=True)
class Animal:
    """A wrong graph.

    Args:
        code: The rule or contract that must catch it.
        place: The place that it must name.
        make: Draws the graph.
        mended: Whether a fix is offered.
    """

    code: str
    place: str
    make: Callable[[], Document]
    mended: bool = True

    @property
    def name(self) -> str:
        """What it is called."""
        return self.make.__name__


ZOO: list[Animal] = []


def wrong(code: str, place: str, *, mended: bool = True) -> Callable[[Callable[[], Document]], Callable[[], Document]]:
    """Put a drawing into the zoo; the arguments are those of `Animal`."""

    def declare(make: Callable[[], Document]) -> Callable[[], Document]:
        ZOO.append(Animal(code, place, make, mended))
        return make

    return declare


def gpt(**symbols: Value) -> Document:
    """A GPT that reads no padding."""
    return replace(templates.build("tiny", **{**SMALL, "dropout": 0.1, **symbols}), task="")


def reader(**symbols: Value) -> Document:
    return templates.build("classifier", **{**SMALL, **symbols})


def translator(**symbols: Value) -> Document:
    return templates.build("transformer", **{**SMALL, **symbols})


def sorter() -> Document:
    """A translator whose task is to sort; its source is a set, without positions."""
    bare = changed(translator(), "model", gone=("source_pos",), add="source_emb.y>source_drop.x")
    return replace(bare, task="sort")


def writer_with_a_linear_head() -> Document:
    """A GPT whose head is a plain linear layer; that it writes is said by its task alone."""
    nodes = {"lm_head": node("linear", d_in="d_model", d_out="vocab_size", bias=False)}
    drop, add = "lm_head.logits>logits.value", "lm_head.y>logits.value"
    return replace(changed(gpt(), "model", nodes=nodes, drop=drop, add=add), task="reverse")


def bert(**symbols: Value) -> Document:
    return templates.build("bert", **{**SMALL, **symbols})


def t5(**symbols: Value) -> Document:
    return templates.build("t5", **{**SMALL, **symbols})


def llama() -> Document:
    return templates.build("llama", **SMALL, n_kv_heads=1)


def drawn_gpt(pattern: str = "causal") -> Document:
    """A GPT whose attention is drawn from primitives."""
    document = with_library(gpt(), "attention_from_primitives")
    settings = {name: name for name in ("d_model", "n_heads", "dropout")}
    attention = Node(kind="attention_from_primitives", settings={**settings, "pattern": pattern})
    return changed(document, "gpt_block", nodes={"attn": attention})


def drawn_reader() -> Document:
    """A classifier whose attention is drawn from primitives."""
    document = with_library(reader(), "attention_from_primitives")
    attention = node("attention_from_primitives", d_model="d_model", n_heads="n_heads", dropout="dropout")
    return changed(document, "encoder_block", nodes={"attn": attention})


def changed(
    document: Document,
    at: str,
    *,
    drop: str = "",
    add: str = "",
    nodes: Mapping[str, Node] | None = None,
    gone: tuple[str, ...] = (),
) -> Document:
    """`document` with other wires and nodes in the definition `at`."""
    here = document.definition(at).with_nodes(nodes or {}).without_nodes(gone)
    missing = set(wires(drop)) - set(here.wires) if not gone else set()
    assert not missing, f"There are no wires {missing}."
    return document.with_definition(here.without_wires(wires(drop)).with_wires(wires(add)))


def logits_through(**nodes: Node) -> Document:
    """A GPT whose logits go through some blocks, one after another."""
    ways = ["lm_head.logits", *(f"{name}.y" for name in nodes)]
    add = " ".join(f"{way}>{name}.x" for way, name in zip(ways, nodes, strict=False))
    return changed(
        gpt(), "model", nodes=nodes, drop="lm_head.logits>logits.value", add=f"{add} {ways[-1]}>logits.value"
    )


def setting(document: Document, at: str, name: str, **settings: Value) -> Document:
    """`document` with other settings of a node."""
    here = document.definition(at).nodes[name]
    return changed(document, at, nodes={name: replace(here, settings={**here.settings, **settings})})
