"""Writes the trace of a replay, and resumes a replay from it.

A replay with `--save-trace` writes each step that is done as a `Command`, with the step's number: `to_command` makes it
of the step, the invocation that was sent and its outcome. With `--resume` such a trace is read again. If it says that
step 1, `create-vpc`, was done and answered `vpc-0c3d`, step 1 is not sent again, and the request of step 2 gets
`vpc-0c3d`. That holds only if the replay goes on in the same account and region, and if the plan would still send what
was sent: everything else is refused, before anything is sent.

`trace/store` reads and writes the file, `trace/journal` keeps the commands while the replay runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from awstracer.aws.capture import Outcome
from awstracer.commandline.text import split, to_str
from awstracer.errors import NotAReplay, OtherParameterReplayed, OtherTraceReplayed, ReplayedElsewhere
from awstracer.plan.invocation import Invocation
from awstracer.plan.model import Step
from awstracer.plan.resolver import Resolver
from awstracer.secrets import placeholders
from awstracer.trace.model import Call, Command, RecordingInfo, Structure
from awstracer.trace.paths import Path, leaves, transform
from awstracer.trace.serializer import encode_value


def to_command(
    step: Step,
    invocation: Invocation,
    outcome: Outcome,
    started: datetime,
    ended: datetime,
    *,
    access_key: str | None = None,
) -> Command:
    """Return a step that is done as a recorded command that has the step's number.

    `access_key` is the id of the access key that it ran under, where that isn't the session's.
    """
    operation = step.command.operation
    if operation is not None and step.operation_command is not None:
        operation = replace(operation, parameters=invocation.parameters or {})
    argv = invocation.argv
    if operation is not None:
        argv = tuple(split(to_str(invocation.line))[1:])
    return Command(
        argv=argv,
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


def check_is_replay(commands: Sequence[Command]) -> None:
    """Raise NotAReplay if a file has a command that no replay wrote."""
    if any(command.step is None for command in commands):
        raise NotAReplay()


def check_same_destination(before: RecordingInfo, now: RecordingInfo) -> None:
    """Raise ReplayedElsewhere if a replay would go on in another account or region than it began in.

    What it has created is only there.
    """
    if before.account is None or before.account != now.account:
        raise ReplayedElsewhere("account", before.account, now.account)
    if before.region != now.region:
        raise ReplayedElsewhere("region", before.region, now.region)


def load_progress(commands: Sequence[Command], resolver: Resolver) -> dict[int, Sequence[Call]]:
    """Record the responses of the commands that a replay has done; return their calls by the steps' numbers.

    If the plan would not send such a command now, raise OtherTraceReplayed or OtherParameterReplayed. If a value for it
    is missing, raise MissingValue.
    """
    done = {command.step: command for command in commands if command.step is not None}
    for number in done.keys() - {step.number for step in resolver.selected}:
        raise OtherTraceReplayed(number)
    for step in resolver.selected:
        if step.number in done:
            command = done[step.number]
            _check_same_request(step, command, resolver.invocation(step))
            resolver.record_response(step, command.response)
    return {step.number: done[step.number].calls for step in resolver.selected if step.number in done}


def _check_same_request(step: Step, before: Command, now: Invocation) -> None:
    """Raise an error unless a command that was sent and a step that would be sent now are the same.

    OtherTraceReplayed if the operation is another one, OtherParameterReplayed if a parameter is.
    """
    if _operation_name(before) != _operation_name(step.command):
        raise OtherTraceReplayed(step.number)
    requested = {"argv": now.argv, "files": now.files} if now.parameters is None else now.parameters
    for name in _different_members(_comparable(step, before.request), _comparable(step, requested)):
        raise OtherParameterReplayed(step.number, name)


def _operation_name(command: Command) -> tuple[str, str] | None:
    return (command.operation.service, command.operation.name) if command.operation else None


def _comparable(step: Step, request: Structure) -> Any:
    """Return a request as JSON, with the values that awscli generates anew each time replaced by one and the same."""
    generated = step.operation_command.generated_values if step.operation_command is not None else {}

    def comparable(path: Path, node: Any) -> str | None:
        text = node.decode("utf-8", "surrogateescape") if isinstance(node, bytes) else None
        return "new" if path in generated else text

    return encode_value(transform(request, comparable))


def _different_members(before: Structure, now: Structure) -> Iterator[str]:
    """Yield the members that differ between two requests. A placeholder in the first stands for any secret."""
    for name in sorted(before.keys() | now.keys()):
        if name not in before or name not in now or not _is_same(before[name], now[name]):
            yield name


def _is_same(before: Any, now: Any) -> bool:
    if not any(placeholders.find_placeholders(before)):
        return bool(before == now)
    texts, others = dict(leaves(before)), dict(leaves(now))
    return texts.keys() == others.keys() and all(_matches(text, others[path]) for path, text in texts.items())


def _matches(before: Any, now: Any) -> bool:
    """Return whether a value equals a recorded one, in which placeholders stand for any text."""
    text, other = placeholders.decoded_text(before), placeholders.decoded_text(now)
    if text is None or other is None:
        return bool(before == now)
    return bool(re.fullmatch(".*".join(map(re.escape, placeholders.PLACEHOLDER.split(text))), other, re.S))
