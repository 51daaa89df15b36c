"""From a process that has run an `aws` command to whoever records it: without its secrets, and on disk before it ends.

While a script is recorded, a folder that only its owner can enter has the recorder's socket; its
messages are lines of JSON, each of which is answered. If the recorder is gone (killed, say), commands
go to the trace file's journal, where the next session finds them.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from awstracer import __version__, recorded, state, tracefile, version2
from awstracer.capture import Outcome
from awstracer.errors import Refused, TraceError
from awstracer.inputs import KeptInput
from awstracer.journal import Journal
from awstracer.redaction import Judge, Redactor
from awstracer.shim import SOCKET
from awstracer.trace import Circumstances, Command, Trace

TRACE = "trace"
PATIENCE = 30.0  # seconds
INPUT = "-"


@dataclass(frozen=True)
class Run:
    """An `aws` command that was run.

    options     awscli's global options, and whether each takes a value
    version     awscli's, 1 or 2
    awscli      the same in full, where the process knows it
    """

    argv: Sequence[str]
    outcome: Outcome
    started: datetime
    ended: datetime
    environment: Mapping[str, str]
    options: Mapping[str, bool]
    version: int = 1
    awscli: str | None = None
    stdin: KeptInput | None = None


@dataclass(frozen=True)
class Session:
    """What a process has to know of the recording that it is a part of; nothing, where there is no telling."""

    key: bytes = field(default_factory=lambda: os.urandom(32))
    secrets: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    keep_secrets: bool = False


class Link:
    """A line to the recorder; OSError where there is none any more."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        try:
            self._socket.connect(str(folder / SOCKET))
        except OSError:
            self._socket.close()
            raise
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> Link:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._lines.close()
        self._socket.close()

    def ask(self, **message: Any) -> dict[str, Any]:
        """Tell something, and give back the answer."""
        self._socket.sendall(json.dumps(message).encode("ascii") + b"\n")
        line = self._lines.readline()
        if not line:
            raise ConnectionError("the recorder is gone")
        answer: dict[str, Any] = json.loads(line)
        return answer


def refusal(run: Run) -> str | None:
    """Why a command can't be recorded, for the person to know; None if it can."""
    if recorded.is_interactive(run.argv, run.options):
        return "is interactive and can't be played again: it is not recorded"
    if run.outcome.read_input and (run.stdin is None or not run.stdin.is_whole):
        return "read more from its input than a trace can hold: it is not recorded"
    return None


def command_of(run: Run, session: Session) -> Command:
    """The command as the trace has it, with its secrets."""
    environment = run.environment, session.environment
    said = recorded.said_by_environment(run.argv, *environment, run.options, run.version)
    argv = run.argv if run.version == 1 else version2.played_by_1(run.argv, {**version2.OPTIONS, **run.options})
    command = recorded.command([*argv, *said], run.outcome, run.started, run.ended)
    if run.outcome.read_input and run.stdin is not None and command.operation is None:
        command = replace(command, files={**command.files, INPUT: run.stdin.content})
    return replace(command, access_key=recorded.other_key(run.argv, *environment, run.options))


def hand_over(run: Run, judge: Judge, folder: Path) -> None:
    """Have a command that was run recorded by the recorder at `folder`; OSError or TraceError if that can't be done."""
    if not recorded.does_something(run.argv, run.outcome):
        return
    try:
        with Link(folder) as link:
            answer = link.ask(do="ask")
            session = Session(
                bytes.fromhex(answer["key"]), answer["secrets"], answer["environment"], answer["keep_secrets"]
            )
            for note in _notes(run):
                link.ask(do="note", text=note)
            if refusal(run) is None:
                command, secrets = _redacted(command_of(run, session), session, judge)
                link.ask(do="keep", command=tracefile.command_document(command), secrets=secrets)
    except (OSError, ValueError, KeyError):
        _leave(run, judge, folder)


@contextmanager
def failures_told() -> Iterator[None]:
    """What keeps a command from being recorded becomes a line on stderr; the command itself is over, and unhurt."""
    try:
        yield
    except Refused as refused:
        _say(f"this command {refused.reason}")
    except TraceError as error:
        _say(f"this command is not recorded: {error.path} {error.reason}")
    except Exception as error:  # noqa: BLE001 - whoever ran the command must get its exit code, and no traceback
        _say(f"this command is not recorded: {error}")


def _say(text: str) -> None:
    with suppress(OSError, ValueError, AttributeError):  # there may be no stderr
        print(f"awstracer: {text}", file=sys.stderr)


def _notes(run: Run) -> list[str]:
    words = " ".join(recorded.own_words(run.argv, run.options)[:2])
    notes = [f"a part of aws {words} could not be recorded: {fault}" for fault in run.outcome.faults]
    reason = refusal(run)
    return notes if reason is None else [*notes, f"aws {words} {reason}"]


def _redacted(command: Command, session: Session, judge: Judge) -> tuple[Command, list[str]]:
    """A command without its secrets, and these."""
    redactor = Redactor(session.key, judge, session.secrets)
    redacted = redactor.command(command)
    return (command if session.keep_secrets else redacted), sorted(redactor.known - set(session.secrets))


def _leave(run: Run, judge: Judge, folder: Path) -> None:
    """Put a command into the journal of a trace whose recorder is gone; if it went in peace, so did its folder."""
    with suppress(FileNotFoundError):
        trace_file = Path(os.fsdecode((folder / TRACE).read_bytes()))
        if refusal(run) is None:
            session = Session(environment=run.environment)
            command, _ = _redacted(command_of(run, session), session, judge)
            with _journal(trace_file, run) as journal:
                if _identity(command) not in map(_identity, journal.commands):  # it went between writing and answering
                    journal.write([*journal.commands, command])


def append(trace_file: Path, run: Run, judge: Judge) -> None:
    """Add a command to a trace file, besides what other processes add; TraceError if that can't be done.

    It is in the file's journal first, and stays there if the trace can't be saved.
    """
    if not recorded.does_something(run.argv, run.outcome):
        return
    reason = refusal(run)
    if reason is not None:
        raise Refused(reason)
    session = Session(_own_key(), environment=run.environment)
    command, _ = _redacted(command_of(run, session), session, judge)
    with _journal(trace_file, run) as journal:
        journal.write([*journal.commands, command])
        before = tracefile.load(trace_file) if trace_file.exists() else Trace((), journal.recorded)
        saved = set(map(_identity, before.commands))
        new = [each for each in (*journal.commands, command) if _identity(each) not in saved]
        commands = sorted((*before.commands, *new), key=lambda each: each.started)
        tracefile.save(replace(before, commands=tuple(commands)), trace_file)
        journal.clear()


def _identity(command: Command) -> object:
    """What tells two runs of a command apart, wherever they were written down."""
    return command.started, command.argv


def _journal(trace_file: Path, run: Run) -> Journal:
    region = recorded.region(run.outcome.calls)
    return Journal(trace_file, Circumstances(run.started, region, __version__, run.awscli), patience=PATIENCE)


def _own_key() -> bytes:
    """The person's own key for holes, so that equal secrets are equal holes in one terminal and the next."""
    file = state.folder() / "key"
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            _make_key(file)
        return file.read_bytes()
    return os.urandom(32)


def _make_key(file: Path) -> None:
    """Make a key for good; of several processes that do so at once, one does it."""
    handle, draft = tempfile.mkstemp(dir=file.parent)
    os.write(handle, os.urandom(32))
    os.close(handle)
    with suppress(FileExistsError):
        os.link(draft, file)
    Path(draft).unlink()
