"""The attention pane: every number it shows is the model's, and one choice moves all its views."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from bokeh.events import Tap

from builder import store, templates
from builder.edits import DrawOut, SetSetting
from builder.run import load_run_model
from engine.attention_maps import AttentionStack
from engine.channel import METRICS_FILE
from engine.data import TASKS
from engine.inspection import record
from engine.status import change_status
from tests.views.attention_runs import make_run
from views.attention import AttentionPane
from views.attention_bars import titles
from views.likeness import OTHER, Likeness
from views.runner import Runner
from views.selection import Selection
from views.session import Session

Show = Callable[..., AttentionPane]


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Show:
    """Make a pane for a run of `tmp_path`, on a selection of its own."""
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path))

    def make(folder: Path | None = None, canvas: Session | None = None, **arguments: Any) -> AttentionPane:
        runner, canvas = Runner(), canvas or Session(templates.build("tiny"))
        if folder is not None:
            runner.follow(folder)
        return AttentionPane(runner, Selection(), Likeness(canvas), **arguments)

    return make


@pytest.fixture
def gpt(tmp_path: Path) -> Path:
    return make_run(tmp_path, "gpt", steps=(0, 5))


def taped(folder: Path, path: str, text: str, step: int | None = None) -> np.ndarray:
    """What the tape records at `path` while the model of `folder` reads `text`, (H, T, S)."""
    model = load_run_model(folder, step)
    with torch.no_grad(), record(model) as tape:
        model(tokens=torch.tensor([TASKS["reverse"].tokenizer.encode(text)]))
    return tape[f"{path}.weights"][0].numpy()


def say(pane: AttentionPane, name: str, value: object) -> None:
    """Use a control of the pane's bars."""
    bar = pane._foot if name in ("text", "run", "step") else pane._head
    bar._handle_msg({"id": name, "value": value})


def items(pane: AttentionPane) -> dict[str, Any]:
    """What the controls show."""
    return {row["id"]: row.get("value", row.get("text")) for row in (*pane._head.rows, *pane._foot.rows) if "id" in row}


def labels(pane: AttentionPane) -> list[str]:
    """What the kinds of attention are called in their list."""
    return next(([o["label"] for o in row["options"]] for row in pane._head.rows if row.get("id") == "node"), [])


def text_of(pane: AttentionPane) -> str:
    """What the model read: the user's text and its own answer."""
    assert pane.stack is not None
    return "".join(pane.stack.keys)


def test_the_map_of_a_head_shows_the_weights_of_the_forward_pass(show: Show, gpt: Path) -> None:
    pane = show(gpt)

    say(pane, "text", "abc")
    say(pane, "layer", 1)
    say(pane, "head", 1)

    expected = taped(gpt, "blocks.1.attn.core", text_of(pane))[1]
    np.testing.assert_allclose(np.ravel(pane._map.cells.data["weights"][0]), expected.ravel(), atol=1e-6)
    drawn = pane._map.image.data["image"][0]
    np.testing.assert_allclose(drawn[expected > 0] ** 2, expected[expected > 0], atol=1e-6)


def test_every_head_on_the_wall_is_that_head(show: Show, gpt: Path) -> None:
    pane = show(gpt)

    say(pane, "text", "abc")

    wall = pane._wall.source.data
    for image, layer, head in zip(wall["image"], wall["layer"], wall["head"], strict=True):
        expected = taped(gpt, f"blocks.{layer}.attn.core", text_of(pane))[head]
        np.testing.assert_allclose((image / 255) ** 2, expected, atol=0.004)


def test_the_3d_view_gets_the_same_weights(show: Show, gpt: Path) -> None:
    pane = show(gpt)

    say(pane, "mode", "3D")

    field = pane._cube.field
    decoded = (np.frombuffer(field["weights"], np.uint8).reshape(field["shape"]) / 255) ** 2
    for layer in range(2):
        np.testing.assert_allclose(decoded[layer], taped(gpt, f"blocks.{layer}.attn.core", text_of(pane)), atol=0.004)
    assert "".join(field["keys"]) == text_of(pane)


def test_a_chosen_cell_shows_its_exact_weight(show: Show, gpt: Path) -> None:
    pane = show(gpt)
    say(pane, "text", "abc")

    pane._cube._handle_msg({"type": "select", "layer": 1, "head": 0, "query": 2, "key": 1})

    weight = taped(gpt, "blocks.1.attn.core", text_of(pane))[0, 2, 1]
    assert items(pane)["weight"] == f"c → b {weight:.4f}"


def test_a_cell_of_the_map_moves_the_selection_and_the_other_views(show: Show, gpt: Path) -> None:
    pane = show(gpt)

    pane._map.figure._trigger_event(Tap(pane._map.figure, x=1.5, y=2.5))

    chosen = pane._selection
    assert (chosen.node, chosen.layer, chosen.head, chosen.query, chosen.key) == ("blocks.attn", 0, 0, 2, 1)
    say(pane, "mode", "3D")
    assert (pane._cube.query, pane._cube.key) == (2, 1)


@pytest.mark.parametrize("size", [(400, 190), (900, 190), (200, 190)])
@pytest.mark.parametrize(("right", "down", "layer", "head"), [(0.5, 0.5, 1, 1), (-1.01, 0.5, 1, 0), (0.5, -1.4, 0, 1)])
def test_a_tile_of_the_wall_chooses_its_head_and_a_name_a_layer_or_a_head(
    show: Show, gpt: Path, size: tuple[int, int], right: float, down: float, layer: int, head: int
) -> None:
    pane = show(gpt)
    pane._wall.resize(*size)
    x, y = pane._wall.tiling.place(1, 1)

    pane._wall.figure._trigger_event(Tap(pane._wall.figure, x=x + right, y=down + (y if down > 0 else 0)))

    if down < 0:  # over the column in which layer 1 stands
        layer = pane._selection.layer or 0
    assert (pane._selection.layer, pane._selection.head) == (layer, head)
    place = pane._wall.tiling.place(layer, head)
    assert (pane._wall._chosen.data["x"], pane._wall._chosen.data["y"]) == ([place[0] + 0.5], [place[1] + 0.5])


def test_a_choice_made_elsewhere_moves_all_views_and_is_not_echoed(show: Show, gpt: Path) -> None:
    pane = show(gpt)

    pane._selection.set("canvas", layer=1, head=1, query=1, key=0)

    assert items(pane)["layer"] == 1
    assert pane._map._chosen.data["y"] == [1.5]
    assert pane._selection.revision == 1


def test_numbers_beyond_the_model_show_its_first_head(show: Show, gpt: Path) -> None:
    pane = show(gpt)

    pane._selection.set("canvas", layer=9, head=9, query=99, key=0)

    assert (pane.focus.layer, pane.focus.head, pane.focus.query) == (0, 0, None)


def test_the_latest_checkpoint_is_shown_until_another_is_chosen(show: Show, gpt: Path) -> None:
    pane = show(gpt)
    say(pane, "text", "abc")
    latest = pane.stack

    say(pane, "step", 0)

    assert latest is not None
    assert pane.stack is not None
    np.testing.assert_allclose(latest.weights[0], taped(gpt, "blocks.0.attn.core", "".join(latest.keys), 5), atol=1e-6)
    np.testing.assert_allclose(pane.stack.weights[0], taped(gpt, "blocks.0.attn.core", text_of(pane), 0), atol=1e-6)
    assert pane._selection.step == 0


def test_a_step_between_checkpoints_shows_the_last_one_before(show: Show, gpt: Path) -> None:
    pane = show(gpt)

    pane._selection.set("curves", step=3)

    assert items(pane)["step"] == 0


def test_another_run_can_be_chosen_here_or_elsewhere(show: Show, gpt: Path, tmp_path: Path) -> None:
    make_run(tmp_path, "pair", "transformer")
    pane = show(gpt)

    pane._selection.set("runs", run="pair")

    assert len(pane._stacks) == 3
    assert items(pane)["run"] == "pair"
    say(pane, "run", "gpt")
    assert (pane._selection.run, len(pane._stacks)) == ("gpt", 1)


def test_an_encoder_decoder_has_one_picture_for_each_kind_of_attention(show: Show, tmp_path: Path) -> None:
    pane = show(make_run(tmp_path, "pair", "transformer"))
    say(pane, "text", "abcde")

    say(pane, "node", labels(pane).index("decoder.cross"))

    assert pane.stack is not None
    assert "".join(pane.stack.keys) == "abcde"
    assert pane.stack.queries[0] == ">"
    assert pane._selection.node == "decoder.cross"


def test_of_stacks_with_one_name_each_says_its_layers_and_can_be_chosen(show: Show, tmp_path: Path) -> None:
    halved = SetSetting(node="blocks", name="n_heads", layer=1, value=1)
    pane = show(make_run(tmp_path, "halved", edit=halved))
    assert labels(pane) == ["blocks.attn · layer 0", "blocks.attn · layer 1"]

    say(pane, "node", 1)

    assert pane.stack is not None
    assert (pane.stack.paths, pane.stack.shape[:2]) == (("blocks.1.attn.core",), (1, 1))
    assert items(pane)["node"] == 1


def test_a_stack_that_is_gone_meanwhile_is_passed_over(show: Show, tmp_path: Path) -> None:
    pane = show(make_run(tmp_path, "pair", "transformer"))

    say(pane, "node", 9)

    assert items(pane)["node"] == 0


def test_many_layers_are_named_by_the_first_ones_and_the_last() -> None:
    shape = np.zeros((1, 1, 1, 1), np.float32)
    even, odd = (
        AttentionStack(paths=tuple(f"blocks.{i}.attn.core" for i in layers), weights=shape, queries=("a",), keys=("a",))
        for layers in (range(0, 40, 2), range(1, 40, 2))
    )

    assert titles((even, odd)) == ("blocks.attn · layers 0, 2, 4, 6, …, 38", "blocks.attn · layers 1, 3, 5, 7, …, 39")


def test_a_node_chosen_on_the_canvas_shows_its_kind_of_attention(show: Show, tmp_path: Path) -> None:
    pane = show(make_run(tmp_path, "pair", "transformer"))

    pane._selection.set("canvas", node="decoder.attn.core")
    shown = items(pane)["node"]
    pane._selection.set("canvas", node="embed")

    assert shown == items(pane)["node"] == labels(pane).index("decoder.attn")


def test_the_example_is_read_until_the_user_types_a_text(show: Show, gpt: Path) -> None:
    pane = show(gpt)
    assert items(pane)["text"] == TASKS["reverse"].examples(1)[0].text

    say(pane, "text", "zyx")
    assert text_of(pane).startswith("zyx>")

    say(pane, "text", "")
    assert items(pane)["text"] == TASKS["reverse"].examples(1)[0].text


def test_a_text_the_model_cannot_read_says_why_and_the_next_one_works(show: Show, gpt: Path) -> None:
    pane = show(gpt)

    say(pane, "text", "<b>")
    said, text = pane._empty.rows[0]["text"], items(pane)["text"]
    say(pane, "text", "abc")

    assert "'<' at place 1" in said
    assert text == "<b>"
    assert pane._pictures.visible
    assert not pane._empty.visible


def test_the_empty_pane_teaches_and_its_button_trains(show: Show) -> None:
    done: list[str] = []
    pane = show(command=done.append)

    pane._empty._handle_msg({"name": "train"})

    assert pane._empty.rows[0]["action"] == "Train"
    assert "where its heads look" in pane._empty.rows[0]["text"]
    assert done == ["train"]


def test_a_new_checkpoint_of_the_followed_run_is_looked_at(show: Show, gpt: Path) -> None:
    pane = show(gpt)
    before = pane.stack

    (gpt / "checkpoints" / "step-00000000").rename(gpt / "checkpoints" / "step-00000009")
    pane._runner.param.trigger("checkpoints")

    assert before is not None
    assert pane.stack is not None
    assert not np.array_equal(before.weights, pane.stack.weights)


def test_a_run_has_the_name_that_it_has_everywhere(show: Show, tmp_path: Path) -> None:
    folder = make_run(tmp_path, "20261123-131424-reverse", steps=(0, 1200))
    change_status(folder, name="Tiny GPT · reverse 2")
    pane = show(folder)

    run, step = ([option["label"] for option in row["options"]] for row in pane._foot.rows[1:3])

    assert run == ["Tiny GPT · reverse 2"]
    assert step == ["latest · 1\u2009200", "step 1\u2009200", "step 0"]


def test_heads_of_another_model_than_the_one_on_the_canvas_are_said_to_be(show: Show, gpt: Path) -> None:
    def said(canvas: Session) -> list[str]:
        return [row["text"] for row in show(gpt, canvas)._head.rows if row["kind"] == "chip"]

    assert said(Session(templates.build("t5"))) == [OTHER]
    assert said(Session(store.load(gpt / "graph.json"))) == []


def test_a_run_shows_its_first_loss_before_anybody_looks_inside(show: Show, tmp_path: Path) -> None:
    folder = make_run(tmp_path, "fresh")
    change_status(folder, state="running", pid=os.getpid(), pid_created=psutil.Process().create_time())
    pane = show(folder)
    assert pane.stack is None
    assert "Reading" in pane._lesson()["text"]

    (folder / METRICS_FILE).write_text('{"step": 1, "loss": 3.4}\n')
    pane._runner.poll()

    assert pane.stack is not None


def test_attention_drawn_from_primitives_is_on_the_map_and_in_3d(show: Show, tmp_path: Path) -> None:
    pane = show(make_run(tmp_path, "drawn", edit=DrawOut(node="core", at="multi_head_attention")))

    say(pane, "head", 1)
    say(pane, "mode", "3D")

    assert pane.stack is not None
    assert pane.stack.paths == ("blocks.0.attn.softmax", "blocks.1.attn.softmax")
    shown = np.reshape(pane._map.cells.data["weights"][0], pane.stack.shape[2:])
    np.testing.assert_allclose(shown, pane.stack.weights[0, 1], atol=1e-6)
    field = pane._cube.field
    decoded = (np.frombuffer(field["weights"], np.uint8).reshape(field["shape"]) / 255) ** 2
    np.testing.assert_allclose(decoded, pane.stack.weights, atol=0.004)


def test_a_choice_on_a_drawn_map_selects_the_composite_around_it_and_follows_its_blocks(
    show: Show, tmp_path: Path
) -> None:
    pane = show(make_run(tmp_path, "drawn", edit=DrawOut(node="core", at="multi_head_attention")))

    say(pane, "layer", 1)
    assert pane._selection.node == "blocks.attn"

    pane._selection.set("canvas", node="blocks.attn.softmax", layer=0)
    assert (pane.focus.layer, titles([pane.stack] if pane.stack else [])) == (0, ("blocks.attn",))
