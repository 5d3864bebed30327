"""Writing with a model: text that goes on, or an answer to a source."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from engine.data.interface import Interface
from engine.errors import RunError
from engine.generation.beams import BeamSearch
from engine.generation.decoding import Decoding
from engine.generation.readers import Cached, Whole
from engine.modes import evaluating


def generate(
    model: nn.Module,
    ids: Tensor,
    *,
    max_new_tokens: int = 50,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    beams: int = 1,
    length_penalty: float = 1.0,
    start: int | None = None,
    stop: int | None = None,
    max_len: int | None = None,
    generator: torch.Generator | None = None,
    cached: bool = True,
    inputs: Mapping[str, Tensor] | None = None,
) -> Tensor:
    """Let the model go on from `ids`, or answer them if it is an encoder-decoder.

    Args:
        model: Called by `tokens`, or by `source` and `target`; gives logits (B, T, V).
        ids: Start of the text, or the source, int64, (B, T).
        max_new_tokens: How many tokens to write at most.
        temperature: 0 takes the likeliest token; 1 draws as the model expects; above, wilder.
        top_k: Draw only among the k likeliest.
        top_p: Draw only among the likeliest tokens that together have this probability, 0 … 1.
        beams: How many texts to follow at once for each row; more than 1 is beam search.
        length_penalty: With beams, what power of its length a text's log probability is divided by.
        start: First token of every answer; an encoder-decoder needs it.
        stop: Token that ends a row; the row is filled up with it.
        max_len: Positions the model knows, found by itself if not given. The model sees the last ones.
        generator: Source of chance.
        cached: Compute new positions only, where the model allows; the tokens are the same.
        inputs: More inputs, such as `source_padding`, (B, S).

    Returns:
        `ids` and what follows, (B, T + new); from an encoder-decoder the answer with `start` before it.

    Raises:
        RunError: If an encoder-decoder gets no `start`, beam search is to draw, or the model gives no logits.
    """
    decoding = Decoding(
        max_new_tokens=max_new_tokens, temperature=temperature, top_k=top_k, top_p=top_p, stop=stop,
        max_len=max_len or longest_input(model), generator=generator,
    )  # fmt: skip
    with evaluating(model):
        name, fixed, first = _inputs(model, ids, start)
        reader = (Cached if cached else Whole)(model, name, {**fixed, **(inputs or {})})
        return _way(decoding, beams, length_penalty)(reader, first)


def _inputs(model: nn.Module, ids: Tensor, start: int | None) -> tuple[str, dict[str, Tensor], Tensor]:
    """The input that grows, those that stay, and the first text."""
    if not Interface.of(model).is_encoder_decoder:
        return "tokens", {}, ids
    if start is None:
        raise RunError("An encoder-decoder needs its first token: give `start`, the id of it.")
    return "target", {"source": ids}, ids.new_full((ids.shape[0], 1), start)  # (B, 1)


def _way(decoding: Decoding, beams: int, length_penalty: float) -> Decoding | BeamSearch:
    """How to write: `decoding` itself, or as far with several texts at once."""
    if beams <= 1:
        return decoding
    if decoding.temperature or decoding.top_k is not None or decoding.top_p is not None:
        raise RunError("Beam search takes the likeliest text. Leave out temperature, top_k and top_p, or set beams=1.")
    return BeamSearch(
        beams=beams, length_penalty=length_penalty,
        max_new_tokens=decoding.max_new_tokens, stop=decoding.stop, max_len=decoding.max_len,
    )  # fmt: skip


def longest_input(model: nn.Module) -> int | None:
    """How many positions the model can take, or `None` if any number."""
    configs = (getattr(module, "config", module) for module in model.modules())
    lengths = [getattr(config, "max_len", None) for config in configs]
    return min((n for n in lengths if isinstance(n, int)), default=None)
