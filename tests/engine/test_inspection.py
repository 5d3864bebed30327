"""Recording: what is on the tape is what the model computed, and the model does not notice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.blocks.spec import CATALOGUE, block
from engine.errors import UnknownNameError
from engine.inspection import record
from engine.ports import Port
from engine.settings import Config


@dataclass(frozen=True, kw_only=True)
class NoSettings(Config):
    """A block without settings."""


@pytest.fixture(scope="module", autouse=True)
def looked_at() -> Iterator[None]:
    """Declare the test's block for the time of these tests."""
    block(
        "test_core", title="Core", family="Attention", config=NoSettings,
        inputs=(Port(name="q"), Port(name="k")),
        outputs=(Port(name="y"), Port(name="weights", kind="weights", watch=True)),
    )(Core)  # fmt: skip
    yield
    del CATALOGUE._items["test_core"]


class Core(nn.Module):
    """Attention with its keys as values."""

    def forward(self, q: Tensor, k: Tensor) -> Tensor:
        """(B, T, D) and (B, S, D) to (B, T, D)."""
        return F.scaled_dot_product_attention(q, k, k)

    def watch(self, port: str, q: Tensor, k: Tensor) -> Tensor:
        """The weights, (B, T, S)."""
        assert port == "weights"
        return (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(-1)


class Layer(nn.Module):
    """One core behind a projection."""

    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Linear(4, 4)
        self.core = Core()

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) to (B, T, D)."""
        return self.core(self.proj(x), k=x)


class Net(nn.Module):
    """Two layers, the same one twice if `shared`."""

    def __init__(self, *, shared: bool = False) -> None:
        super().__init__()
        first = Layer()
        self.blocks = nn.ModuleList([first, first if shared else Layer()])

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) to (B, T, D)."""
        for layer in self.blocks:
            x = layer(x)
        return x


def net(*, shared: bool = False) -> tuple[Net, Tensor]:
    torch.manual_seed(0)
    return Net(shared=shared), torch.randn(2, 3, 4)


def test_watch_ports_are_recorded_by_path_in_the_order_of_the_layers() -> None:
    model, x = net()

    with record(model) as tape:
        model(x)

    assert list(tape) == ["blocks.0.core.weights", "blocks.1.core.weights"]
    assert tape["blocks.0.core.weights"].shape == (2, 3, 3)


def test_recorded_weights_give_the_output_the_model_gave() -> None:
    model, x = net()

    with record(model, ["blocks.0.core.weights", "blocks.0.y"]) as tape:
        model(x)

    assert torch.allclose(tape["blocks.0.core.weights"] @ x, tape["blocks.0.y"], atol=1e-6)


def test_recording_changes_no_output_and_no_gradient() -> None:
    model, x = net()
    plain = model(x)
    plain.sum().backward()
    gradient = model.blocks[0].proj.weight.grad.clone()
    model.zero_grad()

    with record(model) as tape:
        recorded = model(x)
        recorded.sum().backward()

    assert torch.equal(recorded, plain)
    assert torch.equal(model.blocks[0].proj.weight.grad, gradient)
    assert not tape["blocks.0.core.weights"].requires_grad


def test_nothing_is_left_on_the_model_after_recording() -> None:
    model, _ = net()

    with pytest.raises(RuntimeError, match="on purpose"), record(model, ["blocks.0.core.weights"]):
        raise RuntimeError("on purpose")

    assert not any(m._forward_pre_hooks or m._forward_hooks for m in model.modules())


def test_any_output_is_recorded_by_the_path_of_its_module() -> None:
    model, x = net()

    with record(model, ["blocks.0.proj.y"]) as tape:
        model(x)

    assert list(tape) == ["blocks.0.proj.y"]
    assert torch.equal(tape["blocks.0.proj.y"], model.blocks[0].proj(x))


def test_layers_that_share_weights_are_recorded_one_by_one() -> None:
    model, x = net(shared=True)

    with record(model, ["blocks.0.core.weights", "blocks.1.core.weights"]) as tape:
        model(x)

    second = model.blocks[0].core.watch("weights", model.blocks[0].proj(model.blocks[0](x)), model.blocks[0](x))
    assert torch.equal(tape["blocks.1.core.weights"], second)
    assert not torch.equal(tape["blocks.0.core.weights"], second)


def test_only_what_is_asked_for_is_recorded_in_layers_that_share_weights() -> None:
    model, x = net(shared=True)

    with record(model, ["blocks.1.core.weights"]) as tape:
        model(x)

    assert list(tape) == ["blocks.1.core.weights"]


def test_an_unknown_port_is_refused_with_the_closest() -> None:
    model, _ = net()

    wanted = r"Did you mean 'blocks\.1\.core\.weights'"
    with pytest.raises(UnknownNameError, match=wanted), record(model, ["blocks.1.core.weight"]):
        pass


def test_a_path_that_was_not_recorded_names_the_closest() -> None:
    model, x = net()

    with record(model) as tape:
        model(x)

    with pytest.raises(UnknownNameError, match="Did you mean"):
        tape["blocks.0.cor.weights"]
