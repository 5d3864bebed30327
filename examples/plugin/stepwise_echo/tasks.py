"""Say a word again: `abc` becomes `abc`."""

from __future__ import annotations

from torch import Tensor

from engine.data.sequences import SequenceTask
from engine.data.task import register


@register
class Echo(SequenceTask):
    """Letters in the same order."""

    name = "echo"
    title = "Echo"
    about = "Write the letters again: abcd stays abcd."
    templates = ("shifted_gpt", *SequenceTask.templates)
    metric = "exact_match"
    symbols = "abcdefghijklmnopqrstuvwxyz"

    def solve(self, rows: Tensor, lengths: Tensor) -> Tensor:  # noqa: ARG002 -- the answer is the question
        """The questions themselves, (B, L)."""
        return rows
