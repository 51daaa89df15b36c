"""Where the processes of a recorded script report: runs `aws` for them, and takes down what they tell.

One thread waits for all of them. Each `aws` is a fork of this process, which has awscli loaded, and becomes
what its shim describes; it hands its command over as any other process does, on a connection of its own.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from awstracer import aws_process, delivery, shim
from awstracer.gathering import Gathering

CHUNK = 1 << 16
MOST_FILES = 253  # of one message, as Linux has it
HANDED_ON = tuple(getattr(signal, name) for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name))

Run = Callable[[Sequence[str], float], int]


@dataclass(eq=False)
class _Connection:
    """A process on the line: what it has sent of a message, the files that came with it, and what it is."""

    socket: socket.socket
    text: bytes = b""
    files: list[int] = field(default_factory=list)
    process: int | None = None
    is_sleeping: bool = False


class Station:
    """Listens at a folder's socket. `run` runs a command line in a fork of this process, and gives its exit code.

    `environment` is the one that this process was started with.
    """

    def __init__(self, folder: Path, gathering: Gathering, run: Run, environment: Mapping[str, str]) -> None:
        self._gathering, self._run, self._environment = gathering, run, environment
        self._selector = selectors.DefaultSelector()
        self._connections: set[_Connection] = set()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / shim.SOCKET))
        self._listener.listen(socket.SOMAXCONN)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._wakened, wakes = socket.socketpair()
        for end in (self._wakened, wakes):
            end.setblocking(False)
        self._selector.register(self._wakened, selectors.EVENT_READ)
        self._wakes = wakes

    def attend(self, script: subprocess.Popen[bytes]) -> int:
        """Serve until a script has ended, and each `aws` that it has started; its exit code, as shells tell it."""

        def take(number: int, _: object) -> None:
            if script.poll() is not None:
                raise KeyboardInterrupt  # nobody waits for what the script has left running
            if number in HANDED_ON:  # the others are the terminal's, which the script gets too
                script.send_signal(number)

        signal.set_wakeup_fd(self._wakes.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGQUIT, *HANDED_ON):
            signal.signal(number, take)
        with suppress(KeyboardInterrupt):
            while script.poll() is None or any(not each.is_sleeping for each in self._connections):
                self._turn()
        signal.set_wakeup_fd(-1)
        return script.returncode if script.returncode >= 0 else 128 - script.returncode

    def _turn(self) -> None:
        for key, _ in self._selector.select():
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj is self._wakened:
                with suppress(BlockingIOError):
                    self._wakened.recv(CHUNK)
            else:
                self._hear(key.data)
        self._reap()

    def _accept(self) -> None:
        connection = _Connection(self._listener.accept()[0])
        connection.socket.settimeout(delivery.PATIENCE)
        self._connections.add(connection)
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def _hear(self, connection: _Connection) -> None:
        """Take what has come; the end of a connection is the end of its process."""
        try:
            content, files, _, _ = socket.recv_fds(connection.socket, CHUNK, MOST_FILES)
        except OSError:
            content, files = b"", []
        connection.files += files
        if not content:
            self._end(connection)
            return
        *lines, connection.text = (connection.text + content).split(b"\n")
        for line in lines:
            try:
                self._answer(connection, json.loads(line))
            except (OSError, ValueError, KeyError, TypeError):  # it is none of the script's, or gone
                self._end(connection)
                return

    def _answer(self, connection: _Connection, message: dict[str, Any]) -> None:
        if message.get("do") == "sleep":
            connection.is_sleeping = True
            self._gathering.falls_asleep(id(connection))
        elif message.get("do") == "run":
            self._start(connection, message)
        else:
            _send(connection.socket, self._gathering.answer(message))

    def _start(self, connection: _Connection, description: dict[str, Any]) -> None:
        """Fork the process that a shim describes; where it would have to start anew, the shim does that."""
        files, connection.files = connection.files, []
        if not aws_process.can_be(description["environment"], self._environment):
            _send(connection.socket, {"process": None})
        else:
            process = os.fork()
            if process == 0:
                self._be(description, files, connection.socket.fileno())
            connection.process = process
        for number in files:
            os.close(number)

    def _be(self, description: dict[str, Any], files: Sequence[int], reporting: int) -> None:
        """The forked process: never returns."""
        code = 255
        try:
            told = socket.socket(fileno=aws_process.become(description, files, reporting))
            _send(told, {"process": os.getpid()})
            code = self._run(description["argv"], description["started"])
            with suppress(OSError):
                _send(told, {"exit": code})
        finally:
            os._exit(code)

    def _reap(self) -> None:
        for connection in [each for each in self._connections if each.process]:
            process, status = os.waitpid(connection.process or 0, os.WNOHANG)
            if process:
                connection.process = None
                how = {"signal": os.WTERMSIG(status)} if os.WIFSIGNALED(status) else {"exit": os.WEXITSTATUS(status)}
                with suppress(OSError):
                    _send(connection.socket, how)

    def _end(self, connection: _Connection) -> None:
        """A process is gone; if it was a shim, what it stood for goes too."""
        self._selector.unregister(connection.socket)
        self._connections.discard(connection)
        connection.socket.close()
        if connection.is_sleeping:
            self._gathering.wakes(id(connection))
        if connection.process:
            with suppress(OSError):
                os.kill(connection.process, signal.SIGKILL)
                os.waitpid(connection.process, 0)
        for number in connection.files:
            os.close(number)


def _send(to: socket.socket, message: Mapping[str, Any]) -> None:
    to.sendall(json.dumps(message).encode("ascii") + b"\n")
