"""A small copy of a model, compiled once and shared by all contracts, with inputs to try it on.

It runs in double precision and in evaluation mode, so that what should be equal is equal up to rounding. A little noise
is added to every parameter: what starts at zero, such as an adapter, would otherwise hide what it is wired to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from builder.compile import compile_document
from builder.contracts.program import Program, Step, Values, unroll
from builder.contracts.tiny import LARGEST, Copy, copy_of
from builder.document import Document
from builder.expressions import evaluate
from builder.values import known_scope
from engine.errors import CompileError, ExpressionError
from engine.ports import Port

Inputs = dict[str, Tensor | None]
BATCH, LENGTHS, SEED = 3, (8, 6), 20_260
NOISE = 0.1  # deviation of what is added to every parameter
EQUAL = 1e-6  # largest difference, relative to the largest value, of what counts as the same


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How large the inputs are.

    Args:
        batch: Rows.
        lengths: Positions, by the letter that the inputs' shapes have for them.
    """

    batch: int
    lengths: Mapping[str, int]

    def longer(self, letter: str) -> Sizes:
        """With one more of `letter`; `B` is the batch."""
        if letter == "B":
            return replace(self, batch=self.batch + 1)
        return replace(self, lengths={**self.lengths, letter: self.lengths[letter] + 1})


@dataclass(eq=False)
class Specimen:
    """A model under test. State: what was found out about it, once.

    Args:
        document: The model.
    """

    document: Document
    copy: Copy = field(init=False)
    model: nn.Module = field(init=False)
    program: Program = field(init=False)
    start: dict[str, Tensor] = field(init=False)

    def __post_init__(self) -> None:
        """Shrink and compile.

        Raises:
            CompileError: If the model cannot be built, or not made small.
        """
        self.copy = copy_of(self.document)
        if not self.copy.small:
            raise CompileError(
                f"Contracts cannot be tried: a small copy would still have over {LARGEST:,} parameters, because sizes "
                "stand in the graph as numbers. Give them names such as d_model, and set those in the model."
            )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            self.model = compile_document(self.copy.document, fuse=False).double().eval()
            self.start = {name: p.detach().clone() for name, p in self.model.named_parameters()}
            with torch.no_grad():
                for parameter in self.model.parameters():
                    parameter.add_(NOISE * torch.randn_like(parameter))
        self.program = unroll(self.copy.document, self.model)

    @cached_property
    def ports(self) -> Mapping[str, Port]:
        """The inputs of the model."""
        return {port.name: port for port in self.copy.document.main.inputs}

    @cached_property
    def sizes(self) -> Sizes:
        """Sizes of the inputs that contracts are tried on."""
        limits = [size for step in self.program.steps if isinstance(size := step.setting("max_len"), int)]
        most = min(limits, default=1_000) - 1
        letters = dict.fromkeys(word for port in self.ports.values() if (word := _positions(port)))
        return Sizes(
            batch=BATCH,
            lengths={letter: max(1, min(n, most)) for letter, n in zip(letters, (*LENGTHS, *[5] * 9), strict=False)},
        )

    def letter(self, name: str) -> str:
        """The letter of the positions of an input; empty if it has none."""
        return _positions(self.ports[name])

    def inputs(self, sizes: Sizes | None = None, seed: int = SEED) -> Inputs:
        """Random inputs; masks that may be left out are."""
        draw = torch.Generator().manual_seed(seed)
        sizes = sizes or self.sizes
        return {name: self._input(port, sizes, draw) for name, port in self.ports.items()}

    def mask(self, name: str) -> Tensor:
        """A mask that hides nothing."""
        return torch.ones(self._shape(self.ports[name], self.sizes), dtype=torch.bool)

    def _input(self, port: Port, sizes: Sizes, draw: torch.Generator) -> Tensor | None:
        shape = self._shape(port, sizes)
        if port.kind == "mask":
            return None if port.optional else self.mask(port.name)
        if port.kind == "ids":
            return torch.randint(0, self.vocabulary(port.name), shape, generator=draw)
        return torch.randn(shape, generator=draw, dtype=torch.float64)

    def _shape(self, port: Port, sizes: Sizes) -> list[int]:
        known = {**known_scope(self.copy.document.main), "B": sizes.batch, **sizes.lengths}
        words = port.shape.split()
        return [int(self._size(word, known, port, at)) for at, word in enumerate(words)]

    def _size(self, word: str, known: Mapping[str, Any], port: Port, at: int) -> int:
        try:
            return int(evaluate(word, known))
        except ExpressionError:
            return self._pixels(port, at)

    def _pixels(self, port: Port, at: int) -> int:
        """A size of an image whose shape does not say it: what the block that reads it wants."""
        for step in self.program.takers.get(self.program.inputs[port.name], ()):
            patch, channels = step.setting("patch"), step.setting("channels")
            if isinstance(patch, int) and isinstance(channels, int):
                return channels if at == 1 else 3 * patch
        return 4

    def vocabulary(self, name: str) -> int:
        """How many different ids an input may hold."""
        readers = self.program.takers.get(self.program.inputs[name], ())
        tables = [getattr(step.module, "weight", None) for step in readers]
        return min((len(table) for table in tables if isinstance(table, Tensor)), default=2)

    def run(self, inputs: Inputs, change: Any = None) -> Values:
        """Every value for these inputs, without gradients."""
        with torch.no_grad():
            return self.program.run(inputs, change)

    @cached_property
    def base(self) -> Inputs:
        """The inputs that others are compared with."""
        return self.inputs()

    @cached_property
    def values(self) -> Values:
        """Every value for `base`."""
        return self.run(self.base)

    @cached_property
    def labels(self) -> Mapping[int, tuple[str, ...]]:
        """For each value what its dimensions count: `B` rows, a letter of positions, or nothing known."""
        found = {number: [""] * value.ndim for number, value in self.values.items() if isinstance(value, Tensor)}
        for letter in ("B", *self.sizes.lengths):
            other = self.run(self.inputs(self.sizes.longer(letter)))
            for number, dims in found.items():
                if isinstance(other[number], Tensor) and other[number].ndim == len(dims):
                    _mark(dims, self.values[number].shape, other[number].shape, letter)
        return {number: tuple(dims) for number, dims in found.items()}

    @cached_property
    def answer(self) -> int:
        """The value that is the model's answer: its logits, or its first output."""
        ports = self.copy.document.main.outputs
        name = next((port.name for port in ports if port.kind == "logits"), ports[0].name)
        return self.program.outputs[name]

    @property
    def target(self) -> str:
        """The letter of the positions that the model answers for; empty if it answers once."""
        labels = self.labels.get(self.answer, ())
        return labels[1] if len(labels) > 2 and labels[1] != "B" else ""

    def named(self, letter: str, *kinds: str) -> list[str]:
        """Inputs of these kinds over the positions of `letter`."""
        return [name for name, port in self.ports.items() if port.kind in kinds and self.letter(name) == letter]

    def leads(self, step: Step) -> bool:
        """Whether a step leads to the answer; those that do not are reported by a rule."""
        return bool(self._leading & set(step.results))

    @cached_property
    def _leading(self) -> frozenset[int]:
        return frozenset(self.program.before({self.answer, *self.program.outputs.values()}))

    def original(self, step: Step) -> tuple[int | None, ...]:
        """The layers of a step, as the model counts them."""
        pairs = zip(step.uses, step.layers, strict=True)
        return tuple(None if n is None else self.copy.layer(*use, n) for use, n in pairs)


def _positions(port: Port) -> str:
    """The letter of the second dimension of an input."""
    words = port.shape.split()
    return words[1] if len(words) > 1 and port.kind != "pixels" and words[1].isupper() and words[1].isalpha() else ""


def _mark(dims: list[str], before: torch.Size, after: torch.Size, letter: str) -> None:
    for place, (a, b) in enumerate(zip(before, after, strict=True)):
        if b == a + 1:
            dims[place] = letter
