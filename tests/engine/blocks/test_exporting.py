"""Every block can be exported with the batch and the lengths left open."""

from __future__ import annotations

from math import prod
from typing import Any

import pytest
import torch
from torch import Tensor

from builder import dims
from engine.blocks import CATALOGUE
from engine.blocks.spec import Port
from tests.engine.blocks.test_declarations import SIZES, SMALL

OPEN = {"B": 3, "T": 7, "S": 8, "U": 6}
KINDS = [*((kind, {}) for kind in CATALOGUE)]
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("attention_core", {"mask": "causal", "window": 3, "sinks": True, "n_heads": 4}),
    ("attention_core", {"mask": "both", "prefix": 2}),
    ("mask", {"pattern": "sliding_window", "window": 2}),
    ("rope", {"scaling": "llama3", "factor": 4.0}),
    ("softmax", {"axis": "heads"}),
    ("slice", {"axis": "positions", "start": 1, "stop": -1}),
]


def shape(port: Port, settings: dict[str, Any], sizes: dict[str, int]) -> list[dims.Dim]:
    letters: dims.Letters = {name: dims.Dim(size) for name, size in {**SIZES, **sizes}.items()}
    letters[dims.REST] = tuple(dims.Dim(size) for size in (sizes.get("B", 2), sizes.get("T", 5), 16))
    found = dims.shape_of(dims.pattern(port.shape), letters, settings)
    assert found is not None
    return list(found)


def value(port: Port, settings: dict[str, Any], sizes: dict[str, int]) -> Tensor:
    of = tuple(dim.number for dim in shape(port, settings, sizes))
    if port.dtype == "int":
        return torch.arange(prod(of)).reshape(of) % 7
    if port.dtype == "bool":
        return torch.ones(of, dtype=torch.bool)
    return torch.randn(of, generator=torch.Generator().manual_seed(prod(of)))


@pytest.mark.parametrize(("kind", "given"), [*KINDS, *VARIANTS])
def test_a_block_exported_at_some_sizes_works_at_others(kind: str, given: dict[str, Any]) -> None:
    spec = CATALOGUE[kind]
    settings = {f.name: SMALL.get(f.name, f.default) for f in spec.config.fields()} | given
    module = spec.make(settings).eval()
    ports = [port for port in spec.inputs if not port.optional]
    small = {port.name: value(port, settings, {}) for port in ports}
    large = {port.name: value(port, settings, OPEN) for port in ports}
    free = {
        name: {i: torch.export.Dim.DYNAMIC for i in range(x.ndim) if x.shape[i] != large[name].shape[i]}
        for name, x in small.items()
    }

    exported = torch.export.export(module, (), small, dynamic_shapes=free).module()

    assert torch.equal(exported(**large), module(**large))
