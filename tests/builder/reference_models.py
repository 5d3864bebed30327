"""The models of the gallery written by hand, the usual way: torch's own layers, or a decoder as in nanoGPT.

Each takes the weights of a compiled model by an explicit table of names, and shares no code with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

State = Mapping[str, Tensor]


class HandGPTBlock(nn.Module):
    """A layer of GPT-2, with queries, keys and values from one matrix."""

    def __init__(self, d_model: int, n_heads: int, d_ff: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.ln_1, self.ln_2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.c_attn, self.c_proj = nn.Linear(d_model, 3 * d_model), nn.Linear(d_model, d_model)
        self.c_fc, self.c_out = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) to (B, T, D)."""
        B, T, D = x.shape
        parts = self.c_attn(self.ln_1(x)).split(D, dim=2)
        q, k, v = (p.view(B, T, self.n_heads, D // self.n_heads).transpose(1, 2) for p in parts)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # (B, H, T, K)
        x = x + self.c_proj(y.transpose(1, 2).contiguous().view(B, T, D))
        return x + self.c_out(F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh"))


class HandGPT(nn.Module):
    """GPT-2 as in nanoGPT."""

    def __init__(self, *, vocab_size: int, max_len: int, d_model: int, n_heads: int, n_layers: int, d_ff: int) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocab_size, d_model), nn.Embedding(max_len, d_model)
        self.h = nn.ModuleList(HandGPTBlock(d_model, n_heads, d_ff) for _ in range(n_layers))
        self.ln_f = nn.LayerNorm(d_model)
        self.lm_head = nn.Linear(d_model, vocab_size, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) to (B, T, V)."""
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1], device=tokens.device))
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))

    def take(self, state: State) -> HandGPT:
        """Copy the weights of a compiled `gpt2`."""
        mine = {"wte.weight": state["tok_emb.weight"], "wpe.weight": state["pos_emb.weight"]}
        mine |= {"lm_head.weight": state["lm_head.weight"]}
        mine |= renamed(state, {"ln_f": "ln_f"})
        for i in range(len(self.h)):
            theirs, ours = f"blocks.{i}", f"h.{i}"
            mine |= renamed(state, {f"{theirs}.attn_norm": f"{ours}.ln_1", f"{theirs}.ffn_norm": f"{ours}.ln_2"})
            mine |= renamed(state, {f"{theirs}.attn.out_proj": f"{ours}.c_proj"})
            mine |= renamed(state, {f"{theirs}.ffn.up": f"{ours}.c_fc", f"{theirs}.ffn.down": f"{ours}.c_out"})
            mine |= {f"{ours}.c_attn.{leaf}": packed(state, f"{theirs}.attn", leaf) for leaf in ("weight", "bias")}
        self.load_state_dict(mine)
        return self


class HandTransformer(nn.Module):
    """The original encoder-decoder from `torch.nn.TransformerEncoderLayer` and `…DecoderLayer`."""

    def __init__(self, *, vocab_size: int, d_model: int, n_heads: int, n_layers: int, d_ff: int) -> None:
        super().__init__()
        how = {"dropout": 0.0, "activation": "relu", "batch_first": True, "norm_first": False}
        self.embed = nn.Embedding(vocab_size, d_model)
        self.encoder = nn.ModuleList(nn.TransformerEncoderLayer(d_model, n_heads, d_ff, **how) for _ in range(n_layers))
        self.decoder = nn.ModuleList(nn.TransformerDecoderLayer(d_model, n_heads, d_ff, **how) for _ in range(n_layers))

    def forward(
        self,
        source: Tensor,
        target: Tensor,
        source_padding: Tensor | None = None,
        padding: Tensor | None = None,
    ) -> Tensor:
        """(B, S), (B, T) and their masks, True where real, to (B, T, V)."""
        unreal = None if source_padding is None else ~source_padding
        later = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1)
        memory, x = self._read(source), self._read(target)
        for layer in self.encoder:
            memory = layer(memory, src_key_padding_mask=unreal)
        for layer in self.decoder:
            x = layer(
                x, memory, tgt_mask=later, memory_key_padding_mask=unreal,
                tgt_key_padding_mask=None if padding is None else ~padding,
            )  # fmt: skip
        return x @ self.embed.weight.T

    def _read(self, ids: Tensor) -> Tensor:
        width = self.embed.embedding_dim
        return self.embed(ids) * math.sqrt(width) + torch.tensor(
            [[_wave(t, i, width) for i in range(width)] for t in range(ids.shape[1])]
        )

    def take(self, state: State) -> HandTransformer:
        """Copy the weights of a compiled `transformer`."""
        mine = {"embed.weight": state["source_emb.weight"]}
        for i in range(len(self.encoder)):
            mine |= encoder_weights(state, f"encoder.{i}", f"encoder.{i}")
            mine |= decoder_weights(state, f"decoder.{i}", f"decoder.{i}")
        self.load_state_dict(mine)
        return self


def _wave(position: int, column: int, width: int) -> float:
    """One entry of the table of arXiv:1706.03762, section 3.5."""
    angle = position / 10_000 ** ((column - column % 2) / width)
    return math.cos(angle) if column % 2 else math.sin(angle)


class HandClassifier(nn.Module):
    """An encoder with mean pooling from `torch.nn.TransformerEncoderLayer`."""

    def __init__(
        self, *, vocab_size: int, max_len: int, d_model: int, n_heads: int, n_layers: int, d_ff: int, n_classes: int
    ) -> None:
        super().__init__()
        how = {"dropout": 0.0, "activation": "gelu", "batch_first": True}
        self.embed, self.place = nn.Embedding(vocab_size, d_model), nn.Embedding(max_len, d_model)
        self.layers = nn.ModuleList(nn.TransformerEncoderLayer(d_model, n_heads, d_ff, **how) for _ in range(n_layers))
        self.head = nn.Linear(d_model, n_classes)

    def forward(self, tokens: Tensor, padding: Tensor | None = None) -> Tensor:
        """(B, T) and its mask, True where real, to (B, C)."""
        x = self.embed(tokens) + self.place(torch.arange(tokens.shape[1]))
        real = torch.ones_like(tokens, dtype=torch.bool) if padding is None else padding
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=~real)
        return self.head(torch.stack([row[keep].mean(0) for row, keep in zip(x, real, strict=True)]))

    def take(self, state: State) -> HandClassifier:
        """Copy the weights of a compiled `classifier`."""
        mine = {"embed.weight": state["tok_emb.weight"], "place.weight": state["pos_emb.weight"]}
        mine |= renamed(state, {"head": "head"})
        for i in range(len(self.layers)):
            mine |= encoder_weights(state, f"blocks.{i}", f"layers.{i}")
        self.load_state_dict(mine)
        return self


def renamed(state: State, table: Mapping[str, str]) -> dict[str, Tensor]:
    """Weight and bias of each module of `table`, under its other name."""
    leaves = ("weight", "bias")
    return {f"{new}.{leaf}": state[f"{old}.{leaf}"] for old, new in table.items() for leaf in leaves}


def packed(state: State, path: str, leaf: str) -> Tensor:
    """The projections of queries, keys and values, one below the other."""
    return torch.cat([state[f"{path}.{letter}_proj.{leaf}"] for letter in "qkv"])


def attention_weights(state: State, path: str, mine: str) -> dict[str, Tensor]:
    """Weights of an attention composite as `nn.MultiheadAttention` calls them."""
    return {
        f"{mine}.in_proj_weight": packed(state, path, "weight"),
        f"{mine}.in_proj_bias": packed(state, path, "bias"),
        **renamed(state, {f"{path}.out_proj": f"{mine}.out_proj"}),
    }


def encoder_weights(state: State, path: str, mine: str) -> dict[str, Tensor]:
    """Weights of an encoder block as `nn.TransformerEncoderLayer` calls them; `path` and `mine` may be empty."""
    path, mine = (f"{p}." if p else "" for p in (path, mine))
    table = {
        f"{path}attn_norm": f"{mine}norm1",
        f"{path}ffn_norm": f"{mine}norm2",
        f"{path}ffn.up": f"{mine}linear1",
        f"{path}ffn.down": f"{mine}linear2",
    }
    return attention_weights(state, f"{path}attn", f"{mine}self_attn") | renamed(state, table)


def decoder_weights(state: State, path: str, mine: str) -> dict[str, Tensor]:
    """Weights of a decoder block as `nn.TransformerDecoderLayer` calls them; `path` and `mine` may be empty."""
    found = encoder_weights(state, path, mine)
    path, mine = (f"{p}." if p else "" for p in (path, mine))
    found |= attention_weights(state, f"{path}cross", f"{mine}multihead_attn")
    return found | renamed(state, {f"{path}cross_norm": f"{mine}norm2", f"{path}ffn_norm": f"{mine}norm3"})
