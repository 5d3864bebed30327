"""What a block declares is what it does: ports, shapes, kinds, settings, texts."""

from __future__ import annotations

import inspect
from math import prod

import pytest
import torch
from torch import Tensor

from builder import dims
from engine.blocks import CATALOGUE
from engine.blocks.spec import BlockSpec, Port

SIZES = {
    "B": 2, "T": 5, "S": 6, "U": 3, "H": 4, "G": 2, "K": 4, "D": 16, "E": 16, "N": 2, "M": 5, "C": 3, "X": 8, "Y": 12,
}  # fmt: skip
SMALL = {
    "d_model": 16, "d_in": 16, "d_out": 6, "n_heads": 4, "vocab_size": 7, "max_len": 9, "n_classes": 3, "d_ff": 8,
    "n_segments": 7, "patch": 4, "channels": 3, "n_experts": 4, "top_k": 2,
}  # fmt: skip
KINDS = list(CATALOGUE)


def settings(spec: BlockSpec) -> dict[str, object]:
    return {field.name: SMALL.get(field.name, field.default) for field in spec.config.fields()}


def shape_of(port: Port, spec: BlockSpec, optional: bool = True) -> tuple[int, ...]:
    """A declared shape with numbers in it; `...` is (2, 5, 16), and letters of inputs that are not given have none."""
    given = {name for p in spec.inputs if optional or not p.optional for name in dims.letters_of(p.shape)}
    letters: dims.Letters = {name: dims.number(size) for name, size in SIZES.items() if name in given}
    letters[dims.REST] = tuple(dims.number(size) for size in (2, 5, 16))
    found = dims.shape_of(dims.pattern(port.shape), letters, settings(spec))  # type: ignore[arg-type]
    assert found is not None
    assert all(dim.value is not None for dim in found)
    return tuple(dim.number for dim in found)


def value_for(port: Port, spec: BlockSpec) -> Tensor:
    shape = shape_of(port, spec)
    if port.dtype == "int":
        return torch.arange(prod(shape)).reshape(shape) % 7
    if port.dtype == "bool":
        return torch.ones(shape, dtype=torch.bool)
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optional", [True, False])
def test_a_block_gives_the_shapes_it_declares(kind: str, optional: bool) -> None:
    spec = CATALOGUE[kind]
    module = spec.make(settings(spec)).eval()  # type: ignore[arg-type]
    inputs = {p.name: value_for(p, spec) for p in spec.inputs if optional or not p.optional}

    result = module(**inputs)

    outputs = [port for port in spec.outputs if not port.watch]
    values = result if isinstance(result, tuple) else (result,)
    assert [tuple(value.shape) for value in values] == [shape_of(port, spec, optional) for port in outputs]
    watched = {p.name: module.watch(p.name, **inputs) for p in spec.outputs if p.watch}
    assert {name: tuple(value.shape) for name, value in watched.items()} == {
        port.name: shape_of(port, spec, optional) for port in spec.outputs if port.watch
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_block_takes_its_ports_in_their_order(kind: str) -> None:
    spec = CATALOGUE[kind]

    taken = list(inspect.signature(spec.module.forward).parameters.values())[1:]

    names = [parameter.name for parameter in taken]
    declared = [port.name for port in spec.inputs]
    assert names == declared or (names == ["input"] and len(declared) == 1)
    assert [p.default is None for p in taken] == [port.optional for port in spec.inputs]


@pytest.mark.parametrize("kind", KINDS)
def test_a_block_explains_itself(kind: str) -> None:
    spec = CATALOGUE[kind]

    assert spec.title
    assert spec.about.endswith(".")
    assert spec.formula
    assert all(port.about.endswith(".") for port in (*spec.inputs, *spec.outputs))
    assert all(field.setting.about.endswith(".") for field in spec.config.fields())


@pytest.mark.parametrize("kind", KINDS)
def test_a_block_trains_on_the_meta_device_too(kind: str) -> None:
    spec = CATALOGUE[kind]

    with torch.device("meta"):
        module = spec.make(settings(spec))  # type: ignore[arg-type]
        result = module(**{p.name: value_for_meta(p, spec) for p in spec.inputs})

    outputs = [port for port in spec.outputs if not port.watch]
    assert tuple(result.shape) == shape_of(outputs[0], spec)


def value_for_meta(port: Port, spec: BlockSpec) -> Tensor:
    dtype = {"int": torch.int64, "bool": torch.bool}.get(port.dtype, torch.float32)
    return torch.empty(shape_of(port, spec), dtype=dtype, device="meta")
