"""Rules: what must hold in a model, each with a stable code, a reason, and edits that mend what breaks it."""

from builder.rules import distances, habits, model, rotary, settings, shapes, sums, tied, wiring  # noqa: F401  (declare their rules)
from builder.rules.base import RULES, Finding, Rule, View

__all__ = ["RULES", "Finding", "Rule", "View"]
