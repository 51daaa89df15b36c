"""Accepted commands on disk at once: a journal beside the trace file, until the trace is saved.

The journal of `demo.trace` is `demo.trace.journal`: JSON lines, the first a header, then the document
of one command in each, or a change of the commands so far. Each session that goes on with a journal adds
a header of its own; the last one names the process that writes to it, and says whether the commands go
behind those in the trace file. While a session lasts, it holds a lock on the file.

Only what was synced counts: a line that a kill or a full disk tore is ignored, and written over.
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
from awstracer.serializer import command_from_json, command_to_json, recording_info_from_json, recording_info_to_json
from awstracer.trace import Circumstances, Command
from awstracer.tracefile import describe_os_error, sync_directory

fcntl: ModuleType | None = None
with suppress(ImportError):  # where there is none, sessions can't tell that there is another one
    fcntl = import_module("fcntl")

VERSION = 1
PERIOD = 0.01  # seconds
BEGINNING = b'{"journal": '
FLAGS = os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True)
class Contents:
    """What is in a journal.

    recorded    the circumstances of the first session that wrote to it
    process     the last session's
    commands    in the order in which they were accepted, less those that were dropped
    size        the bytes up to the end of the last whole line
    follows     whether the last session had saved what was before the commands
    """

    recorded: Circumstances
    process: int | None
    commands: tuple[Command, ...]
    size: int
    follows: bool = False


EMPTY = Contents(Circumstances(), None, (), 0)


@dataclass(frozen=True)
class _Extent:
    """How far a journal is certain to be on disk: its bytes, its commands, and this session's header."""

    size: int = 0
    commands: tuple[Command, ...] = ()
    has_header: bool = False


# --- bytes -> data


def parsed(content: bytes) -> Contents:
    """What the bytes of a journal hold; ValueError, with the reason, if they aren't a journal's."""
    *lines, torn = content.rstrip(b"\0").split(b"\n")  # a power cut can leave zeros at the end
    if not lines and (torn.startswith(BEGINNING) or BEGINNING.startswith(torn)):
        return EMPTY
    documents = list(_documents(lines))
    headers = [document for document in documents if "journal" in document]
    if not documents or "journal" not in documents[0]:
        raise ValueError("is not a journal")
    for header in headers:
        _check_version(header["journal"])
    process = headers[-1].get("process")
    return Contents(
        recorded=recording_info_from_json(headers[0].get("recorded")),
        process=process if isinstance(process, int) else None,
        commands=tuple(_commands(document for document in documents if "journal" not in document)),
        size=sum(len(line) + 1 for line in lines[: len(documents)]),
        follows=headers[-1].get("follows") is True,
    )


def _commands(documents: Iterable[dict[str, Any]]) -> list[Command]:
    """What commands, and changes of those before them, come to."""
    commands: list[Command] = []
    for document in documents:
        match document:
            case {"splice": [int(first), int(last)], "commands": [*new]} if 0 <= first <= last <= len(commands):
                commands[first:last] = map(command_from_json, new)
            case {"splice": _}:
                raise ValueError("is not a journal: a change in it does not fit")
            case _:
                commands.append(command_from_json(document))
    return commands


def _changes(before: Sequence[Command], after: Sequence[Command]) -> Iterator[dict[str, Any]]:
    """What makes of the commands in a journal others; of whatever was changed one document, since lines can be torn."""
    same = _common(before, after)
    if same == len(before):
        yield from map(command_to_json, after[same:])
        return
    behind = _common(before[same:][::-1], after[same:][::-1])
    new = after[same : len(after) - behind]
    yield {"splice": [same, len(before) - behind], "commands": list(map(command_to_json, new))}


def _common(some: Sequence[Command], others: Sequence[Command]) -> int:
    """How many commands both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] is pair[1], zip(some, others, strict=False)))


def _documents(lines: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    """The JSON objects in lines; the last line may be none, where a power cut left the end of it alone."""
    for number, line in enumerate(lines, 1):
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            if 1 < number == len(lines):
                return
            raise ValueError(f"is not a journal: line {number} is not JSON") from None
        if not isinstance(document, dict):
            raise ValueError(f"is not a journal: line {number} is no object")
        yield document


def _check_version(version: object) -> None:
    if version != VERSION:
        raise ValueError(f"has format {version}, and this awstracer reads journals of format {VERSION}")


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, allow_nan=False).encode("ascii") + b"\n"


# --- data <-> disk


def journal_of(trace_file: Path) -> Path:
    """Where the journal of a trace file is."""
    target = trace_file.resolve()
    return target.with_name(f"{target.name}.journal")


class Journal:
    """The journal of a trace file, this session's alone; without commands in it, it goes when the `with` block ends.

    `commands` are those that an earlier session left, `recorded` the circumstances of the first session;
    `follows` tells whether a session had saved what was before the commands, so that they go behind that.
    TraceError if another session has it for longer than the `patience`, in seconds, or if it can't be read or written.
    """

    def __init__(self, trace_file: Path, recorded: Circumstances, *, patience: float = 0.0) -> None:
        self._patience = patience
        self.commands: tuple[Command, ...] = ()
        self.recorded = self._own = recorded
        self.follows = False
        self._trace_file, self._extent = trace_file, _Extent()
        self.path = journal_of(trace_file)
        self._take()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if not self._extent.commands and _is_at(self._handle, self.path):
            with suppress(OSError):
                self.path.unlink()
        with suppress(OSError):  # setting it aside may have failed
            os.close(self._handle)

    @property
    def written(self) -> int:
        """How many commands are certain to be on disk."""
        return len(self._extent.commands)

    def write(self, commands: Sequence[Command]) -> None:
        """Have the session's commands on disk, and no others; the journal's own are known by identity.

        Interrupted or failed, it may be called again: what is not known to be on disk is written over.
        """
        lines = [] if self._extent.has_header else [_line(self._header())]
        lines += map(_line, _changes(self._extent.commands, commands))
        if not _is_at(self._handle, self.path):
            raise TraceError(self.path, "is gone")
        if not lines:
            return
        content = b"".join(lines)
        try:
            self._append(content)
        except OSError as error:
            raise TraceError(self.path, describe_os_error(error)) from error
        self._extent = _Extent(self._extent.size + len(content), tuple(commands), has_header=True)

    def clear(self, *, follows: bool = False) -> None:
        """The commands are in the trace file, which later ones go behind if it `follows`, or nobody wants them."""
        self._extent, self.follows = _Extent(), follows
        self.commands, self.recorded = (), self._own
        with suppress(OSError):  # then the next write does it, or the file goes
            os.ftruncate(self._handle, 0)

    def set_aside(self) -> Path:
        """Keep what is in the journal under another name, which is given back, and begin a new one."""
        candidates = (self.path.with_name(f"{self.path.name}.{number}") for number in count(1))
        aside = next(path for path in candidates if not os.path.lexists(path))
        before = self._handle
        try:
            self.path.rename(aside)
        except OSError as error:
            raise TraceError(self.path, describe_os_error(error)) from error
        self._take()
        os.close(before)
        return aside

    def _header(self) -> dict[str, Any]:
        recorded = recording_info_to_json(self._own)
        header = {"journal": VERSION, "process": os.getpid(), "recorded": recorded}
        return {**header, "follows": True} if self.follows else header

    def _take(self) -> None:
        """Open, lock and read the journal; there is one afterwards, with this session's header."""
        try:
            self._handle = self._locked()
        except OSError as error:
            raise TraceError(self.path, describe_os_error(error)) from error
        try:
            contents = parsed(_read(self._handle))
            self.commands = contents.commands
            self.recorded = contents.recorded if contents.size else self._own
            self.follows = contents.follows and bool(contents.commands)
            self._extent = _Extent(contents.size, contents.commands)
            self.write(self.commands)
        except ValueError as error:
            os.close(self._handle)
            raise TraceError(self.path, str(error)) from error
        except BaseException:
            os.close(self._handle)
            raise

    def _locked(self) -> int:
        """The open journal, locked; another session may just be removing the one that was opened."""
        limit = time.monotonic() + self._patience
        while True:
            handle = _opened(self.path)
            if not _lock(handle):
                if time.monotonic() < limit:
                    os.close(handle)
                    time.sleep(PERIOD)
                    continue
                raise TraceError(self._trace_file, f"is being recorded by another session{_writer(handle)}")
            if _is_at(handle, self.path):
                return handle
            os.close(handle)

    def _append(self, content: bytes) -> None:
        os.ftruncate(self._handle, self._extent.size)
        while content:
            content = content[os.write(self._handle, content) :]
        os.fsync(self._handle)


def _opened(path: Path) -> int:
    """A file of one's own that nobody else can read, as it is or new; no link is followed."""
    while True:
        try:
            return _own(os.open(path, FLAGS))
        except FileNotFoundError:
            pass
        with suppress(FileExistsError):
            handle = os.open(path, FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
            sync_directory(path.parent)
            return handle


def _own(handle: int) -> int:
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or (hasattr(os, "geteuid") and found.st_uid != os.geteuid()):
        os.close(handle)
        raise OSError("it is no regular file, or somebody else's")
    return handle


def _is_at(handle: int, path: Path) -> bool:
    """Whether an open file is the one that a path names."""
    try:
        return os.path.samestat(os.fstat(handle), path.lstat())
    except OSError:
        return False


def _lock(handle: int) -> bool:
    """Lock a file, where that is possible; whether nobody else has."""
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # the file system has no locks
        return True
    return True


def _writer(handle: int) -> str:
    """Who writes to a journal that is locked, in words."""
    with suppress(ValueError):
        process = parsed(_read(handle)).process
        return f" (process {process})" if process else ""
    return ""


def _read(handle: int) -> bytes:
    with open(handle, "rb", closefd=False) as file:
        return file.read()
