"""The generated file: what it imports, its settings, parts, classes and how to build the model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from builder.codegen import config, text, tying
from builder.codegen.classes import ClassWriter, Made
from builder.codegen.identifiers import Identifiers, camel
from builder.codegen.letters import KEY
from builder.codegen.partlist import Parts
from builder.codegen.steps import Line
from builder.codegen.units import Key, Unit, Units
from builder.document import Document

Span = tuple[int, int]
Place = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Generated:
    """A generated file and where its nodes are in it.

    Args:
        source: The text.
        places: Lines of each node, as (first, last) counted from 1, by definition and node.
        classes: Lines of each class, by definition.
        document: What it was made of.
    """

    source: str
    places: Mapping[Place, tuple[Span, ...]]
    classes: Mapping[str, tuple[Span, ...]]
    document: Document

    def lines(self, path: str) -> tuple[Span, ...]:
        """The lines of a node.

        Args:
            path: Ids from the root, parted by dots, without indices of repeats; empty for the whole model.
        """
        here, found = self.document.main, self.classes.get(self.document.root, ())
        for name in path.split(".") if path else ():
            node = here.nodes.get(name)
            if node is None:
                return ()
            found = self.places.get((here.name, name), ())
            here = self.document.definitions.get(node.kind, here)
        return found

    def nodes(self, first: int, last: int) -> tuple[str, tuple[str, ...]]:
        """The definition that lines are about, and its nodes that they are about.

        Args:
            first: The first line, counted from 1.
            last: The last one.

        Returns:
            The definition of the first class among them, empty outside all classes; and ids.
        """
        found = [n for n, spans in self.classes.items() if _meet(spans, first, last)]
        name = min(found, key=lambda n: self.classes[n]) if found else ""
        inside = (node for (d, node), spans in self.places.items() if d == name and _meet(spans, first, last))
        return name, tuple(inside)


def _meet(spans: tuple[Span, ...], first: int, last: int) -> bool:
    return any(a <= last and first <= b for a, b in spans)


def generate(document: Document) -> Generated:
    """Write the model as one module that imports only torch, with a map from nodes to lines.

    Args:
        document: The model; it need not have been validated.

    Raises:
        CompileError: If it cannot become a model; the message says at which path.
    """
    return _Module(document).write()


def generate_code(document: Document) -> str:
    """Write the model as one module that imports only torch.

    Its `build_model()` gives a module with the same `state_dict` keys as `compile_document` and the same outputs on
    the same weights; it is called by the names of the input ports: `model(tokens=ids)`.

    Args:
        document: The model; it need not have been validated.

    Raises:
        CompileError: If it cannot become a model; the message says at which path.
    """
    return generate(document).source


@dataclass
class _Module:
    """The file in the making. State: names, parts and classes are added one by one."""

    document: Document
    made: dict[Key, Made] = field(default_factory=dict)

    def write(self) -> Generated:
        """Write the file."""
        units = Units(self.document)
        root = units.root()
        self.names = Identifiers(_typed_names(self.document))
        self.parts = Parts(self.names)
        for unit in units.ordered(root):
            self._class(units, unit, root)
        return self._assembled(self.made[root.key])

    def _class(self, units: Units, unit: Unit, root: Unit) -> None:
        ties = tying.statements(self.document) if unit is root else []
        name = self.names.fresh(self._wanted(unit))
        writer = ClassWriter(self.document, units, unit, name, self.made, self.parts, lambda: self.names.given)
        self.made[unit.key] = writer.write(ties)

    def _wanted(self, unit: Unit) -> str:
        if unit.root:
            return camel(self.document.name) or "Model"
        absent = [p.name for p in unit.definition.inputs if p.name not in unit.there.nodes and p.optional]
        name = camel(unit.definition.title) or camel(unit.definition.name) or "Block"
        first = all(made.unit.definition.name != unit.definition.name for made in self.made.values())
        return name if first else f"{name}Without{''.join(map(camel, absent))}" if absent else f"{name}Whole"

    def _assembled(self, root: Made) -> Generated:
        body = [*_lines(config.lines(self.document.main))]
        for source in self.parts.sources():
            body += [Line(""), Line(""), *_lines(source.splitlines())]
        starts: list[tuple[int, Made]] = []
        for made in self.made.values():
            body += [Line(""), Line("")]
            starts.append((len(body), made))
            body += made.lines
        body += _lines(_ending(root.name))
        head = _lines([*self._docstring(root), "", *_imports(body), "", ""])
        places, classes = _map(starts, len(head) + 1)
        source = "\n".join(line.text for line in [*head, *body]) + "\n"
        return Generated(source=source, places=places, classes=classes, document=self.document)

    def _docstring(self, root: Made) -> list[str]:
        letters = {letter for made in self.made.values() for letter in made.letters}
        key = ", ".join(text.together(f"{letter} {meaning}") for letter, meaning in KEY.items() if letter in letters)
        summary, _ = text.summary("", text.clean(self.document.name) or root.name, "")
        paragraphs = [
            text.wrapped(text.parted(self.document.main.about)[0], text.WIDTH),
            [
                "Made by Stepwise from a drawn graph; needs nothing but PyTorch. The names of",
                "parameters are the paths of the graph's nodes.",
            ],
            text.wrapped(f"Shapes: {key}.", text.WIDTH) if key else [],
        ]
        return text.docstring(summary, paragraphs, "")


def _lines(texts: list[str]) -> list[Line]:
    return [Line(line) for line in texts]


def _imports(body: list[Line]) -> list[str]:
    """The imports that the file needs, and no other."""
    source = "\n".join(line.text.split("  #")[0] for line in body)

    def uses(pattern: str) -> bool:
        return re.search(rf"(?<![\w.]){pattern}", source) is not None

    standard = [*(["import math"] if uses(r"math\.") else []), "from dataclasses import dataclass"]
    torch = [*(["import torch"] if uses(r"torch\.") else [])]
    torch += ["import torch.nn.functional as F"] if uses(r"F\.") else []
    return ["from __future__ import annotations", "", *standard, "", *torch, "from torch import Tensor, nn"]


def _ending(root: str) -> list[str]:
    return [
        "", "",
        f"def build_model(config: Config | None = None) -> {root}:",
        '    """Build the model with fresh weights."""',
        f"    return {root}(config or Config())",
        "", "",
        'if __name__ == "__main__":',
        "    model = build_model()",
        '    print(f"{sum(p.numel() for p in model.parameters()):,} parameters")',
    ]  # fmt: skip


def _map(
    starts: list[tuple[int, Made]], offset: int
) -> tuple[dict[Place, tuple[Span, ...]], dict[str, tuple[Span, ...]]]:
    places: dict[Place, list[Span]] = {}
    classes: dict[str, list[Span]] = {}
    for start, made in starts:
        name, first = made.unit.definition.name, start + offset
        classes.setdefault(name, []).append((first, first + len(made.lines) - 1))
        for number, line in enumerate(made.lines, first):
            for owner in line.owners:
                _extend(places.setdefault((name, owner), []), number)
    return {p: tuple(spans) for p, spans in places.items()}, {n: tuple(spans) for n, spans in classes.items()}


def _extend(spans: list[Span], line: int) -> None:
    if spans and spans[-1][1] == line - 1:
        spans[-1] = (spans[-1][0], line)
    else:
        spans.append((line, line))


def _typed_names(document: Document) -> set[str]:
    """Names in the drawing that become arguments of methods."""
    found: set[str] = set()
    for definition in document.definitions.values():
        found |= {port.name for port in (*definition.inputs, *definition.outputs)}
        found |= {symbol.name for symbol in definition.symbols}
    return found
