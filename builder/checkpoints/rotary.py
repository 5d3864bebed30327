"""Rotary positions in a configuration: the old keys, the new ones, and the kinds of scaling that blocks compute."""

from __future__ import annotations

from typing import Any

from builder.checkpoints.configuration import Configuration
from builder.checkpoints.wiring import Skeleton
from engine.errors import FileError
from engine.settings import Value

_KINDS = {"default": "none", "linear": "linear", "llama3": "llama3"}


def rope_of(config: Configuration) -> tuple[float, dict[str, Value]]:
    """Theta, and the other settings of the `rope` block.

    Raises:
        FileError: If the scaling is of another kind, or turns only some of the features.
    """
    config.refuse(partial_rotary_factor=1.0)
    key = "rope_parameters" if config.keys.get("rope_parameters") else "rope_scaling"
    found = config.keys.get(key) or {}
    if not isinstance(found, dict):
        raise FileError(f"{config.where}: {key!r} is {found!r}; it must be a table of keys.")
    rope = Configuration(found, f"{config.where}: {key}")
    rope.refuse(partial_rotary_factor=1.0)
    old = "type" if "rope_type" not in found and "type" in found else "rope_type"
    kind = rope.choice(old, "default", _KINDS)
    theta = rope.number("rope_theta", config.number("rope_theta", 10000.0))
    if kind == "none":
        return theta, {}
    settings: dict[str, Value] = {"scaling": kind, "factor": rope.number("factor", 1.0)}
    if kind == "llama3":
        settings["low_freq_factor"] = rope.number("low_freq_factor", 1.0)
        settings["high_freq_factor"] = rope.number("high_freq_factor", 4.0)
        settings["old_len"] = rope.size("original_max_position_embeddings", 8192)
    return theta, settings


def rope_keys(built: Skeleton, path: str) -> dict[str, Any]:
    """Keys for the `rope` block at `path`, old and new, so that every version of the library reads them."""
    theta, scaling = built.setting(path, "theta"), built.setting(path, "scaling")
    kinds = {ours: theirs for theirs, ours in _KINDS.items()}
    table: dict[str, Any] = {"rope_type": kinds.get(scaling, scaling)}
    if scaling != "none":
        table["factor"] = built.setting(path, "factor")
    if scaling == "llama3":
        table["low_freq_factor"] = built.setting(path, "low_freq_factor")
        table["high_freq_factor"] = built.setting(path, "high_freq_factor")
        table["original_max_position_embeddings"] = built.setting(path, "old_len")
    old = {} if scaling == "none" else {"rope_scaling": table}
    return {"rope_theta": theta, **old, "rope_parameters": {"rope_theta": theta, **table}}
