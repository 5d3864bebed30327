"""Adding up what the parts of a model cost, use by use, with values that several parts keep counted once."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import fx

from builder.costs import Cost, Output, Shaped, Work, block_cost, fused_cost
from builder.recipes import Layers, Leaf, Part, Recipe
from engine.fused import FusedAttention


@dataclass(frozen=True, eq=False)
class Share:
    """What one part of a use costs there.

    Args:
        use: The part.
        times: How often it is there.
        kept: Bytes that training keeps of it, its outputs among them.
    """

    use: Use
    times: int
    kept: int


@dataclass(frozen=True, eq=False)
class Use:
    """What a block or a composite costs for certain inputs.

    Args:
        cost: All together.
        parts: What its parts cost, by id.
    """

    cost: Cost
    parts: Mapping[str, tuple[Share, ...]] = field(default_factory=dict)


@dataclass
class _Root:
    """Memory that one or several values lie in. State: `kept` becomes true when a part keeps it."""

    bytes: int
    given: int | None = None
    kept: bool = False


@dataclass(frozen=True)
class _Value:
    of: Shaped
    root: _Root


Values = Sequence[_Value | None]


class Surveyor:
    """Finds costs of recipes. State: remembers those it found."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Use] = {}

    def use(self, part: Part, inputs: Sequence[Shaped | None], same: Sequence[int] = ()) -> Use:
        """What a part costs for these inputs.

        Args:
            part: What is used.
            inputs: What it gets, in order.
            same: For each input the index of the first one that is the same memory; all differ if empty.

        Raises:
            RuntimeError, ValueError: If a block cannot be run on what it gets.
        """
        if isinstance(part, Leaf):
            return Use(block_cost(part.spec.kind, part.config, tuple(inputs)))
        same = tuple(same) or tuple(range(len(inputs)))
        key = (id(part), tuple(inputs), same)
        if key not in self._known:
            roots = [_Root(0 if x is None else x.bytes, given=i) for i, x in enumerate(inputs)]
            given = [None if x is None else _Value(x, roots[same[i]]) for i, x in enumerate(inputs)]
            tally = _Tally(self, given)
            self._known[key] = tally.layers(part) if isinstance(part, Layers) else tally.graph(part)
        return self._known[key]


class _Tally:
    """Adds up one use. State: everything grows."""

    def __init__(self, surveyor: Surveyor, given: Values) -> None:
        self._surveyor = surveyor
        self._given = given
        self._forward = self._backward = Work()
        self._kept = self._cache = self._peak = self._alive = 0
        self._made: list[tuple[str, Use, list[_Root]]] = []

    def graph(self, recipe: Recipe) -> Use:
        """A composite."""
        flow = recipe.kind._fused or recipe.kind._common
        found: dict[fx.Node, Any] = {}
        dies = _last_uses(flow)
        inputs = iter([*self._given, *[None] * len(flow.nodes)])
        for node in flow.nodes:
            args = [_of(arg, found) for arg in node.args]
            if node.op == "placeholder":
                found[node] = next(inputs)
            elif node.op == "get_attr":
                found[node] = recipe.parts[str(node.target)]
            elif node.op == "output":
                return self._done(list(_values(args)))
            elif node.target is operator.getitem:
                found[node] = args[0][args[1]]
            else:
                found[node] = self._node(node, recipe.parts, args)
            self._bury(found, dies.get(node, ()))
        raise AssertionError("A graph without an output.")

    def _node(self, node: fx.Node, parts: Mapping[str, Part], args: list[Any]) -> Any:
        name = str(node.meta.get("path", node.target))
        if isinstance(node.target, FusedAttention):
            values, drop = args[:6], args[6] if len(args) > 6 else None
            p: Any = getattr(drop.config, "p", 0.0) if isinstance(drop, Leaf) else 0.0
            use = Use(fused_cost(node.target, p, tuple(_shapes(values))))
            return self._call(name, use, values)
        part = parts[str(node.target)]
        use = self._surveyor.use(part, _shapes(args), _same(args))
        if isinstance(part, Leaf) and part.spec.kind == "experts":
            use = _chosen(use, part, parts.get(str(getattr(node.args[1], "target", ""))))
        return self._call(name, use, args)

    def layers(self, part: Layers) -> Use:
        """A repeated composite."""
        values = list(self._given)
        names = [port.name for port in part.kind._taken]
        into, result = names.index(part.kind._carry[0]), []
        values += [None] * (len(names) - len(values))
        for layer in part.layers:
            before = values[into]
            use = self._surveyor.use(layer, _shapes(values), _same(values))
            outputs = self._call("", use, values)
            result = list(outputs) if isinstance(outputs, tuple) else [outputs]
            carried = result[list(part.kind._ports).index(part.kind._carry[1])]
            if before is not None and before.root is not carried.root and before.root.given is None:
                self._alive -= before.root.bytes
            values[into] = carried
        return self._done(result)

    def _call(self, name: str, use: Use, args: Values) -> Any:
        cost = use.cost
        for index in cost.kept_inputs:
            if (value := args[index]) is not None:
                value.root.kept = True
        results, roots = [], []
        for index, output in enumerate(cost.outputs):
            source = args[output.alias] if output.alias is not None else None
            root = source.root if source else _Root(output.of.bytes, kept=index in cost.kept_outputs)
            if source is None:
                roots.append(root)
            results.append(_Value(output.of, root))
        self._forward += cost.forward
        self._backward += cost.backward
        self._kept += cost.kept
        self._cache += cost.cache
        self._peak = max(self._peak, self._alive + cost.peak)
        self._alive += sum(root.bytes for root in roots)
        self._made.append((name, use, roots))
        return results[0] if len(results) == 1 else tuple(results)

    def _bury(self, found: dict[fx.Node, Any], dead: Iterable[fx.Node]) -> None:
        """Give the memory of values back that nothing will read."""
        for node in dead:
            for root in {id(v.root): v.root for v in _values(found.pop(node))}.values():
                if root.given is None and all(v.root is not root for v in _values(found.values())):
                    self._alive -= root.bytes

    def _done(self, outputs: Sequence[_Value]) -> Use:
        roots = [value.root for value in outputs]
        own = {id(root) for root in roots}
        inner = sum(r.bytes for _, _, made in self._made for r in made if r.kept and id(r) not in own)
        first = {id(root): i for i, root in reversed(list(enumerate(roots)))}
        cost = Cost(
            outputs=tuple(Output(value.of, value.root.given) for value in outputs),
            forward=self._forward, backward=self._backward, cache=self._cache, kept=self._kept + inner,
            kept_inputs=frozenset(i for i, value in enumerate(self._given) if value is not None and value.root.kept),
            kept_outputs=frozenset(first[id(r)] for r in roots if r.kept and r.given is None),
            peak=max(self._peak, self._alive),
        )  # fmt: skip
        return Use(cost, self._parts())

    def _parts(self) -> dict[str, tuple[Share, ...]]:
        """Equal parts in a row as one share."""
        found: dict[str, list[Share]] = {}
        for name, use, made in self._made:
            kept = use.cost.kept + sum(root.bytes for root in made if root.kept)
            shares = found.setdefault(name, [])
            if shares and shares[-1].use is use:
                last = shares.pop()
                shares.append(Share(use, last.times + 1, last.kept + kept))
            else:
                shares.append(Share(use, 1, kept))
        return {name: tuple(shares) for name, shares in found.items()}


def _chosen(use: Use, experts: Leaf, router: Part | None) -> Use:
    """Experts of which each token takes only some; the block itself does not know how many."""
    if not isinstance(router, Leaf):
        return use
    one: Any = router.config
    all_: Any = experts.config
    share, cost = getattr(one, "top_k", all_.n_experts) / all_.n_experts, use.cost
    forward, backward = cost.forward.part(share), cost.backward.part(share)
    return Use(replace(cost, forward=forward, backward=backward, kept=round(cost.kept * share)))


def _of(arg: Any, found: Mapping[fx.Node, Any]) -> Any:
    """What stands for an argument: values for nodes, and all else as it is."""
    if isinstance(arg, dict):
        return tuple(_of(x, found) for x in arg.values())
    if isinstance(arg, list | tuple):
        return tuple(_of(x, found) for x in arg)
    return found[arg] if isinstance(arg, fx.Node) else arg


def _values(found: Iterable[Any] | _Value) -> Iterator[_Value]:
    if isinstance(found, _Value):
        yield found
    elif isinstance(found, Iterable):
        for one in found:
            yield from _values(one)


def _shapes(values: Values) -> list[Shaped | None]:
    return [None if value is None else value.of for value in values]


def _same(values: Values) -> tuple[int, ...]:
    """For each value the index of the first one in the same memory."""
    roots = [None if value is None else value.root for value in values]
    return tuple(next((j for j in range(i) if roots[j] is root is not None), i) for i, root in enumerate(roots))


def _last_uses(graph: fx.Graph) -> dict[fx.Node, list[fx.Node]]:
    """The nodes that are read for the last time at each node."""
    last = {node: node for node in graph.nodes}
    for node in graph.nodes:
        last |= dict.fromkeys(node.all_input_nodes, node)
    found: dict[fx.Node, list[fx.Node]] = {}
    for node, end in last.items():
        found.setdefault(end, []).append(node)
    return found
