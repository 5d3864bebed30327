"""Attention of the small models, looked at on an example of their task."""

from __future__ import annotations

import numpy as np
import pytest

import builder
from builder.templates import TEMPLATES, build
from engine.attention_maps import attention_on_text
from engine.data import TASKS

TINY = [name for name in TEMPLATES if name.startswith("tiny")]


@pytest.mark.parametrize("name", TINY)
def test_attention_of_a_tiny_model_can_be_looked_at(name: str) -> None:
    document = build(name)
    task = TASKS[document.task]

    stacks = attention_on_text(builder.compile_document(document), task.examples(1)[0].text, task)

    paths = [path for stack in stacks for path in stack.paths]
    kinds = 3 if name == "tiny_t5" else 1
    assert len(stacks) == kinds
    assert all(path.endswith(".core") for path in paths)
    for stack in stacks:
        np.testing.assert_allclose(stack.weights.sum(-1), 1, atol=1e-5)
        assert (len(stack.queries), len(stack.keys)) == stack.weights.shape[2:]


def test_patches_of_an_image_are_numbered_after_the_class_token() -> None:
    task = TASKS["shapes"]

    (stack,) = attention_on_text(builder.compile_document(build("tiny_vit")), task.examples(1)[0].text, task)

    assert stack.queries == stack.keys == tuple(str(i) for i in range(17))
