"""A process that is `aws` while a script is recorded: forked by the recorder in a shim's stead, or a shim itself."""

from __future__ import annotations

import fcntl
import io
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from awstracer import delivery, inputs, shim2, version2
from awstracer.capture import Outcome
from awstracer.delivery import Run
from awstracer.shapes import Models

# What Python, awscli's modules and the C library read when they start: a process with others has to start anew.
READ_AT_START = ("PYTHON", "LC_", "LD_", "LANG", "HOME", "AWS_DATA_PATH", "OPENSSL_", "SSL_")
SET_BY_AWSCLI = "AWS_DATA_PATH"  # when it is imported
HIGH = 100  # above the numbers of files that most scripts use
ONCE = 0.3  # seconds: a Ctrl-C reaches the group, and is handed on by the shim as well


def can_be(environment: Mapping[str, str], own: Mapping[str, str]) -> bool:
    """Whether a process with an environment may be forked from one that was started with its `own`."""
    return _read_at_start(environment) == _read_at_start(own)


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(READ_AT_START)}


def become(description: Mapping[str, Any], files: Sequence[int], keep: int) -> int:
    """Make of this process, just forked, the one that a shim describes; the file `keep` gets the number given back.

    `files` are those of the description, at other numbers, and the current folder behind them.
    """
    targets = description["files"]
    high = max(HIGH, *targets) + 1
    *moved, folder, kept = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, high) for number in (*files, keep)]
    os.fchdir(folder)
    for number, target in zip(moved, targets, strict=True):
        os.dup2(number, target, inheritable=True)
    for number in {int(file.name) for file in Path("/proc/self/fd").iterdir()} - {*targets, kept}:
        with suppress(OSError):  # that of the listing
            os.close(number)
    os.umask(description["umask"])
    _be_in(description["environment"])
    _heed(description)
    _reopen(description["files"])
    random.seed()
    return int(kept)


def _be_in(environment: Mapping[str, str]) -> None:
    awsclis = os.environ.get(SET_BY_AWSCLI)
    os.environ.clear()
    os.environ.update(environment)
    if awsclis is not None:
        os.environ[SET_BY_AWSCLI] = awsclis
    time.tzset()


def _heed(description: Mapping[str, Any]) -> None:
    """Have signals do what they do to any program that was started as the shim was, and get those of its group."""
    with suppress(OSError):  # it is in another session
        os.setpgid(0, description["group"])
    signal.set_wakeup_fd(-1)
    for name in ("SIGHUP", "SIGQUIT", "SIGTERM", "SIGCHLD"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    signal.signal(signal.SIGINT, _interrupt_once())
    for number in description["ignored"]:
        signal.signal(number, signal.SIG_IGN)


def _interrupt_once() -> Any:
    last = -ONCE

    def interrupt(_: int, __: FrameType | None) -> None:
        nonlocal last
        before, last = last, time.monotonic()
        if last - before >= ONCE:
            raise KeyboardInterrupt

    return interrupt


def _reopen(files: Sequence[int]) -> None:
    """Streams as Python opens them for files 0 to 2, in the encoding that this process has from its start."""
    encoding = next((each.encoding for each in (sys.__stdout__, sys.__stdin__, sys.__stderr__) if each), "utf-8")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = _stream(number, encoding) if number in files else None
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _stream(number: int, encoding: str) -> TextIO:
    raw = io.FileIO(number, "w" if number else "r", closefd=False)
    buffered: Any = io.BufferedWriter(raw) if number else io.BufferedReader(raw)
    errors = "backslashreplace" if number == 2 else "strict"
    return io.TextIOWrapper(buffered, encoding, errors, line_buffering=number == 2 or raw.isatty())


def run(aws: Any, argv: Sequence[str], started: float, folder: Path) -> int:
    """Run a command line as `aws`, `driver.AwsCli`, does, and have it recorded; its exit code."""
    stdin = inputs.keep()
    outcome = aws.run(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with delivery.failures_told():
        made = _ran(argv, outcome, started, aws.catalog.global_options())
        delivery.hand_over(replace(made, stdin=stdin), aws.catalog, folder)
    return int(outcome.exit_code)


def main() -> int:
    """Be `aws` in a process that a shim has become: its folder, when it was started, and `aws`'s own words."""
    folder, started, *argv = sys.argv[1:]
    if argv[:1] == [shim2.OUTSIDE]:
        return _run_outside(argv[1:], float(started), Path(folder))
    from awstracer import driver

    return run(driver.AwsCli(), argv, float(started), Path(folder))


def _run_outside(words: Sequence[str], started: float, folder: Path) -> int:
    """Run another `aws` as a program, of which only the line and the exit code are seen."""
    with subprocess.Popen(words) as process:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's goes to that one too
        code = process.wait()
    made = _ran(words[1:], Outcome(code), started, version2.OPTIONS)
    with delivery.failures_told():
        delivery.hand_over(replace(made, version=2), Models({}), folder)
    return code if code >= 0 else 128 - code


def _ran(argv: Sequence[str], outcome: Outcome, started: float, options: Mapping[str, bool]) -> Run:
    times = datetime.fromtimestamp(started, timezone.utc), datetime.now(timezone.utc)
    return Run(argv, outcome, *times, dict(os.environ), options)
