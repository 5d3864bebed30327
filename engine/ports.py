"""Ports: the ends of wires, what may be joined to what, and the shapes they carry. Knows no tensors.

Shape key, the same in the whole project:
    B batch, T target (query) positions, S source (key) positions, D d_model, H heads,
    G key/value heads, K d_head, F d_ff, V vocabulary, C classes, Y and X rows and columns of pixels.

A shape is written as dimensions parted by spaces. A dimension of upper-case letters is a variable, found
anew for every node; anything else is an expression over the block's settings (`d_model//n_heads`).
A leading `...` stands for any dimensions; `*...` for the same ones, or fewer, or some of size 1, which are then
repeated. Outputs may calculate with variables (`H*K`, `T+1`); `S|T` is S, or T where no input told S.
Where a shape depends on a setting, cases are parted by `;` and the first whose conditions hold counts:
`axis=features: ... D ; axis=positions,stop<1: ... T D ; ... H T D`.
"""

from __future__ import annotations

from dataclasses import dataclass

KINDS = (
    "ids", "hidden", "heads", "query", "key", "value", "scores", "weights", "mask", "logits",
    "pooled", "pixels", "any",
)  # fmt: skip

_WIDER = {"query": "heads", "key": "heads", "value": "heads"}
_LOOKS_LIKE = {"heads": ("query", "key", "value")}


@dataclass(frozen=True, kw_only=True)
class Port:
    """One end of a wire.

    Args:
        name: How wires and `forward` call it.
        kind: What travels: one of `KINDS`.
        shape: The dimensions, see the module's text.
        optional: An input that may stay without a wire.
        watch: An output that can be looked at but not wired, so that it costs nothing.
        about: One sentence for the tooltip.
        follows: Whether an output of kind `any` carries the kind of what comes in; a product of matrices does not.
    """

    name: str
    kind: str = "hidden"
    shape: str = "B T d_model"
    optional: bool = False
    watch: bool = False
    about: str = ""
    follows: bool = True

    def __post_init__(self) -> None:
        """Refuse kinds that do not exist."""
        if self.kind not in KINDS:
            raise ValueError(f"Port {self.name!r} has kind {self.kind!r}; kinds are {KINDS}.")

    @property
    def dtype(self) -> str:
        """`int` for ids, `bool` for masks, `float` for all else; `any` takes what comes."""
        return {"ids": "int", "mask": "bool", "any": "any"}.get(self.kind, "float")


def kinds_fit(source: str, target: str) -> bool:
    """Whether a wire may run from a port of kind `source` to one of kind `target`."""
    if source == target or (target == "any" and source not in ("ids", "mask")):
        return True
    if source == "any":
        return target not in ("ids", "mask")
    return wider(source) == target or target in _LOOKS_LIKE.get(source, ())


def wider(kind: str) -> str:
    """The kind that takes ports of this one too: queries, keys and values are heads; else the kind itself."""
    return _WIDER.get(kind, kind)
