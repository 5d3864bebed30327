"""Repeats, overrides, shared layers, optional inputs, several outputs and ties as source."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import builder
from builder.assemble import Sketch
from builder.document import Document, Node, PortRef, Wire
from engine.errors import CompileError
from tests.builder.codegen.generated import as_module, assert_same, assert_trains_alike
from tests.builder.drawn import language_model, node
from tests.builder.small_models import alone, small
from tests.builder.test_compile_structure import CANNOT, layered


def blocks_of(document: Document, **changes: object) -> Document:
    """The document with its node `blocks` changed."""
    node = replace(document.main.nodes["blocks"], **changes)
    return document.with_definition(document.main.with_nodes({"blocks": node}))


@pytest.mark.parametrize("ends", [("one", "two"), ("two", "one")])
def test_what_draws_random_numbers_stands_in_the_order_of_the_graph(ends: tuple[str, str]) -> None:
    drops = {name: node("dropout", p=0.4) for name in ("one", "two")}
    wires = f"embed.y>one.x embed.y>two.x {ends[0]}.y>both.a {ends[1]}.y>both.b both.y>head.x"
    document = language_model({**drops, "both": node("add")}, wires)

    source = builder.generate_code(document)

    order = list(document.main.order())
    assert (source.index("self.one(x)") < source.index("self.two(x)")) == (order.index("one") < order.index("two"))
    assert_trains_alike(document)


def test_layers_are_a_list_and_a_loop() -> None:
    source = builder.generate_code(layered())

    assert "self.layers = nn.ModuleList(Scaler(d_model=4) for _ in range(config.n_layers))" in source
    assert "for layer in self.layers:" in source
    assert_same(layered())


@pytest.mark.parametrize("extra", [False, True])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("repeat", [None, 1, "n_layers", "2*n_layers-1"])
def test_layers_of_every_kind_are_the_same_as_source(extra: bool, shared: bool, repeat: str | int | None) -> None:
    assert_same(layered(extra=extra, shared=shared, repeat=repeat))


def test_shared_layers_are_one_module() -> None:
    document = layered(shared=True)

    model = assert_same(document)

    assert "nn.ModuleList([Scaler(d_model=4)] * config.n_layers)" in builder.generate_code(document)
    assert sum(p.numel() for p in model.parameters()) == 4 * 4 + 4


def test_a_layer_of_its_own_size_is_an_expression_over_its_index() -> None:
    document = blocks_of(small("gpt2"), overrides={1: {"d_ff": "2*d_model"}})

    assert "d_ff=2 * config.d_model if layer_index == 1 else config.d_ff," in builder.generate_code(document)
    assert_same(document)


def test_several_layers_of_their_own_are_a_table() -> None:
    document = blocks_of(small("gpt2", n_layers=4), overrides={0: {"d_ff": 12}, 2: {"d_ff": 7, "n_heads": 1}})

    assert "d_ff={0: 12, 2: 7}.get(layer_index, config.d_ff)," in builder.generate_code(document)
    assert_same(document)


def test_settings_that_follow_an_overridden_one_follow_it_in_that_layer() -> None:
    document = small("gpt2")
    blocks = document.main.nodes["blocks"]
    settings = {name: value for name, value in blocks.settings.items() if name != "d_ff"}

    assert_same(blocks_of(document, settings=settings, overrides={0: {"activation": "relu"}}))


def test_one_layer_with_another_activation_makes_it_an_argument() -> None:
    document = blocks_of(small("gpt2"), overrides={1: {"activation": "relu"}})

    assert "activate(self.up(x), self.activation)" in builder.generate_code(document)
    assert_same(document)


def test_a_setting_that_is_the_same_everywhere_is_no_argument() -> None:
    source = builder.generate_code(small("gpt2"))

    assert "self.activation" not in source
    assert 'F.gelu(self.up(x), approximate="tanh")' in source


def test_a_decoder_without_a_memory_is_a_class_of_its_own() -> None:
    document = small("transformer")
    gone = [w for w in document.main.wires if w.target.node == "decoder" and w.target.port.startswith("memory")]
    document = document.with_definition(document.main.without_wires(gone))

    assert "self.cross" not in builder.generate_code(document)
    assert_same(document)


def test_two_uses_with_and_without_an_input_are_two_classes() -> None:
    document = small("transformer")
    main = document.main
    plain = replace(main.nodes["decoder"], repeat=None, carry=None)
    wire = next(w for w in main.wires if w.source.node == "decoder")
    wires = [Wire(wire.source, PortRef("again", "x")), Wire(PortRef("again", "y"), wire.target)]
    document = document.with_definition(main.without_wires([wire]).with_nodes({"again": plain}).with_wires(wires))

    source = builder.generate_code(document)

    assert "class DecoderBlock(nn.Module):" in source
    assert "class DecoderBlockWithoutPaddingMemoryMemoryPadding(nn.Module):" in source
    assert_same(document)


def test_a_name_is_free_again_only_when_nobody_reads_it_any_more() -> None:
    d = Sketch("model", "Model")
    d.input("x", "B T D", (0, 0))
    d.add("one", "relu", "x", (1, 0))
    d.add("two", "silu", "one", (2, 0))
    d.add("three", "gelu", "x", (3, 0))
    d.add("both", "residual_add", {"x": "two", "update": "three"}, (4, 0))
    d.add("last", "residual_add", {"x": "both.sum", "update": "one"}, (5, 0))
    d.add("end", "residual_add", {"x": "last.sum", "update": "x"}, (6, 0))
    d.output("y", "end.sum", "B T D", (7, 0))

    assert_same(alone(d.done()))


def test_ids_that_are_names_of_the_module_are_no_clash() -> None:
    d = Sketch("model", "Model")
    d.symbols(d_model=8, n_heads=2)
    d.input("split_heads", "B T d_model", (0, 0))
    d.add("merge_heads", "linear", "split_heads", (1, 0), d_in="d_model", d_out="d_model")
    d.add("n_heads", "split_heads", "merge_heads", (2, 0), n_heads="n_heads")
    d.add("config", "merge_heads", "n_heads", (3, 0))
    d.add("build_model", "linear", "config", (4, 0), d_in="d_model", d_out="d_model")
    d.add("dataclass", "residual_add", {"x": "build_model", "update": "merge_heads"}, (5, 0), dropout=0.5)
    d.output("nn", "dataclass.sum", "B T d_model", (6, 0))

    assert_same(alone(d.done()))


def test_ties_are_one_storage() -> None:
    model = assert_same(small("transformer"))

    assert model.lm_head.weight is model.source_emb.weight
    assert model.target_emb.weight is model.source_emb.weight


def test_a_tie_into_a_layer_is_written_with_its_index() -> None:
    document = replace(small("gpt2"), ties=(("blocks.1.ffn.up.weight", "blocks.0.ffn.up.weight"),))

    assert "self.blocks[1].ffn.up.weight = self.blocks[0].ffn.up.weight  # tied" in builder.generate_code(document)
    assert_same(document)


def test_starting_values_make_all_tokens_about_equally_likely() -> None:
    torch.manual_seed(0)
    document = builder.templates.build("gpt2")
    model = as_module(document).build_model().eval()
    ids = torch.randint(0, 256, (8, 16))

    loss = torch.nn.functional.cross_entropy(model(tokens=ids).flatten(0, 1), ids.flip(1).flatten())

    assert abs(loss.item() - torch.tensor(256.0).log().item()) < 0.3


@pytest.mark.parametrize("case", CANNOT)
def test_what_cannot_be_built_cannot_be_written_and_says_the_same(case: str) -> None:
    make, message = CANNOT[case]

    with pytest.raises(CompileError, match=message):
        builder.generate_code(make())


def test_parts_of_no_use_are_made_but_not_called() -> None:
    document = small("gpt2")
    spare = Node(kind="linear", settings={"d_in": "d_model", "d_out": "d_model"})
    wire = Wire(PortRef("ln_f", "y"), PortRef("spare", "x"))
    document = document.with_definition(document.main.with_nodes({"spare": spare}).with_wires([wire]))

    assert "self.spare(" not in builder.generate_code(document)
    assert_same(document)


def test_a_chain_of_a_thousand_blocks_is_written() -> None:
    d = Sketch("model", "Model")
    d.input("x", "B T D", (0, 0))
    for number in range(1000):
        d.add(f"act_{number}", "relu", f"act_{number - 1}" if number else "x", (number, 0))
    d.output("y", "act_999", "B T D", (1000, 0))

    source = builder.generate_code(alone(d.done()))

    assert source.count("F.relu(") == 1000


def test_shared_layers_with_long_arguments_are_one_statement_of_several_lines() -> None:
    document = blocks_of(small("gpt2"), shared=True)

    lines = [line.strip() for line in builder.generate_code(document).splitlines()]
    first = lines.index("self.blocks = nn.ModuleList(")
    assert lines[first + 1 : first + 4] == ["[", "GPTBlock(", "d_model=config.d_model,"]
    assert lines[first + 8 : first + 11] == ["]", "* config.n_layers", ")"]
    assert_same(document)


def test_each_value_is_finished_before_the_next_one_is_begun() -> None:
    source = builder.generate_code(builder.templates.build("llama"))

    forward = source[source.index("class GroupedQueryAttention") :]
    starts = [
        line.split(" = ")[0].strip() for line in forward.splitlines() if "_heads(self." in line or " rope(" in line
    ]
    assert starts == ["q", "k", "k", "v"]


def test_a_value_has_the_name_of_what_layers_make_of_it() -> None:
    source = builder.generate_code(builder.templates.build("t5"))

    assert "memory = self.source_drop(self.source_emb(source))  # (B, S, D)" in source
    assert "bias = self.encoder_distances(memory)  # (1, H, S, S)" in source


def test_a_square_is_written_as_one() -> None:
    source = builder.generate_code(builder.templates.build("vit"))

    assert "(config.image_size // config.patch) ** 2 + 1," in source
