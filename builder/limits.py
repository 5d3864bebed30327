"""How large a document may be; checked by edits and files before anything is built."""

from __future__ import annotations

import os

MAX_BYTES = 16 * 1024 * 1024
MAX_NODES = 5_000  # in all definitions together
MAX_WIRES = 20_000
MAX_DEFINITIONS = 500
MAX_SYMBOLS = 200  # of one definition
MAX_SETTINGS = 200  # of one node
MAX_TIES = 1_000
MAX_PROMISES = 100
MAX_DEPTH = 12  # composites within composites
MAX_LABEL = 200  # characters of a title or label
MAX_TEXT = 5_000  # characters of a description
MAX_NUMBER = 10**12  # of a setting
MAX_POSITION = 10**7  # pixels
MAX_REPEAT = 1_000
MAX_PARTS = 500_000  # blocks and composites, each use and each layer anew; building them takes 2 GB and half a minute
MAX_USES = 5_000  # of composites, that differ in their settings
MAX_PARAMETERS = 4_000_000_000  # with gradients and moments that is 64 GB
PARAMETERS_SETTING = "STEPWISE_MAX_PARAMETERS"


def most_parameters() -> int:
    """How many parameters a model may have: `STEPWISE_MAX_PARAMETERS` if set to a number, else `MAX_PARAMETERS`."""
    given = os.environ.get(PARAMETERS_SETTING, "").replace("_", "")
    return int(given) if given.isdecimal() else MAX_PARAMETERS


def too_many_parts(parts: int, uses: int) -> str:
    """Why a model that unfolds to so many parts is not built, and how to go on; empty if it may be.

    Args:
        parts: Blocks and composites, each use and each layer counted.
        uses: Uses of composites that differ in their settings.
    """
    if uses > MAX_USES:
        return (
            f"The model uses its composites with more than {MAX_USES:,} different settings. Give more uses and more "
            "layers the same settings."
        )
    if parts <= MAX_PARTS:
        return ""
    return (
        f"The model unfolds to {parts:,} parts, each block and composite counted in every use and layer; at most "
        f"{MAX_PARTS:,} are built. Repeat composites fewer times, or use fewer of them within each other."
    )


def too_large(parameters: int, tables: int = 0) -> str:
    """Why a model of this size is not built, and how to go on; empty if it may be.

    Args:
        parameters: Numbers that are trained, or could be.
        tables: Numbers that are fixed, such as waves for positions.
    """
    most = most_parameters()
    if parameters + tables <= most:
        return ""
    what = f"{in_billions(parameters)} billion parameters, which take {in_billions(16 * parameters)} GB in training"
    allowed, advice = "at most", "Make d_model or the number of layers smaller"
    if parameters <= most:
        what = f"{in_billions(tables)} billion numbers in fixed tables, which take {in_billions(4 * tables)} GB"
        allowed, advice = "parameters included, at most", "Make what the tables are sized by smaller, such as max_len"
    return (
        f"The model has {what}; {allowed} {most / 1e9:g} billion are allowed. {advice}, or set {PARAMETERS_SETTING} "
        "to a larger number."
    )


def in_billions(count: int) -> str:
    """A number in billions, short: 0.00512, 10.3, 1,024."""
    billions = count / 1e9
    return f"{billions:.3g}" if billions < 1000 else f"{billions:,.0f}"
