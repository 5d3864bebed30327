"""Single files: the weights as safetensors, and a program of torch's own."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_model

from engine.exporting.bundle import ExportBundle, Exported
from engine.program import difference, ports_of, to_program


def export_safetensors(bundle: ExportBundle, out: Path) -> Exported:
    """Write the weights, with the graph in the file's metadata; tied ones are written once."""
    out.mkdir(exist_ok=True)
    file = out / "model.safetensors"
    save_model(bundle.model, str(file), metadata=bundle.facts)
    return Exported(path=file)


def export_program(bundle: ExportBundle, out: Path) -> Exported:
    """Write `model.pt2`, which `torch.export.load` runs without this project, for any batch and length."""
    ports = ports_of(bundle.model, bundle.ports)
    program = to_program(bundle.model, ports)
    out.mkdir(exist_ok=True)
    file = out / "model.pt2"
    torch.export.save(program, file, extra_files=bundle.papers)
    apart = difference(program.module(), bundle.model, ports)
    return Exported(path=file, note=f"It differs from the model by {apart:.2g}.")
