"""The commands of a recording session itself (`:list`, `:drop N`, ...), and the buffer that they work on.

A session collects commands in a `CommandBuffer` until they are saved. Each has the number that it will have in the
trace file: if the file has 2 commands, the first new one is number 3. `:drop 3` removes it; the pause before it is then
added to the pause before the next one. Session commands are not recorded. `record/session` reads them, and
`cli/session_view` prints what they did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from awstracer.errors import BadSessionCommand
from awstracer.trace import selection
from awstracer.trace.model import Command

HELP_TEXTS = {
    ":list": "show the cached commands, by the numbers that they will have in the trace",
    ":drop N": "remove command N from the cache",
    ":undo": "remove the last one",
    ":save": "save what is cached, and go on",
    ":help": "show this",
    "exit": "end the session",
}
USAGES = {usage.split()[0]: usage for usage in HELP_TEXTS if usage.startswith(":")}
NAMES = tuple(USAGES)


class CommandBuffer:
    """The commands of one session, and those that an earlier session has left unsaved.

    commands  not saved yet
    saved     by this session
    pause     seconds that the session has waited since the last command
    """

    def __init__(self, commands: Sequence[Command] = (), *, before: int = 0) -> None:
        """`before` is the number of commands that the trace file has already, and keeps."""
        self.commands = list(commands)
        self.saved: list[Command] = []
        self.pause = 0.0
        self._before = before

    @property
    def numbered(self) -> Mapping[int, Command]:
        """The commands that are not saved yet, by number."""
        return dict(enumerate(self.commands, self._before + len(self.saved) + 1))

    def add(self, command: Command) -> None:
        """Add a command, with the pause before it."""
        self.commands.append(replace(command, pause=self.pause))
        self.pause = 0.0

    def drop(self, number: int) -> Command:
        """Remove a command and return it. Its pause is added to that of the next command."""
        at = list(self.numbered).index(number)
        dropped, later = self.commands[at], self.commands[at + 1 :]
        if not later:
            self.pause += dropped.pause
        elif dropped.pause:
            later[0] = replace(later[0], pause=later[0].pause + dropped.pause)
        self.commands[at:] = later
        return dropped

    def save(self) -> None:
        """Note that all commands are in the trace file."""
        self.saved += self.commands
        self.commands = []


def is_session_command(words: Sequence[str]) -> bool:
    """Return whether a line is a command of the session; `:` alone is one of the shell's."""
    return words[0].startswith(":") and words[0] != ":"


class SessionCommandListener(Protocol):
    """Receives what the session commands did."""

    def on_list(self, commands: Mapping[int, Command]) -> None:
        """The user wants to see these commands, by number."""

    def on_drop(self, number: int, command: Command) -> None:
        """A command was removed from the buffer."""

    def on_save(self, numbers: list[int]) -> None:
        """The commands of these numbers were saved."""

    def on_empty_buffer(self) -> None:
        """There is nothing to list or to save."""

    def on_help(self) -> None:
        """The user wants to know the session commands."""


@dataclass(frozen=True, kw_only=True)
class SessionCommands:
    """Runs the session's own commands. `save` saves the commands of the buffer, and returns whether that worked."""

    buffer: CommandBuffer
    save: Callable[[], bool]
    listener: SessionCommandListener

    def run(self, words: Sequence[str]) -> None:
        """Run a line. Raise BadSessionCommand if that is not possible."""
        name, arguments = words[0], words[1:]
        if name not in USAGES:
            raise BadSessionCommand(f"there is no {name}, but {', '.join(USAGES.values())}")
        if len(arguments) != USAGES[name].count(" "):
            expected = "one command's number" if " " in USAGES[name] else "nothing"
            raise BadSessionCommand(f"{name} takes {expected}")
        actions: Mapping[str, Callable[..., None]] = {
            ":list": self._list,
            ":drop": self._drop,
            ":undo": self._undo,
            ":save": self._save,
            ":help": self.listener.on_help,
        }
        actions[name](*arguments)

    def _list(self) -> None:
        self.listener.on_list(self.buffer.numbered)
        if not self.buffer.commands:
            self.listener.on_empty_buffer()

    def _drop(self, text: str) -> None:
        try:
            number = selection.parse_number(text)
        except ValueError as error:
            raise BadSessionCommand(str(error)) from None
        numbers = self.buffer.numbered
        if number not in numbers:
            cached = selection.format_ranges(numbers)
            raise BadSessionCommand(f"command {number} is not cached: {f'only {cached}' if cached else 'nothing is'}")
        self._drop_number(number)

    def _undo(self) -> None:
        if not self.buffer.commands:
            raise BadSessionCommand("nothing is cached")
        self._drop_number(max(self.buffer.numbered))

    def _drop_number(self, number: int) -> None:
        self.listener.on_drop(number, self.buffer.drop(number))

    def _save(self) -> None:
        numbers = list(self.buffer.numbered)
        if not numbers:
            self.listener.on_empty_buffer()
        elif self.save():
            self.listener.on_save(numbers)
