"""Small hand-written models and jobs for tests: they know nothing of graphs."""

from __future__ import annotations

import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine import checkpoints
from engine.channel import FolderChannel
from engine.config import RunConfig
from engine.data import TASKS
from engine.jsonfiles import write_json
from engine.runs import CONFIG_FILE, new_folder, read_config
from engine.status import Status, write_status
from engine.training import Trainer, seed_everything

WIDTH = 16


class TinyGPT(nn.Module):
    """One causal layer with dropout, so that chance plays a part."""

    def __init__(self, vocab_size: int = 32, max_len: int = 64, dropout: float = 0.1) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocab_size, WIDTH)
        self.place = nn.Embedding(max_len, WIDTH)
        self.layer = nn.TransformerEncoderLayer(WIDTH, 2, 32, dropout, batch_first=True)
        self.head = nn.Linear(WIDTH, vocab_size, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits (B, T, V) of `tokens` (B, T)."""
        T = tokens.shape[1]
        mask = torch.ones(T, T, dtype=torch.bool).triu(1)
        x = self.embed(tokens) + self.place.weight[:T]  # (B, T, D)
        return self.head(self.layer(x, src_mask=mask, is_causal=True))  # (B, T, V)


class TinyPair(nn.Module):
    """An encoder-decoder that mixes the source's mean into every target position."""

    def __init__(self, vocab_size: int = 32) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocab_size, WIDTH)
        self.head = nn.Linear(WIDTH, vocab_size)

    def forward(self, source: Tensor, target: Tensor, source_padding: Tensor | None = None) -> dict[str, Tensor]:
        """Logits (B, T, V) of `source` (B, S) and `target` (B, T)."""
        real = torch.ones_like(source) if source_padding is None else source_padding
        memory = (self.embed(source) * real[..., None]).mean(1, keepdim=True)  # (B, 1, D)
        hidden = self.embed(target) + memory  # (B, T, D)
        return {"logits": self.head(hidden), "hidden": hidden}  # (B, T, V)


class TinyClassifier(nn.Module):
    """The mean of the embeddings decides."""

    def __init__(self, vocab_size: int = 3, n_classes: int = 2) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocab_size, WIDTH)
        self.head = nn.Linear(WIDTH, n_classes)

    def forward(self, tokens: Tensor, padding: Tensor | None = None) -> Tensor:
        """Logits (B, C) of `tokens` (B, T)."""
        real = torch.ones_like(tokens) if padding is None else padding
        return self.head(F.relu(self.embed(tokens) * real[..., None]).sum(1))  # (B, C)


def make_run(root: Path, **changes: object) -> Path:
    """A run folder without a graph, for `train_tiny`."""
    config = RunConfig.from_dict({"task": "reverse", "steps": 20, "batch_size": 4, "eval_size": 4, **changes})
    folder = new_folder(root, config.task)
    write_json(folder / CONFIG_FILE, config.to_dict())
    write_status(folder, Status(id=folder.name, name="tiny", task=config.task, steps=config.steps))
    return folder


def train_tiny(folder: Path, channel: FolderChannel) -> None:
    """What `builder.run:train_document` does, with a hand-written model."""
    torch.set_num_threads(1)
    config = read_config(folder)
    seed_everything(config.seed)
    model = TinyClassifier() if TASKS[config.task].labels else TinyGPT()
    trainer = Trainer(model, config, channel, folder)
    if checkpoints.steps(folder):
        trainer.load(checkpoints.steps(folder)[-1])
    trainer.run()


def train_slowly(folder: Path, channel: FolderChannel) -> None:
    """Never ends by itself within a test: every step takes a while."""
    publish = channel.publish

    def slow(event: object) -> None:
        publish(event)  # type: ignore[arg-type]
        time.sleep(0.005)

    channel.publish = slow  # type: ignore[method-assign]
    train_tiny(folder, channel)


def fail_at_once(_folder: Path, _channel: FolderChannel) -> None:
    """A run with a bug in it."""
    raise ZeroDivisionError("the block divides by nothing")


def die_at_once(_folder: Path, _channel: FolderChannel) -> None:
    """A run that is killed."""
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)
