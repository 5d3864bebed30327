"""The inspector's forms become edits, and show what they were given."""

from __future__ import annotations

from typing import Any

import pytest

from builder import templates
from views.inspector import InspectorPane
from views.session import Session


class Form:
    """An inspector without a browser."""

    def __init__(self) -> None:
        self.session = Session(templates.build("tiny"))
        self.pane = InspectorPane(self.session)

    def type(self, field: str, value: Any) -> None:
        """Let the browser say that a field was changed."""
        for handler in self.pane.part._handlers:
            handler({"name": field, "value": value})

    def rows(self) -> dict[str, dict[str, Any]]:
        """Rows of all forms by their field."""
        forms = (section for section in self.pane.part.sections if section["kind"] == "form")
        return {row["field"]: row for form in forms for row in form["rows"]}

    def title(self) -> str:
        """The headline."""
        return str(self.pane.part.sections[0]["text"])


@pytest.fixture
def form() -> Form:
    return Form()


def test_without_a_selection_the_model_and_its_sizes_are_shown(form: Form) -> None:
    assert form.title() == "Model"
    assert form.rows()["symbol:d_model"]["value"] == str(form.session.scope["d_model"])
    assert form.rows()["name"]["value"] == form.session.document.name


def test_without_a_selection_it_says_what_the_model_is_and_where_it_comes_from(form: Form) -> None:
    root, sections = form.session.document.main, form.pane.part.sections

    said = [section["text"] for section in sections if section["kind"] in ("text", "formula")]
    assert {root.about, root.formula, root.paper} <= set(said)
    assert root.about.startswith("A decoder that continues text.")


def test_a_size_is_set_and_can_be_an_expression(form: Form) -> None:
    form.type("symbol:d_model", "48")
    assert form.session.scope["d_model"] == 48

    form.type("symbol:d_ff", "3 * d_model")

    assert form.session.scope["d_ff"] == 144
    assert form.rows()["symbol:d_ff"]["hint"] == "= 144"


def test_the_name_of_the_model_is_changed(form: Form) -> None:
    form.type("name", "Mine <b>")

    assert form.session.document.name == "Mine <b>"


def test_a_block_shows_its_settings_ports_and_source(form: Form) -> None:
    form.session.select(("ln_f",))

    assert form.title() == "LayerNorm"
    assert form.rows()["setting:d_model"]["value"] == "d_model"
    headings = [section["text"] for section in form.pane.part.sections if section["kind"] == "heading"]
    assert {"Ports", "Source"} <= set(headings)


def test_a_setting_a_label_and_an_id_are_changed(form: Form) -> None:
    form.session.select(("ln_f",))
    form.type("setting:eps", "0.001")
    form.type("label", "last norm")
    form.type("rename", " last ")

    node = form.session.definition.nodes["last"]
    assert node.settings["eps"] == 0.001
    assert node.label == "last norm"


def test_what_is_refused_leaves_the_document_and_is_told(form: Form) -> None:
    form.session.select(("ln_f",))
    before = form.session.document

    form.type("rename", "lm_head")

    assert form.session.document == before
    assert form.session.notice is not None


def test_a_value_that_makes_no_sense_is_kept_and_marked_or_refused(form: Form) -> None:
    form.session.select(("ln_f",))

    form.type("setting:d_model", "48 +")

    assert not form.session.report.ok or form.session.notice is not None


def test_a_composite_is_repeated(form: Form) -> None:
    form.session.select(("blocks",))

    form.type("repeat", "3")

    assert form.session.definition.nodes["blocks"].repeat == 3


def test_many_blocks_are_counted_and_a_wire_names_its_ends(form: Form) -> None:
    form.session.select(("ln_f", "lm_head"))
    assert form.title() == "2 blocks"

    wire = str(form.session.definition.wires[0])
    form.session.select((), (wire,))

    assert form.title() == "Wire"


def test_an_input_of_the_model_is_a_form_of_its_port(form: Form) -> None:
    form.session.select(("tokens",))

    assert form.rows()["port:kind"]["value"] == "ids"


def test_inside_a_composite_the_settings_are_defaults_and_what_they_are_here_stands_beside(form: Form) -> None:
    form.session.open(("blocks",))

    headings = [section["text"] for section in form.pane.part.sections if section["kind"] == "heading"]
    rows = form.rows()
    assert "Defaults" in headings
    assert rows["symbol:d_model"]["value"] != str(form.session.scope["d_model"])
    assert rows["symbol:d_model"]["hint"] == f"= {form.session.scope['d_model']} here"
    assert rows["symbol:mask"]["value"] == form.session.scope["mask"]
    assert "here" not in rows["symbol:mask"].get("hint", "")
