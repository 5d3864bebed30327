"""Names of the generated module: classes after titles, parts by their own names, each once."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

IMPORTED = frozenset({"F", "Tensor", "dataclass", "math", "nn", "torch", "Config", "build_model", "annotations"})
LONGEST = 36


class Identifiers:
    """The names of the module. State: `given` grows with each name.

    Args:
        avoided: Names of arguments, which nothing of the module may have.
    """

    def __init__(self, avoided: Iterable[str] = ()) -> None:
        self.given = set(IMPORTED)
        self._avoided = frozenset(avoided)

    def fresh(self, wanted: str) -> str:
        """`wanted`, with a number if it is taken."""
        name, number = wanted, 2
        while name in self.given | self._avoided or keyword.iskeyword(name) or hasattr(builtins, name):
            name, number = f"{wanted}{number}", number + 1
        self.given.add(name)
        return name


def camel(text: str) -> str:
    """`text` as the name of a class: `GPT block` becomes `GPTBlock`; empty if there is no word in it.

    A single letter is none: those are sizes in the source.
    """
    words = re.findall(r"[A-Za-z0-9]+", text)
    name = "".join(word[0].upper() + word[1:] for word in words)[:LONGEST]
    return name if name[:1].isalpha() and len(name) > 1 else f"Model{name}" if name[1:] else ""
