"""Experts against transformers' Mixtral, and what the router wants besides."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor
from transformers import MixtralConfig
from transformers.models.mixtral.modeling_mixtral import MixtralSparseMoeBlock, load_balancing_loss_func

from engine.blocks.mixture import Experts, ExpertsConfig, Router, RouterConfig
from engine.errors import SettingError

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
