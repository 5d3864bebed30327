"""A model with all it takes to take it away: the bundle that `engine.export` writes in one of its formats."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from torch import nn

from builder import store
from builder.document import Document
from builder.expressions import evaluate
from builder.run import run_step, trained_model
from builder.values import scope
from engine import runs
from engine.data import Interface, Task
from engine.data.trained import task_of
from engine.errors import StepwiseError
from engine.export import ExportBundle, Speech
from engine.ports import Port
from engine.program import Kind


def export_bundle(folder: Path, step: int | None = None) -> ExportBundle:
    """A run's model with all it takes to talk to it, for `engine.export.export`.

    Args:
        folder: The run.
        step: The checkpoint; the newest if not given.

    Raises:
        RunError: If there is no such checkpoint.
    """
    step, name = run_step(folder, step), runs.read_status(folder).task
    document = store.load(folder / runs.GRAPH_FILE)
    facts = {"run": folder.name, "step": str(step), "task": name}
    return bundle_of(trained_model(folder, document, step), document, task_of(folder, name), facts)


def bundle_of(model: nn.Module, document: Document, task: Task | None, facts: dict[str, str]) -> ExportBundle:
    """A model with its ports, its contract report and its task's words.

    Args:
        model: What the document compiles to, with the weights to take away.
        document: Its graph.
        task: Whose tokens it reads; `None` if it is only asked with tensors.
        facts: Kept with it.
    """
    return ExportBundle(
        model=model,
        graph=store.dumps(document),
        speech=speech_of(model, task) if task and _reads_text(document) else None,
        ports=ports_of(document),
        outputs=tuple(port.name for port in document.main.outputs),
        contracts=contract_report(document),
        metadata=facts,
    )


def _reads_text(document: Document) -> bool:
    """Whether the model reads tokens and scores answers, and does not only describe what it reads."""
    asked = {port.name for port in document.main.inputs} & {"tokens", "source"}
    return bool(asked) and any(port.name == "logits" for port in document.main.outputs)


def speech_of(model: nn.Module, task: Task) -> Speech:
    """How a model is asked for a task: its tokenizer, labels and marks."""
    decode = task.tokenizer.decode
    kind: Kind = "seq2seq" if Interface.of(model).is_encoder_decoder else "lm"
    return Speech(
        kind="classifier" if task.labels else kind if task.blank is None else "filler",
        tokenizer=task.tokenizer.to_dict(),
        example=task.examples(1)[0].text,
        labels=task.labels,
        go="" if task.start is None else decode([task.start]),
        stop="" if task.stop is None else decode([task.stop]),
        max_new_tokens=task.answer_len,
        blank=-1 if task.blank is None else task.blank,
    )


def ports_of(document: Document) -> tuple[Port, ...]:
    """The model's inputs, with numbers for the sizes that its symbols give."""
    known = scope(document.main)

    def size(dim: str) -> str:
        return dim if dim.isupper() and dim.isalpha() else str(evaluate(dim, known))

    return tuple(replace(port, shape=" ".join(map(size, port.shape.split()))) for port in document.main.inputs)


def contract_report(document: Document) -> str:
    """What `check_contracts` finds, as JSON text; where it cannot check, why."""
    from builder.contracts import check_contracts

    try:
        results = check_contracts(document)
    except StepwiseError as error:
        return json.dumps({"problem": str(error)}, indent=1)
    found = [{key: getattr(r, key) for key in ("code", "name", "passed", "path", "detail", "waived")} for r in results]
    return json.dumps({"contracts": found}, indent=1)
