"""`awstrace-rec -- COMMAND`, put together: a command runs, and each `aws` in it gets into a trace."""

from __future__ import annotations

import errno
import fcntl
import functools
import gc
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING

from awstracer import (
    __version__,
    aws_process,
    configuration,
    delivery,
    folding,
    noting,
    queries,
    recording,
    saving,
    shim,
    tracefile,
)
from awstracer.cache import Cache
from awstracer.console import Console
from awstracer.errors import ExitCode
from awstracer.gathering import Gathering
from awstracer.journal import Journal
from awstracer.redaction import Redactor
from awstracer.station import Station
from awstracer.styles import Styles
from awstracer.trace import Circumstances

if TYPE_CHECKING:
    from awstracer.driver import AwsCli

NOT_RUNNABLE, NOT_FOUND = 126, 127  # as shells have it
LIFELINE = 100  # the number of a file that the script's processes have open as long as one of them is left
BIN = "bin"
LAUNCH = "import sys\nfrom awstracer.aws_process import main\nsys.exit(main())\n"


def record(
    words: Sequence[str], path: Path, *, append: bool, overwrite: bool, styles: Styles, ask: bool, keep_secrets: bool
) -> int:
    """Run a command, and record each `aws` in it into a trace file; the command's exit code.

    TraceError or Refused, with nothing run, if that can't work.
    """
    environment = dict(os.environ)  # importing awscli changes it
    asked = _ask_version(environment)
    from awstracer import catalog, driver

    aws, key = driver.AwsCli(), token_bytes(32)
    aws.warm()
    gc.freeze()  # a fork then copies less
    tracefile.check_writable(path)
    console = Console(styles=styles, complete=lambda _: [])
    script = tuple(words) if keep_secrets else Redactor(key, aws.catalog).line(words)
    began = Circumstances(datetime.now(timezone.utc), None, __version__, catalog.VERSION, script=script)
    with Journal(path, began) as journal:
        left, before = recording.continued(path, journal, console, append=append, overwrite=overwrite, ask=ask)
        notes: list[str] = []
        gathering = Gathering(
            key=key,
            environment=environment,
            keep_secrets=keep_secrets,
            commands=left,
            keep=saving.keeping(journal, notes.append),
            note=notes.append,
        )
        code = _run(words, path, gathering, aws, environment=environment, version=_version(asked))
        for note in dict.fromkeys(notes):
            recording.tell(note)
        is_plain = configuration.is_plain(environment)
        cache = Cache(folding.folded(gathering.in_order, queries.query))
        began = replace(began, started=journal.recorded.started)
        if not cache.commands:
            recording.tell("nothing was recorded")
        elif ask and not console.confirm(f"Save cached trace to {path}? [y/N]: ", without_answer=True):
            journal.clear()
        elif not recording.saved(
            path,
            before,
            cache,
            began,
            journal,
            note=lambda trace: (
                noting.noted(trace, queries.query, lambda: aws.catalog, catalog.VERSION) if is_plain else None
            ),
            remedy=f"record to {path} again to save them",
        ):
            return code or ExitCode.FAILED
        elif ask:
            recording.tell_left_out(cache.saved)
        return code


def _run(
    words: Sequence[str], path: Path, gathering: Gathering, aws: AwsCli, *, environment: Mapping[str, str], version: int
) -> int:
    """Run the command, with shims before everything else on its PATH; its exit code."""
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
        recording.tell(f"{words[0]}: {error.strerror}")
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


def _ask_version(environment: Mapping[str, str]) -> subprocess.Popen[str] | None:
    """Have the `aws` that the PATH has tell its version, meanwhile; None if there is none."""
    program = shutil.which("aws", path=environment.get("PATH"))
    if program is None:
        return None
    return subprocess.Popen([program, "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _version(asked: subprocess.Popen[str] | None) -> int:
    """The version of the AWS CLI that was asked; 1 where it doesn't tell."""
    told = re.search(r"aws-cli/(\d+)", asked.communicate()[0]) if asked is not None else None
    return int(told[1]) if told else 1


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
