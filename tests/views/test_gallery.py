"""The gallery of templates: small ones first, all drawn for both themes."""

from __future__ import annotations

from builder import templates
from views.dialogs import EMPTY, cards


def test_the_gallery_has_every_template_and_an_empty_model() -> None:
    assert {card["id"] for card in cards()} == {*templates.names(), EMPTY}


def test_models_that_train_in_seconds_come_first_in_a_group_of_their_own() -> None:
    groups = [card["group"] for card in cards()]
    small = [card["id"] for card in cards() if card["group"] == groups[0]]

    assert groups[0] == "Train in seconds"
    assert small == [name for name in templates.names() if name.startswith("tiny")]
    assert len(set(groups[len(small) :])) == 1


def test_every_card_has_a_picture_without_words_for_each_theme() -> None:
    pictures = [card["picture"] for card in cards()]

    assert len(pictures) == len(templates.names()) + 1
    assert all(set(picture) == {"light", "dark"} and picture["light"] != picture["dark"] for picture in pictures)
    assert not any("<text" in svg for picture in pictures for svg in picture.values())
