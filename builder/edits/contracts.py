"""Edits of what the user decided about contracts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from builder.document import Document, Promise
from builder.edits.base import check_text
from engine.errors import EditError
from engine.registry import did_you_mean


@dataclass(frozen=True, kw_only=True)
class RequireContract:
    """Ask for a contract that the model would not be held to.

    Args:
        code: The contract, such as C010.
        why: The reason.
    """

    code: str
    why: str = ""

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Require {self.code}"

    def apply(self, document: Document) -> Document:
        """Return `document` with the contract asked for.

        Raises:
            EditError: If there is no such contract.
        """
        return _decided(document, Promise(code=self.code, why=self.why))


@dataclass(frozen=True, kw_only=True)
class WaiveContract:
    """Do without a contract.

    Args:
        code: The contract, such as C001.
        why: The reason, which is kept with the model.
    """

    code: str
    why: str

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Waive {self.code}"

    def apply(self, document: Document) -> Document:
        """Return `document` with the contract waived.

        Raises:
            EditError: If there is no such contract, or no reason.
        """
        if not self.why.strip():
            raise EditError(f"{self.code} is waived with a reason. Write why this model may do without it.")
        return _decided(document, Promise(code=self.code, kept=False, why=self.why.strip()))


@dataclass(frozen=True, kw_only=True)
class ResetContract:
    """Take back what was decided about a contract.

    Args:
        code: The contract.
    """

    code: str

    @property
    def label(self) -> str:
        """Text of the undo menu."""
        return f"Reset {self.code}"

    def apply(self, document: Document) -> Document:
        """Return `document` with nothing decided about the contract.

        Raises:
            EditError: If nothing was.
        """
        left = tuple(promise for promise in document.promises if promise.code != self.code)
        if left == document.promises:
            raise EditError(f"{self.code} is neither required nor waived.")
        return replace(document, promises=left)


def _decided(document: Document, promise: Promise) -> Document:
    from builder.contracts import CONTRACTS  # contracts offer edits, so they are loaded later

    check_text(promise.why)
    if promise.code not in CONTRACTS:
        raise EditError(f"There is no contract {promise.code!r}. {did_you_mean(promise.code, CONTRACTS)}")
    others = tuple(other for other in document.promises if other.code != promise.code)
    return replace(document, promises=(*others, promise))
