"""Experts in whole models: padding counts nowhere, layers that share weights all count, and generated code agrees."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from transformers.models.mixtral.modeling_mixtral import load_balancing_loss_func

import builder
import engine
from builder.document import Document
from builder.edits import Group, Rename, SetRepeat
from engine.blocks.mixture import Router
from engine.losses import auxiliary_loss, with_auxiliary_loss
from engine.metrics import expert_use
from tests.builder.codegen.generated import as_module, shaken

EXPERTS, TOP_K, LAYERS, BALANCE = 4, 2, 3, 0.01
TOKENS = torch.randint(0, 11, (2, 7), generator=torch.Generator().manual_seed(0))
PADDING = torch.tensor([[True] * 7, [True] * 3 + [False] * 4])


def mixture(*, shared: bool) -> Document:
    """A small mixture of experts, its layers one or several."""
    document = builder.templates.build(
        "moe", d_model=8, n_heads=2, n_kv_heads=1, n_layers=LAYERS, vocab_size=11, max_len=9, d_ff=12
    )
    blocks = replace(document.main.nodes["blocks"], shared=shared)
    return document.with_definition(document.main.with_nodes({"blocks": blocks}))


def nested() -> Document:
    """Two calls of one layer that holds three calls of one layer."""
    document = Group(nodes=("blocks",), name="outer").apply(mixture(shared=True))
    return SetRepeat(node="outer", repeat=2, shared=True).apply(document)


@contextmanager
def heard(model: nn.Module, kind: type[nn.Module] = Router) -> Iterator[list[Tensor]]:
    """The router's logits of each call, computed beside it."""
    found: list[Tensor] = []

    def hear(module: nn.Module, args: tuple[Tensor, ...], _: object) -> None:
        weight = module.weight
        assert isinstance(weight, Tensor)
        found.append(args[0].flatten(0, 1) @ weight.T)

    handles = [m.register_forward_hook(hear) for m in model.modules() if isinstance(m, kind)]
    yield found
    for handle in handles:
        handle.remove()


def wanted(logits: list[Tensor], padding: Tensor | None) -> Tensor:
    """The sum of the losses of all calls, as transformers has them."""
    mask = None if padding is None else padding.long()
    losses = [torch.as_tensor(load_balancing_loss_func((one,), EXPERTS, TOP_K, mask)) for one in logits]
    return BALANCE * torch.stack(losses).sum()


@pytest.mark.parametrize("padding", [None, PADDING], ids=["all real", "padded"])
@pytest.mark.parametrize("shared", [True, False])
def test_the_loss_is_that_of_every_call_of_one_forward(shared: bool, padding: Tensor | None) -> None:
    model = shaken(builder.compile_document(mixture(shared=shared)))
    for _ in range(2):  # the second forward begins anew
        with heard(model) as logits:
            model(tokens=TOKENS, padding=padding)

        assert len(logits) == LAYERS
        torch.testing.assert_close(auxiliary_loss(with_auxiliary_loss(model)), wanted(logits, padding))


@pytest.mark.parametrize("shared", [True, False])
def test_use_is_that_of_the_real_tokens_in_every_call(shared: bool) -> None:
    model = shaken(builder.compile_document(mixture(shared=shared)))
    with heard(model) as logits:
        model(tokens=TOKENS, padding=PADDING)

    chosen = torch.stack([one.topk(TOP_K).indices[PADDING.flatten()] for one in logits])  # (L, N, top_k)
    counts = torch.stack([torch.bincount(layer.flatten(), minlength=EXPERTS) for layer in chosen]) / PADDING.sum()
    expected = counts.mean(0, keepdim=True) if shared else counts
    found = torch.tensor(list(expert_use(model).values())).view(-1, EXPERTS)
    torch.testing.assert_close(found, expected)


def test_shared_layers_within_shared_layers_all_count() -> None:
    model = shaken(builder.compile_document(nested()))
    with heard(model) as logits:
        model(tokens=TOKENS, padding=PADDING)

    assert len(logits) == 2 * LAYERS
    torch.testing.assert_close(auxiliary_loss(with_auxiliary_loss(model)), wanted(logits, PADDING))


@pytest.mark.parametrize("make", [lambda: mixture(shared=False), lambda: mixture(shared=True), nested])
@pytest.mark.parametrize("padding", [None, PADDING], ids=["all real", "padded"])
def test_generated_code_wants_the_same(make: Callable[[], Document], padding: Tensor | None) -> None:
    ours, module = shaken(builder.compile_document(make())), as_module(make())
    theirs = module.build_model()
    theirs.load_state_dict(ours.state_dict())
    for _ in range(2):
        for model in (ours, theirs):
            model(tokens=TOKENS, padding=padding)

        losses = [m.auxiliary_loss() for m in theirs.modules() if isinstance(m, module.Router)]
        torch.testing.assert_close(sum(losses), auxiliary_loss(with_auxiliary_loss(ours)))


def test_generated_code_can_be_copied_in_the_middle_of_training() -> None:
    module = as_module(mixture(shared=True))
    model = module.build_model()
    model(tokens=TOKENS)

    twin = copy.deepcopy(model)

    (router,) = (m for m in twin.modules() if isinstance(m, module.Router))
    assert router.auxiliary_loss() is None
    assert router.calls == LAYERS


def test_padding_can_be_left_out_of_the_drawing() -> None:
    document = mixture(shared=False)
    block = document.definitions["moe_block"]
    wires = [wire for wire in block.wires if (wire.target.node, wire.target.port) == ("router", "padding")]
    model = shaken(builder.compile_document(document.with_definition(block.without_wires(wires))))

    with heard(model) as logits:
        model(tokens=TOKENS, padding=PADDING)

    assert len(wires) == 1
    torch.testing.assert_close(auxiliary_loss(with_auxiliary_loss(model)), wanted(logits, None))


def test_writing_text_keeps_nothing() -> None:
    model = shaken(builder.compile_document(mixture(shared=True))).eval()

    engine.generation.generate(model, TOKENS[:1, :2], max_new_tokens=4)

    assert auxiliary_loss(with_auxiliary_loss(model)) is None
    assert expert_use(model) == {}


def test_a_model_in_training_is_traced_without_a_trace() -> None:
    for model in (builder.compile_document(mixture(shared=True)), as_module(mixture(shared=True)).build_model()):
        assert isinstance(model, nn.Module)
        program = torch.export.export(model, (), {"tokens": TOKENS, "padding": PADDING})

        assert [m.auxiliary_loss() for m in with_auxiliary_loss(model)] == [None]
        got = program.module()(tokens=TOKENS, padding=PADDING)
        torch.testing.assert_close(got, model(tokens=TOKENS, padding=PADDING))


def test_a_node_may_be_called_as_what_a_router_has() -> None:
    document = mixture(shared=True)
    for old, new in (("attn", "auxiliary_loss"), ("ffn_norm", "calls"), ("attn_norm", "expert_use")):
        document = Rename(node=old, new=new, at="moe_block").apply(document)
    model = builder.compile_document(document)

    model(tokens=TOKENS)

    assert auxiliary_loss(with_auxiliary_loss(model)) is not None
    assert len(expert_use(model)) == EXPERTS
