"""What the compiler makes of repeats, ports, ties, seeds, and of documents that cannot be built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn

import builder
from builder.assemble import Sketch
from builder.document import Definition, Document, Node, PortRef, Wire
from engine.errors import CompileError
from tests.builder.small_models import alone, noise, small


def scaler() -> Definition:
    """A layer of its own: x + W x, and what it added; `extra`, if there, is added too."""
    d = Sketch("scaler", "Scaler")
    d.symbols(d_model=4)
    d.input("x", "B T d_model", (0, 0))
    d.input("extra?", "B T d_model", (0, 1))
    d.add("proj", "linear", "x", (1, 0), d_in="d_model", d_out="d_model")
    d.add("plus", "residual_add", {"x": "x", "update": "proj"}, (2, 0))
    d.add("more", "residual_add", {"x": "plus.sum", "update": "extra"}, (3, 0))
    d.add("both", "either", {"x": "plus.sum", "branch": "more.sum"}, (4, 0))
    d.output("y", "both", "B T d_model", (5, 0))
    d.output("update", "proj", "B T d_model", (5, 1))
    return d.done()


def layered(*, extra: bool = False, repeat: str | int | None = "n_layers", **changes: object) -> Document:
    """A model of repeated scalers."""
    d = Sketch("model", "Model")
    d.symbols(n_layers=3)
    d.input("x", "B T 4", (0, 0))
    if extra:
        d.input("extra", "B T 4", (0, 1))
    d.add("layers", "scaler", {"x": "x", **({"extra": "extra"} if extra else {})}, (1, 0), d_model=4)
    d.output("y", "layers", "B T 4", (2, 0))
    d.output("last", "layers.update", "B T 4", (2, 1))
    root = d.done()
    node = replace(root.nodes["layers"], repeat=repeat, carry=("x", "y"), **changes)
    return Document(definitions={"model": root.with_nodes({"layers": node}), "scaler": scaler()})


def by_hand(projections: list[nn.Linear], x: torch.Tensor, extra: torch.Tensor | None) -> torch.Tensor:
    """What `layered` computes."""
    for project in projections:
        x = x + project(x) + (0 if extra is None else extra)
    return x


@pytest.mark.parametrize("extra", [False, True])
def test_layers_carry_one_value_and_share_the_others(extra: bool) -> None:
    model, x = builder.compile_document(layered(extra=extra)), noise(2, 3, 4)
    more = {"extra": noise(2, 3, 4, seed=5)} if extra else {}

    outputs = model(x=x, **more)

    projections = [model.get_submodule(f"layers.{i}.proj") for i in range(3)]
    torch.testing.assert_close(outputs["y"], by_hand(projections, x, more.get("extra")))
    before = by_hand(projections[:2], x, more.get("extra"))
    torch.testing.assert_close(outputs["last"], projections[2](before))


def test_several_outputs_come_by_name() -> None:
    outputs = builder.compile_document(layered())(x=noise(1, 2, 4))

    assert list(outputs) == ["y", "last"]


def test_one_layer_without_repeat_has_no_index_in_its_path() -> None:
    keys = builder.compile_document(layered(repeat=None)).state_dict().keys()

    assert set(keys) == {"layers.proj.weight", "layers.proj.bias"}


def test_shared_layers_have_the_same_weights() -> None:
    model = builder.compile_document(layered(shared=True))

    first, last = (model.get_submodule(f"layers.{i}.proj") for i in (0, 2))
    assert first is last
    assert sum(p.numel() for p in model.parameters()) == 4 * 4 + 4
    x = noise(1, 2, 4)
    torch.testing.assert_close(model(x=x)["y"], by_hand([first] * 3, x, None))


def test_overrides_change_one_layer() -> None:
    document = small("gpt2")
    blocks = replace(document.main.nodes["blocks"], overrides={1: {"d_ff": "2*d_model"}})
    document = document.with_definition(document.main.with_nodes({"blocks": blocks}))

    model = builder.compile_document(document)

    widths = [model.get_parameter(f"blocks.{i}.ffn.up.weight").shape[0] for i in (0, 1)]
    assert widths == [20, 16]


def test_every_node_of_every_graph_knows_its_path() -> None:
    model = builder.compile_document(small("gpt2"))

    paths = [
        node.meta["path"]
        for module in model.modules()
        if isinstance(module, torch.fx.GraphModule)
        for node in module.graph.nodes
    ]
    called = {name for name, module in model.named_modules() if name}
    assert called <= set(paths)


def test_starting_values_depend_on_seed_and_path_alone() -> None:
    short, long = (builder.compile_document(small("gpt2", n_layers=n), seed=4) for n in (1, 3))
    other = builder.compile_document(small("gpt2"), seed=5)

    for name, value in short.state_dict().items():
        assert torch.equal(value, long.state_dict()[name]), name
    name = "blocks.0.attn.q_proj.weight"
    assert not torch.equal(short.state_dict()[name], other.state_dict()[name])
    assert not torch.equal(long.get_parameter(name), long.get_parameter("blocks.1.attn.q_proj.weight"))


def test_compiling_draws_nothing_from_the_global_generator() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()

    builder.compile_document(small("gpt2"))

    assert torch.equal(torch.get_rng_state(), before)


def test_the_model_can_be_built_without_memory_for_its_weights() -> None:
    with torch.device("meta"):
        model = builder.compile_document(small("gpt2", vocab_size=10**9, d_model=4096, n_heads=32))

    assert sum(p.numel() for p in model.parameters()) > 4 * 10**12


def _main(change: Callable[[Definition], Definition]) -> Document:
    document = small("gpt2")
    return document.with_definition(change(document.main))


def _set(document: Document, name: str, **changes: object) -> Document:
    node = replace(document.main.nodes[name], **changes)
    return document.with_definition(document.main.with_nodes({name: node}))


def _self_holding() -> Document:
    d = Sketch("model", "Model")
    d.input("x", "B T 4", (0, 0))
    d.add("again", "model", "x", (1, 0))
    d.output("y", "again", "B T 4", (2, 0))
    return Document(definitions={"model": d.done()})


CANNOT: dict[str, tuple[Callable[[], Document], str]] = {
    "no output": (lambda: _main(lambda d: d.without_nodes(["logits"])), "has no output"),
    "an output without a wire": (
        lambda: _main(lambda d: d.without_wires([w for w in d.wires if w.target.node == "logits"])),
        "logits: the input 'value' has no wire",
    ),
    "an input without a wire": (
        lambda: _main(lambda d: d.without_wires([w for w in d.wires if w.target.node == "ln_f"])),
        "ln_f: the input 'x' has no wire",
    ),
    "a circle": (
        lambda: _main(lambda d: d.with_wires([Wire(PortRef("ln_f", "y"), PortRef("blocks", "x"))])),
        "model: The wires of model form a circle",
    ),
    "a setting out of range": (
        lambda: _set(small("gpt2"), "emb_drop", settings={"p": 2.0}),
        "emb_drop: p is 2.0, but must lie between 0 and 1",
    ),
    "a symbol that is not there": (
        lambda: _set(small("gpt2"), "ln_f", settings={"d_model": "d_modle"}),
        "ln_f: d_model: .*Did you mean 'd_model'",
    ),
    "a setting that is not there": (
        lambda: _set(small("gpt2"), "blocks", settings={"n_head": 4}),
        "blocks has no setting 'n_head'. Did you mean 'n_heads'",
    ),
    "a missing block": (
        lambda: _set(small("gpt2"), "ln_f", kind="layer_nrom"),
        "ln_f: the block 'layer_nrom' is missing. Did you mean 'layer_norm'",
    ),
    "no layers": (
        lambda: _set(small("gpt2"), "blocks", repeat=0),
        "blocks: repeat is 0, but must be a whole number from 1",
    ),
    "half a layer": (lambda: _set(small("gpt2"), "blocks", repeat="dropout"), "repeat is 0.0, but"),
    "layers of an unknown number": (lambda: _set(small("gpt2"), "blocks", repeat="n"), "blocks: repeat: "),
    "a repeated block": (lambda: _set(small("gpt2"), "ln_f", repeat=2), "only a composite can be repeated"),
    "a carried port that is not there": (
        lambda: _set(small("gpt2"), "blocks", carry=("z", "y")),
        "blocks cannot carry 'z'",
    ),
    "a definition that holds itself": (_self_holding, "again: model holds itself"),
    "a tie to nothing": (
        lambda: replace(small("gpt2"), ties=(("lm_head.weight", "tok_emb.wieght"),)),
        "'tok_emb.wieght', which is no parameter. Did you mean 'tok_emb.weight'",
    ),
    "a tie of other sizes": (
        lambda: replace(small("gpt2"), ties=(("pos_emb.weight", "tok_emb.weight"),)),
        r"has shape \(12, 8\) and cannot be tied",
    ),
    "an id that PyTorch needs": (
        lambda: _main(lambda d: d.with_nodes({"train": Node(kind="dropout")})),
        "train: 'train' has a meaning",
    ),
}


@pytest.mark.parametrize("case", CANNOT)
def test_compile_says_what_is_wrong_and_where_with(case: str) -> None:
    make, message = CANNOT[case]

    with pytest.raises(CompileError, match=message):
        builder.compile_document(make())


def test_compile_refuses_an_optional_input_where_a_value_is_needed() -> None:
    d = Sketch("model", "Model")
    d.input("x?", "B T D", (0, 0))
    d.add("act", "relu", "x", (1, 0))
    d.output("y", "act", "B T D", (2, 0))

    with pytest.raises(CompileError, match="act: 'x' needs 'x', which may be left out"):
        builder.compile_document(alone(d.done()))


def test_a_sequence_that_is_too_long_is_refused_with_both_lengths() -> None:
    model = builder.compile_document(small("gpt2"))

    with pytest.raises(ValueError, match="13 tokens, but the model knows 12 positions"):
        model(tokens=torch.zeros(1, 13, dtype=torch.long))
