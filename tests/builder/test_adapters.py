"""Adapters around projections: put in, trained, taken out, merged."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

import builder
from builder import adapters
from builder.checkpoints import save_checkpoint
from builder.document import Definition, Document, Node, PortRef, Wire
from builder.edits import AddAdapter, RemoveAdapter, Tie, Untie
from builder.edits.adapters import WITHIN
from engine.blocks.spec import CATALOGUE
from engine.errors import DocumentError, EditError, ExportError
from engine.ports import Port
from tests.builder.codegen.generated import assert_same
from tests.builder.small_models import inputs_of, shaken, small

PROJECTIONS = ("q_proj", "v_proj")


def adapted(rank: int = 2) -> Document:
    edit = AddAdapter(nodes=PROJECTIONS, rank=rank, alpha=4.0, at="multi_head_attention")
    return edit.apply(small("gpt2"))


def test_an_adapter_keeps_the_keys_and_begins_as_the_layer_it_is_around() -> None:
    plain, model = builder.compile_document(small("gpt2")), builder.compile_document(adapted())

    assert builder.validate(adapted()).ok
    assert plain.state_dict().keys() <= model.state_dict().keys()
    missing = model.load_state_dict(plain.state_dict(), strict=False).missing_keys
    assert {key.rsplit(".", 1)[1] for key in missing} == {"lora_a", "lora_b"}
    inputs = inputs_of("gpt2")
    assert torch.equal(plain.eval()(**inputs), model.eval()(**inputs))


def test_only_the_update_is_trained() -> None:
    model = builder.compile_document(adapted())

    logits = model(**inputs_of("gpt2"))
    F.cross_entropy(logits.flatten(0, 1), torch.zeros(logits.shape[0] * logits.shape[1], dtype=torch.long)).backward()

    layer = model.get_submodule("blocks.0.attn.q_proj")
    assert layer.weight.grad is None
    assert layer.lora_b.grad.abs().sum() > 0


def test_taking_an_adapter_away_brings_back_the_document() -> None:
    back = RemoveAdapter(nodes=PROJECTIONS, at="multi_head_attention").apply(adapted())

    assert back == small("gpt2")


def test_merged_weights_compute_what_the_adapters_did() -> None:
    document = adapted()
    model = shaken(builder.compile_document(document))

    plain, state = adapters.merge(document, model.state_dict())

    assert plain == small("gpt2")
    merged = builder.compile_document(plain)
    merged.load_state_dict(state)
    inputs = inputs_of("gpt2")
    assert torch.allclose(model(**inputs), merged.eval()(**inputs), atol=1e-5)
    with pytest.raises(DocumentError, match="do not belong"):
        adapters.merge(document, state)


def with_head(kind: str, **settings: int | float | str) -> Document:
    """A model of nothing but a head, or a router, with an adapter of rank 2."""
    spec = CATALOGUE[kind]
    into, out = spec.inputs[0], spec.outputs[0]
    shape = into.shape.replace("d_model", "8")
    nodes = {
        "x": Node(kind="input", port=Port(name="x", kind=into.kind, shape=shape)),
        "head": Node(kind=kind, settings={"d_model": 8, **settings}),
        "y": Node(kind="output", port=Port(name="y", kind="any", shape="...")),
    }
    wires = [
        Wire(PortRef("x", "value"), PortRef("head", into.name)),
        Wire(PortRef("head", out.name), PortRef("y", "value")),
    ]
    return Document(definitions={"model": Definition.make("model", "Model").with_nodes(nodes).with_wires(wires)})


@pytest.mark.parametrize("kind", WITHIN)
def test_a_head_with_an_adapter_begins_as_it_was_trains_the_update_and_is_merged(kind: str) -> None:
    plain = with_head(kind)
    document = AddAdapter(nodes=("head",), rank=2, alpha=6.0).apply(plain)
    x = torch.randn(2, 8) if CATALOGUE[kind].inputs[0].shape == "B d_model" else torch.randn(2, 3, 8)

    first, model = builder.compile_document(plain).eval(), builder.compile_document(document).eval()
    missing = model.load_state_dict(first.state_dict(), strict=False).missing_keys
    assert {key.rsplit(".", 1)[1] for key in missing} == {"lora_a", "lora_b"}
    assert torch.equal(first(x=x), model(x=x))
    frozen = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    assert frozen == {key for key in first.state_dict() if ".norm." not in key}

    found, state = adapters.merge(document, shaken(model).state_dict())
    assert found == plain
    merged = builder.compile_document(found).eval()
    merged.load_state_dict(state)
    torch.testing.assert_close(merged(x=x), model(x=x), rtol=1e-5, atol=1e-5)
    assert not torch.allclose(merged(x=x), first(x=x), atol=1e-3)


def test_an_adapter_around_a_tied_head_freezes_the_table_and_merging_unties_it() -> None:
    assert small("gpt2").ties == (("lm_head.weight", "tok_emb.weight"),)
    document = AddAdapter(nodes=("lm_head",), rank=2).apply(small("gpt2"))
    assert builder.validate(document).ok
    model = builder.compile_document(document)
    assert model.get_parameter("lm_head.weight") is model.get_parameter("tok_emb.weight")
    assert not model.get_parameter("tok_emb.weight").requires_grad
    shaken(model)

    plain, state = adapters.merge(document, model.state_dict())

    assert plain == Untie(first="lm_head.weight").apply(small("gpt2"))
    assert torch.equal(state["tok_emb.weight"], model.get_parameter("tok_emb.weight"))
    merged, inputs = builder.compile_document(plain).eval(), inputs_of("gpt2")
    merged.load_state_dict(state)
    torch.testing.assert_close(merged(**inputs), model(**inputs), rtol=1e-5, atol=1e-5)


def test_a_tied_head_with_an_adapter_is_frozen_in_generated_code_too() -> None:
    document = AddAdapter(nodes=("lm_head",), rank=2).apply(small("gpt2"))

    theirs = assert_same(document)

    assert theirs.get_parameter("lm_head.weight") is theirs.get_parameter("tok_emb.weight")
    trained = {name for name, parameter in theirs.named_parameters() if parameter.requires_grad}
    assert trained == {n for n, p in builder.compile_document(document).named_parameters() if p.requires_grad}


def test_an_adapter_that_has_learned_nothing_leaves_the_tie() -> None:
    document = AddAdapter(nodes=("lm_head",)).apply(small("gpt2"))

    plain, _ = adapters.merge(document, builder.compile_document(document).state_dict())

    assert plain == small("gpt2")


def test_one_name_of_a_tied_weight_is_enough_to_merge() -> None:
    document = AddAdapter(nodes=("lm_head",)).apply(small("gpt2"))
    state = builder.compile_document(document).state_dict()
    del state["lm_head.weight"]

    assert adapters.merge(document, state)[0] == small("gpt2")


def test_a_model_without_adapters_is_not_merged() -> None:
    with pytest.raises(DocumentError, match="no adapters"):
        adapters.merge(small("gpt2"), {})


def test_ties_of_what_adapters_learn_go_with_them() -> None:
    document = Tie(first="blocks.0.attn.q_proj.lora_a", second="blocks.0.attn.v_proj.lora_a").apply(adapted())
    document = Tie(first="blocks.1.attn.q_proj.weight", second="blocks.1.attn.v_proj.weight").apply(document)

    left = RemoveAdapter(nodes=PROJECTIONS, at="multi_head_attention").apply(document)

    assert left.ties[1:] == (("blocks.1.attn.q_proj.weight", "blocks.1.attn.v_proj.weight"),)


@pytest.mark.parametrize(
    ("node", "at", "reason"),
    [
        ("core", "multi_head_attention", "core: it has no matrix of its own"),
        ("tok_emb", "", "looks rows up"),
        ("blocks", "", "Open it and put adapters around the Linear blocks inside"),
    ],
)
def test_what_can_have_no_adapter_says_why(node: str, at: str, reason: str) -> None:
    with pytest.raises(EditError, match=reason):
        AddAdapter(nodes=(node,), at=at).apply(small("gpt2"))


def test_the_rank_is_checked_and_one_adapter_is_enough() -> None:
    with pytest.raises(EditError, match="rank is 0"):
        AddAdapter(nodes=("q_proj",), rank=0, at="multi_head_attention").apply(small("gpt2"))
    with pytest.raises(EditError, match="q_proj has an adapter already"):
        AddAdapter(nodes=("q_proj",), at="multi_head_attention").apply(adapted())
    with pytest.raises(EditError, match="lm_head has no adapter"):
        RemoveAdapter(nodes=("lm_head",)).apply(small("gpt2"))


def test_a_model_with_adapters_is_not_written_for_transformers_and_why(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="which gpt2 has not"):
        save_checkpoint(adapted(), builder.compile_document(adapted()).state_dict(), "gpt2", tmp_path / "hub")
