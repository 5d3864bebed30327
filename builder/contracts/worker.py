"""A process that tries contracts for others: documents come in at its input, what was found goes out at its output.

It ends when its input does, so that it never outlives who started it, and it takes no time from anyone else.
"""

from __future__ import annotations

import os
import pickle
import struct
import sys
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from builder.contracts.base import ContractResult
from engine.errors import StepwiseError

NICE = 10
_SIZE = struct.Struct(">I")


class Request(NamedTuple):
    """A model to try, as the text of its file."""

    text: str
    thorough: bool = False


class Outcome(NamedTuple):
    """What was found, or why nothing could be."""

    results: tuple[ContractResult, ...] = ()
    problem: str = ""


def write(stream: BinaryIO, thing: Request | Outcome) -> None:
    """Send a thing to the process at the other end of a pipe."""
    data = pickle.dumps(thing)
    stream.write(_SIZE.pack(len(data)) + data)
    stream.flush()


def read(stream: BinaryIO) -> Request | Outcome:
    """Wait for the next thing.

    Raises:
        EOFError: If the other end is gone.
    """
    head = stream.read(_SIZE.size)
    data = stream.read(_SIZE.unpack(head)[0]) if len(head) == _SIZE.size else b""
    if not data:
        raise EOFError
    thing: Request | Outcome = pickle.loads(data)
    return thing


def tried(request: Request) -> Outcome:
    """Try all contracts of a model."""
    from builder import store
    from builder.contracts.check import check_contracts

    try:
        return Outcome(results=check_contracts(store.loads(request.text), thorough=request.thorough))
    except StepwiseError as error:
        return Outcome(problem=str(error))
    except Exception as error:  # noqa: BLE001 -- a block of a plugin may raise anything
        return Outcome(problem=f"The model cannot be run on a small example: {error}")


def serve() -> None:
    """Answer requests until the input ends."""
    import torch

    from engine import plugins

    channel = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a plugin prints must not get between
    with suppress(OSError):
        os.nice(NICE)
    torch.set_num_threads(1)
    plugins.load_all()
    with suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        while isinstance(request := read(sys.stdin.buffer), Request):
            write(channel, tried(request))


if __name__ == "__main__":
    from builder.contracts import worker  # pickled things are those of this name

    worker.serve()
