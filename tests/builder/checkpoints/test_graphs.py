"""The graphs of checkpoints are like any others: right, kept by a file, and exact for every kind of stored number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import builder
from builder.checkpoints import save_checkpoint
from builder.store import dumps, loads
from tests.builder.checkpoints.hugging import TOLERANCE, far, ids, loaded, made, opened, padding, saved

ENDS = {"bos_token_id": 0, "eos_token_id": 0}
GPT2: dict[str, Any] = {
    "n_embd": 12, "n_head": 3, "n_layer": 2, "vocab_size": 31, "n_positions": 19, "layer_norm_epsilon": 1e-3,
    "attn_pdrop": 0.2, "embd_pdrop": 0.3, **ENDS,
}  # fmt: skip
BERT: dict[str, Any] = {
    "hidden_size": 12, "num_attention_heads": 3, "num_hidden_layers": 2, "intermediate_size": 17, "vocab_size": 31,
    "max_position_embeddings": 19, "attention_probs_dropout_prob": 0.3,
}  # fmt: skip
LLAMA: dict[str, Any] = {**BERT, "num_key_value_heads": 1, "attention_bias": True, **ENDS}
del LLAMA["attention_probs_dropout_prob"]
T5: dict[str, Any] = {"d_model": 10, "d_kv": 3, "num_heads": 2, "d_ff": 11, "num_layers": 2, "vocab_size": 31}
KINDS: list[tuple[str, dict[str, Any]]] = [
    ("GPT2LMHeadModel", GPT2),
    ("BertForMaskedLM", BERT),
    ("BertForSequenceClassification", BERT),
    ("LlamaForCausalLM", LLAMA),
    ("MistralForCausalLM", {**LLAMA, "sliding_window": 4}),
    ("Qwen2ForCausalLM", LLAMA),
    ("T5ForConditionalGeneration", T5),
    ("T5ForConditionalGeneration", {**T5, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}),
]


@pytest.mark.parametrize(("kind", "sizes"), KINDS)
def test_the_graph_of_a_checkpoint_has_no_problem_and_is_kept_by_a_file(
    kind: str, sizes: dict[str, Any], tmp_path: Path
) -> None:
    document, _ = opened(saved(made(kind, **sizes), tmp_path))

    assert [f"{d.code} {d.message}" for d in builder.validate(document).diagnostics] == []
    assert loads(dumps(document)) == document


@torch.no_grad()
def test_weights_stored_in_half_the_digits_are_read_as_they_are(tmp_path: Path) -> None:
    theirs = made("LlamaForCausalLM", **LLAMA).to(torch.bfloat16)
    _, mine = opened(saved(theirs, tmp_path))

    assert {parameter.dtype for parameter in mine.parameters()} == {torch.float32}
    assert far(mine(tokens=ids(31)), theirs.float()(ids(31)).logits) <= TOLERANCE


@torch.no_grad()
def test_what_is_trained_further_can_be_written_again(tmp_path: Path) -> None:
    document, model = opened(saved(made("LlamaForCausalLM", **LLAMA), tmp_path / "in"))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with torch.enable_grad():
        model(tokens=ids(31)).square().mean().backward()
    optimizer.step()

    save_checkpoint(document, model.state_dict(), "llama", tmp_path / "out")

    theirs = loaded("LlamaForCausalLM", tmp_path / "out")
    real = padding()
    wanted = theirs(ids(31), attention_mask=real.long()).logits
    assert far(model(tokens=ids(31), padding=real)[real], wanted[real]) <= TOLERANCE


@pytest.mark.parametrize(("template", "family", "kind"), [
    ("tiny", "gpt2", "GPT2LMHeadModel"), ("tiny_bert", "bert", "BertForMaskedLM"),
    ("tiny_llama", "llama", "LlamaForCausalLM"), ("tiny_t5", "t5", "T5ForConditionalGeneration"),
])  # fmt: skip
@torch.no_grad()
def test_our_own_templates_load_in_transformers(template: str, family: str, kind: str, tmp_path: Path) -> None:
    document = builder.templates.build(template)
    model = builder.compile_document(document).eval()

    save_checkpoint(document, model.state_dict(), family, tmp_path / "out")

    theirs = loaded(kind, tmp_path / "out")
    tokens = ids(theirs.config.vocab_size)  # type: ignore[union-attr, arg-type]
    if family == "t5":
        wanted, mine = theirs(input_ids=tokens, decoder_input_ids=tokens), model(source=tokens, target=tokens)
    else:
        wanted, mine = theirs(tokens), model(tokens=tokens)
    assert far(mine, wanted.logits) <= TOLERANCE
