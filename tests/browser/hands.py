"""What a person does with mouse and keyboard, by the names that stand on the screen."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

from tests.browser.serving import wait_for


class Hands:
    """Works on one page as a person would.

    Args:
        page: The app's window.
    """

    def __init__(self, page: Page) -> None:
        self.page = page

    def node(self, name: str) -> Locator:
        """A block on the canvas, by id."""
        return self.page.locator(f'.react-flow__node[data-id="{name}"]')

    def edge(self, text: str) -> Locator:
        """A wire, as `a.y>b.x`."""
        return self.page.locator(f'.react-flow__edge[data-id="{text}"]')

    def nodes(self) -> int:
        """How many blocks the canvas shows."""
        return self.page.locator(".react-flow__node").count()

    def edges(self) -> int:
        """How many wires the canvas shows."""
        return self.page.locator(".react-flow__edge").count()

    def place(self, label: str, name: str, x: int, y: int) -> None:
        """Drag a block from the palette to a place of the canvas, in pixels from its corner."""
        item = self.page.locator(".item", has_text=label).filter(has_text=label).first
        item.drag_to(self.page.locator(".react-flow__pane"), target_position={"x": x, "y": y})
        self.node(name).wait_for(timeout=10_000)

    def port(self, end: str) -> Locator:
        """A port, as `node.port`."""
        node, _, port = end.partition(".")
        return self.node(node).locator(f'.react-flow__handle[data-handleid="{port}"]').first

    def drag(self, start: Locator, end: Locator | tuple[float, float], steps: int = 16) -> None:
        """Press on one thing, move in steps and let go on another, or at a place of the page."""
        x, y = centre(start)
        to = end if isinstance(end, tuple) else centre(end)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(*to, steps=steps)
        self.page.mouse.move(*to)
        self.page.mouse.up()

    def wire(self, source: str, target: str) -> None:
        """Drag a wire from an output to an input."""
        self.drag(self.port(source), self.port(target))
        self.edge(f"{source}>{target}").wait_for(state="attached", timeout=10_000)
        self.page.wait_for_timeout(250)  # as long as a hand needs to the next port

    def select(self, name: str) -> None:
        """Click a block's title, and wait until the inspector shows it."""
        self.node(name).locator(".head, .rail").first.click()
        field = self.page.locator("aside.right").get_by_label("id", exact=True)
        wait_for(lambda: field.count() == 1 and field.input_value() == name, 20, f"{name} in the inspector")

    def choose(self, field: str, value: str) -> None:
        """Pick a value in the inspector."""
        self.page.locator("aside.right .row", has_text=field).locator("select").first.select_option(value)

    def type(self, field: str, value: str) -> None:
        """Type a value into a field of the inspector."""
        box = self.page.locator("aside.right .row", has_text=field).locator("input").first
        box.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(value)
        self.page.keyboard.press("Enter")

    def tab(self, name: str) -> None:
        """Open a pane below the canvas."""
        self.page.locator("section.bottom [role=tab]", has_text=name).click()

    def press(self, name: str) -> None:
        """Press the toolbar's button of that name."""
        self.page.locator(".toolbar").get_by_role("button", name=name, exact=True).click()

    def sees(self, text: str, seconds: float = 20) -> None:
        """Wait until a text is on the screen."""
        wait_for(lambda: self.page.get_by_text(text).first.is_visible(), seconds, f"{text!r} on the screen")


def centre(thing: Locator) -> tuple[float, float]:
    """The middle of something on the screen, in pixels."""
    box = thing.bounding_box()
    assert box, "it is not on the screen"
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
