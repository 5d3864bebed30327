"""The one line of settings under a block: `4 heads · causal · d 128`."""

from __future__ import annotations

from collections.abc import Mapping

from builder.catalogue import Signature
from engine.settings import Value

_WORDS = {
    "n_heads": "{} heads",
    "n_kv_heads": "{} key heads",
    "d_model": "d {}",
    "d_ff": "ff {}",
    "vocab_size": "{} tokens",
    "max_len": "length {}",
    "n_classes": "{} classes",
    "dropout": "dropout {}",
    "p": "p {}",
    "eps": "ε {}",
    "rank": "rank {}",
}
MOST, SILENT = 3, ("dropout", "eps", "rank")  # the latter are not worth reading where they are 0


def caption(signature: Signature, settings: Mapping[str, Value]) -> str:
    """The settings worth reading from afar, in their declared order, an adapter's rank in front.

    Args:
        signature: The node's kind.
        settings: Its values, expressions already resolved.
    """
    if "d_in" in settings and "d_out" in settings:
        parts = [f"{settings['d_in']} → {settings['d_out']}"]
    else:
        parts = [_part(field.name, settings.get(field.name)) for field in signature.fields if field.name != "rank"]
    parts = [_part("rank", settings.get("rank")), *parts]
    return " · ".join([part for part in parts if part][:MOST])


def tied(text: str) -> str:
    """A caption of a block that has a tied parameter."""
    return " · ".join([*filter(None, text.split(" · ")[: MOST - 1]), "tied"])


def _part(name: str, value: Value | None) -> str:
    if value is None or isinstance(value, bool) or (name in SILENT and not value):
        return ""
    if isinstance(value, str):
        return value
    return _WORDS[name].format(f"{value:g}" if isinstance(value, float) else value) if name in _WORDS else ""


def family_token(family: str) -> str:
    """The colour token of a family of blocks."""
    return {
        "Embedding": "ids",
        "Attention": "k",
        "Feed-forward": "v",
        "Norm and wiring": "weights",
        "Composites": "hidden",
        "Heads": "logits",
    }.get(family, "muted")
