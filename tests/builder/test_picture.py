"""Pictures: well-formed SVG that stands by itself, with all that a user wrote escaped."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builder import templates
from builder.document import Document
from builder.edits import RenameDocument, SetLabel, SetRepeat
from builder.lanes import Box, path, route
from builder.picture import LIGHT, svg, thumbnail
from tests.builder.broken import CASES, Make
from tests.builder.drawn import document, end, language_model, node
from tests.builder.small_documents import tiny

SVG = "{http://www.w3.org/2000/svg}"
BAD = "<script>alert(1)</script>&\"'"


def texts(picture: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def paths(picture: str) -> list[str]:
    return [element.get("d", "") for element in ElementTree.fromstring(picture).iter(f"{SVG}path")]


@pytest.mark.parametrize("name", templates.names())
def test_a_template_is_drawn_with_its_blocks_and_shapes(name: str) -> None:
    model = templates.build(name)
    words = texts(svg(model))

    assert ("Patch embedding" if name.endswith("vit") else "Token embedding") in words
    assert any(re.fullmatch(r"B (T|S|\d+) \d+", word) for word in words)


def test_user_text_is_escaped() -> None:
    model = RenameDocument(name=BAD).apply(SetLabel(node="embed", text=BAD).apply(language_model()))

    picture = svg(model)

    assert "<script" not in picture
    assert BAD in texts(picture)


@given(st.text(min_size=1, max_size=20))
@example("a\x01b\x1f\x7f\x85\ufffe\uffff")
def test_a_picture_is_well_formed_whatever_the_user_wrote(text: str) -> None:
    model = tiny()
    nodes = {name: replace(node, label=text) for name, node in model.main.nodes.items()}

    picture = svg(replace(model.with_definition(model.main.with_nodes(nodes)), name=text))

    assert len(texts(picture)) > len(nodes)


def test_a_picture_asks_for_nothing_from_outside() -> None:
    picture = svg(templates.build("transformer")).replace('xmlns="http://www.w3.org/2000/svg"', "")

    assert not re.search(r"https?:|href|url\(|@import", picture)


def test_every_wire_is_drawn_and_masks_are_dashed() -> None:
    model = templates.build("classifier")
    picture = svg(model)
    dashed = [e for e in ElementTree.fromstring(picture).iter(f"{SVG}path") if e.get("stroke-dasharray")]

    drawn = [d for d in paths(picture) if d.startswith("M") and ("C" in d or "Q" in d)]
    assert len(drawn) == len(model.main.wires)
    assert len(dashed) == sum(1 for wire in model.main.wires if wire.source.node == "padding")


def test_layers_are_written_on_the_block() -> None:
    model = templates.build("gpt2", n_layers=6)

    assert "×6" in texts(svg(model))
    assert "×2" in texts(svg(SetRepeat(node="blocks", repeat=2).apply(model)))


def test_nodes_that_nobody_placed_are_laid_out() -> None:
    model = document(
        {"a": node("dropout"), "b": node("dropout"), "y": end("output", "hidden B T D")}, "a.y>b.x b.y>y.value"
    )
    boxes = [e for e in ElementTree.fromstring(svg(model)).iter(f"{SVG}rect") if e.get("rx")]

    assert len({(e.get("x"), e.get("y")) for e in boxes}) == 3


def test_a_picture_has_colours_for_dark_pages() -> None:
    assert svg(language_model()) != svg(language_model(), dark=True)


def test_a_definition_inside_is_drawn_by_its_name() -> None:
    assert "Multi-head attention" in texts(svg(templates.build("gpt2"), "gpt_block"))


@pytest.mark.parametrize("make", [make for _, make in CASES])
def test_a_wrong_model_has_a_picture_too(make: Make) -> None:
    assert ElementTree.fromstring(svg(make())).tag == f"{SVG}svg"


def test_an_empty_model_has_a_picture_too() -> None:
    assert ElementTree.fromstring(svg(Document.empty())).tag == f"{SVG}svg"


def test_a_wire_with_free_air_is_a_curve() -> None:
    assert route((0, 0), (80, 10), [], Box(80, -20, 100, 60)) == [(0, 0), (80, 10)]


def test_a_bypass_runs_above_the_blocks_between() -> None:
    between = Box(60, -30, 100, 80)

    corners = route((0, 0), (250, 0), [between], Box(250, -30, 100, 80))

    assert min(y for _, y in corners) < between.y
    assert path(corners)[1] is not None


def test_a_wire_to_the_next_row_runs_between_the_rows() -> None:
    corners = route((500, 0), (0, 200), [Box(0, -40, 400, 80)], Box(0, 170, 100, 80))
    level = next(a[1] for a, b in pairwise(corners) if a[1] == b[1] and abs(a[0] - b[0]) > 300)

    assert 40 < level < 170


def test_a_thumbnail_has_a_patch_for_each_block_in_the_colour_of_its_family_and_a_pile_for_layers() -> None:
    model = templates.build("gpt2")
    drawn = thumbnail(model)

    blocks = [node for node in model.main.nodes.values() if not node.is_rail]
    piles = sum(node.repeat is not None for node in blocks)
    assert drawn.count('rx="7"') == len(blocks) + piles
    assert drawn.count("<circle") == len(model.main.nodes) - len(blocks)
    assert drawn.count("<path") == len(model.main.wires)
    assert drawn.count(f'fill="{LIGHT["hidden"]}"') >= 2 * piles
    assert "<text" not in drawn
