"""A trained model as a finished run of no steps, so that everything that looks at runs can look at it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from builder import store
from builder.checkpoints.trained import opened
from builder.opening import GRAPH, WEIGHTS
from builder.run import write_run
from engine import checkpoints, locations, runs
from engine.config import RunConfig
from engine.data.trained import TEXT, TOKENIZER_FILE
from engine.errors import StepwiseError
from engine.jsonfiles import read_json, write_json
from engine.status import TRAINED_FILE, change_status


def adopted(what: str, root: Path | None = None) -> Path:
    """The run folder of a trained model, made at the first call.

    Its checkpoint of step 0 are the weights, and `tokenizer.json` reads texts for it.

    Args:
        what: See `builder.checkpoints.trained.opened`.
        root: Folder of run folders; `locations.runs()` if not given.

    Raises:
        FileError: If it is not installed or cannot be read.
    """
    root, source = root or locations.runs(), opened(what)
    for folder in runs.folders(root):
        if read_json(folder / TRAINED_FILE).get("source") == source.name and checkpoints.steps(folder):
            return folder
    return _made(source, root)


def _made(source: Path, root: Path) -> Path:
    document = store.load(source / GRAPH)
    folder = runs.new_folder(root, source.name.rpartition("-")[0])
    write_json(folder / TRAINED_FILE, {"source": source.name})
    checkpoints.adopt(folder, source / WEIGHTS)
    if (source / TOKENIZER_FILE).exists():
        checkpoints.link(source / TOKENIZER_FILE, folder / TOKENIZER_FILE)
    write_run(document, RunConfig(task=TEXT, steps=1), folder, document.name)
    change_status(folder, state="finished", steps=0, ended=time.time())
    return folder


def main() -> int:
    """Adopt the model that the command line names, and print its run folder."""
    try:
        print(adopted(sys.argv[1]))
    except StepwiseError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
