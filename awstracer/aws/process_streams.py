"""The arguments and standard streams of this process while an `aws` line runs in it, and as before afterwards."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

STREAM_METHODS = {"read", "readline", "readlines", "buffer"}


def flush_output() -> None:
    """Write out what is buffered, as the end of the process would."""
    for stream in filter(None, (sys.stdout, sys.stderr)):  # a script may have closed them
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


@contextlib.contextmanager
def program_arguments(argv: Sequence[str]) -> Iterator[None]:
    """Set `sys.argv`, which awscli's usage errors and debug log print."""
    before = sys.argv
    sys.argv = ["aws", *argv]
    try:
        yield
    finally:
        sys.argv = before


@contextlib.contextmanager
def output_restored() -> Iterator[None]:
    """Restore the output streams: awscli's tables wrap them in colorama once more for each command."""
    before = sys.stdout, sys.stderr
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


class WatchedInput:
    """Standard input that remembers whether anybody read it."""

    def __init__(self, stream: Any) -> None:
        self._stream, self.was_read = stream, False

    def __getattr__(self, name: str) -> Any:
        self.was_read = self.was_read or name in STREAM_METHODS
        return getattr(self._stream, name)

    def __iter__(self) -> Any:
        self.was_read = True
        return iter(self._stream)


@contextlib.contextmanager
def watched_input() -> Iterator[WatchedInput]:
    """Put a WatchedInput in the place of the standard input."""
    before, watched = sys.stdin, WatchedInput(sys.stdin)
    if before is not None:  # None: it is closed
        sys.stdin = watched
    try:
        yield watched
    finally:
        sys.stdin = before
