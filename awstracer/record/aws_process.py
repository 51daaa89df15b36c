"""A process that is `aws` while a script is recorded: a fork of the recorder, or a Python process of its own.

A shim describes its own process in a `RunRequest`, and `impersonate` makes a fork of the recorder such a process: with
the same environment, open files, current folder, umask and signals. It can't change what Python reads only when it
starts, such as PYTHONPATH: for such a request `can_fork_for` is false, and the shim becomes a new Python process,
which runs `main`. Either process then runs the command line and delivers the command by `record/client`.
"""

from __future__ import annotations

import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from awstracer.aws.api_model import CapturedApiModel
from awstracer.aws.capture import Outcome
from awstracer.record import aws_cli_v2
from awstracer.record.client import FinishedCommand, InputTee, deliver, errors_on_stderr, tee_stdin
from awstracer.record.protocol import RunRequest
from awstracer.trace.model import utc_now

if TYPE_CHECKING:
    from awstracer.aws.driver import AwsCli

# What Python, awscli's modules and the C library read when they start.
READ_AT_START = ("PYTHON", "LC_", "LD_", "LANG", "HOME", "AWS_DATA_PATH", "OPENSSL_", "SSL_")
SET_BY_AWSCLI = "AWS_DATA_PATH"  # when it is imported
FIRST_FREE_DESCRIPTOR = 100  # most scripts use lower ones
INTERRUPT_INTERVAL = 0.3  # seconds: Ctrl-C reaches the whole process group, and the shim passes it on as well


def can_fork_for(environment: Mapping[str, str], own: Mapping[str, str]) -> bool:
    """Return whether a fork of a process that was started with the environment `own` can take on another one."""
    return _settings_read_at_start(environment) == _settings_read_at_start(own)


def _settings_read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(READ_AT_START)}


def impersonate(request: RunRequest, descriptors: Sequence[int], connection: int) -> int:
    """Make this forked process the one that a shim describes; return the new number of `connection`.

    `descriptors` are the open files of the request, under the numbers that they have here, and the current folder.
    `connection` is the descriptor of the connection to the shim, which stays open.
    """
    targets = request.descriptors
    high = max(FIRST_FREE_DESCRIPTOR, *targets) + 1
    moved = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, high) for number in (*descriptors, connection)]
    *files, folder, moved_connection = moved
    os.fchdir(folder)
    for number, target in zip(files, targets, strict=True):
        os.dup2(number, target, inheritable=True)
    for number in {int(file.name) for file in Path("/proc/self/fd").iterdir()} - {*targets, moved_connection}:
        with suppress(OSError):  # the listing's own is closed already
            os.close(number)
    os.umask(request.umask)
    _set_environment(request.environment)
    _set_signals(request)
    _open_streams(targets)
    random.seed()
    return moved_connection


def _set_environment(environment: Mapping[str, str]) -> None:
    data_path = os.environ.get(SET_BY_AWSCLI)
    os.environ.clear()
    os.environ.update(environment)
    if data_path is not None:
        os.environ[SET_BY_AWSCLI] = data_path
    time.tzset()


def _set_signals(request: RunRequest) -> None:
    """Join the shim's process group, and handle signals as a program does that was started like the shim."""
    with suppress(OSError):  # it is in another session
        os.setpgid(0, request.group)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, _interrupt_handler())
    for ignored in request.ignored:
        signal.signal(ignored, signal.SIG_IGN)


def _interrupt_handler() -> Callable[[int, FrameType | None], None]:
    """Return a handler that raises KeyboardInterrupt once for a Ctrl-C that arrives twice."""
    last = -INTERRUPT_INTERVAL

    def interrupt(_: int, __: FrameType | None) -> None:
        nonlocal last
        before, last = last, time.monotonic()
        if last - before >= INTERRUPT_INTERVAL:
            raise KeyboardInterrupt

    return interrupt


def _open_streams(descriptors: Sequence[int]) -> None:
    """Open the standard streams as Python does when it starts, in the encoding that this process has."""
    encoding = next((each.encoding for each in (sys.__stdout__, sys.__stdin__, sys.__stderr__) if each), "utf-8")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = _open_stream(number, encoding) if number in descriptors else None
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _open_stream(number: int, encoding: str) -> TextIO:
    buffering, errors = (1, "backslashreplace") if number == 2 else (-1, "strict")  # 1: by lines
    stream: TextIO = open(number, "w" if number else "r", buffering, encoding, errors, closefd=False)  # noqa: SIM115
    return stream


def run(aws: AwsCli, folder: Path, argv: Sequence[str], started: float) -> int:
    """Run a command line as `aws` does, deliver it to the recorder at a folder, and return its exit code."""
    stdin = tee_stdin()
    outcome = aws.run(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with errors_on_stderr():
        finished = _finished(argv, outcome, started, aws.catalog.global_options(), stdin=stdin)
        deliver(finished, aws.catalog, folder)
    return int(outcome.exit_code)


def main() -> int:
    """Run `aws` in the process that a shim has become.

    Its arguments are the recorder's folder, when the shim was started, and the words after `aws`.
    """
    folder, started, *argv = sys.argv[1:]
    if argv[:1] == [aws_cli_v2.WITHOUT_PLUGIN]:
        return _run_without_plugin(argv[1:], float(started), Path(folder))
    from awstracer.aws import driver

    return run(driver.AwsCli(), Path(folder), argv, float(started))


def _run_without_plugin(words: Sequence[str], started: float, folder: Path) -> int:
    """Run AWS CLI 2, and deliver its command line and exit code."""
    with subprocess.Popen(words) as process:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's goes to that process too
        code = process.wait()
    with errors_on_stderr():
        finished = _finished(words[1:], Outcome(code), started, aws_cli_v2.GLOBAL_OPTIONS, major_version=2)
        deliver(finished, CapturedApiModel({}), folder)
    return code if code >= 0 else 128 - code


def _finished(
    argv: Sequence[str],
    outcome: Outcome,
    started: float,
    options: Mapping[str, bool],
    *,
    major_version: int = 1,
    stdin: InputTee | None = None,
) -> FinishedCommand:
    return FinishedCommand(
        argv=argv,
        outcome=outcome,
        started=datetime.fromtimestamp(started, timezone.utc),
        ended=utc_now(),
        environment=dict(os.environ),
        options=options,
        major_version=major_version,
        stdin=stdin,
    )
