"""Exported models: they need nothing of ours, and say what the model says."""

from __future__ import annotations

import ast
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_model

from engine.data.tokenizers import CharTokenizer
from engine.errors import ExportError, UnknownNameError
from engine.export import ExportBundle, Speech, export
from engine.exporting.mlflow_folder import CARRIED, joined_source
from engine.generation import generate
from engine.program import ports_of, required_masks, to_program
from tests.engine.small_models import SmallClassifier, SmallLM, SmallSeq2Seq

TOKENIZER = CharTokenizer("_>.abcde")
LABELS = ("low", "middle", "high")


def lm() -> ExportBundle:
    torch.manual_seed(0)
    speech = Speech(kind="lm", tokenizer=TOKENIZER.to_dict(), example="abc", go=">", max_new_tokens=6)
    return ExportBundle(model=SmallLM(), speech=speech, graph='{"name": "small"}', metadata={"task": "reverse"})


def seq2seq() -> ExportBundle:
    torch.manual_seed(1)
    speech = Speech(kind="seq2seq", tokenizer=TOKENIZER.to_dict(), example="abc", go=">", stop=".", max_new_tokens=6)
    return ExportBundle(model=SmallSeq2Seq(), speech=speech, graph="{}")


def classifier() -> ExportBundle:
    torch.manual_seed(2)
    speech = Speech(kind="classifier", tokenizer=TOKENIZER.to_dict(), example="abc", labels=LABELS)
    return ExportBundle(model=SmallClassifier(), speech=speech, graph="{}")


def encode(text: str) -> torch.Tensor:
    return torch.tensor([TOKENIZER.encode(text)])


def ask_fresh_process(folder: Path, texts: list[str]) -> list[str]:
    """Load and predict where no module of this project can be imported."""
    code = (
        "import sys, json\n"
        "for name in ('engine', 'builder', 'views'): sys.modules[name] = None\n"
        "import mlflow\n"
        f"model = mlflow.pyfunc.load_model({str(folder)!r})\n"
        f"print(json.dumps(list(model.predict({texts!r}))))\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow model of each kind."""
    root = tmp_path_factory.mktemp("exported")
    for make in (lm, seq2seq, classifier):
        export(make(), "mlflow", root / make.__name__)
    return root


@pytest.mark.slow
def test_a_language_model_in_a_fresh_process_writes_what_the_model_writes(exported: Path) -> None:
    wanted = [
        TOKENIZER.decode(generate(lm().model, encode(t + ">"), max_new_tokens=6)[0, len(t) + 1 :].tolist())
        for t in ("abc", "e", "abc")
    ]

    assert ask_fresh_process(exported / "lm", ["abc", "e", "abc"]) == wanted


@pytest.mark.slow
def test_an_encoder_decoder_in_a_fresh_process_answers_up_to_its_stop(exported: Path) -> None:
    model, start = seq2seq().model, TOKENIZER.encode(">")[0]
    seen = torch.ones(1, 3, dtype=torch.bool)
    target = torch.tensor([[start]])
    for _ in range(6):
        logits = model(source=encode("abc"), target=target, source_padding=seen)
        target = torch.cat([target, logits[:, -1:].argmax(-1)], dim=1)
    wanted = TOKENIZER.decode(target[0, 1:].tolist()).split(".")[0]

    assert ask_fresh_process(exported / "seq2seq", ["abc"]) == [wanted]


@pytest.mark.slow
def test_a_classifier_in_a_fresh_process_names_labels(exported: Path) -> None:
    texts = ["abc", "ee", "dddd"]
    model = classifier().model
    wanted = [LABELS[int(model(tokens=encode(text)).argmax())] for text in texts]

    assert ask_fresh_process(exported / "classifier", texts) == wanted


@pytest.fixture
def served(exported: Path) -> Iterator[str]:
    """Address of `mlflow models serve` with the classifier."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "mlflow", "models", "serve", "-m", str(exported / "classifier"),
        "--env-manager", "local", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
    ]  # fmt: skip
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    server = subprocess.Popen(
        command, cwd=exported, env={**os.environ, "PATH": path}, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def wait_for(url: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            assert time.monotonic() < end, f"{url} did not answer within {seconds} s"
            time.sleep(0.2)
        else:
            return


@pytest.mark.slow
def test_mlflow_models_serve_answers_over_http(served: str) -> None:
    wait_for(f"{served}/ping", seconds=120)
    wanted = LABELS[int(classifier().model(tokens=encode("abc")).argmax())]

    request = urllib.request.Request(
        f"{served}/invocations",
        data=json.dumps({"inputs": ["abc"]}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.load(answer) == {"predictions": [wanted]}


def test_an_mlflow_model_holds_its_graph_signature_example_and_requirements(exported: Path) -> None:
    folder = exported / "lm"

    described = (folder / "MLmodel").read_text()
    required = (folder / "requirements.txt").read_text().splitlines()

    assert json.loads((folder / "artifacts" / "graph.json").read_text()) == {"name": "small"}
    assert "signature" in described
    assert "max_new_tokens" in described
    assert "abc" in (folder / "input_example.json").read_text()
    assert sorted(line.split("==")[0] for line in required) == ["mlflow", "torch"]


def test_a_text_too_long_or_empty_is_refused_with_the_reason(exported: Path) -> None:
    import mlflow.pyfunc

    model = mlflow.pyfunc.load_model(str(exported / "lm"))

    with pytest.raises(ValueError, match="14 tokens; the model takes 12"):
        model.predict(["a" * 13])
    with pytest.raises(ValueError, match="'Z' at place 1 is unknown"):
        model.predict(["Z"])


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (3, 12)])
def test_a_program_takes_any_batch_and_length_with_no_difference(shape: tuple[int, int]) -> None:
    bundle = lm()
    ids = torch.randint(0, 8, shape, generator=torch.Generator().manual_seed(0))

    program = to_program(bundle.model, ports_of(bundle.model)).module()

    assert torch.equal(program(tokens=ids), bundle.model(tokens=ids))


def test_safetensors_carry_the_graph_and_write_tied_weights_once(tmp_path: Path) -> None:
    bundle, fresh = lm(), SmallLM()

    file = export(bundle, "safetensors", tmp_path / "out").path
    load_model(fresh, file)

    ids = torch.arange(8)[None]
    assert torch.equal(fresh(tokens=ids), bundle.model(tokens=ids))
    with safe_open(file, "pt") as opened:
        assert opened.metadata()["graph"] == bundle.graph
        assert len(opened.keys()) == len(bundle.model.state_dict()) - 1


def test_export_puts_the_model_back_into_training_mode() -> None:
    bundle = lm()
    bundle.model.train()

    to_program(bundle.model, ports_of(bundle.model))

    assert bundle.model.training


def test_export_refuses_a_folder_with_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()

    with pytest.raises(ExportError, match="is not empty"):
        export(lm(), "safetensors", tmp_path)


def test_export_knows_the_closest_format(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'mlflow'"):
        export(lm(), "mlfow", tmp_path / "out")


def test_export_of_a_model_with_other_inputs_says_which_it_wants() -> None:
    with pytest.raises(ExportError, match="source and target"):
        required_masks(lm().model, "seq2seq")


class Counting(SmallClassifier):
    """Its shape depends on the tokens' values, which no program can hold."""

    def forward(self, tokens: torch.Tensor, padding: torch.Tensor | None = None) -> torch.Tensor:
        """Leave out zeros."""
        return super().forward(tokens[:, : int(tokens.sum()) + 1], padding)


def test_a_model_that_cannot_be_traced_is_an_export_error() -> None:
    with pytest.raises(ExportError, match=r"torch\.export cannot trace"):
        to_program(Counting(), ports_of(Counting()))


def test_joined_source_imports_none_of_our_packages() -> None:
    tree = ast.parse(joined_source(CARRIED))

    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert not {name for name in imported if name and name.split(".")[0] in ("engine", "builder", "views")}
    assert {node.name for node in tree.body if isinstance(node, ast.ClassDef)} >= {"Decoding", "TextModel"}
