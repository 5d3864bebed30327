"""File → Open trained model…: MiniLM comes onto the canvas, and its attention to a text of one's own is seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Browser, Page

import builder
from builder.checkpoints.trained import TRAINED
from engine.inspection import record
from engine.runs import folders
from tests.browser.hands import Hands
from tests.browser.serving import AppServer, Visit, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CAT = (101, 1996, 4937, 2938, 102)  # [CLS] the cat sat [SEP], in BERT's vocabulary


@pytest.fixture
def page(browser: Browser, server: AppServer) -> Iterator[Page]:
    visit = Visit(browser, server.url)
    yield visit.page
    assert not visit.outside
    assert not visit.problems
    visit.close()
    server.forget()


def choose(page: Page, model: str, path: str = "") -> None:
    """Open the dialog by the menu, choose a model and press Open."""
    page.get_by_role("menuitem", name="File").click()
    page.get_by_role("menuitem", name="Open trained model…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("option", name=model).click()
    if path:
        dialog.get_by_label("Folder").fill(path)
    dialog.get_by_role("button", name="Open", exact=True).click()


def weight(*, layer: int, head: int, query: int, key: int) -> float:
    """A weight of MiniLM on the text, computed here from its own files."""
    source = TRAINED["minilm"].source()
    assert source
    document, state = builder.open_checkpoint(source)
    model = builder.compile_document(document)
    model.load_state_dict(state)
    with torch.no_grad(), record(model.eval()) as tape:
        model(tokens=torch.tensor([CAT]))
    return float(tape[f"blocks.{layer}.attn.core.weights"][0, head, query, key])


def test_minilm_opens_and_its_attention_to_the_cat_sat_is_seen(page: Page, server: AppServer) -> None:
    hands = Hands(page)

    choose(page, "MiniLM-L6")
    hands.sees("MiniLM-L6 is open, with its weights", 120)
    assert hands.node("seg_emb").is_visible()
    hands.sees("22.7 M parameters")
    assert folders(server.home / "runs")[0].name.endswith("minilm_l6")

    field = page.get_by_role("textbox", name="What the model reads")
    field.fill("the cat sat")
    field.press("Enter")
    page.get_by_role("radio", name="3D", exact=True).click()
    view = page.locator(".attn3d[data-updates]")
    view.wait_for(timeout=60_000)
    view.focus()
    for key in ("ArrowDown", "ArrowRight", "]", "]", "}"):
        page.keyboard.press(key)

    shown = page.get_by_title("The weight that the model used")
    wanted = f"the → [CLS] {weight(layer=1, head=1, query=1, key=0):.4f}"
    wait_for(lambda: shown.inner_text() == wanted, 30, wanted)


def test_a_folder_that_is_not_there_is_told_and_changes_nothing(page: Page) -> None:
    hands = Hands(page)

    choose(page, "A folder on this machine", str(Path("/no/such/folder")))

    hands.sees("There is no file or folder /no/such/folder")
    assert hands.node("tok_emb").is_visible()
