"""The window's parts in a real browser: sizes, keyboard, memory, theme, dialogs, and nothing a user types is run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.serving import HERE, ROOT, free_port, wait_for

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, log = free_port(), tmp_path_factory.mktemp("parts") / "log"
    words = ["-m", "panel", "serve", "tests/browser/parts_app.py", "--port", str(port), "--address", "127.0.0.1"]
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, *words], cwd=ROOT, stdout=out, stderr=out)
    wait_for(lambda: "running at" in log.read_text(), 60, "the server")
    yield f"http://127.0.0.1:{port}/parts_app"
    process.terminate()
    process.wait()


class Desk:
    """Holds the page and what went wrong in it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.outside: list[str] = []
        self.problems: list[str] = []
        page.on("request", lambda r: r.url.startswith(HERE) or self.outside.append(r.url))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda m: m.type == "error" and self.problems.append(m.text))
        self.open()

    def open(self) -> None:
        """Load the page, and wait for the dock below."""
        self.page.goto(self.address, timeout=60_000)
        self.page.locator(".bk-Figure, .records").first.wait_for(timeout=60_000)

    def size(self, selector: str) -> tuple[int, int]:
        """Width and height of the first element, in pixels."""
        box = self.page.locator(selector).first.bounding_box()
        assert box
        return round(box["width"]), round(box["height"])

    def said(self) -> dict[str, Any]:
        """The last message Python heard."""
        text = self.page.locator("[title=said]").inner_text()
        return json.loads(text) if text else {}

    def hears(self, **wanted: Any) -> None:
        """Wait until Python has heard a message with these items."""
        wait_for(lambda: wanted.items() <= self.said().items(), 10, f"{wanted}, after {self.said()},")

    def theme(self) -> str:
        """What the page shows."""
        return str(self.page.evaluate("document.documentElement.dataset.theme"))

    def focus(self) -> Locator:
        """The element that has the keyboard."""
        return self.page.locator("*:focus").last


@pytest.fixture
def desk(browser: Browser, address: str) -> Iterator[Desk]:
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme="light", reduced_motion="reduce"
    )
    desk = Desk(context.new_page(), address)
    yield desk
    context.close()
    assert (desk.outside, desk.problems) == ([], [])


def test_every_strip_has_the_size_of_the_look_and_nothing_scrolls(desk: Desk) -> None:
    heights = {
        "header.menu": 30,
        ".frame > .toolbar": 40,
        "section.bottom": 304,
        ".tabs": 30,
        "footer": 24,
        ".item": 26,
    }

    assert {selector: desk.size(selector)[1] for selector in heights} == heights
    assert (desk.size("aside.left")[0], desk.size("aside.right")[0], desk.size(".form .row")[1]) == (216, 284, 28)
    assert desk.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == [
        1440,
        900,
    ]


def test_no_text_that_a_user_types_is_run_or_read_as_markup(desk: Desk) -> None:
    desk.page.get_by_role("tab", name="Runs").click()
    desk.page.locator(".records").wait_for()
    desk.page.get_by_role("tab", name="Problems").click()
    desk.page.locator(".problems").wait_for()
    desk.page.keyboard.press("Delete")
    desk.page.locator(".notice").wait_for()
    desk.page.keyboard.press("Control+Alt+n")
    desk.page.locator(".gallery img").first.wait_for()

    assert desk.page.evaluate("window.hacked") is None
    assert desk.page.locator("img[src=x], b:text-is('bold')").count() == 0


def test_menus_are_walked_by_arrows_letters_and_escape(desk: Desk) -> None:
    desk.page.keyboard.press("Alt+e")
    expect(desk.focus()).to_have_text("UndoCtrl+Z")

    desk.page.keyboard.press("ArrowUp")
    expect(desk.focus()).to_have_text("DeleteDel")
    desk.page.keyboard.press("ArrowRight")
    expect(desk.page.get_by_role("menu")).to_have_attribute("aria-label", "View")
    desk.page.keyboard.press("d")
    expect(desk.focus()).to_contain_text("Dark theme")
    desk.page.keyboard.press("Escape")

    expect(desk.page.get_by_role("menu")).to_have_count(0)


def test_a_menu_entry_runs_its_command_by_mouse_and_by_enter(desk: Desk) -> None:
    desk.page.get_by_role("menuitem", name="Edit").click()
    desk.page.get_by_role("menuitem", name="Redo").click()
    desk.hears(type="command", id="redo")

    desk.page.keyboard.press("Alt+e")
    desk.page.keyboard.press("Enter")

    desk.hears(type="command", id="undo")


def test_shortcuts_work_everywhere_but_those_of_plain_letters_not_while_typing(desk: Desk) -> None:
    desk.page.keyboard.press("/")
    desk.page.keyboard.type("mer/")
    assert desk.page.locator(".list input").input_value() == "mer/"
    desk.page.keyboard.press("Backspace")
    desk.page.keyboard.press("Control+Enter")
    desk.hears(id="train")

    desk.page.keyboard.press("Enter")

    desk.hears(add="merge_heads")


def test_a_block_carries_its_kind_while_it_is_dragged(desk: Desk) -> None:
    kind = "e.dataTransfer.getData('application/x-stepwise-block')"
    desk.page.evaluate(f"window.addEventListener('dragstart', (e) => {{ window.kind = {kind} }})")

    desk.page.locator(".item", has_text="Merge").drag_to(desk.page.locator("main"))

    assert desk.page.evaluate("window.kind") == "merge_heads"


def test_the_command_palette_finds_by_words_and_runs(desk: Desk) -> None:
    desk.page.keyboard.press("Control+k")
    desk.page.keyboard.type("pause tr")
    expect(desk.page.locator(".chooser li")).to_have_count(1)

    desk.page.keyboard.press("Enter")

    desk.hears(id="train")
    expect(desk.page.locator(".chooser")).to_have_count(0)


def test_dock_sizes_are_set_by_mouse_and_keys_and_remembered(desk: Desk) -> None:
    bar = desk.page.locator(".at-left").bounding_box()
    assert bar
    desk.page.mouse.move(bar["x"] + 3, 400)
    desk.page.mouse.down()
    desk.page.mouse.move(bar["x"] + 43, 400, steps=4)
    desk.page.mouse.up()
    desk.page.locator(".at-bottom").focus()
    desk.page.keyboard.press("ArrowUp")
    wait_for(lambda: (desk.size("aside.left")[0], desk.size("section.bottom")[1]) == (256, 312), 10, "the new sizes")

    desk.open()

    assert (desk.size("aside.left")[0], desk.size("section.bottom")[1]) == (256, 312)


def test_all_docks_fold_away_and_come_back(desk: Desk) -> None:
    desk.page.keyboard.press("Control+b")
    expect(desk.page.locator("aside.left")).to_be_hidden()
    wait_for(lambda: desk.size("section.bottom")[1] == 31, 5, "the folded dock")

    desk.page.keyboard.press("Control+b")

    expect(desk.page.locator("aside.left")).to_be_visible()
    wait_for(lambda: desk.size("section.bottom")[1] == 304, 5, "the open dock")


def test_a_tab_opens_a_folded_dock(desk: Desk) -> None:
    desk.page.locator("section.bottom .fold").click()
    wait_for(lambda: desk.size("section.bottom")[1] == 31, 5, "the folded dock")

    desk.page.get_by_role("tab", name="Problems").click()

    wait_for(lambda: desk.size("section.bottom")[1] == 304, 5, "the open dock")
    expect(desk.page.locator(".problems")).to_be_visible()


def test_panes_stand_side_by_side_and_are_remembered(desk: Desk) -> None:
    chosen = desk.page.locator("section.bottom [role=tab][aria-selected=true]")
    desk.page.get_by_role("tab", name="Runs").click(modifiers=["Control"])
    expect(chosen).to_have_text(["Train", "Runs"])
    desk.page.locator(".within").focus()
    desk.page.keyboard.press("ArrowLeft")

    desk.open()

    expect(chosen).to_have_text(["Train", "Runs"])
    expect(desk.page.locator(".records")).to_be_visible()
    assert desk.page.locator(".within").get_attribute("aria-valuenow") == "48"


def test_the_theme_changes_text_surfaces_and_plots_and_is_remembered(desk: Desk) -> None:
    ink = (
        "getComputedStyle([...document.querySelectorAll('*')].find((e) => e.shadowRoot?.querySelector('.frame'))).color"
    )
    line = "[...Bokeh.documents[0].all_models].find((m) => m.type === 'Line').line_color"
    before = desk.page.evaluate(ink)

    desk.page.keyboard.press("Control+Alt+d")

    wait_for(lambda: desk.theme() == "dark", 5, "the dark theme")
    wait_for(lambda: "#56b4e9" in json.dumps(desk.page.evaluate(f"({line}).value ?? {line}")), 5, "the line's colour")
    assert desk.page.evaluate(ink) != before
    expect(desk.page.locator("footer .quiet")).to_have_text("dark")
    desk.open()
    assert desk.theme() == "dark"


def test_the_theme_of_the_machine_is_followed_until_one_is_chosen(desk: Desk) -> None:
    desk.page.emulate_media(color_scheme="dark")
    wait_for(lambda: desk.theme() == "dark", 5, "the dark theme")

    desk.page.keyboard.press("Control+Alt+d")
    desk.page.emulate_media(color_scheme="light")
    desk.page.emulate_media(color_scheme="dark")

    wait_for(lambda: desk.theme() == "light", 5, "the chosen theme")


def test_a_gallery_is_chosen_from_by_keyboard(desk: Desk) -> None:
    desk.page.keyboard.press("Control+Alt+n")
    desk.page.locator(".gallery").wait_for()

    desk.page.keyboard.press("ArrowRight")
    desk.page.keyboard.press("Enter")

    desk.hears(id="new", button="make", item="classifier")
    expect(desk.page.locator("dialog")).to_have_count(0)


def test_escape_leaves_a_dialog_with_no_button(desk: Desk) -> None:
    desk.page.keyboard.press("Control+Alt+n")
    desk.page.locator(".gallery").wait_for()

    desk.page.keyboard.press("Escape")

    desk.hears(id="new", button="")


def test_a_name_is_asked_for_and_given_with_enter(desk: Desk) -> None:
    desk.page.get_by_role("menuitem", name="File").click()
    desk.page.get_by_role("menuitem", name="Save as…").click()
    desk.page.locator("dialog input").fill("two")

    desk.page.keyboard.press("Enter")

    desk.hears(id="save-as", button="save", values={"name": "two"})


def test_a_notice_offers_its_action_and_goes(desk: Desk) -> None:
    desk.page.keyboard.press("Delete")
    notice = desk.page.get_by_role("alert").filter(has_text="Take it back")

    notice.get_by_role("button", name="Take it back").click()

    desk.hears(id="undo")
    expect(notice).to_have_count(0)


def test_a_field_tells_its_value_once_and_takes_a_refused_one_back(desk: Desk) -> None:
    field = desk.page.get_by_label("d_model")
    field.fill("256")
    field.press("Enter")
    desk.hears(name="d_model", value="256")

    field.fill("0")
    field.press("Enter")

    desk.hears(name="d_model", value="0")
    expect(field).to_have_value("128")


def test_escape_in_a_field_brings_the_old_value_back_unsaid(desk: Desk) -> None:
    field = desk.page.get_by_label("d_model")
    field.fill("7")

    field.press("Escape")
    field.blur()

    expect(field).to_have_value("128")
    assert desk.said().get("name") != "d_model"


def test_switches_and_choices_tell_what_was_chosen(desk: Desk) -> None:
    desk.page.get_by_role("switch").click()
    desk.hears(name="bias", value="on")

    desk.page.get_by_label("mask").select_option("none")

    desk.hears(name="mask", value="none")


def test_segments_show_the_choice_at_once_and_tell_it(desk: Desk) -> None:
    desk.page.get_by_role("radio", name="All").click()

    expect(desk.page.get_by_role("radio", name="All")).to_have_attribute("aria-checked", "true")
    desk.hears(id="view", value="All")


def test_rows_are_sorted_searched_and_chosen(desk: Desk) -> None:
    desk.page.get_by_role("tab", name="Runs").click()
    names = desk.page.locator(".records tbody td:nth-child(2)")
    desk.page.get_by_role("button", name="loss").click()
    desk.page.get_by_role("button", name="loss").click()
    wait_for(lambda: [name[:5] for name in names.all_inner_texts()] == ["run 1", "run 2", "run 0"], 5, "the order")

    names.nth(0).click()
    names.nth(2).click(modifiers=["Control"])
    desk.hears(name="runs", value=["r1", "r0"])
    desk.page.get_by_placeholder("Search runs").fill("run 2")

    expect(names).to_have_count(1)


def test_a_row_is_opened_by_enter(desk: Desk) -> None:
    desk.page.get_by_role("tab", name="Runs").click()
    desk.page.locator(".records tbody tr").nth(0).focus()

    desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("Enter")

    desk.hears(name="runs", open="r1")


def test_delete_in_a_table_is_not_meant_for_the_graph(desk: Desk) -> None:
    desk.page.get_by_role("tab", name="Runs").click()
    desk.page.locator(".records tbody tr").nth(0).focus()

    desk.page.keyboard.press("Delete")
    desk.page.keyboard.press("Enter")

    desk.hears(name="runs", open="r0")
    expect(desk.page.locator(".notice")).to_have_count(0)


def test_a_problem_shows_its_place_and_applies_its_fix(desk: Desk) -> None:
    desk.page.get_by_role("tab", name="Problems").click()
    desk.page.locator(".place").click()
    desk.hears(name="problems", row=7, fix=None)

    desk.page.get_by_role("button", name="Mend it").click()

    desk.hears(name="problems", row=7, fix=0)


NAME = """(e) => e.getAttribute('aria-label') || e.title || e.labels?.[0]?.innerText || e.innerText
    || (e.matches('.bk-events') ? 'a plot' : `nameless ${e.outerHTML.slice(0, 120)}`)"""


def test_every_control_is_reached_by_tab_and_has_a_name(desk: Desk) -> None:
    seen = []
    for _ in range(32):
        desk.page.keyboard.press("Tab")
        seen += [focus.evaluate(NAME).strip() for focus in [desk.focus()] if focus.count()]

    assert not [name for name in seen if name.startswith("nameless")]
    assert {"Train or pause (Ctrl+↵)", "Search blocks", "Size of the left dock", "d_model"} <= set(seen)


def test_every_text_can_be_read_whole(desk: Desk) -> None:
    cut = """() => [...document.querySelectorAll('*')].find((e) => e.shadowRoot?.querySelector('.frame')).shadowRoot"""
    cut += """.querySelectorAll('button, label, em, h3, h4, .text, td')"""
    script = (
        f"() => [...({cut})()].filter((e) => e.scrollWidth > e.clientWidth + 1 && !e.title).map((e) => e.outerHTML)"
    )

    assert desk.page.evaluate(script) == []


def test_the_list_of_shortcuts_is_made_from_the_commands(desk: Desk) -> None:
    desk.page.keyboard.press("?")

    expect(desk.page.locator(".keys p")).to_have_count(10)
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator("dialog")).to_have_count(0)
