"""Drawing a token among the likeliest, compared with counts and sums by hand."""

from __future__ import annotations

import torch

from engine.generation import Decoding
from engine.generation.decoding import nucleus


def test_a_nucleus_is_the_fewest_tokens_that_reach_the_share() -> None:
    chances = torch.tensor([[0.1, 0.5, 0.15, 0.25], [0.97, 0.01, 0.01, 0.01]])

    kept = nucleus(chances, 0.7)

    assert kept.tolist() == torch.tensor([[0.0, 0.5, 0.0, 0.25], [0.97, 0.0, 0.0, 0.0]]).tolist()


def test_a_nucleus_of_nothing_is_the_likeliest_token() -> None:
    logits = torch.tensor([[0.0, 3.0, 1.0]]).expand(50, 3)

    drawn = Decoding(temperature=1.0, top_p=0.0).draw(logits)

    assert drawn.flatten().tolist() == [1] * 50


def test_a_nucleus_of_all_draws_as_the_model_expects() -> None:
    logits = torch.tensor([[0.0, 1.0, 2.0]]).expand(20000, 3)
    decoding = Decoding(temperature=1.0, top_p=1.0, generator=torch.Generator().manual_seed(0))

    shares = decoding.draw(logits).flatten().bincount() / 20000

    assert torch.allclose(shares, torch.tensor([0.0, 1.0, 2.0]).softmax(0), atol=0.01)


def test_top_p_counts_among_the_tokens_that_top_k_leaves() -> None:
    logits = torch.tensor([[0.4, 0.35, 0.15, 0.1]]).log().expand(300, 4)  # of the first two the first has 0.53

    drawn = Decoding(temperature=1.0, top_k=2, top_p=0.5).draw(logits)

    assert set(drawn.flatten().tolist()) == {0}
