"""`merge`: what adapters learned, taken into the weights of a plain graph."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_model, save_model

import builder
from builder.cli import main
from builder.edits import AddAdapter
from builder.run import load_run_model
from tests.builder.small_models import inputs_of, shaken, small


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is written to a folder of the test, and nothing is mirrored."""
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STEPWISE_MIRROR", "off")
    monkeypatch.chdir(tmp_path)


def adapted() -> builder.Document:
    queries = AddAdapter(nodes=("q_proj",), rank=2, at="multi_head_attention").apply(small("gpt2"))
    return AddAdapter(nodes=("lm_head",), rank=2).apply(queries)


def merged(graph: str = "merged/graph.json") -> torch.nn.Module:
    model = builder.compile_document(builder.load(graph))
    load_model(model, Path(graph).with_name("weights.safetensors"))
    return model.eval()


def test_a_graph_and_its_weights_become_a_plain_graph_with_weights_that_computes_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    builder.save(adapted(), tmp_path / "graph.json")
    model = shaken(builder.compile_document(adapted()))
    save_model(model, "learned.safetensors")

    assert main(["merge", "graph.json", "--from", "learned.safetensors", "-o", "merged/graph.json"]) == 0

    assert "weights.safetensors written" in capsys.readouterr().out
    torch.testing.assert_close(merged()(**inputs_of("gpt2")), model(**inputs_of("gpt2")), rtol=1e-5, atol=1e-5)
    kinds = {node.kind for d in builder.load("merged/graph.json").definitions.values() for node in d.nodes.values()}
    assert "lora_linear" not in kinds


def test_a_trained_run_is_merged_and_goes_on_from_there(capsys: pytest.CaptureFixture[str]) -> None:
    tiny = ["--set", "d_model=8", "n_heads=2", "n_layers=1", "d_ff=16", "dropout=0"]
    main(["new", "gpt2", "--task", "reverse", *tiny, "-o", "plain.json"])
    document = AddAdapter(nodes=("lm_head",), rank=2).apply(builder.load("plain.json"))
    builder.save(document, "graph.json")
    short = ["--set", "batch_size=4", "eval_size=4", "lr=0.1", "--steps", "3"]
    assert main(["train", "graph.json", *short, "--run-dir", "one"]) == 0

    assert main(["merge", "one", "-o", "merged/graph.json"]) == 0

    model, ids = load_run_model(Path("one")), torch.randint(0, 20, (2, 5))
    assert model.get_submodule("lm_head").lora_b.abs().sum() > 0
    torch.testing.assert_close(merged()(tokens=ids), model(tokens=ids), rtol=1e-5, atol=1e-5)
    capsys.readouterr()
    words = ["train", "merged/graph.json", "--from", "merged/weights.safetensors", *short, "--run-dir", "two"]
    assert main(words) == 0
    fit = capsys.readouterr().out.split(" parameters begin")[0].split()[-3:]
    assert fit[0] == fit[2]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["plain.json", "-o", "merged/graph.json"], "has no weights beside it. Name them with --from"),
        (["plain.json", "--from", "learned.safetensors", "-o", "merged/graph.json"], "has no adapters"),
        (["graph.json", "--from", "learned.safetensors", "-o", "merged/graph.json"], "does not hold the weights"),
        (["graph.json", "--from", "learned.safetensors", "-o", "plain.json"], "is there already"),
        (["nowhere", "-o", "merged/graph.json"], "There is no run 'nowhere'"),
    ],
)
def test_what_cannot_be_merged_says_why(words: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    builder.save(small("gpt2"), "plain.json")
    builder.save(adapted(), "graph.json")
    save_model(builder.compile_document(small("gpt2")), "learned.safetensors")

    code = main(["merge", *words])

    assert (code, Path("merged").exists()) == (2, False)
    assert reason in " ".join(capsys.readouterr().err.split())
