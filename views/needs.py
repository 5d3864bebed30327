"""What the model needs, found out behind the window, in the status bar and block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Thread
from typing import Any, cast

import param
from loguru import logger

from builder.compare import same_model
from builder.document import Document
from builder.resources import Resources, resources
from builder.sizes import parameters_of
from engine import machine
from engine.data import TASKS
from engine.errors import StepwiseError
from engine.machine import Speed
from views.numbers import count, duration, grouped, size
from views.session import Session
from views.setup import Setup

PATIENCE = 24  # polls before the machine is measured
LOOKS = 8  # polls between two looks whether the machine has been measured
Sections = list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked: a document, the examples of a batch, and the tokens of each."""

    document: Document
    batch: int
    length: int | None

    def same(self, other: Question | None) -> bool:
        """Whether another question has the same answer."""
        if other is None or (self.batch, self.length) != (other.batch, other.length):
            return False
        return same_model(self.document, other.document)


class Needs(param.Parameterized):
    """Follows a session and a setup. State: what was found last; `revision` grows when that changes.

    Args:
        session: The document.
        setup: How large a batch is.
    """

    revision = cast(int, param.Integer(default=0, doc="Grows with everything found."))

    def __init__(self, session: Session, setup: Setup) -> None:
        super().__init__()
        self._session, self._setup = session, setup
        self._answered: Question | None = None
        self._found: Resources | None = None
        self._speed: Speed | None = None
        self._thread: Thread | None = None
        self._seen: Question | None = None  # at the last poll
        self._polls = 0
        self._probed = False

    def poll(self) -> None:
        """Ask what has not been asked yet, and tell what was found; called a few times a second."""
        self._polls += 1
        if self._thread is not None:
            if self._thread.is_alive():
                return
            self._thread = None
            self.revision += 1
        question, before = self._question(), self._seen
        self._seen = question
        if not question.same(self._answered):
            if not question.same(before):
                return  # while edits follow each other, they have the processor
            self._thread = Thread(target=self._answer, args=(question,), daemon=True)
            self._thread.start()
            return
        self._answered = question  # the same, as it is drawn now
        if self._speed is None and self._polls % LOOKS == 0:
            self._look()

    def _look(self) -> None:
        """See whether the machine has been measured; have it measured when the first run has had time to begin."""
        self._speed = machine.known()
        if self._speed is not None:
            self.revision += 1
        elif self._polls >= PATIENCE and not self._probed:
            self._probed = True
            machine.probe()

    def _question(self) -> Question:
        config = self._setup.config
        task = TASKS[config.task]
        return Question(self._session.document, config.batch_size, task.max_len)

    def _answer(self, question: Question) -> None:
        """In a thread: find out."""
        try:
            self._found = resources(question.document, question.batch, _length(question))
        except StepwiseError as error:
            logger.debug("What the model needs is not known: {}", error)
            self._found = None
        except Exception as error:  # noqa: BLE001 -- a guess must not break the window
            logger.opt(exception=error).error("What the model needs could not be found out.")
            self._found = None
        self._answered = question
        if self._speed is None:
            self._speed = machine.known()

    @property
    def found(self) -> Resources | None:
        """What the present document needs; `None` while that is not known."""
        return self._found if self._is_current else None

    @property
    def speed(self) -> Speed | None:
        """How fast this machine is, once that was measured."""
        return self._speed

    def of(self, path: Sequence[str]) -> Resources | None:
        """What a node needs in all its layers; `None` while that is not known."""
        asked = self._answered
        if self._found is None or asked is None or not self._is_current:
            return None
        return resources(asked.document, asked.batch, _length(asked), path)

    @property
    def _is_current(self) -> bool:
        return self._answered is not None and same_model(self._answered.document, self._session.document)


def _length(question: Question) -> int | None:
    """Tokens of a training example: what the task has, or what the model takes if that is less."""
    most = next((s.value for s in question.document.main.symbols if s.name == "max_len"), None)
    if isinstance(most, int) and question.length:
        return min(most, question.length)
    return question.length or None


def status(needs: Needs | None, document: Document) -> list[dict[str, Any]]:
    """The item of the status bar: parameters, computing, memory, time."""
    found = needs.found if needs else None
    if needs is None or found is None:
        return [{"kind": "text", "text": f"{count(parameters_of(document))} parameters"}]
    words = [
        f"{count(found.parameters)} parameters",
        f"{count(found.flops)}FLOPs/{found.unit}",
        size(found.training_memory),
    ]
    if needs.speed is not None:
        words.append(f"≈ {duration(found.seconds(needs.speed))}/step")
    batch = (
        f"{found.examples} × {found.tokens // found.examples} tokens" if found.tokens else f"{found.examples} images"
    )
    title = (
        f"Parameters · computing of a forward · memory of training with batches of {batch}, with gradients and "
        "Adam's moments · estimated time of a training step on this machine, beside nothing else"
    )
    return [{"kind": "text", "text": " · ".join(words), "title": title}]


def cost(needs: Needs | None, document: Document, path: Sequence[str] = ()) -> Sections:
    """The inspector's section on a node, or on the whole model; nothing for what costs nothing."""
    own, total = parameters_of(document, path), parameters_of(document)
    found = needs.of(path) if needs else None
    rows = [["parameters", grouped(own)]] if own or not path else []
    share = 100 * own / max(total, 1)
    if path and own:
        rows.append(["share of the model", f"{share:.0f} %"])
    rows += _rows(found, whole=not path, speed=needs.speed if needs else None) if found else []
    if not rows:
        return []
    meter = {"kind": "meter", "value": round(share), "title": "share of the model's parameters"}
    return [
        {"kind": "heading", "text": "Cost"},
        {"kind": "table", "rows": rows},
        *([meter] if path and own else []),
    ]


def _rows(found: Resources, *, whole: bool, speed: Speed | None) -> list[list[str]]:
    rows = []
    if found.trainable != found.parameters:
        rows.append(["trained", count(found.trainable)])
    if found.flops:
        rows.append([f"FLOPs per {found.unit}", count(found.flops)])
        rows.append([f"in training, per {found.unit}", count(found.train_flops)])
    if found.activations:
        rows.append(["activations, training", size(found.activations)])
    if whole:
        rows.append(["memory, training", size(found.training_memory)])
        rows.append(["memory, running", size(found.inference_memory)])
    if found.cache:
        rows.append(["key/value cache per token", size(found.cache)])
    if speed is not None and found.forward.calls:
        rows.append(["estimated time of a step", f"≈ {duration(found.seconds(speed))}"])
    return rows
