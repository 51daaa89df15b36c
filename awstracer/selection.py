"""Which commands of a trace are to be played: `--start-at 4`, `--only 2,4..6`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from awstracer.errors import NoSuchCommand, NothingSelected

NUMBER = re.compile(r"[1-9][0-9]{0,8}")
RANGE = re.compile(rf"({NUMBER.pattern})?\.\.({NUMBER.pattern})?")


@dataclass(frozen=True)
class Range:
    """Commands from `first` to `last`, both included; to the end of the trace if there is no `last`."""

    first: int
    last: int | None


def number(text: str) -> int:
    """A command's number, counted from 1; ValueError if the text is none."""
    if not NUMBER.fullmatch(text.strip()):
        raise ValueError(f"{text} is no command's number")
    return int(text)


def ranges(text: str) -> tuple[Range, ...]:
    """What `2,4..6` says; `4..` goes to the end, `..3` begins at 1. ValueError if it says nothing."""
    return tuple(_range(part.strip()) for part in text.split(","))


def _range(text: str) -> Range:
    match = RANGE.fullmatch(text)
    if match is None or text == "..":
        return Range(number(text), number(text))
    first, last = int(match[1] or 1), int(match[2]) if match[2] else None
    if last is not None and last < first:
        raise ValueError(f"{text} is an empty range")
    return Range(first, last)


def selected(count: int, *, start: int | None = None, only: Iterable[Range] | None = None) -> frozenset[int]:
    """The numbers that are chosen of `count` commands: those from `start` on that are in `only`.

    NoSuchCommand if the trace doesn't have a number that was named, NothingSelected if none is left.
    """
    given = [*([] if only is None else only), *([] if start is None else [Range(start, None)])]
    for named in _named(given):
        if named > count:
            raise NoSuchCommand(named, count)
    wanted = set(range(1, count + 1))
    if only is not None:
        wanted &= {each for part in only for each in range(part.first, (part.last or count) + 1)}
    found = frozenset(each for each in wanted if each >= (start or 1))
    if given and not found:
        raise NothingSelected
    return found


def _named(given: Iterable[Range]) -> Iterator[int]:
    for part in given:
        yield part.first
        if part.last is not None:
            yield part.last


def spelled(numbers: Iterable[int]) -> str:
    """Numbers as people write them: `2, 4..6`."""
    runs: list[list[int]] = []
    for each in sorted(set(numbers)):
        if runs and runs[-1][-1] == each - 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}..{run[-1]}" for run in runs)
