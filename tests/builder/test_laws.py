"""What holds after any edits whatever: undo brings back, files keep, documents stay sound."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder import store, templates
from builder.document import Document
from builder.edits import Edit
from builder.history import History
from builder.soundness import check
from engine.errors import EditError
from tests.builder.edit_strategies import edits
from tests.builder.small_documents import tiny

LONG = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
STEPS = st.integers(1, 12)


DOCUMENTS = [tiny(), templates.build("gpt2", n_layers=2), templates.build("transformer")]


def apply_some(data: st.DataObject, history: History, steps: int) -> list[Edit]:
    """Apply random edits and return those that were not refused."""
    done = []
    for _ in range(steps):
        edit = data.draw(edits(history.document))
        with suppress(EditError):
            history.apply(edit)
            done.append(edit)
    return done


@LONG
@given(st.data(), STEPS)
def test_undo_after_any_edits_restores_the_document_exactly(data: st.DataObject, steps: int) -> None:
    start = data.draw(st.sampled_from(DOCUMENTS))
    history = History(start)
    documents = [history.document]
    for _ in range(steps):
        with suppress(EditError):
            history.apply(data.draw(edits(history.document)))
        documents.append(history.document)

    while history.undo_label:
        assert history.undo() in documents
    assert history.document == start

    while history.redo_label:
        history.redo()
    assert history.document == documents[-1]


@LONG
@given(st.data(), STEPS)
def test_a_document_after_any_edits_is_read_back_as_it_was_written(data: st.DataObject, steps: int) -> None:
    history = History(data.draw(st.sampled_from(DOCUMENTS)))
    apply_some(data, history, steps)

    text = store.dumps(history.document)

    assert store.loads(text) == history.document
    assert store.dumps(store.loads(text)) == text


@LONG
@given(st.data(), STEPS)
def test_no_edit_changes_the_document_it_is_applied_to(data: st.DataObject, steps: int) -> None:
    document, text = tiny(), store.dumps(tiny())
    for _ in range(steps):
        before, written = document, store.dumps(document)
        with suppress(EditError):
            document = data.draw(edits(document)).apply(document)
        assert store.dumps(before) == written

    assert store.dumps(tiny()) == text


@LONG
@given(st.data(), STEPS)
def test_the_same_edits_give_the_same_document(data: st.DataObject, steps: int) -> None:
    done = apply_some(data, first := History(tiny()), steps)

    second: Document = tiny()
    for edit in done:
        second = edit.apply(second)

    assert second == first.document
    check(second)
