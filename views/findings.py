"""All that is to be marked in a model, each fault once, in the words of the canvas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from builder.contracts.base import ContractResult
from builder.diagnostics import Diagnostic, Report
from views.places import Places

PROVEN_BY = {"R014": "C001"}  # what a rule suspects from the graph, a contract proves by trying


def findings(places: Places, report: Report, contracts: Iterable[ContractResult]) -> tuple[Diagnostic, ...]:
    """Problems, and contracts that are broken and not waived; a warning that one of these proves is part of it.

    Args:
        places: What blocks are called.
        report: What the last check found.
        contracts: What the last trial of the contracts found.
    """
    broken = [result.diagnostic for result in contracts if result.failed]
    found = [problem for problem in report.diagnostics if not any(_proves(proof, problem) for proof in broken)]
    broken = [_with_fixes(proof, report.diagnostics) for proof in broken]
    return tuple(places.worded(problem) for problem in (*found, *broken))


def _proves(proof: Diagnostic, problem: Diagnostic) -> bool:
    """Whether a broken contract is the same fault as a rule's warning: known to be, or cured by the same edit."""
    if problem.severity == "error":
        return False
    edits = [fix.edit for fix in proof.fixes]
    return PROVEN_BY.get(problem.code) == proof.code or any(fix.edit in edits for fix in problem.fixes)


def _with_fixes(proof: Diagnostic, found: Iterable[Diagnostic]) -> Diagnostic:
    """A contract without fixes takes those of the warning that it stands for."""
    fixes = next((problem.fixes for problem in found if _proves(proof, problem)), ())
    return proof if proof.fixes else replace(proof, fixes=fixes)
