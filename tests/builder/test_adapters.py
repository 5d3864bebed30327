"""Adapters around linear layers: put in, trained, taken out, merged."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

import builder
from builder import adapters
from builder.document import Document
from builder.edits import AddAdapter, RemoveAdapter
from engine.errors import DocumentError, EditError
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


def test_only_linear_blocks_get_adapters_and_the_rank_is_checked() -> None:
    with pytest.raises(EditError, match="core is of kind attention_core; this is for blocks of kind linear"):
        AddAdapter(nodes=("core",), at="multi_head_attention").apply(small("gpt2"))
    with pytest.raises(EditError, match="rank is 0"):
        AddAdapter(nodes=("q_proj",), rank=0, at="multi_head_attention").apply(small("gpt2"))
    with pytest.raises(EditError, match="lora_linear"):
        RemoveAdapter(nodes=("q_proj",), at="multi_head_attention").apply(small("gpt2"))
