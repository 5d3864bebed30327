"""The command line: everything that needs no screen.

Exit codes: 0 done; 1 a graph has problems, or a run failed; 2 something cannot be read, or a name is unknown;
130 stopped by Ctrl+C.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from loguru import logger

from builder.verbs import checking, code, compare, doctor, export, graphs, importing, listing, merge, train
from builder.verbs.console import fail
from engine.errors import StepwiseError

VERBS = (graphs, checking, importing, code, train, merge, export, listing, compare, doctor)


def parser() -> argparse.ArgumentParser:
    """The verbs and their options."""
    root = argparse.ArgumentParser(prog="stepwise", description="Assemble transformers, train them, take them away.")
    verbs = root.add_subparsers(title="verbs", metavar="VERB", required=True)
    for module in VERBS:
        module.add_to(verbs)
    return root


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Args:
        words: The arguments; those of the process if not given.

    Returns:
        The exit code.
    """
    logger.remove()  # a run's log goes to its folder
    options = parser().parse_args(words)
    try:
        return int(options.do(options))
    except StepwiseError as error:
        return fail(str(error))
    except BrokenPipeError:  # `stepwise … | head`
        sys.stderr.close()
        return 0
    except OSError as error:  # a folder that is not there, or may not be written to
        return fail(f"{error}. Check the name and your rights.")
