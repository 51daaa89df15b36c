"""What a command reads from its standard input, kept while it is read."""

from __future__ import annotations

import io
import sys
from typing import Any

MOST = 16_000_000  # bytes: what is longer is data, and no trace's business


class KeptInput(io.RawIOBase):
    """A raw stream that hands on what another one has, and keeps it.

    content     what was read so far, up to the limit
    is_whole    whether that is all that was read
    was_read    whether anybody has tried to
    """

    def __init__(self, stream: io.RawIOBase | Any, most: int = MOST) -> None:
        super().__init__()
        self._stream, self._most = stream, most
        self._kept = bytearray()
        self.was_read, self.is_whole = False, True

    @property
    def content(self) -> str | bytes:
        """As text, if it is."""
        try:
            return self._kept.decode("utf-8")
        except UnicodeDecodeError:
            return bytes(self._kept)

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._stream.fileno())

    def isatty(self) -> bool:
        return bool(self._stream.isatty())

    def readinto(self, buffer: Any) -> int | None:
        """Read as much as there is, up to the buffer's size; 0 at the end, None if there is nothing yet."""
        self.was_read = True
        count: int | None = self._stream.readinto(buffer)
        if count:
            self.is_whole = self.is_whole and len(self._kept) + count <= self._most
            if self.is_whole:
                self._kept += bytes(memoryview(buffer).cast("B")[:count])
        return count


def keep() -> KeptInput | None:
    """Have `sys.stdin`, of which nothing was read yet, kept; None where there is none, or another kind of stream."""
    stream = sys.stdin
    buffered = getattr(stream, "buffer", None)
    if not isinstance(buffered, io.BufferedReader):
        return None
    raw = KeptInput(buffered.raw)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(raw), encoding=stream.encoding, errors=stream.errors)
    return raw
