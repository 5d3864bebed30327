"""The command line, called in this process, and once as users call it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import builder
from builder.cli import main
from builder.verbs.console import assignments, value_of
from engine import checkpoints, jobs
from engine.curves import MetricsTail, last_metrics
from engine.errors import SettingError
from engine.runs import folders, read_config, read_events
from engine.status import read_status

ROOT = Path(__file__).parent.parent.parent
TINY = ["--set", "d_model=8", "n_heads=2", "n_layers=1", "d_ff=16", "dropout=0.1"]
SHORT = ["--set", "batch_size=4", "eval_size=4", "--steps", "6"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs go to a folder of the test, and nothing is mirrored."""
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STEPWISE_MIRROR", "off")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home" / "runs"


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """A tiny GPT for `reverse`, written by `stepwise new`."""
    path = tmp_path / "graph.json"
    assert main(["new", "gpt2", "--task", "reverse", *TINY, "-o", str(path)]) == 0
    return path


def test_templates_and_tasks_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["templates"]) == main(["tasks"]) == 0

    text = capsys.readouterr().out
    for name in ("gpt2", "transformer", "classifier", "reverse", "sort", "shakespeare", "brackets"):
        assert name in text


def test_a_new_graph_has_the_sizes_that_were_set(graph: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "gpt2", "--task", "reverse", *TINY]) == 0
    printed = capsys.readouterr().out

    symbols = {symbol.name: symbol.value for symbol in builder.load(graph).main.symbols}

    assert (symbols["d_model"], symbols["vocab_size"]) == (8, 29)
    assert json.loads(printed) == json.loads(graph.read_text())


def test_a_right_graph_is_valid(graph: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(graph), "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["ok"] is True


def test_a_wrong_graph_is_reported_with_code_path_and_reason(graph: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = builder.load(graph)
    from builder.edits import Disconnect

    builder.save(Disconnect(wire=document.main.wires[0]).apply(document), graph)
    capsys.readouterr()

    assert main(["validate", str(graph), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert main(["validate", str(graph)]) == 1
    text = capsys.readouterr().out

    assert report["ok"] is False
    assert {"code", "severity", "path", "node", "message", "fixes"} == set(report["diagnostics"][0])
    assert report["diagnostics"][0]["code"] in text


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["validate", "nothing.json"], "nothing.json"),
        (["new", "gpt3"], "Did you mean 'gpt2'"),
        (["new", "gpt2", "--set", "d_model"], "name=value"),
        (["train", "graph.json", "--task", "revers"], "Did you mean 'reverse'"),
        (["train", "graph.json", "--task", "reverse", "--set", "lrr=1"], "Did you mean 'lr'"),
        (["train", "graph.json", "--task", "reverse", "--set", "lr=fast"], "must be a number"),
        (["train", "graph.json", "--task", "shakespeare"], "Set vocab_size to 63"),
        (["train", "graph.json", "--task", "brackets", "--resume"], "There is no run"),
        (["train"], "Give a file"),
        (["compare", "graph.json", "nowhere"], "There is no run 'nowhere'"),
        (["export", "graph.json", "--task", "reverse", "--format", "onyx", "-o", "out"], "export format"),
        (["code", "graph.json", "-o", "nowhere/model.py"], "nowhere/model.py"),
        (["code", "graph.json", "-o", "graph.json/model.py"], "graph.json/model.py"),
        (["code", "x" * 300], "too long"),
        (["export", "graph.json", "--task", "reverse", "--format", "code", "-o", "graph.json/out"], "graph.json"),
        (["export", "graph.json", "--task", "reverse", "--format", "safetensors", "-o", "x" * 300], "too long"),
        (["train", "graph.json", "--task", "reverse", "--run-dir", "graph.json/run"], "graph.json"),
    ],
)
def test_what_cannot_be_done_says_why_and_exits_with_2(
    graph: Path, words: list[str], reason: str, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    assert graph.name == "graph.json"

    code = main(words)

    said = capsys.readouterr().err
    assert (code, reason in said) == (2, True), said
    assert "Traceback" not in said
    assert not folders(home)


def test_training_writes_the_run_that_the_app_would_write(
    graph: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(graph), "--task", "reverse", "--seed", "3", *SHORT]) == 0

    (folder,) = folders(home)
    status, config = read_status(folder), read_config(folder)
    assert (status.state, status.step, config.seed, config.batch_size) == ("finished", 6, 3, 4)
    assert checkpoints.steps(folder) == [0, 6]
    assert builder.load(folder / "graph.json") == builder.load(graph)
    assert {"loss", "val_loss", "exact_match"} <= set(last_metrics(folder))
    assert "step 6" in capsys.readouterr().out


def test_a_symbol_can_be_set_for_one_run(graph: Path, home: Path) -> None:
    assert main(["train", str(graph), "--task", "reverse", *SHORT, "--set", "d_model=16"]) == 0

    (folder,) = folders(home)
    symbols = {symbol.name: symbol.value for symbol in builder.load(folder / "graph.json").main.symbols}
    assert symbols["d_model"] == 16


def test_a_run_goes_on_where_it_ended_with_the_same_numbers(graph: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    words = ["train", str(graph), "--task", "reverse", "--set", "schedule=constant", *SHORT]
    assert main([*words, "--run-dir", str(whole)]) == 0
    assert main([*words, "--run-dir", str(parts), "--steps", "3"]) == 0

    assert main(["train", "--run-dir", str(parts), "--resume", "--steps", "6"]) == 0

    curves = []
    for folder in (whole, parts):
        tail = MetricsTail(folder)
        tail.read()
        curves.append(tail.columns("loss")[1].tolist())
    assert curves[0] == curves[1]
    assert [event["step"] for event in read_events(parts, "started")] == [0, 3]


def test_a_folder_with_a_run_is_not_overwritten(
    graph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", str(graph), "--task", "reverse", *SHORT, "--run-dir", str(tmp_path / "run")]
    assert main(words) == 0

    assert main(words) == 2
    assert "--resume" in capsys.readouterr().err


def test_a_run_that_fails_exits_with_1_and_its_reason(
    graph: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", str(graph), "--task", "reverse", *SHORT, "--set", "device=cuda"]

    code = main(words)

    assert code == 1
    assert "has none" in capsys.readouterr().err
    assert read_status(folders(home)[0]).state == "failed"


def test_runs_are_listed_and_compared(graph: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for lr in ("0.01", "0.02"):
        assert main(["train", str(graph), "--task", "reverse", *SHORT, "--set", f"lr={lr}"]) == 0
    new, old = folders(home)
    capsys.readouterr()

    assert main(["runs"]) == 0
    listed = capsys.readouterr().out
    assert main(["runs", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert main(["compare", old.name, new.name]) == 0
    compared = capsys.readouterr().out

    assert old.name in listed
    assert [run["id"] for run in found] == [new.name, old.name]
    assert found[0]["metrics"]["val_loss"] > 0
    assert "lr" in compared
    assert "0.01" in compared
    assert "batch_size" not in compared


def test_two_graphs_are_compared(graph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.json"
    assert main(["new", "gpt2", "--task", "reverse", *TINY, "d_ff=32", "-o", str(other)]) == 0
    capsys.readouterr()

    assert main(["compare", str(graph), str(other)]) == 0
    text = capsys.readouterr().out
    assert main(["compare", str(graph), str(graph)]) == 0

    assert "d_ff" in text
    assert "32" in text
    assert "equal" in capsys.readouterr().out


def test_weights_of_a_run_are_exported(graph: Path, tmp_path: Path) -> None:
    assert main(["train", str(graph), "--task", "reverse", *SHORT]) == 0

    assert main(["export", "last", "--format", "safetensors", "-o", str(tmp_path / "out")]) == 0
    assert list((tmp_path / "out").glob("*.safetensors"))


def test_the_doctor_finds_this_machine_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0

    assert "torch" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "value"), [("3", 3), ("0.5", 0.5), ("1e-3", 0.001), ("true", True), ("4*d_model", "4*d_model")]
)
def test_a_value_is_read_as_what_it_looks_like(text: str, value: object) -> None:
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)


def test_an_assignment_needs_a_name_and_a_sign() -> None:
    assert assignments(["a=1", "b = x=y"]) == {"a": "1", "b": "x=y"}
    for wrong in ("a", "=1"):
        with pytest.raises(SettingError):
            assignments([wrong])


def test_ctrl_c_stops_with_a_checkpoint_and_exits_with_130(graph: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = ["train", str(graph), "--task", "reverse", "--run-dir", str(run), *SHORT[:-1], "100000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "builder", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 60
    while last_metrics(run).get("step", 0) < 3 and time.monotonic() < end:
        time.sleep(0.02)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    status = jobs.reap(run)
    assert (process.returncode, status.state) == (130, "stopped"), err
    assert checkpoints.steps(run)[-1] == status.step
    assert "stopped after" in out
