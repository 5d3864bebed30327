"""Attention drawn from primitives: at fused speed, with the numbers of the drawing."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any
from unittest.mock import patch

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import engine
from builder.assemble import Sketch
from builder.compile import compile_document
from builder.document import Definition, Document
from tests.builder.small_models import noise, real, shaken

B, H, T, K = 2, 2, 5, 4


def drawn(
    pattern: str = "causal", *, bias: bool = False, padding: bool = False, allowed: bool = False, dropout: float = 0.0,
    softmax: str = "keys", twice: bool = False, late_scale: bool = False,
) -> Document:  # fmt: skip
    """Attention in one definition, between projections of x (B, T, 8)."""
    d = Sketch("model", "Model")
    d.symbols(d_model=8, n_heads=H)
    d.input("x", "B T d_model", (0, 0))
    for name in "qkv":
        d.add(f"{name}_proj", "linear", "x", (1, 0), d_in="d_model", d_out="d_model")
        d.add(f"{name}_heads", "split_heads", f"{name}_proj", (2, 0), n_heads="n_heads")
    d.add("compare", "matmul", {"a": "q_heads", "b": "k_heads"}, (3, 0), transpose_b=True)
    last = "compare"
    if not late_scale:
        d.add("scale", "scale", last, (4, 0), d="d_model//n_heads", power=-0.5)
        last = "scale"
    if bias:
        d.input("far", f"1 {H} T T", (0, 1), "scores")
        d.add("add", "add", {"a": last, "b": "far"}, (5, 0))
        last = "add"
    if late_scale:
        d.add("scale", "scale", last, (4, 0), d="d_model//n_heads", power=-0.5)
        last = "scale"
    sources = {"scores": last}
    if padding:
        d.input("padding?", "B T", (0, 2), "mask")
        sources["padding"] = "padding"
    if allowed:
        d.input("allowed", "T T", (0, 3), "mask")
        sources["allowed"] = "allowed"
    more: dict[str, Any] = (
        {"window": 2} if pattern == "sliding_window" else {"prefix": 2} if pattern == "prefix" else {}
    )
    d.add("mask", "mask", sources, (6, 0), pattern=pattern, **more)
    d.add("softmax", "softmax", "mask", (7, 0), axis=softmax)
    d.add("drop", "dropout", "softmax", (8, 0), p=dropout)
    d.add("mix", "matmul", {"a": "drop", "b": "v_heads"}, (9, 0))
    d.add("merge", "merge_heads", "mix", (10, 0))
    d.output("y", "merge", "B T d_model", (11, 0))
    if twice:
        d.output("shares", "softmax", "B H T T", (11, 1), "scores")
    return _document(d.done())


def _document(root: Definition) -> Document:
    return Document(definitions={root.name: root}, root=root.name)


def both(document: Document) -> tuple[nn.Module, nn.Module]:
    """The model with and without fusion, with the same weights."""
    fused, plain = (shaken(compile_document(document, fuse=fuse)) for fuse in (True, False))
    return fused, plain


def kernel_calls(model: nn.Module, **inputs: Tensor) -> int:
    """How often the fused kernel runs in a call."""
    with patch.object(F, "scaled_dot_product_attention", wraps=F.scaled_dot_product_attention) as kernel:
        model(**inputs)
    return kernel.call_count


def inputs_for(document: Document) -> dict[str, Tensor]:
    every = {
        "x": noise(B, T, 8), "far": noise(1, H, T, T, seed=5), "padding": real(B, T, 5, 3),
        "allowed": noise(T, T, seed=6) > 0,
    }  # fmt: skip
    return {port.name: every[port.name] for port in document.main.inputs}


CASES: dict[str, dict[str, Any]] = {
    **{pattern: {"pattern": pattern} for pattern in ("none", "causal", "anticausal", "sliding_window", "prefix")},
    "bias": {"bias": True},
    "padding": {"padding": True, "pattern": "none"},
    "causal padding": {"padding": True},
    "anticausal padding": {"padding": True, "pattern": "anticausal"},
    "allowed": {"allowed": True, "pattern": "none"},
    "everything": {"allowed": True, "padding": True, "bias": True},
}


@pytest.mark.parametrize("case", CASES)
def test_fused_numbers_and_gradients_are_those_of_the_drawing(case: str) -> None:
    document = drawn(**CASES[case])
    inputs = {name: x.double() if x.is_floating_point() else x for name, x in inputs_for(document).items()}
    results = []
    for model in both(document):
        y = model.double()(**inputs)
        y.square().sum().backward()
        results.append([y, *(p.grad for p in model.parameters())])

    for fused, plain in zip(*results, strict=True):
        torch.testing.assert_close(fused, plain, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_the_fused_kernel_runs_once(case: str) -> None:
    document = drawn(**CASES[case])
    fused, plain = both(document)

    assert kernel_calls(fused, **inputs_for(document)) == 1
    assert kernel_calls(plain, **inputs_for(document)) == 0


def test_drawn_attention_is_the_formula() -> None:
    fused, plain = both(drawn())
    x = noise(B, T, 8)
    q, k, v = (fused.get_submodule(f"{n}_proj")(x).view(B, T, H, K).transpose(1, 2) for n in "qkv")
    later = torch.ones(T, T, dtype=torch.bool).triu(1)
    wanted = (q @ k.transpose(2, 3) / math.sqrt(K)).masked_fill(later, -math.inf).softmax(-1) @ v

    for model in (fused, plain):
        torch.testing.assert_close(model(x=x), wanted.transpose(1, 2).flatten(2), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "case", [{"softmax": "queries"}, {"softmax": "heads"}, {"twice": True}, {"bias": True, "late_scale": True}]
)
def test_what_is_not_attention_runs_as_it_is_drawn(case: dict[str, Any]) -> None:
    document = drawn(**case)
    fused, _ = both(document)

    assert kernel_calls(fused, **inputs_for(document)) == 0


@pytest.mark.parametrize("port", ["compare.y", "scale.y", "mask.y", "softmax.y", "drop.y", "mix.y"])
def test_recording_a_value_inside_runs_the_drawing(port: str) -> None:
    fused, plain = both(drawn())
    x = noise(B, T, 8)
    with engine.inspection.record(plain, [port]) as wanted:
        plain(x=x)

    with engine.inspection.record(fused, [port]) as tape:
        assert kernel_calls(fused, x=x) == 0

    assert torch.equal(tape[port], wanted[port])
    assert kernel_calls(fused, x=x) == 1


def test_recording_a_value_outside_leaves_it_fused() -> None:
    fused, _ = both(drawn())

    with engine.inspection.record(fused, ["q_heads.y", "merge.y"]) as tape:
        assert kernel_calls(fused, x=noise(B, T, 8)) == 1

    assert set(tape) == {"q_heads.y", "merge.y"}


def test_the_graph_the_keys_and_the_signature_are_those_of_the_drawing() -> None:
    fused, plain = both(drawn(padding=True))

    assert list(fused.state_dict()) == list(plain.state_dict())
    assert [str(node) for node in fused.graph.nodes] == [str(node) for node in plain.graph.nodes]
    assert fused.code == plain.code
    assert list(fused.forward.__wrapped__.__code__.co_varnames[:3]) == ["self", "x", "padding"]


def test_dropout_of_weights_follows_the_block_and_the_mode() -> None:
    fused, _ = both(drawn(dropout=0.5))
    x = noise(B, T, 8)

    assert torch.equal(fused(x=x), fused(x=x))
    fused.train()
    assert not torch.equal(fused(x=x), fused(x=x))
    fused.get_submodule("drop").eval()
    assert torch.equal(fused(x=x), fused(x=x))


def test_a_copy_fuses_and_listens_by_itself() -> None:
    fused, _ = both(drawn())
    twin, x = copy.deepcopy(fused), noise(B, T, 8)
    twin.get_submodule("softmax").register_forward_hook(lambda *_: None)

    assert kernel_calls(twin, x=x) == 0
    assert kernel_calls(fused, x=x) == 1
    torch.testing.assert_close(twin(x=x), fused(x=x))
    assert all(a is not b for a, b in zip(twin.parameters(), fused.parameters(), strict=True))


def test_a_pickled_model_computes_the_same() -> None:
    fused, plain = both(drawn())

    again = pickle.loads(pickle.dumps(fused))

    torch.testing.assert_close(again(x=noise(B, T, 8)), plain(x=noise(B, T, 8)))
