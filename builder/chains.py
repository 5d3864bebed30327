"""A definition as a reader sees it: streams that run from an input to an output, and what hangs on them.

From the output, the way back follows the work and not the bypass: at a residual add it takes the update. What is
left over are short chains beside it, such as the keys and values beside the queries, and other long streams, such
as the encoder beside the decoder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from builder.document import INPUT, OUTPUT, Definition

LONG = 3  # a chain of that many blocks that begins at an input is a stream of its own


@dataclass(frozen=True)
class Chain:
    """Nodes in a row, each fed by the one before.

    Args:
        nodes: Ids, first to last.
        feeds: The node that the last one leads to; empty if it leads nowhere.
    """

    nodes: tuple[str, ...]
    feeds: str = ""


@dataclass
class Drawing:
    """Who feeds whom, with circles cut open.

    Args:
        kinds: The kind of each node, each after what feeds it.
        before: What feeds each node, by input port in order, masks last.
        after: What each node feeds.
        above: For each node the set of all before it, as bits.
    """

    kinds: dict[str, str]
    before: dict[str, list[str]] = field(default_factory=dict)
    after: dict[str, list[str]] = field(default_factory=dict)
    above: dict[str, int] = field(default_factory=dict)

    def main(self, name: str) -> str:
        """The node whose work goes on in `name`; empty if there is none.

        One that also leads to another feeder of `name` is only a bypass.
        """
        feeders = self.before[name]
        indirect = 0
        for feeder in feeders:
            indirect |= self.above[feeder]
        own = [feeder for feeder in feeders if not self._bit(feeder) & indirect]
        return own[0] if own else ""

    def _bit(self, name: str) -> int:
        return 1 << self._place[name]

    def __post_init__(self) -> None:
        """Number the nodes, so that sets of them are quick."""
        self._place = {name: place for place, name in enumerate(self.kinds)}

    def close(self) -> None:
        """Find what is before each node."""
        for name in self.kinds:
            self.above[name] = 0
            for feeder in self.before[name]:
                self.above[name] |= self.above[feeder] | self._bit(feeder)


def drawing(definition: Definition, ports: Mapping[str, list[str]]) -> Drawing:
    """Read a definition's wires.

    Args:
        definition: What is to be drawn.
        ports: The input ports of each node, in order.
    """
    order = _order(definition)
    found = Drawing({name: definition.nodes[name].kind for name in order})
    place = {name: index for index, name in enumerate(order)}
    fed: dict[str, list[tuple[int, int, str]]] = {name: [] for name in order}
    for wire in definition.wires:
        source, target = wire.source.node, wire.target.node
        if place[source] < place[target]:
            known = ports.get(target, [])
            rank = known.index(wire.target.port) if wire.target.port in known else len(known)
            fed[target].append((_is_mask(definition, source), rank, source))
    found.before = {name: list(dict.fromkeys(s for *_, s in sorted(feeders))) for name, feeders in fed.items()}
    found.after = {name: [] for name in order}
    for name in order:
        for feeder in found.before[name]:
            found.after[feeder].append(name)
    found.close()
    return found


def _is_mask(definition: Definition, name: str) -> bool:
    node = definition.nodes[name]
    return node.kind == INPUT and node.port is not None and node.port.kind == "mask"


def _order(definition: Definition) -> list[str]:
    """Ids so that each node comes after what feeds it; a circle is entered at the node added first."""
    waits = dict.fromkeys(definition.nodes, 0)
    leads: dict[str, list[str]] = {name: [] for name in waits}
    for wire in definition.wires:
        waits[wire.target.node] += 1
        leads[wire.source.node].append(wire.target.node)
    done: dict[str, None] = {}
    ready = [name for name, count in waits.items() if not count]
    left = iter(waits)
    while len(done) < len(waits):
        name = ready.pop(0) if ready else next(n for n in left if n not in done)
        if name in done:
            continue
        done[name] = None
        for target in leads[name]:
            waits[target] -= 1
            if not waits[target] and target not in done:
                ready.append(target)
    return list(done)


def chains(found: Drawing) -> list[Chain]:
    """All nodes but lone inputs, in chains: first that of the main output, then those beside it."""
    taken: set[str] = set()
    result: list[Chain] = []
    for end in _ends(found):
        if end in taken:
            continue
        nodes: list[str] = []
        here = end
        while here and here not in taken:
            nodes.append(here)
            taken.add(here)
            here = found.main(here)
        nodes.reverse()
        feeds = next((name for name in found.after[end] if name in taken), "")
        result.append(Chain(tuple(nodes), feeds))
    return result


def _ends(found: Drawing) -> Iterable[str]:
    """Where chains may end: outputs, then all others, the last first."""
    outputs = [name for name, kind in found.kinds.items() if kind == OUTPUT]
    outputs.sort(key=lambda name: -found.above[name].bit_count())
    yield from outputs
    backward = [name for name in reversed(found.kinds) if found.kinds[name] != INPUT]
    yield from _by_consumer(found, backward)
    yield from (name for name, kind in found.kinds.items() if kind == INPUT)


def _by_consumer(found: Drawing, backward: list[str]) -> Iterable[str]:
    """Nodes, the last first; those that feed the same node in the order of its ports."""
    seen: set[str] = set()
    for name in backward:
        for target in found.after[name]:
            for feeder in found.before[target]:
                if feeder not in seen and found.kinds[feeder] != INPUT:
                    seen.add(feeder)
                    yield feeder
        if name not in seen:
            seen.add(name)
            yield name


def is_stream(chain: Chain, found: Drawing) -> bool:
    """Whether a chain stands by itself: nothing comes before it, and it leads nowhere or is long."""
    blocks = [name for name in chain.nodes if found.kinds[name] not in (INPUT, OUTPUT)]
    return not found.before[chain.nodes[0]] and (not chain.feeds or len(blocks) >= LONG)
