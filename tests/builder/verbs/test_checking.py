"""`stepwise validate --contracts`: what it prints, and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder import save
from builder.cli import main
from builder.edits import WaiveContract
from tests.builder.zoo.base import gpt
from tests.builder.zoo.masks import leaking_mask


@pytest.fixture
def leaking(tmp_path: Path) -> Path:
    """A file with a model that sees the future."""
    save(leaking_mask(), tmp_path / "leaking.json")
    return tmp_path / "leaking.json"


def test_contracts_are_tried_on_request_and_a_broken_one_fails(
    leaking: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(leaking)]) == 0
    capsys.readouterr()

    assert main(["validate", str(leaking), "--contracts"]) == 1
    said = capsys.readouterr().out
    assert "C001 multi_head_attention/core" in said
    assert "fix: Set mask of blocks to causal" in said


def test_contracts_as_json_name_the_node_and_the_fix(leaking: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["validate", str(leaking), "--contracts", "--json"])

    found = json.loads(capsys.readouterr().out)
    broken = [contract for contract in found["contracts"] if not contract["passed"]]
    assert not found["ok"]
    assert [(c["code"], c["node"], c["fixes"]) for c in broken] == [("C001", "core", ["Set mask of blocks to causal"])]


def test_a_waived_contract_fails_nothing_and_its_reason_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(WaiveContract(code="C001", why="It fills in.").apply(leaking_mask()), tmp_path / "waived.json")

    assert main(["validate", str(tmp_path / "waived.json"), "--contracts"]) == 0
    assert "waived: It fills in." in capsys.readouterr().out


@pytest.mark.slow
def test_thorough_tries_whether_a_batch_can_be_learned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(gpt(), tmp_path / "gpt.json")

    assert main(["validate", str(tmp_path / "gpt.json"), "--thorough"]) == 0
    assert "C017" in capsys.readouterr().out
