"""Which lines are about which node, and the other way round."""

from __future__ import annotations

import pytest

import builder
from builder.codegen import Generated, generate
from builder.document import Document


def text(made: Generated, path: str) -> list[str]:
    """The lines of a node, without their indent."""
    lines = made.source.splitlines()
    return [line.strip() for first, last in made.lines(path) for line in lines[first - 1 : last]]


def paths(document: Document) -> list[str]:
    """Drawn paths of all nodes."""
    found, waiting = [], [((), document.root)]
    for path, name in waiting:
        for node_id, node in document.definition(name).nodes.items():
            here = (*path, node_id)
            found.append(".".join(here))
            if node.kind in document.definitions:
                waiting.append((here, node.kind))
    return found


@pytest.mark.parametrize("name", builder.templates.names())
def test_every_node_that_is_there_has_its_lines(name: str) -> None:
    made = generate(builder.templates.build(name))

    missing = [path for path in paths(made.document) if not made.lines(path)]

    # An optional input that nobody wires, and what hangs on it, is not in the file.
    assert all(path.rpartition(".")[2] in ("padding", "memory", "memory_padding", "segments") for path in missing)


def test_a_block_has_the_line_that_makes_it_and_the_one_that_uses_it() -> None:
    made = generate(builder.templates.build("gpt2"))

    assert text(made, "blocks.ffn.up") == [
        "self.up = nn.Linear(d_model, d_ff)",
        'return self.down(F.gelu(self.up(x), approximate="tanh"))  # (B, T, D)',
    ]


def test_layers_have_the_list_and_the_loop() -> None:
    lines = text(generate(builder.templates.build("gpt2")), "blocks")

    assert lines[0] == "self.blocks = nn.ModuleList("
    assert lines[-2:] == ["for block in self.blocks:", "x = block(x, padding)  # (B, T, D)"]


def test_a_block_that_does_nothing_has_the_line_of_what_it_hands_on() -> None:
    made = generate(builder.templates.build("tiny"))
    drop = builder.templates.build("gpt2", dropout=0.0)

    assert text(made, "emb_drop")
    assert text(generate(drop), "blocks.attn_add")


def test_an_input_has_the_head_of_the_forward() -> None:
    assert text(generate(builder.templates.build("tiny")), "tokens") == ["def forward(self, tokens: Tensor) -> Tensor:"]


def test_lines_lead_back_to_their_nodes() -> None:
    made = generate(builder.templates.build("gpt2"))

    for path in ("blocks.ffn.up", "blocks.attn.core", "ln_f", "tokens"):
        for first, last in made.lines(path):
            definition, nodes = made.nodes(first, last)
            assert path.rpartition(".")[2] in nodes
            assert definition == made.document.definition_at(path.split(".")[:-1]).name


def test_a_path_to_nothing_has_no_lines() -> None:
    made = generate(builder.templates.build("gpt2"))

    assert made.lines("blocks.nothing.q_proj") == ()
    assert made.nodes(1, 2) == ("", ())
