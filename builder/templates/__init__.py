"""Whole models that come with the builder; each is a document like any other."""

from __future__ import annotations

from builder.templates import bert, gpt, llama, moe, original, t5, vit
from builder.templates.gallery import TEMPLATES, Template, add, assembled, build, names
from engine.plugins import load

__all__ = ["TEMPLATES", "Template", "add", "assembled", "build", "names"]

# The order of the gallery: what trains in seconds comes first.
gpt.register_tiny()
llama.register_tiny()
bert.register_tiny()
t5.register_tiny()
moe.register_tiny()
vit.register_tiny()
gpt.register()
llama.register()
bert.register()
t5.register()
moe.register()
vit.register()
original.register()

TEMPLATES.later(lambda: load("stepwise.templates"))
