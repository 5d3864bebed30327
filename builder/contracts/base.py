"""What a contract is, what it finds, and the table of all contracts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.diagnostics import Diagnostic, Fix, Where
from engine.registry import Registry

if TYPE_CHECKING:
    from builder.contracts.specimen import Specimen


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One place where a contract is broken.

    Args:
        message: What, with the values.
        where: The node or wire to blame.
        fixes: Edits that may mend it, the likeliest first; those that do not, or break something else, are not shown.
        advice: How to fix it, in words, where no edit does.
    """

    message: str
    where: Where
    advice: str = ""
    fixes: tuple[Fix, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a contract found.

    Args:
        detail: What was seen, where it holds.
        faults: Places where it is broken, in the order of the model; none if it holds.
    """

    detail: str = ""
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ContractResult:
    """A contract, checked on one model.

    Args:
        code: Stable name, C001 and so on.
        name: What is promised, in a few words.
        passed: Whether the model keeps it.
        detail: What was seen; of a broken contract what, with the values, and how to fix it.
        where: The node or wire to blame; the model itself if it holds.
        fixes: Edits that make it hold and break nothing else; each has been tried.
        waived: Why the user does without it; empty if not.
    """

    code: str
    name: str
    passed: bool
    detail: str
    where: Where
    fixes: tuple[Fix, ...] = ()
    waived: str = ""

    @property
    def path(self) -> str:
        """The place as text."""
        return str(self.where)

    @property
    def failed(self) -> bool:
        """Whether it is broken and not waived."""
        return not self.passed and not self.waived

    @property
    def why(self) -> str:
        """Why it matters."""
        return CONTRACTS[self.code].why

    @property
    def diagnostic(self) -> Diagnostic:
        """The result as a problem, as the canvas and the problems pane mark it."""
        return Diagnostic(code=self.code, message=self.detail, where=self.where, severity="error", fixes=self.fixes)


Check = Callable[["Specimen"], Verdict]
Applies = Callable[["Specimen"], bool]


@dataclass(frozen=True, kw_only=True)
class Contract:
    """Something that a model must do, tried out on a small copy of it.

    Args:
        code: Stable name.
        name: What is promised, in a few words.
        why: Why it matters, for the reference.
        applies: Whether it is meant for a model, unless the user says so.
        check: Tries it.
        thorough: Whether it takes long and is tried on request only.
    """

    code: str
    name: str
    why: str
    applies: Applies
    check: Check
    thorough: bool = False


CONTRACTS: Registry[Contract] = Registry("contract")


def contract(code: str, name: str, *, why: str, applies: Applies, thorough: bool = False) -> Callable[[Check], Check]:
    """Put the decorated check into the table of contracts; the arguments are those of `Contract`."""

    def declare(check: Check) -> Check:
        CONTRACTS.add(code, Contract(code=code, name=name, why=why, applies=applies, check=check, thorough=thorough))
        return check

    return declare


def always(_: Specimen) -> bool:
    """For contracts of every model."""
    return True
