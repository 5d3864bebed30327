"""Compiled models compute what models written by hand compute."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import builder
from builder.assemble import Sketch
from tests.builder.reference_models import (
    HandClassifier,
    HandGPT,
    HandTransformer,
    decoder_weights,
    encoder_weights,
)
from tests.builder.small_models import SIZES, TEMPLATES, alone, compiled, inputs_of, noise, real, shaken, small

ROUNDING = {"rtol": 0, "atol": 5e-6}
BLOCK = {"d_model": 8, "n_heads": 2, "d_ff": 20, "dropout": 0.0}


def test_gpt2_equals_a_decoder_written_by_hand() -> None:
    model, ids = compiled("gpt2"), inputs_of("gpt2")
    reference = HandGPT(**SIZES).take(model.state_dict())

    torch.testing.assert_close(model(**ids), reference(**ids), **ROUNDING)


@pytest.mark.parametrize("padded", [False, True])
def test_transformer_equals_torch_layers(padded: bool) -> None:
    model, ids = compiled("transformer"), inputs_of("transformer")
    reference = HandTransformer(**{k: v for k, v in SIZES.items() if k != "max_len"}).take(model.state_dict())
    masks = {"source_padding": real(3, 9, 9, 4, 1), "padding": real(3, 7, 7, 5, 1)} if padded else {}

    torch.testing.assert_close(model(**ids, **masks), reference(**ids, **masks), **ROUNDING)


@pytest.mark.parametrize("padded", [False, True])
def test_classifier_equals_torch_layers(padded: bool) -> None:
    model, ids = compiled("classifier"), inputs_of("classifier")
    reference = HandClassifier(**SIZES, n_classes=3).take(model.state_dict())
    masks = {"padding": real(3, 7, 7, 4, 1)} if padded else {}

    torch.testing.assert_close(model(**ids, **masks), reference(**ids, **masks), **ROUNDING)


@pytest.mark.parametrize("template", TEMPLATES)
def test_gradients_equal_those_of_the_hand_written_model(template: str) -> None:
    model, ids = compiled(template), inputs_of(template)
    sizes = {k: v for k, v in SIZES.items() if template != "transformer" or k != "max_len"}
    more = {"n_classes": 3} if template == "classifier" else {}
    hand = {"gpt2": HandGPT, "transformer": HandTransformer, "classifier": HandClassifier}[template]
    reference = hand(**sizes, **more).take(model.state_dict())

    model(**ids).square().sum().backward()
    reference(**ids).square().sum().backward()

    embedding = "source_emb" if template == "transformer" else "tok_emb"
    theirs = next(reference.parameters()).grad
    torch.testing.assert_close(model.get_parameter(f"{embedding}.weight").grad, theirs, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("lengths", [None, (7, 4, 1)])
def test_encoder_block_equals_the_layer_of_torch(lengths: tuple[int, ...] | None) -> None:
    model = shaken(builder.compile_document(alone("encoder_block", **BLOCK)))
    layer = nn.TransformerEncoderLayer(8, 2, 20, dropout=0.0, batch_first=True).eval()
    layer.load_state_dict(encoder_weights(model.state_dict(), "", ""))
    x, padding = noise(3, 7, 8), real(3, 7, *lengths) if lengths else None

    expected = layer(x, src_key_padding_mask=None if padding is None else ~padding)

    torch.testing.assert_close(model(x=x, padding=padding), expected, **ROUNDING)


@pytest.mark.parametrize("lengths", [None, (9, 4, 1)])
def test_decoder_block_equals_the_layer_of_torch(lengths: tuple[int, ...] | None) -> None:
    model = shaken(builder.compile_document(_with_memory()))
    layer = nn.TransformerDecoderLayer(8, 2, 20, dropout=0.0, batch_first=True).eval()
    layer.load_state_dict(decoder_weights(model.state_dict(), "block", ""))
    x, memory, later = noise(3, 7, 8), noise(3, 9, 8), torch.ones(7, 7, dtype=torch.bool).triu(1)
    padding = real(3, 9, *lengths) if lengths else None

    unreal = None if padding is None else ~padding
    expected = layer(x, memory, tgt_mask=later, memory_key_padding_mask=unreal)

    torch.testing.assert_close(model(x=x, memory=memory, memory_padding=padding), expected, **ROUNDING)


def test_decoder_block_without_a_memory_is_an_encoder_block_with_a_causal_mask() -> None:
    model = shaken(builder.compile_document(_without_memory()))
    layer = nn.TransformerEncoderLayer(8, 2, 20, dropout=0.0, batch_first=True).eval()
    layer.load_state_dict(encoder_weights(model.state_dict(), "block", ""))
    x, later = noise(3, 7, 8), torch.ones(7, 7, dtype=torch.bool).triu(1)

    assert not [key for key in model.state_dict() if "cross" in key]
    torch.testing.assert_close(model(x=x), layer(x, src_mask=later), **ROUNDING)


@pytest.mark.parametrize("lengths", [None, (7, 4, 1)])
def test_pre_norm_encoder_block_equals_the_layer_of_torch(lengths: tuple[int, ...] | None) -> None:
    model = shaken(builder.compile_document(alone("pre_norm_encoder_block", **BLOCK)))
    layer = nn.TransformerEncoderLayer(8, 2, 20, dropout=0.0, batch_first=True, norm_first=True).eval()
    layer.load_state_dict(encoder_weights(model.state_dict(), "", ""))
    x, padding = noise(3, 7, 8), real(3, 7, *lengths) if lengths else None

    expected = layer(x, src_key_padding_mask=None if padding is None else ~padding)

    torch.testing.assert_close(model(x=x, padding=padding), expected, **ROUNDING)


@pytest.mark.parametrize("padded", [False, True])
def test_pre_norm_decoder_block_equals_the_layer_of_torch(padded: bool) -> None:
    model = shaken(builder.compile_document(alone("pre_norm_decoder_block", **BLOCK, mask="both")))
    layer = nn.TransformerDecoderLayer(8, 2, 20, dropout=0.0, batch_first=True, norm_first=True).eval()
    layer.load_state_dict(decoder_weights(model.state_dict(), "", ""))
    x, memory, later = noise(3, 7, 8), noise(3, 9, 8), torch.ones(7, 7, dtype=torch.bool).triu(1)
    masks = {"padding": real(3, 7, 7, 4, 1), "memory_padding": real(3, 9, 9, 4, 1)} if padded else {}
    unreal = {name: ~mask for name, mask in masks.items()}

    expected = layer(
        x, memory, tgt_mask=later, tgt_key_padding_mask=unreal.get("padding"),
        memory_key_padding_mask=unreal.get("memory_padding"),
    )  # fmt: skip

    torch.testing.assert_close(model(x=x, memory=memory, **masks), expected, **ROUNDING)


@pytest.mark.parametrize("starts", [None, (0, 2, 6)])
def test_a_padded_gpt_block_is_a_pre_norm_layer_with_a_causal_mask(starts: tuple[int, ...] | None) -> None:
    model = shaken(builder.compile_document(alone("gpt_block", **BLOCK, activation="relu", mask="both")))
    layer = nn.TransformerEncoderLayer(8, 2, 20, dropout=0.0, batch_first=True, norm_first=True).eval()
    layer.load_state_dict(encoder_weights(model.state_dict(), "", ""))
    x, later = noise(3, 7, 8), torch.ones(7, 7, dtype=torch.bool).triu(1)
    padding = ~real(3, 7, *starts) if starts else torch.ones(3, 7, dtype=torch.bool)  # texts end at the last column

    expected = layer(x, src_mask=later, src_key_padding_mask=~padding)

    torch.testing.assert_close(model(x=x, padding=padding)[padding], expected[padding], **ROUNDING)


def _around_decoder(*, memory: bool) -> builder.Document:
    d = Sketch("model", "Model")
    d.input("x", "B T 8", (0, 0))
    sources = {"x": "x"}
    if memory:
        d.input("memory", "B S 8", (0, 1))
        d.input("memory_padding?", "B S", (0, 2), "mask")
        sources |= {"memory": "memory", "memory_padding": "memory_padding"}
    d.add("block", "decoder_block", sources, (1, 0), **BLOCK)
    d.output("y", "block", "B T 8", (2, 0))
    return alone(d.done())


def _with_memory() -> builder.Document:
    return _around_decoder(memory=True)


def _without_memory() -> builder.Document:
    return _around_decoder(memory=False)


def test_a_causal_model_does_not_see_the_future() -> None:
    model, ids = compiled("gpt2"), inputs_of("gpt2")["tokens"]
    changed = ids.clone()
    changed[:, 4:] = (changed[:, 4:] + 1) % SIZES["vocab_size"]

    before, after = model(tokens=ids), model(tokens=changed)

    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.isclose(before[:, 4:], after[:, 4:]).all(-1).any()


def test_the_decoder_does_not_see_the_future_of_its_target() -> None:
    model, ids = compiled("transformer"), inputs_of("transformer")
    changed = ids["target"].clone()
    changed[:, 4:] = (changed[:, 4:] + 1) % SIZES["vocab_size"]

    before, after = model(**ids), model(source=ids["source"], target=changed)

    torch.testing.assert_close(before[:, :4], after[:, :4], rtol=0, atol=1e-6)


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_changes_no_answer_of_the_classifier(side: str) -> None:
    model, ids = compiled("classifier"), inputs_of("classifier")["tokens"]
    padding = real(3, 7, 5, 5, 5)
    junk = torch.where(padding, ids, (ids + 3) % SIZES["vocab_size"])

    torch.testing.assert_close(model(tokens=ids, padding=padding), model(tokens=ids[:, :5]), **ROUNDING)
    flip = (lambda t: t.flip(1)) if side == "left" else (lambda t: t)
    one, two = (model(tokens=flip(t), padding=flip(padding)) for t in (ids, junk))
    torch.testing.assert_close(one, two, **ROUNDING)


def test_padding_of_the_source_changes_no_answer_of_the_transformer() -> None:
    model, ids = compiled("transformer"), inputs_of("transformer")
    padding = real(3, 9, 5, 5, 5)

    padded = model(**ids, source_padding=padding)

    short = model(source=ids["source"][:, :5], target=ids["target"])
    torch.testing.assert_close(padded, short, **ROUNDING)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_exports_with_any_batch_and_length(template: str) -> None:
    model, ids = compiled(template), inputs_of(template)
    batch = torch.export.Dim("B", max=64)
    lengths = {name: torch.export.Dim(name[0].upper(), max=SIZES["max_len"]) for name in ids}
    dynamic = {name: {0: batch, 1: lengths[name]} for name in ids}

    program = torch.export.export(model, (), ids, dynamic_shapes=dynamic).module()

    other = inputs_of(template, batch=5, length=9)
    torch.testing.assert_close(program(**other), model(**other), **ROUNDING)
    assert set(program.state_dict()) == set(model.state_dict())


@pytest.mark.parametrize("template", ["transformer", "classifier"])
def test_a_template_exports_with_padding(template: str) -> None:
    model, ids = compiled(template), inputs_of(template)
    masked = "source" if template == "transformer" else "tokens"
    name = "source_padding" if template == "transformer" else "padding"
    inputs = {**ids, name: real(3, ids[masked].shape[1], 5, 4, 3)}
    batch = torch.export.Dim("B", max=64)
    lengths = {n: torch.export.Dim(n[0].upper(), max=SIZES["max_len"]) for n in ids}
    dynamic = {n: {0: batch, 1: lengths.get(n, lengths[masked])} for n in inputs}

    program = torch.export.export(model, (), inputs, dynamic_shapes=dynamic).module()

    other = inputs_of(template, batch=2, length=6)
    other[name] = real(2, other[masked].shape[1], 5, 2)
    torch.testing.assert_close(program(**other), model(**other), **ROUNDING)


def test_keys_are_paths_of_the_drawing() -> None:
    keys = builder.compile_document(small("gpt2")).state_dict().keys()

    assert {"tok_emb.weight", "blocks.0.attn.q_proj.weight", "blocks.1.ffn.up.bias", "lm_head.weight"} <= keys


def test_tied_weights_are_one_parameter() -> None:
    model = builder.compile_document(small("transformer"))

    embedding = model.get_parameter("source_emb.weight")
    assert model.get_parameter("target_emb.weight") is embedding
    assert model.get_parameter("lm_head.weight") is embedding


def test_a_forward_looks_as_if_written_by_hand() -> None:
    block = builder.compile_document(small("gpt2")).get_submodule("blocks.0")

    assert type(block).__name__ == "GptBlock"
    assert "attn = self.attn(attn_norm, padding)" in block.code
