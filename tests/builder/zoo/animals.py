"""Graphs that are wrong, and graphs that are right though they look odd.

Each wrong one is a function that draws it: its docstring says what is wrong, and `wrong` says which rule or contract
must name which place.
"""

from tests.builder.zoo import heads, masks, positions, residuals, scores, streams, wiring
from tests.builder.zoo.base import ZOO, Animal

__all__ = ["ZOO", "Animal", "heads", "masks", "positions", "residuals", "scores", "streams", "wiring"]
