"""Whole models that come with the builder; each is a document like any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from builder.assemble import Sketch
from builder.composites import ATTENTION, LIBRARY, REAL
from builder.document import Definition, Document
from builder.layout import arrange
from builder.library import needed
from builder.values import scope
from engine.errors import UnknownNameError
from engine.registry import Registry, did_you_mean
from engine.settings import Value

IDS, LOGITS = "B T", "B T vocab_size"
_BLOCK = {name: name for name in ("d_model", "n_heads", "d_ff", "dropout")}


@dataclass(frozen=True, kw_only=True)
class Template:
    """A model of the gallery.

    Args:
        name: What `build` calls it.
        title: What the gallery calls it.
        about: What it is and what it is good for.
        paper: Where it comes from.
        make: Draws its root.
        ties: Parameters that are the same storage.
        task: The task it is made for; empty where several fit.
    """

    name: str
    title: str
    about: str
    paper: str
    make: Callable[[], Definition]
    ties: tuple[tuple[str, str], ...] = ()
    task: str = ""

    @property
    def symbols(self) -> dict[str, Value]:
        """What can be set, and its value if it is not."""
        return {symbol.name: symbol.value for symbol in self.make().symbols}


TEMPLATES: Registry[Template] = Registry("template")


def names() -> list[str]:
    """What `build` can build, in the order of the gallery."""
    return list(TEMPLATES)


def build(name: str, **symbols: Value) -> Document:
    """Make a document from a template.

    Args:
        name: One of `names()`.
        symbols: Values for its symbols, numbers or expressions: `d_model=64, d_ff="2*d_model"`.

    Raises:
        UnknownNameError: If there is no such template or symbol; the message has the closest name.
        SettingError: If a value has the wrong type or is out of range.
        ExpressionError: If an expression cannot be read.
    """
    template = TEMPLATES[name]
    root = _with_values(template.make(), symbols, name)
    kinds = dict.fromkeys(node.kind for node in root.nodes.values())
    parts = {part: d for kind in kinds for part, d in needed(kind, LIBRARY).items()}
    document = Document(
        definitions={root.name: root, **parts},
        root=root.name,
        name=template.title,
        ties=template.ties,
        task=template.task,
    )
    return arrange(document).apply(document)


def _with_values(root: Definition, values: dict[str, Value], template: str) -> Definition:
    known = [symbol.name for symbol in root.symbols]
    for name in values:
        if name not in known:
            raise UnknownNameError(f"Template {template!r} has no symbol {name!r}. {did_you_mean(name, known)}")
    changed = root.with_symbols(replace(s, value=values.get(s.name, s.value)) for s in root.symbols)
    scope(changed)
    return changed


def _embed(d: Sketch, source: str, prefix: str, positions: str, row: int, *, scale: bool) -> str:
    """Tokens and positions of one input, with dropout; returns the id of the last node."""
    sizes = {"d_model": "d_model", "max_len": "max_len"}
    token, position, drop = f"{prefix}_emb", f"{prefix}_pos", f"{prefix}_drop"
    if prefix == "tok":
        position, drop = "pos_emb", "emb_drop"
    wires = {"tokens": source}
    d.add(token, "token_embedding", wires, (1, row), vocab_size="vocab_size", d_model="d_model", scale=scale)
    d.add(position, f"{positions}_positions", token, (2, row), **sizes)
    d.add(drop, "dropout", position, (3, row), p="dropout")
    return drop


def gpt2(
    n_layers: int = 4, d_model: int = 128, dropout: float = 0.1, vocab_size: int = 256, max_len: int = 256
) -> Definition:
    """The root of GPT-2."""
    d = Sketch("model", "Model")
    d.symbols(vocab_size=vocab_size, max_len=max_len, d_model=d_model, n_heads=4, n_layers=n_layers)
    d.symbols(d_ff="4*d_model", dropout=dropout)
    d.input("tokens", IDS, (0, 0), "ids")
    last = _embed(d, "tokens", "tok", "learned", 0, scale=False)
    d.add("blocks", "gpt_block", last, (1, 1), repeat="n_layers", **_BLOCK)
    d.add("ln_f", "layer_norm", "blocks", (2, 1), d_model="d_model")
    d.add("lm_head", "lm_head", "ln_f", (3, 1), d_model="d_model", vocab_size="vocab_size")
    d.output("logits", "lm_head.logits", LOGITS, (4, 1), "logits")
    return d.done()


def tiny() -> Definition:
    """The root of a GPT that learns in seconds; its sizes are those of the task `reverse`."""
    return gpt2(n_layers=2, d_model=64, dropout=0.0, vocab_size=29, max_len=21)


def transformer() -> Definition:
    """The root of the original encoder-decoder."""
    d = Sketch("model", "Model")
    d.symbols(vocab_size=256, max_len=256, d_model=128, n_heads=4, n_layers=2, d_ff="4*d_model", dropout=0.1)
    d.input("source", "B S", (0, 0), "ids")
    d.input("source_padding?", "B S", (0, 0.6), "mask", REAL)
    d.input("target", IDS, (0, 1.2), "ids")
    d.input("padding?", IDS, (0, 1.8), "mask", REAL)
    read = _embed(d, "source", "source", "sinusoidal", 0, scale=True)
    write = _embed(d, "target", "target", "sinusoidal", 1, scale=True)
    encode = {"x": read, "padding": "source_padding"}
    d.add("encoder", "encoder_block", encode, (4, 0), repeat="n_layers", **_BLOCK)
    decode = {"x": write, "padding": "padding", "memory": "encoder", "memory_padding": "source_padding"}
    d.add("decoder", "decoder_block", decode, (4, 1), repeat="n_layers", **_BLOCK, mask="both")
    d.add("lm_head", "lm_head", "decoder", (5, 1), d_model="d_model", vocab_size="vocab_size")
    d.output("logits", "lm_head.logits", LOGITS, (6, 1), "logits")
    return d.done()


def classifier() -> Definition:
    """The root of an encoder that labels whole sequences."""
    d = Sketch("model", "Model")
    d.symbols(vocab_size=256, max_len=256, d_model=128, n_heads=4, n_layers=2, d_ff="4*d_model")
    d.symbols(dropout=0.1, n_classes=2)
    d.input("tokens", IDS, (0, 0), "ids")
    d.input("padding?", IDS, (0, 1), "mask", REAL)
    last = _embed(d, "tokens", "tok", "learned", 0, scale=False)
    encode = {"x": last, "padding": "padding"}
    d.add("blocks", "encoder_block", encode, (1, 1), repeat="n_layers", **_BLOCK, activation="gelu")
    d.add("pool", "pool", {"x": "blocks", "padding": "padding"}, (2, 1), how="mean")
    sizes = {name: name for name in ("d_model", "n_classes", "dropout")}
    d.add("head", "classifier_head", "pool.pooled", (3, 1), **sizes)
    d.output("logits", "head.logits", "B n_classes", (4, 1), "logits")
    return d.done()


TEMPLATES.add(
    "tiny",
    Template(
        name="tiny",
        title="Tiny GPT",
        about="A GPT of two layers, which learns to turn words round while you watch.",
        paper="Radford et al., “Language Models are Unsupervised Multitask Learners”, 2019",
        make=tiny,
        ties=(("lm_head.weight", "tok_emb.weight"),),
        task="reverse",
    ),
)
TEMPLATES.add(
    "gpt2",
    Template(
        name="gpt2",
        title="GPT-2",
        about="A decoder that continues text: norm before each sublayer, learned positions, tied embeddings.",
        paper="Radford et al., “Language Models are Unsupervised Multitask Learners”, 2019",
        make=gpt2,
        ties=(("lm_head.weight", "tok_emb.weight"),),
    ),
)
TEMPLATES.add(
    "transformer",
    Template(
        name="transformer",
        title="Transformer",
        about="The original encoder-decoder, which reads one sequence and writes another.",
        paper=ATTENTION,
        make=transformer,
        ties=(("target_emb.weight", "source_emb.weight"), ("lm_head.weight", "source_emb.weight")),
    ),
)
TEMPLATES.add(
    "classifier",
    Template(
        name="classifier",
        title="Classifier",
        about="An encoder that reads a whole sequence and gives it a label.",
        paper="Devlin et al., “BERT”, arXiv:1810.04805",
        make=classifier,
    ),
)
