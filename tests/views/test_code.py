"""The code pane shows the source of the document, marks what is selected, and selects what is clicked."""

from __future__ import annotations

import pytest

from builder import templates
from builder.codegen import generate_code
from builder.edits import Disconnect, SetSetting
from views.code import HINT, CodePane
from views.selection import Selection
from views.session import Session


class Sight:
    """Whether the pane is in sight."""

    def __init__(self) -> None:
        self.on = True

    def __call__(self) -> bool:
        """Say so."""
        return self.on


@pytest.fixture
def session() -> Session:
    return Session(templates.build("tiny"))


@pytest.fixture
def sight() -> Sight:
    return Sight()


@pytest.fixture
def pane(session: Session, sight: Sight) -> CodePane:
    return CodePane(session, Selection(), sight)


def say(pane: CodePane, **message: object) -> None:
    for handler in pane.part._handlers:
        handler(message)


def text(pane: CodePane) -> str:
    """The marked lines, without their indent."""
    lines = pane.part.source.splitlines()
    return "\n".join(line.strip() for first, last in pane.part.marked for line in lines[first - 1 : last])


def line_of(pane: CodePane, words: str) -> int:
    return next(number for number, line in enumerate(pane.part.source.splitlines(), 1) if words in line)


def test_the_source_is_that_of_the_document(pane: CodePane, session: Session) -> None:
    assert pane.part.source == generate_code(session.document)
    assert pane.part.note == HINT


def test_a_selected_block_marks_its_lines(pane: CodePane, session: Session) -> None:
    session.select(("ln_f",))

    assert "self.ln_f = nn.LayerNorm(config.d_model)" in text(pane)
    assert "self.lm_head(self.ln_f(x))" in text(pane)
    assert "tok_emb" not in text(pane)


def test_a_block_inside_marks_the_lines_of_its_class(pane: CodePane, session: Session) -> None:
    session.open(("blocks", "attn"))
    session.select(("q_proj",))

    assert text(pane).splitlines() == [
        "self.q_proj = nn.Linear(d_model, d_model)",
        "q = split_heads(self.q_proj(x), self.n_heads)  # (B, H, T, K)",
    ]
    assert pane.part.note == "blocks.attn.q_proj"


def test_a_block_chosen_in_another_pane_is_marked_where_it_lies(session: Session, sight: Sight) -> None:
    selection = Selection()
    pane = CodePane(session, selection, sight)
    session.select(("blocks",))

    selection.set("attention", node="blocks.0.attn.core", layer=0)

    assert "scaled_dot_product_attention" in text(pane)


def test_a_click_on_a_line_opens_the_level_and_selects_its_blocks(pane: CodePane, session: Session) -> None:
    line = line_of(pane, "self.down(")

    say(pane, lines=[line, line])

    assert session.path == ("blocks", "ffn")
    assert set(session.nodes) == {"up", "act", "down"}


def test_a_click_on_a_name_selects_its_block_alone(pane: CodePane, session: Session) -> None:
    line = line_of(pane, "self.down(")

    say(pane, lines=[line, line], node="up")

    assert session.nodes == ("up",)


def test_several_lines_select_all_their_blocks(pane: CodePane, session: Session) -> None:
    first = line_of(pane, "self.k_proj = ")

    say(pane, lines=[first, first + 1])

    assert set(session.nodes) == {"k_proj", "q_proj"}


def test_lines_outside_all_classes_select_nothing(pane: CodePane, session: Session) -> None:
    session.select(("ln_f",))

    say(pane, lines=[1, 3])

    assert session.nodes == ("ln_f",)


def test_nothing_is_written_while_the_pane_is_out_of_sight(pane: CodePane, session: Session, sight: Sight) -> None:
    before = pane.part.source
    sight.on = False

    session.apply(SetSetting(at=session.document.root, node="ln_f", name="eps", value=1e-3))
    assert pane.part.source == before
    sight.on = True
    pane.refresh()

    assert "eps=0.001" in pane.part.source


def test_a_model_that_cannot_be_built_leaves_the_last_source_and_says_why(pane: CodePane, session: Session) -> None:
    before = pane.part.source
    wire = next(w for w in session.document.main.wires if w.target.node == "ln_f")

    session.apply(Disconnect(at=session.document.root, wire=wire))
    assert "ln_f: the input 'x' has no wire" in pane.part.problem
    assert pane.part.source == before
    session.undo()

    assert pane.part.problem == ""
