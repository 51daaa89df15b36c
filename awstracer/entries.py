"""A trace's commands as a person reads them: a line for each, and what is to be known of it besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from awstracer.options import query_of
from awstracer.styles import one_line, short, visible
from awstracer.text import Span, format_line, format_scalar, plain
from awstracer.trace import Command, Condition, spelled


def listed(commands: Mapping[int, Command]) -> Iterator[str]:
    """Commands by their numbers, as they were typed: a line for each, whatever is in it."""
    width = len(str(max(commands, default=0)))
    for number, command in commands.items():
        typed = plain(format_line((Span(word),) for word in ("aws", *command.argv)))
        text = visible(typed).replace("\n", "\\n")
        yield f"{number:>{width}}  {text}{_note(command)}"


def _note(command: Command) -> str:
    """A note on a command that was run several times, or that failed."""
    if command.poll is not None:
        return f"  # until {one_line(awaited(command))}"
    if command.exit_code == 0:
        return ""
    code = command.error_code
    return f"  # failed: {one_line(code)}" if code else f"  # exit code {command.exit_code}"


def failure(command: Command) -> str:
    """How a command fails, as a clause without its subject."""
    return f"fails with {command.error_code}" if command.error_code else "fails"


def awaited(command: Command) -> str:
    """What a poll waits for, as a clause."""
    if command.exit_code != 0:
        return f"it {failure(command)}"
    conditions = command.poll.until if command.poll is not None else ()
    return " and ".join(_condition(each, query_of(command)) for each in conditions) or "it succeeds"


def _condition(condition: Condition, query: str | None) -> str:
    """A condition as a clause; its place, where there is a `--query`, as a query of the response."""
    asked = [short(query, 60)] if query is not None else []
    place = " | ".join([*asked, *([spelled(condition.path)] if condition.path else [])]) or "what it prints"
    if condition.value is None:
        return f"{place} is {'there' if condition.is_there else 'gone'}"
    return f"{place} is {short(format_scalar(condition.value), 60)}"
