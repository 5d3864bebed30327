"""One source for every colour, font and size of text: CSS variables, Bokeh's variables and colour ramps.

The page carries the tokens of both themes at once and `<html data-theme="dark">` picks one. Everything follows in the
browser without asking the server: our parts read the variables, Bokeh 3.9 reads `--bk-*` variables for axes, grids and
annotations. Glyphs and colour mappers are the one thing CSS cannot reach: mark them with `themed`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from bokeh.model import Model

Tokens = Mapping[str, str]
ModelT = TypeVar("ModelT", bound=Model)

LIGHT: dict[str, str] = {
    "bg": "#eef0f3",
    "surface": "#ffffff",
    "sunken": "#f5f6f8",
    "line": "#dde1e6",
    "line2": "#c9cfd6",
    "text": "#1c2128",
    "muted": "#5a6674",
    "faint": "#626e7d",
    "grid": "#d9dee4",
    "accent": "#3451c6",
    "accent-soft": "#e7ecfb",
    "on-accent": "#ffffff",
    "ok": "#1b7046",
    "ok-soft": "#e2f3ea",
    "warn": "#8f5400",
    "warn-soft": "#fdf0dc",
    "err": "#b42318",
    "err-soft": "#fde8e6",
    "hidden": "#3f6fb5",
    "ids": "#6b7785",
    "q": "#0072b2",
    "k": "#d55e00",
    "v": "#00885f",
    "weights": "#b07a00",
    "mask": "#7d8792",
    "logits": "#a8487f",
    "shadow": "0 1px 2px #10182812, 0 2px 6px #1018280d",
}
DARK: dict[str, str] = {
    "bg": "#0e1116",
    "surface": "#171b21",
    "sunken": "#12161b",
    "line": "#272d36",
    "line2": "#39424e",
    "text": "#e4e8ee",
    "muted": "#9ba6b4",
    "faint": "#8f9aa9",
    "grid": "#252b33",
    "accent": "#8ea2ff",
    "accent-soft": "#222b49",
    "on-accent": "#0e1116",
    "ok": "#5fcf97",
    "ok-soft": "#153226",
    "warn": "#f2b457",
    "warn-soft": "#3a2b12",
    "err": "#ff8b80",
    "err-soft": "#411c1a",
    "hidden": "#7fb0ee",
    "ids": "#9aa6b4",
    "q": "#56b4e9",
    "k": "#ff8a4c",
    "v": "#3fcf9f",
    "weights": "#f0b93a",
    "mask": "#8b96a3",
    "logits": "#e28bbd",
    "shadow": "0 1px 2px #00000080",
}
FONT = 'Inter, "Segoe UI", system-ui, sans-serif'
MONO = '"JetBrains Mono", ui-monospace, Consolas, monospace'

BLUES = ("#f7f8fc", "#becdeb", "#5f96cd", "#1e5fa0", "#08285f")
EMBER = ("#12161e", "#461e6e", "#b4375a", "#f58c32", "#fcf5aa")

# Bokeh looks these up with getComputedStyle, and they win over the model's own properties.
_BOKEH = """
  --bk-background-fill-color: var(--surface); --bk-border-fill-color: var(--surface); --bk-outline-line-alpha: 0;
  --bk-major-label-text-color: var(--muted); --bk-major-label-text-font-size: 11px;
  --bk-major-label-text-font: var(--font); --bk-axis-line-alpha: 0; --bk-major-tick-line-alpha: 0;
  --bk-minor-tick-line-alpha: 0; --bk-grid-line-color: var(--line); --bk-grid-line-alpha: 1;
  --bk-label-text-color: var(--muted); --bk-label-text-font-size: 11px; --bk-label-text-font: var(--font);
  --bk-axis-label-text-color: var(--muted); --bk-axis-label-text-font-size: 11px;
  --bk-axis-label-text-font: var(--font); --bk-axis-label-text-font-style: normal;
"""


class Fonts:
    """Inter and JetBrains Mono, which Panel's resource handler serves because they are listed here."""

    FILES: ClassVar[dict[str, tuple[str, int]]] = {
        "inter-latin-400-normal.woff2": ("Inter", 400),
        "inter-latin-600-normal.woff2": ("Inter", 600),
        "jetbrains-mono-latin-400-normal.woff2": ("JetBrains Mono", 400),
        "jetbrains-mono-latin-600-normal.woff2": ("JetBrains Mono", 600),
    }
    _css: ClassVar[list[Path]] = [*map((Path(__file__).parent / "ui/fonts").joinpath, FILES)]

    @classmethod
    def urls(cls) -> list[str]:
        """Where the page finds each file, relative to the app; the version lets browsers keep it for ever."""
        return [f"components/views.theme/Fonts/_css/ui/fonts/{name}?v=5.3.0" for name in cls.FILES]

    @classmethod
    def css(cls) -> str:
        """One `@font-face` for each file."""
        return "".join(
            f"@font-face{{font-family:'{family}';font-weight:{weight};font-display:swap;"
            f"src:url({url}) format('woff2')}}\n"
            for url, (family, weight) in zip(cls.urls(), cls.FILES.values(), strict=True)
        )


def _block(selector: str, tokens: Tokens, scheme: str) -> str:
    pairs = "".join(f"--{name}:{value};" for name, value in tokens.items())
    return f"{selector}{{color-scheme:{scheme};{pairs}}}\n"


def css() -> str:
    """The style sheet of the page's head: fonts, and both themes as variables."""
    themes = _block(":root", LIGHT, "light") + _block(":root[data-theme=dark]", DARK, "dark")
    return Fonts.css() + themes + f":root{{--font:{FONT};--mono:{MONO};{_BOKEH}}}\n"


def themed(model: ModelT, light: Mapping[str, Any], dark: Mapping[str, Any]) -> ModelT:
    """Let the window set these properties of a Bokeh model when the theme changes.

    Args:
        model: A glyph, a colour mapper, or whatever CSS variables do not reach.
        light: Its properties in the light theme, set now.
        dark: The same ones in the dark theme.

    Returns:
        The model.
    """
    model.update(**light)
    model.tags = [*model.tags, {"themed": {"light": dict(light), "dark": dict(dark)}}]
    return model


def token(name: str, prop: str = "line_color") -> dict[str, dict[str, str]]:
    """Arguments for `themed`: `prop` shows the colour token `name`."""
    return {"light": {prop: LIGHT[name]}, "dark": {prop: DARK[name]}}


def ramp(stops: Sequence[str], count: int = 64) -> list[str]:
    """`count` colours running evenly through `stops`, each like `#rrggbb`."""
    rgb = [[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in stops]
    colours = []
    for step in range(count):
        at = min(step / (count - 1), 0.99999) * (len(rgb) - 1)
        low, high, share = rgb[int(at)], rgb[int(at) + 1], at % 1
        colours.append("#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True)))
    return colours
