"""The rule about what a head's weight is tied to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from builder import sizes
from builder.catalogue import block_inputs
from builder.diagnostics import Fix, Where
from builder.document import RAIL_PORT, Document, Node, PortRef
from builder.edits import Batch, Edit, Tie, Untie
from builder.paths import Step, steps
from builder.rules.base import Finding, View, rule
from builder.rules.origins import Origin, origin
from engine.errors import DocumentError
from engine.settings import Value

HEADS = {"lm_head": "weight", "mlm_head": "decoder.weight"}  # and the parameter that has a row for each token
TABLE, SEGMENTS, WEIGHT = "token_embedding", "segment_embedding", "weight"
AFTER_HEADS = ("scale", "dropout", "activation")


@dataclass(frozen=True, eq=False)
class _Group:
    """Parameters that are one storage.

    Args:
        view: The model.
        paths: The parameters; the first of them stays.
    """

    view: View
    paths: tuple[str, ...]

    @property
    def document(self) -> Document:
        """The model."""
        return self.view.document

    def last(self, path: str) -> Step:
        """The block that has a parameter."""
        return steps(self.document, path)[-1]

    def node(self, path: str) -> Node:
        """Its node."""
        step = self.last(path)
        return self.document.definitions[step.definition].nodes[step.node]

    @cached_property
    def heads(self) -> list[str]:
        """Those that score the tokens of a vocabulary, or whatever else logits are of."""
        answers = {_path(end) for end in _answers(self.view)}
        ends = {path: HEADS.get(self.node(path).kind, " ") for path in self.paths}
        return [path for path, end in ends.items() if path.endswith(f".{end}") or path in answers]

    @cached_property
    def tables(self) -> list[str]:
        """Those that embed the tokens which the heads score."""
        return [path for path in self.paths if path not in self.heads and self.embeds(path)]

    @cached_property
    def wrong(self) -> list[str]:
        """Those that embed no tokens; without a table of the heads' tokens, those that embed others too."""
        rest = [path for path in self.paths if path not in (*self.heads, *self.tables)]
        return [path for path in rest if not self.tables or not self._reads(path)]

    def embeds(self, path: str) -> bool:
        """Whether a parameter may be the table of the tokens that the first head scores."""
        sized = [self._vocabulary(path), self._vocabulary(self.heads[0])]
        return self._reads(path) and (None in sized or sized[0] == sized[1])

    def _reads(self, path: str) -> bool:
        kind = self.node(path).kind
        return kind != SEGMENTS and any(port.kind == "ids" for port in block_inputs(kind))

    def _vocabulary(self, path: str) -> Value | None:
        """What the model calls the size of a vocabulary; `None` if a number says it, or a composite."""
        if self.last(path).definition != self.document.root:
            return None
        named = {symbol.name: symbol.value for symbol in self.document.main.symbols}
        size = self.node(path).settings.get("vocab_size")
        while isinstance(size, str) and isinstance(named.get(size), str) and named[size] in named:
            size = named[size]
        return size if isinstance(size, str) and size in named else None

    def is_even(self) -> bool:
        """Whether all exist and have one shape; else another rule tells."""
        try:
            return len({sizes.parameter_shape(self.document, path) for path in self.paths}) == 1
        except DocumentError:
            return False


def _groups(view: View) -> Iterator[_Group]:
    groups: list[list[str]] = []
    for first, kept in view.document.ties:
        joined = [group for group in groups if first in group or kept in group]
        groups = [group for group in groups if group not in joined]
        groups.append(list(dict.fromkeys([kept, *(path for group in joined for path in group), first])))
    yield from (_Group(view, tuple(group)) for group in groups)


def _answers(view: View) -> Iterator[Origin]:
    """The blocks that make logits."""
    for port in view.definition.outputs:
        source = origin(view, PortRef(port.name, RAIL_PORT)) if port.kind == "logits" else None
        yield from [block for block in (source.way() if source else ()) if block.kind not in AFTER_HEADS][:1]


def _path(block: Origin) -> str:
    """The path of a block's weight; that of a layer that is repeated is none."""
    return ".".join([*(use for _, use in block.trail), block.port.node, HEADS.get(block.kind, WEIGHT)])


@rule(
    "R033",
    "Head is tied to no table of its tokens",
    why="A tied head scores a token by how well the stream fits that token's vector in the embedding (Press & Wolf, "
    "arXiv:1608.05859). Rows of another table, such as those of positions, have nothing to do with the tokens, even "
    "where the shapes are equal.",
    severity="warning",
)
def tied_astray(view: View) -> Iterator[Finding]:
    """A head's weight is one storage with something that does not embed the tokens it scores."""
    for group in _groups(view) if view.is_root else ():
        if not group.is_even() or not group.heads:
            continue
        if group.wrong:
            head, step = group.heads[0], group.last(group.heads[0])
            mend = _mend(group)
            text = f"{head} is one with {group.wrong[0]}, which does not embed the tokens that {step.node} scores. "
            where = Where(definition=step.definition, node=step.node)
            yield Finding(message=f"{text}{mend.label}.", where=where, fixes=(mend,))


def _mend(group: _Group) -> Fix:
    """Tie the heads to the table of their tokens, and to nothing else."""
    head, tables = group.heads[0], group.tables or list(_tables(group))[:1]
    tied = dict.fromkeys(first for first, _ in group.document.ties if first in group.paths)
    untie = [Untie(first=first) for first in tied]
    kept = (tables or group.heads)[0]
    tie = [Tie(first=path, second=kept) for path in group.paths if path not in (kept, *group.wrong)]
    label = f"Untie {' and '.join(group.wrong)}" if group.tables else f"Untie {head}"
    if tables and not group.tables:
        label = f"Tie {head} to {kept} instead"
    edits: list[Edit] = [*untie, *tie]
    return Fix(label=label, edit=Batch(edits=tuple(edits), label=label))


def _tables(group: _Group) -> Iterator[str]:
    """Tables that fit the first head: that of the stream it reads, then any other; of tied ones the one that stays."""
    nodes, kept = group.document.main.nodes, dict(group.document.ties)
    stream = [_path(block) for end in _answers(group.view) for block in end.way() if block.kind == TABLE]
    others = [f"{name}.{WEIGHT}" for name, node in nodes.items() if node.kind == TABLE]
    for path in (*stream, *others):
        other = _Group(group.view, (path, group.heads[0]))
        if other.is_even() and group.embeds(path):
            yield kept.get(path, path)
