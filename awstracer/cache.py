"""What a session has kept, until it is saved: commands by the numbers that they have or will have in the trace file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from awstracer.trace import Command


class Cache:
    """The commands of one session, beginning with what an earlier session has left.

    commands    that are not saved yet
    saved       that the session has saved
    pause       seconds that were deliberately let pass since the last command
    """

    def __init__(self, commands: Sequence[Command] = (), *, before: int = 0) -> None:
        """`before` is how many commands the trace file has that these go behind."""
        self.commands = list(commands)
        self.saved: list[Command] = []
        self.pause = 0.0
        self._before = before

    @property
    def numbered(self) -> Mapping[int, Command]:
        """The commands that are not saved yet, by number."""
        return dict(enumerate(self.commands, self._before + len(self.saved) + 1))

    def add(self, command: Command) -> None:
        """Keep a command; what was let pass is its own pause."""
        self.commands.append(replace(command, pause=self.pause))
        self.pause = 0.0

    def drop(self, number: int) -> Command:
        """Keep a command no longer; what was let pass before it is let pass before the next one."""
        at = list(self.numbered).index(number)
        dropped, left = self.commands[at], self.commands[at + 1 :]
        if not left:
            self.pause += dropped.pause
        elif dropped.pause:
            left[0] = replace(left[0], pause=left[0].pause + dropped.pause)
        self.commands[at:] = left
        return dropped

    def save(self) -> None:
        """All commands are saved."""
        self.saved += self.commands
        self.commands = []
