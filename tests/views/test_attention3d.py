"""The Python side of the 3D view: the bytes it sends and the messages it takes."""

from __future__ import annotations

import numpy as np

from engine.attention_maps import AttentionStack
from views.attention3d import Attention3D, encode


def test_a_byte_is_at_most_4_thousandths_wrong_and_keeps_small_weights() -> None:
    weights = np.concatenate([np.linspace(0, 1, 10_001), np.logspace(-5, 0, 1000)]).astype(np.float32)

    decoded = (encode(weights) / 255.0) ** 2

    assert abs(decoded - weights).max() <= 0.004
    assert (encode(weights[weights > 1e-5]) > 0).all()


def test_shape_tokens_and_weights_travel_in_one_message() -> None:
    view, sent = Attention3D(print), []
    view.param.watch(lambda event: sent.append(event.new), "field")
    weights = np.full((1, 2, 2, 3), 1 / 3, np.float32)

    view.load(AttentionStack(paths=("core",), weights=weights, queries=("a", "b"), keys=("x", "y", "z")))

    assert sent == [
        {"shape": [1, 2, 2, 3], "queries": ["a", "b"], "keys": ["x", "y", "z"], "weights": bytes([147] * 12)}
    ]


def test_a_choice_in_the_browser_is_told() -> None:
    told: list[object] = []
    view = Attention3D(told.append)

    view._handle_msg({"type": "select", "layer": 1, "head": 0, "query": None, "key": 2, "more": "x"})

    assert told == [{"layer": 1, "head": 0, "query": None, "key": 2}]


def test_the_browser_says_when_it_has_the_view() -> None:
    mounted: list[str] = []
    view = Attention3D(print, lambda: mounted.append("yes"))

    view._handle_msg({"type": "hello"})

    assert mounted == ["yes"]
