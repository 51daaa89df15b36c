"""Finds polls: commands that a script ran again and again until they printed what it waited for.

A recording doesn't say what a script waited for, so it is inferred from what changed in the end. A script that ran
`aws ec2 describe-volumes` four times, with the states `creating`, `creating`, `creating`, `available`, has waited for
`Volumes[0].State` to be `available`: the four commands become one with a `Poll` of that `Condition`. Differences
between the last result and all before it count in this order (`_Evidence`); only the strongest kind is used:

1. a state: a word or a flag that was another one before;
2. a value that was not there before, or that is gone;
3. a number that was the same one before, at least twice, or zero.

Times, texts and identifiers change with each run and count for nothing. If the command failed until it succeeded,
or the other way round, the script has waited for that. A command that changes something is a poll only if it was
refused until it succeeded: a replay that sent it again after anything else could do it twice.

Nothing is run here: `play/waiter` judges the results when a poll is replayed.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import groupby, pairwise
from statistics import median
from typing import Any

from awstracer.commandline.options import query_of
from awstracer.relations.operations import is_read_only
from awstracer.trace.model import Command, Condition, Poll
from awstracer.trace.paths import EACH, Path, is_empty, lookup
from awstracer.trace.query import Query

LARGEST_COUNT = 1e9  # a larger number may be a time

WORD = re.compile(r"[A-Za-z]+(?:[ _-][A-Za-z]+){0,4}")
NUMBER = re.compile(r"\d{1,6}%?")
STATE_MEMBER = re.compile(r"(?i:stat(?:e|us)|phase|health|progress)")
TEXT_MEMBER = re.compile(r"(?i:reason|message|description|details?)$")
NAME_MEMBER = re.compile(r"(?i:names?|identifiers?|ids?|arns?|keys?|values?|versions?|tokens?|types?)$")
QUERY_LITERAL = re.compile(r"'[^']*'|`[^`]*`")
QUERY_MEMBER = re.compile(r"[A-Za-z_]\w*")
UNCERTAIN_ERROR = re.compile(r"(?i:internal|unavailable|time-?d?out|connect|closed|failure\Z)")
TEMPORARY_ERROR = re.compile(
    rf"(?i:throttl|slowdown|limitexceeded|toomanyrequests|expired|credential)|{UNCERTAIN_ERROR.pattern}"
)


class _Evidence(IntEnum):
    """The kinds of difference between results, the strongest first."""

    STATE = 0
    PRESENCE = 1
    NUMBER = 2


@dataclass(frozen=True)
class _RunResult:
    """What one run of a command printed or, if it failed, the code of its error."""

    printed: Any
    error_code: str | None


def collapse_polls(commands: Sequence[Command], query: Query) -> list[Command]:
    """Return the commands, each poll of which has become one command.

    `query` evaluates a JMESPath expression as awscli does for `--query`. The commands must have no secrets: a
    condition quotes what they printed.
    """
    result: list[Command] = []
    for identity, group in groupby(commands, _identity):
        run = list(group)
        result += run if identity is None else _collapse_run(run, query)
    return result


def _identity(command: Command) -> object:
    """Return what runs of the same command have in common; None for a command that called no API."""
    if not command.calls:
        return None
    name, regions = command.operation and command.operation.name, {call.region for call in command.calls}
    return _is_read_only(command), command.argv, name, command.files, command.request, command.access_key, regions


def _is_read_only(command: Command) -> bool:
    return all(is_read_only(call.operation) for call in command.calls)


def _collapse_run(run: Sequence[Command], query: Query) -> Iterator[Command]:
    """Collapse runs of one command: up to the last change that is evidence they are one poll, and likewise the rest."""
    find = functools.partial(_awaited, label=_queried_member(run[0])) if _is_read_only(run[0]) else _awaited_success
    results = [_run_result(command, query) for command in run]
    changes = [at for at in range(len(run), 1, -1) if results[at - 1] != results[at - 2]]
    begin = 0
    while True:
        candidates = ((end, find(results[begin:end])) for end in changes if end > begin + 1)
        end, until = next(((end, until) for end, until in candidates if until is not None), (begin, None))
        if until is None:
            break
        yield _to_poll(run[begin:end], results[begin:end], until)
        begin = end
    yield from run[begin:]


def _run_result(command: Command, query: Query) -> _RunResult:
    if command.exit_code != 0:
        return _RunResult(None, command.error_code)
    expression = query_of(command)
    return _RunResult(command.response if expression is None else query(expression, command.response), None)


def _queried_member(command: Command) -> str:
    """Return the last member that the command's `--query` names; "" if there is none."""
    return next(reversed(QUERY_MEMBER.findall(QUERY_LITERAL.sub("", query_of(command) or ""))), "")


def _to_poll(run: Sequence[Command], results: Sequence[_RunResult], until: tuple[Condition, ...]) -> Command:
    gaps = [(later.started - earlier.ended).total_seconds() for earlier, later in pairwise(run)]
    failing = dict.fromkeys(result.error_code for result in results[:-1] if result.error_code is not None)
    poll = Poll(len(run), round(max(median(gaps), 0.0), 3), until, tuple(failing))
    return replace(run[-1], poll=poll, started=run[0].started, pause=run[0].pause)


# --- what the script waited for


def _awaited(results: Sequence[_RunResult], label: str) -> tuple[Condition, ...] | None:
    """Return the conditions that hold for the last result only; None if the commands are no poll.

    There are none if the script waited for the command to succeed, or to fail.
    """
    *earlier, last = results
    printed = [result.printed for result in earlier if result.error_code is None]
    if last.error_code is not None:
        is_new = all(result.error_code != last.error_code for result in earlier)
        return () if printed and is_new and not TEMPORARY_ERROR.search(last.error_code) else None
    return _conditions(last.printed, printed, label) or None if printed else ()


def _awaited_success(results: Sequence[_RunResult]) -> tuple[Condition, ...] | None:
    """Return no conditions if a changing command was refused, without any effect, until it succeeded; else None."""
    *earlier, last = results
    are_refusals = all(result.error_code and not UNCERTAIN_ERROR.search(result.error_code) for result in earlier)
    return () if last.error_code is None and are_refusals else None


def _conditions(last: Any, earlier: Sequence[Any], label: str) -> tuple[Condition, ...]:
    """Return the conditions of the strongest evidence."""
    found: dict[_Evidence, dict[Condition, None]] = {evidence: {} for evidence in _Evidence}
    for evidence, condition in _differences(last, earlier[-1], (), label):
        widened = _widen(condition, last)
        is_awaited = evidence is not _Evidence.NUMBER or _is_awaited_number(condition, earlier)
        if widened not in found[evidence] and is_awaited and _is_new(condition, earlier):
            is_of_all = widened != condition and widened.holds(last) and _is_new(widened, earlier)
            found[evidence][widened if is_of_all else condition] = None
    return next((tuple(conditions) for conditions in found.values() if conditions), ())


def _differences(now: Any, before: Any, path: Path, label: str) -> Iterator[tuple[_Evidence, Condition]]:
    """Yield what the latest of two results has below a path that the one before it hadn't; `label` is its member."""
    if is_empty(now) or is_empty(before):
        if is_empty(now) != is_empty(before):
            yield _presence(now, path, label)
    elif isinstance(now, dict) and isinstance(before, dict):
        for key in dict.fromkeys([*now, *before]):
            yield from _differences(now.get(key), before.get(key), (*path, key), key)
    elif isinstance(now, (list, tuple)) and isinstance(before, (list, tuple)):
        for at in range(max(len(now), len(before))):
            new, old = (each[at] if at < len(each) else None for each in (now, before))
            yield from _differences(new, old, (*path, at), label)
    elif now != before:
        yield from _changes(now, path, label)


def _presence(now: Any, path: Path, label: str) -> tuple[_Evidence, Condition]:
    """Return the condition for a value that appeared or went. A state that is the whole result has to be that state."""
    if not path and isinstance(now, str) and WORD.fullmatch(now) and STATE_MEMBER.search(label):
        return _Evidence.STATE, Condition(path, now)
    return _Evidence.PRESENCE, Condition(path, is_there=not is_empty(now))


def _changes(now: Any, path: Path, label: str) -> Iterator[tuple[_Evidence, Condition]]:
    """Yield the conditions for a value that was another one before."""
    if isinstance(now, bool) or (isinstance(now, str) and WORD.fullmatch(now) and _is_state(path, label)):
        yield _Evidence.STATE, Condition(path, now)
    is_number = isinstance(now, (int, float)) and not isinstance(now, bool) and abs(now) < LARGEST_COUNT
    if is_number or (isinstance(now, str) and NUMBER.fullmatch(now)):
        yield _Evidence.NUMBER, Condition(path, now)


def _is_state(path: Path, label: str) -> bool:
    """Return whether a member that changed from word to word is a state and no name: `Status`, `State.Name`."""
    if TEXT_MEMBER.search(label):
        return False
    has_state = any(isinstance(key, str) and STATE_MEMBER.search(key) for key in (*path, label))
    return has_state or not NAME_MEMBER.search(label)


def _is_awaited_number(condition: Condition, earlier: Sequence[Any]) -> bool:
    """Return whether the number that changed had been the same in all earlier results; others change each time."""
    if not condition.path:
        return True
    before = condition.value_in(earlier[-1])
    was_constant = all(condition.value_in(each) == before for each in reversed(earlier))
    return was_constant and (len(earlier) > 1 or 0 in (before, condition.value))


def _is_new(condition: Condition, earlier: Sequence[Any]) -> bool:
    return not any(condition.holds(each) for each in reversed(earlier))


def _widen(condition: Condition, last: Any) -> Condition:
    """Return the condition for all elements of its lists: in a replay there may be others, in another order."""
    if condition.value is None:
        return condition
    path = condition.path
    has_several = [isinstance(key, int) and len(lookup(last, path[:at])) > 1 for at, key in enumerate(path)]
    return replace(condition, path=tuple(EACH if many else key for many, key in zip(has_several, path, strict=True)))
