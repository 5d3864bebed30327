"""What a generated class says about itself: its docstring, and the head of its forward."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from builder.codegen import text
from builder.codegen.letters import Letters
from builder.codegen.steps import Line
from builder.codegen.units import Unit
from builder.document import Definition, PortRef
from engine.ports import Port

INDENT = " " * 4
KINDS = {"hidden": "Vectors", "ids": "Ids of the tokens"}  # what an input is of which nobody said what it is


def head(name: str, unit: Unit, arguments: Sequence[str], made_of: Sequence[str]) -> list[Line]:
    """`class GPTBlock(nn.Module):` and its docstring; `made_of` are the parts of the whole model, for its own."""
    definition = unit.definition
    if unit.root:
        first, others = text.parted(definition.about)
        summary, about = text.summary(first, "The whole model", INDENT)
        about = f"{about} {others}".strip()
    else:
        summary, about = text.summary(definition.about, text.clean(definition.title) or name, INDENT)
    paragraphs = [
        text.wrapped(about, text.WIDTH - len(INDENT)),
        text.wrapped(f"Made of: {', '.join(map(text.together, made_of))}.", text.WIDTH - len(INDENT))
        if made_of
        else [],
        _formula(definition),
        ["Args:", "    config: Sizes and choices."] if unit.root else _arguments(definition, arguments),
        _paper(definition),
    ]
    return [Line(f"class {name}(nn.Module):"), *_lines(summary, paragraphs)]


def _lines(summary: str, paragraphs: Iterable[list[str]], indent: str = INDENT) -> list[Line]:
    return [Line(line) for line in [*text.docstring(summary, paragraphs, indent), ""]]


def _formula(definition: Definition) -> list[str]:
    words = definition.formula.split(";  ") if ";  " in definition.formula else [definition.formula]
    lines = [text.clean(word) for word in words]
    room = text.WIDTH - len(INDENT)
    return [part for line in lines if line for part in text.wrapped(line, room, "    ", "        ")]


def _paper(definition: Definition) -> list[str]:
    words = re.sub(r"\b(eq\.|vol\.|p\.) (?=\d)", rf"\1{text.FIXED}", text.clean(definition.paper))
    return text.wrapped(f"Source: {words.rstrip('.')}.", text.WIDTH - len(INDENT)) if words else []


def _arguments(definition: Definition, arguments: Sequence[str]) -> list[str]:
    about = {symbol.name: text.sentence(symbol.setting.about) for symbol in definition.symbols}
    if not any(about[name] for name in arguments):
        return []
    return ["Args:", *(line for name in arguments for line in _entry(name, about[name]))]


def _entry(name: str, about: str) -> list[str]:
    return text.wrapped(f"{name}: {about}".strip(), text.WIDTH - len(INDENT), "    ", "        ")


def function(name: str, arguments: Sequence[str], result: str) -> list[Line]:
    """The first lines of a method, one argument a line where they do not fit."""
    line = f"{INDENT}def {name}({', '.join(arguments)}) -> {result}:"
    if text.width(line) <= text.WIDTH:
        return [Line(line)]
    return [
        Line(f"{INDENT}def {name}("),
        *(Line(f"{INDENT * 2}{argument},") for argument in arguments),
        Line(f"{INDENT}) -> {result}:"),
    ]


def forward(unit: Unit, letters: Letters) -> list[Line]:
    """The head of `forward` and its docstring."""
    given = [f"{port.name}: {_type(unit, port)}" for port in unit.inputs]
    results = unit.outputs
    if len(results) == 1:
        result = "Tensor"
    else:
        result = "dict[str, Tensor]" if unit.root else f"tuple[{', '.join(['Tensor'] * len(results))}]"
    lines = function("forward", ("self", *given), result)
    what = _listed([_shaped(port.name, letters.of(PortRef(port.name, "value"))) for port in unit.inputs])
    out = _listed([_shaped(port.name, letters.of(PortRef(port.name, "value"))) for port in results])
    summary = f"From {what} to {out}."
    owners = frozenset(port.name for port in unit.inputs)
    return [*(replace(line, owners=owners) for line in lines), *map(Line, _short(summary, unit, letters))]


def _short(summary: str, unit: Unit, letters: Letters) -> list[str]:
    indent = INDENT * 2
    if text.width(summary) + len(indent) + 6 <= text.WIDTH:
        return [f'{indent}"""{summary}"""']
    entries = [_described(port, letters) for port in unit.inputs]
    out = _listed([_shaped(port.name, letters.of(PortRef(port.name, "value"))) for port in unit.outputs])
    room = text.WIDTH - len(indent)
    inputs = [line for entry in entries for line in text.wrapped(entry, room, "    ", "        ")]
    ends = text.wrapped(f"{out}.", room, "    ", "        ")
    names = _listed([port.name for port in unit.inputs])
    first = f"From {names} to {_listed([port.name for port in unit.outputs])}."
    return text.docstring(
        first if text.width(first) < room - 6 else "Compute the outputs.",
        [["Args:", *inputs], ["Returns:", *ends]],
        indent,
    )


def _described(port: Port, letters: Letters) -> str:
    shape = text.together(letters.of(PortRef(port.name, "value")))
    about = text.clean(port.about).rstrip(".") or KINDS.get(port.kind, port.kind.capitalize())
    return f"{port.name}: {about}, {shape}." if shape else f"{port.name}: {about}."


def _type(unit: Unit, port: Port) -> str:
    return "Tensor | None = None" if port.name in unit.unsure else "Tensor"


def _shaped(name: str, shape: str) -> str:
    return f"{name} {shape}".strip()


def _listed(words: list[str]) -> str:
    if len(words) < 2:
        return "".join(words) or "nothing"
    return f"{', '.join(words[:-1])} and {words[-1]}"
