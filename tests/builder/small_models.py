"""The templates at tiny sizes, and documents made of single definitions."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

import builder
from builder.composites import LIBRARY
from builder.document import Definition, Document
from builder.library import needed

SIZES = {"vocab_size": 11, "max_len": 12, "d_model": 8, "n_heads": 2, "n_layers": 2, "d_ff": 20}
TEMPLATES = ("gpt2", "transformer", "classifier")


def small(template: str, **symbols: int | float | str) -> Document:
    """A template of width 8 without dropout."""
    more = {"n_classes": 3} if template == "classifier" else {}
    return builder.templates.build(template, **{**SIZES, "dropout": 0.0, **more, **symbols})


def compiled(template: str) -> nn.Module:
    """A small template whose weights are all far from their starting values, in evaluation mode."""
    return shaken(builder.compile_document(small(template)))


def shaken(model: nn.Module) -> nn.Module:
    """`model` with noise on every parameter, so that no bias is 0 and no scale 1."""
    noise = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=noise) * 0.2)
    return model.eval()


def alone(root: Definition | str, **symbols: int | float | str) -> Document:
    """A document whose root is `root`, or the library's composite of that name, with what it is made of."""
    definition = LIBRARY[root] if isinstance(root, str) else root
    changed = definition.with_symbols(replace(s, value=symbols.get(s.name, s.value)) for s in definition.symbols)
    parts = {name: d for node in changed.nodes.values() for name, d in needed(node.kind, LIBRARY).items()}
    return Document(definitions={**parts, changed.name: changed}, root=changed.name)


def inputs_of(template: str, *, batch: int = 3, length: int = 7, seed: int = 0) -> dict[str, Tensor]:
    """Ids that fit a small template."""
    draw = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, SIZES["vocab_size"], (batch, length), generator=draw)
    if template != "transformer":
        return {"tokens": ids}
    longer = torch.randint(0, SIZES["vocab_size"], (batch, length + 2), generator=draw)
    return {"source": longer, "target": ids}


def real(batch: int, length: int, *lengths: int) -> Tensor:
    """A padding mask: True at the first positions of each row, as many as `lengths` says."""
    return torch.arange(length).expand(batch, length) < torch.tensor(lengths)[:, None]


def noise(*shape: int, seed: int = 3) -> Tensor:
    """Normal numbers, the same each time."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
