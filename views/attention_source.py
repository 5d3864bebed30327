"""Where the attention pane's numbers come from: a run's checkpoint, on a text, beside the server's loop."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import panel as pn
import torch
from loguru import logger
from torch import nn

from builder.run import load_run_model
from engine import checkpoints, runs
from engine.attention_maps import AttentionStack, attention_on_text
from engine.data.trained import task_of
from engine.errors import StepwiseError

_KEPT = 3  # models in memory, for all sessions
_POOL = ThreadPoolExecutor(2, "attention", initializer=torch.set_num_threads, initargs=(1,))


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to look at.

    Args:
        folder: The run.
        step: One of its checkpoints.
        text: What the model reads; an example of the run's task if `None`.
    """

    folder: Path
    step: int
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of a request: the text that was read, and stacks of weights or why there are none."""

    request: Request
    text: str = ""
    stacks: tuple[AttentionStack, ...] = ()
    problem: str = ""


class Models:
    """Models of checkpoints, the last few used. Holds them; each is used by one thread at a time."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept, self._lock = kept, Lock()
        self._models: OrderedDict[tuple[Path, int], tuple[Lock, list[nn.Module]]] = OrderedDict()

    def use(
        self, folder: Path, step: int, work: Callable[[nn.Module], tuple[AttentionStack, ...]]
    ) -> tuple[AttentionStack, ...]:
        """Do `work` with the model of a checkpoint, while nobody else does."""
        with self._lock:
            lock, loaded = self._models.setdefault((folder, step), (Lock(), []))
            self._models.move_to_end((folder, step))
            while len(self._models) > self._kept:
                self._models.popitem(last=False)
        with lock:
            if not loaded:
                loaded.append(load_run_model(folder, step))
            return work(loaded[0])


_MODELS = Models()


def look(request: Request) -> Answer:
    """Run the model on the text; a mistake of the user becomes an answer too."""
    text = request.text or ""
    try:
        task = task_of(request.folder, runs.read_config(request.folder).task)
        text = task.examples(1)[0].text if request.text is None else request.text
        stacks = _MODELS.use(request.folder, request.step, lambda model: attention_on_text(model, text, task))
    except (StepwiseError, OSError) as error:
        return Answer(request=request, text=text, problem=str(error))
    except (RuntimeError, IndexError) as error:  # torch, for sizes that no rule has foreseen
        problem = f"The model failed on this text: {error}. Try a shorter one."
        return Answer(request=request, text=text, problem=problem)
    except Exception as error:  # noqa: BLE001 -- nobody else would tell the user, who waits
        logger.opt(exception=error).error("Looking at attention failed")
        problem = f"{type(error).__name__}: {error}. The server's log has more."
        return Answer(request=request, text=text, problem=problem)
    return Answer(request=request, text=text, stacks=stacks)


class Looker:
    """Answers one request at a time for a pane, always the newest. Holds which one that is.

    `deliver` is called on the loop of the document that the pane was made for, and not before `begin`: what is
    drawn earlier can reach the browser before the pane itself, and is lost. Without a document (scripts, tests)
    answers come at once.
    """

    def __init__(self, deliver: Callable[[Answer], None]) -> None:
        self._deliver = deliver
        self._document = pn.state.curdoc
        self._wanted: Request | None = None
        self._begun = self._document is None

    def begin(self) -> None:
        """The browser has the pane: answer what was asked, and all that will be."""
        self._begun = True
        if self._wanted is not None:
            self.ask(self._wanted)

    @property
    def is_busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._wanted is not None

    def ask(self, request: Request) -> None:
        """Begin to answer; an answer to an older request is dropped when it comes."""
        self._wanted = request
        if not self._begun:
            return
        if self._document is None:
            self._receive(look(request))
        else:
            _POOL.submit(look, request).add_done_callback(self._hand_over)

    def _hand_over(self, future: Future[Answer]) -> None:
        assert self._document is not None
        self._document.add_next_tick_callback(lambda: self._receive(future.result()))

    def _receive(self, answer: Answer) -> None:
        if answer.request == self._wanted:
            self._wanted = None
            self._deliver(answer)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A run with its checkpoints, as the pane offers it."""

    folder: Path
    steps: tuple[int, ...]

    @property
    def id(self) -> str:
        """The run's name in `Selection.run`."""
        return self.folder.name

    def nearest(self, step: int | None) -> int:
        """The last checkpoint that is not after `step`, or the first; the latest where `step` is none."""
        if step is None:
            return self.steps[-1]
        return max((known for known in self.steps if known <= step), default=self.steps[0])


def choice_of(folder: Path | None) -> Choice | None:
    """A run as a choice, if it has a checkpoint."""
    steps = tuple(checkpoints.steps(folder)) if folder else ()
    return Choice(folder=folder, steps=steps) if folder and steps else None
