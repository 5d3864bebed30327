"""`code`: a graph as readable source."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from rich.text import Text

from builder.verbs.console import OUT, Verbs


def add_to(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add_parser("code", help="write a graph as one readable Python file that needs only torch")
    verb.add_argument("file", metavar="FILE", type=Path, help="a graph, or anything that carries one")
    verb.add_argument("-o", "--out", type=Path, help="file to write; the terminal if not given")
    verb.set_defaults(do=code)


def code(options: Namespace) -> int:
    """Write the source."""
    from builder import opening
    from builder.codegen import generate_code

    source = generate_code(opening.open_graph(options.file))
    if options.out is None:
        print(source, end="")
        return 0
    options.out.write_text(source, encoding="utf-8")
    OUT.print(Text(f"{options.out} written. Its build_model() builds the model; it needs only torch."), soft_wrap=True)
    return 0
