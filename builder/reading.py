"""JSON read with care: every value knows its place, and everything wrong becomes one `FileError`."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import NoReturn

from builder import limits
from engine.errors import FileError
from engine.registry import did_you_mean
from engine.settings import Value

_NAMES = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
}


@dataclass(frozen=True)
class Json:
    """A value of a file and where it stands.

    Args:
        value: What `json` made of it.
        place: Its path, `definitions.model.nodes[3].kind`.
    """

    value: object
    place: str = ""

    def fail(self, what: str) -> NoReturn:
        """Refuse the file because of this value.

        Args:
            what: What is wrong and how to fix it.

        Raises:
            FileError: Always.
        """
        raise FileError(f"{self.place or 'The file'}: {what}")

    def keys(self, needed: Collection[str], allowed: Collection[str]) -> dict[str, Json]:
        """The values of an object with fixed keys.

        Raises:
            FileError: If it is no object, a needed key is absent, or there is one that nobody knows.
        """
        found = {key: Json(value, self._below(key)) for key, value in self._object().items()}
        for key in found:
            if key not in needed and key not in allowed:
                self.fail(f"there is no such key as {_short(key)}. {did_you_mean(key, {*needed, *allowed})}")
        for key in needed:
            if key not in found:
                self.fail(f"the key {key!r} is absent. Add it.")
        return found

    def entries(self, most: int) -> Iterator[tuple[str, Json]]:
        """Keys and values of an object with any keys.

        Raises:
            FileError: If it is no object or has more than `most` keys.
        """
        found = self._object()
        if len(found) > most:
            self.fail(f"there are {len(found)} entries; at most {most} are allowed.")
        yield from ((key, Json(value, self._below(key))) for key, value in found.items())

    def items(self, most: int) -> list[Json]:
        """The values of a list.

        Raises:
            FileError: If it is no list or has more than `most` values.
        """
        if not isinstance(self.value, list):
            self._wrong(list)
        if len(self.value) > most:
            self.fail(f"there are {len(self.value)} entries; at most {most} are allowed.")
        return [Json(value, f"{self.place}[{index}]") for index, value in enumerate(self.value)]

    def text(self, most: int = limits.MAX_LABEL) -> str:
        """A text.

        Raises:
            FileError: If it is none, longer than `most` characters, or cannot be written as UTF-8.
        """
        if not isinstance(self.value, str):
            self._wrong(str)
        if len(self.value) > most:
            self.fail(f"the text has {len(self.value)} characters; at most {most} are allowed.")
        if not is_whole(self.value):
            self.fail("the text has half a character (a lone surrogate). Write it anew.")
        return self.value

    def flag(self) -> bool:
        """True or false.

        Raises:
            FileError: If it is neither.
        """
        if not isinstance(self.value, bool):
            self._wrong(bool)
        return self.value

    def number(self, most: float = limits.MAX_NUMBER) -> int | float:
        """A finite number between -`most` and `most`.

        Raises:
            FileError: If it is none.
        """
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self._wrong(float)
        if not abs(self.value) <= most:  # also for what is no number
            self.fail(f"the number does not lie between -{most:,} and {most:,}.")
        return self.value

    def whole(self, low: int, high: int) -> int:
        """A whole number in a range.

        Raises:
            FileError: If it is none.
        """
        number = self.number()
        if not isinstance(number, int) or not low <= number <= high:
            self.fail(f"{number} is no whole number from {low} to {high}.")
        return number

    def setting(self) -> Value:
        """A text, a number, true or false.

        Raises:
            FileError: If it is none.
        """
        if isinstance(self.value, bool):
            return self.value
        return self.text() if isinstance(self.value, str) else self.number()

    def said(self, check: Callable[[str], str], most: int = limits.MAX_LABEL) -> str:
        """A text that `check` has nothing to say against.

        Raises:
            FileError: If it is none.
        """
        text = self.text(most)
        if problem := check(text):
            self.fail(problem)
        return text

    def _object(self) -> dict[str, object]:
        if not isinstance(self.value, dict):
            self._wrong(dict)
        return self.value

    def _below(self, key: str) -> str:
        return f"{self.place}.{_bare(key)}" if self.place else _bare(key)

    def _wrong(self, wanted: type) -> NoReturn:
        got = "nothing (null)" if self.value is None else _NAMES.get(type(self.value), "something else")
        self.fail(f"this is {got}, but must be {_NAMES[wanted]}.")


def is_whole(text: str) -> bool:
    """Whether `text` can be written as UTF-8: it has no half of a character."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def parse_json(text: str) -> Json:
    """Read JSON without duplicate keys, `NaN` and infinities.

    Raises:
        FileError: If the text is too long, too deep, or no JSON.
    """
    if len(text) > limits.MAX_BYTES:
        raise FileError(f"The file has {len(text)} characters; at most {limits.MAX_BYTES} are read.")
    try:
        return Json(json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant))
    except json.JSONDecodeError as error:
        raise FileError(
            f"Line {error.lineno}, column {error.colno}: this is no JSON ({error.msg}). "
            "The file may be cut off; open an older copy."
        ) from None
    except RecursionError:
        raise FileError("The file is nested too deeply to be a graph. Open one that Stepwise wrote.") from None
    except FileError:
        raise
    except ValueError as error:
        raise FileError(f"The file holds a number that is too long ({error}). Shorten it.") from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        double = next(key for key in keys if keys.count(key) > 1)
        raise FileError(f"The key {_short(double)} occurs twice in one object. Remove one of them.")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise FileError(f"The file holds {name}, which is no number of JSON. Write a finite number.")


def _bare(key: str) -> str:
    return key if key.isidentifier() and len(key) <= 60 else _short(key)


def _short(text: str) -> str:
    return ascii(text[:60])
