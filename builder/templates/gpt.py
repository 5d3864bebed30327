"""GPT-2: a decoder that continues text."""

from __future__ import annotations

from builder.assemble import Sketch
from builder.composites import REAL
from builder.document import Definition
from builder.templates.embedding import BLOCK, IDS, embed, lm_head
from builder.templates.gallery import Template, add
from engine.settings import Value

PAPER = "Radford et al., “Language Models are Unsupervised Multitask Learners”, 2019"
TIES = (("lm_head.weight", "tok_emb.weight"),)


def gpt2(
    n_layers: int = 4, d_model: int = 128, dropout: float = 0.1, vocab_size: int = 256, max_len: int = 256
) -> Definition:
    """The root of GPT-2; padding may stand before a text or after it."""
    d = _begun(n_layers=n_layers, d_model=d_model, dropout=dropout, vocab_size=vocab_size, max_len=max_len)
    d.input("padding?", IDS, (0, 1), "mask", REAL)
    last = embed(d, "tokens", "tok", "learned", 0, scale=False)
    sources = {"x": last, "padding": "padding"}
    d.add("blocks", "gpt_block", sources, (1, 1), repeat="n_layers", **BLOCK, mask="both")
    return _ended(d)


def tiny() -> Definition:
    """The root of a GPT that learns in seconds; its sizes are those of the task `reverse`.

    It is the first graph that a user sees, and as small as can be: padding after a text changes nothing for a decoder.
    """
    d = _begun(n_layers=2, d_model=64, dropout=0.0, vocab_size=29, max_len=21)
    last = embed(d, "tokens", "tok", "learned", 0, scale=False)
    d.add("blocks", "gpt_block", last, (1, 1), repeat="n_layers", **BLOCK)
    return _ended(d)


def _begun(**sizes: Value) -> Sketch:
    """Texts, symbols and tokens."""
    d = Sketch(
        "model",
        "Model",
        about="A decoder that continues text. To the vector of each token a learned one for its position is added. In "
        "each layer every position looks at itself and the ones before it, then works alone.",
        formula="x = W_E[tokens] + W_P;  x ← block(x) for each layer;  logits = head(norm(x))",
        paper=PAPER,
    )
    names = ("vocab_size", "max_len", "d_model", "n_heads", "n_layers", "d_ff", "dropout")
    sizes = {"n_heads": 4, "d_ff": "4*d_model", **sizes}
    d.symbols(**{name: sizes[name] for name in names})
    d.input("tokens", IDS, (0, 0), "ids")
    return d


def _ended(d: Sketch) -> Definition:
    """The last norm and the head."""
    d.add("ln_f", "layer_norm", "blocks", (2, 1), d_model="d_model")
    lm_head(d, "ln_f", (3, 1))
    return d.done()


def register() -> None:
    """Put the models of this file into the gallery."""
    add(
        Template(
            name="gpt2",
            title="GPT-2",
            about="A decoder that continues text: norm before each sublayer, learned positions, tied embeddings.",
            paper=PAPER,
            make=gpt2,
            ties=TIES,
        )
    )


def register_tiny() -> None:
    """Put the model that trains in seconds into the gallery."""
    add(
        Template(
            name="tiny",
            title="Tiny GPT",
            about="A GPT of two layers, which learns to turn words round while you watch.",
            paper=PAPER,
            make=tiny,
            ties=TIES,
            task="reverse",
        )
    )
