"""`awstrace-play --list`: shows the commands of a trace as they were recorded, one line each.

    2  aws iam create-policy --policy-name tp --policy-document file://policy.json

The lines are those of `cli/plan_view`; which commands are listed is decided in `trace/selection`. Nothing is played,
and awscli is imported only for a trace of format 1, which has parameters and no lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from awstracer.cli.output import show
from awstracer.cli.plan_view import summary_lines
from awstracer.commandline import formatter
from awstracer.commandline.text import to_str
from awstracer.errors import ExitCode
from awstracer.trace import selection, store
from awstracer.trace.model import Command


def run(path: Path, *, start: int | None, only: Sequence[selection.Range] | None) -> int:
    """Show the selected commands of a trace; return the exit code."""
    commands = store.load_trace(path).commands
    numbers = selection.select(len(commands), start=start, only=only)
    for line in summary_lines(_with_lines({number: commands[number - 1] for number in sorted(numbers)})):
        show(line)
    return ExitCode.OK


def _with_lines(commands: Mapping[int, Command]) -> Mapping[int, Command]:
    """Return the commands, each with a line; raise UnknownCommand or UnfitParameters if one has no possible line."""
    if all(command.argv or command.operation is None for command in commands.values()):
        return commands
    from awstracer.aws.catalog import Catalog  # awscli takes a while to import, and format 2 does not need it

    catalog = Catalog()

    def with_line(number: int, command: Command) -> Command:
        if command.argv or command.operation is None:
            return command
        operation_command = catalog.operation_command(number, command.operation, command.argv)
        words = formatter.format_command(command.operation.parameters, operation_command).words
        return replace(command, argv=tuple(map(to_str, words)))

    return {number: with_line(number, command) for number, command in commands.items()}
