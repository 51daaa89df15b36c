"""Delivers a command from the process that has run it to the recording: without its secrets, before the process ends.

While a script is recorded, commands go to the recorder (`deliver`). If the recorder has been killed, they go to the
journal of the trace file, where the next recording finds them. Without a script, an `aws` with the plugin adds them
to the trace file that AWSTRACE_FILE names (`append`). Before that, placeholders replace the secrets.

`record/protocol` describes the messages, `record/rules` what of a command is recorded.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from awstracer import __version__
from awstracer.aws.api_model import MemberModel
from awstracer.aws.capture import Outcome
from awstracer.errors import NotRecorded
from awstracer.record import aws_cli_v2, protocol, rules
from awstracer.record.protocol import Acknowledgement, CommandReport, NoteReport, SessionInfo, SessionRequest
from awstracer.secrets.placeholders import new_key
from awstracer.secrets.redactor import Redactor
from awstracer.trace import seal, serializer, store
from awstracer.trace.journal import Journal
from awstracer.trace.model import STDIN, Command, RecordingInfo, Trace

TRACE_NAME = "trace"  # the file in the recorder's folder that holds the path of the trace file
DELIVERY_TIMEOUT = 30.0  # seconds
MAX_INPUT = 16_000_000  # bytes: longer input is data, which doesn't belong into a trace


# --- standard input


class InputTee(io.RawIOBase):
    """A raw stream that reads from another one and keeps a copy, up to a limit.

    was_read  whether somebody has tried to read
    is_whole  whether the copy has all that was read; if not, the stream was longer than the limit
    """

    def __init__(self, stream: io.RawIOBase | Any, limit: int = MAX_INPUT) -> None:
        super().__init__()
        self._stream, self._limit = stream, limit
        self._copy = bytearray()
        self.was_read, self.is_whole = False, True

    @property
    def content(self) -> str | bytes:
        """The copy; a string if it is UTF-8."""
        try:
            return self._copy.decode("utf-8")
        except UnicodeDecodeError:
            return bytes(self._copy)

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._stream.fileno())

    def isatty(self) -> bool:
        return bool(self._stream.isatty())

    def readinto(self, buffer: Any) -> int | None:
        """Read what there is, up to the buffer's size. Return 0 at the end, None if there is nothing yet."""
        self.was_read = True
        count: int | None = self._stream.readinto(buffer)
        if count:
            self.is_whole = self.is_whole and len(self._copy) + count <= self._limit
            if self.is_whole:
                self._copy += bytes(memoryview(buffer).cast("B")[:count])
        return count


def tee_stdin() -> InputTee | None:
    """Replace `sys.stdin`, which nobody has read yet, and return the tee; None if it isn't a buffered stream."""
    stream = sys.stdin
    buffered = getattr(stream, "buffer", None)
    if not isinstance(buffered, io.BufferedReader):
        return None
    tee = InputTee(buffered.raw)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(tee), encoding=stream.encoding, errors=stream.errors)
    return tee


# --- what is recorded of a command


@dataclass(frozen=True, kw_only=True)
class FinishedCommand:
    """An `aws` command that has run.

    options         awscli's global options, and whether each takes a value
    major_version   awscli's, 1 or 2
    awscli_version  awscli's in full, if the process knows it
    """

    argv: Sequence[str]
    outcome: Outcome
    started: datetime
    ended: datetime
    environment: Mapping[str, str]
    options: Mapping[str, bool]
    major_version: int = 1
    awscli_version: str | None = None
    stdin: InputTee | None = None


def _refusal(finished: FinishedCommand) -> str | None:
    """Return why a trace can't hold a command, as a clause; None if it can."""
    is_lost = finished.outcome.read_input and (finished.stdin is None or not finished.stdin.is_whole)
    return rules.refusal(finished.argv, finished.options, has_lost_input=is_lost)


def _to_command(finished: FinishedCommand, session: Mapping[str, str]) -> Command:
    """Return the command as the trace has it, with its secrets. `session` is the environment of the whole recording."""
    argv, options, outcome = finished.argv, finished.options, finished.outcome
    environments = finished.environment, session
    added = rules.options_from_environment(argv, *environments, options, finished.major_version)
    access_key = rules.own_access_key(argv, *environments, options)
    if finished.major_version == 2:
        argv = aws_cli_v2.to_v1_words(argv, {**aws_cli_v2.GLOBAL_OPTIONS, **options})
    command = rules.build_command([*argv, *added], outcome, finished.started, finished.ended)
    if outcome.read_input and finished.stdin is not None and command.operation is None:
        command = replace(command, files={**command.files, STDIN: finished.stdin.content})
    return replace(command, access_key=access_key)


def _to_redacted_command(
    finished: FinishedCommand, session: SessionInfo, models: MemberModel
) -> tuple[Command, list[str]]:
    """Return the command without its secrets, and those of them that the session doesn't have yet."""
    command = _to_command(finished, session.environment)
    redactor = Redactor(bytes.fromhex(session.key), models, session.secrets)
    redacted = redactor.redact_command(command)
    return (command if session.keep_secrets else redacted), sorted(redactor.distinctive_secrets - set(session.secrets))


# --- to the recorder


def deliver(finished: FinishedCommand, models: MemberModel, folder: Path) -> None:
    """Send a command to the recorder at a folder or, if it is gone, write it to the trace's journal.

    Raise OSError or TraceError if neither works.
    """
    if not rules.is_worth_recording(finished.argv, finished.outcome):
        return
    try:
        with protocol.connect(folder, DELIVERY_TIMEOUT) as channel:
            channel.send(SessionRequest())
            session = channel.receive(SessionInfo)
            for report in _reports(finished, session, models):
                channel.send(report)
                channel.receive(Acknowledgement)
    except (OSError, ValueError):
        _write_to_journal(finished, models, folder)


def _reports(
    finished: FinishedCommand, session: SessionInfo, models: MemberModel
) -> Iterator[NoteReport | CommandReport]:
    words = " ".join(rules.without_global_options(finished.argv, finished.options)[:2])
    for fault in finished.outcome.faults:
        yield NoteReport(f"a part of aws {words} could not be recorded: {fault}")
    reason = _refusal(finished)
    if reason is not None:
        yield NoteReport(f"aws {words} {reason}: it is not recorded")
        return
    command, secrets = _to_redacted_command(finished, session, models)
    yield CommandReport(command=serializer.command_to_json(command), secrets=secrets)


def _write_to_journal(finished: FinishedCommand, models: MemberModel, folder: Path) -> None:
    """Write a command to the journal, since the recorder is gone. If that has ended normally, so has its folder."""
    with suppress(FileNotFoundError):
        trace_file = Path(os.fsdecode((folder / TRACE_NAME).read_bytes()))
        if _refusal(finished) is None:
            session = SessionInfo(key=new_key().hex(), environment=finished.environment)
            command, _ = _to_redacted_command(finished, session, models)
            with _open_journal(trace_file, finished) as journal:
                # The recorder may have been killed after it wrote the command and before it replied.
                if _identity(command) not in map(_identity, journal.commands):
                    journal.write([*journal.commands, command])


# --- to a trace file


def append(trace_file: Path, finished: FinishedCommand, models: MemberModel) -> None:
    """Add a command to a trace file, which other processes may do at the same time.

    The command is written to the file's journal first. It stays there if the trace can't be saved: TraceError.
    Raise NotRecorded if no trace can hold the command.
    """
    if not rules.is_worth_recording(finished.argv, finished.outcome):
        return
    reason = _refusal(finished)
    if reason is not None:
        raise NotRecorded(reason)
    session = SessionInfo(key=_user_key().hex(), environment=finished.environment)
    command, _ = _to_redacted_command(finished, session, models)
    with _open_journal(trace_file, finished) as journal:
        is_own = not journal.commands
        journal.write([*journal.commands, command])
        before = store.load_trace(trace_file) if trace_file.exists() else Trace((), journal.recorded, is_own=True)
        saved = set(map(_identity, before.commands))
        new = [each for each in (*journal.commands, command) if _identity(each) not in saved]
        commands = sorted((*before.commands, *new), key=lambda each: each.started)
        store.save_trace(replace(before, commands=tuple(commands), is_own=before.is_own and is_own), trace_file)
        journal.clear()


def _identity(command: Command) -> object:
    """Return what tells two commands apart, wherever they were written."""
    return command.started, command.argv


def _open_journal(trace_file: Path, finished: FinishedCommand) -> Journal:
    region = rules.main_region(finished.outcome.calls)
    circumstances = RecordingInfo(finished.started, region, __version__, finished.awscli_version)
    return Journal(trace_file, circumstances, patience=DELIVERY_TIMEOUT)


def _user_key() -> bytes:
    """Return the user's own key of placeholders, so that processes give equal secrets equal placeholders."""
    return seal.make_key(store.state_directory() / "key") or new_key()


# --- errors


@contextmanager
def errors_on_stderr() -> Iterator[None]:
    """Print what keeps a command from being recorded. It has run, and its process must end as without a recording."""
    try:
        yield
    except NotRecorded as error:
        _print(str(error))
    except Exception as error:  # noqa: BLE001 - a traceback would hurt whoever ran the command
        _print(f"this command is not recorded: {error}")


def _print(text: str) -> None:
    with suppress(OSError, ValueError, AttributeError):  # there may be no stderr
        print(f"awstracer: {text}", file=sys.stderr)
