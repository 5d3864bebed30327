"""How large a document may be; checked by edits and files before anything is built."""

from __future__ import annotations

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
MAX_PARAMETERS = 4_000_000_000  # with gradients and moments that is 64 GB
