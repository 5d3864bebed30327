"""Beam search, compared with trying every text."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor, nn

from engine.errors import RunError
from engine.generation import BeamSearch, Whole, generate

STOP, LENGTH, VOCABULARY = 0, 4, 4


class Table(nn.Module):
    """Expects the next token by the last two, from a table of random logits."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        chance = torch.Generator().manual_seed(seed)
        self.table = nn.Parameter(2 * torch.randn(VOCABULARY, VOCABULARY, VOCABULARY, generator=chance))

    def forward(self, tokens: Tensor) -> Tensor:
        """Ids (B, T) to logits (B, T, V)."""
        before = torch.cat([tokens[:, :1], tokens[:, :-1]], 1)
        return self.table[before, tokens]


def likeliest(model: Table, start: int, penalty: float) -> list[int]:
    """The best of all texts that end with STOP or are LENGTH tokens long, by trying each."""
    best, found = float("-inf"), []
    expected = model.table.detach().log_softmax(-1)
    for text in product(range(VOCABULARY), repeat=LENGTH):
        written = list(text[: text.index(STOP) + 1]) if STOP in text else list(text)
        ids = [start, start, *written]
        total = sum(float(expected[a, b, c]) for a, b, c in zip(ids, ids[1:], ids[2:], strict=False))
        if total / len(written) ** penalty > best:
            best, found = total / len(written) ** penalty, written
    return found


@pytest.mark.parametrize("penalty", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("seed", range(5))
def test_enough_beams_find_the_likeliest_of_all_texts(seed: int, penalty: float) -> None:
    model = Table(seed)
    starts = [1, 2, 3]

    ids = generate(
        model, torch.tensor(starts).unsqueeze(1), max_new_tokens=LENGTH, beams=VOCABULARY**LENGTH, stop=STOP,
        length_penalty=penalty,
    )  # fmt: skip

    for row, start in zip(ids.tolist(), starts, strict=True):
        wanted = likeliest(model, start, penalty)
        assert row[1 : 1 + len(wanted)] == wanted
        assert set(row[1 + len(wanted) :]) <= {STOP}


def test_a_few_beams_find_a_likelier_text_than_greed() -> None:
    steps = torch.full((3, 3), -20.0)
    steps[0] = torch.tensor([-20.0, 0.1, 0.0])  # 1 is a little likelier, but nothing certain follows it
    steps[1] = torch.tensor([0.0, 0.0, 0.0])
    steps[2] = torch.tensor([-20.0, -20.0, 5.0])

    class Trap(nn.Module):
        def forward(self, tokens: Tensor) -> Tensor:
            return steps[tokens]

    start = torch.tensor([[0]])

    assert generate(Trap(), start, max_new_tokens=3).tolist()[0][1] == 1
    assert generate(Trap(), start, max_new_tokens=3, beams=2).tolist() == [[0, 2, 2, 2]]


def test_beams_do_not_mix_the_rows_of_a_batch() -> None:
    model = Table(3)
    together = generate(model, torch.tensor([[1], [2]]), max_new_tokens=5, beams=2)

    alone = [generate(model, torch.tensor([[i]]), max_new_tokens=5, beams=2)[0] for i in (1, 2)]

    assert torch.equal(together, torch.stack(alone))


def test_beam_search_does_not_draw() -> None:
    with pytest.raises(RunError, match="beams=1"):
        generate(Table(0), torch.tensor([[1]]), beams=2, temperature=1.0)


def test_one_beam_is_greedy() -> None:
    model = Table(1)
    ids = torch.tensor([[1], [3]])

    written = BeamSearch(beams=1, max_new_tokens=6)(Whole(model, "tokens", {}), ids)

    assert torch.equal(written, generate(model, ids, max_new_tokens=6))
