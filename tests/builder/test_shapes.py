"""Symbolic shapes: what stands on wires, where a misfit is marked, and that real modules agree."""

from __future__ import annotations

import pytest
import torch

from builder import dims, templates
from builder.block_shapes import Outcome
from builder.catalogue import signature
from builder.compile import compile_document
from builder.document import Document, Node, PortRef
from builder.shapes import again
from builder.surroundings import Surroundings, survey
from builder.validate import look, validate
from engine.blocks.spec import CATALOGUE
from engine.ports import Port
from engine.settings import Value
from tests.builder.drawn import document, end, language_model, node, problem, problems, shape

SIZES = {
    "B": 2,
    "T": 5,
    "S": 7,
    "U": 3,
    "H": 8,
    "G": 4,
    "K": 4,
    "D": 24,
    "E": 24,
    "N": 2,
    "M": 9,
    "C": 3,
    "X": 32,
    "Y": 48,
}
DTYPES = {"int": torch.int64, "bool": torch.bool, "float": torch.float32, "any": torch.float32}


def test_every_wire_shows_its_shape() -> None:
    model = language_model({"norm": node("layer_norm", d_model="d_model")}, "embed.y>norm.x norm.y>head.x")

    assert shape(model, "tokens.value") == "B T"
    assert shape(model, "norm.y") == "B T 8"
    assert shape(model, "head.logits") == "B T 11"


def test_heads_are_split_and_merged_again() -> None:
    parts = {"split": node("split_heads", n_heads=4), "merge": node("merge_heads")}
    model = language_model(parts, "embed.y>split.x split.y>merge.x merge.y>head.x")

    assert shape(model, "split.y") == "B 4 T 2"
    assert shape(model, "merge.y") == "B T 8"
    assert problems(model) == []


def test_a_width_that_nobody_knows_survives_splitting() -> None:
    nodes = {
        "x": end("input", "hidden B T D"), "split": node("split_heads", n_heads=4), "merge": node("merge_heads"),
        "y": end("output", "hidden B T D"),
    }  # fmt: skip
    model = document(nodes, "x.value>split.x split.y>merge.x merge.y>y.value")

    assert shape(model, "split.y") == "B 4 T D//4"
    assert [text for text in problems(model) if text[0] == "S"] == []


def test_a_misfit_is_one_problem_at_its_wire() -> None:
    parts = {"norm": node("layer_norm", d_model=16), "up": node("linear", d_in=16, d_out=8)}
    model = language_model(parts, "embed.y>norm.x norm.y>up.x up.y>head.x")

    assert problems(model) == ["S001 model/embed.y>norm.x"]
    assert "norm.x carries (B, T, 8) but wants (B, T, 16)." in problem(model, "S001").message


def test_behind_a_misfit_the_block_is_taken_at_its_word() -> None:
    parts = {"norm": node("layer_norm", d_model=16), "up": node("linear", d_in=16, d_out=8)}
    model = language_model(parts, "embed.y>norm.x norm.y>up.x up.y>head.x")

    assert shape(model, "norm.y") == "B T 16"
    assert shape(model, "up.y") == "B T 8"


def test_both_ways_into_a_residual_add_must_have_one_width() -> None:
    parts = {"wide": node("linear", d_in="d_model", d_out=9), "add": node("residual_add")}
    model = language_model(parts, "embed.y>wide.x embed.y>add.x wide.y>add.update add.sum>head.x")

    assert problems(model) == ["S001 model/wide.y>add.update"]


def test_the_model_s_output_must_be_what_it_declares() -> None:
    model = language_model(vocab_size=11)
    head = node("lm_head", d_model="d_model", vocab_size=12)
    model = model.with_definition(model.main.with_nodes({"head": head}))

    assert problems(model) == ["S001 model/head.logits>logits.value"]


def test_two_sequences_keep_their_own_lengths() -> None:
    model = templates.build("transformer", d_model=16, n_heads=2)

    assert shape(model, "encoder.y") == "B S 16"
    assert shape(model, "decoder.y") == "B T 16"
    assert shape(model, "core.weights", "cross_attention") == "B 2 T S"


def test_a_port_for_anything_carries_the_kind_that_comes_in() -> None:
    parts = {"drop": node("dropout"), "up": node("linear", d_in="d_model", d_out="d_model")}
    model = language_model(parts, "embed.y>drop.x drop.y>up.x up.y>head.x")
    kinds = validate(model).kinds["model"]

    assert kinds[PortRef("drop", "x")] == kinds[PortRef("up", "y")] == "hidden"


def test_a_definition_is_read_with_the_settings_of_each_use() -> None:
    parts = {"small": node("feed_forward", d_model=8, d_ff=12), "large": node("feed_forward", d_model=8, d_ff=40)}
    model = language_model(parts, "embed.y>small.x small.y>large.x large.y>head.x")

    assert shape(model, "up.y", "feed_forward") == "B T 12"
    assert problems(model) == []


def test_an_open_input_shows_what_it_wants() -> None:
    model = language_model({"loose": node("layer_norm", d_model="d_model"), "core": node("attention_core")})

    assert shape(model, "core.q") == "B H T K"
    assert PortRef("loose", "x") not in validate(model).shapes["model"]


def numbers(declared: str, settings: dict[str, object]) -> tuple[int, ...]:
    """A declared shape with a number for each letter."""
    letters: dims.Letters = {name: dims.number(size) for name, size in SIZES.items()}
    letters[dims.REST] = (dims.number(2), dims.number(5))
    found = dims.shape_of(dims.pattern(declared), letters, settings)  # type: ignore[arg-type]
    assert found is not None
    return tuple(int(str(dim)) for dim in found)


def inferred(kind: str, comes: dict[str, tuple[int, ...]], settings: dict[str, Value]) -> Outcome:
    """What a block makes of inputs of these shapes, by our own rules."""
    here = Document.empty()
    nodes: dict[str, Node] = {"block": node(kind, **settings)}
    text = []
    for name, size in comes.items():
        port = Port(name=name, kind=given(kind, name), shape=" ".join(map(str, size)))
        nodes[f"in_{name}"] = Node(kind="input", port=port)
        text.append(f"in_{name}.value>block.{name}")
    here = document(nodes, " ".join(text))
    view = look(here, here.main, {})
    return again(view.around, "block", view.found, view.around.settings("block"))


def given(kind: str, name: str) -> str:
    found = signature(Document.empty(), kind)
    assert found is not None
    port = found.input(name)
    assert port is not None
    return "hidden" if port.kind == "any" else port.kind


AXES = ("features", "positions", "heads")
VARIANTS: list[tuple[str, dict[str, Value]]] = [
    *((kind, {}) for kind in CATALOGUE),
    ("matmul", {"transpose_b": True}),
    ("attention_core", {"sinks": True, "n_heads": 8, "mask": "both"}),
    *(("concat", {"axis": axis}) for axis in AXES),
    *(("slice", {"axis": axis, "start": 1, "stop": stop}) for axis in AXES for stop in (-1, 0, 3)),
    *(("transpose", {"a_axis": a, "b_axis": b}) for a in AXES for b in AXES),
]


@pytest.mark.parametrize(("kind", "given"), VARIANTS)
@pytest.mark.parametrize("optional", [True, False])
def test_the_declared_shapes_of_a_block_are_those_of_a_real_run(
    kind: str, given: dict[str, Value], optional: bool
) -> None:
    spec = CATALOGUE[kind]
    settings = {field.name: field.default for field in spec.config.fields()} | given
    ports = [port for port in spec.inputs if optional or not port.optional]
    comes = {port.name: numbers(port.shape, settings) for port in ports}  # type: ignore[arg-type]

    with torch.device("meta"):
        module = spec.make(given).eval()
        values = {port.name: torch.empty(comes[port.name], dtype=DTYPES[port.dtype]) for port in ports}
        result = module(**values)
    outcome = inferred(kind, comes, given)

    results = result if isinstance(result, tuple) else (result,)
    expected = [shape for shape, port in zip(outcome.outputs, spec.outputs, strict=True) if not port.watch]
    assert not outcome.clashes
    assert not outcome.uneven
    assert [dims.text(shape) for shape in expected] == [" ".join(map(str, value.shape)) for value in results]


def test_a_learned_vector_in_front_makes_a_sequence_one_longer_and_a_cut_takes_it_off() -> None:
    parts = {"front": node("class_token", d_model="d_model"), "cut": node("slice", start=1)}
    model = language_model(parts, "embed.y>front.x front.y>cut.x cut.y>head.x")

    assert shape(model, "front.y") == "B T+1 8"
    assert shape(model, "cut.y") == "B T 8"
    assert problems(model) == []


def test_an_image_becomes_as_many_vectors_as_it_has_patches() -> None:
    nodes = {
        "pixels": end("input", "pixels B 3 28 Y"), "patches": node("patch_embedding", patch=4, d_model=8),
        "y": end("output", "hidden B N 8"),
    }  # fmt: skip
    model = document(nodes, "pixels.value>patches.pixels patches.y>y.value")

    assert shape(model, "patches.y") == "B 7*Y//4 8"


def test_a_bias_is_added_to_the_scores_of_every_sequence() -> None:
    parts = {
        "split": node("split_heads", n_heads=2), "scores": node("matmul", transpose_b=True),
        "bias": node("alibi", n_heads=2), "sum": node("add"), "mask": node("mask"), "weights": node("softmax"),
        "mean": node("matmul"),
        "merge": node("merge_heads"),
    }  # fmt: skip
    text = (
        "embed.y>split.x split.y>scores.a split.y>scores.b embed.y>bias.x scores.y>sum.a bias.bias>sum.b "
        "sum.y>mask.scores mask.y>weights.x weights.y>mean.a split.y>mean.b mean.y>merge.x merge.y>head.x"
    )
    model = language_model(parts, text)

    assert shape(model, "bias.bias") == "1 2 T T"
    assert shape(model, "weights.y") == "B 2 T T"
    assert shape(model, "merge.y") == "B T 8"
    assert [found for found in problems(model) if found[0] == "S"] == []
    kinds = validate(model).kinds["model"]
    assert [kinds[PortRef.parse(port)] for port in ("split.y", "scores.y", "weights.y", "mean.y")] == [
        "heads", "any", "scores", "any",
    ]  # fmt: skip


def test_scores_of_other_heads_cannot_be_added() -> None:
    parts = {"split": node("split_heads", n_heads=2), "few": node("split_heads", n_heads=1), "sum": node("add")}
    text = "embed.y>split.x embed.y>few.x split.y>sum.a few.y>sum.b sum.y>merge.x merge.y>head.x"
    model = language_model({**parts, "merge": node("merge_heads")}, text)

    assert [found for found in problems(model) if found[0] == "S"] == ["S001 model/few.y>sum.b"]


@pytest.mark.parametrize("name", ["tiny", "gpt2", "transformer", "classifier"])
def test_the_logits_of_a_template_have_the_inferred_shape(name: str) -> None:
    model = templates.build(name, d_model=8, n_heads=2, n_layers=1, vocab_size=11, max_len=9)
    compiled = compile_document(model).eval()
    ids = {
        port.name: torch.zeros(2, 7 if "S" in port.shape else 5, dtype=torch.int64)
        for port in model.main.inputs
        if port.kind == "ids"
    }

    with torch.no_grad():
        logits = compiled(**ids)

    words = shape(model, "logits.value").split()
    assert [SIZES[word] if word.isalpha() else int(word) for word in words] == list(logits.shape)


def test_surroundings_of_an_unchanged_definition_are_the_same_object() -> None:
    model = language_model()

    first, second = (survey(model, model.main, {"d_model": 8, "vocab_size": 11}) for _ in range(2))

    assert isinstance(first, Surroundings)
    assert first is second
