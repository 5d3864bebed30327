"""Randomly initialised `transformers` models in folders, and how far a graph's answers are from theirs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import builder
from builder.document import Document

TOLERANCE = 1e-5  # of the largest logit


@contextmanager
def quiet() -> Iterator[None]:
    """`transformers` without its own warnings and bars; ours stay errors outside of it."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformers.utils import logging

        logging.disable_progress_bar()
        logging.set_verbosity_error()
        yield


def made(kind: str, seed: int = 0, **config: Any) -> nn.Module:
    """A model of a class of `transformers`, every parameter drawn anew so that none is at its neutral start."""
    with quiet():
        import transformers

        cls = getattr(transformers, kind)
        torch.manual_seed(seed)
        model: nn.Module = cls(cls.config_class(**config)).eval()
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=0.25)
    return model


def saved(model: nn.Module, folder: Path, **options: Any) -> Path:
    """The folder, with the model in it."""
    with quiet():
        model.save_pretrained(folder, **options)  # type: ignore[operator]
    return folder


def loaded(kind: str, folder: Path) -> nn.Module:
    """What `transformers` makes of a folder; strict: no weight may be missing or left over."""
    with quiet():
        import transformers

        model, told = getattr(transformers, kind).from_pretrained(folder, output_loading_info=True)
    assert not any(told.values()), told
    return model.eval()


def opened(folder: Path) -> tuple[Document, nn.Module]:
    """The graph of a folder, and the model with the folder's weights."""
    document, state = builder.open_checkpoint(folder)
    model = builder.compile_document(document)
    model.load_state_dict(state)
    return document, model.eval()


def ids(vocab_size: int, rows: int = 2, length: int = 9, seed: int = 1) -> Tensor:
    """Random tokens, (rows, length)."""
    return torch.randint(0, vocab_size, (rows, length), generator=torch.Generator().manual_seed(seed))


def padding(rows: int = 2, length: int = 9, gone: int = 3) -> Tensor:
    """True where a token is real, (rows, length): the last row ends `gone` earlier."""
    real = torch.ones(rows, length, dtype=torch.bool)
    real[-1, length - gone :] = False
    return real


def far(mine: Tensor, theirs: Tensor) -> float:
    """The largest difference, as a share of the largest entry."""
    assert mine.shape == theirs.shape
    return float((mine - theirs).abs().max() / theirs.abs().max())
