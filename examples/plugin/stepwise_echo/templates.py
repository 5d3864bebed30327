"""A GPT whose first layer sees the token before each token without attention."""

from __future__ import annotations

import stepwise_echo.blocks  # noqa: F401  (declares the block)
from builder.assemble import Sketch
from builder.document import Definition
from builder.templates import Template, add


def shifted_gpt() -> Definition:
    """The root of the model."""
    d = Sketch("model", "Model")
    d.symbols(vocab_size=32, max_len=32, d_model=64, n_heads=4, n_layers=2, d_ff="4*d_model", dropout=0.0)
    d.input("tokens", "B T", (0, 0), "ids")
    d.add("tok_emb", "token_embedding", {"tokens": "tokens"}, (1, 0), vocab_size="vocab_size", d_model="d_model")
    d.add("shift", "token_shift", "tok_emb", (2, 0), d_model="d_model")
    d.add("pos_emb", "learned_positions", "shift", (3, 0), d_model="d_model", max_len="max_len")
    sizes = {name: name for name in ("d_model", "n_heads", "d_ff", "dropout")}
    d.add("blocks", "gpt_block", "pos_emb", (4, 0), repeat="n_layers", **sizes)
    d.add("norm", "layer_norm", "blocks", (5, 0), d_model="d_model")
    d.add("lm_head", "lm_head", "norm", (6, 0), d_model="d_model", vocab_size="vocab_size")
    d.output("logits", "lm_head.logits", "B T vocab_size", (7, 0), "logits")
    return d.done()


add(
    Template(
        name="shifted_gpt",
        title="Shifted GPT",
        about="A GPT that mixes each token with the one before it, from an example plugin.",
        paper="Peng et al., “RWKV: Reinventing RNNs for the Transformer Era”, arXiv:2305.13048",
        make=shifted_gpt,
    )
)
