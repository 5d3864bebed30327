"""Writing with a model, compared with loops written out by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from engine.data import Interface
from engine.errors import RunError
from engine.generation import Decoding, generate, longest_input
from tests.engine.small_models import SmallLM, SmallSeq2Seq


class Next(nn.Module):
    """Expects of each token its successor modulo 5, and what comes after that a little less."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Ids (B, T) to logits (B, T, 5)."""
        after = nn.functional.one_hot((tokens + 1) % 5, 5).float()
        later = nn.functional.one_hot((tokens + 2) % 5, 5).float()
        return 10 * after + 8 * later


class Echo(nn.Module):
    """Answers a source by repeating it."""

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Ids (B, S) and (B, T) to logits (B, T, 9)."""
        wanted = source.gather(1, (torch.arange(target.shape[1]) % source.shape[1]).expand_as(target))
        return nn.functional.one_hot(wanted, 9).float()


def test_greedy_takes_the_likeliest_token_each_time() -> None:
    ids = generate(Next(), torch.tensor([[0], [3]]), max_new_tokens=4)

    assert ids.tolist() == [[0, 1, 2, 3, 4], [3, 4, 0, 1, 2]]


def test_greedy_with_a_real_model_equals_a_loop_by_hand() -> None:
    torch.manual_seed(0)
    model = SmallLM(max_len=6)
    ids = torch.tensor([[1, 2, 3], [4, 5, 6]])
    wanted = ids
    for _ in range(9):
        wanted = torch.cat([wanted, model(wanted[:, -6:])[:, -1:].argmax(-1)], 1)

    assert torch.equal(generate(model, ids, max_new_tokens=9), wanted)


def test_an_encoder_decoder_writes_from_its_start_token() -> None:
    ids = generate(Echo(), torch.tensor([[5, 6, 7]]), max_new_tokens=4, start=1)

    assert ids.tolist() == [[1, 5, 6, 7, 5]]


def test_an_encoder_decoder_without_a_start_token_is_refused() -> None:
    with pytest.raises(RunError, match="`start`"):
        generate(Echo(), torch.tensor([[5]]))


def test_a_model_without_logits_is_refused_with_what_it_has() -> None:
    class Unnamed(Next):
        def forward(self, tokens: Tensor) -> dict[str, Tensor]:  # type: ignore[override]
            """Two outputs, neither of which is the one."""
            return {"scores": super().forward(tokens), "hidden": tokens}

    with pytest.raises(RunError, match="outputs scores, hidden, but none is called `logits`"):
        generate(Unnamed(), torch.tensor([[0]]))


def test_a_row_that_has_stopped_is_filled_and_the_others_go_on() -> None:
    ids = generate(Next(), torch.tensor([[2], [0]]), max_new_tokens=10, stop=4)

    assert ids.tolist() == [[2, 3, 4, 4, 4], [0, 1, 2, 3, 4]]


def test_top_k_of_one_is_greedy_at_any_temperature() -> None:
    ids = generate(Next(), torch.tensor([[0]]), max_new_tokens=3, temperature=50.0, top_k=1)

    assert ids.tolist() == [[0, 1, 2, 3]]


def test_temperature_draws_as_the_model_expects() -> None:
    logits = torch.tensor([[0.0, 1.0, 2.0]]).expand(20000, 3)
    decoding = Decoding(temperature=0.5, generator=torch.Generator().manual_seed(0))

    shares = decoding.draw(logits).flatten().bincount() / 20000

    assert torch.allclose(shares, torch.tensor([0.0, 2.0, 4.0]).softmax(0), atol=0.01)


def test_the_same_seed_writes_the_same_text() -> None:
    def write() -> list[int]:
        chance = torch.Generator().manual_seed(7)
        return generate(Next(), torch.tensor([[0]]), temperature=2.0, generator=chance).tolist()[0]

    assert write() == write()
    assert write() != generate(Next(), torch.tensor([[0]])).tolist()[0]


def test_the_model_sees_only_as_much_as_it_has_positions_for() -> None:
    assert longest_input(SmallLM(max_len=6)) == 6
    assert longest_input(Next()) is None


def test_generate_leaves_the_model_in_the_mode_it_was_in() -> None:
    model = SmallLM().train()

    generate(model, torch.tensor([[1]]), max_new_tokens=2)

    assert model.training


def test_an_encoder_decoder_is_known_by_its_inputs() -> None:
    assert Interface.of(SmallSeq2Seq()).is_encoder_decoder
    assert not Interface.of(SmallLM()).is_encoder_decoder
