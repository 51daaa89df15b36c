"""The recording session: reads lines at a prompt, runs those that begin with `aws`, and collects their commands.

`aws iam create-user --user-name alice` is run by awscli, in this process. If it succeeds, the user is asked whether to
add the command, which is in the buffer then without its secrets. Other lines are the session's own commands (`:list`)
or the shell's. Before each prompt all commands are handed to `keep`, which writes them to the journal: whatever ends
the session later, no accepted command is lost.

What is recorded is decided in `record/rules`. Journal, trace file and the last question are `cli/record_command`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from awstracer.aws.capture import Outcome
from awstracer.commandline.text import split
from awstracer.errors import BadSessionCommand, ExitCode, SplitError, UnfinishedLine
from awstracer.record import rules, session_commands
from awstracer.record.session_commands import CommandBuffer, SessionCommands, Summarize
from awstracer.secrets.redactor import Redactor
from awstracer.trace.model import Command

PROMPT, CONTINUATION = "(rec) ", "> "
ADD = "Add command to trace cache? [y/N]: "


class Runner(Protocol):
    """Runs command lines as `aws` does; `aws/driver` has one."""

    def run(self, argv: Sequence[str]) -> Outcome: ...

    def global_options(self) -> Mapping[str, bool]: ...


class Console(Protocol):
    """Talks with the user; `cli/console` has one for a terminal and one for a file of commands."""

    def read(self, prompt: str, before: str = "", /) -> str:
        """Return the next line. `before` has the lines of an unfinished command.

        Raise EOFError at the end of the input, KeyboardInterrupt on Ctrl-C.
        """

    def confirm(self, question: str, /) -> bool:
        """Return whether the answer is yes. It is no at the end of the input and on Ctrl-C."""

    def say(self, text: str) -> None:
        """Print a line on stderr; stdout belongs to `aws`."""

    def end_line(self) -> None:
        """Begin a new line, behind a Ctrl-C or Ctrl-D."""

    def remember(self, *, lasting: bool) -> None:
        """Add the lines of the last command to the history; if it is `lasting`, to the one on disk too."""


@dataclass(frozen=True)
class SessionOptions:
    """How a session records.

    ask            ask before a command is added; otherwise all that succeed are
    shell          run lines that don't begin with `aws` in the shell
    confirm_shell  ask before that
    keep_secrets   record commands with their secrets
    batch          the lines come from a file: messages name the line, Ctrl-C ends the session
    """

    ask: bool = True
    shell: bool = False
    confirm_shell: bool = True
    keep_secrets: bool = False
    batch: bool = False


class RecordingSession:
    """One session.

    cache  the commands that were added
    worst  the exit code of the session, if it is a batch

    `keep` writes the commands that are not saved yet to the journal. `save` saves them, and returns whether it could.
    """

    def __init__(
        self,
        *,
        runner: Runner,
        console: Console,
        shell: Callable[[str], int],
        now: Callable[[], datetime],
        redactor: Redactor,
        settings: SessionOptions,
        buffer: CommandBuffer,
        summarize: Summarize,
        keep: Callable[[Sequence[Command]], None] = lambda _: None,
        save: Callable[[], bool] = lambda: True,
    ) -> None:
        self.buffer, self.exit_code = buffer, ExitCode.OK
        self._keep = keep
        self._runner, self._console, self._shell = runner, console, shell
        self._now, self._redactor, self._settings = now, redactor, settings
        self._commands = SessionCommands(buffer=buffer, say=console.say, save=save, summarize=summarize)
        self._lines_read = self._first_line = 0

    def run(self) -> None:
        """Read lines until the input ends or the user types `exit`."""
        while True:
            try:
                self._keep(self.buffer.commands)
                line, words = self._read_command()
                if words in (["exit"], ["quit"]):
                    return
                self._run_line(line, words)
            except EOFError:
                self._console.end_line()
                return
            except KeyboardInterrupt:
                self._console.end_line()
                if self._settings.batch:
                    self._say("interrupted: what comes behind it was not run")
                    self.exit_code = ExitCode.INTERRUPTED
                    return
            except SplitError as error:
                self._fail(f"{error.reason}: the line was dropped")
            except BadSessionCommand as error:
                self._fail(error.reason)

    # --- reading

    def _read_command(self) -> tuple[str, list[str]]:
        """Return the next complete command, which may take several lines, and its words."""
        line = self._read_line(PROMPT)
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
            return self._read_line(CONTINUATION, unfinished.prefix)
        except EOFError:
            raise SplitError(unfinished.reason) from None

    def _read_line(self, prompt: str, before: str = "") -> str:
        line = self._console.read(prompt, before)
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
            self._console.remember(lasting=is_session_command or self._settings.shell)
        if is_session_command:
            self._commands.run(words)
        elif self._settings.shell:
            self._run_in_shell(line)
        else:
            self._fail(f"not an aws command: {words[0]} (start with -s to run shell commands)")

    def _run_aws(self, argv: list[str]) -> None:
        started = self._now()
        outcome = self._runner.run(argv)
        command = rules.build_command(argv, outcome, started, self._now())
        redacted = self._redactor.redact_command(command)
        if redacted.argv == command.argv:
            self._console.remember(lasting=_is_understood(outcome))
        for fault in outcome.faults:
            self._say(f"a part of this command could not be recorded: {fault}")
        self._check_exit_code(outcome.exit_code)
        if outcome.exit_code != 0 or not rules.is_worth_recording(argv, outcome):
            return
        if rules.is_interactive(argv, self._runner.global_options()):
            self._fail("this command is interactive and can't be played again: it is not recorded")
        elif outcome.read_input:
            self._fail("this command read its input, which no trace holds: it is not recorded")
        elif not self._settings.ask or self._console.confirm(ADD):
            self.buffer.add(command if self._settings.keep_secrets else redacted)

    def _run_in_shell(self, line: str) -> None:
        if self._settings.confirm_shell and not self._console.confirm("Run this in the shell? [y/N]: "):
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

    # --- messages

    def _check_exit_code(self, exit_code: int) -> None:
        """Report a failure in a batch. At a terminal the user has seen it."""
        if self._settings.batch and exit_code == ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        if self._settings.batch and exit_code != 0:
            self._fail(f"failed with exit code {exit_code}")

    def _fail(self, reason: str) -> None:
        """Say why a line is not recorded."""
        self.exit_code = ExitCode.FAILED
        self._say(reason)

    def _say(self, text: str) -> None:
        where = f"line {self._first_line}: " if self._settings.batch else ""
        self._console.say(f"awstrace-rec: {where}{text}")


def _is_understood(outcome: Outcome) -> bool:
    """Return whether awscli understood a line. In another one the option of a secret may be mistyped."""
    return bool(outcome.exit_code == 0 or outcome.calls or outcome.operation)
