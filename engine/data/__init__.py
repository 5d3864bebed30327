"""Tasks: what a model can be trained for. Importing this package declares all of them."""

from engine.data import reverse, sort, shakespeare, brackets, fill, shapes  # isort: skip -- the order of the list
from engine.data.batch import IGNORE, Batch, Example
from engine.data.interface import Interface
from engine.data.task import TASKS, Split, Task
from engine.data.tokenizers import CharTokenizer, Tokenizer, tokenizer_from
from engine.plugins import load

__all__ = [
    "IGNORE",
    "TASKS",
    "Batch",
    "CharTokenizer",
    "Example",
    "Interface",
    "Split",
    "Task",
    "Tokenizer",
    "brackets",
    "fill",
    "reverse",
    "shakespeare",
    "shapes",
    "sort",
    "tokenizer_from",
]

TASKS.later(lambda: load("stepwise.tasks"))
