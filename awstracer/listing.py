"""`awstrace-play --list`: what is in a trace, a line for each command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from awstracer import commandline, entries, selection, tracefile
from awstracer.screen import show
from awstracer.text import plain
from awstracer.trace import Command


def show_list(path: Path, *, start: int | None, only: Sequence[selection.Range] | None) -> None:
    """Show the commands of a trace that are selected; any AwstracerError means that there is no such list."""
    commands = tracefile.load(path).commands
    selected = selection.selected(len(commands), start=start, only=only)
    for line in entries.listed(_with_lines({number: commands[number - 1] for number in sorted(selected)})):
        show(line)


def _with_lines(commands: Mapping[int, Command]) -> Mapping[int, Command]:
    """Commands of which each has a line: format 1 kept none, so that they are what would be typed.

    UnknownCommand or UnfitParameters if there is no such line.
    """
    if all(command.argv or command.operation is None for command in commands.values()):
        return commands
    from awstracer import driver  # importing awscli takes a while, and a trace of format 2 doesn't need it

    aws = driver.AwsCli()

    def with_line(number: int, command: Command) -> Command:
        if command.argv or command.operation is None:
            return command
        form = aws.operation_command(number, command.operation, command.argv)
        words = commandline.spell(command.operation.parameters, form).words
        return replace(command, argv=tuple(map(plain, words)))

    return {number: with_line(number, command) for number, command in commands.items()}
