"""Runs a command with shims of `aws` and `sleep` before everything else on its PATH, so that each `aws` is recorded.

For `./setup.sh` a temporary folder gets `bin/aws`, which the script's `aws` finds first; what it runs is handed to a
`ScriptRecording` through the recorder's socket. The trace, its journal and the questions are `cli/record_command`'s.
"""

from __future__ import annotations

import errno
import fcntl
import functools
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from awstracer import aws_process, delivery, shim
from awstracer.gathering import Gathering
from awstracer.station import Station

if TYPE_CHECKING:
    from awstracer.driver import AwsCli

NOT_RUNNABLE, NOT_FOUND = 126, 127  # as shells have it
LIFELINE = 100  # the number of a file that the script's processes have open as long as one of them is left
BIN = "bin"
LAUNCH = "import sys\nfrom awstracer.aws_process import main\nsys.exit(main())\n"


def run(
    words: Sequence[str],
    path: Path,
    gathering: Gathering,
    aws: AwsCli,
    *,
    environment: Mapping[str, str],
    version: int,
    report: Callable[[str], None],
) -> int:
    """Run the command with shims on its PATH; return its exit code.

    `version` is the major version of the user's `aws`; `report` prints why the command could not be started.
    """
    folder = Path(tempfile.mkdtemp(prefix="awstracer-"))
    (folder / delivery.TRACE).write_bytes(os.fsencode(path.resolve()))
    (folder / shim.LAUNCH).write_text(LAUNCH, encoding="utf-8")
    (folder / shim.PLUGINS).mkdir()
    (folder / shim.PLUGINS / "awstracer").symlink_to(Path(shim.__file__).parent)
    programs = _stand_in(folder, environment, version)
    run = functools.partial(_served, aws, folder)
    station = Station(folder, gathering, run, environment)
    survived, lifeline = _lifeline()
    inner = {**environment, "PATH": os.pathsep.join([str(folder / BIN), environment.get("PATH", os.defpath)])}
    try:
        return station.attend(_started(words, inner, lifeline))
    except OSError as error:
        report(f"{words[0]}: {error.strerror}")
        return NOT_FOUND if error.errno == errno.ENOENT else NOT_RUNNABLE
    finally:
        os.close(lifeline)
        _clear(folder, programs if _is_open(survived) else None)


def _served(aws: AwsCli, folder: Path, argv: Sequence[str], started: float) -> int:
    return aws_process.run(aws, argv, started, folder)


def _stand_in(folder: Path, environment: Mapping[str, str], version: int) -> dict[str, str]:
    """Put shims into a folder's `bin`; the programs that they stand for, by name."""
    python = [sys.executable, "-I", "-S", str(Path(shim.__file__))]
    found = {name: shutil.which(name, path=environment.get("PATH")) for name in ("aws", "sleep")}
    programs = {name: program for name, program in found.items() if program}
    aws = ["plugin", str(folder), programs["aws"]] if version == 2 else ["served", str(folder), sys.executable]
    stubs = {"aws": [*python, *aws]}
    if "sleep" in programs:
        stubs["sleep"] = [*python, "sleep", str(folder), programs["sleep"]]
    (folder / BIN).mkdir()
    for name, words in stubs.items():
        stub = folder / BIN / name
        stub.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
        stub.chmod(0o700)
    return programs


@contextmanager
def aws_version(environment: Mapping[str, str]) -> Iterator[Callable[[], int]]:
    """Ask the `aws` on the PATH for its version in the background; yield a function that waits for the major version.

    The version is 1 if there is no `aws`, or if it does not tell.
    """
    program = shutil.which("aws", path=environment.get("PATH"))
    if program is None:
        yield lambda: 1
        return
    question = [program, "--version"]
    with subprocess.Popen(question, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        yield lambda: _major_version(process.communicate()[0])


def _major_version(text: str) -> int:
    version = re.search(r"aws-cli/(\d+)", text)
    return int(version[1]) if version else 1


def _lifeline() -> tuple[int, int]:
    """Both ends of a pipe, of which nothing is read but whether anybody still has the second."""
    reading, writing = os.pipe()
    lifeline = fcntl.fcntl(writing, fcntl.F_DUPFD_CLOEXEC, LIFELINE)
    os.close(writing)
    os.set_blocking(reading, False)
    return reading, lifeline


def _is_open(reading: int) -> bool:
    """Whether anybody has the other end of a pipe."""
    try:
        return os.read(reading, 1) != b""
    except BlockingIOError:
        return True
    finally:
        os.close(reading)


def _started(words: Sequence[str], environment: Mapping[str, str], lifeline: int) -> subprocess.Popen[bytes]:
    """The command as a process; a file without a `#!` line is the shell's, as for shells."""
    try:
        return subprocess.Popen(words, env=environment, pass_fds=(lifeline,))
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        return subprocess.Popen(["/bin/sh", *words], env=environment, pass_fds=(lifeline,))


def _clear(folder: Path, programs: Mapping[str, str] | None) -> None:
    """Remove a recording's folder; for processes that the command has left running, the programs stay there."""
    if programs is None:
        shutil.rmtree(folder, ignore_errors=True)
        return
    with suppress(OSError):  # they may have cleared it away
        for file in [
            folder / shim.SOCKET,
            folder / delivery.TRACE,
            folder / shim.LAUNCH,
            *(folder / BIN).iterdir(),
        ]:
            file.unlink()
        for name, program in programs.items():
            (folder / BIN / name).symlink_to(program)
