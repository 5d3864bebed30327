"""Writing with a model: greedy, drawn or by beams, with a cache of keys and values where the model allows.

`engine.generation.decoding` imports only torch, because every exported model carries a copy of it.
"""

from __future__ import annotations

from engine.generation.beams import BeamSearch
from engine.generation.decoding import Decoding
from engine.generation.readers import Cached, Whole
from engine.generation.writing import generate, longest_input

__all__ = ["BeamSearch", "Cached", "Decoding", "Whole", "generate", "longest_input"]
