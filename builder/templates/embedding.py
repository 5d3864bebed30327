"""How models read tokens, and the sizes that their blocks are given."""

from __future__ import annotations

from collections.abc import Mapping

from builder.assemble import Sketch

IDS, LOGITS = "B T", "B T vocab_size"
BLOCK: Mapping[str, str] = {name: name for name in ("d_model", "n_heads", "d_ff", "dropout")}
VOCABULARY: Mapping[str, str] = {"vocab_size": "vocab_size", "d_model": "d_model"}


def embed(d: Sketch, source: str, prefix: str, positions: str, row: int, *, scale: bool) -> str:
    """Tokens and positions of one input, with dropout; returns the id of the last node."""
    token, position, drop = f"{prefix}_emb", f"{prefix}_pos", f"{prefix}_drop"
    if prefix == "tok":
        position, drop = "pos_emb", "emb_drop"
    d.add(token, "token_embedding", {"tokens": source}, (1, row), **VOCABULARY, scale=scale)
    d.add(position, f"{positions}_positions", token, (2, row), d_model="d_model", max_len="max_len")
    d.add(drop, "dropout", position, (3, row), p="dropout")
    return drop


def lm_head(d: Sketch, source: str, at: tuple[float, float]) -> None:
    """A head that scores every token, and the output of the model."""
    d.add("lm_head", "lm_head", source, at, d_model="d_model", vocab_size="vocab_size")
    d.output("logits", "lm_head.logits", LOGITS, (at[0] + 1, at[1]), "logits")
