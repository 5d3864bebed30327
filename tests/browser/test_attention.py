"""Attention by mouse and keyboard: one head, all heads and 3D show the model's own weights and move together."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page

from builder.run import load_run_model
from engine.attention_maps import AttentionStack, attention_on_text
from engine.data import TASKS
from tests.browser.hands import centre
from tests.browser.serving import AppServer, Visit, wait_for
from tests.views.attention_runs import make_run
from views.theme import BLUES, EMBER, ramp

TEXT = "stepwise"
pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def run(server: AppServer) -> Path:
    return make_run(server.home, "looked-at")


@pytest.fixture
def visit(browser: Browser, server: AppServer, run: Path) -> Iterator[Visit]:
    assert run.exists()
    visit = Visit(browser, server.url)
    visit.page.locator(".head-map").wait_for(timeout=60_000)
    yield visit
    assert not visit.outside
    assert not visit.problems
    visit.close()


def stacks(run: Path, text: str) -> tuple[AttentionStack, ...]:
    """What the pane should show, computed here."""
    return attention_on_text(load_run_model(run), text, TASKS["reverse"])


def write(page: Page, text: str) -> None:
    """Type a text for the model to read."""
    field = page.get_by_role("textbox", name="What the model reads")
    field.fill(text)
    field.press("Enter")


def weight_shown(page: Page) -> str:
    """The chosen cell, as the pane words it."""
    return page.get_by_title("The weight that the model used").inner_text()


def open_3d(page: Page) -> Locator:
    """Switch to 3D and wait until the weights are there."""
    page.get_by_role("radio", name="3D", exact=True).click()
    view = page.locator(".attn3d[data-updates]")
    view.wait_for(timeout=60_000)
    return view


def click_cell(page: Page, view: Locator, cell: tuple[int, int, int, int]) -> None:
    """Click the middle of a cell in 3D."""
    page.mouse.click(*view.evaluate("(view, cell) => view.__attn.project(...cell)", list(cell)))


def picture(view: Locator) -> np.ndarray[Any, Any]:
    """The pixels of the 3D view."""
    return np.asarray(Image.open(io.BytesIO(view.locator("canvas").first.screenshot())))[..., :3].astype(int)


def turn(page: Page, view: Locator) -> None:
    """Drag over the 3D view: the camera goes around what it looks at, as far away as before, and nothing is chosen."""
    eye = "({ __attn: { camera } }) => camera.lens.position.clone().sub(camera.orbit.target).toArray()"
    page.wait_for_timeout(300)
    before, seen, cell = np.array(view.evaluate(eye)), picture(view), chosen(view)
    x, y = centre(view)

    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 90, y + 30, steps=8)
    page.mouse.up()
    page.mouse.move(x, y - 500)

    after = np.array(view.evaluate(eye))
    angle = np.degrees(np.arccos(before @ after / np.linalg.norm(before) / np.linalg.norm(after)))
    assert angle > 10
    assert np.linalg.norm(after) == pytest.approx(np.linalg.norm(before), rel=0.01)
    wait_for(lambda: (abs(picture(view) - seen).max(axis=-1) > 24).mean() > 0.01, 10, "another picture")
    assert chosen(view) == cell


def chosen(view: Locator) -> list[str | None]:
    """Layer, head, query and key that the 3D view has in focus."""
    return [view.get_attribute(f"data-{name}") for name in ("layer", "head", "query", "key")]


def test_a_head_a_cell_and_the_block_follow_one_another(visit: Visit, run: Path) -> None:
    page = visit.page
    write(page, TEXT)
    (stack,) = stacks(run, TEXT)
    L, H, T, _ = stack.shape

    wall = page.locator(".head-wall").bounding_box()
    assert wall
    page.mouse.click(wall["x"] + wall["width"] * 0.85, wall["y"] + wall["height"] * 0.8)
    wait_for(lambda: page.get_by_role("combobox", name="Head").input_value() == f"{H - 1}")
    assert page.get_by_role("combobox", name="Layer").input_value() == f"{L - 1}"
    page.locator(".react-flow__node.selected", has_text="GPT block").wait_for()

    view = open_3d(page)
    query = T - 1
    key = int(stack.weights[0, H - 1, query].argmax())
    click_cell(page, view, (0, H - 1, query, key))
    expected = f"{stack.queries[query]} → {stack.keys[key]} {stack.weights[0, H - 1, query, key]:.4f}"
    wait_for(lambda: weight_shown(page) == expected, what=expected)
    assert chosen(view) == ["0", str(H - 1), str(query), str(key)]
    assert page.get_by_role("combobox", name="Layer").input_value() == "0"


def test_the_keyboard_steps_through_layers_heads_and_tokens(visit: Visit) -> None:
    view = open_3d(visit.page)
    view.focus()

    for key in ("ArrowDown", "ArrowRight", "]", "]", "}"):
        visit.page.keyboard.press(key)

    wait_for(lambda: chosen(view) == ["1", "1", "1", "0"])
    wait_for(lambda: " → " in weight_shown(visit.page))
    visit.page.keyboard.press("Escape")
    wait_for(lambda: weight_shown(visit.page) == "")


def test_the_mouse_turns_the_view_planes_are_sliced_and_weak_weights_cut(visit: Visit) -> None:
    page = visit.page
    view = open_3d(page)
    turn(page, view)
    page.get_by_label("Look from").select_option("3D")
    pick = "(view, at) => view.__attn.pick(...at)?.layer"

    page.get_by_label("Which planes are solid").select_option("one")
    page.get_by_label("Plane", exact=True).fill("1")
    wait_for(lambda: chosen(view)[0] == "1")
    at = view.evaluate("view => view.__attn.project(0, 0, 0, 0)")
    assert view.evaluate(pick, at) != 0
    page.get_by_label("Smallest weight drawn").fill("50")
    assert view.evaluate("view => view.__attn.planes.uniforms.uLeast.value") == pytest.approx(0.25)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_colour_of_a_pixel_is_the_colour_of_its_weight(
    browser: Browser, server: AppServer, run: Path, theme: str
) -> None:
    visit = Visit(browser, server.url, (1920, 1080), theme)
    page = visit.page
    page.locator(".head-map").wait_for(timeout=60_000)
    view = open_3d(page)
    page.get_by_label("Look from").select_option("Front")
    view.evaluate("view => { view.querySelector('.labels').hidden = true }")
    page.wait_for_timeout(500)
    (stack,) = stacks(run, TASKS["reverse"].examples(1)[0].text)
    palette = np.array(
        [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in ramp(BLUES if theme == "light" else EMBER)]
    )

    image = np.asarray(Image.open(io.BytesIO(page.screenshot())))[..., :3].astype(int)

    strong = np.argwhere(stack.weights[0, 0] > 0.15)[:20]
    assert len(strong) > 3
    for query, key in strong:
        x, y = view.evaluate("(view, cell) => view.__attn.project(...cell)", [0, 0, int(query), int(key)])
        wanted = palette[round(float(stack.weights[0, 0, query, key]) ** 0.5 * (len(palette) - 1))]
        assert abs(image[int(y), int(x)] - wanted).max() < 24, (query, key)
    visit.close()


def test_hostile_text_is_only_text(visit: Visit) -> None:
    page = visit.page

    write(page, "<img src=x onerror=window.hacked=1>")

    page.get_by_text("takes 1 to 10").wait_for()
    assert page.evaluate("window.hacked") is None
