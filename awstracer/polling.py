"""Polls are judged: whether a command that was recorded as one has the answer that was waited for.

`folding` finds them in what a script did. Nothing is run or waited for here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from awstracer import expected
from awstracer.trace import Call, Command, Condition, Path, Poll, error_code, leaves, lookup

SHORTEST_LIMIT, DURATIONS = 600.0, 10
SHORTEST_INTERVAL, SHORTEST_GIVEN = 0.5, 0.2


class Verdict(Enum):
    """What to make of a run of a command."""

    DONE = "done"
    AGAIN = "again"
    FAILED = "failed"


def verdict(command: Command, exit_code: int, calls: Sequence[Call], shown: Callable[[], Any]) -> Verdict:
    """What to make of a run of a recorded command that ended so, with these calls; `shown` tells what it showed."""
    if expected.fails_as_recorded(command, exit_code, calls):
        return Verdict.DONE
    poll = command.poll
    if exit_code != 0:
        return Verdict.AGAIN if poll is not None and error_code(calls) in poll.failing else Verdict.FAILED
    if poll is None:
        return Verdict.DONE
    return Verdict.DONE if command.exit_code == 0 and unmet(poll, shown()) is None else Verdict.AGAIN


def unmet(poll: Poll, answer: Any) -> Condition | None:
    """The first condition that does not hold of an answer."""
    return next((condition for condition in poll.until if not holds(condition, answer)), None)


def holds(condition: Condition, answer: Any) -> bool:
    """Whether a condition holds of what a command showed."""
    found = value_at(condition.path, answer)
    if condition.value is None:
        return condition.is_there != is_nothing(found)
    values = [leaf for _, leaf in leaves(found)]
    return bool(values) and all(type(each) is type(condition.value) and each == condition.value for each in values)


def limit(command: Command) -> float:
    """For how many seconds a poll is asked again at most."""
    return max(SHORTEST_LIMIT, DURATIONS * (command.ended - command.started).total_seconds())


def interval(poll: Poll, given: float | None) -> float:
    """How many seconds to wait before asking again; `given` is what the person says instead of what was recorded."""
    return max(poll.interval, SHORTEST_INTERVAL) if given is None else max(given, SHORTEST_GIVEN)


def value_at(path: Path, answer: Any) -> Any:
    """What an answer has at a path; None for nothing."""
    try:
        return lookup(answer, path)
    except LookupError:
        return None


def is_nothing(value: Any) -> bool:
    """Whether a value is as good as none."""
    return value is None or (isinstance(value, (str, bytes, list, tuple, dict)) and not value)
