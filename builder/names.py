"""Ids of nodes, definitions and symbols: slugs that can be submodules and arguments. And names of files."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Collection
from hashlib import sha256

MAX_LENGTH = 64
MAX_STEM = 40  # characters of a file's name, each of up to 4 bytes
MAX_FOLDER = 150  # characters of a folder's name, all of one byte
_SLUG = re.compile(r"[a-z][a-z0-9_]*")

# Written out, so that a file means the same with every release of torch and Python; a test compares.
_MODULE_ATTRIBUTES = """
    add_module add_submodule apply bfloat16 buffers call_super_init children code compile cpu cuda
    delete_all_unused_submodules delete_submodule double dump_patches eval extra_repr float forward get_buffer
    get_extra_state get_parameter get_submodule graph half ipu load_state_dict meta modules mtia named_buffers
    named_children named_modules named_parameters parameters print_readable recompile register_backward_hook
    register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook
    register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook
    register_module register_parameter register_state_dict_post_hook register_state_dict_pre_hook
    requires_grad_ set_extra_state set_submodule shape_env share_memory state_dict to to_empty to_folder train
    training type xpu zero_grad
"""
_BUILTINS = """
    abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile
    complex delattr dict dir divmod enumerate eval exec filter float format frozenset getattr globals
    hasattr hash help hex id input int isinstance issubclass iter len list locals map max memoryview min
    next object oct open ord pow print property range repr reversed round self set setattr slice sorted
    staticmethod str sum super tuple type vars zip torch device inf nan math
"""
RESERVED = frozenset(_MODULE_ATTRIBUTES.split()) | frozenset(_BUILTINS.split()) | frozenset(keyword.kwlist)


def problem(name: str) -> str:
    """Why `name` cannot be an id, as a sentence that says how to fix it; empty if it can."""
    if not isinstance(name, str) or not _SLUG.fullmatch(name):
        return f"{str(name)[:60]!r} is no id. Use a-z, 0-9 and underscores, and begin with a letter."
    if len(name) > MAX_LENGTH:
        return f"{name[:20]!r}… has {len(name)} characters; an id has at most {MAX_LENGTH}."
    if name in RESERVED:
        return f"{name!r} has a meaning in Python or PyTorch and cannot be an id. Call it {name + '_1'!r}, say."
    return ""


def slug(text: str, default: str = "node") -> str:
    """`text` as an id: `Layer norm (pre)` becomes `layer_norm_pre`.

    Args:
        text: Anything a user wrote.
        default: Used when no letter is left.
    """
    words = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    name = words.lstrip("0123456789_")[: MAX_LENGTH - 8].rstrip("_") or default
    return f"{name}_1" if name in RESERVED else name


def fresh(text: str, taken: Collection[str]) -> str:
    """An id made of `text` that is not among `taken`: `norm`, else `norm_2` and so on."""
    name = slug(text)
    if name not in taken:
        return name
    stem = re.sub(r"_\d+$", "", name)
    number = 2
    while f"{stem}_{number}" in taken:
        number += 1
    return f"{stem}_{number}"


def file_stem(text: str) -> str:
    """The name of a file for what is called `text`, without its ending: `Tiny GPT` becomes `tiny_gpt`.

    Letters of all scripts stay. Two texts get one name only where they differ in nothing but case, and spaces, dots,
    hyphens and underscores (or the `_1` of a reserved id); where more is lost, eight digits made of the text follow.

    Args:
        text: Anything with a letter or digit.
    """
    text = unicodedata.normalize("NFC", text)
    words = re.sub(r"[\s._-]+", "_", text.lower()).strip("_")
    if (found := slug(text)) in (words, f"{words}_1"):
        return found
    stem = re.sub(r"_+", "_", "".join(map(_lettered, words)))[:MAX_STEM].strip("_")
    return stem if stem and stem == words else f"{stem}-{_digest(text)[:8]}".lstrip("-")


def folder_name(user: str) -> str:
    """The name of a folder for a user: the same for a-z, 0-9, `_` and `-`; no two users have one, upper case or not.

    Args:
        user: As the login gives it. All other characters become `%` and two hexadecimal digits for each byte.
    """
    name = re.sub(r"[^a-z0-9_-]", lambda found: _percent(found[0]), user)
    return name if len(name) <= MAX_FOLDER else f"{name[: MAX_FOLDER // 2]}%long-{_digest(user)}"


def _lettered(character: str) -> str:
    """A letter with its marks, or a digit, as it is; anything else as an underscore."""
    return character if unicodedata.category(character)[0] in "LMN" else "_"


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
