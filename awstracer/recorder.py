"""The recording session: reads command lines, runs them, asks, and keeps what it is told to keep.

What is kept is handed to `keep`, all of it, before each prompt: whatever happened in between, a prompt means
that everything accepted, or dropped, before it has been dealt with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from awstracer import metacommands, recorded, text
from awstracer.cache import Cache
from awstracer.capture import Outcome
from awstracer.errors import BadMetacommand, ExitCode, SplitError, Unfinished
from awstracer.metacommands import Metacommands
from awstracer.trace import Command

PROMPT, CONTINUATION = "(rec) ", "> "
ADD = "Add command to trace cache? [y/N]: "


class Runner(Protocol):
    """Runs a command line as `aws` would; `driver.AwsCli` is one."""

    def run(self, argv: Sequence[str]) -> Outcome: ...

    def global_options(self) -> Mapping[str, bool]: ...


class Console(Protocol):
    """The person at the terminal."""

    def read(self, prompt: str, before: str = "", /) -> str:
        """The next line, without its end; `before` is what its command has so far.

        EOFError at the end of the input, KeyboardInterrupt on Ctrl-C.
        """

    def confirm(self, question: str, /) -> bool:
        """Whether the answer to a question is yes; no at the end of the input and on Ctrl-C."""

    def say(self, text: str) -> None:
        """Tell something, on stderr: stdout belongs to `aws`."""

    def end_line(self) -> None:
        """Ctrl-C or Ctrl-D was typed: what comes next begins a new line."""

    def remember(self, *, lasting: bool) -> None:
        """What was read for the last command may be offered again; on the disk too, if it is `lasting`."""


class Redactor(Protocol):
    """Knows secrets; `redaction.Redactor` is one."""

    def command(self, command: Command) -> Command:
        """The command without its secrets."""

    def line(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The words of a line that need not have run, without its secrets."""


@dataclass(frozen=True)
class Settings:
    """How to record.

    ask             ask before a command is kept; otherwise all that succeed are
    shell           other lines than `aws ...` are run in the shell
    confirm_shell   ask before that
    keep_secrets    leave secrets in what is kept
    batch           nobody sits there: what goes wrong is told with its line's number, and Ctrl-C ends it all
    """

    ask: bool = True
    shell: bool = False
    confirm_shell: bool = True
    keep_secrets: bool = False
    batch: bool = False


class Recorder:
    """One session; what it keeps is in `cache`, and in `worst` the exit code that its lines make, if it is a batch.

    `keep` has the commands that are not saved yet on disk, `save` saves them, and says whether it could.
    """

    def __init__(
        self,
        *,
        runner: Runner,
        console: Console,
        shell: Callable[[str], int],
        now: Callable[[], datetime],
        redactor: Redactor,
        settings: Settings,
        cache: Cache,
        keep: Callable[[Sequence[Command]], None] = lambda _: None,
        save: Callable[[], bool] = lambda: True,
    ) -> None:
        self.cache, self.worst = cache, ExitCode.OK
        self._keep = keep
        self._runner, self._console, self._shell = runner, console, shell
        self._now, self._redactor, self._settings = now, redactor, settings
        self._metacommands = Metacommands(cache, console.say, save)
        self._read = self._began = 0  # lines

    def run(self) -> None:
        """Take lines until the input ends or somebody says `exit`."""
        while True:
            try:
                self._keep(self.cache.commands)
                line, words = self._next()
                if words in (["exit"], ["quit"]):
                    return
                self._take(line, words)
            except EOFError:
                self._console.end_line()
                return
            except KeyboardInterrupt:
                self._console.end_line()
                if self._settings.batch:
                    self._complain("interrupted: what comes behind it was not run")
                    self.worst = ExitCode.INTERRUPTED
                    return
            except SplitError as error:
                self._refuse(f"{error.reason}: the line was dropped")
            except BadMetacommand as error:
                self._refuse(error.reason)

    def _next(self) -> tuple[str, list[str]]:
        """The next complete command line, and its words; it may take several lines to type."""
        line = self._line(PROMPT)
        self._began = self._read
        while True:
            if not line.strip() or line.lstrip().startswith("#"):
                return line, []
            try:
                return line, text.split(line)
            except Unfinished as unfinished:
                line = unfinished.prefix + self._more(unfinished)

    def _more(self, unfinished: Unfinished) -> str:
        try:
            return self._line(CONTINUATION, unfinished.prefix)
        except EOFError:
            raise SplitError(unfinished.reason) from None

    def _line(self, prompt: str, before: str = "") -> str:
        line = self._console.read(prompt, before)
        self._read += 1
        return line

    def _take(self, line: str, words: list[str]) -> None:
        if not words:
            return
        if words[0] == "aws":
            self._aws(words[1:])
            return
        is_own = metacommands.is_one(words)
        if self._redactor.line(words) == tuple(words):
            self._console.remember(lasting=is_own or self._settings.shell)
        if is_own:
            self._metacommands.run(words)
        elif self._settings.shell:
            self._run_in_shell(line)
        else:
            self._refuse(f"not an aws command: {words[0]} (start with -s to run shell commands)")

    def _aws(self, argv: list[str]) -> None:
        started = self._now()
        outcome = self._runner.run(argv)
        command = recorded.command(argv, outcome, started, self._now())
        redacted = self._redactor.command(command)
        if redacted.argv == command.argv:
            self._console.remember(lasting=_is_understood(outcome))
        for fault in outcome.faults:
            self._complain(f"a part of this command could not be recorded: {fault}")
        self._ended(outcome.exit_code)
        if outcome.exit_code != 0 or not recorded.does_something(argv, outcome):
            return
        if recorded.is_interactive(argv, self._runner.global_options()):
            self._refuse("this command is interactive and can't be played again: it is not recorded")
        elif outcome.read_input:
            self._refuse("this command read its input, which no trace holds: it is not recorded")
        elif self._wanted():
            self.cache.add(command if self._settings.keep_secrets else redacted)

    def _ended(self, exit_code: int) -> None:
        """A line was run; who sits at a terminal has seen what became of it."""
        if self._settings.batch and exit_code == ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        if self._settings.batch and exit_code != 0:
            self._refuse(f"failed with exit code {exit_code}")

    def _refuse(self, reason: str) -> None:
        """Nothing is recorded of a line that could have been."""
        self.worst = ExitCode.FAILED
        self._complain(reason)

    def _complain(self, text: str) -> None:
        where = f"line {self._began}: " if self._settings.batch else ""
        self._console.say(f"awstrace-rec: {where}{text}")

    def _wanted(self) -> bool:
        return not self._settings.ask or self._console.confirm(ADD)

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
        self.cache.pause += (self._now() - started).total_seconds()
        self._ended(exit_code)


def _is_understood(outcome: Outcome) -> bool:
    """Whether awscli knew what to do with a line; in another one the name of a secret may be mistyped."""
    return bool(outcome.exit_code == 0 or outcome.calls or outcome.operation)
