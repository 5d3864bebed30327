"""Contracts about what the answer hangs on: the context, the order of tokens, and the memory of an encoder."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from builder.contracts.base import Fault, Verdict, contract
from builder.contracts.moves import Move, other_tokens
from builder.contracts.places import bypass, feeds, insert, set_there, view_at, where_of
from builder.contracts.program import Step
from builder.contracts.roles import is_causal, masks_future
from builder.contracts.scores import has_attention, is_attention
from builder.contracts.specimen import Inputs, Specimen
from builder.diagnostics import Fix, Where
from builder.document import PortRef

WIDER = {"causal": "none", "both": "padding", "anticausal": "none"}
INSIDE = ("rope", "alibi", "relative_bias", "rotary")  # positions that act within attention


def _places(specimen: Specimen, letter: str, *at: int) -> Tensor:
    """True at these positions of `letter`."""
    places = torch.zeros(specimen.sizes.lengths[letter], dtype=torch.bool)
    places[list(at)] = True
    return places


def _last(specimen: Specimen, letter: str) -> int | None:
    """The last vectors over the positions of `letter` on the way to the answer."""
    useful = specimen.program.before({specimen.answer})
    found = [
        number
        for step in specimen.program.steps
        for number in step.results
        if number in useful and specimen.labels[number] == ("B", letter, "") and specimen.values[number].is_floating_point()
    ]
    return found[-1] if found else None


def _hears(specimen: Specimen, letter: str, here: int, there: int) -> bool:
    """Whether what is known at position `here` in the end changes with the token at `there`."""
    number = _last(specimen, letter)
    if number is None:
        return True
    return _moved(specimen, letter, here, there).moves(number)


def _moved(specimen: Specimen, letter: str, here: int, there: int) -> Move:
    names = specimen.named(letter, "ids", "hidden", "any")
    changed = other_tokens(specimen, specimen.base, names, _places(specimen, letter, there))
    return Move(specimen, specimen.values, specimen.run(changed), {letter: _places(specimen, letter, here)})


def _read(specimen: Specimen) -> list[str]:
    """The letters of the inputs that lead to the answer and are long enough to tell."""
    useful = specimen.program.before({specimen.answer})
    names = [name for name, number in specimen.program.inputs.items() if number in useful]
    letters = dict.fromkeys(specimen.letter(name) for name in names if specimen.ports[name].kind in ("ids", "hidden"))
    return [letter for letter in letters if specimen.sizes.lengths.get(letter, 0) >= 4]


@contract(
    "C002",
    "Context is used",
    why="A model that reads must see both what comes before and what comes after; one that writes must see what came "
    "before. If other positions have no influence, attention is there in vain.",
    applies=lambda specimen: has_attention(specimen) and bool(_read(specimen)),
)
def context_is_used(specimen: Specimen) -> Verdict:
    """What is known at a position in the end changes with the tokens next to it."""
    faults = []
    for letter in _read(specimen):
        writes = letter == specimen.target and is_causal(specimen)
        if not _hears(specimen, letter, 3, 2):
            faults += list(_deaf(specimen, letter, "before", 3, 2))
        elif not writes and not _hears(specimen, letter, 2, 3):
            faults += list(_deaf(specimen, letter, "after", 2, 3))
    return Verdict(detail="What is known at a position depends on the tokens around it.", faults=tuple(faults))


def _deaf(specimen: Specimen, letter: str, side: str, here: int, there: int) -> Iterator[Fault]:
    """Attention over the positions of `letter` that misses one side."""
    move, found = _moved(specimen, letter, here, there), False
    for step in specimen.program.steps:
        ours = any(letter in specimen.labels[number] for number in step.fed if number in specimen.labels)
        if ours and (is_attention(specimen, step) or masks_future(step)) and not any(map(move.moves, step.results)):
            found = True
            yield _narrow(specimen, step, side)
    if not found:
        text = f"No position learns of the tokens {side} it: nothing joins positions."
        yield Fault(message=text, where=Where(definition=specimen.document.root))


def _narrow(specimen: Specimen, step: Step, side: str) -> Fault:
    node, name = step.uses[-1][1], "pattern" if step.kind == "mask" else "mask"
    value = str(step.setting(name))
    fixes: list[Fix] = []
    if name == "pattern" and value != "none":
        fixes = set_there(specimen, step, name, "none")
    elif side == "after" and value in WIDER:
        fixes = set_there(specimen, step, name, WIDER[value])
    elif value == "anticausal":
        fixes = set_there(specimen, step, name, "causal")
    because = f": its {name} is {value}" if step.setting(name) else ""
    text = f"{node} hides what comes {side} a position{because}, but this model must see it. "
    return Fault(message=text + (f"{fixes[0].label}." if fixes else ""), where=where_of(step), fixes=tuple(fixes))


def positions(specimen: Specimen) -> list[Step]:
    """Steps that say where a token stands."""
    return [step for step in specimen.program.steps if step.kind.endswith("positions") or step.kind in INSIDE]


def _attentions(specimen: Specimen) -> int:
    return sum(is_attention(specimen, step) for step in specimen.program.steps)


def _is_ordered(specimen: Specimen) -> bool:
    """Whether order should matter: of tokens, unless the user calls them a set; by causal masks from two layers on."""
    decided = {promise.code for promise in specimen.document.promises if promise.kept}
    if "C006" in decided or not _read(specimen) or not has_attention(specimen):
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
    faults = []
    for letter in _read(specimen):
        if not any(_swaps(specimen, letter)):
            faults.append(_unordered(specimen, letter))
    faults += _unread(specimen)
    return Verdict(detail="Answers change when tokens change places.", faults=tuple(faults))


def _swaps(specimen: Specimen, letter: str) -> Iterator[bool]:
    """For pairs of neighbours, whether swapping them is noticed elsewhere."""
    length, number = specimen.sizes.lengths[letter], _last(specimen, letter)
    for first in range(length - 2):
        base, swapped = _swapped(specimen, letter, first)
        rest = ~_places(specimen, letter, first, first + 1)
        move = Move(specimen, specimen.run(base), specimen.run(swapped), {letter: rest})
        yield move.moves(specimen.answer if number is None else number)


def _swapped(specimen: Specimen, letter: str, first: int) -> tuple[Inputs, Inputs]:
    """Inputs with two different neighbours, and the same the other way round."""
    base, other = dict(specimen.base), dict(specimen.base)
    for name in specimen.named(letter, "ids", "hidden"):
        value = specimen.base[name]
        if value is None or specimen.vocabulary(name) < 2 or name != specimen.named(letter, "ids", "hidden")[0]:
            continue
        new = value.clone()
        if value.dtype == torch.int64:
            new[:, first], new[:, first + 1] = 0, 1
        base[name] = new
        other[name] = new[:, [*range(first), first + 1, first, *range(first + 2, new.shape[1])]]
    return base, other


def _unordered(specimen: Specimen, letter: str) -> Fault:
    """Nothing tells the order: the place where positions belong."""
    there = [step for step in positions(specimen) if letter in "".join(specimen.labels[step.results[0]])]
    if there:
        return _late(specimen, there[0])
    name = specimen.named(letter, "ids", "hidden")[0]
    number = specimen.program.inputs[name]
    reader = next((step for step in specimen.program.takers.get(number, [])), None)
    text = f"{name}: the order of tokens makes no difference, because nothing says where a token stands. "
    if reader is None:
        return Fault(message=text, where=Where(definition=specimen.document.root, node=name))
    fix = _with_positions(specimen, reader)
    advice = "Add positions after the embedding; if this is a set on purpose, require C006 instead."
    return Fault(message=text + advice, where=where_of(reader), fixes=(fix,) if fix else ())


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
    text = f"{node} adds positions where no attention follows, so no other position learns of them. Move it next to the embedding."
    return Fault(message=text, where=where_of(step), fixes=tuple(_moved_up(specimen, step)))


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
        if not step.kind.endswith("positions") or len(labels) < 2 or labels[1] not in specimen.sizes.lengths:
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

    move = Move(specimen, specimen.values, specimen.run(specimen.base, nudge), {letter: ~_places(specimen, letter, at)})
    return move.moves(specimen.answer) or (letter != specimen.target and any(map(move.moves, specimen.program.outputs.values())))


@contract(
    "C006",
    "Order does not matter",
    why="A model of a set must give the same answer in whatever order its elements come. Require this of a model "
    "without positions to say that it is meant so.",
    applies=lambda _: False,
)
def order_does_not_matter(specimen: Specimen) -> Verdict:
    """Two tokens that change places change nothing elsewhere."""
    faults = []
    for letter in _read(specimen):
        for first in range(specimen.sizes.lengths[letter] - 1):
            base, swapped = _swapped(specimen, letter, first)
            rest = ~_places(specimen, letter, first, first + 1)
            move = Move(specimen, specimen.run(base), specimen.run(swapped), {letter: rest})
            if move.moves(specimen.answer):
                faults += [_ordering(specimen, step) for step in [*positions(specimen), *move.origins()]]
                break
    return Verdict(detail="The order of tokens makes no difference.", faults=tuple(faults))


def _ordering(specimen: Specimen, step: Step) -> Fault:
    node = step.uses[-1][1]
    fixes = bypass(view_at(specimen, step), node) if step in positions(specimen) else []
    if masks_future(step):
        name = "pattern" if step.kind == "mask" else "mask"
        fixes = set_there(specimen, step, name, WIDER.get(str(step.setting(name)), "none"))
    return Fault(message=f"{node} makes the order of tokens matter, in what is to be a set.", where=where_of(step), fixes=tuple(fixes))


def _memories(specimen: Specimen) -> list[str]:
    """Inputs over other positions than the answer's."""
    kinds = ("ids", "hidden", "pixels")
    return [name for name, port in specimen.ports.items() if port.kind in kinds and specimen.letter(name) != specimen.target]


@contract(
    "C007",
    "Memory is used",
    why="A decoder that does not look at what the encoder found answers whatever was asked: it learns to write, but "
    "nothing about its source.",
    applies=lambda specimen: bool(specimen.target and _memories(specimen)),
)
def memory_is_used(specimen: Specimen) -> Verdict:
    """The answer changes when the source does."""
    faults = []
    for name in _memories(specimen):
        letter = specimen.letter(name)
        everything = torch.ones(specimen.sizes.lengths.get(letter, 1), dtype=torch.bool)
        value = specimen.base[name]
        if value is None or letter not in specimen.sizes.lengths:
            continue
        changed = other_tokens(specimen, specimen.base, [name], everything)
        move = Move(specimen, specimen.values, specimen.run(changed), {})
        if not move.moves(specimen.answer):
            faults.append(_unused(specimen, move, name))
    return Verdict(detail=f"The answer depends on {' and '.join(_memories(specimen))}.", faults=tuple(faults))


def _unused(specimen: Specimen, move: Move, name: str) -> Fault:
    """The port that the memory should be wired to, or the last that was found out about the source."""
    open_ends = list(_open_memories(specimen))
    text = f"What is in {name} makes no difference to the answer. "
    if open_ends:
        view = view_at(specimen, specimen.program.steps[0], 0)
        found = tuple(feeds(view, open_ends[0]))
        where = view.where(open_ends[0].node, open_ends[0].port)
        return Fault(message=f"{text}Wire the encoder to {open_ends[0]}.", where=where, fixes=found)
    moved = [step for step in specimen.program.steps if any(map(move.moves, step.results))]
    if not moved:
        return Fault(message=text, where=Where(definition=specimen.document.root, node=name))
    definition, node = moved[-1].uses[0]
    return Fault(message=f"{text}It gets as far as {node}.", where=Where(definition=definition, node=node))


def _open_memories(specimen: Specimen) -> Iterator[PortRef]:
    """Ports of the root for a memory that are not wired, or wired to something else than the source."""
    main = specimen.document.main
    for name, node in main.nodes.items():
        inner = specimen.document.definitions.get(node.kind)
        for port in inner.inputs if inner else ():
            if "memory" in port.name and port.kind == "hidden":
                yield PortRef(name, port.name)
