"""Does a model fit a task: its inputs, and the sizes that the data decides."""

from __future__ import annotations

from builder.document import Document
from builder.edits import SetSymbol
from builder.values import known_scope
from engine.data import TASKS, Interface, Task
from engine.errors import RunError


def interface_of(document: Document) -> Interface:
    """The input ports of the model."""
    ports = document.main.inputs
    optional = frozenset(port.name for port in ports if port.optional)
    names = frozenset(port.name for port in ports)
    return Interface(names, names - optional)


def wanted_sizes(document: Document, task: Task) -> dict[str, int]:
    """Symbols of the document that are too small for the task's data, with the least value that fits."""
    least = {"vocab_size": task.tokenizer.vocab_size, "max_len": task.max_len}
    if task.labels:
        least["n_classes"] = len(task.labels)
    found = known_scope(document.main)
    return {name: n for name, n in least.items() if isinstance(have := found.get(name, n), int) and have < n}


def fitted(document: Document, task: str) -> Document:
    """`document` with the sizes raised that are too small for the task."""
    for name, value in wanted_sizes(document, TASKS[task]).items():
        document = SetSymbol(name=name, value=value).apply(document)
    return document


def check_fit(document: Document, task: str) -> None:
    """See whether the model can be trained for the task.

    Raises:
        RunError: If its inputs are not those of the task, or a size is too small for the data.
        UnknownNameError: If there is no such task.
    """
    interface = interface_of(document)
    offered = TASKS[task].examples(1)[0].text
    TASKS[task].read(offered, interface)
    _check_head(document, TASKS[task])
    small = wanted_sizes(document, TASKS[task])
    if small:
        have = known_scope(document.main)
        now = ", ".join(f"{name} is {have[name]}" for name in small)
        fix = ", ".join(f"{name} to {value}" for name, value in small.items())
        raise RunError(f"{document.name} is too small for task {task!r}: {now}. Set {fix} or more.")


def _check_head(document: Document, task: Task) -> None:
    """A task of labels wants one row of logits for a text, all others one for each position."""
    logits = next((port for port in document.main.outputs if port.kind == "logits"), None)
    wanted = "B n_classes" if task.labels else "B T vocab_size"
    if logits is None:
        outputs = ", ".join(port.name for port in document.main.outputs)
        raise RunError(
            f"{document.name} gives {outputs} but no logits, so it cannot be trained for task {task.name!r}. "
            "Wire a head to an output of kind logits."
        )
    if len(logits.shape.split()) != len(wanted.split()):
        head = "pooling and a classifier head" if task.labels else "a language-model head"
        raise RunError(
            f"Task {task.name!r} wants logits ({wanted.replace(' ', ', ')}), but the output {logits.name} carries "
            f"({logits.shape.replace(' ', ', ')}). Give the model {head}, or choose another task."
        )
