"""The person at the terminal of a session: line editing, history, completion, questions."""

from __future__ import annotations

import glob
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path as FilePath
from types import ModuleType
from typing import TextIO

from awstracer.terminal import Styles, styled, visible

try:
    import readline as _readline
except ImportError:  # Python was built without it
    _readline = None  # type: ignore[assignment]

readline: ModuleType | None = _readline

HISTORY_LENGTH = 2000
ESCAPE_SEQUENCE = re.compile(r"(\x1b\[[0-9;]*m)")


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
        if readline is None or not sys.stdin.isatty():
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
            line, *self._ahead = input(self._prompt(prompt)).split("\n")
        self._read.append(line)
        return line

    def remember(self, *, lasting: bool) -> None:
        """Put the lines of the last command into the history; those that aren't lasting leave it with the session."""
        if readline is not None and sys.stdin.isatty():
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
                answer = input(self._prompt(question))
            except (EOFError, KeyboardInterrupt):
                self.say("")
                return without_answer
            if answer.strip().lower() in ("y", "yes", "n", "no", ""):
                return answer.strip().lower() in ("y", "yes")
            self._ahead += answer.split("\n")

    def say(self, text: str) -> None:
        """Tell something, where it doesn't mix with what `aws` prints."""
        print(visible(text), file=self._out, flush=True)

    def _prompt(self, text: str) -> str:
        sys.stdout.flush()
        coloured = styled(visible(text), self._styles.prompt, self._styles)
        if readline is None or not sys.stdin.isatty():
            return coloured
        return ESCAPE_SEQUENCE.sub("\001\\1\002", coloured)  # so that readline knows how wide it is

    def _completion(self, word: str, state: int) -> str | None:
        if state == 0 and readline is not None:
            line = self._before + readline.get_line_buffer()[: readline.get_endidx()]
            self._choices = completions(line, word, self._complete)
        return self._choices[state] if state < len(self._choices) else None


def completions(line: str, word: str, complete: Callable[[str], Sequence[str]]) -> list[str]:
    """What `word`, at the end of `line`, could become: a file's name, or what `complete` says of the line."""
    for prefix in ("file://", "fileb://"):
        if word.startswith(prefix):
            names = sorted(glob.glob(glob.escape(word.removeprefix(prefix)) + "*"))  # noqa: PTH207 - keeps "./" and "~"
            return [prefix + name + ("/" if FilePath(name).is_dir() else " ") for name in names]
    if line.split(maxsplit=1)[:1] != ["aws"]:
        return [word + " " for word in ["aws"] if word.startswith(line.strip())]
    return [choice + " " for choice in complete(line) if choice.startswith(word)]
