"""The messages between a recorded script's processes and the recorder, `awstrace-rec -- COMMAND`.

The recorder listens on a Unix socket in a folder that only its owner can enter. A message is one line of JSON: the name
of its class below, and its fields. For the script's `sleep 5` the shim opens a connection, sends
`{"message": "SleepStarted"}` and becomes `sleep`. The connection closes when that process ends, and the recorder adds
the time between to the pause before the next command.

A connection has one of four uses. `>` is sent to the recorder, `<` by it:

    run       > RunRequest      the shim of `aws` describes its process; its open files come along
              < RunDeclined     the shim runs `aws` in a Python process of its own: the connection has no use any more
              < RunStarted      or else a fork of the recorder runs `aws`; the shim passes signals on to it
              < RunEnded        the shim ends in the same way
    sleep     > SleepStarted    nothing follows
    plugin    (nothing)         AWS CLI 2 runs; the recorder waits for it before it saves the trace
    delivery  > SessionRequest  a command has ended: the process asks what it has to know of the recording
              < SessionInfo
              > NoteReport      for each sentence that the person is to read when the script has ended
              < Acknowledgement
              > CommandReport   the command, without its secrets
              < Acknowledgement it is on disk

Every connection ends with the process that has it. If a shim ends during `run`, the recorder kills its fork. If the
recorder ends, a shim runs `aws` in a process of its own, and `record/client` writes the command to the trace's journal.

The plugin imports this module inside `aws`, and shims run without site-packages: standard library only.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

SOCKET_NAME = "socket"
CHUNK_SIZE = 1 << 16  # bytes
MAX_DESCRIPTORS = 253  # that Linux passes with one message (SCM_MAX_FD)


class Message:
    """The base of all messages. Each is a dataclass whose fields are JSON values."""


@dataclass(frozen=True, kw_only=True)
class RunRequest(Message):
    """Describes the process in which an `aws` command has to run.

    started      seconds since the epoch
    descriptors  the numbers of its open files; these and, last, the current folder are sent along
    group        the process group
    ignored      the numbers of the signals that it ignores
    """

    argv: Sequence[str]
    started: float
    environment: Mapping[str, str]
    descriptors: Sequence[int]
    umask: int
    group: int
    ignored: Sequence[int]


@dataclass(frozen=True)
class RunDeclined(Message):
    """The environment has settings that Python reads only when it starts: no fork of the recorder can have them."""


@dataclass(frozen=True)
class RunStarted(Message):
    """The process with this number runs the command."""

    process: int


@dataclass(frozen=True, kw_only=True)
class RunEnded(Message):
    """The command's process ended with an exit code or, if that is None, by a signal."""

    exit_code: int | None = None
    signal: int | None = None


@dataclass(frozen=True)
class SleepStarted(Message):
    """The script sleeps until this connection closes."""


@dataclass(frozen=True)
class SessionRequest(Message):
    """Asks for SessionInfo."""


@dataclass(frozen=True, kw_only=True)
class SessionInfo(Message):
    """What a process has to know of the recording.

    key           the key of the placeholders, in hexadecimal
    secrets       those found so far
    environment   the AWS variables that the script began with
    keep_secrets  whether commands are recorded with their secrets
    """

    key: str
    secrets: Sequence[str] = ()
    environment: Mapping[str, str]
    keep_secrets: bool = False


@dataclass(frozen=True, kw_only=True)
class CommandReport(Message):
    """A command as the trace file has it, and the secrets that were found in it."""

    command: Mapping[str, Any]
    secrets: Sequence[str]


@dataclass(frozen=True)
class NoteReport(Message):
    """A sentence for the person who records."""

    text: str


@dataclass(frozen=True)
class Acknowledgement(Message):
    """The report was taken."""


MESSAGES: Mapping[str, type[Message]] = {each.__name__: each for each in Message.__subclasses__()}
M = TypeVar("M", bound=Message)
StrPath = str | os.PathLike[str]


def encode(message: Message) -> bytes:
    """Return the line of a message."""
    return json.dumps({"message": type(message).__name__, **vars(message)}).encode("ascii") + b"\n"


def decode(line: bytes) -> Message:
    """Return the message of a line. Raise ValueError if there is none in it."""
    document = json.loads(line)
    try:
        return MESSAGES[document.pop("message")](**document)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("this is not a message of a recording") from error


class Channel:
    """One end of a connection: sends and receives messages.

    descriptors  the numbers of the open files that came along with messages; whoever takes them closes them
    """

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.descriptors: list[int] = []
        self._incomplete = b""
        self._received: list[Message] = []

    def __enter__(self) -> Channel:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.socket.close()

    def send(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        """Send a message, and open files along with it. Raise OSError if that fails."""
        if len(descriptors) > MAX_DESCRIPTORS:
            raise OSError("too many open files")
        content = encode(message)
        sent = socket.send_fds(self.socket, [content], descriptors) if descriptors else 0
        self.socket.sendall(content[sent:])

    def receive(self, kind: type[M]) -> M:
        """Wait for the next message. Raise OSError if the connection ends, ValueError if it is of another kind."""
        while not self._received:
            self._received += self.receive_available()
        message = self._received.pop(0)
        if not isinstance(message, kind):
            raise ValueError(f"a message of this kind is not expected: {type(message).__name__}")
        return message

    def receive_available(self) -> list[Message]:
        """Read once, and return the messages that are complete. Raise OSError at the end of the connection."""
        content, descriptors, _, _ = socket.recv_fds(self.socket, CHUNK_SIZE, MAX_DESCRIPTORS)
        self.descriptors += descriptors
        if not content:
            raise ConnectionError("the connection has ended")
        *lines, self._incomplete = (self._incomplete + content).split(b"\n")
        return [decode(line) for line in lines]


def listen(folder: StrPath) -> socket.socket:
    """Return the socket at which the recorder listens in its folder."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(folder, SOCKET_NAME))
    listener.listen(socket.SOMAXCONN)
    return listener


def connect(folder: StrPath, timeout: float | None = None) -> Channel:
    """Return a channel to the recorder; `timeout` is in seconds. Raise OSError if the recorder is gone."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(timeout)
    try:
        connection.connect(os.path.join(folder, SOCKET_NAME))
    except OSError:
        connection.close()
        raise
    return Channel(connection)
