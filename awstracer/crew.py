"""Processes forked from this one that run command lines, each one at a time: awscli can't run two in one process."""

from __future__ import annotations

import gc
import os
import queue
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import IO, Any

from awstracer.capture import Outcome

LOST, INTERRUPTED = 255, 130


@dataclass(frozen=True)
class Ran:
    """What became of a command line, and what it printed, on standard output and on standard error."""

    outcome: Outcome
    out: bytes
    err: bytes


class Crew:
    """So many processes like this one, each with a `runner` (`driver.AwsCli`); they end with the `with` block.

    Their input is empty. To be made before there are threads; `replay` may then be called from several.
    """

    def __init__(self, runner: Any, size: int) -> None:
        self._runner, self._size = runner, size
        self._idle: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self._ends = ExitStack()

    def __enter__(self) -> Crew:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # or each process would have what is left in it
        gc.freeze()  # a process then copies less of this one
        for _ in range(self._size):
            self._idle.put(self._ends.enter_context(_worker(self._runner)))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._ends.close()

    def replay(self, argv: Any, **how: Any) -> Ran:
        """Have a recorded command line run, by the first process that is free."""
        worker = self._idle.get()
        try:
            worker.send((argv, how))
            ran: Ran = worker.recv()
        except (EOFError, OSError):
            ran = Ran(Outcome(LOST), b"", b"awstrace-play: the process that ran this command is gone\n")
        finally:
            self._idle.put(worker)  # a lost one too, lest somebody waits for it
        return ran


@contextmanager
def _worker(runner: Any) -> Iterator[Connection]:
    here, there = get_context("fork").Pipe()
    process = get_context("fork").Process(target=_work, args=(runner, here, there), daemon=True)
    process.start()
    there.close()
    yield here
    here.close()
    process.terminate()
    process.join()


def _work(runner: Any, other: Connection, orders: Connection) -> None:
    """Run what is ordered until nobody orders any more. Ctrl-C stops what is running, and nothing else."""
    other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    while True:
        try:
            argv, how = orders.recv()
            orders.send(_ran(runner, argv, how))
        except (EOFError, OSError):
            return


def _ran(runner: Any, argv: Any, how: Any) -> Ran:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            outcome = runner.replay(argv, **how)
        except KeyboardInterrupt:
            outcome = Outcome(INTERRUPTED)
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        return Ran(outcome, _content(out), _content(err))


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
