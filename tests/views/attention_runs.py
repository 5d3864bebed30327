"""Run folders with one or more checkpoints of tiny untrained models, for tests of what looks at them."""

from __future__ import annotations

from pathlib import Path

from builder import compile_document, templates
from builder.edits import Edit
from builder.run import write_run
from engine import checkpoints
from engine.config import RunConfig
from engine.data import TASKS


def make_run(
    home: Path,
    name: str,
    template: str = "gpt2",
    task: str = "reverse",
    steps: tuple[int, ...] = (0,),
    edit: Edit | None = None,
) -> Path:
    """A run named `name` below `home`, of an edited template, with other weights at each of its checkpoints."""
    sizes = {**TASKS[task].sizes(template), "d_model": 8, "n_heads": 2, "n_layers": 2, "d_ff": 8}
    document = templates.build(template, **sizes)
    document = edit.apply(document) if edit else document
    folder = home / "runs" / name
    folder.mkdir(parents=True)
    write_run(document, RunConfig(task=task), folder)
    for step in steps:
        model = compile_document(document, seed=step)
        checkpoints.save(folder, step, model=model, state={}, meta={})
    return folder
