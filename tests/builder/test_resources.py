"""What a model needs, compared with what it takes once it is built."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import builder
from builder import templates
from builder.compile import compile_document
from builder.composites import LIBRARY
from builder.document import Document
from builder.edits import AddAdapter, Tie
from builder.levels import scope_of
from builder.resources import Resources, resources
from engine.errors import CompileError
from engine.machine import Speed
from tests.builder.small_models import small

BATCH, LENGTH = 3, 10
NAMES = templates.names()


@cache
def model_of(name: str) -> Document:
    """A template at its own sizes, with short texts and no dropout."""
    wanted = {"dropout": 0.0, "max_len": 12, "d_model": 32, "d_ff": 80, "vocab_size": 50}
    known = templates.TEMPLATES[name].symbols
    return templates.build(name, **{k: v for k, v in wanted.items() if k in known})


@cache
def needs(name: str) -> Resources:
    return resources(model_of(name), BATCH, LENGTH)


def inputs_of(document: Document) -> dict[str, Tensor]:
    """Something for each required input."""
    sizes = {"B": BATCH, "T": LENGTH, "S": LENGTH, **scope_of(document.main)}
    found = {}
    for port in document.main.inputs:
        shape = [sizes[word] for word in port.shape.split()]
        if not port.optional:
            found[port.name] = torch.randint(50, shape) if port.kind == "ids" else torch.randn(shape)
    return found


def held(model: nn.Module, inputs: dict[str, Tensor]) -> int:
    """Bytes that autograd holds after a forward, parameters and buffers not counted."""
    own = {p.untyped_storage().data_ptr() for p in (*model.parameters(), *model.buffers())}
    kept: dict[int, Tensor] = {}

    def keep(x: Tensor) -> Tensor:
        kept.setdefault(x.untyped_storage().data_ptr(), x)
        return x

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        model(**inputs)
    return sum(x.untyped_storage().nbytes() for where, x in kept.items() if where not in own)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_counted_exactly(name: str) -> None:
    model = compile_document(model_of(name))

    assert needs(name).parameters == sum(p.numel() for p in model.parameters())
    assert needs(name).trainable == needs(name).parameters


@pytest.mark.parametrize("name", NAMES)
def test_flops_are_those_that_torch_counts(name: str) -> None:
    model, inputs = compile_document(model_of(name)), inputs_of(model_of(name))
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as forward:
        y = model(**inputs)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as both:
        model(**inputs).sum().backward()

    need = needs(name)
    per = BATCH * LENGTH if need.unit == "token" else BATCH
    assert y.numel()
    assert need.flops == pytest.approx(forward.get_total_flops() / per, rel=0.01)
    assert need.train_flops == pytest.approx(both.get_total_flops() / per, rel=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_activations_are_what_autograd_holds_within_a_sixth(name: str) -> None:
    torch.manual_seed(0)
    model = compile_document(model_of(name))

    assert needs(name).activations == pytest.approx(held(model, inputs_of(model_of(name))), rel=1 / 6)


@pytest.mark.parametrize(("name", "layers"), [("gpt2", 4), ("t5", 2), ("transformer", 2)])
def test_a_cache_holds_a_key_and_a_value_of_every_decoder_layer(name: str, layers: int) -> None:
    assert needs(name).cache == layers * 2 * 32 * 4


def test_shared_keys_make_a_smaller_cache() -> None:
    heads, shared = 4, 2

    assert needs("llama").cache * heads == shared * 2 * 32 * 4 * 4


def test_what_only_reads_has_no_cache() -> None:
    assert needs("bert").cache == needs("vit").cache == 0


def test_parts_make_up_the_whole() -> None:
    document = model_of("gpt2")
    parts = [resources(document, BATCH, LENGTH, (name,)) for name in document.main.nodes]

    whole = needs("gpt2")
    assert sum(part.forward.flops for part in parts) == whole.forward.flops
    assert sum(part.activations for part in parts) == whole.activations
    assert sum(part.cache for part in parts) == whole.cache


def test_a_node_inside_layers_counts_in_all_of_them() -> None:
    document = model_of("gpt2")
    up = resources(document, BATCH, LENGTH, ("blocks", "ffn", "up"))

    assert up.forward.flops == 4 * 2 * BATCH * LENGTH * 32 * 80
    assert up.parameters == 4 * (32 * 80 + 80)


def test_layers_with_settings_of_their_own_count_as_they_are() -> None:
    document = model_of("gpt2")
    blocks = replace(document.main.nodes["blocks"], overrides={1: {"d_ff": 8}})
    changed = document.with_definition(document.main.with_nodes({"blocks": blocks}))

    up = resources(changed, BATCH, LENGTH, ("blocks", "ffn", "up"))

    assert up.forward.flops == 2 * BATCH * LENGTH * 32 * (3 * 80 + 8)


def test_longer_texts_cost_more_for_each_token() -> None:
    document = small("gpt2")

    short, long = (resources(document, 1, length) for length in (4, 12))

    D, L = 8, 2
    assert long.flops - short.flops == L * 2 * 2 * (12 - 4) * D  # scores and means of the values


def test_attention_from_primitives_holds_no_more_than_the_core() -> None:
    document, name = small("gpt2"), "attention_from_primitives"
    block = document.definitions["gpt_block"]
    settings = {"d_model": "d_model", "n_heads": "n_heads", "pattern": "causal"}
    changed = block.with_nodes({"attn": replace(block.nodes["attn"], kind=name, settings=settings)})
    drawn = resources(document.with_definition(LIBRARY[name]).with_definition(changed), BATCH, LENGTH)

    fused = resources(document, BATCH, LENGTH)

    assert (drawn.activations, drawn.forward.flops, drawn.cache) == (
        fused.activations, fused.forward.flops, fused.cache,
    )  # fmt: skip


def test_a_model_too_large_to_build_is_sized_without_building_it() -> None:
    document = templates.build("gpt2", d_model=8192, n_layers=96, vocab_size=50_000, n_heads=64, max_len=1024)

    need = resources(document, 8, 1024)

    assert need.parameters > 70e9
    assert need.flops == pytest.approx(2 * need.parameters, rel=0.1)  # two for each parameter and token


def test_the_time_of_a_step_adds_up_computing_memory_and_calls() -> None:
    need = needs("gpt2")
    slow = Speed(flops=1e9, bandwidth=1e30, call=0)

    assert need.seconds(slow) == pytest.approx(need.train_flops * BATCH * LENGTH / 1e9)
    assert need.seconds(Speed(flops=1e30, bandwidth=1e30, call=1.0)) > 100
    assert need.seconds(Speed(flops=1e30, bandwidth=4.0, call=0)) > 7 * need.trainable


def test_a_model_that_does_not_compile_says_why() -> None:
    document = small("gpt2")
    broken = document.with_definition(document.main.without_nodes(("ln_f",)))

    with pytest.raises(CompileError):
        resources(broken)


@pytest.mark.parametrize(
    ("path", "count"),
    [((), None), (("lm_head",), 2 * (8 + 11)), (("tok_emb",), 0), (("blocks", "attn", "q_proj"), 2 * 2 * (8 + 8))],
)
def test_what_is_tied_to_something_frozen_is_frozen_and_counts_once(path: tuple[str, ...], count: int | None) -> None:
    """Adapters of rank 2 around a tied head of 11 tokens, and around queries that are one with the keys."""
    document = AddAdapter(nodes=("lm_head",), rank=2).apply(small("gpt2"))
    document = AddAdapter(nodes=("q_proj", "k_proj"), rank=2, at="multi_head_attention").apply(document)
    for layer in range(2):
        names = (f"blocks.{layer}.attn.{name}_proj.weight" for name in "qk")
        document = Tie(first=next(names), second=next(names)).apply(document)
    trained = sum(p.numel() for p in builder.compile_document(document).parameters() if p.requires_grad)

    assert resources(document, path=path).trainable == (trained if count is None else count)
