"""Text to ids and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from engine.errors import RunError

_SHOWN = {" ": "␣", "\n": "⏎", "\t": "⇥"}


class Tokenizer(Protocol):
    """Turns text into ids and back."""

    @property
    def vocab_size(self) -> int:
        """How many ids there are."""

    def encode(self, text: str) -> list[int]:
        """The ids of `text`."""

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`."""

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """One label for each of `ids`, with spaces made visible."""

    def to_dict(self) -> dict[str, Any]:
        """Everything needed to make it again by `tokenizer_from`."""


@dataclass(frozen=True)
class CharTokenizer:
    """Each character is a token; its id is its place in `chars`.

    Args:
        chars: All characters it knows, in the order of their ids.
    """

    chars: str

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {char: i for i, char in enumerate(self.chars)}

    @property
    def vocab_size(self) -> int:
        """How many characters it knows."""
        return len(self.chars)

    def encode(self, text: str) -> list[int]:
        """The ids of `text`.

        Raises:
            RunError: If a character is unknown; the message has the character and its place.
        """
        for place, char in enumerate(text):
            if char not in self._ids:
                raise RunError(f"Character {char!r} at place {place + 1} is unknown. Known are: {self.chars!r}.")
        return [self._ids[char] for char in text]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`; an id beyond the vocabulary (the model may have spare ones) shows as �."""
        known = range(len(self.chars))
        return "".join(self.chars[i] if i in known else "�" for i in ids)

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """One label for each of `ids`, with spaces and line ends made visible."""
        return [_SHOWN.get(char, char) for char in self.decode(ids)]

    def to_dict(self) -> dict[str, Any]:
        """Everything needed to make it again."""
        return {"kind": "characters", "chars": self.chars}


def tokenizer_from(data: dict[str, Any]) -> Tokenizer:
    """Make the tokenizer that `to_dict` described.

    Raises:
        RunError: If its kind is unknown.
    """
    if data.get("kind") != "characters":
        raise RunError(f"Tokenizer of unknown kind {data.get('kind')!r}. Known: characters.")
    return CharTokenizer(data["chars"])
