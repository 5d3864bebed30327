"""A registry that the made-up plugins of the tests put things into."""

from __future__ import annotations

from engine.registry import Registry

GROUP = "stepwise.test.toys"
TOYS: Registry[object] = Registry("toy")
