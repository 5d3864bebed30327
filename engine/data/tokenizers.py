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


@dataclass(frozen=True)
class SubwordTokenizer:
    """Tokens are words and parts of words, as a model trained elsewhere has learned them.

    Args:
        text: JSON of the `tokenizers` library: the `tokenizer.json` of a Hugging Face folder.
    """

    text: str

    @cached_property
    def _inner(self) -> Any:
        try:
            from tokenizers import Tokenizer as Inner
        except ImportError:
            raise RunError("To read text this model needs tokenizers. Install it: pip install tokenizers.") from None
        inner = Inner.from_str(self.text)
        inner.no_padding()
        inner.no_truncation()
        return inner

    @property
    def vocab_size(self) -> int:
        """How many tokens it knows."""
        return int(self._inner.get_vocab_size(with_added_tokens=True))

    def encode(self, text: str) -> list[int]:
        """The ids of `text`, with the marks that the model wants around it."""
        return list(self._inner.encode(text).ids)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`; an id beyond the vocabulary (the model may have spare ones) shows as �."""
        size = self.vocab_size
        known = [i for i in ids if i < size]
        return str(self._inner.decode(known, skip_special_tokens=False))

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """One label for each of `ids`, with spaces and line ends made visible."""
        return [self._piece(i) for i in ids]

    def _piece(self, i: int) -> str:
        token = self._inner.id_to_token(i)
        if token is None:
            return "�"
        text = token if token.startswith("##") else self.decode([i]) or token
        return "".join(_SHOWN.get(char, char) for char in text)

    def to_dict(self) -> dict[str, Any]:
        """Everything needed to make it again."""
        return {"kind": "subwords", "text": self.text}


def tokenizer_from(data: dict[str, Any]) -> Tokenizer:
    """Make the tokenizer that `to_dict` described.

    Raises:
        RunError: If its kind is unknown.
    """
    kind = data.get("kind")
    if kind == "characters":
        return CharTokenizer(data["chars"])
    if kind == "subwords":
        return SubwordTokenizer(data["text"])
    raise RunError(f"Tokenizer of unknown kind {kind!r}. Known: characters, subwords.")
