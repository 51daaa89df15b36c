"""Traces in short: what tests write down, as the frozen data that the program works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from awstracer.trace.model import Call, Command, Operation, RecordingInfo, Trace

THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def call(name: str, request: dict[str, Any], response: dict[str, Any], region: str | None = "us-east-1") -> Call:
    """`iam.CreateUser` with a request and a response."""
    service, operation = name.split(".")
    return Call(service, operation, request, response, None, region, "r", THEN, THEN)


def command(argv: Sequence[str], *calls: Call, files: dict[str, str | bytes] | None = None) -> Command:
    """A custom command."""
    return Command(tuple(argv), None, calls, 0, THEN, THEN, files=files or {})


def operation(
    name: str, request: dict[str, Any], response: dict[str, Any], argv: Sequence[str] = (), pause: float = 0.0
) -> Command:
    """An operation's own command, one call."""
    made = call(name, request, response)
    return Command(tuple(argv), Operation(made.service, made.operation, request), (made,), 0, THEN, THEN, pause)


def trace(*entries: Any) -> Trace:
    """A trace of `[name, request, response]` lists, and of commands as they are, that the person has recorded."""
    commands = tuple(entry if isinstance(entry, Command) else operation(*entry) for entry in entries)
    return Trace(commands, RecordingInfo(region="us-east-1"), is_own=True)


def foreign(*entries: Any) -> Trace:
    """A trace that somebody else has recorded."""
    return replace(trace(*entries), is_own=False)
