"""Colours can be read by everybody, and the style sheet says them once."""

from __future__ import annotations

import re

import pytest
from bokeh.models import Line

from views import theme

THEMES = {"light": theme.LIGHT, "dark": theme.DARK}
SURFACES = ("surface", "sunken")
TEXT = ("text", "muted", "faint", "accent", "ok", "warn", "err")
MARKS = ("hidden", "ids", "q", "k", "v", "weights", "mask", "logits", "accent", "ok", "warn", "err")
ON = [("on-accent", "accent"), ("accent", "accent-soft"), ("text", "accent-soft"), ("muted", "accent-soft")]
ON += [(tone, f"{tone}-soft") for tone in ("ok", "warn", "err")]


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`. Source: WCAG 2.2, definition of relative luminance."""
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 to 21. Source: WCAG 2.2, definition of contrast ratio."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_has_the_contrast_of_the_definition() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("ink", TEXT)
@pytest.mark.parametrize("ground", SURFACES)
def test_text_stands_out_from_every_surface(name: str, ink: str, ground: str) -> None:
    tokens = THEMES[name]

    assert contrast(tokens[ink], tokens[ground]) >= 4.5


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize(("ink", "ground"), ON)
def test_text_stands_out_from_what_it_is_printed_on(name: str, ink: str, ground: str) -> None:
    tokens = THEMES[name]

    assert contrast(tokens[ink], tokens[ground]) >= 4.5


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("ground", SURFACES)
def test_marks_stand_out_from_every_surface(name: str, mark: str, ground: str) -> None:
    tokens = THEMES[name]

    assert contrast(tokens[mark], tokens[ground]) >= 3


def test_both_themes_have_the_same_tokens() -> None:
    assert list(theme.LIGHT) == list(theme.DARK)


def test_every_variable_that_a_style_sheet_reads_is_a_token_or_its_own() -> None:
    folder = theme.Path(theme.__file__).parent / "ui"
    sheets = "".join(
        path.read_text(encoding="utf-8") for path in folder.glob("**/*.css") if "node_modules" not in path.parts
    )
    code = "".join(
        path.read_text(encoding="utf-8") for path in folder.glob("**/*.js*") if "node_modules" not in path.parts
    )
    read = set(re.findall(r"var\(--([a-z0-9-]+)\)", sheets))
    made = set(re.findall(r"--([a-z0-9-]+):", sheets)) | set(re.findall(r'"--([a-z0-9-]+)"', code))

    assert read - made - {"font", "mono"} <= set(theme.LIGHT)


def test_each_font_file_is_there_with_its_licence() -> None:
    folder = theme.Path(theme.__file__).parent / "ui" / "fonts"

    assert all((folder / name).read_bytes()[:4] == b"wOF2" for name in theme.Fonts.FILES)
    assert all("SIL Open Font License" in path.read_text(encoding="utf-8") for path in folder.glob("*-OFL.txt"))
    assert len(list(folder.glob("*-OFL.txt"))) == 2


def test_themed_sets_the_light_values_and_carries_both() -> None:
    line = theme.themed(Line(), **theme.token("q"))

    assert line.line_color == theme.LIGHT["q"]
    assert line.tags == [{"themed": theme.token("q")}]


def test_a_ramp_starts_and_ends_at_its_outer_stops() -> None:
    colours = theme.ramp(("#000000", "#ffffff", "#ff0000"), 5)

    assert colours[0] == "#000000"
    assert colours[2] == "#ffffff"
    assert len(colours) == 5
    assert all(abs(int(colours[-1][i : i + 2], 16) - part) <= 1 for i, part in ((1, 255), (3, 0), (5, 0)))
