"""Whole models that come with the builder; each is a document like any other."""

from __future__ import annotations

from builder.templates import gpt, original
from builder.templates.gallery import TEMPLATES, Template, assembled, build, names

__all__ = ["TEMPLATES", "Template", "assembled", "build", "names"]

# The order of the gallery: what trains in seconds comes first.
gpt.register_tiny()
gpt.register()
original.register()
