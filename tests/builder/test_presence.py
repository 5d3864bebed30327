"""Absence spreads along required ports and stops at optional ones."""

from __future__ import annotations

from builder.assemble import Sketch
from builder.composites import LIBRARY
from builder.document import Document
from builder.presence import presence, present
from engine.blocks import CATALOGUE
from engine.ports import Port

DECODER = LIBRARY["decoder_block"]
CROSS = {"cross", "cross_add", "cross_norm"}


def inputs_of(kind: str) -> tuple[Port, ...]:
    return CATALOGUE[kind].inputs


def library() -> Document:
    return Document(definitions=LIBRARY, root="decoder_block")


def test_all_is_there_when_every_input_is() -> None:
    assert present(library(), DECODER, None, inputs_of) == DECODER.nodes.keys()


def test_without_a_memory_the_cross_attention_is_absent() -> None:
    there = presence(library(), DECODER, {"x"}, inputs_of)

    assert DECODER.nodes.keys() - there.nodes == CROSS | {"memory", "memory_padding", "padding"}
    assert there.wired("cross_skip") == {"x"}
    assert there.wired("attn") == {"x"}


def test_a_padding_alone_brings_no_cross_attention() -> None:
    there = present(library(), DECODER, {"x", "memory_padding"}, inputs_of)

    assert not there & CROSS


def test_an_output_that_hangs_on_an_absent_input_is_absent_outside_too() -> None:
    inner = Sketch("inner", "Inner")
    inner.input("x", "B T D", (0, 0))
    inner.input("extra?", "B T D", (0, 1))
    inner.output("y", "x", "B T D", (1, 0))
    inner.output("z", "extra", "B T D", (1, 1))
    outer = Sketch("model", "Model")
    outer.input("x", "B T D", (0, 0))
    outer.add("part", "inner", "x", (1, 0))
    outer.add("norm", "layer_norm", "part.z", (2, 0))
    outer.output("y", "part.y", "B T D", (3, 0))
    outer.output("z", "norm", "B T D", (3, 1))
    document = Document(definitions={"inner": inner.done(), "model": outer.done()})

    there = present(document, document.main, None, inputs_of)

    assert there == {"x", "part", "y"}


def test_a_port_without_any_wire_is_a_mistake_and_not_absence() -> None:
    d = Sketch("model", "Model")
    d.add("norm", "layer_norm", {}, (0, 0))
    d.output("y", "norm", "B T D", (1, 0))

    assert present(Document(definitions={"model": d.done()}), d.done(), None, inputs_of) == {"norm", "y"}
