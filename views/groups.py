"""Which metrics of runs share a plot. Groups of mixtures of experts are there only where a run has their metrics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

EXPERTS = "expert_use/"  # engine.metrics: then the router's path, a slash and the expert's number
COLOURS = ("q", "k", "v", "logits", "weights", "hidden")  # told apart by the colour-blind
DASHES = ("solid", "dashed", "dotted", "dotdash")


@dataclass(frozen=True)
class Metric:
    """One curve of a plot: its name in the run's file, in the legend, and how it is drawn."""

    name: str
    label: str
    colour: str
    raw: bool = False
    dash: str = "solid"


@dataclass(frozen=True)
class Group:
    """Curves that share a plot."""

    title: str
    metrics: tuple[Metric, ...]


LOSS = Group("Loss", (Metric("loss", "train", "q", raw=True), Metric("val_loss", "valid", "k", dash="dashed")))
GROUPS = {
    "Accuracy": Group(
        "Accuracy",
        (
            Metric("accuracy", "train", "q", raw=True),
            Metric("val_accuracy", "valid", "k", dash="dashed"),
            Metric("exact_match", "exact", "v", dash="dotted"),
        ),
    ),
    "Learning rate": Group("Learning rate", (Metric("lr", "lr", "q"),)),
    "Gradient": Group("Gradient norm", (Metric("grad_norm", "norm", "q", raw=True),)),
    "Speed": Group("Tokens per second", (Metric("tokens_per_s", "tokens/s", "q"),)),
}


def groups(names: Iterable[str]) -> dict[str, Group]:
    """What a plot can show of runs that have metrics of these names, by title."""
    found, known = dict(GROUPS), list(names)
    if "aux_loss" in known:
        found["Balance loss"] = Group("Balance loss", (Metric("aux_loss", "balance", "q", raw=True),))
    experts = sorted({name for name in known if name.startswith(EXPERTS)}, key=_place)
    if experts:
        found["Expert use"] = Group("Expert use", tuple(_expert(name, experts) for name in experts))
    return found


def _place(name: str) -> tuple[list[tuple[int, str]], int]:
    """Where a metric of expert use stands: by its router, whose numbers count as numbers, then by its expert."""
    router, number = name.removeprefix(EXPERTS).rsplit("/", 1)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in router.split(".")], int(number)


def _expert(name: str, among: Iterable[str]) -> Metric:
    """The curve of one expert: coloured by its number, dashed by its router, which is named where there are several."""
    routers = list(dict.fromkeys(other.removeprefix(EXPERTS).rsplit("/", 1)[0] for other in among))
    router, number = name.removeprefix(EXPERTS).rsplit("/", 1)
    label = f"expert {number}" if len(routers) == 1 else f"{router} expert {number}"
    dash = DASHES[routers.index(router) % len(DASHES)]
    return Metric(name, label, COLOURS[int(number) % len(COLOURS)], dash=dash)
