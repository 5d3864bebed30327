"""Adapters from the window: around what is selected, away again, merged into the weights of a run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_model

import builder
from builder import templates
from builder.cli import main
from builder.document import Document
from builder.edits import AddAdapter, SetLabel
from builder.run import write_run
from engine import checkpoints
from engine.config import RunConfig
from engine.errors import RunError
from tests.builder.small_models import shaken
from tests.views.test_exporting import wait_for
from views import adapters
from views.adapters import Adapters, adapter_links
from views.runner import Runner
from views.session import Session

SMALL = {"d_model": 8, "n_heads": 1, "d_ff": 8, "n_layers": 1, "vocab_size": 29, "max_len": 18}
IDS = torch.arange(12).view(2, 6)


class Desk:
    """A session with the commands, whose processes are run in this one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session, self.runner = Session(templates.build("gpt2", **SMALL)), Runner()
        self.commands = Adapters(self.session, self.runner).commands()
        monkeypatch.setattr(adapters, "run_module", self._run)

    def _run(self, *words: str) -> str:
        assert main(words[1:]) == 0
        return "written"

    @property
    def told(self) -> str:
        """The last notice."""
        return self.session.notice.text if self.session.notice else ""

    def train(self, folder: Path, document: Document) -> torch.nn.Module:
        """Follow a run of a model that has learned something."""
        folder.mkdir()
        write_run(document, RunConfig(task="reverse", steps=1), folder)
        model = shaken(builder.compile_document(document))
        checkpoints.save(folder, 1, model=model, state={}, meta={})
        self.runner.follow(folder)
        return model


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("STEPWISE_HOME", str(tmp_path))
    return Desk(monkeypatch)


def adapted(desk: Desk) -> None:
    """Adapters around the head and, further inside, a projection."""
    desk.session.select(("tok_emb", "lm_head"))
    desk.commands["add-adapter"]()
    desk.session.apply(AddAdapter(nodes=("q_proj",), at="multi_head_attention"))


def test_of_what_is_selected_those_that_can_get_an_adapter_and_lose_it_again(desk: Desk) -> None:
    before = desk.session.document
    desk.session.select(("tok_emb", "lm_head"))

    desk.commands["add-adapter"]()
    assert desk.session.definition.nodes["lm_head"].settings["rank"] == 8
    desk.commands["remove-adapter"]()

    assert desk.session.document == before


def test_what_can_have_none_says_why(desk: Desk) -> None:
    desk.session.select(("tok_emb",))
    desk.commands["add-adapter"]()
    assert "Token embedding: it looks rows up" in desk.told

    desk.commands["remove-adapter"]()
    assert "Select a block with an adapter" in desk.told


def test_links_offer_what_fits_the_selection(desk: Desk) -> None:
    def offered(*names: str) -> list[str]:
        nodes = desk.session.definition.nodes
        return [link["id"] for link in adapter_links(nodes[name] for name in names)]

    assert offered("tok_emb") == []
    assert offered("lm_head") == ["add-adapter"]
    adapted(desk)
    assert offered("lm_head") == ["merge-adapters", "remove-adapter"]


def test_merged_weights_of_the_run_become_those_of_the_session_until_undo(desk: Desk, tmp_path: Path) -> None:
    adapted(desk)
    document = desk.session.document
    model = desk.train(tmp_path / "one", document)
    desk.session.open(("blocks",))

    desk.commands["merge-adapters"]()
    wait_for(lambda: "are merged" in desk.told)

    session = desk.session
    assert session.path == ("blocks",)
    assert session.weights is not None
    merged = builder.compile_document(session.document)
    load_model(merged, session.weights)
    torch.testing.assert_close(merged.eval()(tokens=IDS), model(tokens=IDS), rtol=1e-5, atol=1e-5)
    assert session.history.undo_label == "Merge adapters"
    session.undo()
    assert (session.document, session.weights) == (document, None)


def test_weights_that_the_model_was_opened_with_serve_too(desk: Desk, tmp_path: Path) -> None:
    adapted(desk)
    desk.train(tmp_path / "one", desk.session.document)
    desk.session.weights = checkpoints.path_of(tmp_path / "one", 1) / "model.safetensors"
    desk.train(tmp_path / "two", templates.build("gpt2", **SMALL))

    desk.commands["merge-adapters"]()

    wait_for(lambda: "are merged" in desk.told)


def test_without_adapters_or_trained_weights_nothing_is_merged_and_why(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no adapters"):
        desk.commands["merge-adapters"]()
    adapted(desk)
    with pytest.raises(RunError, match="Train it first"):
        desk.commands["merge-adapters"]()
    desk.train(tmp_path / "one", templates.build("gpt2", **SMALL))  # the model as it was without adapters
    with pytest.raises(RunError, match="Train it first"):
        desk.commands["merge-adapters"]()


def test_a_model_that_was_changed_meanwhile_is_left_alone(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapted(desk)
    desk.train(tmp_path / "one", desk.session.document)

    def run(*_: str) -> str:
        desk.session.apply(SetLabel(node="ln_f", text="last"))
        return "written"

    monkeypatch.setattr(adapters, "run_module", run)

    desk.commands["merge-adapters"]()

    wait_for(lambda: "was changed while" in desk.told)
    assert desk.session.weights is None
