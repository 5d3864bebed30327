"""What a compiled model really computes: its blocks, their settings and what feeds each, whatever they are drawn in."""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from builder.compile import compile_document
from builder.document import Document
from builder.values import known_scope
from engine.blocks.attention import AttentionCore
from engine.errors import ExportError

_OPENED = "; if it was opened into its steps, undo that: in a composite of another name they are not known again"
_FREE = ("dropout", "p")  # settings that change nothing once a model is trained
_UNPADDED = {"both": "causal", "padding": "none"}  # what a mask hides where no padding is given


@dataclass(frozen=True)
class Skeleton:
    """A model without weights, to ask for its sizes.

    Args:
        model: Compiled on torch's `meta` device.
        family: What it is taken for, for messages.
        max_len: Its symbol of that name, if it has one.
    """

    model: nn.Module
    family: str = ""
    max_len: int | None = None

    @classmethod
    def of(cls, document: Document, family: str = "") -> Skeleton:
        """Compile a document without allocating its weights.

        Raises:
            CompileError: If it cannot be compiled.
        """
        longest = known_scope(document.main).get("max_len")
        with torch.device("meta"):
            return cls(compile_document(document), family, longest if isinstance(longest, int) else None)

    def setting(self, path: str, name: str, default: Any = None) -> Any:
        """A setting of the block at `path`."""
        return getattr(getattr(self._module(path), "config", None), name, default)

    def dropout(self, attn: str) -> float:
        """Share of its weights that an attention leaves out in training, whether its core is opened or not."""
        if self.has(f"{attn}.core"):
            return float(self.setting(f"{attn}.core", "dropout", 0.0))
        return float(self.setting(f"{attn}.drop", "p", 0.0)) if self.has(f"{attn}.drop") else 0.0

    def window(self, attn: str) -> int:
        """How far an attention looks back, whether its core is opened or not; 0 if without limit."""
        if self.has(f"{attn}.core"):
            return int(self.setting(f"{attn}.core", "window", 0))
        slides = self.has(f"{attn}.mask") and self.setting(f"{attn}.mask", "pattern") == "sliding_window"
        return int(self.setting(f"{attn}.mask", "window")) if slides else 0

    def shape(self, path: str) -> tuple[int, ...]:
        """Shape of the parameter at `path`.

        Raises:
            ExportError: If there is none.
        """
        try:
            return tuple(self.model.get_parameter(path).shape)
        except AttributeError:
            raise ExportError(f"This graph is no {self.family}: it has no parameter {path}.") from None

    def count(self, path: str) -> int:
        """How many layers the stack at `path` has."""
        return len(list(self._module(path).children()))

    def has(self, path: str) -> bool:
        """Whether there is a block or parameter at `path`."""
        owner, _, leaf = path.rpartition(".")
        try:
            return getattr(self.model.get_submodule(owner), leaf, None) is not None
        except AttributeError:
            return False

    def is_tied(self, path: str, other: str) -> bool:
        """Whether two parameters are one."""
        return self.has(path) and self.has(other) and self.model.get_parameter(path) is self.model.get_parameter(other)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of everything a file of weights must hold; of tied parameters all names."""
        return {name: tuple(tensor.shape) for name, tensor in self.model.state_dict(keep_vars=True).items()}

    def _module(self, path: str) -> nn.Module:
        try:
            return self.model.get_submodule(path)
        except AttributeError:
            raise ExportError(f"This graph is no {self.family}: it has no block {path}.") from None


def check_alike(mine: Skeleton, wanted: Skeleton) -> None:
    """See that two models compute the same from the same weights; dropout does not count.

    Optional inputs that the first does not have, such as padding, are left out of the second.

    Raises:
        ExportError: With the first block that is missing, is too many, is another one or is wired otherwise.
    """
    given = _inputs(mine.model)
    have, want = dict(_facts(mine.model, given)), dict(_facts(wanted.model, given))
    for path in [*want, *(path for path in have if path not in want)]:
        if have.get(path) != want.get(path):
            raise ExportError(f"This graph is no {mine.family}: {_told(path, have.get(path), want.get(path))}.")
    shapes = mine.shapes(), wanted.shapes()
    for name in [*shapes[1], *shapes[0]]:
        if shapes[0].get(name) != shapes[1].get(name):
            raise ExportError(
                f"This graph is no {mine.family}: {name} is {shapes[0].get(name)}, not {shapes[1].get(name)}."
            )


def _told(path: str, have: tuple[Any, ...] | None, want: tuple[Any, ...] | None) -> str:
    if have is None:
        opened = want is not None and want[0] == AttentionCore.__name__
        return f"{path} is missing{_OPENED if opened else ''}"
    if want is None:
        return f"{path} is one block too many"
    if have[0] != want[0]:
        return f"{path} is {have[0]}, not {want[0]}"
    if have[1] != want[1]:
        names = [name for name in want[1] if have[1].get(name) != want[1][name]]
        return ", ".join(f"{path} has {name} {have[1].get(name)!r}, not {want[1][name]!r}" for name in names)
    return f"{path} is fed by {_list(have[2])}, not by {_list(want[2])}"


def _list(sources: tuple[Any, ...]) -> str:
    return ", ".join("nothing" if source is None else str(source) for source in sources) or "nothing"


Fact = tuple[str, dict[str, Any], tuple[Any, ...]]


def _inputs(model: nn.Module) -> dict[str, bool]:
    """Whether each input of a model is optional, by name."""
    assert isinstance(model, fx.GraphModule)
    return {str(node.target): bool(node.args) for node in model.graph.nodes if node.op == "placeholder"}


def _facts(model: nn.Module, given: Collection[str]) -> Iterator[tuple[str, Fact]]:
    """(path, (kind, settings, sources)) of every block, and of the model's outputs; optional inputs only if given."""
    assert isinstance(model, fx.GraphModule)
    facts: dict[str, Fact] = {}
    names = [None if optional and name not in given else name for name, optional in _inputs(model).items()]
    result = _walk(model, "", names, facts)
    yield from facts.items()
    yield "the output", ("output", {}, tuple(result.values()) if isinstance(result, dict) else (result,))


def _walk(module: fx.GraphModule, path: str, given: list[Any], facts: dict[str, Fact]) -> Any:
    """Follow the wires of one level; what comes in and goes out are names of what made it."""
    values: dict[fx.Node, Any] = {}
    waiting = iter(given)
    result: Any = None
    for node in module.graph.nodes:
        if node.op == "placeholder":
            values[node] = next(waiting, None)
        elif node.op == "output":
            result = fx.node.map_arg(node.args[0], values.__getitem__)
        elif node.op == "call_module":
            here = f"{path}.{node.target}".removeprefix(".")
            args = [None if arg is None else values[arg] for arg in node.args]
            values[node] = _called(module.get_submodule(str(node.target)), here, args, facts)
        else:
            assert node.target is operator.getitem, node.target
            source, index = values[node.args[0]], node.args[1]
            values[node] = source[index] if isinstance(source, tuple) else f"{source}[{index}]"
    return result


def _called(module: nn.Module, path: str, args: list[Any], facts: dict[str, Fact]) -> Any:
    if isinstance(module, fx.GraphModule):
        return _walk(module, path, args, facts)
    config = getattr(module, "config", None)
    settings = asdict(config) if is_dataclass(config) and not isinstance(config, type) else {}
    settings = {name: value for name, value in settings.items() if name not in _FREE}
    while args and args[-1] is None:
        args.pop()
    if isinstance(module, AttentionCore) and (len(args) < 4 or args[3] is None):
        settings["mask"] = _UNPADDED.get(settings["mask"], settings["mask"])
    facts[path] = (type(module).__name__, settings, tuple(args))
    return path


def check_tied(mine: Skeleton, ties: Iterable[tuple[str, str]]) -> None:
    """See that parameters which a file holds once are one in the graph.

    Raises:
        ExportError: If two of them are not.
    """
    for pair in ties:
        if not mine.is_tied(*pair):
            raise ExportError(f"This graph is no {mine.family}: {pair[0]} is not tied to {pair[1]}. Tie them.")


def check_state(skeleton: Skeleton, state: dict[str, Tensor]) -> None:
    """See that weights have the names and shapes that a model wants.

    Raises:
        ExportError: With the first that does not.
    """
    wanted = skeleton.shapes()
    for name in [*wanted, *(name for name in state if name not in wanted)]:
        have = tuple(state[name].shape) if name in state else None
        if have != wanted.get(name):
            raise ExportError(f"{name} has shape {have}, but the graph wants {wanted.get(name)}.")
