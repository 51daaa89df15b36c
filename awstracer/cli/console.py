"""Reads the lines of a recording session: typed at a terminal (`Console`), or from a file of commands (`BatchInput`).

At a terminal, a line may be edited, completed with Tab and found again in the history, where Python has readline. With
`awstrace-rec -n < commands.txt` nobody is asked anything. What the lines mean is decided in `record/session`.
"""

from __future__ import annotations

import glob
import io
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path as FilePath
from types import ModuleType
from typing import TextIO

from awstracer.cli.styles import Styles, escape, styled
from awstracer.record.session_commands import NAMES

readline: ModuleType | None = None
with suppress(ImportError):  # Python may have been built without it
    readline = import_module("readline")

PROMPT, CONTINUATION = "(rec) ", "> "
HISTORY_LENGTH = 2000
ESCAPE_SEQUENCE = re.compile(r"(\x1b\[[0-9;]*m)")


def is_somebody_there() -> bool:
    """Return whether the input is a terminal, so that somebody can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


class Console:
    """Talks with the person at a terminal: line editing, history and completion where Python has readline.

    `complete` returns the words that the last word of a line could become.
    """

    def __init__(self, *, styles: Styles, complete: Callable[[str], Sequence[str]], out: TextIO | None = None) -> None:
        self._styles, self._complete = styles, complete
        self._out = out if out is not None else sys.stderr
        self._unfinished = ""
        self._lines: list[str] = []
        self._session_only_history: list[int] = []
        self._choices: list[str] = []
        self._pasted: list[str] = []
        if readline is not None:
            readline.set_auto_history(False)  # `remember` adds lines: no answers, and no secrets

    @contextmanager
    def session(self, history: FilePath) -> Iterator[None]:
        """Have line editing, with a history in a file that only its owner can read, while the context lasts."""
        if readline is None or not is_somebody_there():
            yield
            return
        readline.set_completer_delims(" \t\n")
        readline.set_completer(self._completion)
        readline.parse_and_bind("tab: complete")
        readline.set_history_length(HISTORY_LENGTH)
        with suppress(OSError):
            readline.read_history_file(history)
        try:
            yield
        finally:
            with suppress(OSError):  # a session must not fail for its history
                history.parent.mkdir(parents=True, exist_ok=True)
                history.touch(mode=0o600)
                history.chmod(0o600)
                for position in reversed(self._session_only_history):
                    readline.remove_history_item(position)
                readline.write_history_file(history)

    def read(self, before: str | None = None) -> str:
        """Return the next line; `before` is the text of an unfinished command, which it continues.

        Lines that were pasted together are returned one by one.
        """
        prompt = PROMPT if before is None else CONTINUATION
        self._lines = self._lines if before else []
        if self._pasted:
            line = self._pasted.pop(0)
            print(f"{styled(prompt, self._styles.prompt, self._styles)}{escape(line)}", flush=True)
        else:
            self._unfinished = before or ""
            line, *self._pasted = self._input(prompt).split("\n")
        self._lines.append(line)
        return line

    def remember(self, *, lasting: bool) -> None:
        """Add the lines of the last command to the history; unless they are `lasting`, until the session ends."""
        if readline is not None and is_somebody_there():
            for line in self._lines:
                readline.add_history(line)
                if not lasting:
                    self._session_only_history.append(readline.get_current_history_length() - 1)

    def confirm_command(self) -> bool:
        """Return whether the person wants the command that has just run in the trace."""
        return self.confirm("Add command to trace cache? [y/N]: ")

    def confirm_shell_line(self) -> bool:
        """Return whether the person wants a line to be run in the shell."""
        return self.confirm("Run this in the shell? [y/N]: ")

    def confirm(self, question: str, *, without_answer: bool = False) -> bool:
        """Return whether the person says yes; `without_answer` at the end of the input, and on Ctrl-C.

        Other text was pasted after the command that the question is about: it becomes the next lines.
        """
        while True:
            try:
                answer = self._input(question)
            except (EOFError, KeyboardInterrupt):
                self.end_line()
                return without_answer
            if answer.strip().lower() in ("y", "yes", "n", "no", ""):
                return answer.strip().lower() in ("y", "yes")
            self._pasted += answer.split("\n")

    def say(self, text: str) -> None:
        """Print a line on stderr, apart from the output of `aws`."""
        print(escape(text), file=self._out, flush=True)

    def end_line(self) -> None:
        """Begin a new line, since Ctrl-C and Ctrl-D end none."""
        self.say("")

    def _input(self, prompt: str) -> str:
        """Return a line, or several that were pasted; raise EOFError at the end of the input, or if it is closed."""
        if sys.stdin is None:
            raise EOFError
        return input(self._prompt(prompt))

    def _prompt(self, text: str) -> str:
        sys.stdout.flush()
        coloured = styled(escape(text), self._styles.prompt, self._styles)
        if readline is None or not is_somebody_there():
            return coloured
        return ESCAPE_SEQUENCE.sub("\001\\1\002", coloured)  # readline must not count these as columns

    def _completion(self, word: str, state: int) -> str | None:
        if state == 0 and readline is not None:
            line = self._unfinished + readline.get_line_buffer()[: readline.get_endidx()]
            self._choices = completions(line, word, self._complete)
        return self._choices[state] if state < len(self._choices) else None


class BatchInput:
    """Reads commands from standard input while its `session` lasts; there is nobody who could be asked.

    Commands that run find their own standard input empty, so that they cannot take lines away.
    """

    @contextmanager
    def session(self, _: FilePath) -> Iterator[None]:
        """Read the lines of standard input; there is no history."""
        with _take_over_stdin() as self._lines:
            yield

    def read(self, _: str | None = None) -> str:
        """Return the next line; raise EOFError if there is none."""
        line = self._lines.readline()
        if not line:
            raise EOFError
        return line.removesuffix("\n")

    def remember(self, *, lasting: bool) -> None:
        """Do nothing: there is no history."""

    def confirm_command(self) -> bool:
        """Return False: nobody can be asked."""
        return False

    confirm_shell_line = confirm_command

    def confirm(self, _: str, *, without_answer: bool = False) -> bool:
        """Return `without_answer`: nobody can be asked."""
        return without_answer

    def say(self, text: str) -> None:
        """Print a line on stderr."""
        print(escape(text), file=sys.stderr, flush=True)

    def end_line(self) -> None:
        """Do nothing: nothing was typed."""


def _take_over_stdin() -> TextIO:
    """Return the lines of standard input, and make that empty; bytes that are not text become surrogates."""
    if sys.stdin is None:
        return io.StringIO()
    own = os.dup(sys.stdin.fileno())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    return os.fdopen(own, encoding=sys.stdin.encoding, errors="surrogateescape", closefd=False)


def completions(line: str, word: str, complete: Callable[[str], Sequence[str]]) -> list[str]:
    """Return what `word`, the end of `line`, could become: a file name after `file://`, or what `complete` returns."""
    for prefix in ("file://", "fileb://"):
        if word.startswith(prefix):
            names = sorted(glob.glob(glob.escape(word.removeprefix(prefix)) + "*"))  # noqa: PTH207 - keeps "./" and "~"
            return [prefix + name + ("/" if FilePath(name).is_dir() else " ") for name in names]
    if line.split(maxsplit=1)[:1] != ["aws"]:
        first = NAMES if line.lstrip().startswith(":") else ("aws",)
        return [name + " " for name in first if name.startswith(line.lstrip())]
    return [choice + " " for choice in complete(line) if choice.startswith(word)]
