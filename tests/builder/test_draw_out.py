"""Opening the core of attention: what is drawn then computes the same, runs as fast, and can be read."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from torch import Tensor, nn

import builder
from builder import store, templates
from builder.assemble import Sketch
from builder.document import Document, Node, PortRef
from builder.drawn import Drawn
from builder.edits import DrawOut, ExposeSetting, MakeIndependent, SetPort, SetSetting, SetSymbol
from builder.edits.ungroup import overlap
from builder.history import History
from builder.templates import TEMPLATES
from engine.blocks.primitives import Softmax
from engine.errors import EditError
from engine.settings import Value
from tests.builder.codegen.generated import assert_same, inputs_of, outputs
from tests.builder.small_models import shaken, small

CLOSE = 1e-5  # of the largest number
HEADS, KV_HEADS, WIDTH = 4, 2, 3


def opened(document: Document) -> Document:
    """A document with every core drawn out."""
    for at, definition in document.definitions.items():
        for name, node in definition.nodes.items():
            if node.kind == "attention_core":
                document = DrawOut(node=name, at=at).apply(document)
    assert not any(node.kind == "attention_core" for d in document.definitions.values() for node in d.nodes.values())
    return document


def far(a: Tensor, b: Tensor) -> float:
    """How far two tensors are apart, by the largest number."""
    return float(((a - b).abs().max() / (1e-6 + b.abs().max())).detach())


def gradients(model: nn.Module, inputs: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Outputs, and what their squares have for gradients, by parameter."""
    found = outputs(model(**inputs))
    loss = torch.stack([value.square().mean() for value in found.values()]).sum()
    names, parameters = zip(*model.named_parameters(), strict=True)
    slopes = torch.autograd.grad(loss, parameters, allow_unused=True)
    return found, {name: slope for name, slope in zip(names, slopes, strict=True) if slope is not None}


def assert_equal(document: Document, drawn: Document, inputs: dict[str, Tensor]) -> None:
    """Assert that two models with the same weights compute and learn the same, to rounding."""
    one, other = shaken(builder.compile_document(document)), builder.compile_document(drawn).eval()
    assert list(other.state_dict()) == list(one.state_dict())
    other.load_state_dict(one.state_dict())
    (y, slopes), (z, others) = gradients(one, inputs), gradients(other, inputs)
    assert slopes.keys() == others.keys()
    assert all(far(z[name], y[name]) <= CLOSE for name in y)
    most = max(float(slope.abs().max()) for slope in slopes.values())
    assert all(float((others[name] - slope).abs().max()) <= CLOSE * most for name, slope in slopes.items())


def is_fused(model: nn.Module) -> bool:
    """Whether a model with attention from primitives runs all of it by the fused kernel."""
    around = [part for part in model.modules() if any(isinstance(child, Softmax) for child in part.children())]
    return bool(around) and all(isinstance(part, Drawn) and part._fused is not None for part in around)


# All models of the gallery


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("padded", [False, True])
def test_an_opened_model_computes_and_learns_the_same(name: str, padded: bool) -> None:
    document = templates.build(name)

    assert_equal(document, opened(document), inputs_of(document, optional=padded))


@pytest.mark.parametrize("name", TEMPLATES)
def test_an_opened_model_raises_nothing_is_written_as_code_and_kept_in_files(name: str) -> None:
    drawn = opened(templates.build(name))

    assert builder.validate(drawn).diagnostics == ()
    assert [found.code for found in builder.check_contracts(drawn) if not found.passed] == []
    assert store.loads(store.dumps(drawn)) == drawn
    assert_same(drawn)


@pytest.mark.parametrize("name", TEMPLATES)
def test_an_opened_model_runs_at_fused_speed_in_all_its_attentions(name: str) -> None:
    assert is_fused(builder.compile_document(opened(templates.build(name))))


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_is_drawn_out_lies_on_nothing_and_what_came_before_stays_where_it_was(name: str) -> None:
    document = templates.build(name)
    drawn = opened(document)

    for here in drawn.definitions.values():
        before = document.definitions[here.name].nodes
        assert not any(overlap(a, b) for a, b in combinations(here.nodes.values(), 2))
        cores = [node for node in before.values() if node.kind == "attention_core"]
        left = [key for key, node in before.items() if cores and node.x < cores[0].x]
        assert all(here.nodes[key] == before[key] for key in left)
        follows = [(here.nodes[w.source.node].x, here.nodes[w.target.node].x) for w in here.wires if cores]
        assert all(source < target for source, target in follows)


def test_opening_is_one_step_that_can_be_undone() -> None:
    document = templates.build("tiny")
    history = History(document)

    history.apply(DrawOut(node="core", at="multi_head_attention"))
    assert history.undo_label == "Draw out core"
    history.undo()

    assert history.document == document


# All settings


def around_a_core(groups: int, bias: str, padding: bool, other_length: bool, **settings: Value) -> Document:
    """A core with what it wants as inputs of the model, and a scale behind it."""
    d = Sketch("model", "Model")
    d.symbols(n_heads=HEADS, n_kv_heads=groups, d_head=WIDTH)
    d.input("q", "B n_heads T d_head", (0, 0), "query")
    for row, name in enumerate("kv"):
        heads, length = "n_heads" if groups == HEADS else "n_kv_heads", "S" if other_length else "T"
        d.input(name, f"B {heads} {length} d_head", (0, 1 + row), "heads")
    sources = {name: name for name in "qkv"}
    if padding:
        d.input("padding?", f"B {length}", (0, 3), "mask")
        sources["padding"] = "padding"
    if bias == "alibi":
        d.input("x", "B T D", (0, 4))
        d.add("distances", "alibi", "x", (0, 5), n_heads="n_heads")
        sources["bias"] = "distances.bias"
    elif bias:
        d.input("bias", f"1 n_heads T {length}", (0, 4), "scores")
        sources["bias"] = "bias"
    d.add("core", "attention_core", sources, (1, 1))
    d.output("y", "core", "B n_heads T d_head", (2, 1), "heads")
    made = d.done()
    return Document(definitions={"model": made.with_nodes({"core": replace(made.nodes["core"], settings=settings)})})


CORES = st.builds(
    lambda groups, bias, padding, other, **settings: around_a_core(
        groups, "" if other and bias == "alibi" else bias, padding, other, **settings
    ),
    groups=st.sampled_from([1, KV_HEADS, HEADS]),
    bias=st.sampled_from(["", "alibi", "given"]),
    padding=st.booleans(),
    other=st.booleans(),
    mask=st.sampled_from(["none", "causal", "padding", "both", "anticausal"]),
    window=st.sampled_from([0, 0, 2]),
    prefix=st.sampled_from([0, 0, 3]),
    scale=st.sampled_from([0.0, 1.0, 0.3]),
    dropout=st.sampled_from([0.0, 0.4]),
)


def is_drawable(node: Node) -> bool:
    """Whether mask blocks hide what the core hides."""
    window, prefix, mask = (node.settings[name] for name in ("window", "prefix", "mask"))
    if mask in ("causal", "both"):
        return not (window and prefix)
    return not window and not (prefix and mask == "anticausal")


@given(CORES, st.booleans(), st.integers(0, 3))
@hypothesis_settings(max_examples=100, deadline=None)
def test_a_core_with_any_settings_is_drawn_out_as_it_is_or_refused(core: Document, trains: bool, seed: int) -> None:
    if not is_drawable(core.main.nodes["core"]):
        with pytest.raises(EditError, match="leave the core closed"):
            opened(core)
        return
    drawn = opened(core)
    inputs = inputs_of(core, optional=True, seed=seed)
    if "padding" in inputs and seed == 3:
        inputs["padding"][0] = False  # a row in which nothing may be seen
    wanted = [value.requires_grad_() for name, value in inputs.items() if name in ("q", "k", "v", "bias")]

    assert is_fused(builder.compile_document(drawn))
    found = []
    for document, fuse in ((core, True), (drawn, True), (drawn, False)):
        model = builder.compile_document(document, fuse=fuse).train(trains)
        torch.manual_seed(seed)
        y = model(**inputs)
        found.append((y, *torch.autograd.grad(y.square().sum(), wanted)))

    codes = [{found.code for found in builder.validate(document).diagnostics} for document in (core, drawn)]
    hides = core.main.nodes["core"].settings["mask"] in ("padding", "both")
    assert codes[1] - codes[0] == (set() if hides or "padding" not in inputs else {"R008"})  # the input has no use
    for others in found[1:]:
        for mine, value in zip(others, found[0], strict=True):
            torch.testing.assert_close(mine, value, rtol=1e-4, atol=1e-5)


def test_settings_that_come_from_outside_still_do() -> None:
    document = opened(templates.build("gpt2"))

    freed = SetSetting(node="blocks", name="mask", value="none").apply(document)

    leaks = {found.code: found for found in builder.check_contracts(freed) if not found.passed}
    assert "C001" in leaks
    mended = leaks["C001"].fixes[0].edit.apply(freed)
    assert mended.main.nodes["blocks"].settings["mask"] == "causal"


def test_sizes_of_the_drawing_follow_the_model() -> None:
    document = opened(templates.build("llama", n_heads=4, n_kv_heads=2))

    wider = SetSymbol(name="n_heads", value=8).apply(document)

    plain = SetSymbol(name="n_heads", value=8).apply(templates.build("llama", n_heads=4, n_kv_heads=2))
    assert_equal(plain, wider, inputs_of(wider, optional=False))


def test_a_window_becomes_a_sliding_mask() -> None:
    document = small("llama", n_kv_heads=1)
    core = SetSetting(node="core", name="window", value=3, at="grouped_query_attention")
    document = core.apply(document)

    drawn = opened(document)

    mask = drawn.definitions["grouped_query_attention"].nodes["mask"]
    assert mask.settings == {"pattern": "sliding_window", "window": 3}
    assert_equal(document, drawn, inputs_of(document, optional=True))


# What is left out, and what is refused


def kinds_of(document: Document) -> list[str]:
    return [node.kind for node in document.main.nodes.values() if not node.is_rail]


def test_only_the_steps_that_do_something_are_drawn() -> None:
    plain = around_a_core(HEADS, "", padding=True, other_length=False, mask="none", scale=1.0)

    assert kinds_of(opened(plain)) == ["matmul", "softmax", "matmul"]


def test_blocks_get_ids_that_are_free() -> None:
    document = around_a_core(HEADS, "", padding=False, other_length=False)
    nodes = {"mix": Node(kind="scale"), "softmax": Node(kind="scale")}
    document = document.with_definition(document.main.with_nodes(nodes))

    drawn = opened(document).main

    assert {"mix_2", "softmax_2"} <= drawn.nodes.keys()
    assert drawn.feeds[PortRef("y", "value")] == PortRef("mix_2", "y")


def refusal(document: Document, node: str = "core", at: str = "") -> str:
    with pytest.raises(EditError) as refused:
        DrawOut(node=node, at=at).apply(document)
    return str(refused.value)


def test_another_block_is_refused() -> None:
    text = refusal(templates.build("gpt2"), "ln_f")

    assert text == "ln_f is of kind layer_norm; only an attention core is opened into its steps."


def test_sinks_are_refused() -> None:
    document = around_a_core(HEADS, "", padding=False, other_length=False, sinks=True, n_heads=HEADS)

    assert "sinks" in refusal(document)


def test_a_setting_without_a_value_is_refused() -> None:
    document = around_a_core(HEADS, "", padding=False, other_length=False, mask="oops")

    assert refusal(document) == "core has no value for mask. Set it first, then open the core."


def test_a_width_that_nobody_knows_is_refused() -> None:
    document = around_a_core(HEADS, "", padding=False, other_length=False)
    for name in "qkv":
        document = SetPort(node=name, shape="B H T K").apply(document)

    assert "how wide its heads are" in refusal(document)


def test_heads_that_nobody_knows_are_refused() -> None:
    document = around_a_core(HEADS, "", padding=False, other_length=False, scale=1.0)
    document = SetPort(node="q", shape="B H T d_head").apply(document)

    assert "how many heads its queries have" in refusal(document)


def test_a_bias_that_may_be_missing_in_a_call_is_refused() -> None:
    document = around_a_core(HEADS, "given", padding=False, other_length=False)
    document = SetPort(node="bias", optional=True).apply(document)

    assert "Make the input 'bias' required" in refusal(document)


def test_uses_that_hide_padding_and_uses_that_do_not_are_refused_until_they_are_parted() -> None:
    document = templates.build("transformer")
    document = SetSetting(node="decoder", name="mask", value="causal").apply(document)

    assert "Make one of these uses independent first" in refusal(document, at="multi_head_attention")
    parted = MakeIndependent(node="attn", at="decoder_block").apply(document)
    assert_equal(parted, opened(parted), inputs_of(parted, optional=True))


def test_uses_with_and_without_a_window_are_refused() -> None:
    document = templates.build("transformer")
    document = ExposeSetting(node="core", name="window", at="multi_head_attention").apply(document)
    document = SetSetting(node="attn", name="window", value=2, at="decoder_block").apply(document)

    assert "differ in their window or prefix" in refusal(document, at="multi_head_attention")
