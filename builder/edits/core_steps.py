"""The steps that an attention core stands for, as blocks; refused where no blocks do what it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from builder.document import PortRef
from builder.edits.core_uses import Core, Met
from engine.blocks.attention import MASKS
from engine.errors import EditError
from engine.settings import Value

CAUSAL, PADDED = ("causal", "both"), ("padding", "both")
PATTERNS = {"padding": "none", "both": "causal"}  # what a mask is by position alone
DIFFER = "Make one of these uses independent first."


@dataclass(frozen=True, kw_only=True)
class Step:
    """A block of the drawing.

    Args:
        name: What to call it, if that is free.
        kind: The block.
        takes: What comes in at each port: what was wired to the core, or the `name` of another step.
        column: Its place, counted from where the core was.
        label: What it is called in the drawing.
        settings: Literals or expressions.
        beside: What it is level with; `None` for what stands in the row of the core.
    """

    name: str
    kind: str
    takes: Mapping[str, PortRef | str]
    column: int
    label: str = ""
    settings: Mapping[str, Value] = field(default_factory=dict)
    beside: PortRef | None = None


def steps_of(core: Core) -> list[Step]:
    """The steps of a core, in the order in which they are taken; the last gives what the core gives.

    Raises:
        EditError: If no blocks do what it does.
    """
    _check(core)
    drawing = _Drawing(core)
    drawing.compare()
    drawing.scale()
    drawing.bias()
    drawing.mask()
    drawing.add("softmax", "softmax", "x", label="Shares of the keys")
    if core.written("dropout") not in (None, 0):
        drawing.add("drop", "dropout", "x", p=core.written("dropout"))
    drawing.mix()
    return drawing.steps


def _check(core: Core) -> None:
    """Refuse what no drawing has.

    Raises:
        EditError: If so.
    """
    settings = ("mask", "window", "prefix", "scale", "sinks")
    unclear = next((name for name in settings if None in core.worth(name)), None)
    if unclear:
        raise EditError(f"{core.name} has no value for {unclear}. Set it first, then open the core.")
    if any(core.worth("sinks")):
        raise EditError(
            f"{core.name} has sinks, a learned score for each head, and no block holds one. Set sinks to false, or "
            "leave the core closed."
        )


class _Drawing:
    """Steps one after another. State: `steps` grows, and `last` is the latest of those in a row."""

    def __init__(self, core: Core) -> None:
        self.steps: list[Step] = []
        self._core = core
        self._last: PortRef | str = ""
        self._column = 0

    def add(self, name: str, kind: str, port: str, *, label: str = "", **settings: Value | None) -> None:
        """A step that takes the last one."""
        self._put(name, kind, {port: self._last}, label, settings)

    def _put(
        self, name: str, kind: str, takes: Mapping[str, PortRef | str], label: str, settings: Mapping[str, Value | None]
    ) -> None:
        given = {key: value for key, value in settings.items() if value is not None}
        self.steps.append(
            Step(name=name, kind=kind, takes=takes, column=self._column, label=label, settings=given)
        )  # fmt: skip
        self._last = name
        self._column += 1

    def compare(self) -> None:
        """Queries times keys; keys and values for several heads are repeated first."""
        self._repeat()
        takes = {"a": self._wired("q"), "b": self._wired("k")}
        self._put("compare", "matmul", _there(takes), "Query · key", {"transpose_b": True})

    def _repeat(self) -> None:
        core = self._core
        shared = [port for port in "kv" if port in core.sources and not core.is_same("q", port, 1)]
        if not shared:
            return
        heads = core.size("q", 1)
        if heads is None:
            raise _unknown(core, "how many heads its queries have")
        for port, word in ((port, {"k": "Keys", "v": "Values"}[port]) for port in shared):
            step = Step(
                name=f"{port}_repeat", kind="repeat_heads", takes={"x": core.sources[port]}, column=0,
                label=f"{word} for all heads", settings={"n_heads": heads}, beside=core.sources[port],
            )  # fmt: skip
            self.steps.append(step)
        self._column = 1

    def _wired(self, port: str) -> PortRef | str | None:
        name = f"{port}_repeat"
        return name if any(step.name == name for step in self.steps) else self._core.sources.get(port)

    def scale(self) -> None:
        """What scores are multiplied by: 1/√K, the number that is set, or nothing where that is one."""
        core, worth = self._core, self._core.worth("scale")
        if any(worth) and not all(worth):
            raise EditError(f"Uses of {core.name} scale by 1/√K and by a number of their own. {DIFFER}")
        if any(worth):
            if core.written("scale") != 1:
                self.add("scale", "scale", "x", factor=core.written("scale"))
            return
        width = core.size("q", -1)
        if width is None:
            raise _unknown(core, "how wide its heads are")
        self.add("scale", "scale", "x", d=width, power=-0.5)

    def bias(self) -> None:
        """What is added to the scores, and the way around it where it may be missing."""
        source = self._core.sources.get("bias")
        if source is None:
            return
        if any("bias" in met.unsure for met in self._core.met):
            raise EditError(
                f"{self._core.name} gets a bias that may be left out when the model is called. Make the input "
                f"{source.node!r} required, or take its wire away."
            )
        plain = self._last
        self._put("add_bias", "add", {"a": plain, "b": source}, "Add the bias", {})
        if not self._core.is_sure("bias"):
            self._put("biased", "either", {"x": plain, "branch": "add_bias"}, "With the bias, if any", {})

    def mask(self) -> None:
        """What may not be looked at, if anything."""
        settings, padding = pattern_of(self._core), padding_of(self._core)
        if settings != {"pattern": "none"} or padding is not None:
            takes = _there({"scores": self._last, "padding": padding})
            self._put("mask", "mask", takes, "", settings)

    def mix(self) -> None:
        """Weights times values."""
        self._put("mix", "matmul", _there({"a": self._last, "b": self._wired("v")}), "Mix the values", {})


def _there(takes: Mapping[str, PortRef | str | None]) -> dict[str, PortRef | str]:
    return {port: source for port, source in takes.items() if source is not None}


def _unknown(core: Core, what: str) -> EditError:
    return EditError(
        f"{core.name}: {what} is not known in {core.here.title}, or not the same in all its uses. Wire its queries "
        "and keys, and give inputs of the composite shapes such as `B n_heads T d_head`."
    )


def padding_of(core: Core) -> PortRef | None:
    """Where padding comes from that is hidden; `None` where it is not.

    Raises:
        EditError: If some uses hide padding that comes in and others do not.
    """
    counts = {met.settings["mask"] in PADDED for met in core.met if "padding" in met.given}
    if counts == {True, False}:
        raise EditError(f"{core.name} gets padding in all uses and hides it in some, by their mask. {DIFFER}")
    fixed = core.written("mask") in (None, *MASKS) and core.met[0].settings["mask"] not in PADDED
    return None if fixed or counts == {False} else core.sources.get("padding")


def pattern_of(core: Core) -> dict[str, Value]:
    """Settings of the mask block; the core's own setting where that is passed from outside.

    Raises:
        EditError: If it hides by position what no mask block hides.
    """
    hidden = {_by_place(core, met) for met in core.met}
    if hidden == {""}:
        written = core.written("mask") or "none"
        return {"pattern": PATTERNS.get(str(written), written)}
    if len(hidden) > 1:
        raise EditError(f"Uses of {core.name} differ in their window or prefix. {DIFFER}")
    (name,) = hidden
    return {"pattern": "sliding_window" if name == "window" else name, name: core.written(name) or 0}


def _by_place(core: Core, met: Met) -> str:
    """Which setting hides by position besides the mask's direction; empty if none does.

    Raises:
        EditError: If a mask block cannot hide so.
    """
    window, prefix, mask = (met.settings[name] for name in ("window", "prefix", "mask"))
    if mask not in CAUSAL and (window or (prefix and mask == "anticausal")):
        what = f"a window of {window}" if window else f"a prefix of {prefix}"
        raise EditError(
            f"{core.name} has {what} and its mask is {mask}; a mask block has those only where later keys are hidden. "
            "Set its mask to causal or both, or leave the core closed."
        )
    if mask in CAUSAL and window and prefix:
        raise EditError(
            f"{core.name} has a window and a prefix; a mask block has one of the two. Set one to 0, or leave the core "
            "closed."
        )
    return "window" if window else "prefix" if prefix and mask in CAUSAL else ""
