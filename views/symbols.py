"""What can be done with a size of the open definition besides setting it: another name, or no size any more."""

from __future__ import annotations

from collections.abc import Callable

from builder.edits import Edit, HideSetting, RemoveSymbol, RenameSymbol
from builder.edits.symbol_uses import users_of
from views.parts import Dialog, Message
from views.session import Session
from views.window import Answer

Ask = Callable[[Dialog, Answer], object]
MOST = 4  # places named


def ask_symbol(session: Session, ask: Ask, at: str, name: str) -> None:
    """Ask what is to happen with the size `name` of the definition `at`; a refusal is told."""
    here = session.document.definition(at)
    users = list(users_of(session.document, here, name))
    more = f" and {len(users) - MOST} more" if len(users) > MOST else ""
    used = f"It sizes {', '.join(users[:MOST])}{more}." if users else "Nothing uses it."
    hide = " Hide writes its value there and takes the setting away." if users else ""
    dialog = Dialog(
        id="symbol",
        title=f"{name} of {here.title}",
        text=used + hide,
        fields=[{"field": "name", "label": "Name", "value": name}],
        buttons=[
            {"id": "hide", "label": "Hide"} if users else {"id": "remove", "label": "Remove", "danger": True},
            {"id": "rename", "label": "Rename", "primary": True},
        ],
    )
    ask(dialog, lambda message: _answered(session, at, name, message))


def _answered(session: Session, at: str, name: str, message: Message) -> None:
    edit = _edit(at, name, message)
    if edit is not None:
        session.apply(edit)


def _edit(at: str, name: str, message: Message) -> Edit | None:
    match message["button"]:
        case "rename":
            return RenameSymbol(at=at, name=name, new=str(message["values"]["name"]).strip())
        case "hide":
            return HideSetting(at=at, name=name)
        case "remove":
            return RemoveSymbol(at=at, name=name)
    return None
