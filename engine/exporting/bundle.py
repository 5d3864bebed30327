"""What is taken away: a trained model with all it takes to talk to it and to draw it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from engine.ports import Port
from engine.program import Kind

GRAPH_FILE, CONTRACTS_FILE = "graph.json", "contracts.json"


@dataclass(frozen=True, kw_only=True)
class Speech:
    """How a model is asked with a text, and what its answer means.

    Args:
        kind: What it does with text: `lm` goes on, `seq2seq` answers, `classifier` names a label,
            `filler` fills blanks in.
        tokenizer: What `Tokenizer.to_dict` gave.
        example: A text to try it with.
        labels: Names of the classes of a classifier.
        go: What stands between a text and its answer; an encoder-decoder's first token.
        stop: The token that ends an answer; empty if answers end by length only.
        max_new_tokens: Longest answer.
        blank: Token that stands for what a filler is to find.
    """

    kind: Kind
    tokenizer: Mapping[str, Any]
    example: str
    labels: tuple[str, ...] = ()
    go: str = ""
    stop: str = ""
    max_new_tokens: int = 50
    blank: int = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class ExportBundle:
    """A model to take away.

    Args:
        model: Called by input-port name.
        graph: The document as JSON text.
        speech: How to ask it with text; `None` if it is only asked with tensors.
        ports: Its inputs, with known sizes as numbers; those that may be absent are left out of programs.
            Empty: the usual ones, found by their names.
        outputs: Names of its outputs.
        contracts: What was found out about its behaviour, as JSON text; empty if nobody looked.
        metadata: Short facts to keep with the model: task, run, step.
    """

    model: nn.Module
    graph: str
    speech: Speech | None = None
    ports: tuple[Port, ...] = ()
    outputs: tuple[str, ...] = ("logits",)
    contracts: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def papers(self) -> dict[str, str]:
        """Texts that go with the model, by file name."""
        return {GRAPH_FILE: self.graph, **({CONTRACTS_FILE: self.contracts} if self.contracts else {})}

    @property
    def facts(self) -> dict[str, str]:
        """What goes into the metadata of a single file: the papers without their ending, and the metadata."""
        return {**self.metadata, **{Path(name).stem: text for name, text in self.papers.items()}}


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written.

    Args:
        path: The file or folder to load.
        note: What was found when it was compared with the model; a sentence.
    """

    path: Path
    note: str = ""
