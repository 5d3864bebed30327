"""A cache of keys and values writes what reading everything again writes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import engine
from builder import templates
from builder.compile import compile_document
from builder.composites import LIBRARY
from builder.document import Document, Node
from builder.edits import SetSetting
from engine.data import Interface
from engine.generation import Cached, generate
from tests.builder.small_documents import wire
from tests.builder.small_models import SIZES, compiled, shaken, small

SIDEWAYS = {"bert", "tiny_bert", "vit", "tiny_vit", "classifier"}  # their positions see later ones, or are patches
CAUSAL = [name for name in templates.names() if name not in SIDEWAYS]
WAYS = ({}, {"temperature": 1.0}, {"temperature": 0.7, "top_k": 4, "top_p": 0.9}, {"stop": 2})


@cache
def writer(name: str) -> nn.Module:
    """A template at tiny sizes, with weights far from their starting values."""
    known = templates.TEMPLATES[name].symbols
    sizes = {**SIZES, "dropout": 0.0, "n_kv_heads": 1, "n_experts": 3, "n_buckets": 6, "max_distance": 5}
    return shaken(compile_document(templates.build(name, **{k: v for k, v in sizes.items() if k in known})))


def both(model: nn.Module, ids: Tensor, **how: Any) -> tuple[list[list[int]], list[list[int]]]:
    """What is written with a cache, and without."""
    start = {"start": 1} if Interface.of(model).is_encoder_decoder else {}
    written = []
    for cached in (True, False):
        chance = torch.Generator().manual_seed(3)
        written.append(generate(model, ids, cached=cached, generator=chance, **start, **how).tolist())
    return written[0], written[1]


def some_ids(rows: int, length: int) -> Tensor:
    return torch.randint(SIZES["vocab_size"], (rows, length), generator=torch.Generator().manual_seed(0))


def lengths_seen(block: nn.Module) -> list[int]:
    """A list to which each later call of a block adds how many positions it got."""
    seen: list[int] = []
    forward = block.forward

    def look(x: Tensor) -> Tensor:
        seen.append(x.shape[1])
        return forward(x)

    block.forward = look
    return seen


@pytest.mark.parametrize("name", CAUSAL)
@pytest.mark.parametrize("how", WAYS)
def test_cached_tokens_equal_uncached_ones(name: str, how: dict[str, Any]) -> None:
    cached, whole = both(writer(name), some_ids(3, 4), max_new_tokens=7, **how)

    assert cached == whole


@pytest.mark.parametrize("name", CAUSAL)
@pytest.mark.parametrize("stop", [None, 2])
def test_cached_beams_equal_uncached_ones(name: str, stop: int | None) -> None:
    cached, whole = both(writer(name), some_ids(2, 3), max_new_tokens=7, beams=3, stop=stop)

    assert cached == whole


@pytest.mark.parametrize("name", CAUSAL)
def test_a_text_longer_than_the_window_is_written_on(name: str) -> None:
    cached, whole = both(writer(name), some_ids(2, 9), max_new_tokens=SIZES["max_len"] + 6)

    assert cached == whole


def test_only_new_positions_are_computed() -> None:
    model = compiled("gpt2")
    seen = lengths_seen(model.get_submodule("blocks.1.attn.k_proj"))

    generate(model, some_ids(2, 4), max_new_tokens=6)

    assert seen == [4, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("path", ["encoder.0.ffn.up", "decoder.1.cross.k_proj"])
def test_what_depends_on_the_source_alone_is_computed_once(path: str) -> None:
    model = compiled("transformer")
    seen = lengths_seen(model.get_submodule(path))

    generate(model, some_ids(2, 5), start=1, max_new_tokens=6, beams=3)

    assert seen == [5]


def test_a_padded_source_gives_the_same_answer_with_a_cache() -> None:
    model, source = compiled("transformer"), some_ids(2, 5)
    padding = torch.tensor([[True] * 5, [True, True, True, False, False]])

    cached, whole = both(model, source, inputs={"source_padding": padding}, max_new_tokens=6)
    alone = generate(model, source[1:, :3], start=1, max_new_tokens=6)

    assert cached == whole
    assert cached[1] == alone[0].tolist()


@pytest.mark.parametrize("name", CAUSAL)
def test_every_causal_template_writes_with_a_cache(name: str) -> None:
    model = writer(name)
    fixed = {"source": some_ids(1, 3)} if Interface.of(model).is_encoder_decoder else {}
    reader = Cached(model, "target" if fixed else "tokens", fixed)

    reader(some_ids(1, 4))

    assert reader.plan is not None


def drawn_gpt(pattern: str) -> Document:
    """A GPT whose attention is drawn from primitives."""
    document, name = small("gpt2"), "attention_from_primitives"
    block = document.definitions["gpt_block"]
    settings = {"d_model": "d_model", "n_heads": "n_heads", "pattern": pattern}
    changed = replace(block.nodes["attn"], kind=name, settings=settings)
    return document.with_definition(LIBRARY[name]).with_definition(block.with_nodes({"attn": changed}))


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize(("pattern", "can"), [("causal", True), ("sliding_window", True), ("none", False)])
@pytest.mark.parametrize("length", [1, 4])
def test_attention_from_primitives_writes_with_a_cache_where_it_is_causal(
    pattern: str, can: bool, fuse: bool, length: int
) -> None:
    model = shaken(compile_document(drawn_gpt(pattern), fuse=fuse))
    reader = Cached(model, "tokens", {})

    cached, whole = both(model, some_ids(2, length), max_new_tokens=7)
    reader(some_ids(2, length))

    assert cached == whole
    assert (reader.plan is not None) == can


def with_core(**settings: Any) -> nn.Module:
    """A GPT with other settings of its attention core."""
    document = small("gpt2")
    attention = document.definitions["multi_head_attention"]
    core = attention.nodes["core"]
    changed = replace(core, settings={**core.settings, **settings})
    return shaken(compile_document(document.with_definition(attention.with_nodes({"core": changed}))))


CORES = (
    {"window": 3},
    {"prefix": 2},
    {"sinks": True, "n_heads": "n_heads"},
    {"window": 2, "prefix": 1},
    {"scale": 0.3},
)


@pytest.mark.parametrize("settings", CORES)
def test_patterns_of_the_core_are_those_of_the_whole_text(settings: dict[str, Any]) -> None:
    model = with_core(**settings)
    seen = lengths_seen(model.get_submodule("blocks.1.attn.k_proj"))

    cached, whole = both(model, some_ids(3, 4), max_new_tokens=7)

    assert cached == whole
    assert seen[:7] == [4, 1, 1, 1, 1, 1, 1]


def test_a_text_shorter_than_the_prefix_is_read_whole() -> None:
    cached, whole = both(with_core(prefix=6), some_ids(2, 3), max_new_tokens=6)

    assert cached == whole


def test_distances_of_alibi_are_those_of_the_whole_text() -> None:
    document = small("gpt2")
    attention = document.definitions["multi_head_attention"]
    alibi = Node(kind="alibi", settings={"n_heads": "n_heads"})
    wires = (*attention.wires, wire("x.value>far.x"), wire("far.bias>core.bias"))
    changed = attention.with_nodes({"far": alibi}).with_wires(wires)
    model = shaken(compile_document(document.with_definition(changed)))
    seen = lengths_seen(model.get_submodule("blocks.1.attn.far"))

    cached, whole = both(model, some_ids(3, 4), max_new_tokens=7)

    assert cached == whole
    assert len(seen) == 7  # all in the whole reading: a cache does not call `forward`


def test_a_model_that_sees_later_tokens_is_read_whole() -> None:
    document = SetSetting(at="model", node="blocks", name="mask", value="none").apply(small("gpt2"))
    model = shaken(compile_document(document))
    seen = lengths_seen(model.get_submodule("blocks.1.attn.k_proj"))

    generate(model, some_ids(1, 4), max_new_tokens=3)

    assert seen == [4, 5, 6]


def test_a_model_that_pools_positions_is_read_whole() -> None:
    reader = Cached(compiled("classifier"), "tokens", {})

    reader(some_ids(2, 4))

    assert reader.plan is None


def test_who_listens_inside_sees_all_positions() -> None:
    model, ids = compiled("gpt2"), some_ids(1, 4)

    with engine.inspection.record(model) as tape:
        generate(model, ids, max_new_tokens=3)

    assert tape["blocks.0.attn.core.weights"].shape == (1, 2, 6, 6)


@pytest.mark.parametrize("name", CAUSAL)
def test_a_model_can_learn_after_it_has_written(name: str) -> None:
    model = writer(name)
    both(model, some_ids(2, 4), max_new_tokens=5)
    ids = some_ids(2, 5)

    inputs = {"source": ids, "target": ids} if Interface.of(model).is_encoder_decoder else {"tokens": ids}
    model(**inputs).square().mean().backward()

    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad()
