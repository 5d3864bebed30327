"""What one block costs for inputs of given shapes, found by running it on tensors that hold no numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from builder.blank import blank
from engine.blocks.memory import Memory, NoCacheError
from engine.blocks.spec import BlockConfig
from engine.fused import FusedAttention


@dataclass(frozen=True)
class Shaped:
    """A tensor without its numbers.

    Args:
        shape: Its sizes.
        dtype: What it holds.
        grad: Whether a gradient flows to it in training.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype = torch.float32
    grad: bool = False

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        return torch.Size(self.shape).numel() * self.dtype.itemsize


@dataclass(frozen=True)
class Output:
    """What comes out.

    Args:
        of: The tensor.
        alias: Index of the input whose memory it is; `None` if it has its own.
    """

    of: Shaped
    alias: int | None = None


@dataclass(frozen=True)
class Work:
    """How much is computed.

    Args:
        flops: Multiplications and additions of matrix products.
        bytes: Read and written, as if nothing stayed in the cache of the processor.
        calls: Operations started.
    """

    flops: int = 0
    bytes: int = 0
    calls: int = 0

    def __add__(self, other: Work) -> Work:
        return Work(self.flops + other.flops, self.bytes + other.bytes, self.calls + other.calls)

    def __sub__(self, other: Work) -> Work:
        return self + other * -1

    def part(self, share: float) -> Work:
        """A share of it."""
        return Work(round(self.flops * share), round(self.bytes * share), self.calls)

    def __mul__(self, times: int) -> Work:
        return Work(self.flops * times, self.bytes * times, self.calls * times)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a block or a composite costs for certain inputs.

    Args:
        outputs: What it gives.
        forward: Work of a forward.
        backward: Work of the backward after it.
        kept_inputs: Inputs that the backward needs.
        kept_outputs: Outputs that the backward needs.
        kept: Bytes of all else that the backward needs; parameters count nothing.
        peak: Bytes at the largest moment of a forward without gradients, inputs not counted.
        cache: Bytes remembered for each new position of all sequences, while a text is written.
    """

    outputs: tuple[Output, ...]
    forward: Work = Work()
    backward: Work = Work()
    kept_inputs: frozenset[int] = frozenset()
    kept_outputs: frozenset[int] = frozenset()
    kept: int = 0
    peak: int = 0
    cache: int = 0


Inputs = tuple[Shaped | None, ...]
Run = Callable[..., Any]


@lru_cache(maxsize=4_096)
def block_cost(kind: str, config: BlockConfig, inputs: Inputs) -> Cost:
    """What a block of the catalogue costs.

    Args:
        kind: The block.
        config: Its settings.
        inputs: What it gets, in the order of `forward`; `None` where nothing comes.

    Raises:
        RuntimeError, ValueError: If it cannot be run on such inputs.
    """
    module = blank(kind, config)
    cost = _measured(module, inputs, module)
    if kind == "attention_core" and _is_fast(module.dropout, inputs[4:]):
        cost = _fast(cost, inputs)
    return cost


@lru_cache(maxsize=1_024)
def fused_cost(run: FusedAttention, dropout: float, inputs: Inputs) -> Cost:
    """What attention costs that was drawn from primitives and is run by the fused kernel.

    Args:
        run: How it attends.
        dropout: Share of weights dropped in training.
        inputs: What it gets: q, k, v, bias, padding, allowed.
    """
    drop = nn.Dropout(dropout) if dropout else None

    def attend(q: Tensor, k: Tensor, v: Tensor, *masks: Tensor | None) -> Tensor:
        given: list[Tensor | None] = [*masks, None, None, None]
        return run(q, k, v, given[0], given[1], given[2], drop)

    cost = _measured(attend, inputs, run)
    return _fast(cost, inputs) if _is_fast(dropout, inputs[3:4]) else cost


def _is_fast(dropout: Any, bias: Sequence[Shaped | None]) -> bool:
    """Whether PyTorch's kernel computes attention without holding all weights, which it does for no learned bias."""
    return not dropout and not any(b is not None and b.grad for b in bias)


def _fast(cost: Cost, inputs: Inputs) -> Cost:
    """Attention that keeps its inputs, its output and one number for each query and head."""
    q = inputs[0]
    assert q is not None
    rows = torch.Size(q.shape[:-1]).numel() * 4
    masks = sum(x.bytes for x in inputs[3:] if x is not None)
    moved = sum(x.bytes for x in (*inputs, cost.outputs[0].of) if x is not None)
    return replace(
        cost, forward=Work(cost.forward.flops, moved, 1), backward=Work(cost.backward.flops, 2 * moved, 1),
        kept_inputs=frozenset({0, 1, 2}), kept_outputs=frozenset({0}), kept=rows + masks,
        peak=cost.outputs[0].of.bytes + rows,
    )  # fmt: skip


def _measured(run: Run, inputs: Inputs, remembers: Any) -> Cost:
    tensors = [None if i is None else _empty(i) for i in inputs]
    kept: dict[int, Tensor] = {}

    def keep(x: Tensor) -> Tensor:
        kept[_memory(x)] = x
        return x

    counter = _Counter()
    with torch.device("meta"), saved_tensors_hooks(keep, lambda x: x), counter:
        result = run(*tensors)
        forward = counter.work
        outputs = result if isinstance(result, tuple) else (result,)
        if ends := [y for y in outputs if y.requires_grad]:
            counter.pause = True
            seeds = [torch.empty_like(y) for y in ends]
            counter.pause = False
            torch.autograd.backward(ends, seeds)
    where = {_memory(x): i for i, x in reversed(list(enumerate(tensors))) if x is not None}
    own = {_memory(y): i for i, y in reversed(list(enumerate(outputs)))}
    parameters = {_memory(p) for p in _parameters(run)}
    else_kept = kept.keys() - where.keys() - own.keys() - parameters
    return Cost(
        outputs=tuple(Output(_shaped(y), where.get(_memory(y))) for y in outputs),
        forward=forward,
        backward=counter.work - forward,
        kept_inputs=frozenset(where[m] for m in kept.keys() & where.keys()),
        kept_outputs=frozenset(own[m] for m in kept.keys() & (own.keys() - where.keys())),
        kept=sum(kept[m].untyped_storage().nbytes() for m in else_kept),
        peak=sum(y.untyped_storage().nbytes() for m, y in zip(own, outputs, strict=False) if m not in where),
        cache=_cache(remembers, tensors),
    )


def _parameters(run: Run) -> list[Tensor]:
    return [*run.parameters(), *run.buffers()] if isinstance(run, nn.Module) else []


def _empty(x: Shaped) -> Tensor:
    return torch.empty(x.shape, dtype=x.dtype, device="meta", requires_grad=x.grad)


def _shaped(x: Tensor) -> Shaped:
    return Shaped(tuple(x.shape), x.dtype, x.requires_grad)


def _memory(x: Tensor) -> int:
    """What tells the memory of one tensor from that of another."""
    return int(x.untyped_storage()._cdata)


def _cache(remembers: Any, tensors: list[Tensor | None]) -> int:
    """Bytes that a block remembers for one more position."""
    if not hasattr(remembers, "cached"):
        return 0
    memory = Memory(tuple(x is not None and x.is_floating_point() for x in tensors))
    with suppress(NoCacheError, RuntimeError, ValueError), torch.no_grad(), torch.device("meta"):
        remembers.cached(memory, *tensors)
        return memory.bytes_per_position
    return 0


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the work of everything that is run inside. State: `work` grows."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.work = Work()
        self.pause = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if self.pause or func.is_view:
            return result
        tensors = [x for x in (*_flat(args), *_flat(result)) if isinstance(x, Tensor)]
        count = flop_registry.get(func._overloadpacket)
        flops = int(count(*args, **(kwargs or {}), out_val=result)) if count else 0
        self.work += Work(flops, sum(x.numel() * x.element_size() for x in tensors), 1)
        return result


def _flat(values: Any) -> list[Any]:
    if isinstance(values, list | tuple):
        return [x for value in values for x in _flat(value)]
    return [values]
