"""The layers of a repeated composite: what runs between them, what they share, what differs."""

from __future__ import annotations

import pytest
import torch

import builder
from builder.document import Document
from builder.edits import AddRail, ClearOverride, Connect, SetCarry, SetRepeat, SetSetting, SetShared
from engine.errors import EditError
from tests.builder.small_documents import ref, tiny


def two_streams() -> Document:
    """The small document whose composite hands on two values: y, and z, which is the input as it came."""
    document = AddRail(side="input", id="w", at="mlp").apply(tiny())
    document = AddRail(side="output", id="z", at="mlp").apply(document)
    document = Connect(source=ref("w.value"), target=ref("z.value"), at="mlp").apply(document)
    return Connect(source=ref("embed.y"), target=ref("blocks.w")).apply(document)


def test_the_carried_ports_can_be_chosen() -> None:
    after = SetCarry(node="blocks", into="w", out="y").apply(two_streams())

    assert after.main.nodes["blocks"].carry == ("w", "y")
    code = builder.compile_document(after).get_submodule("blocks").code
    assert "x" in code.split('getattr(self, "1")')[-1]


def test_a_port_that_is_not_there_is_not_carried() -> None:
    with pytest.raises(EditError, match="Did you mean 'x'"):
        SetCarry(node="blocks", into="xx", out="y").apply(tiny())
    with pytest.raises(EditError, match="Repeat it first"):
        SetCarry(node="embed", into="tokens", out="y").apply(tiny())


def test_shared_layers_are_one_set_of_weights_and_can_be_parted_again() -> None:
    shared = SetShared(node="blocks", shared=True).apply(tiny())
    parted = SetShared(node="blocks", shared=False).apply(shared)

    count = [sum(p.numel() for p in builder.compile_document(d).parameters()) for d in (shared, parted)]
    mlp = 2 * 16 * 64 + 64 + 16
    assert count[1] - count[0] == mlp
    assert parted == tiny()
    with pytest.raises(EditError, match="Repeat it first"):
        SetShared(node="head", shared=True).apply(tiny())


def test_an_input_that_is_not_carried_goes_to_every_layer() -> None:
    document = SetRepeat(node="blocks", repeat=3).apply(two_streams())
    model = builder.compile_document(document).get_submodule("blocks")
    x, w = torch.ones(1, 2, 16), torch.full((1, 2, 16), 7.0)

    _, z = model(x, w)

    assert torch.equal(z, w)


def test_a_layer_is_made_like_the_others_again() -> None:
    document = SetSetting(node="blocks", name="d_ff", value=5, layer=1).apply(tiny())

    assert ClearOverride(node="blocks", layer=1).apply(document) == tiny()
    with pytest.raises(EditError, match="these have: 1"):
        ClearOverride(node="blocks", layer=0).apply(document)


def test_a_layer_beyond_the_last_has_no_settings() -> None:
    with pytest.raises(EditError, match="Name one from 0 to 1"):
        SetSetting(node="blocks", name="d_ff", value=5, layer=2).apply(tiny())
