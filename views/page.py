"""The web page around the window: a plain template of our own, with nothing on it that the window does not need."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import panel as pn
from panel.io.resources import _env

from views import theme
from views.part import Part
from views.window import Window

if TYPE_CHECKING:
    from bokeh.document import Document

_PAGE = Path(__file__).parent / "page.html"


# Left out: Bokeh's WebGL, for which no plot here asks, and a substitute for import maps, which bundles do without. By
# the browser's own `import` the bundle is fetched once, and kept compiled.
_UNUSED = re.compile(r"<script[^>]*(bokeh-gl|es-module-shims)[^>]*>\s*</script>")
_IMPORT = "<script>window.importShim = (url) => import(url); importShim.addImportMap = () => {};</script>"


def _needed(scripts: str) -> str:
    return _IMPORT + _UNUSED.sub("", scripts)


@cache
def _template() -> Any:
    return _env.from_string(_PAGE.read_text(encoding="utf-8"))


def publish(window: Window, title: str = "Stepwise") -> Document:
    """Make `window` the page of the current session.

    Args:
        window: The only thing on the page.
        title: What the browser's tab says.

    Returns:
        The session's document.
    """
    pn.extension()  # without it Panel also sends Tabulator and Luxon, half a megabyte
    document = pn.state.curdoc
    assert document is not None
    document.template = _template()
    bundle = Part._component_resource_path(Part._bundle, compiled=True)
    document.template_variables.update(
        stepwise_scripts=_needed,
        stepwise_css=theme.css(),
        stepwise_fonts=theme.Fonts.urls(),
        stepwise_bundle=bundle,
        stepwise_style=bundle.replace("_bundle_path", "_bundle_css").replace(".js", ".css"),
    )
    window.sizing_mode = "stretch_both"
    return window.server_doc(document, title, location=False)
