"""The recorder's end of all connections to the processes of a script.

One thread waits for all of them. Each `aws` of the script is a fork of this process, which has awscli loaded, and
takes the place of its shim: `record/aws_process` gives it the shim's environment, open files and current folder. The
fork then reports its command over a connection of its own, as any other `aws` process does. `record/protocol`
describes the messages, and `record/collector` puts together what they report.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from awstracer.aws.settings import AWS_FAILED
from awstracer.record import aws_process, protocol
from awstracer.record.collector import ScriptRecording
from awstracer.record.protocol import Channel, Message, RunDeclined, RunEnded, RunRequest, RunStarted, SleepStarted

CONNECTION_TIMEOUT = 30.0  # seconds for one read or write
SIGNALS_TO_SCRIPT = (signal.SIGHUP, signal.SIGTERM)

RunAws = Callable[[Sequence[str], float], int]


@dataclass(eq=False)
class _Connection:
    """A connection to a process of the script. `process` is the fork that runs its command."""

    channel: Channel
    process: int | None = None
    is_sleeping: bool = False


class RecorderServer:
    """Listens in a folder.

    run_aws      runs a command line, which its shim was started with at a time, and returns its exit code
    environment  the one that this process was started with
    """

    def __init__(
        self, folder: Path, recording: ScriptRecording, run_aws: RunAws, environment: Mapping[str, str]
    ) -> None:
        self._recording, self._run_aws, self._environment = recording, run_aws, environment
        self._connections: set[_Connection] = set()
        self._selector = selectors.DefaultSelector()
        self._listener = protocol.listen(folder)
        self._wakeup_reader, self._wakeup_writer = socket.socketpair()
        self._wakeup_reader.setblocking(False)
        self._wakeup_writer.setblocking(False)
        for each in (self._listener, self._wakeup_reader):
            self._selector.register(each, selectors.EVENT_READ)

    def __enter__(self) -> RecorderServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for connection in self._connections:
            connection.channel.socket.close()
        for each in (self._listener, self._wakeup_reader, self._wakeup_writer, self._selector):
            each.close()

    def serve_until_exit(self, script: subprocess.Popen[bytes]) -> int:
        """Serve until the script and each `aws` that it has started have ended; return its exit code as shells do.

        Once the script has ended, a signal ends the waiting for processes that it has left running.
        """

        def handle(number: int, _: object) -> None:
            if script.poll() is not None:
                raise KeyboardInterrupt
            if number in SIGNALS_TO_SCRIPT:  # the terminal sends the others to the script too
                script.send_signal(number)

        signal.set_wakeup_fd(self._wakeup_writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGQUIT, *SIGNALS_TO_SCRIPT):
            signal.signal(number, handle)
        with suppress(KeyboardInterrupt):
            while script.poll() is None or any(not each.is_sleeping for each in self._connections):
                self._serve_once()
        signal.set_wakeup_fd(-1)
        return script.returncode if script.returncode >= 0 else 128 - script.returncode

    def _serve_once(self) -> None:
        """Wait for something to happen, and handle it."""
        for key, _ in self._selector.select():
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj is self._wakeup_reader:
                with suppress(BlockingIOError):
                    self._wakeup_reader.recv(protocol.CHUNK_SIZE)
            else:
                self._read(key.data)
        self._reap()

    def _accept(self) -> None:
        accepted = self._listener.accept()[0]
        accepted.settimeout(CONNECTION_TIMEOUT)
        connection = _Connection(Channel(accepted))
        self._connections.add(connection)
        self._selector.register(accepted, selectors.EVENT_READ, connection)

    def _read(self, connection: _Connection) -> None:
        """Handle the messages that have come; close the connection if it has ended, or sends something else."""
        try:
            for message in connection.channel.receive_available():
                self._handle(connection, message)
        except (OSError, ValueError, KeyError, TypeError):
            self._close(connection)

    def _handle(self, connection: _Connection, message: Message) -> None:
        match message:
            case SleepStarted():
                connection.is_sleeping = True
                self._recording.start_sleep(connection)
            case RunRequest():
                self._start(connection, message)
            case _:
                connection.channel.send(self._recording.reply_to(message))

    def _start(self, connection: _Connection, request: RunRequest) -> None:
        """Fork the process that a shim describes, if a fork can be that process."""
        channel = connection.channel
        descriptors, channel.descriptors = channel.descriptors, []
        if aws_process.can_fork_for(request.environment, self._environment):
            process = os.fork()
            if process == 0:
                self._run_child(request, descriptors, channel.socket.fileno())
            connection.process = process
        else:
            channel.send(RunDeclined())
        for number in descriptors:
            os.close(number)

    def _run_child(self, request: RunRequest, descriptors: Sequence[int], connection: int) -> None:
        """Be the forked process. This never returns."""
        exit_code = AWS_FAILED
        try:
            channel = Channel(socket.socket(fileno=aws_process.impersonate(request, descriptors, connection)))
            channel.send(RunStarted(os.getpid()))
            exit_code = self._run_aws(request.argv, request.started)
            with suppress(OSError):
                channel.send(RunEnded(exit_code=exit_code))
        finally:
            os._exit(exit_code)

    def _reap(self) -> None:
        """Report the end of forks to their shims."""
        for connection in self._connections:
            process, status = os.waitpid(connection.process, os.WNOHANG) if connection.process else (0, 0)
            if process:
                connection.process = None
                code = os.waitstatus_to_exitcode(status)
                with suppress(OSError):
                    connection.channel.send(RunEnded(exit_code=code) if code >= 0 else RunEnded(signal=-code))

    def _close(self, connection: _Connection) -> None:
        """Forget a process that has ended; the fork that took its place ends too."""
        self._selector.unregister(connection.channel.socket)
        self._connections.discard(connection)
        connection.channel.socket.close()
        if connection.is_sleeping:
            self._recording.end_sleep(connection)
        if connection.process:
            with suppress(OSError):
                os.kill(connection.process, signal.SIGKILL)
                os.waitpid(connection.process, 0)
        for number in connection.channel.descriptors:
            os.close(number)
