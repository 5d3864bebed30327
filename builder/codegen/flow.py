"""The body of a forward: which values get a name, which stand inside the expression that reads them.

A value that is read once stands where it is read, as long as the line stays short: `x + self.attn(self.attn_norm(x))`.
Others get the name of the port that reads them (`q`, `memory`), or of what they replace (`x = x + …`), or of the node.
What draws random numbers stands in the order of the graph, so that one seed gives the same as the compiled model.
"""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Iterable, Mapping

from builder.codegen import tree
from builder.codegen.letters import Letters
from builder.codegen.steps import Line, Step, Variable, variables
from builder.codegen.text import WIDTH, width
from builder.document import PortRef

INDENT = " " * 8
PLAIN = frozenset({"a", "b", "update", "value", "branch", "first", "second"})
DEEPEST = 4
LONGEST_CHAIN, LONGEST_WAIT = 20, 12
State = tuple[int, dict[PortRef, Variable], dict[PortRef, int], dict[str, PortRef], Counter[PortRef]]


class Flow:
    """Writes a forward. State: `lines` grows with each step.

    Args:
        feeds: Where each input's value comes from.
        letters: Shapes for comments.
        taken: Names that variables must not have.
    """

    def __init__(self, feeds: Mapping[PortRef, PortRef], letters: Letters, taken: Iterable[str]) -> None:
        self.lines: list[Line] = []
        self._feeds, self._letters, self._taken = feeds, letters, frozenset(taken)
        self._held: dict[PortRef, Variable] = {}
        self._waiting: dict[PortRef, Step] = {}
        self._depths: dict[PortRef, int] = {}
        self._names: dict[str, PortRef] = {}
        self._left: Counter[PortRef] = Counter()
        self._readers: dict[PortRef, list[PortRef]] = {}
        self._outputs: dict[str, tuple[str, ...]] = {}
        self._drawing: PortRef | None = None  # what draws last and waits; what drew before it is done or goes into it

    def expect(self, steps: Iterable[Step], ends: Iterable[str]) -> None:
        """Count who reads what, before anything is written."""
        for step in steps:
            self._outputs[step.node] = step.outputs
            for port in tree.ports(step.call):
                self._expect(step.ref(port))
        for end in ends:
            self._expect(PortRef(end, "value"))

    def _expect(self, target: PortRef) -> None:
        source = self._feeds[target]
        self._left[source] += 1
        self._readers.setdefault(source, []).append(target)

    def enter(self, name: str) -> None:
        """An argument of the forward."""
        self._keep(name, PortRef(name, "value"))

    def write(self, step: Step) -> None:
        """Add a node: as a statement, or to wait for the one that reads it."""
        if step.draws:
            self._draw_before(step)
        if step.carry:
            self._loop(step)
        elif len(step.outputs) > 1:
            self._several(step)
        else:
            ref = step.ref(step.outputs[0])
            self._waiting[ref] = step
            sources = self._sources(step)
            self._depths[ref] = 1 + max((self._depths.get(source, 0) for source in sources), default=0)
            if self._left[ref] != 1 or self._depths[ref] > LONGEST_WAIT:
                self._settle(ref)
            if step.draws:
                self._drawing = ref

    def _draw_before(self, step: Step) -> None:
        """Give a name to what draws before a step, unless the step is made of it."""
        last, self._drawing = self._drawing, None
        if last is None or any(last.node in line.owners for line in self.lines):
            return
        if last.node not in frozenset().union(*(self._whole(source)[1] for source in self._sources(step))):
            self._settle(last)

    def leave(self, ends: list[str], *, named: bool) -> None:
        """The return statement."""
        sources = [self._feeds[PortRef(end, "value")] for end in ends]
        if len(ends) == 1:
            self._leave_one(ends[0], sources[0])
            return
        values = [str(self._settle(source)) for source in sources]
        if not named:
            self._say(f"{INDENT}return {', '.join(values)}", frozenset(ends))
            return
        pairs = [f'"{end}": {value}' for end, value in zip(ends, values, strict=True)]
        line = f"{INDENT}return {{{', '.join(pairs)}}}"
        lines = [f"{INDENT}return {{", *(f"{INDENT}    {pair}," for pair in pairs), f"{INDENT}}}"]
        for text in [line] if width(line) <= WIDTH else lines:
            self._say(text, frozenset(ends))

    def _leave_one(self, end: str, source: PortRef) -> None:
        comment = self._comment(source)
        part, owners = self._built(source, "return ", comment)
        self._use(part)
        self._statement("return ", part, comment, owners | {end})

    def _whole(self, source: PortRef) -> tuple[object, frozenset[str]]:
        """A value as an expression of variables alone, and the nodes in it; writes nothing."""
        if source in self._held:
            return self._held[source], frozenset()
        step = self._waiting[source]
        parts = {port: self._whole(self._feeds[step.ref(port)]) for port in _ports(step)}
        owners = frozenset({step.node}).union(*(owners for _, owners in parts.values()))
        return tree.fill(step.call, {port: part for port, (part, _) in parts.items()}), owners

    def _built(self, source: PortRef, before: str, comment: str) -> tuple[object, frozenset[str]]:
        """A value as an expression that fits on a line, after statements for parts of it where it has to be so."""
        if source not in self._held and not self._is_short(source, before, comment):
            sources, state = self._sources(self._waiting[source]), self._state()
            for other in sources:
                self._built(other, "x = ", self._comment(other))
            if not self._is_short(source, before, comment):
                self._restore(state)  # each part is to be finished before the next one begins
                for other in sources:
                    self._settle(other)
        return self._whole(source)

    def _state(self) -> State:
        return len(self.lines), self._held.copy(), self._depths.copy(), self._names.copy(), self._left.copy()

    def _restore(self, state: State) -> None:
        count, self._held, self._depths, self._names, self._left = state
        del self.lines[count:]

    def _is_short(self, source: PortRef, before: str, comment: str) -> bool:
        """Whether a value fits on a line, without too much inside."""
        part, step = self._whole(source)[0], self._waiting[source]
        line = f"{INDENT}{before}{tree.flat(part)}{comment}"
        return width(line) <= WIDTH and tree.depth(part) <= DEEPEST and not self._is_tangled(step, self._sources(step))

    def _sources(self, step: Step) -> list[PortRef]:
        return [self._feeds[step.ref(port)] for port in _ports(step)]

    def _is_tangled(self, step: Step, sources: list[PortRef]) -> bool:
        """Whether a sum would stand within a sum."""
        inner = [self._whole(source)[0] for source in sources if source not in self._held]
        return isinstance(step.call, tree.Joined) and any(isinstance(p, tree.Joined) and not p.tight for p in inner)

    def _settle(self, source: PortRef) -> Variable:
        """Give a value a name, if it has none yet."""
        if source in self._held:
            return self._held[source]
        comment = self._comment(source)
        part, owners = self._built(source, "x = ", comment)
        self._use(part)
        name = self._bind(source, like=part)
        self._statement(f"{name} = ", part, comment, owners)
        return self._held[source]

    def _several(self, step: Step) -> None:
        for port in _ports(step):
            self._settle(self._feeds[step.ref(port)])
        part = tree.fill(step.call, {port: self._held[self._feeds[step.ref(port)]] for port in _ports(step)})
        self._use(part)
        names: list[str] = []
        for port in step.outputs:
            names.append(self._bind(step.ref(port), avoid=names) if self._left[step.ref(port)] else "_")
        self._statement(f"{', '.join(names)} = ", part, "", frozenset({step.node}))

    def _loop(self, step: Step) -> None:
        """Layers, one after another."""
        assert step.carry is not None
        into, out = step.carry
        start, end, mine = self._feeds[step.ref(into)], step.ref(out), frozenset({step.node})
        values = {port: self._settle(self._feeds[step.ref(port)]) for port in _ports(step) if port != into}
        others = {variable.name for variable in values.values()}
        part, owners = self._built(start, "x = ", self._comment(start))
        self._use(part)
        name = self._bind(end, avoid=others, like=part)
        if str(part) != name:
            self._statement(f"{name} = ", part, self._comment(start), owners | mine)
        for variable in values.values():
            self._left[variable.ref] -= 1
        names = [name] if len(step.outputs) == 1 else self._last_names(step, name, others)
        layer = self._layer_name(step.node)
        call = tree.fill(step.call, {**values, into: self._held[end]})
        assert isinstance(call, tree.Call)
        self._say(f"{INDENT}for {layer} in self.{step.node}:", mine)
        comment = self._comment(end) if len(names) == 1 else ""
        for text in tree.lines(f"{', '.join(names)} = ", tree.Call(layer, call.args), comment, INDENT + "    "):
            self._say(text, mine)

    def _last_names(self, step: Step, name: str, others: set[str]) -> list[str]:
        """Names for what layers give, of which the carried one has its own."""
        names: list[str] = []
        for port in step.outputs:
            carried = step.carry is not None and port == step.carry[1]
            read = self._left[step.ref(port)] > 0
            avoid = {name, *others, *names}
            names.append(name if carried else self._bind(step.ref(port), avoid=avoid) if read else "_")
        return names

    def _layer_name(self, node: str) -> str:
        singular = node[:-1] if node.endswith("s") and len(node) > 2 else "layer"
        while singular in self._taken or singular in self._names or keyword.iskeyword(singular):
            singular += "_"
        return singular

    def _use(self, part: object) -> None:
        self._left.subtract(variable.ref for variable in variables(part))

    def _keep(self, name: str, ref: PortRef) -> None:
        self._names[name] = ref
        self._held[ref] = Variable(name, ref)
        self._depths[ref] = 0

    def _bind(self, ref: PortRef, *, avoid: Iterable[str] = (), like: object = None) -> str:
        """Find a name for a value, and keep the value under it."""
        name = next(n for n in self._candidates(ref, like) if n not in avoid and self._is_free(n))
        self._keep(name, ref)
        return name

    def _candidates(self, ref: PortRef, like: object) -> Iterable[str]:
        wish = self._wish(ref)
        if wish:
            yield "y" if wish == "x" and self._letters.rank(ref) > 3 else wish
        for variable in variables(like):
            if self._letters.of(variable.ref) == self._letters.of(ref) != "":
                yield variable.name
        name = ref.node if len(self._outputs.get(ref.node, ())) < 2 else f"{ref.node}_{ref.port}"
        while True:
            yield name
            name += "_"

    def _wish(self, ref: PortRef) -> str:
        """The name of the port that reads a value, at the end of a chain of blocks that only work on it."""
        seen = ref
        for _ in range(LONGEST_CHAIN):
            ports = {target.port for target in self._readers.get(seen, ())}
            if len(ports) != 1:
                break
            (port,) = ports
            if port != "x":
                return "x" if port in PLAIN else port
            after = [out for reader in self._readers[seen] if (out := self._changed(reader, ref))]
            if len(after) != 1:
                return "x"
            (seen,) = after
        return "" if seen == ref else "x"

    def _changed(self, reader: PortRef, like: PortRef) -> PortRef | None:
        """What a reader makes of a value, if that is one thing of the same shape as another value."""
        outputs = self._outputs.get(reader.node, ())
        made = PortRef(reader.node, outputs[0]) if len(outputs) == 1 else None
        return made if made and self._letters.of(made) == self._letters.of(like) else None

    def _is_free(self, name: str) -> bool:
        ref = self._names.get(name)
        return name not in self._taken and (ref is None or self._left[ref] <= 0)

    def _comment(self, ref: PortRef) -> str:
        shape = self._letters.of(ref)
        return f"  # {shape}" if shape else ""

    def _statement(self, before: str, part: object, comment: str, owners: frozenset[str]) -> None:
        for text in tree.lines(before, part, comment, INDENT):
            self._say(text, owners)

    def _say(self, text: str, owners: frozenset[str]) -> None:
        self.lines.append(Line(text, owners))


def _ports(step: Step) -> list[str]:
    return list(dict.fromkeys(tree.ports(step.call)))
