"""Trying all contracts on a model, and the fixes of those that are broken."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from builder.contracts.base import CONTRACTS, Contract, ContractResult, Fault, Verdict
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
    workshop = _Workshop(Specimen(document), thorough)
    found: list[ContractResult] = []
    for code in FIRST:
        found.append(workshop.result(CONTRACTS[code]))
        if not found[-1].passed:
            return (found[-1],)
    contracts = [CONTRACTS[code] for code in (only or sorted(CONTRACTS)) if code not in FIRST]
    for contract in contracts:
        if only or (workshop.wants(contract) and not _idle(contract, found)):
            found.append(workshop.result(contract))
    return tuple(sorted(found, key=lambda result: result.code))


def _idle(contract: Contract, found: list[ContractResult]) -> bool:
    """Whether a contract would only say again that one before it is broken."""
    return any(result.code == AFTER.get(contract.code) and not result.passed for result in found)


@dataclass
class _Workshop:
    """Tries contracts, and fixes of those that are broken. State: what was found; how many models have been built.

    Args:
        specimen: The model.
        thorough: Whether contracts that take long are tried too.
    """

    specimen: Specimen
    thorough: bool
    trials: int = 0
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    @property
    def document(self) -> Document:
        """The model."""
        return self.specimen.document

    def wants(self, contract: Contract, specimen: Specimen | None = None) -> bool:
        """Whether a contract is meant for the model, or for another made of it."""
        specimen = specimen or self.specimen
        asked = any(promise.code == contract.code for promise in specimen.document.promises)
        return asked or ((self.thorough or not contract.thorough) and contract.applies(specimen))

    def verdict(self, contract: Contract) -> Verdict:
        """What a contract finds in the model, tried once."""
        if contract.code not in self.verdicts:
            self.verdicts[contract.code] = contract.check(self.specimen)
        return self.verdicts[contract.code]

    @cached_property
    def kept(self) -> tuple[Contract, ...]:
        """The contracts that are meant for the model and hold."""
        first = [CONTRACTS[code] for code in FIRST]
        others = [CONTRACTS[code] for code in sorted(CONTRACTS) if code not in FIRST]
        hold = [contract for contract in first if not self.verdict(contract).faults]
        if hold == first:
            hold += [contract for contract in others if self.wants(contract) and not self.verdict(contract).faults]
        return tuple(hold)

    def result(self, contract: Contract) -> ContractResult:
        """What a contract found, with the fixes that make it hold."""
        verdict, where = self.verdict(contract), Where(definition=self.document.root)
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
        """The fixes of a fault that make its contract hold and break no other, and no rule."""
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
                if _errors(document) > errors:
                    return None
                specimen = Specimen(document)
                faults = contract.check(specimen).faults
                if not faults:
                    return None if self._harms(specimen) else _together(fix, edits)
            except StepwiseError:
                return None
            if not faults[0].fixes:
                return None
            edits.append(faults[0].fixes[0].edit)
        return None

    def _harms(self, mended: Specimen) -> bool:
        """Whether a mended model breaks a rule or a contract that the model keeps."""
        if _codes(mended.document) - _codes(self.document):
            return True
        return any(self.wants(contract, mended) and contract.check(mended).faults for contract in self.kept)


def _told(fault: Fault, fixes: tuple[Fix, ...]) -> str:
    """What is wrong and how to fix it."""
    advice = f"{fixes[0].label}." if fixes else fault.advice
    return f"{fault.message} {advice}".strip()


def _together(fix: Fix, edits: list[Edit]) -> Fix:
    if len(edits) == 1:
        return fix
    label = f"{fix.label}, and mend {len(edits) - 1} more"
    return Fix(label=label, edit=Batch(edits=tuple(edits), label=label))


def _codes(document: Document) -> set[str]:
    """The rules that a model breaks."""
    return {problem.code for problem in validate(document).diagnostics}


def _errors(document: Document) -> int:
    return sum(problem.severity == "error" for problem in validate(document).diagnostics)
