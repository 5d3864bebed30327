"""The training loop: steps, validation, samples, checkpoints, and obeying commands between steps.

It knows no graph, no thread and no screen: a model is called by its input names and gives logits.
"""

from __future__ import annotations

import math
import random
import time
from pathlib import Path

import numpy as np
import torch
from torch import Generator, nn

from engine import checkpoints
from engine import messages as say
from engine.answers import take_samples
from engine.channel import Channel
from engine.config import RunConfig
from engine.data import TASKS, Batch, Interface
from engine.errors import RunError
from engine.losses import auxiliary_loss, check_logits, cross_entropy, logits_of, with_auxiliary_loss
from engine.messages import Command
from engine.metrics import accuracy, evaluate, expert_use
from engine.optim import clip_gradient, make_optimizer, schedule

IDLE = 0.03  # seconds between two looks for commands while paused
SAMPLES = 6


def seed_everything(seed: int) -> None:
    """Set all global randomness; call it before the model is made."""
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)


def choose_device(wanted: str) -> torch.device:
    """The device a setting means; `auto` takes a GPU if there is one.

    Raises:
        RunError: If a GPU is wanted and there is none.
    """
    has_gpu = torch.cuda.is_available()
    if wanted == "cuda" and not has_gpu:
        raise RunError("The run wants device 'cuda', but this machine has none. Set device to 'auto' or 'cpu'.")
    return torch.device("cuda" if has_gpu and wanted != "cpu" else "cpu")


class Trainer:
    """Trains one model. Holds the model, the optimizer, the order of the data and the step reached.

    Args:
        model: Called by its input names.
        config: How to train.
        channel: Where commands come from and events go.
        run: The run folder, for checkpoints; without it none are written.
    """

    def __init__(self, model: nn.Module, config: RunConfig, channel: Channel, run: Path | None = None) -> None:
        self.config, self.channel, self.run_folder = config, channel, run
        self.task = TASKS[config.task]
        self.device = choose_device(config.device)
        self.model = model.to(self.device)
        self.interface = Interface.of(model)
        self.optimizer = make_optimizer(model, config)
        self.wishful = with_auxiliary_loss(model)
        self.order = Generator().manual_seed(config.seed)
        self.step, self.elapsed, self.lr = 0, 0.0, config.lr
        self._paused, self._allowed, self._stopping = False, 0, False
        self._saved = -1

    def run(self) -> bool:
        """Train until all steps are done or a stop comes.

        Returns:
            Whether all steps are done.

        Raises:
            RunError: If the model does not fit the task, or the loss is no longer a number.
        """
        self.channel.publish(say.Started(step=self.step))
        self.model.train()
        if self.step == 0:
            self.save()
        while self.step < self.config.steps and not self._obey():
            began = time.perf_counter()
            self._train_step()
            self._look_around()
            self.elapsed += time.perf_counter() - began
            self._allowed = max(0, self._allowed - 1)
        return self._end()

    def _end(self) -> bool:
        done = self.step >= self.config.steps
        self._save_once()
        self.channel.publish(say.Finished(step=self.step) if done else say.Stopped(step=self.step))
        return done

    def _train_step(self) -> None:
        """One change of the weights; one wait for the device, at its end."""
        began = time.perf_counter()
        lr = self.lr * schedule(self.step + 1, self.config)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        batch = self._batch()
        self.optimizer.zero_grad(set_to_none=True)
        logits = self._logits(batch)
        loss = cross_entropy(logits, batch.targets, self.config.label_smoothing)
        aux = auxiliary_loss(self.wishful)
        (loss if aux is None else loss + aux).backward()  # type: ignore[no-untyped-call]
        norm = clip_gradient(self.model, self.config.clip)
        self.optimizer.step()
        right = accuracy(logits.detach(), batch.targets)
        found = {"loss": loss.detach(), "accuracy": right, "grad_norm": norm}
        if aux is not None:
            found["aux_loss"] = aux.detach()
        values = torch.stack(list(found.values())).tolist()
        self.step += 1
        self._report(dict(zip(found, values, strict=True)), lr, batch.tokens, time.perf_counter() - began)

    def _batch(self) -> Batch:
        batch = self.task.batch("train", self.order, self.config.batch_size, self.interface)
        return batch.to(self.device)

    def _logits(self, batch: Batch) -> torch.Tensor:
        try:
            logits = logits_of(self.model(**batch.inputs))
        except IndexError as error:
            raise RunError(
                f"The model cannot read the task's tokens ({error}). Task {self.task.name!r} needs "
                f"vocab_size {self.task.tokenizer.vocab_size} and max_len {self.task.max_len} or more."
            ) from error
        check_logits(logits, batch.targets, len(self.task.labels) or self.task.tokenizer.vocab_size)
        return logits

    def _report(self, found: dict[str, float], lr: float, tokens: int, seconds: float) -> None:
        loss, norm = found["loss"], found["grad_norm"]
        rest = {"lr": lr, "tokens_per_s": tokens / seconds, "elapsed": self.elapsed + seconds}
        self.channel.publish(say.StepDone(step=self.step, metrics={**found, **rest}))
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise RunError(
                f"The loss is {loss} and the gradient's length {norm} at step {self.step}: "
                f"training has diverged. Lower lr (now {self.lr:g}), lengthen the warm-up, or set clip to 1."
            )

    def _look_around(self) -> None:
        config, last = self.config, self.step == self.config.steps
        if self.step % config.eval_every == 0 or last:
            metrics = evaluate(self.model, self.task, config.eval_size, self.device) | expert_use(self.model)
            self.channel.publish(say.Evaluated(step=self.step, metrics=metrics))
        if self.step % config.sample_every == 0 or last:
            samples = [sample.to_dict() for sample in take_samples(self.model, self.task, SAMPLES)]
            self.channel.publish(say.Sampled(step=self.step, samples=samples))
        if self.step % config.checkpoint_every == 0 and not last:
            self.save()

    def _obey(self) -> bool:
        """Do what has been commanded, and wait while paused; whether to stop."""
        while True:
            for command in self.channel.poll():
                self._do(command)
            if self._stopping or not self._paused or self._allowed:
                return self._stopping
            self._save_once()  # so that a waiting model can be looked at
            time.sleep(IDLE)

    def _do(self, command: Command) -> None:
        match command:
            case say.Pause():
                self._pause()
            case say.Step(count=count):
                self._allowed += count
                self._pause()
            case say.Resume():
                self._resume()
            case say.Stop():
                self._stopping = True
            case say.SetLr(lr=lr):
                self.lr, self._saved = lr, -1
                self.channel.publish(say.LrSet(step=self.step, lr=lr))
            case say.Snapshot():
                self.save()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self.channel.publish(say.Paused(step=self.step))

    def _resume(self) -> None:
        if self._paused:
            self._paused, self._allowed = False, 0
            self.channel.publish(say.Resumed(step=self.step))

    def _save_once(self) -> None:
        if self._saved != self.step:
            self.save()

    def save(self) -> None:
        """Write a checkpoint of the current step, if there is a run folder: it may have been removed on the way."""
        self._saved = self.step
        if self.run_folder is None or not self.run_folder.exists():
            return
        state = {
            "optimizer": self.optimizer.state_dict(), "order": self.order.get_state(),
            "random": checkpoints.random_state(), "lr": self.lr,
        }  # fmt: skip
        meta = {"elapsed": self.elapsed, "task": self.config.task, "time": time.time()}
        checkpoints.save(self.run_folder, self.step, model=self.model, state=state, meta=meta)
        checkpoints.thin(self.run_folder, self.config.keep)
        self.channel.publish(say.Checkpointed(step=self.step))

    def load(self, step: int) -> None:
        """Go back to a checkpoint: what follows is what would have followed, bit for bit.

        Raises:
            RunError: If there is no such checkpoint, or it is of another model.
        """
        assert self.run_folder is not None
        checkpoints.load_weights(self.run_folder, step, self.model)
        state = checkpoints.load_state(self.run_folder, step)
        self.optimizer.load_state_dict(state["optimizer"])
        self.order.set_state(state["order"])
        checkpoints.restore_random_state(state["random"])
        self.step, self._saved, self.lr = step, step, state["lr"]
        self.elapsed = checkpoints.meta(self.run_folder, step)["elapsed"]
