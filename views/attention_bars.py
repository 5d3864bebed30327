"""The two bars of the attention pane, as plain data: which picture and head, which text and checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.attention_maps import AttentionStack
from views.attention_source import Choice
from views.numbers import grouped
from views.selection import without_indices

Items = list[dict[str, Any]]
LATEST = "latest"  # stands for the newest checkpoint, whichever that is
FEW = 6  # layers that a name counts up


@dataclass(frozen=True, kw_only=True)
class Focus:
    """The head that is shown, and the cell in it, if one is chosen."""

    layer: int = 0
    head: int = 0
    query: int | None = None
    key: int | None = None

    @classmethod
    def inside(
        cls,
        stack: AttentionStack | None,
        layer: int | None,
        head: int | None,
        query: int | None,
        key: int | None,
    ) -> Focus:
        """These numbers, as far as a stack has them: the first head and no cell otherwise."""
        L, H, T, S = stack.shape if stack else (1, 1, 0, 0)
        return cls(layer=_below(layer, L) or 0, head=_below(head, H) or 0, query=_below(query, T), key=_below(key, S))

    def as_dict(self) -> dict[str, int | None]:
        """By the names the selection uses."""
        return asdict(self)


def _below(value: int | None, count: int) -> int | None:
    return value if value is not None and 0 <= value < count else None


@dataclass(frozen=True, kw_only=True)
class Pictured:
    """What the first bar shows."""

    mode: str
    modes: tuple[str, ...]
    stack: AttentionStack | None
    focus: Focus
    titles: tuple[str, ...]
    at: int


def picture_items(shown: Pictured) -> Items:
    """Kind of picture, which attention, layer and head, and the chosen cell's exact weight."""
    modes = {
        "kind": "segments",
        "id": "mode",
        "title": "Picture",
        "options": list(shown.modes),
        "value": shown.mode,
    }
    if shown.stack is None:
        return [modes]
    L, H, _, _ = shown.stack.shape
    node = _select("node", "Which attention", _numbered(shown.titles), shown.at)
    return [
        modes,
        *([node] if len(shown.titles) > 1 else []),
        _select("layer", "Layer", _numbered([f"layer {i}" for i in range(L)]), shown.focus.layer),
        _select("head", "Head", _numbered([f"head {i}" for i in range(H)]), shown.focus.head),
        {"kind": "gap"},
        {
            "kind": "text",
            "id": "weight",
            "text": weight_text(shown.stack, shown.focus),
            "tone": "strong",
            "title": "The weight that the model used",
        },
    ]


def weight_text(stack: AttentionStack, focus: Focus) -> str:
    """The chosen cell in words, with the weight that the model used: `c → a 0.8613`."""
    if focus.query is None or focus.key is None:
        return ""
    weight = stack.weights[focus.layer, focus.head, focus.query, focus.key]
    return f"{stack.queries[focus.query]} → {stack.keys[focus.key]} {weight:.4f}"


def text_items(text: str, choice: Choice, step: int | None, names: Mapping[str, str]) -> Items:
    """The user's text, the run and the checkpoint; `names` are those of the runs to choose from, by id."""
    shown = LATEST if step is None else choice.nearest(step)
    latest = {"id": LATEST, "label": f"latest · {grouped(choice.steps[-1])}"}
    steps = [{"id": known, "label": f"step {grouped(known)}"} for known in reversed(choice.steps)]
    runs = [{"id": id_, "label": name} for id_, name in names.items()]
    return [
        {"kind": "field", "id": "text", "title": "What the model reads", "value": text, "width": "max(100px, 8vw)"},
        _select("run", "Run", runs, choice.id),
        _select("step", "Checkpoint", [latest, *steps], shown),
    ]


def titles(stacks: Sequence[AttentionStack]) -> tuple[str, ...]:
    """What each stack is called: its node, and its layers where several stacks share that name."""
    plain = [without_indices(stack.paths[0]).removesuffix(".core").removesuffix(".softmax") for stack in stacks]
    pairs = zip(plain, stacks, strict=True)
    return tuple(name if plain.count(name) == 1 else f"{name} · {_layers(stack)}" for name, stack in pairs)


def _layers(stack: AttentionStack) -> str:
    """`layers 0, 2, 3`, and the first and the last of many."""
    found = [".".join(part for part in path.split(".") if part.isdecimal()) or path for path in stack.paths]
    few = found if len(found) <= FEW else [*found[: FEW - 2], "…", found[-1]]
    return f"{'layer' if len(found) == 1 else 'layers'} {', '.join(few)}"


def _numbered(labels: Sequence[str]) -> Items:
    return [{"id": index, "label": label} for index, label in enumerate(labels)]


def _select(name: str, title: str, options: Items, value: str | int) -> dict[str, Any]:
    return {"kind": "select", "id": name, "title": title, "options": options, "value": value}
