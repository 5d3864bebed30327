"""Reading a model's `config.json`: every key that changes what it computes is either understood or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.errors import FileError

T = TypeVar("T")
ACTIVATIONS: Mapping[str, str] = {
    "relu": "relu", "gelu": "gelu", "gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_fast": "gelu_tanh", "silu": "silu", "swish": "silu",
}  # fmt: skip
"""What Hugging Face calls them, and what the activation block calls them."""


@dataclass(frozen=True)
class Configuration:
    """The keys of a `config.json`.

    Args:
        keys: The file.
        where: What to call it in messages.
    """

    keys: Mapping[str, Any]
    where: str = "config.json"

    def size(self, key: str, default: int | None = None) -> int:
        """A whole number above zero.

        Raises:
            FileError: If it is missing without a default, or is something else.
        """
        value = self.keys.get(key)
        value = default if value is None else value
        if type(value) is not int or value < 1:
            raise FileError(f"{self.where}: {key!r} is {value!r}; it must be a whole number above 0.")
        return value

    def number(self, key: str, default: float) -> float:
        """A number.

        Raises:
            FileError: If it is something else.
        """
        value = self.keys.get(key)
        value = default if value is None else value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FileError(f"{self.where}: {key!r} is {value!r}; it must be a number.")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        """True or false.

        Raises:
            FileError: If it is something else.
        """
        value = self.keys.get(key)
        value = default if value is None else value
        if not isinstance(value, bool):
            raise FileError(f"{self.where}: {key!r} is {value!r}; it must be true or false.")
        return value

    def choice(self, key: str, default: str, choices: Mapping[str, T]) -> T:
        """What one of several words stands for.

        Raises:
            FileError: If the word is not one of them.
        """
        value = self.keys.get(key)
        value = default if value is None else value
        if not isinstance(value, str) or value not in choices:
            known = ", ".join(map(repr, choices))
            raise FileError(f"{self.where}: {key!r} is {value!r}, which no block computes. Known are: {known}.")
        return choices[value]

    def architecture(self, default: str) -> str:
        """The class that the weights were saved from: the first name under `architectures`.

        Raises:
            FileError: If there is something else.
        """
        found = self.keys.get("architectures") or [default]
        if not isinstance(found, list) or not isinstance(found[0], str):
            raise FileError(f"{self.where}: 'architectures' is {found!r}; it must be a list of names.")
        return found[0]

    def refuse(self, **wanted: object) -> None:
        """See that keys which no block serves have the values that change nothing.

        Raises:
            FileError: If one has another value.
        """
        for key, value in wanted.items():
            found = self.keys.get(key)
            if found is not None and found != value:
                raise FileError(
                    f"{self.where}: {key!r} is {found!r}, which no block computes; only {value!r} can be read."
                )


def hugging_face_name(activation: str) -> str:
    """What Hugging Face calls one of our activations."""
    names = {"relu": "relu", "gelu": "gelu", "gelu_tanh": "gelu_new", "silu": "silu"}
    return names[activation]
