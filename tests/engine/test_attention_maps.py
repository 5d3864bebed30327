"""Attention maps: their numbers are the model's own, and every axis carries the right tokens."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from engine.attention_maps import attention_on_text, attention_stacks, family
from engine.blocks.attention import AttentionCore
from engine.data import TASKS
from engine.errors import RunError
from engine.inspection import record
from tests.engine.attending import Decoder, Translator

REVERSE = TASKS["reverse"]
VOCAB = REVERSE.tokenizer.vocab_size


def seen_by_hand(model: nn.Module, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Attention weights recomputed here from what reaches each core, without a mask, (H, T, S)."""
    seen: dict[str, Tensor] = {}
    cores = {name: m for name, m in model.named_modules() if isinstance(m, AttentionCore)}
    handles = [
        core.register_forward_pre_hook(lambda _, args, name=name: seen.update({name: args[0] @ args[1].mT}))
        for name, core in cores.items()
    ]
    with torch.no_grad():
        model.eval()(**inputs)
    for handle in handles:
        handle.remove()
    for name, core in cores.items():
        scores = seen[name][0] / math.sqrt(4)
        if core.causal:
            scores = scores.masked_fill(torch.ones_like(scores).triu(1) == 1, -math.inf)
        seen[name] = scores.softmax(-1)
    return seen


def test_weights_are_those_of_the_forward_pass() -> None:
    model, ids = Decoder(VOCAB), torch.tensor([[3, 4, 5, 6]])
    expected = seen_by_hand(model, {"tokens": ids})

    (stack,) = attention_stacks(model, {"tokens": ids}, {"tokens": "abcd"})

    assert stack.paths == ("blocks.0.core", "blocks.1.core")
    for layer, path in enumerate(stack.paths):
        torch.testing.assert_close(torch.from_numpy(stack.weights[layer]), expected[path])


def test_weights_are_what_the_tape_records() -> None:
    model, inputs = Decoder(VOCAB), {"tokens": torch.tensor([[3, 4, 5]])}
    with torch.no_grad(), record(model.eval()) as tape:
        model(**inputs)

    (stack,) = attention_stacks(model, inputs, {"tokens": "abc"})

    assert (stack.weights[1] == tape["blocks.1.core.weights"][0].numpy()).all()


def test_dropout_is_off_while_looking_and_training_goes_on_after() -> None:
    model, inputs = Decoder(VOCAB).train(), {"tokens": torch.tensor([[3, 4, 5]])}

    (first,) = attention_stacks(model, inputs, {})
    (second,) = attention_stacks(model, inputs, {})

    assert model.training
    assert (first.weights == second.weights).all()


def test_each_kind_of_attention_has_the_tokens_of_its_own_inputs() -> None:
    inputs = {"source": torch.tensor([[3, 4, 5]]), "target": torch.tensor([[1, 5]])}

    stacks = attention_stacks(Translator(VOCAB), inputs, {"source": "abc", "target": ">c"})

    axes = {stack.paths[0]: ("".join(stack.queries), "".join(stack.keys)) for stack in stacks}
    assert axes == {"encoder.core": ("abc", "abc"), "itself.core": (">c", ">c"), "across.core": (">c", "abc")}
    assert stacks[2].shape == (1, 2, 2, 3)


def test_equally_long_inputs_keep_their_own_tokens() -> None:
    inputs = {"source": torch.tensor([[3, 4]]), "target": torch.tensor([[1, 5]])}

    stacks = attention_stacks(Translator(VOCAB), inputs, {"source": "ab", "target": ">c"})

    assert ["".join((*stack.queries, *stack.keys)) for stack in stacks] == ["abab", ">c>c", ">cab"]


def test_positions_stand_for_tokens_that_are_not_known() -> None:
    (stack,) = attention_stacks(Decoder(VOCAB), {"tokens": torch.tensor([[3, 4]])}, {})

    assert stack.keys == ("0", "1")


def test_a_model_without_attention_has_no_stacks() -> None:
    class Plain(nn.Module):
        def forward(self, tokens: Tensor) -> Tensor:
            return tokens

    assert attention_stacks(Plain(), {"tokens": torch.tensor([[1]])}, {}) == ()


def test_the_models_own_answer_is_read_too() -> None:
    model = Decoder(VOCAB)
    ids = REVERSE.tokenizer.encode("abc>")
    while len(ids) < 4 + REVERSE.answer_len and REVERSE.stop not in ids:
        ids.append(int(model.eval()(torch.tensor([ids]))[0, -1].argmax()))
    expected = REVERSE.tokenizer.decode([i for i in ids if i != REVERSE.stop])

    (stack,) = attention_on_text(model, "abc", REVERSE)

    assert "".join(stack.keys) == expected


def test_an_encoder_decoder_answers_in_its_target() -> None:
    stacks = attention_on_text(Translator(VOCAB), "abc", REVERSE)

    assert "".join(stacks[0].keys) == "abc"
    assert all(stack.queries[0] == ">" for stack in stacks[1:])


def test_a_text_of_a_task_without_answers_is_read_as_it_is() -> None:
    brackets = TASKS["brackets"]

    (stack,) = attention_on_text(Decoder(brackets.tokenizer.vocab_size), "(())", brackets)

    assert "".join(stack.queries) == "(())"


def test_unknown_characters_are_refused_with_their_place() -> None:
    with pytest.raises(RunError, match="'!' at place 2"):
        attention_on_text(Decoder(VOCAB), "a!c", REVERSE)


@pytest.mark.parametrize(
    ("path", "shared"),
    [("blocks.0.attn.core", "blocks.*.attn.core"), ("block_2.attn.core", "block.attn.core"), ("core", "core")],
)
def test_repeated_nodes_are_one_family(path: str, shared: str) -> None:
    assert family(path) == shared
