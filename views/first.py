"""The documents that a window begins with."""

from __future__ import annotations

from builder import templates
from builder.document import Document
from builder.edits import SetTask
from engine.data import TASKS


def first_document(name: str) -> tuple[Document, str]:
    """A template sized for its task, or for the first one that it fits, and that task's name."""
    own = templates.TEMPLATES[name].task
    if own:
        return templates.build(name), own
    task = next((task for task in TASKS.values() if name in task.templates), None)
    if task is None:
        return templates.build(name), ""
    return SetTask(task=task.name).apply(templates.build(name, **task.sizes(name))), task.name


def blank_document() -> tuple[Document, str]:
    """A document without blocks, with the sizes of the tiny GPT, so that blocks find their widths by name."""
    tiny = templates.build("tiny")
    root = tiny.main.without_nodes(tiny.main.nodes)
    return Document(definitions={root.name: root}, root=root.name, task=tiny.task), tiny.task
