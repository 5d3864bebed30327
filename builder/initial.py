"""Starting values that depend on a seed and a path only, so that adding a block changes no other block's start."""

from __future__ import annotations

from hashlib import sha256


def seed_at(seed: int, path: str) -> int:
    """A seed for the block at `path`, 0 … 2⁶³ − 1; the same on every machine."""
    digest = sha256(f"{seed}:{path}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
