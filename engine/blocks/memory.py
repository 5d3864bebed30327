"""What a block remembers while a text is written, so that only new positions are computed.

A block that needs earlier positions has a method `cached(memory, *args)` beside its `forward`. It gets the same
arguments, of which those that grow hold the new positions alone, and answers for these. A block that cannot do so as
it is set up raises `NoCacheError`; then the model reads everything again for each token, with the same result.
"""

from __future__ import annotations

from torch import Tensor

ROOM = 64  # positions to make room for at first


class NoCacheError(Exception):
    """A part of the model needs all positions at once; never reaches the user."""


class Memory(dict[str, Tensor]):
    """What one use of a block keeps from step to step. State: grows with the text.

    `past` is how many positions came before the new ones. A block sets `unsure` if it cannot know by itself that
    nothing new changes what it gave for earlier positions; then the model is tried once on two positions.

    Args:
        grows: For each argument of the block, whether it grows with the text; others stay as they are.
    """

    def __init__(self, grows: tuple[bool, ...]) -> None:
        super().__init__()
        self.grows = grows
        self.past = 0
        self.unsure = False
        self._used: dict[str, int] = {}

    def extend(self, name: str, fresh: Tensor) -> Tensor:
        """Add new positions to what is kept, and give all.

        Args:
            name: What is kept.
            fresh: Its new positions, (…, T, D).

        Returns:
            All positions so far, (…, S, D), in a buffer that later calls write on.
        """
        used, held = self._used.get(name, 0), self.get(name)
        total = used + fresh.shape[-2]
        if held is None or held.shape[-2] < total:
            room = fresh.new_empty(*fresh.shape[:-2], 2 * used or total + ROOM, fresh.shape[-1])
            if held is not None:
                room.narrow(-2, 0, used).copy_(held.narrow(-2, 0, used))
            self[name] = held = room
        held.narrow(-2, used, total - used).copy_(fresh)
        self._used[name] = total
        return held.narrow(-2, 0, total)

    @property
    def bytes_per_position(self) -> int:
        """How much more is kept for each further position, in all rows of the batch."""
        return sum(self[name].narrow(-2, 0, 1).numel() * self[name].element_size() for name in self._used)

    def reorder(self, rows: Tensor, batch: int) -> None:
        """Go on with other rows of the batch; what has no rows stays."""
        for name, held in self.items():
            if held.shape[0] == batch:
                self[name] = held.index_select(0, rows)
