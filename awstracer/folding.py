"""Polls are found: a command that a script ran again and again, until it had the answer that was waited for.

Nobody recorded what a script waited for. What changed in the end tells it: of the differences between the last answer
and all before it, in the order in which they are believed,

1. a state: a word or a flag that was another one before (`creating`, `available`);
2. what was not there before, or is gone;
3. a number that was one and the same before, at least twice, or none.

Times, texts and identifiers are other ones each time, and say nothing. Where there was no answer before, success was
waited for; where there is none in the end, failure was. What changes something is a poll only if it was refused until
it succeeded: a replay that sent it again for each refusal could do it twice. Commands are folded here, and judged in
`polling`, when they are replayed; nothing is run or waited for.
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

from awstracer.options import query_of
from awstracer.places import Query
from awstracer.polling import holds, is_nothing, value_at
from awstracer.settling import READING
from awstracer.trace import EACH, Command, Condition, Path, Poll, lookup

LARGEST_NUMBER = 1e9  # what is larger may be a time

WORD = re.compile(r"[A-Za-z]+(?:[ _-][A-Za-z]+){0,4}")
NUMBER = re.compile(r"\d{1,6}%?")
STATE = re.compile(r"(?i:stat(?:e|us)|phase|health|progress)")
NO_STATE = re.compile(r"(?i:reason|message|description|details?)$")
NAME = re.compile(r"(?i:names?|identifiers?|ids?|arns?|keys?|values?|versions?|tokens?|types?)$")
LITERAL = re.compile(r"'[^']*'|`[^`]*`")
MEMBER = re.compile(r"[A-Za-z_]\w*")
UNCERTAIN = re.compile(r"(?i:internal|unavailable|time-?d?out|connect|closed|failure\Z)")
NO_ANSWER = re.compile(rf"(?i:throttl|slowdown|limitexceeded|toomanyrequests|expired|credential)|{UNCERTAIN.pattern}")


class _Belief(IntEnum):
    """How much a difference tells of what was waited for, the less the better."""

    STATE = 0
    PRESENCE = 1
    NUMBER = 2


@dataclass(frozen=True)
class _Answer:
    """What a run of a command came to: what it showed or, where it failed, the code of its error."""

    shown: Any
    code: str | None


def folded(commands: Sequence[Command], query: Query) -> list[Command]:
    """The commands, in which each poll has become one.

    `query` evaluates a JMESPath expression on a document, as awscli does for `--query`. The commands have to be
    without their secrets.
    """
    result: list[Command] = []
    for identity, equal in groupby(commands, _identity):
        run = list(equal)
        result += run if identity is None else _folded(run, query)
    return result


def _identity(command: Command) -> object:
    """What equal runs of a command have in common; None for what asked nobody."""
    if not command.calls:
        return None
    name, regions = command.operation and command.operation.name, {call.region for call in command.calls}
    return _reads(command), command.argv, name, command.files, command.request, command.access_key, regions


def _reads(command: Command) -> bool:
    return all(READING.match(call.operation) for call in command.calls)


def _folded(run: Sequence[Command], query: Query) -> Iterator[Command]:
    """A run of equal commands: up to the last change that tells something they are a poll, and so are the rest."""
    until_of = functools.partial(_until, label=_asked_for(run[0])) if _reads(run[0]) else _until_accepted
    answers = [_answer(command, query) for command in run]
    changes = [at for at in range(len(run), 1, -1) if answers[at - 1] != answers[at - 2]]
    begin = 0
    while True:
        found = ((end, until_of(answers[begin:end])) for end in changes if end > begin + 1)
        end, until = next(((end, until) for end, until in found if until is not None), (begin, None))
        if until is None:
            break
        yield _one(run[begin:end], answers[begin:end], until)
        begin = end
    yield from run[begin:]


def _answer(command: Command, query: Query) -> _Answer:
    if command.exit_code != 0:
        return _Answer(None, command.error_code)
    expression = query_of(command)
    return _Answer(command.response if expression is None else query(expression, command.response), None)


def _asked_for(command: Command) -> str:
    """What the command's `--query` asks for: the last member that it names; "" where there is none."""
    return next(reversed(MEMBER.findall(LITERAL.sub("", query_of(command) or ""))), "")


def _one(run: Sequence[Command], answers: Sequence[_Answer], until: tuple[Condition, ...]) -> Command:
    gaps = [(later.started - first.ended).total_seconds() for first, later in pairwise(run)]
    failing = dict.fromkeys(answer.code for answer in answers[:-1] if answer.code is not None)
    poll = Poll(len(run), round(max(median(gaps), 0.0), 3), until, tuple(failing))
    return replace(run[-1], poll=poll, started=run[0].started, pause=run[0].pause)


def _until(answers: Sequence[_Answer], label: str) -> tuple[Condition, ...] | None:
    """What holds of the last answer only; nothing where it is that the command succeeds, or fails; None for no poll."""
    *earlier, last = answers
    shown = [answer.shown for answer in earlier if answer.code is None]
    if last.code is not None:
        is_new = all(answer.code != last.code for answer in earlier)
        return () if shown and is_new and not NO_ANSWER.search(last.code) else None
    return _conditions(last.shown, shown, label) or None if shown else ()


def _until_accepted(answers: Sequence[_Answer]) -> tuple[Condition, ...] | None:
    """Nothing where what changes something was refused, and so took no effect, until it succeeded; None for no poll."""
    *earlier, last = answers
    are_refusals = all(answer.code and not UNCERTAIN.search(answer.code) for answer in earlier)
    return () if last.code is None and are_refusals else None


def _conditions(last: Any, earlier: Sequence[Any], label: str) -> tuple[Condition, ...]:
    found: dict[_Belief, dict[Condition, None]] = {belief: {} for belief in _Belief}
    for belief, condition in _differences(last, earlier[-1], (), label):
        of_all = _widened(condition, last)
        is_told = belief is not _Belief.NUMBER or _counts(condition, earlier)
        if of_all not in found[belief] and is_told and _is_new(condition, earlier):
            is_of_all = of_all != condition and holds(of_all, last) and _is_new(of_all, earlier)
            found[belief][of_all if is_of_all else condition] = None
    return next((tuple(conditions) for conditions in found.values() if conditions), ())


def _differences(now: Any, before: Any, path: Path, label: str) -> Iterator[tuple[_Belief, Condition]]:
    """What the latest of two answers has that the one before it hadn't, down from `path`."""
    if is_nothing(now) or is_nothing(before):
        if is_nothing(now) != is_nothing(before):
            yield from _appeared(now, path, label)
    elif isinstance(now, dict) and isinstance(before, dict):
        for key in dict.fromkeys([*now, *before]):
            yield from _differences(now.get(key), before.get(key), (*path, key), key)
    elif isinstance(now, (list, tuple)) and isinstance(before, (list, tuple)):
        for at in range(max(len(now), len(before))):
            new, old = (each[at] if at < len(each) else None for each in (now, before))
            yield from _differences(new, old, (*path, at), label)
    elif now != before:
        yield from _changed(now, path, label)


def _appeared(now: Any, path: Path, label: str) -> Iterator[tuple[_Belief, Condition]]:
    """A state that is all that was asked for is compared with; of what else appears any will do."""
    if not path and isinstance(now, str) and WORD.fullmatch(now) and STATE.search(label):
        yield _Belief.STATE, Condition(path, now)
    else:
        yield _Belief.PRESENCE, Condition(path, is_there=not is_nothing(now))


def _changed(now: Any, path: Path, label: str) -> Iterator[tuple[_Belief, Condition]]:
    if isinstance(now, bool) or (isinstance(now, str) and WORD.fullmatch(now) and _is_state(path, label)):
        yield _Belief.STATE, Condition(path, now)
    is_number = isinstance(now, (int, float)) and not isinstance(now, bool) and abs(now) < LARGEST_NUMBER
    if is_number or (isinstance(now, str) and NUMBER.fullmatch(now)):
        yield _Belief.NUMBER, Condition(path, now)


def _is_state(path: Path, label: str) -> bool:
    """Whether a member that changed from word to word is a state, and no name: `Status`, `State.Name`, `rollout`."""
    if NO_STATE.search(label):
        return False
    return any(isinstance(key, str) and STATE.search(key) for key in (*path, label)) or not NAME.search(label)


def _counts(condition: Condition, earlier: Sequence[Any]) -> bool:
    """Whether a number that is another one now was waited for: others are other ones each time."""
    if not condition.path:
        return True
    before = value_at(condition.path, earlier[-1])
    is_one = all(value_at(condition.path, each) == before for each in reversed(earlier))
    return is_one and (len(earlier) > 1 or 0 in (before, condition.value))


def _is_new(condition: Condition, earlier: Sequence[Any]) -> bool:
    return not any(holds(condition, each) for each in reversed(earlier))


def _widened(condition: Condition, last: Any) -> Condition:
    """A condition for all elements of the lists that it is about one of: there may be others, in another order."""
    if condition.value is None:
        return condition
    path = condition.path
    several = [isinstance(key, int) and len(lookup(last, path[:at])) > 1 for at, key in enumerate(path)]
    return replace(condition, path=tuple(EACH if many else key for many, key in zip(several, path, strict=True)))
