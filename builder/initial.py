"""Starting values that depend on a seed and a path only, so that adding a block changes no other block's start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import torch


def seed_at(seed: int, path: str) -> int:
    """A seed for the block at `path`, 0 … 2⁶³ − 1; the same on every machine."""
    digest = sha256(f"{seed}:{path}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


@contextmanager
def seeded(seed: int, path: str) -> Iterator[None]:
    """Inside, torch draws on the CPU what belongs to `path`; afterwards it goes on as if nothing had been drawn."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed_at(seed, path))
        yield
