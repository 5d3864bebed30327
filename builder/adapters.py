"""Taking low-rank adapters out of a model without losing what they learned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from builder.compile import compile_document
from builder.document import Document
from builder.edits import Untie
from builder.edits.adapters import RemoveAdapter, has_adapter, is_adapted
from engine.blocks.adapters import Adaptable
from engine.errors import DocumentError


def merge(document: Document, state: Mapping[str, Tensor]) -> tuple[Document, dict[str, Tensor]]:
    """Make every adapted projection a plain one that computes the same.

    Args:
        document: The model with adapters.
        state: Its weights, as `state_dict` gives them; of tied ones, one is enough.

    Returns:
        The model without adapters, and its weights: each matrix with its update added, `W + (α/r) B A`. What was tied
        to a matrix that an adapter has changed is tied no more.

    Raises:
        DocumentError: If the model has no adapters, or the weights are those of another model.
    """
    if not is_adapted(document):
        raise DocumentError(f"{document.name} has no adapters, so there is nothing to merge.")
    model = compile_document(document)
    pairs = [pair for tie in document.ties for pair in (tie, tie[::-1])]
    tied = {one: state[other] for one, other in pairs if other in state}
    try:
        model.load_state_dict({**tied, **state})
    except RuntimeError as error:
        raise DocumentError(f"These weights do not belong to {document.name}. {str(error).splitlines()[-1]}") from None
    summed = _summed(model)
    for first, second in document.ties:
        if first in summed and not torch.equal(summed[first], summed[second]):
            document = Untie(first=first).apply(document)
    for definition in document.definitions.values():
        nodes = tuple(name for name, node in definition.nodes.items() if has_adapter(node))
        document = RemoveAdapter(nodes=nodes, at=definition.name).apply(document)
    kept = compile_document(document).state_dict().keys()
    return document, {key: summed[key] for key in kept}


@torch.no_grad()
def _summed(model: nn.Module) -> dict[str, Tensor]:
    """The weights of a model, the updates of its adapters added."""
    state = dict(model.state_dict())
    for name, module in model.named_modules(remove_duplicate=False):
        if isinstance(module, Adaptable) and (update := module.update()) is not None:
            state[f"{name}.weight"] = module.weight + update  # (d_out, d_in)
    return state


def write_merged(document: Document, weights: Path, out: Path) -> Path:
    """Write a model with its adapters merged: a graph, and `weights.safetensors` beside it.

    Args:
        document: The model with adapters.
        weights: Its weights in a safetensors file.
        out: The graph file to write, in a folder without another's weights.

    Returns:
        The file of weights.

    Raises:
        FileError: If the weights cannot be read or are those of another model.
        DocumentError: If the model has no adapters.
    """
    from builder import store
    from builder.checkpoints import Opened
    from builder.checkpoints.trained import save_weights
    from builder.export import model_of
    from builder.opening import WEIGHTS

    plain, state = merge(document, model_of(document, weights).state_dict())
    out.parent.mkdir(parents=True, exist_ok=True)
    store.save(plain, out)
    save_weights(Opened(plain, state), out.with_name(WEIGHTS))
    return out.with_name(WEIGHTS)
