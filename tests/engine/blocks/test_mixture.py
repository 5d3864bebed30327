"""Experts against transformers' Mixtral, and what the router wants besides."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from transformers import MixtralConfig
from transformers.models.mixtral.modeling_mixtral import MixtralSparseMoeBlock, load_balancing_loss_func

from engine.blocks.mixture import Experts, ExpertsConfig, Router, RouterConfig
from engine.errors import SettingError
from engine.losses import count_calls

E, D, F = 5, 6, 7


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def pair(top_k: int = 2) -> tuple[Router, Experts]:
    router = Router(RouterConfig(d_model=D, n_experts=E, top_k=top_k, balance=0.5))
    experts = Experts(ExpertsConfig(d_model=D, d_ff=F, n_experts=E))
    with torch.no_grad():
        router.weight.copy_(noise(E, D))
    return router, experts


def mixtral(router: Router, experts: Experts, top_k: int) -> MixtralSparseMoeBlock:
    """The same mixture, as transformers has it."""
    config = MixtralConfig(hidden_size=D, intermediate_size=F, num_local_experts=E, num_experts_per_tok=top_k)
    theirs = MixtralSparseMoeBlock(config)
    assert experts.gate_proj is not None
    with torch.no_grad():
        theirs.gate.weight.copy_(router.weight)
        theirs.experts.gate_up_proj.copy_(torch.cat((experts.gate_proj, experts.up_proj), dim=1))
        theirs.experts.down_proj.copy_(experts.down_proj)
    return theirs


@pytest.mark.parametrize("top_k", [1, 2, E])
def test_a_mixture_is_that_of_mixtral(top_k: int) -> None:
    router, experts = pair(top_k)
    x = noise(2, 9, D, seed=1)

    y = experts(x, router(x))

    torch.testing.assert_close(y, mixtral(router, experts, top_k)(x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("gated", [True, False])
def test_all_experts_for_every_token_give_the_same_as_the_chosen_ones(gated: bool) -> None:
    router, _ = pair()
    experts = Experts(ExpertsConfig(d_model=D, d_ff=F, n_experts=E, gated=gated, activation="gelu"))
    x = noise(2, 9, D, seed=1)

    torch.testing.assert_close(experts(x, router(x)), experts.all_of_them(x, router(x)), rtol=0, atol=1e-6)


def test_shares_of_the_chosen_experts_sum_to_one() -> None:
    router, _ = pair()

    weights = router(noise(2, 9, D))

    assert ((weights > 0).sum(-1) == 2).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 9))


def test_the_loss_of_balance_is_that_of_mixtral() -> None:
    router, _ = pair()
    x = noise(2, 9, D, seed=1)
    router(x)

    loss = router.auxiliary_loss()

    theirs = load_balancing_loss_func((x.flatten(0, 1) @ router.weight.T,), E, 2)
    assert loss is not None
    torch.testing.assert_close(loss, 0.5 * theirs)


PADDING = torch.tensor([[True] * 9, [True] * 4 + [False] * 5])


def test_padding_counts_in_the_loss_as_little_as_in_that_of_mixtral() -> None:
    router, _ = pair()
    x = noise(2, 9, D, seed=1)
    router(x, PADDING)

    loss = router.auxiliary_loss()

    theirs = load_balancing_loss_func((x.flatten(0, 1) @ router.weight.T,), E, 2, PADDING.long())
    assert loss is not None
    torch.testing.assert_close(loss, 0.5 * theirs)


def test_padding_changes_neither_the_loss_nor_the_use_nor_any_choice() -> None:
    router, _ = pair()
    x = noise(2, 9, D, seed=1)
    weights = router(x, PADDING)
    padded = router.auxiliary_loss(), router.expert_use(), router.watch("use", x, PADDING)

    alone = router(x[PADDING][None])  # the real tokens and no others

    use = router.expert_use()
    torch.testing.assert_close(padded, (router.auxiliary_loss(), use, use))
    assert torch.equal(weights[PADDING][None], alone)
    assert torch.equal(weights, router(x))


def test_a_batch_of_padding_alone_wants_nothing_and_is_no_error() -> None:
    router, _ = pair()
    router(noise(2, 9, D), torch.zeros(2, 9, dtype=torch.bool))

    loss, use = router.auxiliary_loss(), router.expert_use()

    assert loss is not None
    assert loss.item() == 0.0
    assert use is not None
    assert use.tolist() == [0.0] * E


def test_all_calls_of_one_forward_count_and_none_of_the_one_before() -> None:
    router, _ = pair()
    count_calls(nn.ModuleList([router]), 3)
    steps = [[noise(2, 9, D, seed=step * 3 + call) for call in range(3)] for step in range(2)]

    for step in steps:
        losses, uses = [], []
        for x in step:
            router(x, PADDING)
            losses.append(load_balancing_loss_func((x.flatten(0, 1) @ router.weight.T,), E, 2, PADDING.long()))
            uses.append(router.watch("use", x, PADDING))
        torch.testing.assert_close(router.auxiliary_loss(), 0.5 * sum(losses))
        torch.testing.assert_close(router.expert_use(), sum(uses) / 3)


def test_forwards_that_only_answer_keep_nothing() -> None:
    router, _ = pair()
    count_calls(nn.ModuleList([router]), 3)
    for seed in range(3):
        router(noise(2, 9, D, seed=seed))
    wanted = router.auxiliary_loss()
    router.eval()

    for _ in range(10):
        router(noise(2, 1, D, seed=9))

    torch.testing.assert_close(router.auxiliary_loss(), wanted, rtol=0, atol=0)


@pytest.mark.parametrize("strict", [True, False])
def test_a_traced_router_keeps_nothing(strict: bool) -> None:
    router, _ = pair()
    x = noise(2, 9, D)

    program = torch.export.export(router, (x, PADDING), strict=strict)

    assert router.auxiliary_loss() is None
    assert torch.equal(program.module()(x, PADDING), router(x, PADDING))


def test_the_loss_of_balance_is_least_where_all_experts_are_as_busy() -> None:
    router = Router(RouterConfig(d_model=E, n_experts=E, top_k=1, balance=1.0))
    with torch.no_grad():
        router.weight.copy_(9 * torch.eye(E))
    losses = []
    for tokens in (torch.eye(E), torch.eye(E)[[0] * E]):
        router(tokens[None])
        loss = router.auxiliary_loss()
        assert loss is not None
        losses.append(loss.item())

    assert losses[0] == pytest.approx(1.0)
    assert losses[1] == pytest.approx(E, rel=0.01)


def test_how_busy_experts_are_can_be_watched() -> None:
    router, _ = pair()
    x = noise(2, 9, D, seed=1)

    use = router.watch("use", x)

    expected = (router(x) > 0).flatten(0, 1).float().mean(0)
    torch.testing.assert_close(use, expected)
    torch.testing.assert_close(router.expert_use(), expected)


def test_a_router_that_only_answers_wants_nothing() -> None:
    router, _ = pair()
    router.eval()(noise(1, 2, D))

    assert router.auxiliary_loss() is None
    assert router.expert_use() is None


def test_a_router_can_be_copied_in_the_middle_of_training() -> None:
    router, _ = pair()
    router(noise(1, 2, D))

    twin = copy.deepcopy(router)

    assert twin.auxiliary_loss() is None
    assert torch.equal(twin.weight, router.weight)


def test_more_experts_than_there_are_cannot_be_chosen() -> None:
    with pytest.raises(SettingError, match=r"top_k is 9, but there are 4 experts.*Set top_k to 4"):
        RouterConfig(n_experts=4, top_k=9)
