"""Escapes control characters in everything that a replay prints at a terminal, the output of awscli included.

A service answers with what somebody else may have written: a table called "a" + ESC + "[2J" would clear the screen of
who lists it with `--output text`. `escaped_output` replaces the standard streams, if they are terminals, by streams
that show it as `a\\x1b[2J`. The characters are those of `cli/sanitize`; within what is written at once, a line break is
escaped too if the program's own `(play)` seems to follow. A pipe or a file gets what awscli writes.

What awscli writes for a terminal still works there: the colours of its tables, and the carriage return with which the
progress of `s3 cp` begins or ends.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import re
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from awstracer.cli.sanitize import BREAK_BEFORE_OWN_LINE, CONTROL, escaped

PROGRESS = r"\A\r|\r\Z|\r(?=\n)"
COLOURS = r"\x1b\[(?:[012]|22|3[1-79])m"  # those that awscli's tables and `cli/styles` use; none hides a text


@contextlib.contextmanager
def escaped_output() -> Iterator[None]:
    """Escape what is printed at a terminal within the block. Colours are for standard output only."""
    before = sys.stdout, sys.stderr
    sys.stdout = _escaping(sys.stdout, f"{PROGRESS}|{COLOURS}")
    sys.stderr = _escaping(sys.stderr, PROGRESS)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _escaping(stream: TextIO, kept: str) -> TextIO:
    """Return a stream that writes to another one, escaped but for what `kept` matches; the same if it's no terminal."""
    if not stream.isatty():
        return stream
    buffer = _EscapingBuffer(stream, kept)
    return io.TextIOWrapper(
        buffer, encoding=stream.encoding, errors=stream.errors, newline="\n", line_buffering=True, write_through=True
    )


class _EscapingBuffer(io.BufferedIOBase):
    """Writes bytes as text to a stream, escaped but for what `kept` matches at the place where it stands in a write.

    A worker of `play/worker_pool` writes to a file what its parent then writes here: there, the bytes stay.
    """

    def __init__(self, stream: TextIO, kept: str) -> None:
        self.name = stream.name
        self._stream, self._pattern = stream, re.compile(f"({kept})|{CONTROL}|{BREAK_BEFORE_OWN_LINE}")
        self._decoder = codecs.getincrementaldecoder(stream.encoding)("backslashreplace")

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def flush(self) -> None:
        self._stream.flush()

    def write(self, data: Any) -> int:
        content = bytes(data)
        if self.isatty():
            text = self._decoder.decode(content)
            self._stream.write(self._pattern.sub(lambda match: match[1] or escaped(match[0]), text))
        else:
            self._stream.buffer.write(content)
        return len(content)
