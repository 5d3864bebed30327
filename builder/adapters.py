"""Taking low-rank adapters out of a model without losing what they learned."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from builder.compile import compile_document
from builder.document import Document
from builder.edits.adapters import ADAPTED, RemoveAdapter
from engine.blocks.adapters import LoraLinear
from engine.errors import DocumentError


def merge(document: Document, state: Mapping[str, Tensor]) -> tuple[Document, dict[str, Tensor]]:
    """Make every adapted linear layer a plain one that computes the same.

    Args:
        document: The model with adapters.
        state: Its weights, as `state_dict` gives them.

    Returns:
        The model without adapters, and its weights: each matrix with its update added, `W + (α/r) B A`.

    Raises:
        DocumentError: If the weights are those of another model.
    """
    model = compile_document(document)
    try:
        model.load_state_dict(dict(state))
    except RuntimeError as error:
        raise DocumentError(f"These weights do not belong to {document.name}. {str(error).splitlines()[-1]}") from None
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, LoraLinear):
                module.weight += module.by * module.lora_b @ module.lora_a  # (d_out, d_in)
    for definition in document.definitions.values():
        nodes = tuple(name for name, node in definition.nodes.items() if node.kind == ADAPTED)
        document = RemoveAdapter(nodes=nodes, at=definition.name).apply(document)
    kept = compile_document(document).state_dict().keys()
    return document, {key: value for key, value in model.state_dict().items() if key in kept}
