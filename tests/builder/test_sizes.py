"""Parameter counts: those of the compiled model and of formulas, without building anything."""

from __future__ import annotations

from dataclasses import replace

import pytest

import builder
from builder import templates
from builder.compile import compile_document
from builder.document import Document
from builder.edits import SetRepeat, SetSetting, SetSymbol
from builder.held import Numbers, held
from builder.sizes import numbers_of, parameter_shape, parameters_inside, parameters_of
from engine.errors import CompileError, DocumentError
from tests.builder.drawn import HIDDEN, definition, end, language_model, node

D, F, V, L, T = 16, 64, 11, 3, 9
LAYER = "x.value>far.x far.y>y.value"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the blocks that the compiler has made."""
    paths: list[str] = []
    monkeypatch.setattr("builder.recipes.Leaf.make", lambda *given: paths.append(given[1]))
    return paths


@pytest.mark.parametrize("name", templates.names())
def test_a_template_has_as_many_parameters_as_its_model(name: str) -> None:
    model = templates.build(name, d_model=16, n_heads=2)

    assert parameters_of(model) == sum(p.numel() for p in compile_document(model).parameters())


def test_gpt2_has_as_many_parameters_as_the_formula_says() -> None:
    model = templates.build("gpt2", d_model=D, d_ff=F, vocab_size=V, n_layers=L, max_len=T, n_heads=2)

    attention, feed_forward, norm = 4 * (D * D + D), 2 * D * F + F + D, 2 * D
    assert parameters_of(model, ("blocks",)) == L * (attention + feed_forward + 2 * norm)
    assert parameters_of(model, ("blocks", "attn")) == L * attention
    assert parameters_of(model, ("blocks", "ffn", "up")) == L * (D * F + F)
    assert parameters_of(model) == V * D + T * D + L * (attention + feed_forward + 2 * norm) + norm


def test_a_tied_head_has_no_parameters_of_its_own() -> None:
    model = templates.build("gpt2", d_model=D, n_heads=2)

    assert model.ties
    assert parameters_of(model, ("lm_head",)) == 0
    assert parameters_of(replace(model, ties=()), ("lm_head",)) == 256 * D


def test_layers_that_share_weights_count_once() -> None:
    model = templates.build("gpt2", d_model=D, n_heads=2, n_layers=L)
    shared = replace(model.main.nodes["blocks"], shared=True)
    once = model.with_definition(model.main.with_nodes({"blocks": shared}))

    assert parameters_of(model, ("blocks",)) == L * parameters_of(once, ("blocks",))


def test_a_layer_with_sizes_of_its_own_counts_with_them() -> None:
    blocks = replace(node("feed_forward", d_model=8, d_ff=32), repeat=3, carry=("x", "y"), overrides={1: {"d_ff": 8}})
    model = language_model({"blocks": blocks}, "embed.y>blocks.x blocks.y>head.x")

    layers = [2 * 8 * width + width + 8 for width in (32, 8, 32)]
    assert parameters_of(model, ("blocks",)) == sum(layers)
    assert parameters_of(model) == sum(p.numel() for p in compile_document(model).parameters())


def test_cross_attention_without_a_memory_does_not_count() -> None:
    block = node("decoder_block", d_model=8, n_heads=2, d_ff=16)
    model = language_model({"block": block}, "embed.y>block.x block.y>head.x")

    assert parameters_of(model, ("block", "cross")) == 0
    assert parameters_of(model) == sum(p.numel() for p in compile_document(model).parameters())


def test_counting_a_model_too_large_for_any_machine_allocates_nothing() -> None:
    large = templates.build("gpt2", d_model=400_000, n_heads=8, n_layers=100)

    assert parameters_of(large) > 10**14


def test_parts_without_sizes_count_nothing() -> None:
    model = language_model({"odd": node("flash"), "norm": node("layer_norm", d_model="nothing")})

    assert parameters_of(model) == parameters_of(language_model())


def test_an_edit_changes_the_count() -> None:
    model = templates.build("tiny")
    wider = SetSymbol(name="d_ff", value=512).apply(model)
    plain = SetSetting(node="up", name="bias", value=False, at="feed_forward").apply(model)

    assert parameters_of(wider) > parameters_of(model) > parameters_of(plain)


def test_a_parameter_s_shape_is_found_by_its_path() -> None:
    model = templates.build("gpt2", d_model=D, d_ff=F, n_heads=2)
    weights = compile_document(model).state_dict()

    for path in ("blocks.0.ffn.up.weight", "blocks.3.attn.q_proj.bias", "tok_emb.weight"):
        assert parameter_shape(model, path) == tuple(weights[path].shape)


def test_a_path_that_leads_to_no_parameter_is_refused_with_the_closest_name() -> None:
    model = templates.build("gpt2", n_layers=2)

    with pytest.raises(DocumentError, match="Did you mean 'weight'"):
        parameter_shape(model, "blocks.0.ffn.up.wieght")
    with pytest.raises(DocumentError, match="has 2 layers"):
        parameter_shape(model, "blocks.2.ffn.up.weight")


def test_a_block_s_parameters_are_listed_by_name() -> None:
    found = held("linear", (("d_in", 3), ("d_out", 5), ("bias", True)))

    assert found.shapes == {"weight": (5, 3), "bias": (5,)}
    assert found.numbers == Numbers(parameters=20)


def test_every_node_counts_the_same_alone_and_in_the_list_of_all() -> None:
    document = SetRepeat(node="blocks", repeat=3, shared=True).apply(templates.build("tiny"))

    found = parameters_inside(document)

    assert found == {path: parameters_of(document, path) for path in found}
    assert ("blocks", "attn", "q_proj") in found
    assert list(parameters_inside(document, most=3)) == list(found)[:3]


def test_a_model_of_ten_billion_parameters_is_refused_before_it_is_made(made: list[str]) -> None:
    large = templates.build("gpt2", d_model=4096, n_layers=50, n_heads=32, vocab_size=50_000)

    with pytest.raises(CompileError, match=r"10\.3 billion parameters, which take 164 GB.*STEPWISE_MAX_PARAMETERS"):
        compile_document(large)

    assert not made
    assert [d.code for d in builder.validate(large).diagnostics] == ["R020"]


def test_a_setting_of_the_machine_allows_larger_models(monkeypatch: pytest.MonkeyPatch) -> None:
    model = templates.build("gpt2")
    monkeypatch.setenv("STEPWISE_MAX_PARAMETERS", "800_000")

    with pytest.raises(CompileError, match=r"at most 0\.0008 billion"):
        compile_document(model)

    monkeypatch.setenv("STEPWISE_MAX_PARAMETERS", "1_000_000")
    assert builder.validate(model).ok


@pytest.mark.parametrize("name", templates.names())
def test_a_template_has_tables_as_large_as_those_of_its_model(name: str) -> None:
    model = templates.build(name, d_model=16, n_heads=2)

    assert numbers_of(model).tables == sum(table.numel() for table in compile_document(model).buffers())


def layers_of_tables(max_len: int) -> Document:
    """A language model with three layers that each add sinusoids of width 8, inside a composite."""
    far = {"far": node("sinusoidal_positions", d_model=8, max_len=max_len)}
    layer = definition("placed", {**far, "x": end("input", HIDDEN), "y": end("output", HIDDEN)}, LAYER, d_model=8)
    layers = replace(node("placed"), repeat=3, carry=("x", "y"))
    return language_model({"layers": layers}, "embed.y>layers.x layers.y>head.x").with_definition(layer)


def test_tables_of_layers_count_once_for_each() -> None:
    model = layers_of_tables(10)

    assert numbers_of(model, ("layers",)) == Numbers(tables=3 * 8 * 10)
    assert sum(table.numel() for table in compile_document(model).buffers()) == 3 * 8 * 10


def test_a_table_that_no_machine_can_hold_is_refused_with_the_block_that_has_it(made: list[str]) -> None:
    large = layers_of_tables(10**9)

    with pytest.raises(CompileError, match=r"24 billion numbers in fixed tables, which take 96 GB.*in layers\.far\.$"):
        compile_document(large)

    assert not made
    assert [(d.code, d.path) for d in builder.validate(large).diagnostics] == [("R020", "model/layers")]


def test_rates_of_two_billion_heads_are_counted_and_refused(made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPWISE_MAX_PARAMETERS", "1_000_000_000")
    large = language_model({"far": node("alibi", n_heads=2 * 10**9)}, "embed.y>far.x embed.y>head.x")

    with pytest.raises(CompileError, match=r"2 billion numbers.*in far\.$"):
        compile_document(large)

    assert not made
    assert numbers_of(large).tables == 2 * 10**9


def test_what_torch_cannot_allocate_is_told_with_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPWISE_MAX_PARAMETERS", "1" + "0" * 30)
    wide = node("linear", d_in=2**31 - 1, d_out=2**31 - 1)
    large = language_model({"wide": wide}, "embed.y>wide.x wide.y>head.x")

    with pytest.raises(CompileError, match=r"^wide: Linear cannot be made: .*smaller sizes\.$"):
        compile_document(large)
