"""Stands on a recorded script's PATH in the place of `aws` and `sleep`.

    run FOLDER PYTHON ARG...     `aws`: the recorder at FOLDER, which has awscli loaded, runs it in a fork
    plugin FOLDER AWS ARG...     `aws`: the program AWS, which is AWS CLI 2, runs with the recording plugin
    sleep FOLDER SLEEP ARG...    `sleep`: the program SLEEP runs, and the recorder measures for how long

The script must not see a difference. So the shim passes on what its process is (current folder, environment, open
files, signals), and ends as the command ended. `record/protocol` describes its messages to the recorder.

It runs under `python -I -S`, which is quick to start, and finds the package by a link in FOLDER. So it imports the
standard library alone, and little of it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

from awstracer.aws.settings import AWS_FAILED
from awstracer.record import protocol
from awstracer.record.protocol import Channel, Message, RunEnded, RunRequest, RunStarted, SleepStarted

LAUNCHER_NAME = "launch.py"  # runs `record/aws_process` in a new Python process
PACKAGES = "packages"  # the folder with the link to the package
SIGNALS_TO_AWS = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM")


def main() -> NoReturn:
    """Run the shim that this process's first word names; this ends the process."""
    kind, folder, program, *words = sys.argv[1:]
    run = {"run": run_served, "plugin": run_with_plugin, "sleep": run_sleep}[kind]
    run(folder, program, words)


def run_served(folder: str, python: str, words: Sequence[str]) -> NoReturn:
    """Have the recorder run `aws`, and end as it ends. Run it in this process if the recorder can't."""
    started = time.time()
    channel = _connect(folder)
    process = _request_run(channel, words, started) if channel else None
    if channel is None or process is None:
        _keep_until_exit(channel)
        os.execv(python, [python, os.path.join(folder, LAUNCHER_NAME), folder, repr(started), *words])
    for number in (getattr(signal, name) for name in SIGNALS_TO_AWS):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda received, _: os.kill(process, received))
    _end_like(_wait_for_end(channel))


def run_with_plugin(folder: str, program: str, words: Sequence[str]) -> NoReturn:
    """Run AWS CLI 2 with the plugin, which records the command."""
    from awstracer.record import aws_cli_v2  # it imports more than the other shims need

    _keep_until_exit(_connect(folder))
    packages = os.path.join(folder, PACKAGES)
    launch = [sys.executable, os.path.join(folder, LAUNCHER_NAME), folder, repr(time.time())]
    aws_cli_v2.run(program, words, folder, packages, launch)


def run_sleep(folder: str, program: str, words: Sequence[str]) -> NoReturn:
    """Sleep. The connection closes when the process ends, so that the recorder knows for how long it was."""
    channel = _connect(folder)
    if channel is not None:
        with contextlib.suppress(OSError):
            channel.send(SleepStarted())
    _keep_until_exit(channel)
    os.execv(program, ["sleep", *words])


def _connect(folder: str) -> Channel | None:
    """Return a channel to the recorder; None if it is gone, since the script goes on without it."""
    try:
        return protocol.connect(folder)
    except OSError:
        return None


def _keep_until_exit(channel: Channel | None) -> None:
    """Keep the connection open in the program that this process is about to become."""
    if channel is not None:
        channel.socket.set_inheritable(True)


def _request_run(channel: Channel, words: Sequence[str], started: float) -> int | None:
    """Return the number of the process that runs `aws`; None if there is none."""
    with contextlib.suppress(OSError, ValueError):
        request = _describe_process(words, started)
        channel.send(request, [*request.descriptors, os.open(".", os.O_PATH)])
        reply = channel.receive(Message)
        if isinstance(reply, RunStarted):
            return reply.process
    return None


def _describe_process(words: Sequence[str], started: float) -> RunRequest:
    """Return the description of this process. Raise OSError if the system isn't Linux."""
    umask = os.umask(0)
    os.umask(umask)
    return RunRequest(
        argv=list(words),
        started=started,
        environment=dict(os.environ),
        descriptors=[number for number in map(int, os.listdir("/proc/self/fd")) if _is_inherited(number)],
        umask=umask,
        group=os.getpgrp(),
        ignored=[number for number in range(1, signal.NSIG) if _is_ignored(number)],
    )


def _is_inherited(descriptor: int) -> bool:
    """Return whether this process was started with an open file; Python opens its own as not inheritable."""
    try:
        return os.get_inheritable(descriptor)
    except OSError:
        return False


def _is_ignored(number: int) -> bool:
    try:
        return signal.getsignal(number) is signal.SIG_IGN
    except ValueError:
        return False


def _wait_for_end(channel: Channel) -> RunEnded:
    try:
        return channel.receive(RunEnded)
    except (OSError, ValueError):
        return RunEnded(exit_code=AWS_FAILED)


def _end_like(ended: RunEnded) -> NoReturn:
    """End this process by the same signal or with the same exit code as the command's process."""
    if ended.signal is not None:
        signal.signal(ended.signal, signal.SIG_DFL)
        os.kill(os.getpid(), ended.signal)
    os._exit(AWS_FAILED if ended.exit_code is None else ended.exit_code)
