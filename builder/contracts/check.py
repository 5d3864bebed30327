"""Trying all contracts on a model, and the fixes of those that are broken."""

from __future__ import annotations

from collections.abc import Iterator

from builder.contracts.base import CONTRACTS, Contract, ContractResult, Fault, Verdict
from builder.contracts.specimen import Specimen
from builder.diagnostics import Fix, Where
from builder.document import Document
from builder.edits import Batch
from builder.validate import validate
from engine.errors import StepwiseError

MOST_FIXES = 3  # that are shown for one contract
MOST_TRIED = 6
MOST_PLACES = 6  # that one fix mends together


def check_contracts(document: Document, *, thorough: bool = False) -> tuple[ContractResult, ...]:
    """Try what a model must do, on a small copy of it.

    Args:
        document: A model that can be built.
        thorough: Also try what takes long.

    Returns:
        A result for each contract that is meant for this model or that the user asked for.

    Raises:
        CompileError: If the model cannot be built.
    """
    specimen = Specimen(document)
    contracts = sorted(CONTRACTS.values(), key=lambda contract: contract.code)
    return tuple(_result(specimen, c) for c in contracts if _wanted(specimen, c, thorough=thorough))


def _wanted(specimen: Specimen, contract: Contract, *, thorough: bool) -> bool:
    asked = any(promise.code == contract.code for promise in specimen.document.promises)
    return asked or ((thorough or not contract.thorough) and contract.applies(specimen))


def _result(specimen: Specimen, contract: Contract) -> ContractResult:
    verdict = contract.check(specimen)
    where = Where(definition=specimen.document.root)
    if not verdict.faults:
        return ContractResult(code=contract.code, name=contract.name, passed=True, detail=verdict.detail, where=where)
    fault, waived = verdict.faults[0], _waived(specimen.document, contract)
    fixes = () if waived else tuple(_proven(specimen.document, contract, fault))
    return ContractResult(
        code=contract.code, name=contract.name, passed=False, detail=fault.message, where=fault.where, fixes=fixes,
        waived=waived,
    )  # fmt: skip


def _waived(document: Document, contract: Contract) -> str:
    return next((p.why or "waived" for p in document.promises if p.code == contract.code and not p.kept), "")


def _proven(document: Document, contract: Contract, fault: Fault) -> Iterator[Fix]:
    """The fixes of a fault that make its contract hold."""
    found = 0
    for fix in fault.fixes[:MOST_TRIED]:
        whole = _to_the_end(document, contract, fix)
        if whole is not None:
            yield whole
            found += 1
        if found == MOST_FIXES:
            return


def _to_the_end(document: Document, contract: Contract, fix: Fix) -> Fix | None:
    """A fix, with those of further places where the contract is broken; `None` if it does not come to hold."""
    edits, errors = [fix.edit], _errors(document)
    for _ in range(MOST_PLACES):
        try:
            document = edits[-1].apply(document)
            if _errors(document) > errors:
                return None
            verdict = contract.check(Specimen(document))
        except StepwiseError:
            return None
        if not verdict.faults:
            break
        if not verdict.faults[0].fixes:
            return None
        edits.append(verdict.faults[0].fixes[0].edit)
    else:
        return None
    if len(edits) == 1:
        return fix
    label = f"{fix.label}, and mend {len(edits) - 1} more"
    return Fix(label=label, edit=Batch(edits=tuple(edits), label=label))


def _errors(document: Document) -> int:
    return sum(problem.severity == "error" for problem in validate(document).diagnostics)


