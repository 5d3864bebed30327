"""Does a model fit a task: its inputs, and the sizes that the data decides; and which task fits a model."""

from __future__ import annotations

from functools import cache

from builder.document import Document
from builder.edits import SetSymbol
from builder.rules.model import LOOKS_BOTH_WAYS
from builder.rules.origins import made
from builder.values import known_scope
from engine.data import TASKS, Interface, Task
from engine.errors import RunError, StepwiseError


def interface_of(document: Document) -> Interface:
    """The input ports of the model."""
    ports = document.main.inputs
    optional = frozenset(port.name for port in ports if port.optional)
    names = frozenset(port.name for port in ports)
    return Interface(names, names - optional)


def wanted_sizes(document: Document, task: Task) -> dict[str, int]:
    """Symbols of the document that do not fit the task's data, with the value that does: the least, or the only one."""
    least = {"vocab_size": task.tokenizer.vocab_size, "max_len": task.max_len}
    if task.labels:
        least["n_classes"] = len(task.labels)
    found = known_scope(document.main)
    small = {name: n for name, n in least.items() if isinstance(have := found.get(name, n), int) and have < n}
    return {**_image_sizes(document, task), **small}


def _image_sizes(document: Document, task: Task) -> dict[str, int]:
    """Symbols in the shapes of inputs that take images, where the task's images are of another size."""
    ports = [port for port in document.main.inputs if port.kind == "pixels"]
    if not ports:
        return {}
    found, (given, _) = known_scope(document.main), _offered(task, interface_of(document))
    pairs = [pair for port in ports for pair in zip(port.shape.split(), given.get(port.name, ()), strict=False)]
    return {name: n for name, n in pairs if name in found and found[name] != n}


@cache
def _offered(task: Task, interface: Interface) -> tuple[dict[str, tuple[int, ...]], str]:
    """Shapes of what a task gives a model by input, or why it cannot."""
    try:
        found = task.read(task.typical or task.examples(1)[0].text, interface)
    except RunError as error:
        return {}, str(error)
    return {name: tuple(tensor.shape) for name, tensor in found.items()}, ""


def fitted(document: Document, task: str) -> Document:
    """`document` with the sizes changed that do not fit the task."""
    for name, value in wanted_sizes(document, TASKS[task]).items():
        document = SetSymbol(name=name, value=value).apply(document)
    return document


def check_fit(document: Document, task: str) -> None:
    """See whether the model can be trained for the task.

    Raises:
        RunError: If its inputs are not those of the task, or a size does not fit the data.
        UnknownNameError: If there is no such task.
    """
    found = TASKS[task]
    _, reason = _offered(found, interface_of(document))
    if reason:
        raise RunError(reason)
    _check_head(document, found)
    wanted, images = wanted_sizes(document, found), _image_sizes(document, found)
    if wanted:
        have = known_scope(document.main)
        now = ", ".join(f"{name} is {have[name]}" for name in wanted)
        fix = ", ".join(f"{name} to {value}" for name, value in wanted.items())
        fix += " or more" if wanted.keys() - images.keys() else ""
        what = "takes images of another size than those of" if images else "is too small for"
        raise RunError(f"{document.name} {what} task {task!r}: {now}. Set {fix}.")


def misfit(document: Document, task: str) -> str:
    """Why the model cannot be trained for the task; empty if it can."""
    try:
        check_fit(document, task)
    except StepwiseError as error:
        return str(error)
    return ""


def suitable_task(document: Document) -> str:
    """The first task that the model fits as it is; empty if there is none.

    A model whose head answers from both sides is for filling in, and all others are for that last.
    """
    return next((task for task in _in_order(document) if not misfit(document, task)), "")


def task_by_sizes(document: Document) -> str:
    """The first task that the model fits once its sizes are those of the data; empty if there is none."""
    return next((task for task in _in_order(document) if fits_by_sizes(document, task)), "")


def fits_by_sizes(document: Document, task: str) -> bool:
    """Whether the model fits the task once its sizes are those of the data."""
    try:
        return not misfit(fitted(document, task), task)
    except StepwiseError:
        return False


def why_none(document: Document) -> str:
    """Why no task fits the model as it is, and what would make the best one fit."""
    task = task_by_sizes(document)
    if not task:
        return f"No task fits the model. {misfit(document, _in_order(document)[0])}"
    return f"No task fits the model as it is. {misfit(document, task)} Choosing the task {task!r} does that."


def _in_order(document: Document) -> list[str]:
    fills = any(
        (origin := made(document, port.name)) is not None and origin.kind in LOOKS_BOTH_WAYS
        for port in document.main.outputs
        if port.kind == "logits"
    )
    return [task.name for task in sorted(TASKS.values(), key=lambda task: (task.blank is None) == fills)]


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
