"""Runs command lines in processes forked from this one, several at a time: awscli can't run two in one process.

`pool.start(3, ["iam", "list-users"], parameters={...})` hands a command line to an idle worker, a process in which the
AwsCli (`aws/driver`) and all that it has loaded are there already. `pool.wait()` yields `(3, CapturedRun(...))` when it
has ended: the outcome, and what the command printed. Each worker has a pipe to this process, and its input is empty.

A worker that was killed costs the command that it was running, whose exit code is then `LOST`; the next command gets a
new worker. This process has no threads, since forking a process with threads can deadlock the child.
`play/parallel` decides in which order commands are run, and shows what they print.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import IO, TYPE_CHECKING, Any

from awstracer.aws.capture import Outcome
from awstracer.errors import ExitCode

if TYPE_CHECKING:
    from awstracer.aws.driver import AwsCli

LOST = 255
LOST_MESSAGE = b"awstrace-play: the process that ran this command is gone\n"


@dataclass(frozen=True)
class CapturedRun:
    """The outcome of a command line, and what it printed on standard output and on standard error."""

    outcome: Outcome
    out: bytes
    err: bytes


@dataclass(frozen=True)
class _Worker:
    """A forked process, and this process's end of the pipe to it."""

    process: BaseProcess
    connection: Connection


class WorkerPool:
    """At most `size` workers, each with a copy of `aws`. They are forked on demand, and end with the `with`."""

    def __init__(self, aws: AwsCli, size: int) -> None:
        self.size = size
        self._aws = aws
        self._idle: list[_Worker] = []
        self._busy: dict[Connection, tuple[int, _Worker]] = {}

    def __enter__(self) -> WorkerPool:
        gc.freeze()  # a worker that never collects these objects never copies their memory
        return self

    def __exit__(self, *_: object) -> None:
        workers = [*self._idle, *(worker for _, worker in self._busy.values())]
        for worker in workers:  # all of them end at the same time
            worker.process.terminate()
        for worker in workers:
            _end(worker)

    @property
    def is_busy(self) -> bool:
        """Return whether some command line is running."""
        return bool(self._busy)

    def start(self, job: int, argv: Sequence[str], **options: Any) -> None:
        """Have a worker run a command line, as `aws.replay(argv, **options)`; no more than `size` at a time."""
        worker = self._idle.pop() if self._idle else self._fork()
        try:
            worker.connection.send((argv, options))
        except OSError:  # it was killed while it was idle, so nothing has run this command
            _end(worker)
            worker = self._fork()
            worker.connection.send((argv, options))
        self._busy[worker.connection] = (job, worker)

    def wait(self, seconds: float | None = None) -> Iterator[tuple[int, CapturedRun]]:
        """Wait until some command line has ended, for so many seconds at most; yield those that have, by their jobs."""
        for connection in wait(list(self._busy), seconds):
            assert isinstance(connection, Connection)
            job, worker = self._busy.pop(connection)
            try:
                run: CapturedRun = connection.recv()
                self._idle.append(worker)
            except (EOFError, OSError):
                _end(worker)
                run = CapturedRun(Outcome(LOST), b"", LOST_MESSAGE)
            yield job, run

    def _fork(self) -> _Worker:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # the worker would otherwise inherit, and print, what is buffered
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        inherited = [ours, *self._busy, *(worker.connection for worker in self._idle)]
        process = context.Process(target=_work, args=(self._aws, theirs, inherited), daemon=True)
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until the worker ignores it
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        theirs.close()
        return _Worker(process, ours)


def _end(worker: _Worker) -> None:
    worker.connection.close()
    worker.process.terminate()
    worker.process.join()


def _work(aws: AwsCli, orders: Connection, inherited: Sequence[Connection]) -> None:
    """Run what is ordered until the pipe is closed. Ctrl-C stops the command that is running, and not the worker.

    `inherited` are the ends of pipes that belong to the parent: if they stayed open here, nobody would notice its end.
    """
    for connection in inherited:
        connection.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    while True:
        try:
            argv, options = orders.recv()
            orders.send(_run(aws, argv, options))
        except (EOFError, OSError):
            return


def _run(aws: AwsCli, argv: Sequence[str], options: Any) -> CapturedRun:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            outcome = aws.replay(argv, **options)
        except KeyboardInterrupt:
            outcome = Outcome(ExitCode.INTERRUPTED)
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        return CapturedRun(outcome, _content(out), _content(err))


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
