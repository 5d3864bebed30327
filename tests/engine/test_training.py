"""The loop, in this process, with the in-memory channel."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor, nn

from engine import checkpoints
from engine.blocks.mixture import Experts, ExpertsConfig, Router, RouterConfig
from engine.channel import MemoryChannel
from engine.config import RunConfig
from engine.data import IGNORE, TASKS, Interface
from engine.errors import RunError
from engine.messages import Command, Evaluated, Pause, Resume, SetLr, Snapshot, Step, StepDone, Stop
from engine.training import Trainer, seed_everything
from tests.engine.models import TinyClassifier, TinyGPT


def trained(
    script: dict[int, list[Command]] | None = None, run: Path | None = None, **changes: object
) -> MemoryChannel:
    """The channel after a short training."""
    config = RunConfig.from_dict({"task": "reverse", "steps": 8, "batch_size": 4, "eval_size": 4, **changes})
    channel = MemoryChannel(script)
    seed_everything(0)
    Trainer(TinyGPT(), config, channel, run).run()
    return channel


def kinds(channel: MemoryChannel) -> list[str]:
    return [event.type for event in channel.events]


def test_every_step_says_all_its_numbers() -> None:
    channel = trained()

    steps = [event for event in channel.events if isinstance(event, StepDone)]

    assert [event.step for event in steps] == list(range(1, 9))
    assert set(steps[0].metrics) == {"loss", "accuracy", "lr", "grad_norm", "tokens_per_s", "elapsed"}
    assert all(a.metrics["elapsed"] < b.metrics["elapsed"] for a, b in itertools.pairwise(steps))


def test_the_first_loss_is_minus_log_p_of_the_first_batch() -> None:
    task = TASKS["reverse"]
    seed_everything(0)
    model = TinyGPT()
    batch = task.batch("train", Generator().manual_seed(0), 4, Interface.of(model))
    asked = batch.targets != IGNORE

    log_p = model(**batch.inputs).double().log_softmax(-1)[asked]
    expected = -log_p[range(len(log_p)), batch.targets[asked]].mean().item()

    assert trained().metrics("loss")[1] == pytest.approx(expected, rel=1e-5)


def test_a_model_learns() -> None:
    loss = trained(steps=120, lr=1e-2, batch_size=16).metrics("loss")

    assert loss[120] < 0.85 * loss[1]


def test_the_same_seed_gives_the_same_run() -> None:
    assert trained().metrics("loss") == trained().metrics("loss")


def test_validation_and_samples_come_when_they_should_and_at_the_end() -> None:
    channel = trained(eval_every=3, sample_every=5)

    evaluated = [event.step for event in channel.events if isinstance(event, Evaluated)]
    sampled = [event.step for event in channel.events if event.type == "sampled"]

    assert evaluated == [3, 6, 8]
    assert sampled == [5, 8]


def test_looking_at_the_model_on_the_way_changes_nothing() -> None:
    often, never = trained(eval_every=1, sample_every=1), trained(eval_every=99, sample_every=99)

    assert often.metrics("loss") == never.metrics("loss")


def test_a_stop_is_obeyed_before_the_next_step() -> None:
    channel = trained({3: [Stop()]})

    assert max(channel.metrics("loss")) == 3
    assert kinds(channel)[-1] == "stopped"


def test_a_pause_waits_and_what_follows_is_as_if_there_had_been_none() -> None:
    class Waiting(MemoryChannel):
        """Resumes at the third look while paused."""

        looks = 0

        def poll(self) -> list[Command]:
            found = super().poll()
            self.looks += kinds(self).count("paused") > kinds(self).count("resumed")
            return [*found, Resume()] if self.looks == 3 else found

    channel = Waiting({3: [Pause()]})
    seed_everything(0)
    config = RunConfig(task="reverse", steps=8, batch_size=4, eval_size=4)
    Trainer(TinyGPT(), config, channel).run()

    told = [(event.type, event.step) for event in channel.events]
    assert told[told.index(("paused", 3)) + 1] == ("resumed", 3)
    assert channel.metrics("loss") == trained().metrics("loss")


def test_single_steps_are_counted_and_then_it_waits() -> None:
    class Stepping(MemoryChannel):
        """Stops at the first look after all allowed steps are done."""

        def poll(self) -> list[Command]:
            done = len(self.metrics("loss"))
            found = super().poll()
            self.looked_at = [*getattr(self, "looked_at", []), done]
            return [*found, Stop()] if self.looked_at.count(done) == 2 else found

    channel = Stepping({0: [Step(count=3)]})
    seed_everything(0)
    Trainer(TinyGPT(), RunConfig(task="reverse", steps=8, batch_size=4), channel).run()

    assert sorted(channel.metrics("loss")) == [1, 2, 3]


def test_the_learning_rate_can_be_changed_on_the_way() -> None:
    rates = trained({4: [SetLr(lr=0.5)]}, lr=0.1, warmup=0, schedule="constant").metrics("lr")

    assert [rates[step] for step in (4, 5)] == [0.1, 0.5]


def test_a_snapshot_is_a_checkpoint_of_that_step(tmp_path: Path) -> None:
    trained({5: [Snapshot()]}, tmp_path)

    assert checkpoints.steps(tmp_path) == [0, 5, 8]


def test_a_loss_that_is_no_number_ends_the_run_with_advice() -> None:
    model = TinyGPT()
    with torch.no_grad():
        model.head.weight.fill_(torch.inf)

    with pytest.raises(RunError, match=r"diverged.*Lower lr \(now 0.003\)"):
        Trainer(model, RunConfig(task="reverse"), MemoryChannel()).run()


def test_a_model_that_cannot_read_the_tokens_is_told_the_sizes() -> None:
    with pytest.raises(RunError, match="vocab_size 29 and max_len 21"):
        Trainer(TinyGPT(vocab_size=5), RunConfig(task="reverse"), MemoryChannel()).run()


def test_a_model_with_the_wrong_head_is_refused() -> None:
    with pytest.raises(RunError, match="language-model head"):
        Trainer(TinyClassifier(vocab_size=29), RunConfig(task="reverse"), MemoryChannel()).run()


@pytest.mark.parametrize("cut", [1, 4, 7])
def test_a_resumed_run_has_the_same_losses_and_weights_bit_for_bit(tmp_path: Path, cut: int) -> None:
    config = RunConfig(task="reverse", steps=8, batch_size=4, eval_size=4, checkpoint_every=100)
    whole, first, second = MemoryChannel(), MemoryChannel({cut: [Stop()]}), MemoryChannel()
    seed_everything(0)
    expected = TinyGPT()
    Trainer(expected, config, whole).run()
    seed_everything(0)
    Trainer(TinyGPT(), config, first, tmp_path).run()

    seed_everything(99)
    model = TinyGPT()
    trainer = Trainer(model, config, second, tmp_path)
    trainer.load(cut)
    trainer.run()

    losses = {**first.metrics("loss"), **second.metrics("loss")}
    assert losses == whole.metrics("loss")
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), expected.parameters(), strict=True))


class MixtureLM(nn.Module):
    """A mixture of experts between an embedding and a head."""

    def __init__(self, balance: float) -> None:
        super().__init__()
        self.embed = nn.Embedding(32, 8)
        self.router = Router(RouterConfig(d_model=8, n_experts=4, top_k=2, balance=balance))
        self.experts = Experts(ExpertsConfig(d_model=8, d_ff=8, n_experts=4))
        self.head = nn.Linear(8, 32)

    def forward(self, tokens: Tensor) -> Tensor:
        """Ids (B, T) to logits (B, T, V)."""
        x = self.embed(tokens)
        logits: Tensor = self.head(x + self.experts(x, self.router(x)))
        return logits


def mixture(balance: float, steps: int) -> tuple[MixtureLM, MemoryChannel]:
    seed_everything(0)
    model, channel = MixtureLM(balance), MemoryChannel()
    with torch.no_grad():
        model.embed.weight += 1.0
        model.router.weight[:2] += 0.3  # two experts get all tokens at first
    config = RunConfig(task="reverse", steps=steps, batch_size=8, eval_size=4, lr=0.02, warmup=0, schedule="constant")
    Trainer(model, config, channel).run()
    return model, channel


def test_what_a_block_wants_for_itself_is_trained_and_reported_apart_from_the_loss() -> None:
    (_, strict), (_, free) = mixture(1.0, 30), mixture(0.0, 30)

    assert strict.metrics("loss")[1] == free.metrics("loss")[1]
    assert set(free.metrics("aux_loss").values()) == {0.0}
    wishes = strict.metrics("aux_loss")
    assert wishes[1] > 3.0
    assert wishes[30] == pytest.approx(2.0, abs=0.2)  # the least there is: experts equally busy


def test_how_busy_each_expert_is_comes_with_every_validation() -> None:
    _, channel = mixture(1.0, 2)

    (evaluated,) = [event for event in channel.events if isinstance(event, Evaluated)]
    use = {name: value for name, value in evaluated.metrics.items() if name.startswith("expert_use/")}
    assert list(use) == [f"expert_use/router/{number}" for number in range(4)]
    assert sum(use.values()) == pytest.approx(2.0)


def test_a_model_without_such_blocks_reports_none_of_it() -> None:
    assert trained().metrics("aux_loss") == {}
