"""`awstrace-play --list`: shows the commands of a trace, one line each.

    2  aws iam create-policy --policy-name tp --policy-document file://policy.json

A line is shown as it was typed if awscli reads it as what a replay sends; otherwise as a dry run writes it. So the list
never says anything else than what is done.

The lines are those of `cli/plan_view`; which commands are listed is decided in `trace/selection`. Nothing is played.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from awstracer.cli.output import show
from awstracer.cli.plan_view import describe_inexact, summary_lines
from awstracer.commandline import formatter
from awstracer.commandline.text import to_str
from awstracer.errors import ExitCode
from awstracer.plan.planner import split_line
from awstracer.trace import selection, store
from awstracer.trace.model import Command

if TYPE_CHECKING:
    from awstracer.aws.catalog import Catalog


def run(path: Path, *, start: int | None, only: Sequence[selection.Range] | None) -> int:
    """Show the selected commands of a trace; return the exit code."""
    commands = store.load_trace(path).commands
    numbers = selection.select(len(commands), start=start, only=only)
    from awstracer.aws.catalog import Catalog  # awscli takes a while to import: an unreadable trace does without

    catalog = Catalog()
    listed = {number: with_true_line(number, commands[number - 1], catalog) for number in sorted(numbers)}
    lines = summary_lines({number: command for number, (command, _) in listed.items()})
    for line, (_, inexact) in zip(lines, listed.values(), strict=True):
        show(f"{line}  # {describe_inexact(inexact)}" if inexact else line)
    return ExitCode.OK


def with_true_line(number: int, command: Command, catalog: Catalog) -> tuple[Command, Sequence[str]]:
    """Return a command with a line that says what is sent, its own or one made of its parameters.

    Beside it stand the members that the line cannot express exactly.
    Raise UnknownCommand or UnfitParameters if the command has no such line.
    """
    if command.operation is None:
        return command, ()
    operation_command = catalog.operation_command(number, command.operation, command.argv)
    if catalog.reads_as(command.operation, operation_command.words, command.argv):
        return command, ()
    formatted = formatter.format_command(command.operation.parameters, operation_command)
    _, of_globals = split_line(command, catalog.global_options(), {})
    words = (*map(to_str, formatted.words), *(command.argv[at] for at in of_globals))
    return replace(command, argv=words), formatted.inexact
