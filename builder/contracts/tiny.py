"""A small copy of a model that behaves like it, so that contracts take a second whatever its size.

Symbols of the root are made smaller, layers that are alike are kept twice, long windows are cut. Definitions and nodes
keep their names, so that a place in the copy is the same place in the model. What the copy does not allow, because a
size stands somewhere as a number, is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from builder.document import Definition, Document, Node
from builder.paths import steps
from builder.sizes import parameters_of
from builder.validate import validate, views
from builder.values import known_scope, layers_of
from engine.errors import DocumentError, ExpressionError
from engine.settings import Value

Kept = Mapping[tuple[str, str], tuple[int, ...]]
K, VOCABULARY, LENGTH, WINDOW, PREFIX, LAYERS = 8, 19, 24, 3, 2, 2
LARGEST = 20_000_000  # parameters of a copy; more takes too long


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A small copy.

    Args:
        document: The copy.
        kept: The layers that each repeated node (definition, node) has kept, as indices of the model.
    """

    document: Document
    kept: Kept

    @property
    def small(self) -> bool:
        """Whether it is small enough to be run."""
        return parameters_of(self.document) <= LARGEST

    def layer(self, definition: str, node: str, index: int) -> int:
        """The layer of the model that a layer of the copy stands for."""
        kept = self.kept.get((definition, node), ())
        return kept[index] if index < len(kept) else index


def copy_of(document: Document) -> Copy:
    """The smallest copy that is as well-formed as `document`."""
    kept = dict(_kept(document))
    fewer = _with_ties(_with_layers(document, kept), document, kept)
    for width, words in ((True, True), (False, True), (False, False)):
        small = _smaller(fewer, width=width, words=words)
        if small is not None and validate(small).ok:
            return Copy(document=small, kept=kept)
    return Copy(document=fewer, kept=kept) if validate(fewer).ok else Copy(document=document, kept={})


def _kept(document: Document) -> Iterator[tuple[tuple[str, str], tuple[int, ...]]]:
    """The layers that matter of each repeated node."""
    tied = _tied(document)
    counts: dict[tuple[str, str], int] = {}
    for view in views(document):
        for name, node in view.definition.nodes.items():
            if node.repeat is not None:
                key = (view.name, name)
                counts[key] = max(counts.get(key, 1), _count(node, view.around.scope))
    for (where, name), count in counts.items():
        node = document.definitions[where].nodes[name]
        special = {tuple(sorted(own.items())): i for i, own in reversed(list(node.overrides.items())) if i < count}
        wanted = {0, *special.values(), *(i for i in tied.get((where, name), ()) if i < count)}
        plain = [i for i in range(count) if i not in wanted and i not in node.overrides]
        while len(wanted) < LAYERS and plain:
            wanted.add(plain.pop(0))
        yield (where, name), tuple(sorted(wanted)[:6])


def _count(node: Node, scope: Mapping[str, Value]) -> int:
    try:
        return layers_of(node, scope)
    except ExpressionError:
        return 1


def _tied(document: Document) -> dict[tuple[str, str], set[int]]:
    found: dict[tuple[str, str], set[int]] = {}
    for path in (path for tie in document.ties for path in tie):
        try:
            through = steps(document, path)
        except DocumentError:
            continue
        parts = path.split(".")
        for step in through:
            if step.layered:
                found.setdefault((step.definition, step.node), set()).add(int(parts[step.place + 1]))
    return found


def _with_layers(document: Document, kept: Kept) -> Document:
    for (where, name), layers in kept.items():
        here = document.definitions[where]
        node = here.nodes[name]
        overrides = {new: node.overrides[old] for new, old in enumerate(layers) if old in node.overrides}
        changed = replace(node, repeat=len(layers), overrides=overrides)
        document = document.with_definition(here.with_nodes({name: changed}))
    return document


def _with_ties(document: Document, model: Document, kept: Kept) -> Document:
    """Ties whose paths lead through the layers that are kept."""
    ties = []
    for tie in model.ties:
        pair = [_path(model, path, kept) for path in tie]
        if pair[0] is not None and pair[1] is not None:
            ties.append((pair[0], pair[1]))
    return replace(document, ties=tuple(ties))


def _path(model: Document, path: str, kept: Kept) -> str | None:
    try:
        through = steps(model, path)
    except DocumentError:
        return path
    parts = path.split(".")
    for step in through:
        layers = kept.get((step.definition, step.node), ())
        if step.layered:
            index = int(parts[step.place + 1])
            if index not in layers:
                return None
            parts[step.place + 1] = str(layers.index(index))
    return ".".join(parts)


def _smaller(document: Document, *, width: bool, words: bool) -> Document | None:
    scope = known_scope(document.main)
    values = _values(scope, width=width, words=words)
    main = document.main
    symbols = [
        replace(s, value=values[s.name]) if s.name in values and type(s.value) is int else s for s in main.symbols
    ]
    document = document.with_definition(main.with_symbols(symbols))
    longest = scope.get("max_len", 1_000)
    for definition in document.definitions.values():
        document = document.with_definition(_cut(definition, longest if isinstance(longest, int) else 1_000))
    return document


def _values(scope: Mapping[str, Value], *, width: bool, words: bool) -> dict[str, int]:
    """Smaller values of the symbols that are whole numbers."""
    sizes = {name: value for name, value in scope.items() if type(value) is int}
    small: dict[str, int] = {}
    if words:
        limits = {"vocab_size": VOCABULARY, "max_len": LENGTH}
        small |= {name: min(sizes[name], most) for name, most in limits.items() if name in sizes}
    if width and {"d_model", "n_heads"} <= sizes.keys():
        groups = sizes.get("n_kv_heads", sizes["n_heads"])
        share = max(1, sizes["n_heads"] // max(1, groups))
        few = min(groups, 2)
        if share > 4:
            few, share = min(few, 2), 4
        heads = few * share
        small |= {"n_heads": heads, "d_model": K * heads}
        small |= {"n_kv_heads": few} if "n_kv_heads" in sizes else {}
        small |= {name: K for name in ("d_kv", "d_head", "head_dim") if name in sizes}
        small |= {name: 2 * K * heads for name in ("d_ff", "d_expert") if name in sizes}
    return small


_CUTS = {"window": WINDOW, "prefix": PREFIX}


def _cut(definition: Definition, longest: int) -> Definition:
    """Shorter windows and prefixes, so that a short sequence shows them; those that reach over all are left."""

    def shorter(name: str, value: Value) -> Value:
        few = type(value) is int and name in _CUTS and (name == "window" or value < longest)
        return min(value, _CUTS[name]) if few and isinstance(value, int) else value

    nodes = {
        name: replace(node, settings={key: shorter(key, value) for key, value in node.settings.items()})
        for name, node in definition.nodes.items()
        if _CUTS.keys() & node.settings.keys()
    }
    if _CUTS.keys() & {symbol.name for symbol in definition.symbols}:
        definition = definition.with_symbols(replace(s, value=shorter(s.name, s.value)) for s in definition.symbols)
    return definition.with_nodes(nodes) if nodes else definition
