"""The table of templates, and how a template becomes a document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from builder.composites import LIBRARY
from builder.document import Definition, Document
from builder.layout import arrange
from builder.library import needed
from builder.values import scope
from engine.errors import UnknownNameError
from engine.registry import Registry, did_you_mean
from engine.settings import Value

Ties = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Template:
    """A model of the gallery.

    Args:
        name: What `build` calls it.
        title: What the gallery calls it.
        about: What it is and what it is good for.
        paper: Where it comes from.
        make: Draws its root.
        ties: Parameters that are the same storage.
        task: The task it is made for; empty where several fit.
        parts: Definitions that it is made of and the library has not.
    """

    name: str
    title: str
    about: str
    paper: str
    make: Callable[[], Definition]
    ties: Ties = ()
    task: str = ""
    parts: tuple[Definition, ...] = ()

    @property
    def symbols(self) -> dict[str, Value]:
        """What can be set, and its value if it is not."""
        return {symbol.name: symbol.value for symbol in self.make().symbols}


TEMPLATES: Registry[Template] = Registry("template")


def add(template: Template) -> None:
    """Put a template into the gallery.

    Raises:
        ValueError: If its name is taken.
    """
    TEMPLATES.add(template.name, template)


def names() -> list[str]:
    """What `build` can build, in the order of the gallery."""
    return list(TEMPLATES)


def build(name: str, **symbols: Value) -> Document:
    """Make a document from a template.

    Args:
        name: One of `names()`.
        symbols: Values for its symbols, numbers or expressions: `d_model=64, d_ff="2*d_model"`.

    Raises:
        UnknownNameError: If there is no such template or symbol; the message has the closest name.
        SettingError: If a value has the wrong type or is out of range.
        ExpressionError: If an expression cannot be read.
    """
    template = TEMPLATES[name]
    root = with_values(template.make(), symbols, f"Template {name!r}")
    root = replace(root, about=root.about or template.about, paper=root.paper or template.paper)
    document = assembled(root, *template.parts)
    return replace(document, name=template.title, ties=template.ties, task=template.task)


def assembled(root: Definition, *parts: Definition) -> Document:
    """A document whose model is `root`, with `parts` and what it needs of the library, laid out in order."""
    known = {**LIBRARY, **{part.name: part for part in parts}}
    kinds = dict.fromkeys(node.kind for node in root.nodes.values())
    found = {part: d for kind in kinds for part, d in needed(kind, known).items()}
    document = Document(definitions={root.name: root, **found}, root=root.name)
    return arrange(document).apply(document)


def with_values(root: Definition, values: dict[str, Value], what: str) -> Definition:
    """`root` with other values for its symbols; `what` is what messages call it.

    Raises:
        UnknownNameError: If there is no such symbol; the message has the closest name.
        SettingError: If a value has the wrong type or is out of range.
        ExpressionError: If an expression cannot be read.
    """
    known = [symbol.name for symbol in root.symbols]
    for name in values:
        if name not in known:
            raise UnknownNameError(f"{what} has no symbol {name!r}. {did_you_mean(name, known)}")
    changed = root.with_symbols(replace(s, value=values.get(s.name, s.value)) for s in root.symbols)
    scope(changed)
    return changed
