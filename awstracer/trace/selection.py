"""Parse which commands of a trace are played: `--start-at 4`, `--only 2,4..6`.

Commands are numbered from 1. `parse_ranges("2,4..6")` returns `Range(2, 2)` and `Range(4, 6)`; `select(9, only=...)`
returns the numbers 2, 4, 5 and 6; `format_ranges` writes them as `2, 4..6` again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from awstracer.errors import NothingSelected, UnknownCommandNumber

NUMBER = re.compile(r"[1-9][0-9]{0,8}")
RANGE = re.compile(rf"({NUMBER.pattern})?\.\.({NUMBER.pattern})?")


@dataclass(frozen=True)
class Range:
    """The commands from `first` to `last`, both included; to the end of the trace if `last` is None."""

    first: int
    last: int | None


def parse_number(text: str) -> int:
    """Return the number of a command; raise ValueError if the text is none."""
    if not NUMBER.fullmatch(text.strip()):
        raise ValueError(f"{text.strip() or 'nothing'} is no command's number")
    return int(text)


def parse_ranges(text: str) -> tuple[Range, ...]:
    """Return the ranges of `2,4..6`; `4..` ends with the trace, `..3` begins at 1. Raise ValueError for other texts."""
    return tuple(_range(part.strip()) for part in text.split(","))


def _range(text: str) -> Range:
    match = RANGE.fullmatch(text)
    if match is None or text == "..":
        return Range(parse_number(text), parse_number(text))
    first, last = int(match[1] or 1), int(match[2]) if match[2] else None
    if last is not None and last < first:
        raise ValueError(f"{text} is an empty range")
    return Range(first, last)


def select(count: int, *, start: int | None = None, only: Iterable[Range] | None = None) -> frozenset[int]:
    """Return the numbers, of `count` commands, that are in `only` and not before `start`.

    Raise UnknownCommandNumber if a limit is larger than `count`, NothingSelected if no command is left.
    """
    allowed = [Range(1, None)] if only is None else list(only)
    limits = [limit for part in allowed for limit in (part.first, part.last) if limit is not None and only is not None]
    for limit in [*limits, *([] if start is None else [start])]:
        if limit > count:
            raise UnknownCommandNumber(limit, count)
    numbers = {each for part in allowed for each in range(part.first, (part.last or count) + 1)}
    found = frozenset(each for each in numbers if each >= (start or 1))
    if not found and (only is not None or start is not None):
        raise NothingSelected
    return found


def format_ranges(numbers: Iterable[int]) -> str:
    """Return numbers as text, with runs as ranges: `2, 4..6`."""
    runs: list[list[int]] = []
    for each in sorted(set(numbers)):
        if runs and runs[-1][-1] == each - 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}..{run[-1]}" for run in runs)
