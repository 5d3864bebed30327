"""What can go wrong because of something a user did.

The tree:

    ValueError
    └── StepwiseError
        ├── SettingError      a setting is out of range or of the wrong type
        ├── UnknownNameError  nothing is called that; the message has the closest name
        ├── DocumentError     a graph is not well-formed
        │   └── FileError     a file cannot be read as a graph
        ├── EditError         an edit does not apply to this document, which is unchanged
        ├── ExpressionError   a setting's expression cannot be read or has no value
        ├── CompileError      a document cannot become a model
        ├── RunError          a run cannot start, go on or be read
        └── ExportError       a model cannot be written in that format
"""

from __future__ import annotations


class StepwiseError(ValueError):
    """Base of every error a user can cause; its text says what, where and how to fix it."""


class SettingError(StepwiseError):
    """A setting is out of range or of the wrong type."""


class UnknownNameError(StepwiseError):
    """Nothing is called that."""


class DocumentError(StepwiseError):
    """A graph is not well-formed."""


class FileError(DocumentError):
    """A file cannot be read as a graph."""


class EditError(StepwiseError):
    """An edit does not apply to this document; the document is unchanged."""


class ExpressionError(StepwiseError):
    """A setting's expression cannot be read or has no value here."""


class CompileError(StepwiseError):
    """A document cannot become a model."""


class RunError(StepwiseError):
    """A run cannot start, go on or be read."""


class ExportError(StepwiseError):
    """A model cannot be written in that format."""
