"""ONNX: a file for other runtimes, compared with the model through onnxruntime after it was written."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram

from engine.errors import ExportError
from engine.exporting.bundle import ExportBundle, Exported
from engine.exporting.onnx_weights import ALIKE, name_weights
from engine.generation import longest_input
from engine.ports import Port
from engine.program import difference, dims_of, ports_of, to_program

NEEDED = ("onnx", "onnxscript", "onnxruntime")
CLOSE = 1e-4


def export_onnx(bundle: ExportBundle, out: Path) -> Exported:
    """Write `model.onnx` for any batch and length, with the graph in its metadata and all weights under their names.

    Raises:
        ExportError: If a package is missing, the model has an operation that ONNX has not, or onnxruntime
            computes other numbers.
    """
    check_installed()
    ports = ports_of(bundle.model, bundle.ports)
    program = _settled(to_program(bundle.model, ports))
    out.mkdir(exist_ok=True)
    file = out / "model.onnx"
    with _quietly():
        made = _convert(program, bundle, ports)
        alike = name_weights(made.model.graph, bundle.model.state_dict())
        made.model.metadata_props.update({**bundle.facts, **({ALIKE: json.dumps(alike)} if alike else {})})
        made.save(str(file))
    apart = difference(OnnxModel(file, bundle.outputs), bundle.model, ports)
    if not apart <= CLOSE:
        file.unlink()
        raise ExportError(f"onnxruntime differs from the model by {apart:.2g}. Export pt2 instead; report this graph.")
    return Exported(path=file, note=f"onnxruntime differs from the model by {apart:.2g}.")


def check_installed() -> None:
    """See whether what ONNX needs is there.

    Raises:
        ExportError: If a package is missing.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ExportError(f"ONNX needs {' and '.join(missing)}. Install them: pip install 'stepwise[onnx]'.")


class OnnxModel:
    """A written file, called like the model it was made of.

    Args:
        file: What was written.
        outputs: Names of what it gives.
    """

    def __init__(self, file: Path, outputs: Sequence[str]) -> None:
        import onnxruntime  # type: ignore[import-untyped,import-not-found,unused-ignore]

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._outputs = list(outputs)

    def __call__(self, **inputs: Tensor) -> dict[str, Tensor]:
        """Run it on the processor."""
        given = {name: tensor.numpy() for name, tensor in inputs.items()}
        return dict(zip(self._outputs, map(torch.from_numpy, self._session.run(self._outputs, given)), strict=True))


def _settled(program: ExportedProgram) -> ExportedProgram:
    """The program with its attention's results laid out in order.

    The exporter rewrites attention into one whose result lies otherwise in memory, and then fails on views of it.
    """
    aten = torch.ops.aten
    graph = program.graph
    for node in graph.find_nodes(op="call_function", target=aten.scaled_dot_product_attention.default):
        with graph.inserting_after(node):
            copy = graph.call_function(aten.clone.default, (node,), {"memory_format": torch.contiguous_format})
        copy.meta = dict(node.meta)
        node.replace_all_uses_with(copy, delete_user_cb=lambda user, copy=copy: user is not copy)
    program.graph_module.recompile()
    return program


def _convert(program: ExportedProgram, bundle: ExportBundle, ports: Sequence[Port]) -> Any:
    """The program in ONNX's words.

    Raises:
        ExportError: If that is not possible.
    """
    shapes = dims_of(ports, longest_input(bundle.model))
    model: Any = program  # an `nn.Module`, says the annotation; the documentation allows programs
    names = [port.name for port in ports]
    try:
        return torch.onnx.export(
            model,
            input_names=names,
            output_names=list(bundle.outputs),
            dynamic_shapes=shapes,
            dynamo=True,
            verbose=False,
        )
    except torch.onnx.OnnxExporterError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise ExportError(f"ONNX cannot hold this model: {reason}. Export pt2 instead.") from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Hide what the exporter says about itself: deprecations in it, and packages that it does not need."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
