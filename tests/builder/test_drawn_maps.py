"""Attention drawn from primitives is shown like any other: its maps are what meets the values."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import builder
from builder.assemble import Sketch
from builder.document import Document
from builder.drawn import Drawn, is_tapped
from builder.edits import Group, SetRepeat
from builder.templates import TEMPLATES
from engine.attention_maps import attention_on_text, attention_stacks
from engine.data import TASKS
from engine.drawn_attention import weight_ports
from tests.builder.small_models import noise
from tests.builder.test_draw_out import opened

TINY = [name for name in TEMPLATES if name.startswith("tiny")]
ONE_HEAD = (("scale", "scale"), ("softmax", "softmax"), ("drop", "dropout"))


@pytest.mark.parametrize("name", TINY)
def test_a_drawn_model_shows_what_the_model_with_a_core_shows(name: str) -> None:
    document, task = builder.templates.build(name), TASKS[builder.templates.build(name).task]
    model, drawn = builder.compile_document(document), builder.compile_document(opened(document))
    drawn.load_state_dict(model.state_dict())
    text = task.examples(1)[0].text

    stacks, others = attention_on_text(model, text, task), attention_on_text(drawn, text, task)

    assert len(stacks) == len(others) > 0
    for stack, other in zip(stacks, others, strict=True):
        assert other.paths == tuple(path.replace(".core", ".softmax") for path in stack.paths)
        assert (other.queries, other.keys) == (stack.queries, stack.keys)
        np.testing.assert_allclose(other.weights, stack.weights, atol=1e-5)


def one_head(steps: tuple[tuple[str, str], ...] = ONE_HEAD, width: int = 6) -> Document:
    """A language model with attention of one head, whose tensors have no dimension for heads."""
    d = Sketch("model", "Model")
    d.symbols(vocab_size=9, d_model=width)
    d.input("tokens", "B T", (0, 0), "ids")
    d.add("emb", "token_embedding", {"tokens": "tokens"}, (1, 0), vocab_size="vocab_size", d_model="d_model")
    for row, name in enumerate("qkv"):
        d.add(name, "linear", "emb", (2, row), d_in="d_model", d_out="d_model")
    d.add("compare", "matmul", {"a": "q", "b": "k"}, (3, 0), transpose_b=True)
    last = "compare"
    for column, (name, kind) in enumerate(steps):
        d.add(name, kind, {"a": last, "b": last} if kind == "multiply" else last, (4 + column, 0))
        last = name
    d.add("mix", "matmul", {"a": last, "b": "v"}, (8, 1))
    d.add("head", "lm_head", "mix", (9, 1), d_model="d_model", vocab_size="vocab_size")
    d.output("logits", "head.logits", "B T vocab_size", (10, 1), "logits")
    return Document(definitions={"model": d.done()})


def looked_at(model: nn.Module) -> dict[str, np.ndarray]:
    """Weights by path, of a model that reads five tokens."""
    stacks = attention_stacks(model, {"tokens": torch.tensor([[1, 2, 3, 4, 5]])}, {"tokens": "abcde"})
    return {path: stack.weights[layer] for stack in stacks for layer, path in enumerate(stack.paths)}


def met(model: nn.Module, mix: str = "mix") -> Tensor:
    """What is multiplied by the values while the model reads the same."""
    found: list[Tensor] = []
    handle = model.get_submodule(mix).register_forward_pre_hook(lambda _, args: found.append(args[0].detach()))
    with torch.no_grad():
        copy.deepcopy(model).eval()(tokens=torch.tensor([[1, 2, 3, 4, 5]]))
    handle.remove()
    return found[0]


def test_attention_without_a_dimension_for_heads_is_one_head() -> None:
    model = builder.compile_document(one_head())

    weights = looked_at(model)["softmax"]

    assert weights.shape == (1, 5, 5)
    np.testing.assert_allclose(weights, met(model), atol=1e-6)
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-6)


def test_what_changes_weights_after_the_softmax_is_shown_with_them() -> None:
    model = builder.compile_document(one_head((*ONE_HEAD[:2], ("sharper", "multiply"), ("drop", "dropout"))))

    found = looked_at(model)

    assert list(found) == ["sharper"]
    np.testing.assert_allclose(found["sharper"], met(model), atol=1e-6)


@pytest.mark.parametrize("steps", [ONE_HEAD[:1], (("act", "relu"),)])
def test_a_product_without_a_softmax_before_it_is_no_attention(steps: tuple[tuple[str, str], ...]) -> None:
    assert looked_at(builder.compile_document(one_head(steps))) == {}


def test_a_softmax_over_other_than_a_product_is_no_attention() -> None:
    d = Sketch("model", "Model")
    d.input("x", "B T D", (0, 0))
    d.add("softmax", "softmax", "x", (1, 0))
    d.add("mix", "matmul", {"a": "softmax", "b": "x"}, (2, 0), transpose_b=True)
    d.output("y", "mix", "B T T", (3, 0))

    model = builder.compile_document(Document(definitions={"model": d.done()}))

    assert weight_ports(model) == ()


def test_a_softmax_in_a_composite_of_its_own_is_found_by_its_path() -> None:
    document = Group(nodes=("scale", "softmax"), name="Shares").apply(one_head())

    model = builder.compile_document(document)

    assert list(looked_at(model)) == ["shares.softmax"]
    np.testing.assert_allclose(looked_at(model)["shares.softmax"], met(model), atol=1e-6)


@pytest.mark.parametrize("shared", [False, True])
def test_layers_of_drawn_attention_are_one_stack(shared: bool) -> None:
    document = opened(builder.templates.build("tiny"))
    document = SetRepeat(node="blocks", repeat=3, shared=shared).apply(document)
    model, task = builder.compile_document(document), TASKS["reverse"]

    (stack,) = attention_on_text(model, "abc", task)

    assert stack.paths == tuple(f"blocks.{layer}.attn.softmax" for layer in range(3))
    assert stack.shape[0] == 3
    assert not np.allclose(stack.weights[0], stack.weights[1])


def test_after_a_look_the_model_is_as_fast_as_before() -> None:
    model = builder.compile_document(opened(builder.templates.build("tiny")))
    before = model(tokens=torch.zeros(1, 4, dtype=torch.int64))

    attention_on_text(model, "abc", TASKS["reverse"])

    drawn = [part for part in model.modules() if isinstance(part, Drawn) and part._fused is not None]
    assert drawn
    assert not any(is_tapped(part) for part in drawn)
    assert model.training
    assert torch.equal(model(tokens=torch.zeros(1, 4, dtype=torch.int64)), before)


def test_several_dimensions_of_heads_are_put_one_after_another() -> None:
    d = Sketch("model", "Model")
    d.input("q", "B G N T D", (0, 0))
    d.input("v", "B G N T D", (0, 1))
    d.add("compare", "matmul", {"a": "q", "b": "v"}, (1, 0), transpose_b=True)
    d.add("softmax", "softmax", "compare", (2, 0))
    d.add("mix", "matmul", {"a": "softmax", "b": "v"}, (3, 0))
    d.output("y", "mix", "B G N T D", (4, 0))
    model = builder.compile_document(Document(definitions={"model": d.done()}))
    q, v = noise(1, 2, 3, 4, 5), noise(1, 2, 3, 4, 5, seed=4)

    (stack,) = attention_stacks(model, {"q": q, "v": v}, {})

    assert stack.shape == (1, 6, 4, 4)
    np.testing.assert_allclose(stack.weights[0, 5], (q[0, 1, 2] @ v[0, 1, 2].mT).softmax(-1), atol=1e-6)
