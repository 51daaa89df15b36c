"""A replay as a trace of its own: what is written down of it, and where a later one goes on from there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from awstracer import holes
from awstracer.capture import Outcome
from awstracer.errors import OtherCircumstances, OtherCommand
from awstracer.invocation import Invocation
from awstracer.resolve import Knowledge
from awstracer.steps import Step
from awstracer.text import plain, split
from awstracer.trace import Call, Circumstances, Command, Document, Path, leaves, rebuilt
from awstracer.tracefile import packed


def written(
    step: Step,
    invocation: Invocation,
    outcome: Outcome,
    started: datetime,
    ended: datetime,
    *,
    access_key: str | None = None,
) -> Command:
    """What a recording session would have kept of a step that was done, and the step's number."""
    operation = step.command.operation
    if operation is not None and step.form is not None:
        operation = replace(operation, parameters=invocation.parameters or {}, words=step.form.words)
    return Command(
        argv=invocation.argv if operation is None else tuple(split(plain(invocation.shown))[1:]),
        operation=operation,
        calls=outcome.calls,
        exit_code=outcome.exit_code,
        started=started,
        ended=ended,
        pause=step.command.pause,
        files=invocation.files,
        step=step.number,
        access_key=access_key,
        poll=step.command.poll,
    )


def check_place(before: Circumstances, now: Circumstances) -> None:
    """OtherCircumstances if a replay in `before` can't be gone on with in `now`: it has made things only there."""
    if before.account is None or before.account != now.account:
        raise OtherCircumstances("account", before.account, now.account)
    if before.region != now.region:
        raise OtherCircumstances("region", before.region, now.region)


def taken_up(commands: Sequence[Command], knowledge: Knowledge) -> dict[int, Sequence[Call]]:
    """The steps that a replay's own commands have done, by number, and their calls; their responses are learned.

    OtherCommand if one of them is not what the plan would send there now, MissingValue if there is no telling.
    """
    done = {command.step: command for command in commands}
    for number in done.keys() - {step.number for step in knowledge.steps}:
        raise OtherCommand(number, None)
    for step in knowledge.steps:
        if step.number in done:
            command = done[step.number]
            _compare(step, command, knowledge.invocation(step))
            knowledge.learn(step, command.response)
    return {step.number: done[step.number].calls for step in knowledge.steps if step.number in done}


def _compare(step: Step, before: Command, now: Invocation) -> None:
    if _name(before) != _name(step.command):
        raise OtherCommand(step.number, None)
    requested = {"argv": now.argv, "files": now.files} if now.parameters is None else now.parameters
    for name in _differences(_lasting(step, before.request), _lasting(step, requested)):
        raise OtherCommand(step.number, name)


def _name(command: Command) -> tuple[str, str] | None:
    return (command.operation.service, command.operation.name) if command.operation else None


def _lasting(step: Step, request: Document) -> Any:
    """A request as JSON, without what is new each time that it is sent."""
    fresh = step.form.fresh if step.form is not None else {}

    def lasting(path: Path, node: Any) -> str | None:
        text = node.decode("utf-8", "surrogateescape") if isinstance(node, bytes) else None
        return "new" if path in fresh else text

    return packed(rebuilt(request, lasting))


def _differences(before: Document, now: Document) -> Iterator[str]:
    """The members that are not the same in two requests; what is secret in the first may be anything in the second."""
    for name in sorted(before.keys() | now.keys()):
        if name not in before or name not in now or not _is_same(before[name], now[name]):
            yield name


def _is_same(before: Any, now: Any) -> bool:
    if not any(holes.holes(before)):
        return bool(before == now)
    texts, others = dict(leaves(before)), dict(leaves(now))
    return texts.keys() == others.keys() and all(_fits(text, others[path]) for path, text in texts.items())


def _fits(before: Any, now: Any) -> bool:
    text, other = holes.text_of(before), holes.text_of(now)
    if text is None or other is None:
        return bool(before == now)
    return bool(re.fullmatch(".*".join(map(re.escape, holes.HOLE.split(text))), other, re.S))
