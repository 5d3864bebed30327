"""What cannot be computed is refused before it is computed wrongly, with the key, file or place that is at fault."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import builder
from builder.checkpoints import save_checkpoint
from builder.document import Document, PortRef, Wire
from builder.edits import Disconnect, Rename, SetSetting
from engine.errors import ExportError, FileError, UnknownNameError
from tests.builder.checkpoints.hugging import TOLERANCE, far, ids, loaded, made, opened, saved

GPT2: dict[str, Any] = {"n_embd": 6, "n_head": 2, "n_layer": 2, "vocab_size": 11, "n_positions": 7}
LLAMA: dict[str, Any] = {
    "hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1, "intermediate_size": 9, "vocab_size": 11,
}  # fmt: skip
BERT: dict[str, Any] = {**LLAMA, "max_position_embeddings": 9}
T5: dict[str, Any] = {"d_model": 6, "d_kv": 3, "num_heads": 2, "d_ff": 7, "num_layers": 1, "vocab_size": 11}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small GPT-2."""
    return saved(made("GPT2LMHeadModel", **GPT2, bos_token_id=0, eos_token_id=0), tmp_path / "gpt2")


def changed(folder: Path, **keys: Any) -> Path:
    """The folder with other values in its configuration; `None` removes a key."""
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **keys}))
    return folder


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model_type", "gpt3"),
        ("activation_function", "snake"),
        ("scale_attn_weights", False),
        ("scale_attn_by_inverse_layer_idx", True),
        ("add_cross_attention", True),
        ("n_layer", 0),
        ("n_head", "two"),
        ("layer_norm_epsilon", "small"),
        ("tie_word_embeddings", "yes"),
        ("activation_function", []),
        ("architectures", 3),
        ("architectures", ["GPT2ForTokenClassification"]),
    ],
)
def test_a_configuration_that_no_block_computes_is_refused_by_its_key(folder: Path, key: str, value: object) -> None:
    with pytest.raises(FileError, match=key):
        builder.open_checkpoint(changed(folder, **{key: value}))


@pytest.mark.parametrize(
    ("kind", "sizes", "key", "value"),
    [
        ("LlamaForCausalLM", LLAMA, "rope_parameters", {"rope_type": "yarn", "factor": 2.0}),
        ("LlamaForCausalLM", LLAMA, "rope_parameters", {"rope_type": "default", "partial_rotary_factor": 0.5}),
        ("LlamaForCausalLM", LLAMA, "hidden_act", "snake"),
        ("LlamaForCausalLM", LLAMA, "architectures", ["LlamaModel"]),
        ("LlamaForCausalLM", LLAMA, "architectures", ["LlamaForSequenceClassification"]),
        ("Qwen2ForCausalLM", LLAMA, "use_sliding_window", True),
        ("BertModel", BERT, "position_embedding_type", "relative_key"),
        ("BertModel", BERT, "is_decoder", True),
        ("BertModel", BERT, "architectures", {"first": "BertModel"}),
        ("BertModel", BERT, "architectures", ["BertForNextSentencePrediction"]),
        ("T5ForConditionalGeneration", T5, "feed_forward_proj", "gated-snake"),
        ("T5ForConditionalGeneration", T5, "architectures", ["T5EncoderModel"]),
    ],
)
def test_other_families_refuse_by_key_too(
    kind: str, sizes: dict[str, Any], key: str, value: object, tmp_path: Path
) -> None:
    model = saved(made(kind, **sizes, **({"bos_token_id": 0, "eos_token_id": 0} if sizes is LLAMA else {})), tmp_path)
    wanted = "partial_rotary_factor" if "partial_rotary_factor" in str(value) else key

    with pytest.raises(FileError, match=wanted):
        builder.open_checkpoint(changed(model, **{key: value}))


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("n_head", 4, "6 features cannot be divided evenly into 4 parts"),
        ("n_layer", 10**9, "n_layers is 1000000000"),
        ("layer_norm_epsilon", float("nan"), "eps is nan"),
        ("attn_pdrop", 5, "dropout is 5"),
    ],
)
def test_a_configuration_of_no_model_that_can_be_drawn_is_told_with_its_file(
    folder: Path, key: str, value: object, told: str
) -> None:
    with pytest.raises(FileError, match=rf"config\.json describes no model that can be drawn: .*{told}"):
        builder.open_checkpoint(changed(folder, **{key: value}))


def test_a_tokenizer_that_cannot_be_read_is_told(folder: Path) -> None:
    (folder / "tokenizer.json").write_bytes(b"\xff\xfe")

    with pytest.raises(FileError, match=r"tokenizer\.json cannot be read"):
        builder.open_checkpoint(folder)


@pytest.mark.parametrize(
    ("tensor", "told"),
    [(torch.ones(11, 6, dtype=torch.int8), "int8, which is quantised"), (torch.tensor(1.0), "single")],
)
def test_weights_that_are_no_table_of_floats_are_refused(folder: Path, tensor: torch.Tensor, told: str) -> None:
    file = folder / "model.safetensors"
    save_file({**load_file(file), "transformer.wte.weight": tensor}, file)

    with pytest.raises(FileError, match=rf"'wte\.weight' as .*{told}"):
        builder.open_checkpoint(folder)


def test_parts_without_their_index_are_told(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")

    with pytest.raises(FileError, match=r"model-00001-of-00002\.safetensors.*model\.safetensors\.index\.json"):
        builder.open_checkpoint(folder)


def test_weights_that_may_run_code_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")

    with pytest.raises(FileError, match=r"pytorch_model\.bin.*run code"):
        builder.open_checkpoint(folder)


def test_a_folder_that_is_none_and_one_without_weights_are_told_apart(folder: Path) -> None:
    (folder / "model.safetensors").unlink()

    with pytest.raises(FileError, match="no folder"):
        builder.open_checkpoint(folder / "nowhere")
    with pytest.raises(FileError, match=r"no model\.safetensors"):
        builder.open_checkpoint(folder)


@pytest.mark.parametrize("content", ["{", "[]", "{}", "[" * 100_000], ids=["cut", "list", "empty", "deep"])
def test_a_configuration_that_cannot_be_read_is_told(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content)

    with pytest.raises(FileError, match=r"config\.json"):
        builder.open_checkpoint(folder)


def test_a_weight_that_is_missing_and_one_too_many_are_named(folder: Path) -> None:
    file = folder / "model.safetensors"
    tensors = load_file(file)
    save_file({name: t for name, t in tensors.items() if "h.1.mlp.c_fc.weight" not in name}, file)

    with pytest.raises(FileError, match=r"lack 'h\.1\.mlp\.c_fc\.weight'"):
        builder.open_checkpoint(folder)

    save_file({**tensors, "transformer.h.0.attn.rotary.weight": torch.ones(2)}, file)
    with pytest.raises(FileError, match=r"h\.0\.attn\.rotary\.weight"):
        builder.open_checkpoint(folder)


def test_sizes_that_do_not_fit_the_weights_are_told(folder: Path) -> None:
    with pytest.raises(FileError, match=r"tok_emb\.weight has shape \(11, 6\), but the graph wants \(12, 6\)"):
        builder.open_checkpoint(changed(folder, vocab_size=12))


def test_an_index_names_no_file_outside_of_its_folder(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder.parent / "model.safetensors")
    index = {"weight_map": {"wte.weight": "../model.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))

    with pytest.raises(FileError, match="not beside it"):
        builder.open_checkpoint(folder)


def test_a_file_that_is_cut_short_is_told(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:100])

    with pytest.raises(FileError, match="cannot be read"):
        builder.open_checkpoint(folder)


def without_a_residual(document: Document) -> Document:
    wire = Wire(PortRef("attn_norm", "y"), PortRef("attn_add", "x"))
    block = document.definition("gpt_block")
    old = block.wire_into(wire.target)
    assert old
    return document.with_definition(block.without_wires([old]).with_wires([wire]))


BROKEN: list[tuple[Callable[[Document], Document], str]] = [
    (without_a_residual, r"blocks\.0\.attn_add is fed by blocks\.0\.attn_norm"),
    (
        SetSetting(node="blocks", name="mask", value="none").apply,
        r"blocks\.0\.attn\.core has mask 'none', not 'both'",
    ),
    (SetSetting(node="blocks", name="activation", value="relu", layer=1).apply, r"blocks\.1\.ffn\.act has function"),
    (SetSetting(node="tok_emb", name="scale", value=True).apply, "tok_emb has scale True"),
    (Rename(node="ln_f", new="last_norm").apply, "no block ln_f"),
    (Disconnect(wire=Wire(PortRef("blocks", "y"), PortRef("ln_f", "x"))).apply, "ln_f"),
]


@pytest.mark.parametrize(("change", "told"), BROKEN)
def test_a_graph_that_computes_something_else_is_not_written_as_gpt2(
    change: Callable[[Document], Document], told: str, folder: Path, tmp_path: Path
) -> None:
    document, model = opened(folder)

    with pytest.raises(ValueError, match=told):
        save_checkpoint(change(document), model.state_dict(), "gpt2", tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_another_template_is_no_gpt2_and_an_unknown_family_is_told(tmp_path: Path) -> None:
    document = builder.templates.build("tiny_llama")
    state = builder.compile_document(document).state_dict()

    with pytest.raises(ExportError, match=r"no gpt2"):
        save_checkpoint(document, state, "gpt2", tmp_path / "out")
    with pytest.raises(UnknownNameError, match="gpt2"):
        save_checkpoint(document, state, "gtp2", tmp_path / "out")


def test_dropout_does_not_decide_what_a_graph_is(folder: Path, tmp_path: Path) -> None:
    document, model = opened(folder)
    calm = SetSetting(node="emb_drop", name="p", value=0.4).apply(document)

    assert save_checkpoint(calm, model.state_dict(), "gpt2", tmp_path / "out").is_dir()


def test_a_graph_with_loose_weights_is_written_as_such(folder: Path, tmp_path: Path) -> None:
    document, _ = opened(folder)
    loose = replace(document, ties=())
    state = builder.compile_document(loose).state_dict()

    save_checkpoint(loose, state, "gpt2", tmp_path / "out")

    assert json.loads((tmp_path / "out" / "config.json").read_text())["tie_word_embeddings"] is False


def test_a_folder_with_something_in_it_is_not_written_over(folder: Path) -> None:
    document, model = opened(folder)

    with pytest.raises(ExportError, match="not empty"):
        save_checkpoint(document, model.state_dict(), "gpt2", folder)


def test_a_t5_whose_embeddings_are_two_is_not_written_as_one_that_has_one(tmp_path: Path) -> None:
    loose = replace(builder.templates.build("tiny_t5"), ties=())
    state = builder.compile_document(loose).state_dict()

    with pytest.raises(ExportError, match=r"target_emb\.weight is not tied to source_emb\.weight"):
        save_checkpoint(loose, state, "t5", tmp_path / "out")


@torch.no_grad()
def test_a_tie_that_the_architecture_does_not_know_is_written_out(folder: Path, tmp_path: Path) -> None:
    document, _ = opened(folder)
    extra = ("blocks.1.ffn.up.weight", "blocks.0.ffn.up.weight")
    tied = replace(document, ties=(*document.ties, extra))
    model = builder.compile_document(tied).eval()

    save_checkpoint(tied, model.state_dict(), "gpt2", tmp_path / "out")

    tokens = ids(11, length=7)
    assert far(model(tokens=tokens), loaded("GPT2LMHeadModel", tmp_path / "out")(tokens).logits) <= TOLERANCE
