"""Edits: frozen dataclasses whose `apply` turns one document into the next.

The canvas, the command line and undo all speak this one vocabulary. `at` says which definition is edited, the
root if it is empty; all uses of a definition follow. A refused edit raises `EditError` and changes nothing.
"""

from builder.edits.adapters import AddAdapter, RemoveAdapter
from builder.edits.base import Edit
from builder.edits.clips import Clip, Duplicate, Paste, copy_clip
from builder.edits.contracts import RequireContract, ResetContract, WaiveContract
from builder.edits.draw_out import DrawOut
from builder.edits.expose import ExposeSetting, HideSetting
from builder.edits.group import Group, group_id
from builder.edits.layers import ClearOverride, SetCarry, SetShared
from builder.edits.nodes import AddNode, Move, Remove, SetLabel, new_id
from builder.edits.rails import AddRail, SetPort
from builder.edits.settings import SetSetting
from builder.edits.structure import MakeIndependent, Rename, SetRepeat
from builder.edits.symbols import AddSymbol, RemoveSymbol, RenameSymbol, SetSymbol
from builder.edits.ungroup import Ungroup
from builder.edits.whole import Batch, RenameDocument, Replace, Retitle, SetTask, Tie, Untie
from builder.edits.wires import Connect, Disconnect, Rewire

__all__ = [
    "AddAdapter",
    "AddNode",
    "AddRail",
    "AddSymbol",
    "Batch",
    "ClearOverride",
    "Clip",
    "Connect",
    "Disconnect",
    "DrawOut",
    "Duplicate",
    "Edit",
    "ExposeSetting",
    "Group",
    "HideSetting",
    "MakeIndependent",
    "Move",
    "Paste",
    "Remove",
    "RemoveAdapter",
    "RemoveSymbol",
    "Rename",
    "RenameDocument",
    "RenameSymbol",
    "Replace",
    "RequireContract",
    "ResetContract",
    "Retitle",
    "Rewire",
    "SetCarry",
    "SetLabel",
    "SetPort",
    "SetRepeat",
    "SetSetting",
    "SetShared",
    "SetSymbol",
    "SetTask",
    "Tie",
    "Ungroup",
    "Untie",
    "WaiveContract",
    "copy_clip",
    "group_id",
    "new_id",
]
