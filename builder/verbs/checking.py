"""`validate`: whether a graph is well-formed, and whether it does what it must."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from builder import opening
from builder.diagnostics import Diagnostic
from builder.document import Document
from builder.verbs.console import OUT, Verbs

if TYPE_CHECKING:
    from builder.contracts import ContractResult


def add_to(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add_parser("validate", help="check a graph; exit code 1 if it has errors")
    verb.add_argument("file", type=Path)
    verb.add_argument("--json", action="store_true", help="print the problems as JSON")
    verb.add_argument("--contracts", action="store_true", help="try what the model must do, too, on a small copy of it")
    verb.add_argument("--thorough", action="store_true", help="with --contracts: also whether it can learn a batch")
    verb.set_defaults(do=validate)


def validate(options: Namespace) -> int:
    """Check a graph; the exit code is 1 where it has errors, or breaks a contract that is not waived."""
    from builder.validate import validate as check

    document = opening.open_graph(options.file)
    report = check(document)
    tried = options.contracts or options.thorough
    results = _contracts(document, thorough=options.thorough) if tried and report.ok else ()
    broken = [result for result in results if result.failed]
    if options.json:
        found = {"ok": report.ok and not broken, "diagnostics": [_as_json(d) for d in report.diagnostics]}
        more = {"contracts": [_contract_as_json(result) for result in results]} if tried else {}
        print(json.dumps({**found, **more}, indent=1))
    else:
        for diagnostic in report.diagnostics:
            OUT.print(_as_text(diagnostic), soft_wrap=True)
        for result in results:
            OUT.print(_contract_as_text(result), soft_wrap=True)
        OUT.print(Text(_summary(options.file, results, ok=report.ok)))
    return 1 if broken or not report.ok else 0


def _contracts(document: Document, *, thorough: bool) -> tuple[ContractResult, ...]:
    from builder.contracts import check_contracts  # torch takes a second

    return check_contracts(document, thorough=thorough)


def _summary(file: Path, results: tuple[ContractResult, ...], *, ok: bool) -> str:
    if not ok:
        return f"{file} has errors."
    if not results:
        return f"{file} is well-formed."
    kept = sum(result.passed for result in results)
    if any(result.failed for result in results):
        return f"{file} is well-formed, but keeps {kept} of {len(results)} contracts."
    return f"{file} is well-formed, and keeps {kept} contracts."


def _as_json(diagnostic: Diagnostic) -> dict[str, object]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "path": diagnostic.path,
        "node": diagnostic.where.node,
        "message": diagnostic.message,
        "fixes": [fix.label for fix in diagnostic.fixes],
    }


def _contract_as_json(result: ContractResult) -> dict[str, object]:
    return {
        "code": result.code,
        "name": result.name,
        "passed": result.passed,
        "waived": result.waived,
        "path": result.path,
        "node": result.where.node,
        "detail": result.detail,
        "fixes": [fix.label for fix in result.fixes],
    }


def _as_text(diagnostic: Diagnostic) -> Text:
    colour = "red" if diagnostic.severity == "error" else "yellow"
    head = Text.assemble((f"{diagnostic.code} ", f"bold {colour}"), (f"{diagnostic.path} ", "bold"))
    fixes = "".join(f"\n      fix: {fix.label}" for fix in diagnostic.fixes)
    return head.append(diagnostic.message).append(fixes, "dim")


def _contract_as_text(result: ContractResult) -> Text:
    if result.failed:
        return _as_text(result.diagnostic)
    colour, sign = ("green", "kept") if result.passed else ("yellow", f"waived: {result.waived}")
    return Text.assemble(
        (f"{result.code} ", f"bold {colour}"), (f"{result.name} ", "bold"), (f"({sign}) ", "dim"), result.detail
    )
