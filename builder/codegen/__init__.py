"""A document as Python source that a person would be proud of: one module that imports only torch."""

from __future__ import annotations

from builder.codegen.module import Generated, generate, generate_code

__all__ = ["Generated", "generate", "generate_code"]
