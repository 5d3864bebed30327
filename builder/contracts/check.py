"""Trying all contracts on a model, and the fixes of those that are broken."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from builder.contracts.base import CONTRACTS, Contract, ContractResult, Fault
from builder.contracts.specimen import Specimen
from builder.diagnostics import Fix, Where
from builder.document import Document
from builder.edits import Batch, Edit
from builder.validate import validate
from engine.errors import StepwiseError

FIRST = ("C000", "C019")  # where one of these is broken, the others can say nothing
AFTER = {"C005": "C002"}  # where no token knows another, order cannot matter
MOST_FIXES = 2  # that are shown for one contract
MOST_TRIED = 5  # edits that are tried for one contract
MOST_TRIALS = 14  # models that are built for all of them


def check_contracts(
    document: Document, *, only: Collection[str] = (), thorough: bool = False
) -> tuple[ContractResult, ...]:
    """Try what a model must do, on a small copy of it.

    Args:
        document: A model that can be built.
        only: Codes of the contracts to try; all that are meant for the model if empty.
        thorough: Also try what takes long.

    Returns:
        A result for each contract that is meant for this model or that the user asked for.

    Raises:
        CompileError: If the model cannot be built.
    """
    specimen, workshop = Specimen(document), _Workshop(document)
    found: list[ContractResult] = []
    for code in FIRST:
        found.append(workshop.result(specimen, CONTRACTS[code]))
        if not found[-1].passed:
            return (found[-1],)
    contracts = [CONTRACTS[code] for code in (only or sorted(CONTRACTS)) if code not in FIRST]
    for contract in contracts:
        if only or (_wanted(specimen, contract, thorough=thorough) and not _idle(contract, found)):
            found.append(workshop.result(specimen, contract))
    return tuple(sorted(found, key=lambda result: result.code))


def _idle(contract: Contract, found: list[ContractResult]) -> bool:
    """Whether a contract would only say again that one before it is broken."""
    return any(result.code == AFTER.get(contract.code) and not result.passed for result in found)


def _wanted(specimen: Specimen, contract: Contract, *, thorough: bool) -> bool:
    asked = any(promise.code == contract.code for promise in specimen.document.promises)
    return asked or ((thorough or not contract.thorough) and contract.applies(specimen))


@dataclass
class _Workshop:
    """Tries fixes. State: how many models have been built.

    Args:
        document: The model.
    """

    document: Document
    trials: int = 0

    def result(self, specimen: Specimen, contract: Contract) -> ContractResult:
        """What a contract found, with the fixes that make it hold."""
        verdict, where = contract.check(specimen), Where(definition=self.document.root)
        kept = ContractResult(code=contract.code, name=contract.name, passed=True, detail=verdict.detail, where=where)
        if not verdict.faults:
            return kept
        fault, waived = verdict.faults[0], self._waived(contract)
        fixes = () if waived else tuple(self._proven(contract, fault))
        told = _told(fault, fixes)
        return replace(kept, passed=False, detail=told, where=fault.where, fixes=fixes, waived=waived)

    def _waived(self, contract: Contract) -> str:
        decided = (p for p in self.document.promises if p.code == contract.code and not p.kept)
        return next((promise.why or "no reason given" for promise in decided), "")

    def _proven(self, contract: Contract, fault: Fault) -> Iterator[Fix]:
        """The fixes of a fault that make its contract hold."""
        found = 0
        for fix in fault.fixes[:MOST_TRIED]:
            whole = self._to_the_end(contract, fix)
            if whole is not None:
                yield whole
                found += 1
            if found == MOST_FIXES:
                return

    def _to_the_end(self, contract: Contract, fix: Fix) -> Fix | None:
        """A fix, with those of further places where the contract is broken; `None` if it does not come to hold."""
        edits, document, errors = [fix.edit], self.document, _errors(self.document)
        while self.trials < MOST_TRIALS:
            self.trials += 1
            try:
                document = edits[-1].apply(document)
                faults = contract.check(Specimen(document)).faults if _errors(document) <= errors else None
            except StepwiseError:
                return None
            if faults is None or (faults and not faults[0].fixes):
                return None
            if not faults:
                return _together(fix, edits)
            edits.append(faults[0].fixes[0].edit)
        return None


def _told(fault: Fault, fixes: tuple[Fix, ...]) -> str:
    """What is wrong and how to fix it."""
    advice = f"{fixes[0].label}." if fixes else fault.advice
    return f"{fault.message} {advice}".strip()


def _together(fix: Fix, edits: list[Edit]) -> Fix:
    if len(edits) == 1:
        return fix
    label = f"{fix.label}, and mend {len(edits) - 1} more"
    return Fix(label=label, edit=Batch(edits=tuple(edits), label=label))


def _errors(document: Document) -> int:
    return sum(problem.severity == "error" for problem in validate(document).diagnostics)
