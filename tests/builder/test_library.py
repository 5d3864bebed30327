"""The blocks that stand between two kinds of ports."""

from __future__ import annotations

import pytest

from builder.edits import Connect
from builder.library import BRIDGES, bridge, title
from engine.blocks.spec import CATALOGUE
from engine.errors import EditError
from engine.ports import kinds_fit
from tests.builder.drawn import document, end, problem, wires


@pytest.mark.parametrize("pair", BRIDGES, ids="-".join)
def test_a_bridge_takes_the_one_kind_and_gives_the_other(pair: tuple[str, str]) -> None:
    block = CATALOGUE[BRIDGES[pair]]

    assert kinds_fit(pair[0], next(port for port in block.inputs if not port.optional).kind)
    assert kinds_fit(next(port for port in block.outputs if not port.watch).kind, pair[1])


def test_queries_keys_and_values_are_bridged_as_heads() -> None:
    assert [bridge("hidden", kind) for kind in ("query", "key", "value")] == ["split_heads"] * 3
    assert bridge("value", "hidden") == "merge_heads"
    assert bridge("logits", "ids") is None


@pytest.mark.parametrize("pair", BRIDGES, ids="-".join)
def test_who_draws_a_wire_and_who_opens_a_file_with_it_are_offered_the_same_block(pair: tuple[str, str]) -> None:
    shapes = {"ids": "B T", "heads": "B 2 T 4", "pooled": "B 8", "pixels": "B 1 8 8"}
    ends = {name: f"{kind} {shapes.get(kind, 'B T 8')}" for name, kind in zip(("x", "y"), pair, strict=True)}
    apart = document({"x": end("input", ends["x"]), "y": end("output", ends["y"])}, "")
    (wire,) = wires("x.value>y.value")
    words = f"Put a {title(BRIDGES[pair])} block between"

    with pytest.raises(EditError, match=words):
        Connect(source=wire.source, target=wire.target).apply(apart)
    joined = apart.with_definition(apart.main.with_wires([wire]))
    assert words in [fix.label for fix in problem(joined, "S002").fixes]
