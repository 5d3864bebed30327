"""Every block of the catalogue, with settings that matter, is the same as source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

import builder
from builder.codegen.emit import EMITTERS, emits
from builder.codegen.site import Emission, Site
from builder.codegen.tree import Call
from builder.codegen.tree import Port as Place
from builder.document import Definition, Document, Node, PortRef, Symbol, Wire
from engine.blocks.activation import FUNCTIONS
from engine.blocks.spec import CATALOGUE
from engine.errors import CompileError
from engine.ports import Port
from engine.settings import Setting, Value
from tests.builder.codegen.generated import assert_same, loaded

Settings = Mapping[str, Value]


@dataclass(frozen=True)
class Try:
    """A block with settings, and shapes of what comes in; a name with `?` comes from an optional input."""

    kind: str
    inputs: Mapping[str, str]
    settings: Settings = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For reports of tests."""
        more = ",".join(f"{key}={value}" for key, value in self.settings.items())
        return f"{self.kind}({more})({','.join(self.inputs)})"


def tries(kind: str, inputs: Mapping[str, str], *settings: Settings) -> list[Try]:
    return [Try(kind, inputs, own) for own in settings or ({},)]


X, HEADS, SCORES = {"x": "B T 8"}, {"x": "B 2 T 4"}, {"scores": "B 2 T S"}
SAME = {"q": "B 4 T 6", "k": "B 4 T 6", "v": "B 4 T 6"}
CROSS = {"q": "B 4 T 6", "k": "B 4 S 6", "v": "B 4 S 6"}
SHARED = {"q": "B 4 T 6", "k": "B 2 T 6", "v": "B 2 T 6"}
PADDED = {"padding?": "B S"}
GATES = next(f.setting.choices for f in CATALOGUE["gate"].config.fields())
CAUSAL, BOTH = {"mask": "causal"}, {"mask": "both"}
NEAR = {"mask": "causal", "window": 2}
WIDE = {"d_model": 8, "d_ff": 12, "n_experts": 3}

ALL: Sequence[Try] = [
    *tries("linear", X, {"d_in": 8, "d_out": 5}, {"d_in": 8, "d_out": 5, "bias": False}),
    *tries("layer_norm", X, {"d_model": 8}, {"d_model": 8, "eps": 0.1, "bias": False}),
    *tries("rms_norm", X, {"d_model": 8}, {"d_model": 8, "eps": 0.1}),
    *tries("dropout", X, {"p": 0.5}, {"p": 0.0}),
    *tries("activation", X, *[{"function": name} for name in FUNCTIONS]),
    *tries("relu", X), *tries("silu", X), *tries("gelu", X, {}, {"approximate": "tanh"}),
    *tries("residual_add", {"x": "B T 8", "update": "B T 8"}, {}, {"dropout": 0.5}),
    *tries("either", X), *tries("either", {"x": "B T 8", "branch": "B T 8"}),
    *tries("either", {"x": "B T 8", "branch?": "B T 8"}),
    *tries("token_embedding", {"tokens": "B T"}, {"vocab_size": 3, "d_model": 8}),
    *tries("token_embedding", {"tokens": "B T"}, {"vocab_size": 3, "d_model": 8, "scale": True}),
    *[t for inputs in ({}, {"segments": "B T"}, {"segments?": "B T"})
      for t in tries("segment_embedding", {**X, **inputs}, {"d_model": 8})],
    *tries("learned_positions", X, {"d_model": 8, "max_len": 9}),
    *tries("sinusoidal_positions", X, {"d_model": 8, "max_len": 9}),
    *tries("sinusoidal_positions", {"x": "B T 7"}, {"d_model": 7, "max_len": 9}),
    *tries("split_heads", X, {"n_heads": 2}), *tries("merge_heads", HEADS),
    *tries("repeat_heads", HEADS, {"n_heads": 6}, {"n_heads": 2}),
    *tries("attention_core", SAME, {}, CAUSAL, BOTH, NEAR, {"scale": 0.3}, {"dropout": 0.5}, {"mask": "anticausal"}),
    *tries("attention_core", {**SAME, "padding": "B T"}, {"mask": "padding"}, BOTH, CAUSAL, {**NEAR, "mask": "both"}),
    *tries("attention_core", CROSS, {}, CAUSAL, NEAR, {"mask": "causal", "prefix": 2}),
    *tries("attention_core", {**CROSS, **PADDED}, {"mask": "padding"}, BOTH, {"mask": "none"}, {"window": 3}),
    *tries("attention_core", {**CROSS, "bias": "1 4 T S"}, {}, CAUSAL, NEAR),
    *tries("attention_core", {**CROSS, **PADDED, "bias": "1 4 T S"}, BOTH, {**NEAR, "mask": "both", "prefix": 1}),
    *tries("attention_core", SHARED, {}, CAUSAL, NEAR),
    *tries("attention_core", SHARED, {"sinks": True, "n_heads": 4}, {"sinks": True, "n_heads": 4, "mask": "causal"}),
    *tries("attention_core", {**CROSS, **PADDED, "bias": "1 4 T S"}, {"sinks": True, "n_heads": 4, **BOTH}),
    *tries("mask", SCORES, *[{"pattern": name} for name in ("none", "causal", "anticausal")]),
    *tries("mask", SCORES, {"pattern": "sliding_window", "window": 2}, {"pattern": "prefix", "prefix": 2}),
    *tries("mask", {**SCORES, **PADDED}, {}), *tries("mask", {**SCORES, "padding": "B S", "allowed": "T S"}, {}),
    *tries("alibi", X, {"n_heads": 4}, {"n_heads": 6}),
    *tries("relative_bias", X, {"n_heads": 2}, {"n_heads": 2, "bidirectional": False, "n_buckets": 8}),
    *tries("relative_bias", {**X, "memory": "B S 4"}, {"n_heads": 2, "n_buckets": 6, "max_distance": 4}),
    *tries("rope", HEADS, {}, {"theta": 100.0}, {"scaling": "linear", "factor": 2.0}),
    *tries("rope", HEADS, {"scaling": "ntk", "factor": 3.0}),
    *tries("rope", HEADS, {"scaling": "llama3", "factor": 8.0, "old_len": 6, "theta": 10.0}),
    *tries("scale", X, {}, {"factor": 2.0}, {"d": 8, "power": -0.5}, {"factor": 3.0, "d": 8, "power": -0.5}),
    *tries("matmul", {"a": "B 2 T 4", "b": "B 2 4 S"}),
    *tries("matmul", {"a": "B 2 T 4", "b": "B 2 S 4"}, {"transpose_b": True}),
    *tries("softmax", {"x": "B 2 T S"}, *[{"axis": name} for name in ("keys", "queries", "heads")]),
    *tries("add", {"a": "B T 8", "b": "B T 8"}), *tries("multiply", {"a": "B T 8", "b": "T 8"}),
    *tries("gate", {"x": "B T 8", "gate": "B T 8"}, *[{"activation": name} for name in GATES]),
    *tries("concat", {"a": "B 2 T 4", "b": "B 2 T 4"}, {}, {"axis": "positions"}, {"axis": "heads"}),
    *tries("slice", HEADS, {}, {"start": 1}, {"stop": 3}, {"axis": "features", "start": 1, "stop": -1}),
    *tries("slice", HEADS, {"axis": "heads", "stop": 1}, {"axis": "positions", "start": 1, "stop": 4}),
    *tries("transpose", HEADS, {}, {"a_axis": "heads", "b_axis": "positions"}),
    *tries("patch_embedding", {"pixels": "B 3 4 6"}, {"patch": 2, "channels": 3, "d_model": 8}),
    *tries("class_token", X, {"d_model": 8}),
    *tries("lora_linear", X, *[{"d_in": 8, "d_out": 5, "rank": 2, "bias": bias} for bias in (True, False)]),
    *tries("router", X, {"d_model": 8, "n_experts": 4, "top_k": 2}, {"d_model": 8, "n_experts": 3, "top_k": 1}),
    *tries("router", X, {"d_model": 8, "n_experts": 4, "rank": 2}),
    *tries("experts", {"x": "B T 8", "weights": "B T 3"}, WIDE, {**WIDE, "gated": False, "activation": "relu"}),
    *tries("lm_head", X, {"d_model": 8, "vocab_size": 11}, {"d_model": 8, "vocab_size": 11, "bias": True}),
    *tries("mlm_head", X, {"d_model": 8, "vocab_size": 11}, {"d_model": 8, "vocab_size": 11, "activation": "relu"}),
    *[t for how in ("mean", "first", "last") for inputs in ({}, {"padding": "B T"}, {"padding?": "B T"})
      for t in tries("pool", {**X, **inputs}, {"how": how})],
    *tries("classifier_head", {"x": "B 8"}, {"d_model": 8}, {"d_model": 8, "n_classes": 3, "dropout": 0.0}),
    *tries("token_classifier_head", X, {"d_model": 8}), *tries("span_head", X, {"d_model": 8}),
    *tries("regression_head", {"x": "B 8"}, {"d_model": 8, "n_outputs": 3}),
    *tries("lm_head", X, {"d_model": 8, "vocab_size": 11, "rank": 2}),
    *tries("span_head", X, {"d_model": 8, "rank": 1}),
    *tries("mlm_head", X, {"d_model": 8, "vocab_size": 11, "rank": 3, "alpha": 2.0}),
    *tries("classifier_head", {"x": "B 8"}, {"d_model": 8, "rank": 2}),
    *tries("token_classifier_head", X, {"d_model": 8, "rank": 2}),
    *tries("regression_head", {"x": "B 8"}, {"d_model": 8, "rank": 2}),
]  # fmt: skip


def drawn(case: Try, symbols: tuple[Symbol, ...] = ()) -> Document:
    """A model of one block."""
    spec = CATALOGUE[case.kind]
    kinds = {port.name: port.kind for port in spec.inputs}
    nodes, wires = {}, []
    for name, shape in case.inputs.items():
        slug = name.removesuffix("?")
        port = Port(name=slug, kind=kinds[slug], shape=shape, optional=slug != name)
        nodes[f"{slug}_in"] = Node(kind="input", port=port)
        wires.append(Wire(PortRef(f"{slug}_in", "value"), PortRef("it", slug)))
    nodes["it"] = Node(kind=case.kind, settings=case.settings)
    for port in (port for port in spec.outputs if not port.watch):
        nodes[f"{port.name}_out"] = Node(kind="output", port=Port(name=port.name, kind="any", shape="..."))
        wires.append(Wire(PortRef("it", port.name), PortRef(f"{port.name}_out", "value")))
    root = Definition.make("model", "Model", symbols=symbols).with_nodes(nodes).with_wires(wires)
    return Document(definitions={"model": root})


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_a_block_as_source_is_the_same(case: Try) -> None:
    assert_same(drawn(case))


def test_every_block_of_the_catalogue_is_tried() -> None:
    kinds = {spec.kind for spec in CATALOGUE.values() if spec.module.__module__.startswith("engine.blocks")}

    assert {case.kind for case in ALL} == kinds
    assert kinds <= EMITTERS.keys()


def freed(case: Try) -> Document:
    """The same block with its settings as symbols of the model, so that the source must take any of them."""
    fields = {field.name: field for field in CATALOGUE[case.kind].config.fields()}
    values = {**{name: field.default for name, field in fields.items()}, **case.settings}
    symbols = tuple(
        Symbol(
            name=f"set_{name}", value=values[name], type=field.type, setting=Setting("", choices=field.setting.choices)
        )
        for name, field in fields.items()
    )
    return drawn(Try(case.kind, case.inputs, {name: f"set_{name}" for name in fields}), symbols)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_a_block_whose_settings_are_free_is_the_same_too(case: Try) -> None:
    assert_same(freed(case))


@pytest.mark.parametrize(
    "case",
    [
        Try("linear", X, {"d_in": 8, "d_out": 5}),
        Try("relu", X),
        Try("alibi", X, {"n_heads": 4}),
        Try("pool", {**X, "padding?": "B T"}),
        Try("either", {"x": "B T 8", "branch?": "B T 8"}),
    ],
    ids=lambda case: case.name,
)
def test_a_block_that_nobody_declared_is_its_own_class(case: Try, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(EMITTERS, case.kind)

    assert f"class {CATALOGUE[case.kind].module.__name__}(nn." in builder.generate_code(drawn(case))
    assert_same(drawn(case))
    assert_same(freed(case))


def test_a_class_that_leans_on_other_files_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(EMITTERS, "attention_core")

    with pytest.raises(CompileError, match=r"'attention_core' cannot stand alone: it uses .* Declare its source"):
        builder.generate_code(drawn(Try("attention_core", SAME)))


def test_a_plugin_declares_what_its_block_becomes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(EMITTERS, "relu")

    @emits("relu")
    def mine(site: Site) -> Emission:  # noqa: ARG001  (all emitters are called alike)
        return Emission(Call("torch.clamp_min", (Place("x"), "0.0")))

    assert "torch.clamp_min(x_in, 0.0)" in builder.generate_code(drawn(Try("relu", X)))
    loaded(drawn(Try("relu", X)))
