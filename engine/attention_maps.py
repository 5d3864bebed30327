"""Attention weights of a model on a text, taken from a real forward pass and sorted into stacks of layers.

Attention nodes that repeat (`blocks.0.attn.core`, `blocks.1.attn.core`, or a user's `block` and `block_2`)
form one `AttentionStack`, whose layers are in the order in which the model ran them. An encoder-decoder gives
several stacks: one for each kind of attention, because their axes carry different tokens. Attention that is drawn
from primitives has them too, at the node that gives the weights (`blocks.0.attn.softmax`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.data.interface import Interface
from engine.data.task import Task
from engine.drawn_attention import weight_ports
from engine.generation import Decoding
from engine.inspection import record, watch_ports
from engine.losses import logits_of
from engine.modes import evaluating

WEIGHTS = "weights"
Axes = tuple[str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class AttentionStack:
    """What one kind of attention looked at, in all its layers and heads.

    Args:
        paths: Module path of the attention of each layer, such as `blocks.0.attn.core`.
        weights: Share of attention, float32, (layer, head, query, key); a row sums to 1.
        queries: Token at each position that looks, T of them.
        keys: Token at each position that is looked at, S of them; not the `queries` in cross-attention.
    """

    paths: tuple[str, ...]
    weights: NDArray[np.float32]
    queries: tuple[str, ...]
    keys: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Numbers of layers, heads, queries and keys."""
        L, H, T, S = self.weights.shape
        return L, H, T, S


def attention_on_text(model: nn.Module, text: str, task: Task) -> tuple[AttentionStack, ...]:
    """What the model looks at while it reads `text` and, where the task asks for one, writes its answer.

    Args:
        model: Fits the task.
        text: As the task's `read` takes it; the answer may be begun.
        task: Knows the tokens.

    Returns:
        See `attention_stacks`. The answer is the model's own, the likeliest token each time.

    Raises:
        RunError: If the task cannot read the text, or the model wants other inputs.
    """
    inputs = task.read(text, Interface.of(model))
    if task.metric == "exact_match":
        inputs |= _answered(model, inputs, task)
    texts = {name: ids for name, ids in inputs.items() if ids.dtype == torch.int64}
    tokens = {name: task.tokenizer.pieces(ids[0].tolist()) for name, ids in texts.items()}
    return attention_stacks(model, inputs, tokens)


def _answered(model: nn.Module, inputs: dict[str, Tensor], task: Task) -> dict[str, Tensor]:
    """The input that the model continues, with its answer."""
    name = "target" if "target" in inputs else "tokens"
    begun = inputs[name]
    write = Decoding(max_new_tokens=task.answer_len, stop=task.stop, max_len=task.max_len)
    with evaluating(model):
        line = write(lambda ids: logits_of(model(**inputs | {name: ids})), begun)  # (1, T + new)
    answer = line[0, begun.shape[1] :].tolist()
    length = answer.index(task.stop) if task.stop in answer else len(answer)
    return {name: line[:, : begun.shape[1] + length][:, : task.max_len]}


def attention_stacks(
    model: nn.Module, inputs: Mapping[str, Tensor], tokens: Mapping[str, Sequence[str]]
) -> tuple[AttentionStack, ...]:
    """Run `model` once, without dropout, and give the attention weights that it used.

    Args:
        model: Called with `inputs` by name; its mode is left as it was.
        inputs: One example, (1, T) each.
        tokens: What to write at each position, by the name of the input that holds it.

    Returns:
        One stack for each kind of attention, in the order of the forward pass; none without attention.
    """
    taped = _weights(model, inputs)
    axes = _axes(model, inputs, taped)
    layers: dict[tuple[object, ...], list[str]] = {}
    for path, weights in taped.items():
        layers.setdefault((family(path), axes[path], weights.shape), []).append(path)
    return tuple(_stack(paths, taped, axes[paths[0]], tokens) for paths in layers.values())


def family(path: str) -> str:
    """What paths of repeated nodes have in common: indices become stars, names lose their numbers."""
    parts = ("*" if part.isdecimal() else re.sub(r"_\d+$", "", part) for part in path.split("."))
    return ".".join(parts)


def _weights(model: nn.Module, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of every attention node in a forward pass, (B, H, T, S), by the node's path."""
    parts = model.named_modules(remove_duplicate=False)
    ports = [f"{path}.{WEIGHTS}".lstrip(".") for path, part in parts if WEIGHTS in watch_ports(part)]
    with evaluating(model), torch.no_grad(), record(model, [*ports, *weight_ports(model)]) as tape:
        model(**inputs)
    return {name.rpartition(".")[0]: _by_head(weights) for name, weights in tape.items() if weights.ndim > 2}


def _by_head(weights: Tensor) -> Tensor:
    """Weights as (B, H, T, S): without a dimension for heads there is one, and several are one after another."""
    return weights.unsqueeze(1) if weights.ndim == 3 else weights.flatten(1, -3)


def _axes(model: nn.Module, inputs: Mapping[str, Tensor], taped: Mapping[str, Tensor]) -> dict[str, Axes]:
    """Which input each attention node's queries and keys come from; empty where none fits.

    Two inputs may be equally long by chance, so the model is asked: it runs once more on inputs of different
    lengths, and the shape of the weights tells.
    """
    ids = [name for name, value in inputs.items() if value.dtype == torch.int64]
    if len(ids) < 2:  # without ids, as in a model of images, positions are numbered
        return dict.fromkeys(taped, (ids[0], ids[0]) if ids else ("", ""))
    probe = {name: inputs[name][:, :1].repeat(1, 2 + i) for i, name in enumerate(ids)}
    named = {2 + i: name for i, name in enumerate(ids)}
    shapes = {path: weights.shape for path, weights in _weights(model, probe).items()}
    return {path: (named.get(shapes[path][2], ""), named.get(shapes[path][3], "")) for path in taped}


def _stack(
    paths: Sequence[str], taped: Mapping[str, Tensor], axes: Axes, tokens: Mapping[str, Sequence[str]]
) -> AttentionStack:
    weights = torch.stack([taped[path][0].float().cpu() for path in paths])  # (L, H, T, S)
    queries, keys = (_labels(tokens.get(name, ()), size) for name, size in zip(axes, weights.shape[2:], strict=True))
    return AttentionStack(paths=tuple(paths), weights=weights.numpy(), queries=queries, keys=keys)


def _labels(tokens: Sequence[str], count: int) -> tuple[str, ...]:
    """The tokens, or their positions where the number of tokens is another one."""
    return tuple(tokens) if len(tokens) == count else tuple(str(i) for i in range(count))
