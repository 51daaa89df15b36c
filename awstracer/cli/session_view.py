"""Shows what happens in a recording session: the sentences that its user reads on stderr, beside the output of `aws`.

`SessionView` receives the events of `record/session` and `record/session_commands`, and prints a line for each. In a
batch, where the lines come from a file, a message names the line that it is about:

    awstrace-rec: line 5: not an aws command: frobnicate (start with -s to run shell commands)

The prompts and questions are in `cli/console`, the words of an error in `errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from awstracer.cli.output import REC_PROGRAM, format_message
from awstracer.errors import LineError, SplitError
from awstracer.record.session_commands import HELP_TEXTS
from awstracer.trace.model import Command
from awstracer.trace.selection import format_ranges


@dataclass(frozen=True, kw_only=True)
class SessionView:
    """The messages of one session.

    say                 prints a line
    shows_line_numbers  whether messages name the line of the input that they are about
    """

    say: Callable[[str], None]
    shows_line_numbers: bool

    # --- lines

    def on_error(self, line: int, error: LineError) -> None:
        """Print why a line is not run, or its command not recorded."""
        self._say_of(line, f"{error}: the line was dropped" if isinstance(error, SplitError) else str(error))

    def on_part_missing(self, line: int, fault: str) -> None:
        """Print that a part of a command could not be recorded."""
        self._say_of(line, f"a part of this command could not be recorded: {fault}")

    def on_failure(self, line: int, exit_code: int) -> None:
        """Print that a line failed."""
        self._say_of(line, f"failed with exit code {exit_code}")

    def on_interrupt(self, line: int) -> None:
        """Print that Ctrl-C has ended the session."""
        self._say_of(line, "interrupted: the lines after it were not run")

    def _say_of(self, line: int, text: str) -> None:
        self._say(f"{f'line {line}: ' if self.shows_line_numbers else ''}{text}")

    def _say(self, text: str) -> None:
        self.say(format_message(REC_PROGRAM, text))

    # --- session commands

    def on_list(self, commands: Mapping[int, Command]) -> None:
        """Print commands, each after its number."""
        for text in _summary_lines(commands):
            self.say(text)

    def on_drop(self, number: int, command: Command) -> None:
        """Print which command was dropped."""
        (text,) = _summary_lines({number: command})
        self._say(f"dropped {text}")

    def on_save(self, numbers: list[int]) -> None:
        """Print which commands were saved."""
        self._say(f"saved command{'s' if len(numbers) > 1 else ''} {format_ranges(numbers)}")

    def on_empty_buffer(self) -> None:
        """Print that no command is in the buffer."""
        self._say("nothing is cached")

    def on_help(self) -> None:
        """Print what each session command does."""
        width = max(map(len, HELP_TEXTS))
        for usage, text in HELP_TEXTS.items():
            self.say(f"{usage:{width}}  {text}")


def _summary_lines(commands: Mapping[int, Command]) -> Iterable[str]:
    from awstracer.cli.plan_view import summary_lines  # only `:list` and the like need it, long after the first prompt

    return summary_lines(commands)
