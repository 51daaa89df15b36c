"""Runs a command so that each `aws` in it is recorded, at any depth.

A temporary folder that only the user can enter comes first on the command's PATH. Its `bin/aws` and `bin/sleep` are
shims (`record/shim`), which find the recorder by the socket in that folder. The command itself is not changed, and
inherits everything else. When it has ended, the folder goes; if the command has left processes running, links to the
real programs stay in `bin`, since those processes still have it on their PATH.

`record/server` serves the shims meanwhile. `cli/record_command` has journal, trace file and questions.
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

import awstracer
from awstracer.record import aws_process, protocol, shim
from awstracer.record.client import TRACE_NAME
from awstracer.record.collector import ScriptRecording
from awstracer.record.server import RecorderServer
from awstracer.trace import store

if TYPE_CHECKING:
    from awstracer.aws.driver import AwsCli

NOT_RUNNABLE, NOT_FOUND = 126, 127  # exit codes, as shells have them
LIVENESS_DESCRIPTOR = 100  # higher than those that most scripts use
BIN = "bin"
SHIM_CODE = f"import sys; sys.path.insert(0, {{packages!r}}); from {shim.__name__} import main; main()"
LAUNCHER_CODE = f"import sys\nfrom {aws_process.__name__} import main\nsys.exit(main())\n"


def run_script(
    words: Sequence[str],
    *,
    trace_file: Path,
    recording: ScriptRecording,
    aws: AwsCli,
    environment: Mapping[str, str],
    major_version: int,
) -> int:
    """Run a command in an environment, and return its exit code.

    `aws` runs the command's `aws` lines, unless `major_version`, that of the AWS CLI on the PATH, is 2.
    """
    folder = Path(tempfile.mkdtemp(prefix="awstracer-"))
    programs: dict[str, str] = {}
    reader, writer = _liveness_pipe()
    try:
        _install_files(folder, trace_file)
        programs = _install_shims(folder, environment, major_version)
        path = os.pathsep.join([str(folder / BIN), environment.get("PATH", os.defpath)])
        with RecorderServer(folder, recording, functools.partial(aws_process.run, aws, folder), environment) as server:
            try:
                script = _start(words, {**environment, "PATH": path}, writer)
            except OSError as error:
                recording.note(f"{words[0]}: {error.strerror}")
                return NOT_FOUND if error.errno == errno.ENOENT else NOT_RUNNABLE
            return server.serve_until_exit(script)
    finally:
        os.close(writer)
        _clear(folder, programs if _has_writer(reader) else None)


@contextmanager
def query_major_version(environment: Mapping[str, str]) -> Iterator[Callable[[], int]]:
    """Run the `aws` on the PATH to ask for its version, and yield a function that waits for the answer: 1 or 2.

    It takes a second, in which this process imports awscli. Where there is no answer, the version is 1.
    """
    program = shutil.which("aws", path=environment.get("PATH"))
    if program is None:
        yield lambda: 1
        return
    words = [program, "--version"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        yield lambda: _major_version(process.communicate()[0])


def _major_version(text: str) -> int:
    found = re.search(r"aws-cli/(\d+)", text)
    return int(found[1]) if found else 1


# --- the folder


def _install_files(folder: Path, trace_file: Path) -> None:
    (folder / TRACE_NAME).write_bytes(os.fsencode(store.resolve(trace_file)))
    (folder / shim.LAUNCHER_NAME).write_text(LAUNCHER_CODE, encoding="utf-8")
    (folder / shim.PACKAGES).mkdir()
    (folder / shim.PACKAGES / awstracer.__name__).symlink_to(Path(awstracer.__file__).parent)


def _install_shims(folder: Path, environment: Mapping[str, str], major_version: int) -> dict[str, str]:
    """Write the shims, and return the programs that they stand for, by name."""
    found = {name: shutil.which(name, path=environment.get("PATH")) for name in ("aws", "sleep")}
    programs = {name: program for name, program in found.items() if program}
    arguments = {name: [name, str(folder), program] for name, program in programs.items()}
    if major_version == 2:
        arguments["aws"] = ["plugin", str(folder), programs["aws"]]
    else:
        arguments["aws"] = ["run", str(folder), sys.executable]
    code = SHIM_CODE.format(packages=str(folder / shim.PACKAGES))
    (folder / BIN).mkdir()
    for name, words in arguments.items():
        command = shlex.join([sys.executable, "-I", "-S", "-c", code, *words])
        file = folder / BIN / name
        file.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        file.chmod(0o700)
    return programs


def _clear(folder: Path, programs: Mapping[str, str] | None) -> None:
    """Remove the folder or, if there are programs that have to stay, all but these."""
    if programs is None:
        shutil.rmtree(folder, ignore_errors=True)
        return
    names = (protocol.SOCKET_NAME, TRACE_NAME, shim.LAUNCHER_NAME)
    with suppress(OSError):  # the processes that are left may have removed it
        for file in [*(folder / name for name in names), *(folder / BIN).iterdir()]:
            file.unlink()
        for name, program in programs.items():
            (folder / BIN / name).symlink_to(program)


# --- processes


def _start(words: Sequence[str], environment: Mapping[str, str], writer: int) -> subprocess.Popen[bytes]:
    """Start the command. As shells do, have /bin/sh run a file that has no `#!` line."""
    try:
        return subprocess.Popen(words, env=environment, pass_fds=(writer,))
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        return subprocess.Popen(["/bin/sh", *words], env=environment, pass_fds=(writer,))


def _liveness_pipe() -> tuple[int, int]:
    """Return both ends of a pipe. The command's processes inherit the second: it is open while one of them is left."""
    reader, writer = os.pipe()
    inherited = fcntl.fcntl(writer, fcntl.F_DUPFD_CLOEXEC, LIVENESS_DESCRIPTOR)
    os.close(writer)
    os.set_blocking(reader, False)
    return reader, inherited


def _has_writer(reader: int) -> bool:
    """Return whether a process has the other end of a pipe, and close this one."""
    try:
        return os.read(reader, 1) != b""
    except BlockingIOError:
        return True
    finally:
        os.close(reader)
