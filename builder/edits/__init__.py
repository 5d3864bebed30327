"""Edits: frozen dataclasses whose `apply` turns one document into the next.

The canvas, the command line and undo all speak this one vocabulary. `at` says which definition is edited, the
root if it is empty; all uses of a definition follow. A refused edit raises `EditError` and changes nothing.
"""

from builder.edits.base import Edit
from builder.edits.clips import Clip, Duplicate, Paste, copy_clip, paste_ids
from builder.edits.nodes import AddNode, Move, Remove, SetLabel, new_id
from builder.edits.rails import AddRail, SetPort
from builder.edits.settings import SetSetting
from builder.edits.structure import MakeIndependent, Rename, SetRepeat
from builder.edits.symbols import AddSymbol, RemoveSymbol, RenameSymbol, SetSymbol
from builder.edits.whole import Batch, RenameDocument, Replace, SetTask, Tie, Untie
from builder.edits.wires import Connect, Disconnect, Rewire

__all__ = [
    "AddNode",
    "AddRail",
    "AddSymbol",
    "Batch",
    "Clip",
    "Connect",
    "Disconnect",
    "Duplicate",
    "Edit",
    "MakeIndependent",
    "Move",
    "Paste",
    "Remove",
    "RemoveSymbol",
    "Rename",
    "RenameDocument",
    "RenameSymbol",
    "Replace",
    "Rewire",
    "SetLabel",
    "SetPort",
    "SetRepeat",
    "SetSetting",
    "SetSymbol",
    "SetTask",
    "Tie",
    "Untie",
    "copy_clip",
    "new_id",
    "paste_ids",
]
