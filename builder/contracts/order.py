"""Contracts about the order of tokens."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from builder.contracts.attending import has_attention, is_attention
from builder.contracts.base import Fault, Verdict, contract
from builder.contracts.context import NEIGHBOURS, WIDER
from builder.contracts.moves import Move
from builder.contracts.places import bypass, insert, set_there, view_at, where_of
from builder.contracts.program import Step
from builder.contracts.reach import last, places, read, swapped, told
from builder.contracts.roles import is_causal, masks_future, task_of
from builder.contracts.specimen import Specimen
from builder.diagnostics import Fix, Where

SET = "C006"
THREE = 3  # positions: two that change places, and one that is to notice
INSIDE = ("rope", "alibi", "relative_bias", "rotary")  # positions that act within attention


def positions(specimen: Specimen) -> list[Step]:
    """Steps that say where a token stands."""
    return [step for step in specimen.program.steps if step.kind.endswith("positions") or step.kind in INSIDE]


def _attentions(specimen: Specimen) -> int:
    return sum(is_attention(specimen, step) for step in specimen.program.steps)


def sets(specimen: Specimen) -> list[str]:
    """The letters of inputs that are sets: the task asks for no order there, and no positions or masks tell one.

    The text that the model itself writes is none.
    """
    task = task_of(specimen)
    if task is None or task.order_matters or SET in _decided(specimen):
        return []
    telling = [*positions(specimen), *filter(masks_future, specimen.program.steps)]
    told_at = {letter for step in telling for letter in specimen.labels[step.results[0]]}
    return [letter for letter in read(specimen) if letter != specimen.target and letter not in told_at]


def _decided(specimen: Specimen) -> dict[str, bool]:
    """What the user said of contracts: required or waived, by code."""
    return {promise.code: promise.kept for promise in specimen.document.promises}


def _ordered(specimen: Specimen, least: int = 1) -> list[str]:
    """The letters of inputs that are no sets."""
    return [letter for letter in read(specimen, least) if letter not in sets(specimen)]


def _is_ordered(specimen: Specimen) -> bool:
    """Whether order should matter: of tokens, unless they are a set; by causal masks from two layers on."""
    if _decided(specimen).get(SET) or not _ordered(specimen) or not has_attention(specimen):
        return False
    return bool(positions(specimen)) or not is_causal(specimen) or _attentions(specimen) > 1


@contract(
    "C005",
    "Order matters",
    why="“Dog bites man” is not “man bites dog”. Attention itself does not see order: it comes from positions, added "
    "before the first attention, or from a causal mask.",
    applies=_is_ordered,
)
def order_matters(specimen: Specimen) -> Verdict:
    """Two tokens that change places change what is known elsewhere."""
    faults = [_unordered(specimen, letter) for letter in _ordered(specimen, THREE) if not any(_swaps(specimen, letter))]
    faults += _unread(specimen)
    return Verdict(detail=told(specimen, "Answers change when tokens change places.", THREE), faults=tuple(faults))


def _swaps(specimen: Specimen, letter: str) -> Iterator[bool]:
    """For pairs of neighbours, whether swapping them is noticed elsewhere."""
    length, number = specimen.sizes.lengths[letter], last(specimen, letter)
    for first in range(length - 2):
        one, other = swapped(specimen, letter, first)
        rest = ~places(specimen, letter, first, first + 1)
        move = Move(specimen, specimen.run(one), specimen.run(other), {letter: rest})
        yield move.moves(specimen.answer if number is None else number)


def _unordered(specimen: Specimen, letter: str) -> Fault:
    """Nothing tells the order: the place where positions belong."""
    there = [step for step in positions(specimen) if letter in "".join(specimen.labels[step.results[0]])]
    if there:
        return _late(specimen, there[0])
    name = specimen.named(letter, "ids", "hidden")[0]
    number = specimen.program.inputs[name]
    reader = next((step for step in specimen.program.takers.get(number, [])), None)
    text = f"{name}: the order of tokens makes no difference, because nothing says where it stands. "
    text += "If it is a set on purpose, require C006."
    if reader is None:
        return Fault(message=text, where=Where(definition=specimen.document.root, node=name))
    fix = _with_positions(specimen, reader)
    advice = "Add positions after the embedding."
    return Fault(message=text, where=where_of(reader), fixes=(fix,) if fix else (), advice=advice)


def _with_positions(specimen: Specimen, reader: Step) -> Fix | None:
    view, node = view_at(specimen, reader), reader.uses[-1][1]
    wires = [wire for wire in view.definition.wires if wire.source.node == node]
    if len(wires) != 1:
        return None
    known = {symbol.name for symbol in view.definition.symbols}
    here = view.definition.nodes[node].settings
    settings = {"d_model": here.get("d_model", 512), **({"max_len": "max_len"} if "max_len" in known else {})}
    return insert(view, wires[0], "learned_positions", settings, "x")


def _late(specimen: Specimen, step: Step) -> Fault:
    node = step.uses[-1][1]
    text = f"{node} adds positions where no attention follows, so no other position learns of them."
    fixes = tuple(_moved_up(specimen, step))
    return Fault(message=text, where=where_of(step), fixes=fixes, advice="Move it next to the embedding.")


def _moved_up(specimen: Specimen, step: Step) -> Iterator[Fix]:
    """Take positions away where they are and add them after the embedding."""
    from builder.edits import Batch

    view, node = view_at(specimen, step), step.uses[-1][1]
    for reader in specimen.program.steps:
        if reader.kind == "token_embedding":
            fix = _with_positions(specimen, reader)
            for gone in bypass(view, node) if fix else ():
                label = f"Move {node} to {reader.uses[-1][1]}"
                assert fix is not None
                yield Fix(label=label, edit=Batch(edits=(gone.edit, fix.edit), label=label))
            return


def _unread(specimen: Specimen) -> Iterator[Fault]:
    """Added positions that no other position learns of."""
    for step in specimen.program.steps:
        labels = specimen.labels[step.results[0]]
        if (
            not step.kind.endswith("positions")
            or not specimen.leads(step)
            or len(labels) < 2
            or specimen.sizes.lengths.get(labels[1], 0) < NEIGHBOURS
        ):
            continue
        letter = labels[1]
        if not any(_noticed(specimen, step, letter, at) for at in range(specimen.sizes.lengths[letter] - 1)):
            yield _late(specimen, step)


def _noticed(specimen: Specimen, step: Step, letter: str, at: int) -> bool:
    """Whether another position notices what a step gives at position `at`."""

    def nudge(here: Step, results: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        if here is not step:
            return results
        changed = results[0].clone()
        changed[:, at] = -changed[:, at].flip(-1)
        return (changed,)

    move = Move(specimen, specimen.values, specimen.run(specimen.base, nudge), {letter: ~places(specimen, letter, at)})
    return move.moves(specimen.answer) or (
        letter != specimen.target and any(map(move.moves, specimen.program.outputs.values()))
    )


@contract(
    SET,
    "Order does not matter",
    why="A model of a set must give the same answer in whatever order its elements come. It holds where the task asks "
    "for no order and no positions tell one; require it of another model without positions to say that it is a set.",
    applies=lambda specimen: bool(sets(specimen)),
)
def order_does_not_matter(specimen: Specimen) -> Verdict:
    """Two tokens that change places change nothing elsewhere."""
    faults = []
    for letter in sets(specimen) or read(specimen):
        for first in range(specimen.sizes.lengths[letter] - 1):
            one, other = swapped(specimen, letter, first)
            rest = ~places(specimen, letter, first, first + 1)
            move = Move(specimen, specimen.run(one), specimen.run(other), {letter: rest})
            if move.moves(specimen.answer):
                there = [step for step in positions(specimen) if letter in specimen.labels[step.results[0]]]
                faults += [_ordering(specimen, step) for step in [*there, *move.origins()]]
                break
    return Verdict(detail=told(specimen, "The order of tokens makes no difference.", THREE), faults=tuple(faults))


def _ordering(specimen: Specimen, step: Step) -> Fault:
    node = step.uses[-1][1]
    fixes = bypass(view_at(specimen, step), node) if step in positions(specimen) else []
    if masks_future(step):
        name = "pattern" if step.kind == "mask" else "mask"
        fixes = set_there(specimen, step, name, WIDER.get(str(step.setting(name)), "none"))
    return Fault(
        message=f"{node} makes the order of tokens matter, in what is to be a set.",
        where=where_of(step),
        fixes=tuple(fixes),
    )
