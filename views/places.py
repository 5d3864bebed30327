"""Places of a model in the words of the canvas: what a block is called, where it stands, messages that name both.

The builder names blocks by their ids, as files and the command line do: `ln_f.x carries …`. Nobody sees ids on the
canvas, so here they become `x of LayerNorm carries …`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace

from builder.catalogue import Signature, node_signature
from builder.diagnostics import Diagnostic, Where
from builder.document import RAIL_PORT, Definition, Document, Node

Path = tuple[str, ...]
_NAME = re.compile(r"(?<![\w.'])([A-Za-z_]\w*)((?:\.\w+)*)(?![\w'])")
_PLAIN = {"a", "an", "it", "one", "the"}
_BEFORE_NAMES = re.compile(  # where a plain word can only be a name
    r"(?:^|[.:] |\badds \S+ to |\b(?:of|round|through|before|after|what|that|with|by|Add|Move|Remove|Use) )$"
)
_AND = (" and ", " to ", ", ")


def title_of(node: Node, kind: Signature | None) -> str:
    """What the canvas calls a block."""
    return node.label or (kind.title if kind else node.kind)


def path_to(document: Document, name: str) -> Path | None:
    """The shortest way from the root to a use of the definition `name`."""
    queue: list[tuple[str, Path]] = [(document.root, ())]
    seen = {document.root}
    for here, path in queue:
        if here == name:
            return path
        for node_id, node in document.definitions[here].nodes.items():
            if node.kind in document.definitions and node.kind not in seen:
                seen.add(node.kind)
                queue.append((node.kind, (*path, node_id)))
    return None


@dataclass(frozen=True, eq=False)
class Places:
    """The places of one document. Remembers what it has called kinds of blocks and the nodes of each definition.

    Args:
        document: The model.
    """

    document: Document
    _known: dict[str, dict[str, str]] = field(default_factory=dict)
    _titles: dict[str, str] = field(default_factory=dict)

    def names(self, here: Definition) -> dict[str, str]:
        """What each node of a definition is called; those that share a title have their id in parentheses."""
        if here.name not in self._known:
            titles = {name: self._title(name, node) for name, node in here.nodes.items()}
            shared = Counter(titles.values())
            both = {name: f"{title} ({name})" if shared[title] > 1 else title for name, title in titles.items()}
            self._known[here.name] = both
        return self._known[here.name]

    def _title(self, name: str, node: Node) -> str:
        if node.label or node.is_rail:
            return node.label or name
        if node.kind not in self._titles:
            self._titles[node.kind] = title_of(node, node_signature(self.document, node, name))
        return self._titles[node.kind]

    def place(self, where: Where) -> str:
        """Where something is: `Attention core in Multi-head attention`, `Token embedding → LayerNorm`."""
        here = self.document.definitions.get(where.definition)
        if here is None:
            return where.definition
        ends = (where.wire.source.node, where.wire.target.node) if where.wire else (where.node,) if where.node else ()
        text = " → ".join(self.names(here).get(end, end) for end in ends)
        if here.name == self.document.root:
            return text or "The model"
        return f"{text} in {here.title}" if text else here.title

    def worded(self, problem: Diagnostic) -> Diagnostic:
        """A problem whose message and fixes name blocks as the canvas does."""
        at = problem.where.definition
        fixes = tuple(replace(fix, label=self.reworded(at, fix.label)) for fix in problem.fixes)
        return replace(problem, message=self.reworded(at, problem.message), fixes=fixes)

    def reworded(self, definition: str, text: str) -> str:
        """A message about a definition, with what the canvas calls its blocks in place of their ids.

        Ids that are plain words too, such as `head`, are taken as names only where a name must stand; the path of a
        parameter stays as it is.
        """
        if definition not in self.document.definitions:
            return text
        levels = self._levels(definition)
        said, at, last = "", 0, ""
        for match in _NAME.finditer(text):
            said += text[at : match.start()]
            follows = bool(last) and any(said.endswith(last + word) for word in _AND)
            name = self._named(levels, match[0], is_name=follows or bool(_BEFORE_NAMES.search(said)))
            if not said and not name and match[0] == self.document.root:
                name = "The model"
            said, at, last = said + (name or match[0]), match.end(), name or last
        return _smoothed(said + text[at:])

    def _levels(self, definition: str) -> list[Definition]:
        """A definition and those around it, the nearest first."""
        path = path_to(self.document, definition)
        if path is None:
            return [self.document.definitions[definition]]
        return [self.document.definition_at(path[:depth]) for depth in range(len(path), -1, -1)]

    def _named(self, levels: list[Definition], text: str, *, is_name: bool) -> str:
        """What is meant by an id, perhaps with a port or setting after it; empty if nothing that the canvas shows."""
        first, *rest = text.split(".")
        here = next((level for level in levels if first in level.nodes), None)
        if here is None or not ((is_name and first not in _PLAIN) or rest or re.search(r"[_\d]", first)):
            return ""
        if here.nodes[first].is_rail:
            return self.names(here)[first] if rest in ([], [RAIL_PORT]) else ""
        return self._inside(here, first, rest)

    def _inside(self, here: Definition, name: str, rest: list[str]) -> str:
        """A node, or what `rest` leads to within it: a node of a composite, a port, a setting."""
        node, within = here.nodes[name], ""
        while rest and node.kind in self.document.definitions:
            way = rest[1:] if rest[0].isdecimal() else rest  # a layer's number
            inner = self._below(self.document.definitions[node.kind], way[0]) if way else None
            if inner is None:
                break
            here, (name, *rest), within = inner, way, f" in {inner.title}"
            node = here.nodes[name]
        said = f"{self.names(here)[name]}{within}"
        if not rest:
            return said
        kind = node_signature(self.document, node, name)
        return f"{rest[0]} of {said}" if len(rest) == 1 and kind and _has(kind, rest[0], node) else ""

    def _below(self, here: Definition, name: str) -> Definition | None:
        """The definition that has a node `name`, this one or one used in it; rules leave out what is on the way."""
        queue = [here]
        for level in queue:
            if name in level.nodes:
                return None if level.nodes[name].is_rail else level
            kinds = {node.kind for node in level.nodes.values()}
            queue += [found for kind, found in self.document.definitions.items() if kind in kinds]
        return None


def _has(kind: Signature, name: str, node: Node) -> bool:
    """Whether a port or a setting is called so."""
    ports = (port.name for port in (*kind.inputs, *kind.outputs))
    return name in ports or kind.field(name) is not None or name in node.settings


def _smoothed(text: str) -> str:
    """`p of Dropout: Dropout: p is 2` says it twice, and `a Activation` is not English."""
    text = re.sub(r"^\w+ of ([^:(]+?)( \(\w+\))?: \1: ", r"\1\2: ", text)
    return re.sub(r"\b([Aa]) (?=[AEIO]|RMS)", r"\1n ", text)
