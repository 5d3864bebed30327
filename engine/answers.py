"""Text in, text out: what a model answers to questions of its task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from engine.data import Interface, Task
from engine.generation import generate
from engine.losses import logits_of
from engine.modes import evaluating


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a model answered; `wanted` is empty where no answer is the only right one."""

    input: str
    answer: str
    wanted: str

    def to_dict(self) -> dict[str, str]:
        """By name, for an event."""
        return asdict(self)


def answer(model: nn.Module, task: Task, texts: Sequence[str]) -> list[str]:
    """Let the model answer each text, always taking the likeliest token.

    Texts of one length are answered together.

    Raises:
        RunError: If a text cannot be read by the task, or the model does not fit it.
    """
    interface = Interface.of(model)
    device = next(model.parameters()).device
    read = [{name: t.to(device) for name, t in task.read(text, interface).items()} for text in texts]
    reply = _label if task.labels else _text if task.blank is None else _filled
    answers = [""] * len(texts)
    for group in _alike(read):
        inputs = {name: torch.cat([read[i][name] for i in group]) for name in read[group[0]]}
        for i, text in zip(group, reply(model, task, inputs), strict=True):
            answers[i] = text
    return answers


def take_samples(model: nn.Module, task: Task, count: int) -> list[Sample]:
    """The model's answers to the first `count` held-out examples."""
    examples = task.examples(count)
    answers = answer(model, task, [example.text for example in examples])
    pairs = zip(examples, answers, strict=True)
    return [Sample(input=example.text, answer=text, wanted=example.wanted) for example, text in pairs]


def _alike(read: Sequence[dict[str, Tensor]]) -> list[list[int]]:
    """Places of inputs that have the same lengths, group by group."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for place, inputs in enumerate(read):
        groups.setdefault(tuple(tensor.shape[1] for tensor in inputs.values()), []).append(place)
    return list(groups.values())


@torch.no_grad()
def _best(model: nn.Module, inputs: dict[str, Tensor], among: int | None = None) -> Tensor:
    """The likeliest answer at each place, of all or of the first so many, (B,) or (B, T)."""
    with evaluating(model):
        return logits_of(model(**inputs))[..., :among].argmax(-1)


def _label(model: nn.Module, task: Task, inputs: dict[str, Tensor]) -> list[str]:
    best = _best(model, inputs, among=len(task.labels))  # a model may have more classes than the task
    return [task.labels[i] for i in best.tolist()]


def _filled(model: nn.Module, task: Task, inputs: dict[str, Tensor]) -> list[str]:
    """The texts with their blanks filled in."""
    asked = inputs["tokens"]
    rows = _best(model, inputs).where(asked.eq(task.blank or 0), asked)  # (B, T)
    return [task.write(row) for row in rows.tolist()]


def _text(model: nn.Module, task: Task, inputs: dict[str, Tensor]) -> list[str]:
    asked = inputs["source"] if "source" in inputs else inputs["tokens"]
    known = 1 if "source" in inputs else asked.shape[1]
    ids = generate(model, asked, max_new_tokens=task.answer_len, start=task.start, stop=task.stop, max_len=task.max_len)
    return [task.write(row) for row in ids[:, known:].tolist()]
