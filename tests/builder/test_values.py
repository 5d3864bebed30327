"""What settings, symbols and repeats are worth."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builder.codegen import generate_code
from builder.compile import compile_document
from builder.document import Node
from builder.edits import SetRepeat
from builder.limits import MAX_REPEAT
from builder.values import known_scope, layers_of
from engine.errors import CompileError, EditError, ExpressionError
from tests.builder.drawn import problem
from tests.builder.small_documents import tiny

WRONG = [0, MAX_REPEAT + 1, "dropout", "d_model*d_model*d_model", "nobody"]


@pytest.mark.parametrize(("repeat", "layers"), [(None, 1), (1, 1), (MAX_REPEAT, MAX_REPEAT), ("2*n", 6)])
def test_a_node_has_as_many_layers_as_its_repeat_is_worth(repeat: int | str | None, layers: int) -> None:
    assert layers_of(Node(kind="mlp", repeat=repeat), {"n": 3}) == layers


@pytest.mark.parametrize("repeat", WRONG)
def test_a_wrong_number_of_layers_is_refused_everywhere_in_the_same_words(repeat: int | str) -> None:
    main = tiny().main
    wrong = tiny().with_definition(main.with_nodes({"blocks": replace(main.node("blocks"), repeat=repeat)}))
    with pytest.raises(ExpressionError) as refused:
        layers_of(wrong.main.node("blocks"), known_scope(wrong.main))
    words = f"blocks: {refused.value}"

    assert problem(wrong, "R012").message == words
    with pytest.raises(CompileError) as compiled:
        compile_document(wrong)
    with pytest.raises(CompileError) as written:
        generate_code(wrong)
    with pytest.raises(EditError) as edited:
        SetRepeat(node="blocks", repeat=repeat).apply(tiny())
    assert {str(error.value) for error in (compiled, written, edited)} == {words}
