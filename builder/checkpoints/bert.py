"""BERT: the encoder alone, with the head that fills gaps, and with the head that labels texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from builder.assemble import Sketch
from builder.checkpoints.adapting import with_node
from builder.checkpoints.configuration import ACTIVATIONS, Configuration, hugging_face_name
from builder.checkpoints.family import Family
from builder.checkpoints.parts import Part, State, same
from builder.checkpoints.wiring import Skeleton
from builder.document import Document
from builder.templates import bert
from builder.templates.gallery import assembled, with_values
from engine.errors import ExportError, FileError
from engine.settings import Value

MASKED, PLAIN, CLASSIFIER = "BertForMaskedLM", "BertModel", "BertForSequenceClassification"
PRETRAINING = "BertForPreTraining"  # read without its head for pairs of sentences
POOLER = "pooler.dense.weight"
_HEADS: Mapping[str, Callable[[Sketch], None]] = {
    MASKED: bert.mask_filler, CLASSIFIER: bert.classifier, PLAIN: bert.no_head, f"{PLAIN}+": bert.pooler,
}  # fmt: skip
_EMBEDDINGS = {"word_embeddings": "tok_emb", "token_type_embeddings": "seg_emb", "position_embeddings": "pos_emb"}
_LAYER = {
    **{f"attention.self.{word}": f"attn.{word[0]}_proj" for word in ("query", "key", "value")},
    "attention.output.dense": "attn.out_proj",
    "attention.output.LayerNorm": "attn_norm",
    "intermediate.dense": "ffn.up",
    "output.dense": "ffn.down",
    "output.LayerNorm": "ffn_norm",
}


class Bert(Family):
    """The names of Devlin et al., arXiv:1810.04805."""

    name = "bert"
    types = ("bert",)
    ignored = ("embeddings.position_ids", "cls.seq_relationship.weight", "cls.seq_relationship.bias")

    def settled(self, config: Configuration, tensors: Mapping[str, Tensor]) -> Configuration:
        """The head that the weights are for, where the configuration leaves it open.

        Raises:
            FileError: If they are for a head that cannot be read.
        """
        kind = config.architecture(PLAIN)
        if kind == PRETRAINING:
            kind = MASKED
        if kind not in (MASKED, PLAIN, CLASSIFIER):
            known = ", ".join((PLAIN, MASKED, CLASSIFIER))
            raise FileError(f"{config.where}: 'architectures' names {kind!r}; of BERT only {known} can be read.")
        pooled = kind == PLAIN and any(name.endswith(POOLER) for name in tensors)
        return replace(config, keys={**config.keys, "head": f"{kind}+" if pooled else kind})

    def document(self, config: Configuration) -> Document:
        """The graph of a configuration; see `Family.document`."""
        config.refuse(position_embedding_type="absolute", is_decoder=False, add_cross_attention=False)
        head, sizes = str(config.keys["head"]), _sizes(config)
        if head == CLASSIFIER:
            sizes["n_classes"] = _labels(config)
        root = with_values(bert.bert(_HEADS[head]), sizes, "BERT")
        document = _trained(assembled(root), config, head)
        activation = config.choice("hidden_act", "gelu", ACTIVATIONS)
        for node in ("blocks", "head") if head == MASKED else ("blocks",):
            document = with_node(document, "", node, activation=activation)
        is_tied = head == MASKED and config.flag("tie_word_embeddings", True)
        return replace(document, ties=bert.TIES) if is_tied else document

    def parts(self, config: Configuration) -> list[Part]:
        """What the tensors of a file are in the graph."""
        found = [part for a, b in _EMBEDDINGS.items() for part in same(f"embeddings.{a}", b, "weight")]
        found += same("embeddings.LayerNorm", "emb_norm")
        for index in range(config.size("num_hidden_layers", 12)):
            for theirs, ours in _LAYER.items():
                found += same(f"encoder.layer.{index}.{theirs}", f"blocks.{index}.{ours}")
        head = str(config.keys["head"])
        if head in (CLASSIFIER, f"{PLAIN}+"):
            found += same("pooler.dense", "pooler.dense")
        if head == CLASSIFIER:
            found += same("classifier", "head")
        return found + _filler(config) if head == MASKED else found

    def normalised(self, tensors: Mapping[str, Tensor], config: Configuration) -> State:
        """The tensors without a prefix, and with today's names of scale and shift."""
        found: State = {}
        for name, tensor in tensors.items():
            short = name.removeprefix("bert.")
            short = short.removesuffix(".gamma") + ".weight" if short.endswith(".gamma") else short
            short = short.removesuffix(".beta") + ".bias" if short.endswith(".beta") else short
            found["cls.predictions.bias" if short == "cls.predictions.decoder.bias" else short] = tensor
        if config.keys["head"] == MASKED:
            found = {name: tensor for name, tensor in found.items() if not name.startswith("pooler.")}
        return found

    def written(self, tensors: State, config: Configuration) -> State:
        """The tensors with the prefix that models with a head have."""
        if str(config.keys["head"]).startswith(PLAIN):
            return tensors
        return {name if name.startswith(("cls.", "classifier.")) else f"bert.{name}": t for name, t in tensors.items()}

    def config(self, built: Skeleton) -> dict[str, Any]:
        """The configuration of a graph; see `Family.config`."""
        vocab_size, d_model = built.shape("tok_emb.weight")
        head = _head_of(built)
        n_classes = built.shape("head.weight")[0] if head == CLASSIFIER else 2
        return {
            "architectures": [head.removesuffix("+")],
            "head": head,
            "model_type": "bert",
            "vocab_size": vocab_size,
            "max_position_embeddings": built.shape("pos_emb.weight")[0],
            "type_vocab_size": built.shape("seg_emb.weight")[0],
            "hidden_size": d_model,
            "num_hidden_layers": built.count("blocks"),
            "num_attention_heads": built.setting("blocks.0.attn.q_heads", "n_heads"),
            "intermediate_size": built.shape("blocks.0.ffn.up.weight")[0],
            "hidden_act": hugging_face_name(built.setting("blocks.0.ffn.act", "function")),
            "layer_norm_eps": built.setting("emb_norm", "eps"),
            "hidden_dropout_prob": built.setting("emb_drop", "p"),
            "attention_probs_dropout_prob": built.dropout("blocks.0.attn"),
            "tie_word_embeddings": head != MASKED or built.is_tied(*bert.TIES[0]),
            **({"id2label": {str(i): f"LABEL_{i}" for i in range(n_classes)}} if head == CLASSIFIER else {}),
        }


def _sizes(config: Configuration) -> dict[str, Value]:
    d_model = config.size("hidden_size", 768)
    return {
        "vocab_size": config.size("vocab_size", 30522),
        "max_len": config.size("max_position_embeddings", 512),
        "n_segments": config.size("type_vocab_size", 2),
        "d_model": d_model,
        "n_heads": config.size("num_attention_heads", 12),
        "n_layers": config.size("num_hidden_layers", 12),
        "d_ff": config.size("intermediate_size", 4 * d_model),
        "eps": config.number("layer_norm_eps", 1e-12),
        "dropout": config.number("hidden_dropout_prob", 0.1),
    }


def _labels(config: Configuration) -> int:
    """How many classes there are."""
    labels = config.keys.get("id2label")
    return len(labels) if isinstance(labels, dict) and labels else config.size("num_labels", 2)


def _trained(document: Document, config: Configuration, head: str) -> Document:
    """With the dropout of attention and head, where it is another one."""
    usual = config.number("hidden_dropout_prob", 0.1)
    attention = config.number("attention_probs_dropout_prob", 0.1)
    if attention != usual:
        document = with_node(document, "bert_block", "attn", dropout=attention)
    last = config.number("classifier_dropout", usual)
    return with_node(document, "", "head", dropout=last) if head == CLASSIFIER and last != usual else document


def _filler(config: Configuration) -> list[Part]:
    """Parts of the head that fills gaps."""
    there = "cls.predictions"
    found = same(f"{there}.transform.dense", "head.dense") + same(f"{there}.transform.LayerNorm", "head.norm")
    tied = config.flag("tie_word_embeddings", True)
    found.append(Part(f"{there}.decoder.weight", ("head.decoder.weight",), optional=tied))
    return [*found, Part(f"{there}.bias", ("head.decoder.bias",))]


def _head_of(built: Skeleton) -> str:
    """Which architecture the end of a graph is.

    Raises:
        ExportError: If it is none of them.
    """
    if built.has("head.decoder.weight"):
        return MASKED
    if built.has("head.weight"):
        return CLASSIFIER
    if built.has("head"):
        raise ExportError(
            "This graph is no bert: its block head is none of BERT's. Use a masked-LM or classifier head."
        )
    return f"{PLAIN}+" if built.has(POOLER) else PLAIN
