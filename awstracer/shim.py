"""Stands on a recorded script's PATH in the place of `aws` and `sleep`; a program of the standard library alone.

    shim.py served FOLDER PYTHON ARG...   `aws`: the recorder at FOLDER has awscli loaded, and runs it in its stead
    shim.py plugin FOLDER AWS ARG...      `aws`: the program AWS, AWS CLI 2, runs with a plugin that records
    shim.py sleep FOLDER SLEEP ARG...     `sleep`: the program SLEEP runs, and the recorder is told for how long

Whoever runs it must not be able to tell the difference: what the process is (its folder, environment, open files,
signals) is handed on, and it ends as the command did.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from typing import Any, NoReturn

SOCKET, LAUNCH = "socket", "launch.py"
PLUGINS = "plugins"
MOST_FILES = 200  # that can be handed on in one message
HANDED_ON = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM")


def main(argv: Sequence[str]) -> NoReturn:
    """Do what the words say; ends the process."""
    kind, folder, program, *words = argv
    if kind == "sleep":
        sleep(folder, program, words)
    if kind == "plugin":
        plugin(folder, program, words)
    served(folder, program, words)


def served(folder: str, python: str, words: Sequence[str]) -> NoReturn:
    """Have the recorder run `aws`, and end as it ended; run it in this process where it can't."""
    started = time.time()
    recorder = connected(folder)
    answers = recorder.makefile("rb")
    process = None
    with contextlib.suppress(OSError, ValueError):
        files = _open_files()
        _send(recorder, _description(words, started, files), [*files, os.open(".", os.O_PATH)])
        process = json.loads(answers.readline() or b"{}").get("process")
    if process is None:
        recorder.set_inheritable(True)  # it ends with the process
        os.execv(python, [python, os.path.join(folder, LAUNCH), folder, repr(started), *words])
    for number in map(_number, HANDED_ON):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda received, _: os.kill(process, received))
    end(json.loads(answers.readline() or b"{}"))


def end(answer: dict[str, Any]) -> NoReturn:
    """End as a process did: with an exit code, or by a signal."""
    if "signal" in answer:
        signal.signal(answer["signal"], signal.SIG_DFL)
        os.kill(os.getpid(), answer["signal"])
    os._exit(answer.get("exit", 255))


def sleep(folder: str, program: str, words: Sequence[str]) -> NoReturn:
    """Sleep; the recorder knows that it is over when the connection ends with the process."""
    recorder = connected(folder)
    with contextlib.suppress(OSError):
        _send(recorder, {"do": "sleep"})
    recorder.set_inheritable(True)
    os.execv(program, ["sleep", *words])


def plugin(folder: str, program: str, words: Sequence[str]) -> NoReturn:
    """Run AWS CLI 2 with a plugin that records."""
    plugins = os.path.join(folder, PLUGINS)
    sys.path.insert(0, plugins)
    from awstracer import shim2

    recorder = connected(folder)
    recorder.set_inheritable(True)  # it ends with the process
    launch = [sys.executable, os.path.join(folder, LAUNCH), folder, repr(time.time())]
    shim2.run(program, words, folder, plugins, launch)


def _open_files() -> list[int]:
    """The numbers of the files that this process was started with; OSError but for Linux."""
    return [number for number in map(int, os.listdir("/proc/self/fd")) if _is_open(number)]


def _is_open(number: int) -> bool:
    try:
        return os.get_inheritable(number)
    except OSError:
        return False


def _description(words: Sequence[str], started: float, files: Sequence[int]) -> dict[str, Any]:
    """This process, as the one that takes its place has to be."""
    umask = os.umask(0)
    os.umask(umask)
    return {
        "do": "run",
        "argv": list(words),
        "started": started,
        "environment": dict(os.environ),
        "files": list(files),
        "umask": umask,
        "group": os.getpgrp(),
        "ignored": [number for number in range(1, signal.NSIG) if _is_ignored(number)],
    }


def _is_ignored(number: int) -> bool:
    try:
        return signal.getsignal(number) is signal.SIG_IGN
    except ValueError:
        return False


def _number(name: str) -> int:
    return int(getattr(signal, name))


def connected(folder: str) -> socket.socket:
    """A line to the recorder; a loose end if it is gone, since the script goes on."""
    recorder = socket.socket(socket.AF_UNIX)
    with contextlib.suppress(OSError):
        recorder.connect(os.path.join(folder, SOCKET))
    return recorder


def _send(recorder: socket.socket, message: dict[str, Any], files: Sequence[int] = ()) -> None:
    """Send a message, and open files with it; OSError if that can't be done."""
    if len(files) > MOST_FILES:
        raise OSError("too many open files")
    content = json.dumps(message).encode("ascii") + b"\n"
    sent = socket.send_fds(recorder, [content], files) if files else 0
    recorder.sendall(content[sent:])


if __name__ == "__main__":
    main(sys.argv[1:])
