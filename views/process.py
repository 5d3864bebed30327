"""What the server process does once: logging, and the MLflow mirror beside it."""

from __future__ import annotations

import gc
import sys
from functools import cache

import torch
from loguru import logger

from builder import mirror
from engine import locations


@cache
def prepare() -> None:
    """Set this process up; further calls do nothing."""
    logger.remove()
    logger.add(sys.stderr, level="INFO")
    torch.set_num_threads(1)  # the cores belong to the runs
    locations.artifacts().mkdir(parents=True, exist_ok=True)
    mirror.start()
    gc.collect()
    gc.freeze()  # what is loaded stays: no gesture waits while all of it is looked through for garbage
