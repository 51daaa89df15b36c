"""Where a session's lines come from: the person at the terminal, or a file of commands."""

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

from awstracer.heeding import heeding
from awstracer.session_commands import NAMES
from awstracer.styles import Styles, styled, visible

readline: ModuleType | None = None
with suppress(ImportError):  # Python may have been built without it
    readline = import_module("readline")

HISTORY_LENGTH = 2000
ESCAPE_SEQUENCE = re.compile(r"(\x1b\[[0-9;]*m)")


def is_somebody_there() -> bool:
    """Whether the input is a terminal, at which somebody can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


class Console:
    """The person at the terminal: line editing, history and completion where Python has readline.

    `complete` gives for a line what its last word could become.
    """

    def __init__(self, *, styles: Styles, complete: Callable[[str], Sequence[str]], out: TextIO | None = None) -> None:
        self._styles, self._complete = styles, complete
        self._out = out if out is not None else sys.stderr
        self._before = ""
        self._read: list[str] = []
        self._passing: list[int] = []
        self._choices: list[str] = []
        self._ahead: list[str] = []
        if readline is not None:
            readline.set_auto_history(False)  # answers are no commands, and lines may have secrets: see `remember`

    @contextmanager
    def session(self, history: FilePath) -> Iterator[None]:
        """Line editing with a history that outlives the session, in a file that only its owner can read."""
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
            with suppress(OSError):  # a session is worth more than its history
                history.parent.mkdir(parents=True, exist_ok=True)
                history.touch(mode=0o600)
                history.chmod(0o600)
                for position in reversed(self._passing):
                    readline.remove_history_item(position)
                readline.write_history_file(history)

    def read(self, prompt: str, before: str = "") -> str:
        """The next line; `before` is what the command has so far, for completion.

        A paste may hold several lines: they come one after the other.
        """
        self._read = self._read if before else []
        if self._ahead:
            line = self._ahead.pop(0)
            print(f"{styled(prompt, self._styles.prompt, self._styles)}{visible(line)}", flush=True)
        else:
            self._before = before
            line, *self._ahead = self._input(prompt).split("\n")
        self._read.append(line)
        return line

    def remember(self, *, lasting: bool) -> None:
        """Put the lines of the last command into the history; those that aren't lasting leave it with the session."""
        if readline is not None and is_somebody_there():
            for line in self._read:
                readline.add_history(line)
                if not lasting:
                    self._passing.append(readline.get_current_history_length() - 1)

    def confirm(self, question: str, *, without_answer: bool = False) -> bool:
        """Whether the person says yes; `without_answer` at the end of the input, and on Ctrl-C.

        What is no answer was pasted behind the command that is asked about: it comes as the next line.
        """
        while True:
            try:
                answer = self._input(question)
            except (EOFError, KeyboardInterrupt):
                self.end_line()
                return without_answer
            if answer.strip().lower() in ("y", "yes", "n", "no", ""):
                return answer.strip().lower() in ("y", "yes")
            self._ahead += answer.split("\n")

    def say(self, text: str) -> None:
        """Tell something, where it doesn't mix with what `aws` prints."""
        print(visible(text), file=self._out, flush=True)

    def end_line(self) -> None:
        """Go on in a new line, since Ctrl-C or Ctrl-D ends none."""
        self.say("")

    def _input(self, prompt: str) -> str:
        """A line, or several that were pasted; EOFError at the end of the input, be it there or not."""
        if sys.stdin is None:
            raise EOFError
        with heeding():
            return input(self._prompt(prompt))

    def _prompt(self, text: str) -> str:
        sys.stdout.flush()
        coloured = styled(visible(text), self._styles.prompt, self._styles)
        if readline is None or not is_somebody_there():
            return coloured
        return ESCAPE_SEQUENCE.sub("\001\\1\002", coloured)  # so that readline knows how wide it is

    def _completion(self, word: str, state: int) -> str | None:
        if state == 0 and readline is not None:
            line = self._before + readline.get_line_buffer()[: readline.get_endidx()]
            self._choices = completions(line, word, self._complete)
        return self._choices[state] if state < len(self._choices) else None


class Script:
    """Commands from the standard input, at which nobody sits: they are read as they are, and nothing is asked.

    Whatever runs from now on finds its own input empty, and takes none of the lines away.
    """

    def __init__(self) -> None:
        self._lines = _taken_input()

    @contextmanager
    def session(self, _: FilePath) -> Iterator[None]:
        """There is no history."""
        yield

    def read(self, *_: str) -> str:
        """The next line; EOFError if there is none."""
        line = self._lines.readline()
        if not line:
            raise EOFError
        return line.removesuffix("\n")

    def remember(self, *, lasting: bool) -> None:
        """Nobody goes back to what was read."""

    def confirm(self, _: str, *, without_answer: bool = False) -> bool:
        """Nobody answers."""
        return without_answer

    def say(self, text: str) -> None:
        """Tell something on stderr."""
        print(visible(text), file=sys.stderr, flush=True)

    def end_line(self) -> None:
        """Nothing was typed."""


def _taken_input() -> TextIO:
    """The lines of the standard input, which has none of them any more; bytes that are no text are kept as they are."""
    if sys.stdin is None:
        return io.StringIO()
    own = os.dup(sys.stdin.fileno())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    return os.fdopen(own, encoding=sys.stdin.encoding, errors="surrogateescape", closefd=False)


def completions(line: str, word: str, complete: Callable[[str], Sequence[str]]) -> list[str]:
    """What `word`, at the end of `line`, could become: a file's name, or what `complete` says of the line."""
    for prefix in ("file://", "fileb://"):
        if word.startswith(prefix):
            names = sorted(glob.glob(glob.escape(word.removeprefix(prefix)) + "*"))  # noqa: PTH207 - keeps "./" and "~"
            return [prefix + name + ("/" if FilePath(name).is_dir() else " ") for name in names]
    if line.split(maxsplit=1)[:1] != ["aws"]:
        first = NAMES if line.lstrip().startswith(":") else ("aws",)
        return [name + " " for name in first if name.startswith(line.lstrip())]
    return [choice + " " for choice in complete(line) if choice.startswith(word)]
