"""The recording session: reads lines at a prompt, runs those that begin with `aws`, and collects their commands.

`aws iam create-user --user-name alice` is run by awscli, in this process. If it succeeds, the user is asked whether to
add the command; it goes into the buffer without its secrets. Other lines are the session's own commands (`:list`)
or the shell's. Before each prompt `write_journal` writes all commands to the journal: whatever ends the session later,
no accepted command is lost.

`record/rules` decides what is recorded. `cli/record_command` has the journal, the trace file and the last question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from awstracer.aws.background import BackgroundAwsCli
from awstracer.aws.capture import Outcome
from awstracer.commandline.text import split
from awstracer.errors import ExitCode, LineError, NotAnAwsCommand, NotRecorded, SplitError, UnfinishedLine
from awstracer.record import rules, session_commands
from awstracer.record.session_commands import CommandBuffer, SessionCommandListener, SessionCommands
from awstracer.secrets.redactor import Redactor
from awstracer.trace.model import Command


class Console(Protocol):
    """Talks with the user; `cli/console` has one for a terminal and one for a file of commands."""

    def read(self, before: str | None = None, /) -> str:
        """Return the next line. `before` has the lines of an unfinished command, which it continues.

        Raise EOFError at the end of the input, KeyboardInterrupt on Ctrl-C.
        """

    def confirm_command(self) -> bool:
        """Return whether the command that has just run is to be recorded: no at the input's end and on Ctrl-C."""

    def confirm_shell_line(self) -> bool:
        """Return whether the line is to be run in the shell: no at the input's end and on Ctrl-C."""

    def end_line(self) -> None:
        """Begin a new line, after a Ctrl-C or Ctrl-D."""

    def remember(self, *, lasting: bool) -> None:
        """Add the lines of the last command to the history; if it is `lasting`, to the one on disk too."""


class SessionListener(SessionCommandListener, Protocol):
    """Receives what happens in a session; `line` is the number of the line in the input. `cli/session_view` prints."""

    def on_error(self, line: int, error: LineError) -> None:
        """A line is not run, or its command not recorded."""

    def on_part_missing(self, line: int, fault: str) -> None:
        """A part of a command could not be recorded."""

    def on_failure(self, line: int, exit_code: int) -> None:
        """A line of a batch failed."""

    def on_interrupt(self, line: int) -> None:
        """Ctrl-C has ended a batch."""


@dataclass(frozen=True)
class SessionOptions:
    """How a session records.

    ask            ask before a command is added; otherwise all that succeed are
    shell          run lines that don't begin with `aws` in the shell
    confirm_shell  ask before that
    keep_secrets   record commands with their secrets
    batch          the lines come from a file: failures are reported, Ctrl-C ends the session
    """

    ask: bool = True
    shell: bool = False
    confirm_shell: bool = True
    keep_secrets: bool = False
    batch: bool = False


class RecordingSession:
    """One session.

    buffer     the commands that were added
    exit_code  the session's, if it is a batch

    `write_journal` writes the commands that are not saved yet to the journal. `save` saves them, and returns whether it
    could.
    """

    def __init__(
        self,
        *,
        aws: BackgroundAwsCli,
        console: Console,
        listener: SessionListener,
        shell: Callable[[str], int],
        now: Callable[[], datetime],
        redactor: Redactor,
        options: SessionOptions,
        buffer: CommandBuffer,
        write_journal: Callable[[Sequence[Command]], None] = lambda _: None,
        save: Callable[[], bool] = lambda: True,
    ) -> None:
        self.buffer, self.exit_code = buffer, ExitCode.OK
        self._write_journal = write_journal
        self._aws, self._console, self._listener, self._shell = aws, console, listener, shell
        self._now, self._redactor, self._options = now, redactor, options
        self._commands = SessionCommands(buffer=buffer, save=save, listener=listener)
        self._lines_read = self._first_line = 0

    def run(self) -> None:
        """Read lines until the input ends or the user types `exit`."""
        while True:
            try:
                self._write_journal(self.buffer.commands)
                line, words = self._read_command()
                if words in (["exit"], ["quit"]):
                    return
                self._run_line(line, words)
            except EOFError:
                self._console.end_line()
                return
            except KeyboardInterrupt:
                self._console.end_line()
                if self._options.batch:
                    self._listener.on_interrupt(self._first_line)
                    self.exit_code = ExitCode.INTERRUPTED
                    return
            except LineError as error:
                self.exit_code = ExitCode.FAILED
                self._listener.on_error(self._first_line, error)

    # --- reading

    def _read_command(self) -> tuple[str, list[str]]:
        """Return the next complete command, which may take several lines, and its words."""
        line = self._read_line()
        self._first_line = self._lines_read
        while True:
            if not line.strip() or line.lstrip().startswith("#"):
                return line, []
            try:
                return line, split(line)
            except UnfinishedLine as unfinished:
                line = unfinished.prefix + self._read_continuation(unfinished)

    def _read_continuation(self, unfinished: UnfinishedLine) -> str:
        try:
            return self._read_line(unfinished.prefix)
        except EOFError:
            raise SplitError(str(unfinished)) from None

    def _read_line(self, before: str | None = None) -> str:
        line = self._console.read(before)
        self._lines_read += 1
        return line

    # --- running

    def _run_line(self, line: str, words: list[str]) -> None:
        if not words:
            return
        if words[0] == "aws":
            self._run_aws(words[1:])
            return
        is_session_command = session_commands.is_session_command(words)
        if self._redactor.redact_words(words) == tuple(words):
            self._console.remember(lasting=is_session_command or self._options.shell)
        if is_session_command:
            self._commands.run(words)
        elif self._options.shell:
            self._run_in_shell(line)
        else:
            raise NotAnAwsCommand(words[0])

    def _run_aws(self, argv: list[str]) -> None:
        started = self._now()
        outcome = self._aws.run(argv)
        command = rules.build_command(argv, outcome, started, self._now())
        redacted = self._redactor.redact_command(command)
        if redacted.argv == command.argv:
            self._console.remember(lasting=_is_understood(outcome))
        for fault in outcome.faults:
            self._listener.on_part_missing(self._first_line, fault)
        self._check_exit_code(outcome.exit_code)
        if outcome.exit_code != 0 or not rules.is_worth_recording(argv, outcome):
            return
        reason = rules.refusal(argv, self._aws.global_options(), has_lost_input=outcome.read_input)
        if reason is not None:
            raise NotRecorded(reason)
        if not self._options.ask or self._console.confirm_command():
            self.buffer.add(command if self._options.keep_secrets else redacted)

    def _run_in_shell(self, line: str) -> None:
        if self._options.confirm_shell and not self._console.confirm_shell_line():
            return
        started = self._now()
        exit_code = 0
        try:
            exit_code = self._shell(line)
        except KeyboardInterrupt:
            exit_code = ExitCode.INTERRUPTED
            self._console.end_line()
        self.buffer.pause += (self._now() - started).total_seconds()
        self._check_exit_code(exit_code)

    def _check_exit_code(self, exit_code: int) -> None:
        """Report a failure in a batch. At a terminal the user has seen it."""
        if self._options.batch and exit_code == ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        if self._options.batch and exit_code != 0:
            self.exit_code = ExitCode.FAILED
            self._listener.on_failure(self._first_line, exit_code)


def _is_understood(outcome: Outcome) -> bool:
    """Return whether awscli understood a line. In another one the option of a secret may be mistyped."""
    return bool(outcome.exit_code == 0 or outcome.calls or outcome.operation)
