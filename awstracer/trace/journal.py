"""Write accepted commands to disk before the trace is saved: a journal beside the trace file.

The journal of `demo.trace` is `demo.trace.journal`, in JSON lines. The first line is a header: `{"journal": 1,
"process": 4711, "recorded": {...}}`. Each line after it is a command as JSON, or a change of the commands so far:
`{"splice": [2, 3], "commands": []}` removes the third. A session that continues a journal adds a header of its own; the
last header has the process that writes, and whether the commands continue those in the trace file. A session locks its
journal as long as it lasts.

Only synced bytes count. A line that was torn by a kill or a full disk is ignored when the journal is read, and
overwritten by the next write.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from itertools import count, takewhile
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from awstracer.errors import TraceError
from awstracer.trace.model import Command, RecordingInfo
from awstracer.trace.serializer import (
    command_from_json,
    command_to_json,
    recording_info_from_json,
    recording_info_to_json,
)
from awstracer.trace.store import describe_os_error, resolve, short_name, sync_directory

fcntl: ModuleType | None = None
with suppress(ImportError):  # without it (Windows), sessions can't lock their journals
    fcntl = import_module("fcntl")

JOURNAL_VERSION = 1
LOCK_INTERVAL = 0.01  # seconds between two attempts to lock
HEADER_START = b'{"journal": '
FLAGS = os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True)
class Contents:
    """What a journal holds.

    recorded    from the header of the first session that wrote to it
    process     of the last session
    commands    in the order in which they were accepted, without those that were dropped
    size        bytes up to the end of the last whole line
    continues_trace     whether the commands continue those in the trace file, which the last session had saved
    """

    recorded: RecordingInfo
    process: int | None
    commands: tuple[Command, ...]
    size: int
    continues_trace: bool = False


EMPTY = Contents(RecordingInfo(), None, (), 0)


@dataclass(frozen=True)
class _Synced:
    """What is certain to be on disk: the journal's size in bytes, its commands, and this session's header."""

    size: int = 0
    commands: tuple[Command, ...] = ()
    has_header: bool = False


# --- bytes -> data


def parse(content: bytes) -> Contents:
    """Return the contents of a journal's bytes; raise ValueError with the reason if they are no journal."""
    *lines, torn = content.rstrip(b"\0").split(b"\n")  # a power cut can leave zeros at the end
    if not lines and (torn.startswith(HEADER_START) or HEADER_START.startswith(torn)):
        return EMPTY
    entries = list(_entries(lines))
    headers = [entry for entry in entries if "journal" in entry]
    if not entries or "journal" not in entries[0]:
        raise ValueError("is not a journal")
    for header in headers:
        _check_version(header["journal"])
    process = headers[-1].get("process")
    return Contents(
        recorded=recording_info_from_json(headers[0].get("recorded")),
        process=process if isinstance(process, int) else None,
        commands=tuple(_commands(entry for entry in entries if "journal" not in entry)),
        size=sum(len(line) + 1 for line in lines[: len(entries)]),
        continues_trace=headers[-1].get("follows") is True,
    )


def _entries(lines: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the JSON object of each line; the last line may be invalid, since a power cut can damage its middle."""
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            if 1 < number == len(lines):
                return
            raise ValueError(f"is not a journal: line {number} is not JSON") from None
        if not isinstance(entry, dict):
            raise ValueError(f"is not a journal: line {number} is no object")
        yield entry


def _check_version(version: object) -> None:
    if version != JOURNAL_VERSION:
        raise ValueError(f"has format {version}, and this awstracer reads journals of format {JOURNAL_VERSION}")


def _commands(entries: Iterable[dict[str, Any]]) -> list[Command]:
    """Return the commands that are left after all changes."""
    commands: list[Command] = []
    for entry in entries:
        match entry:
            case {"splice": [int(first), int(last)], "commands": [*new]} if 0 <= first <= last <= len(commands):
                commands[first:last] = map(command_from_json, new)
            case {"splice": _}:
                raise ValueError("is not a journal: a change in it does not fit")
            case _:
                commands.append(command_from_json(entry))
    return commands


# --- data -> bytes


def _changes(before: Sequence[Command], after: Sequence[Command]) -> Iterator[dict[str, Any]]:
    """Yield the entries that change the commands of a journal; a removal is one entry, since lines can be torn."""
    same = _common_length(before, after)
    if same == len(before):
        yield from map(command_to_json, after[same:])
        return
    same_at_end = _common_length(before[same:][::-1], after[same:][::-1])
    new = after[same : len(after) - same_at_end]
    yield {"splice": [same, len(before) - same_at_end], "commands": list(map(command_to_json, new))}


def _common_length(some: Sequence[Command], others: Sequence[Command]) -> int:
    """Return how many commands both begin with; commands are compared by identity."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] is pair[1], zip(some, others, strict=False)))


def _line(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry, allow_nan=False).encode("ascii") + b"\n"


# --- data <-> disk


def journal_path(trace_file: Path) -> Path:
    """Return the path of a trace file's journal."""
    target = resolve(trace_file)
    return target.with_name(f"{short_name(target)}.journal")


class Journal:
    """The locked journal of a trace file; if it holds no commands when the `with` block ends, its file is removed.

    commands    that an earlier session left in it
    recorded    from the header of the first session
    continues_trace     whether the commands continue those in the trace file, which a session had saved

    Raise TraceError if another session keeps it locked for more than `patience` seconds, or if it can't be read or
    written.
    """

    def __init__(self, trace_file: Path, recorded: RecordingInfo, *, patience: float = 0.0) -> None:
        self._trace_file, self._patience = trace_file, patience
        self.path = journal_path(trace_file)
        self.commands: tuple[Command, ...] = ()
        self.recorded = self._session_info = recorded
        self.continues_trace = False
        self._synced = _Synced()
        self._open()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if not self._synced.commands and _is_file_at(self._handle, self.path):
            with suppress(OSError):
                self.path.unlink()
        with suppress(OSError):  # `set_aside` may have failed
            os.close(self._handle)

    @property
    def written(self) -> int:
        """How many commands are certain to be on disk."""
        return len(self._synced.commands)

    def write(self, commands: Sequence[Command]) -> None:
        """Write the changes that leave exactly these commands on disk; raise TraceError if that fails.

        Commands that are on disk already are recognized by identity. After an interrupt or an error it may be called
        again: bytes that may not be on disk are overwritten.
        """
        lines = [] if self._synced.has_header else [_line(self._header())]
        lines += map(_line, _changes(self._synced.commands, commands))
        if not _is_file_at(self._handle, self.path):
            raise TraceError(self.path, "is gone")
        if not lines:
            return
        content = b"".join(lines)
        try:
            self._append(content)
        except OSError as error:
            raise TraceError(self.path, describe_os_error(error)) from error
        self._synced = _Synced(self._synced.size + len(content), tuple(commands), has_header=True)

    def clear(self, *, continues_trace: bool = False) -> None:
        """Drop all commands. With `continues_trace` they are in the trace file, and later commands continue them."""
        self._synced, self.continues_trace = _Synced(), continues_trace
        self.commands, self.recorded = (), self._session_info
        with suppress(OSError):  # then the next write truncates the file, or it is removed
            os.ftruncate(self._handle, 0)

    def set_aside(self) -> Path:
        """Rename the file to a new name, which is returned, and begin a new journal."""
        candidates = (self.path.with_name(f"{self.path.name}.{number}") for number in count(1))
        aside = next(path for path in candidates if not os.path.lexists(path))
        old_handle = self._handle
        try:
            self.path.rename(aside)
        except OSError as error:
            raise TraceError(self.path, describe_os_error(error)) from error
        self._open()
        os.close(old_handle)
        return aside

    def _header(self) -> dict[str, Any]:
        recorded = recording_info_to_json(self._session_info)
        header = {"journal": JOURNAL_VERSION, "process": os.getpid(), "recorded": recorded}
        return {**header, "follows": True} if self.continues_trace else header

    def _open(self) -> None:
        """Open or create the file, lock it, read it, and add this session's header."""
        try:
            self._handle = self._lock()
        except OSError as error:
            raise TraceError(self.path, describe_os_error(error)) from error
        try:
            self._take_over(parse(_read(self._handle)))
            self.write(self.commands)
        except ValueError as error:
            os.close(self._handle)
            raise TraceError(self.path, str(error)) from error
        except BaseException:
            os.close(self._handle)
            raise

    def _take_over(self, contents: Contents) -> None:
        self.commands = contents.commands
        self.recorded = contents.recorded if contents.size else self._session_info
        self.continues_trace = contents.continues_trace and bool(contents.commands)
        self._synced = _Synced(contents.size, contents.commands)

    def _lock(self) -> int:
        """Return the handle of the locked file, which another session may remove between opening and locking."""
        limit = time.monotonic() + self._patience
        while True:
            handle = _open_or_create(self.path)
            if not _try_lock(handle):
                if time.monotonic() >= limit:
                    raise TraceError(self._trace_file, f"is being recorded by another session{_writer(handle)}")
                os.close(handle)
                time.sleep(LOCK_INTERVAL)
            elif _is_file_at(handle, self.path):
                return handle
            else:
                os.close(handle)

    def _append(self, content: bytes) -> None:
        os.ftruncate(self._handle, self._synced.size)
        while content:
            content = content[os.write(self._handle, content) :]
        os.fsync(self._handle)


def _open_or_create(path: Path) -> int:
    """Return the handle of the user's own file at a path, created with mode 0600 if there is none; follow no link."""
    while True:
        try:
            return _check_own(os.open(path, FLAGS))
        except FileNotFoundError:
            pass
        with suppress(FileExistsError):
            handle = os.open(path, FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
            sync_directory(path.parent)
            return handle


def _check_own(handle: int) -> int:
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or (hasattr(os, "geteuid") and found.st_uid != os.geteuid()):
        os.close(handle)
        raise OSError("it is no regular file, or somebody else's")
    return handle


def _is_file_at(handle: int, path: Path) -> bool:
    """Return whether an open file is the one that a path names."""
    try:
        return os.path.samestat(os.fstat(handle), path.lstat())
    except OSError:
        return False


def _try_lock(handle: int) -> bool:
    """Lock a file, if the system can; return whether no other session has it locked."""
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # the file system has no locks
        return True
    return True


def _writer(handle: int) -> str:
    """Return which process writes to a locked journal, as the end of an error; "" if its header can't be read."""
    with suppress(ValueError):
        process = parse(_read(handle)).process
        return f" (process {process})" if process else ""
    return ""


def _read(handle: int) -> bytes:
    with open(handle, "rb", closefd=False) as file:
        return file.read()
