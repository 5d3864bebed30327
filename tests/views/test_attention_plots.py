"""The two plots of attention: cells, tokens, colours, and what a tap means."""

from __future__ import annotations

import numpy as np
import pytest
from bokeh.events import Tap
from hypothesis import given
from hypothesis import strategies as st

from engine.attention_maps import AttentionStack
from views.attention_plots import HeadMap, short
from views.attention_wall import STRETCH, HeadWall, Tiling, pooled
from views.theme import BLUES, EMBER, ramp


def stack(L: int = 2, H: int = 3, T: int = 4, S: int = 5) -> AttentionStack:
    """Rows that sum to 1, with a masked cell in each."""
    weights = np.random.default_rng(0).dirichlet(np.ones(S), (L, H, T)).astype(np.float32)
    weights[..., -1] = 0
    paths = tuple(f"blocks.{i}.core" for i in range(L))
    return AttentionStack(paths=paths, weights=weights, queries=tuple("abcd"[:T]), keys=tuple("vwxyz"[:S]))


def test_a_map_has_room_for_more_keys_than_queries() -> None:
    plot = HeadMap(lambda _query, _key: None)

    plot.show(stack(), 1, 2)

    assert (plot.figure.x_range.end, plot.figure.y_range.start) == (5, 4)
    assert plot.figure.xaxis[0].major_label_overrides[4.5] == "z"
    assert plot.figure.yaxis[0].major_label_overrides[3.5] == "d"


def test_masked_cells_stay_empty_and_are_still_read_as_0() -> None:
    plot = HeadMap(lambda _query, _key: None)

    plot.show(stack(), 0, 0)

    assert (plot.image.data["image"][0][:, -1] < 0).all()
    assert plot.cells.data["weights"][0].reshape(4, 5)[0, -1] == 0


@pytest.mark.parametrize(("x", "y", "wanted"), [(4.9, 3.9, [(3, 4)]), (5.1, 1, []), (1, -0.5, []), (np.inf, 1, [])])
def test_a_tap_on_a_map_is_a_cell_or_nothing(x: float, y: float, wanted: list[tuple[int, int]]) -> None:
    tapped: list[tuple[int, int]] = []
    plot = HeadMap(lambda query, key: tapped.append((query, key)))
    plot.show(stack(), 0, 0)

    plot.figure._trigger_event(Tap(plot.figure, x=x, y=y))

    assert tapped == wanted


def test_marking_a_query_alone_frames_its_row() -> None:
    plot = HeadMap(lambda _query, _key: None)
    plot.show(stack(), 0, 0)

    plot.mark(2, None)

    assert plot._chosen.data == {"x": [2.5], "y": [2.5], "width": [5], "height": [1]}


def test_all_heads_are_rows_of_one_renderer() -> None:
    plot = HeadWall(lambda _layer, _head: None)

    plot.show(stack())

    assert list(zip(plot.source.data["layer"], plot.source.data["head"], strict=True))[4] == (1, 1)
    assert len(plot.source.data["image"]) == 6


@given(L=st.integers(1, 40), H=st.integers(1, 32), width=st.integers(60, 2000), height=st.integers(40, 900))
def test_every_head_on_the_wall_is_found_at_its_own_place_inside_the_figure(
    L: int, H: int, width: int, height: int
) -> None:
    tiling = Tiling.filling(L, H, (width, height))

    corners = {(layer, head): tiling.place(layer, head) for layer in range(L) for head in range(H)}
    assert all(tiling.at(x + 0.5, y + 0.5) == which for which, (x, y) in corners.items())
    if tiling.wide > 1 and tiling.high > 1:  # else not even a pixel has room
        assert max(x + 1 for x, _ in corners.values()) * tiling.wide <= width + 1
        assert max(y + 1 for _, y in corners.values()) * tiling.high <= height + 1
    assert 1 / STRETCH <= tiling.wide / tiling.high + 1e-9 <= STRETCH + 1e-6 or 1 in (tiling.wide, tiling.high)


def test_in_a_low_and_wide_pane_layers_stand_beside_each_other_and_heads_grow() -> None:
    plot = HeadWall(lambda _layer, _head: None)
    plot.show(stack())
    before = plot.tiling

    plot.resize(1200, 190)

    assert (before.rows, plot.tiling.rows) == (2, 1)
    assert plot.tiling.high > before.high
    assert plot.source.data["x"][3] == plot.tiling.place(1, 0)[0] + 0.5
    assert plot.names.data["text"] == ["L0", "L1"]
    assert sorted(plot.figure.xaxis[0].major_label_overrides.values()) == ["H0", "H0", "H1", "H1", "H2", "H2"]


def test_names_of_many_layers_are_thinned_to_what_can_be_read() -> None:
    plot = HeadWall(lambda _layer, _head: None)
    plot.show(stack(L=24, H=2))

    plot.resize(60, 96)

    assert plot.names.data["text"][:3] == ["L0", "L3", "L6"]


def test_the_same_stack_is_sent_once() -> None:
    plot, heads = HeadWall(lambda _layer, _head: None), stack()
    plot.show(heads)
    sent = plot.source.data

    plot.show(heads)

    assert plot.source.data is sent


def test_thumbnails_keep_the_strongest_of_the_cells_they_cannot_show() -> None:
    images = np.zeros((1, 5, 7), np.uint8)
    images[0, 4, 6], images[0, 0, 2] = 9, 5

    small = pooled(images, 4)

    assert small.shape == (1, 3, 4)
    assert small[0].tolist() == [[0, 5, 0, 0], [0, 0, 0, 0], [0, 0, 0, 9]]


def test_labels_are_cut_and_never_taken_for_a_formula() -> None:
    cut, formula, slash = short(["unbelievable", "$$x$$", "\\(y\\)"])

    assert cut == "unbeliev…"
    assert "$$" not in formula
    assert "\\(" not in slash


def test_colours_follow_the_theme() -> None:
    plot = HeadMap(lambda _query, _key: None)

    mappers = [model for model in plot.figure.references() if type(model).__name__ == "LinearColorMapper"]

    (themed,) = (tag["themed"] for tag in mappers[0].tags)
    assert (themed["light"]["palette"], themed["dark"]["palette"]) == (ramp(BLUES), ramp(EMBER))
