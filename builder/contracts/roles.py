"""What a model is for, as its graph shows or its task says: writing on from the left, reading, or both."""

from __future__ import annotations

from builder.contracts.program import Step
from builder.contracts.specimen import Specimen
from engine.blocks.masks import LATER
from engine.data import TASKS, Task

WRITING = ("lm_head",)
READING = ("mlm_head", "token_classifier_head", "span_head")


def head_of(specimen: Specimen) -> Step | None:
    """The block that makes the answer, looking through what only scales it."""
    step = specimen.program.makers.get(specimen.answer)
    while step is not None and step.kind in ("scale", "dropout"):
        step = specimen.program.makers.get(step.fed[0])
    return step


def is_causal(specimen: Specimen) -> bool:
    """Whether the model answers at every position from what came before."""
    head = head_of(specimen)
    if not specimen.target or head is None or head.kind in READING:
        return False
    return head.kind in WRITING or is_to_write(specimen) or any(map(masks_future, specimen.program.steps))


def task_of(specimen: Specimen) -> Task | None:
    """The task that the model was made for; `None` if that is not said or not installed."""
    found = (task for task in TASKS.values() if task.name == specimen.document.task)
    return next(found, None)


def is_to_write(specimen: Specimen) -> bool:
    """Whether the model's task is to write text, token by token, whatever its head is."""
    task = task_of(specimen)
    return task is not None and not task.labels and task.blank is None


def masks_future(step: Step) -> bool:
    """Whether a step is attention, or a mask, that hides later positions."""
    return step.setting("mask") in ("causal", "both") or step.setting("pattern") in LATER


def is_reader(specimen: Specimen) -> bool:
    """Whether the model reads tokens and answers once, or at every position from both sides."""
    return bool(specimen.sizes.lengths) and not is_causal(specimen)


def prefix(specimen: Specimen) -> int:
    """How many positions at the start may see each other."""
    sizes = [size for step in specimen.program.steps if isinstance(size := step.setting("prefix"), int)]
    return max(sizes, default=0)
