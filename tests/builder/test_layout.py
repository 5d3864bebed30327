"""Layout: nothing overlaps, rows read from left to right, and the same graph is always drawn alike."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder import templates
from builder.document import Document
from builder.edits import Move
from builder.layout import ROOM, arrange, positions, sizes_of
from tests.benchmarks.graphs import chain
from tests.builder.drawn import definition, document, end, language_model, node

ALL = [(name, at) for name in templates.names() for at in templates.build(name).definitions]


def overlapping(model: Document, at: str = "") -> list[tuple[str, str]]:
    places, sizes = positions(model, at), sizes_of(model, model.definition(at))
    boxes = {n: (x, y, x + sizes[n].width, y + sizes[n].height) for n, (x, y) in places.items()}
    return [
        (m, n)
        for (m, a), (n, b) in combinations(boxes.items(), 2)
        if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
    ]


@st.composite
def graphs(draw: st.DrawFn) -> Document:
    """Any acyclic graph of residual adds, whose nodes have two inputs, with inputs and outputs."""
    count = draw(st.integers(0, 14))
    names = [f"n{i}" for i in range(count)]
    nodes = {name: node("residual_add") for name in names}
    ends = {f"in{i}": end("input", "hidden B T D") for i in range(draw(st.integers(0, 3)))}
    ends |= {f"out{i}": end("output", "hidden B T D") for i in range(draw(st.integers(0, 2)))}
    text = []
    for place, target in enumerate(f"{name}.{port}" for name in names for port in ("x", "update")):
        sources = [f"{s}.sum" for s in names[: place // 2]] + [f"{s}.value" for s in ends if s.startswith("in")]
        text += [
            f"{source}>{target}" for source in draw(st.lists(st.sampled_from(sources or [""]), max_size=1)) if source
        ]
    text += [f"{draw(st.sampled_from(names))}.sum>{e}.value" for e in ends if e.startswith("out") and names]
    return document({**nodes, **ends}, " ".join(text))


@settings(max_examples=80, deadline=None)
@given(graphs())
def test_no_two_nodes_ever_overlap(model: Document) -> None:
    assert positions(model).keys() == model.main.nodes.keys()
    assert overlapping(model) == []


@pytest.mark.parametrize(("name", "at"), ALL)
def test_nothing_overlaps_in_a_template(name: str, at: str) -> None:
    assert overlapping(templates.build(name), at) == []


@pytest.mark.parametrize("count", [20, 100, 300])
def test_nothing_overlaps_in_a_large_graph(count: int) -> None:
    assert overlapping(chain(count)) == []


def test_each_residual_block_is_a_row() -> None:
    places = positions(templates.build("gpt2"), "gpt_block")
    rows = [["attn_norm", "attn", "attn_add"], ["ffn_norm", "ffn", "ffn_add"]]

    for row in rows:
        xs, ys = zip(*(places[name] for name in row), strict=True)
        assert list(xs) == sorted(xs)
        assert len(set(ys)) == 1
    assert places["attn_norm"][0] == places["ffn_norm"][0]
    assert places["attn_add"][0] == places["ffn_add"][0]
    assert places["ffn_norm"][1] - places["attn_norm"][1] >= 150


def test_a_row_ends_where_a_bypass_begins() -> None:
    places = positions(templates.build("transformer"), "decoder_block")
    rows = [places[name][1] for name in ("attn", "attn_norm", "cross", "cross_skip", "ffn", "ffn_norm")]

    assert rows[0] == rows[1] < rows[2] == rows[3] < rows[4] == rows[5]


def test_inputs_stand_left_of_everything_and_the_output_ends_its_row() -> None:
    model = templates.build("transformer")
    places = positions(model)
    blocks = [places[name][0] for name, n in model.main.nodes.items() if not n.is_rail]

    assert max(places[port.name][0] for port in model.main.inputs) < min(blocks)
    assert places["logits"][0] > places["lm_head"][0]


def test_the_encoder_stands_above_the_decoder() -> None:
    places = positions(templates.build("transformer"))
    encoder, decoder = [
        [places[name][1] for name in names] for names in (["source_emb", "encoder"], ["target_emb", "decoder"])
    ]

    assert encoder[0] == encoder[1]
    assert max(encoder) < min(decoder)


@pytest.mark.parametrize("name", sorted({*templates.names()} - {"t5", "tiny_t5", "transformer"}))
def test_a_template_is_no_larger_than_a_small_window_shows_readably(name: str) -> None:
    model = templates.build(name)
    places, sizes = positions(model), sizes_of(model, model.main)

    assert max(x + sizes[n].width for n, (x, _) in places.items()) - min(x for x, _ in places.values()) <= ROOM.width
    assert max(y + sizes[n].height for n, (_, y) in places.items()) - min(y for _, y in places.values()) <= ROOM.height


def test_the_wire_of_an_input_beside_the_row_passes_below_the_blocks_before_its_target() -> None:
    ends = {"x": end("input", "hidden B T D"), "padding": end("input", "mask B T"), "y": end("output", "hidden B T D")}
    blocks = {"one": node("dropout"), "two": node("dropout"), "core": node("multi_head_attention")}
    text = "x.value>one.x one.y>two.x two.y>core.x padding.value>core.padding core.y>y.value"
    model = document({**ends, **blocks}, text)
    places, sizes = positions(model), sizes_of(model, model.main)

    assert places["one"][1] == places["two"][1] == places["core"][1]
    wire = places["padding"][1] + sizes["padding"].height / 2
    assert all(wire > places[name][1] + sizes[name].height for name in ("one", "two"))


def test_queries_keys_and_values_stand_below_each_other() -> None:
    places = positions(templates.build("gpt2"), "multi_head_attention")
    columns = {places[f"{letter}_proj"][0] for letter in "qkv"}
    heights = [places[f"{letter}_proj"][1] for letter in "qkv"]

    assert len(columns) == 1
    assert heights == sorted(set(heights))
    assert places["q_proj"][1] == places["core"][1]


def test_a_side_input_stands_at_the_start_of_the_row_that_uses_it() -> None:
    places = positions(templates.build("transformer"), "decoder_block")

    assert places["memory"][0] < places["cross"][0]
    assert abs(places["memory"][1] - places["cross"][1]) < 60


def test_an_end_is_level_with_the_first_port_of_its_block() -> None:
    places = positions(templates.build("gpt2"), "gpt_block")

    middle_of_rail, middle_of_port = places["x"][1] + 29 / 2, places["attn_norm"][1] + 1 + 28 + 21 / 2
    assert abs(middle_of_rail - middle_of_port) < 1


def test_long_rows_are_broken() -> None:
    places = positions(chain(120))

    assert max(x for x, _ in places.values()) < 10 * 230


def test_blocks_that_nothing_is_wired_to_stand_below_in_rows() -> None:
    places = positions(language_model({f"loose_{i}": node("dropout") for i in range(7)}))
    loose = {places[f"loose_{i}"] for i in range(7)}

    assert len({y for _, y in loose}) == 2
    assert min(y for _, y in loose) > places["head"][1]


def test_a_circle_of_wires_is_drawn_all_the_same() -> None:
    parts = {"a": node("residual_add"), "b": node("dropout")}
    model = language_model(parts, "embed.y>a.x b.y>a.update a.sum>b.x a.sum>head.x")

    assert overlapping(model) == []


def test_the_order_of_wires_changes_nothing() -> None:
    nodes = {"x": end("input", "hidden B T D"), "a": node("dropout"), "b": node("dropout"), "c": node("residual_add")}
    there = "x.value>a.x x.value>b.x a.y>c.x b.y>c.update"
    back = " ".join(reversed(there.split()))

    assert positions(document(nodes, there)) == positions(document(nodes, back))


def test_arranging_is_one_edit_that_moves_every_node() -> None:
    model = language_model()
    edit = arrange(model)

    assert isinstance(edit, Move)
    assert {name: (n.x, n.y) for name, n in edit.apply(model).main.nodes.items()} == positions(model)
    assert positions(edit.apply(model)) == positions(model)


def test_an_empty_definition_has_nothing_to_arrange() -> None:
    model = Document.empty().with_definition(definition("model", {}, ""))

    assert positions(model) == {}


@pytest.mark.parametrize("name", templates.names())
def test_the_wire_to_an_output_is_level(name: str) -> None:
    model = templates.build(name)
    places = positions(model)
    wire = next(wire for wire in model.main.wires if model.main.nodes[wire.target.node].kind == "output")

    assert places[wire.target.node][1] - places[wire.source.node][1] == 25  # ends hang lower, so that the ports meet
