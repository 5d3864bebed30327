"""Writing with a model: one token after another, each drawn from what the model expects next.

This file imports only torch, because every exported model carries a copy of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import torch
from torch import Tensor, nn


def generate(
    model: nn.Module,
    ids: Tensor,
    *,
    max_new_tokens: int = 50,
    temperature: float = 0.0,
    top_k: int | None = None,
    start: int | None = None,
    stop: int | None = None,
    max_len: int | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Let the model go on from `ids`, or answer them if it is an encoder-decoder.

    Args:
        model: Called by `tokens`, or by `source` and `target`; gives logits (B, T, V).
        ids: Start of the text, or the source, int64, (B, T).
        max_new_tokens: How many tokens to write at most.
        temperature: 0 takes the likeliest token; 1 draws as the model expects; above, wilder.
        top_k: Draw only among the k likeliest.
        start: First token of every answer; an encoder-decoder needs it.
        stop: Token that ends a row; the row is filled up with it.
        max_len: Positions the model knows, found by itself if not given. The model sees the last ones.
        generator: Source of chance.

    Returns:
        `ids` and what follows, (B, T + new); from an encoder-decoder the answer with `start` before it.

    Raises:
        ValueError: If an encoder-decoder gets no `start`.
    """
    decoding = Decoding(
        max_new_tokens=max_new_tokens, temperature=temperature, top_k=top_k, stop=stop,
        max_len=max_len or longest_input(model), generator=generator,
    )  # fmt: skip
    was_training = model.training
    model.eval()
    try:
        if not is_encoder_decoder(model):
            return decoding(lambda tokens: _logits(model(tokens=tokens)), ids)
        if start is None:
            raise ValueError("An encoder-decoder needs its first token: give `start`, the id of it.")
        first = ids.new_full((ids.shape[0], 1), start)  # (B, 1)
        return decoding(lambda target: _logits(model(source=ids, target=target)), first)
    finally:
        model.train(was_training)


def is_encoder_decoder(model: nn.Module) -> bool:
    """Whether the model reads a source and writes a target."""
    return {"source", "target"} <= inspect.signature(model.forward).parameters.keys()


def longest_input(model: nn.Module) -> int | None:
    """How many positions the model can take, or `None` if any number."""
    configs = (getattr(module, "config", module) for module in model.modules())
    lengths = [getattr(config, "max_len", None) for config in configs]
    return min((n for n in lengths if isinstance(n, int)), default=None)


def _logits(output: Tensor | dict[str, Tensor]) -> Tensor:
    return output["logits"] if isinstance(output, dict) else output


class Decoding:
    """How to write; call it with a model's logits. The arguments are those of `generate`."""

    def __init__(
        self,
        *,
        max_new_tokens: int = 50,
        temperature: float = 0.0,
        top_k: int | None = None,
        stop: int | None = None,
        max_len: int | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        self.max_new_tokens = max_new_tokens
        self.temperature = temperature
        self.top_k = top_k
        self.stop = stop
        self.max_len = max_len
        self.generator = generator

    @torch.no_grad()
    def __call__(self, logits_of: Callable[[Tensor], Tensor], ids: Tensor) -> Tensor:
        """Write after `ids`.

        Args:
            logits_of: Gives logits (B, T, V) for ids (B, T).
            ids: What is there already, (B, T), T at least 1.

        Returns:
            All of it, (B, T + new).
        """
        ended = torch.zeros_like(ids[:, :1], dtype=torch.bool)  # (B, 1)
        for _ in range(self.max_new_tokens):
            seen = ids if self.max_len is None else ids[:, -self.max_len :]
            fresh = self.draw(logits_of(seen)[:, -1])  # (B, 1)
            if self.stop is not None:
                fresh = fresh.masked_fill(ended, self.stop)
                ended = ended | (fresh == self.stop)
            ids = torch.cat([ids, fresh], dim=1)  # (B, T + 1)
            if bool(ended.all()):
                break
        return ids

    def draw(self, logits: Tensor) -> Tensor:
        """Choose the next token of each row, (B, V) to (B, 1)."""
        if self.temperature == 0:
            return logits.argmax(dim=-1, keepdim=True)
        if self.top_k is not None:
            least = logits.topk(min(self.top_k, logits.shape[-1])).values[:, -1:]  # (B, 1)
            logits = logits.masked_fill(logits < least, float("-inf"))
        chances = (logits / self.temperature).softmax(dim=-1)
        return torch.multinomial(chances, num_samples=1, generator=self.generator)
