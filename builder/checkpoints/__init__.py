"""Models trained elsewhere: a Hugging Face folder becomes a graph with weights, and such a graph a folder again.

Names that Hugging Face uses are known in this package alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from builder.checkpoints.bert import Bert
from builder.checkpoints.configuration import Configuration
from builder.checkpoints.family import Family
from builder.checkpoints.files import CONFIG, read_config, read_tokenizer, read_weights, write_folder
from builder.checkpoints.gguf import read_gguf
from builder.checkpoints.gpt2 import GPT2
from builder.checkpoints.llama import Llama
from builder.checkpoints.parts import State, read, write
from builder.checkpoints.t5 import T5
from builder.checkpoints.wiring import Skeleton, check_alike, check_state, check_tied
from builder.document import Document
from builder.edits.adapters import is_adapted
from builder.edits.draw_out import CORE, DrawOut
from builder.validate import validate
from engine.errors import ExportError, FileError, SettingError
from engine.registry import Registry, did_you_mean

PRIVATE = ("head", "tied")  # what `Family.settled` adds to a configuration
FAMILIES: Registry[Family] = Registry("architecture")
for _family in (GPT2(), Bert(), T5(), Llama()):
    FAMILIES.add(_family.name, _family)


def open_checkpoint(folder: str | Path) -> tuple[Document, State]:
    """Read a Hugging Face folder as a graph with weights.

    Args:
        folder: Holds `config.json` and the weights in safetensors; or a GGUF file.

    Returns:
        The graph, and what `load_state_dict` of the model compiled from it takes.

    Raises:
        FileError: If something is missing, cannot be read, or is of a kind that no block computes.
    """
    found = read_checkpoint(Path(folder))
    return found.document, found.state


@dataclass(frozen=True, eq=False)
class Opened:
    """A model trained elsewhere.

    Args:
        document: Its graph.
        state: Its weights; tied ones under both names.
        tokenizer: What it reads text with, as the `tokenizers` library writes it; empty if that was not there.
    """

    document: Document
    state: State
    tokenizer: str = ""


def read_checkpoint(path: Path, name: str = "") -> Opened:
    """Read a Hugging Face folder or a GGUF file with its tokenizer; see `open_checkpoint`.

    Args:
        path: The folder, or the file.
        name: What to call the model; what the folder calls it if empty.
    """
    if path.suffix == ".gguf" and path.is_file():
        found = read_gguf(path)
        return Opened(*graph_of(found.config, found.tensors, name or path.stem), found.tokenizer)
    config = Configuration(read_config(path), str(path / CONFIG))
    called = name or str(config.keys.get("_name_or_path") or path.resolve().name).rpartition("/")[2]
    return Opened(*graph_of(config, read_weights(path), called), read_tokenizer(path))


def graph_of(config: Configuration, tensors: Mapping[str, Tensor], name: str) -> tuple[Document, State]:
    """A graph and its weights from the keys of a configuration and the tensors that belong to it.

    Raises:
        FileError: If they do not fit each other, or are of a kind that no block computes.
    """
    family = family_of(config)
    config = family.settled(config, tensors)
    document = replace(_drawn(family, config), name=name)
    state = read(family.parts(config), family.normalised(tensors, config), family.ignored)
    state |= {kept: state[tied] for kept, tied in document.ties if tied in state}
    try:
        check_state(Skeleton.of(document, family.name), state)
    except ExportError as error:
        raise FileError(f"{config.where} and the weights do not fit each other: {error}") from None
    return document, state


def _drawn(family: Family, config: Configuration) -> Document:
    """The graph of a configuration, which is right.

    Raises:
        FileError: If its values are out of range, or do not go together.
    """
    try:
        document = family.document(config)
    except SettingError as error:
        raise FileError(f"{config.where} describes no model that can be drawn: {error}") from None
    report = validate(document)
    if not report.ok:
        wrong = report.diagnostics[0]
        raise FileError(f"{config.where} describes no model that can be drawn: {wrong.path}: {wrong.message}")
    return document


def family_of(config: Configuration) -> Family:
    """The family that a configuration names.

    Raises:
        FileError: If there is none of that name.
    """
    kind = config.keys.get("model_type")
    for family in FAMILIES.values():
        if kind in family.types:
            return family
    known = [name for family in FAMILIES.values() for name in family.types]
    raise FileError(f"{config.where}: 'model_type' is {kind!r}. {did_you_mean(str(kind), known)}")


def save_checkpoint(document: Document, state: Mapping[str, Tensor], family: str, out: Path) -> Path:
    """Write a graph with its weights as a Hugging Face folder.

    Args:
        document: Drawn as the family's template is; sizes, activation and ties may be others, and attention cores
            may be opened into their steps.
        state: Its weights.
        family: One of `FAMILIES`.
        out: A new or empty folder.

    Returns:
        The folder.

    Raises:
        UnknownNameError: If there is no such family.
        ExportError: If the graph computes something else; the message says where.
    """
    chosen = FAMILIES[family]
    if is_adapted(document):
        raise ExportError(f"{document.name} has adapters, which {family} has not. Merge them first: `stepwise merge`.")
    mine = Skeleton.of(document, family)
    config = Configuration(chosen.config(mine))
    wanted = chosen.document(config)
    check_alike(mine, Skeleton.of(opened_as(wanted, document), family))
    check_tied(mine, wanted.ties)
    check_state(mine, dict(state))
    tied = {kept for kept, _ in wanted.ties}
    tensors = write(chosen.parts(config), {name: tensor for name, tensor in state.items() if name not in tied})
    keys = {key: value for key, value in config.keys.items() if key not in PRIVATE}
    return write_folder(out, keys, chosen.written(tensors, config))


def opened_as(wanted: Document, mine: Document) -> Document:
    """A graph with those attention cores opened into their steps that are opened in another one.

    Args:
        wanted: The graph.
        mine: The other, whose definitions have the same names.
    """
    for here in wanted.definitions.values():
        there = mine.definitions.get(here.name)
        kinds = {node.kind for node in there.nodes.values()} if there else set()
        for name, node in here.nodes.items():
            if node.kind == CORE and "softmax" in kinds and there and name not in there.nodes:
                wanted = DrawOut(node=name, at=here.name).apply(wanted)
    return wanted
