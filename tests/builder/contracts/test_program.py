"""The unrolled program computes what the compiled model does, value by value."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from builder import compile_document, templates
from builder.contracts.program import unroll
from builder.document import Document
from tests.builder.zoo.base import SMALL, changed, gpt, translator


def shared() -> Document:
    """A GPT whose layers are one."""
    return changed(gpt(), "model", nodes={"blocks": replace(gpt().main.nodes["blocks"], shared=True)})


@pytest.mark.parametrize("document", [gpt(), shared(), templates.build("llama", **SMALL, n_kv_heads=1)])
def test_the_program_s_answer_is_the_model_s(document: Document) -> None:
    model = compile_document(document).eval()
    tokens = torch.arange(12).view(2, 6)

    program = unroll(document, model)
    values = program.run({"tokens": tokens})

    assert torch.equal(values[program.outputs["logits"]], model(tokens=tokens))


def test_two_streams_and_optional_inputs_are_followed() -> None:
    document = translator()
    model = compile_document(document).eval()
    given = {"source": torch.arange(10).view(2, 5), "target": torch.arange(8).view(2, 4)}
    given["source_padding"] = torch.ones(2, 5, dtype=torch.bool)

    program = unroll(document, model)

    assert torch.equal(program.run(given)[program.outputs["logits"]], model(**given))


def test_a_step_knows_the_nodes_it_lies_in_and_the_path_of_its_weights() -> None:
    document = gpt()
    model = compile_document(document)
    program = unroll(document, model)

    (core,) = [step for step in program.steps if step.path == "blocks.1.attn.core"]

    assert core.uses == (("model", "blocks"), ("gpt_block", "attn"), ("multi_head_attention", "core"))
    assert core.layers == (1, None, None)
    assert core.module is model.get_submodule("blocks.1.attn.core")


def test_a_value_can_be_changed_on_its_way() -> None:
    document = gpt()
    model = compile_document(document).eval()
    program = unroll(document, model)
    tokens = torch.arange(6)[None]

    values = program.run(
        {"tokens": tokens}, lambda step, out: (torch.zeros_like(out[0]),) if step.path == "ln_f" else out
    )

    assert not values[program.outputs["logits"]].any()


def test_what_comes_before_and_after_a_value_is_known() -> None:
    document = translator()
    program = unroll(document, compile_document(document))
    source, target = program.inputs["source"], program.inputs["target"]

    assert program.outputs["logits"] in program.after({source})
    assert {source, target} <= program.before({program.outputs["logits"]})
    memory = next(step for step in program.steps if step.path == "encoder.1.ffn_norm").results[0]
    assert target not in program.before({memory})
