"""Beam search: several ways to go on are followed at once, and the one that is likeliest as a whole is taken."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.generation.readers import Reader


class BeamSearch:
    """Writes the likeliest text it finds.

    A text's score is the sum of its tokens' log probabilities, divided by its length to the power of
    `length_penalty`; the length counts what is written, its `stop` included.

    Source: Wu et al., "Google's Neural Machine Translation System", arXiv:1609.08144, section 7, with the simpler
    penalty that is usual now.

    Args:
        beams: How many texts are followed for each row.
        length_penalty: 0 scores by the sum alone; larger values favour longer texts.
        max_new_tokens: How many tokens to write at most.
        stop: Token that ends a text.
        max_len: Positions the model knows. It sees the last ones.
    """

    def __init__(
        self,
        *,
        beams: int,
        length_penalty: float = 1.0,
        max_new_tokens: int = 50,
        stop: int | None = None,
        max_len: int | None = None,
    ) -> None:
        self.beams = beams
        self.length_penalty = length_penalty
        self.max_new_tokens = max_new_tokens
        self.stop = stop
        self.max_len = max_len

    @torch.no_grad()
    def __call__(self, reader: Reader, ids: Tensor) -> Tensor:
        """Write after `ids`.

        Args:
            reader: Gives logits, and goes on with other rows when it is told to.
            ids: What is there already, (B, T).

        Returns:
            For each row the best text that was found, (B, T + new), filled up with `stop`.
        """
        rows, start = ids.shape
        best = [_Best() for _ in range(rows)]
        scores = ids.new_zeros(rows, 1, dtype=torch.float32)  # (B, beams), one beam at first
        for written in range(1, self.max_new_tokens + 1):
            seen = ids if self.max_len is None else ids[:, -self.max_len :]
            expected = reader(seen)[:, -1].float().log_softmax(dim=-1)  # (B * beams, V)
            ids, scores, alive, parents = self._grow(ids, scores, expected, rows)
            for row, beam in (~alive).nonzero().tolist():
                best[row].offer(self._score(scores[row, beam], written), ids[row * alive.shape[1] + beam])
            scores = scores.masked_fill(~alive, float("-inf"))
            ids, scores, parents = self._keep(ids, scores, parents, rows)
            if all(self._is_done(best[row], scores[row], written) for row in range(rows)):
                break
            reader.reorder(parents)
        return self._result(best, ids, scores, ids.shape[1] - start)

    def _grow(self, ids: Tensor, scores: Tensor, expected: Tensor, rows: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The likeliest ways to go on by one token, twice as many as beams, so that enough are left when all end."""
        vocabulary = expected.shape[-1]
        totals = (scores.view(-1, 1) + expected).view(rows, -1)  # (B, beams * V)
        scores, places = totals.topk(min(2 * self.beams, totals.shape[1]))  # (B, W)
        first = torch.arange(rows, device=ids.device).unsqueeze(1) * (totals.shape[1] // vocabulary)  # (B, 1)
        parents = (first + places // vocabulary).flatten()  # (B * W,)
        fresh = (places % vocabulary).view(-1, 1)  # (B * W, 1)
        ids = torch.cat([ids.index_select(0, parents), fresh], dim=1)  # (B * W, T + 1)
        ended = (
            torch.zeros_like(scores, dtype=torch.bool) if self.stop is None else (fresh == self.stop).view_as(scores)
        )
        return ids, scores, ~ended, parents

    def _keep(self, ids: Tensor, scores: Tensor, parents: Tensor, rows: int) -> tuple[Tensor, Tensor, Tensor]:
        """The beams to go on with, of those grown."""
        width = scores.shape[1]
        scores, places = scores.topk(min(self.beams, width))  # (B, beams)
        chosen = (torch.arange(rows, device=ids.device).unsqueeze(1) * width + places).flatten()  # (B * beams,)
        return ids.index_select(0, chosen), scores, parents.index_select(0, chosen)

    def _score(self, total: Tensor, length: int) -> float:
        return float(total) / length**self.length_penalty

    def _is_done(self, best: _Best, scores: Tensor, written: int) -> bool:
        """Whether no beam of a row can still beat what has ended: log probabilities only fall."""
        if best.ids is None:
            return False
        longest = self.max_new_tokens if self.length_penalty > 0 else written + 1
        return best.score >= self._score(scores.max(), longest)

    def _result(self, best: list[_Best], ids: Tensor, scores: Tensor, written: int) -> Tensor:
        for row, found in enumerate(best):
            if found.ids is not None and written < self.max_new_tokens:
                continue
            beam = int(scores[row].argmax())
            found.offer(self._score(scores[row, beam], written), ids[row * scores.shape[1] + beam])
        texts = [found.ids for found in best if found.ids is not None]
        length = max(len(text) for text in texts)
        filled = ids.new_full((len(texts), length), 0 if self.stop is None else self.stop)
        for row, text in enumerate(texts):
            filled[row, : len(text)] = text
        return filled


class _Best:
    """The best text of a row so far. State: `score` and `ids`."""

    def __init__(self) -> None:
        self.score = float("-inf")
        self.ids: Tensor | None = None

    def offer(self, score: float, ids: Tensor) -> None:
        """Take a text if it is better."""
        if self.ids is None or score > self.score:
            self.score, self.ids = score, ids
