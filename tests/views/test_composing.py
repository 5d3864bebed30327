"""Composites from the window: commands on the selection, settings inside, layers, the palette's own entries."""

from __future__ import annotations

from typing import Any

import pytest

from builder import templates
from builder.edits import Group, HideSetting, Retitle, SetRepeat, SetSetting
from views.canvas import CanvasPane
from views.composing import Composing, group_name, links_of
from views.inspector import InspectorPane
from views.palette import PalettePane
from views.session import Session


class Desk:
    """A session with an inspector, without a browser."""

    def __init__(self) -> None:
        self.session = Session(templates.build("gpt2", d_model=16, n_heads=2, n_layers=3, vocab_size=20, max_len=8))
        self.pane = InspectorPane(self.session)
        self.commands = Composing(self.session).commands()

    def say(self, field: str, value: Any = None) -> None:
        """Let the browser say that a field was changed or a button pressed."""
        message = {"name": field} if value is None else {"name": field, "value": value}
        for handler in self.pane.part._handlers:
            handler(message)

    def sections(self, kind: str) -> list[dict[str, Any]]:
        """What the inspector shows of one kind."""
        return [section for section in self.pane.part.sections if section["kind"] == kind]

    def rows(self) -> dict[str, dict[str, Any]]:
        """Rows of all forms by their field, those inside composites too."""
        forms = [*self.sections("form"), *(g for s in self.sections("inside") for g in s["groups"])]
        return {row["field"]: row for form in forms for row in form["rows"]}


@pytest.fixture
def desk() -> Desk:
    return Desk()


# Commands


def test_grouped_blocks_are_selected_as_one_and_ungrouped_as_they_were(desk: Desk) -> None:
    desk.session.select(("tok_emb", "pos_emb"))
    desk.commands["group"]()
    assert desk.session.nodes == ("embedding",)

    desk.commands["ungroup"]()
    assert set(desk.session.nodes) == {"tok_emb", "pos_emb"}

    desk.session.undo()
    desk.session.undo()
    assert desk.session.document == Desk().session.document


def test_several_composites_are_taken_apart_in_one_step(desk: Desk) -> None:
    desk.session.open(("blocks",))
    desk.session.select(("attn", "ffn", "attn_norm"))
    desk.commands["ungroup"]()

    assert {"q_proj", "up"} <= set(desk.session.definition.nodes)
    desk.session.undo()
    assert desk.session.document == Desk().session.document


@pytest.mark.parametrize("name", ["ungroup", "draw-out", "independent"])
def test_a_command_without_its_kind_of_block_says_what_to_select(desk: Desk, name: str) -> None:
    desk.session.select(("ln_f",))
    desk.commands[name]()

    assert desk.session.notice is not None
    assert desk.session.notice.text.startswith("Select a")


def test_an_attention_core_is_opened_into_its_steps_and_closed_by_undo(desk: Desk) -> None:
    desk.session.open(("blocks", "attn"))
    desk.session.select(("core",))
    desk.commands["draw-out"]()
    nodes = desk.session.definition.nodes
    assert desk.session.nodes == ("compare", "scale", "mask", "softmax", "drop", "mix")
    assert [nodes[name].kind for name in ("compare", "softmax", "mix")] == ["matmul", "softmax", "matmul"]

    desk.session.undo()
    assert desk.session.document == Desk().session.document


def test_a_core_that_no_blocks_make_up_stays_and_the_window_says_why(desk: Desk) -> None:
    desk.session.open(("blocks", "attn"))
    desk.session.apply(SetSetting(at="multi_head_attention", node="core", name="sinks", value=True))
    desk.session.select(("core",))
    desk.commands["draw-out"]()

    assert desk.session.notice is not None
    assert "sinks" in desk.session.notice.text
    assert "core" in desk.session.definition.nodes


def test_only_what_can_be_done_is_offered(desk: Desk) -> None:
    def offered(*names: str) -> set[str]:
        return {link["id"] for link in links_of(desk.session, names)}

    assert offered("ln_f") == set()
    assert offered("ln_f", "tokens") == set()
    assert offered("ln_f", "lm_head") == {"group", "add-adapter"}
    assert offered("tokens", "logits") == set()
    assert offered("blocks") == {"open-inside"}
    desk.session.apply(SetRepeat(node="blocks", repeat=None))
    assert offered("blocks") == {"open-inside", "ungroup"}
    desk.session.open(("blocks", "attn"))
    assert offered("q_proj", "core") == {"group", "draw-out", "add-adapter"}


@pytest.mark.parametrize(
    ("path", "names", "said"),
    [
        ((), ("tok_emb", "pos_emb"), "Embedding"),
        ((), ("tok_emb", "pos_emb", "ln_f", "tokens"), "Embedding"),
        ((), ("blocks", "ln_f", "lm_head"), "GPT block + Head"),
        (("blocks",), ("attn_norm", "ffn_norm"), "LayerNorm"),
        (("blocks",), ("attn_norm", "attn_add"), "LayerNorm + Residual add"),
        ((), ("tokens",), "Group"),
    ],
)
def test_a_group_is_called_by_what_its_blocks_do(
    desk: Desk, path: tuple[str, ...], names: tuple[str, ...], said: str
) -> None:
    desk.session.open(path)

    assert group_name(desk.session, names) == said


# Inside


def test_a_setting_inside_is_set_from_outside(desk: Desk) -> None:
    desk.session.select(("blocks",))
    desk.say("inside:gpt_block:ffn_norm:eps", "0.25")

    assert desk.session.document.definition("gpt_block").nodes["ffn_norm"].settings["eps"] == 0.25
    assert desk.rows()["inside:gpt_block:ffn_norm:eps"]["value"] == "0.25"
    assert desk.rows()["inside:multi_head_attention:core:mask"]["hint"] == "= both"


def test_a_setting_inside_is_exposed_and_then_set_for_this_use(desk: Desk) -> None:
    desk.session.select(("blocks",))
    assert desk.rows()["inside:gpt_block:attn_norm:eps"]["act"]["id"] == "expose:gpt_block:attn_norm:eps"
    desk.say("expose:gpt_block:attn_norm:eps")
    desk.say("setting:eps", "0.5")

    assert desk.session.definition.nodes["blocks"].settings["eps"] == 0.5
    assert "act" not in desk.rows()["inside:gpt_block:attn_norm:eps"]
    assert desk.rows()["inside:gpt_block:attn_norm:eps"]["hint"] == "= 0.5"

    desk.session.open(("blocks",))
    desk.session.apply(HideSetting(at="gpt_block", name="eps"))
    assert desk.session.document.definition("gpt_block").nodes["attn_norm"].settings["eps"] == 0.5


def test_a_refused_setting_inside_changes_nothing_and_is_told(desk: Desk) -> None:
    desk.session.select(("blocks",))
    desk.say("inside:gpt_block:ffn_norm:eps", "5")

    assert desk.session.document == Desk().session.document
    assert desk.session.notice is not None
    assert "eps is 5" in desk.session.notice.text


def test_a_composite_used_twice_says_that_all_uses_follow(desk: Desk) -> None:
    desk.session.apply(Group(nodes=("ln_f",), name="Last norm"))
    desk.session.select(("last_norm",))
    assert not [s for s in desk.sections("text") if "used" in s["text"]]

    CanvasPane(desk.session).duplicate()
    desk.session.select(("last_norm",))
    assert [s["text"] for s in desk.sections("text") if "used" in s["text"]] == [
        "Last norm is used 2 times: what is set here is set in all of them."
    ]


def test_a_composite_gets_another_title_where_it_is_open(desk: Desk) -> None:
    desk.session.open(("blocks",))
    desk.say("title", "Decoder layer")

    assert desk.session.definition.title == "Decoder layer"
    desk.say("title", "  ")
    assert desk.session.definition.title == "Decoder layer"


# Layers


def test_a_layer_is_set_apart_changed_and_made_like_the_others(desk: Desk) -> None:
    desk.session.select(("blocks",))
    desk.say("layer-index", "1")
    desk.say("layer-setting", "d_ff")
    desk.say("layer-add")
    assert desk.session.definition.nodes["blocks"].overrides == {1: {"d_ff": "d_ff"}}

    desk.say("layer:1:d_ff", "24")
    assert desk.rows()["layer:1:d_ff"]["value"] == "24"

    desk.say("unlayer:1:d_ff")
    assert not desk.session.definition.nodes["blocks"].overrides


@pytest.mark.parametrize("layer", ["3", "first", ""])
def test_a_layer_that_is_not_there_is_not_set_apart(desk: Desk, layer: str) -> None:
    desk.session.select(("blocks",))
    desk.say("layer-index", layer)
    desk.say("layer-add")

    assert not desk.session.definition.nodes["blocks"].overrides
    assert desk.session.notice is not None
    assert "layer" in desk.session.notice.text


def test_weights_are_shared_between_layers_and_the_carried_ports_shown(desk: Desk) -> None:
    desk.session.select(("blocks",))
    assert desk.rows()["carry"]["value"] == "y → x"
    desk.say("shared", "shared")
    desk.say("carry", "y → x")

    assert desk.session.definition.nodes["blocks"].shared
    assert desk.rows()["shared"]["value"] == "shared"


# The palette


def test_the_palette_and_the_search_offer_the_composites_of_the_model(desk: Desk) -> None:
    canvas = CanvasPane(desk.session)
    palette = PalettePane(desk.session, canvas.part).part

    def offered() -> set[str]:
        return {item["label"] for group in palette.groups for item in group["items"]}

    assert "Start" not in offered()
    desk.session.apply(Group(nodes=("tok_emb", "pos_emb"), name="Start"))
    assert "Start" in offered()
    assert "start" in {block["kind"] for block in canvas.part.catalogue}

    desk.session.apply(Retitle(at="start", title="Beginning"))
    assert "Beginning" in offered()
    desk.session.undo()
    desk.session.undo()
    assert "Start" not in offered()
