"""The data model of a trace: the commands that were run, and the API calls that each made.

A `Trace` holds `Command`s in order. The command `aws ec2 create-vpc --cidr-block 10.0.0.0/16` has its words (`argv`),
its `Operation` (service `ec2`, name `CreateVpc`, parameters `{"CidrBlock": "10.0.0.0/16"}`) and one `Call` with the
request and the response `{"Vpc": {"VpcId": "vpc-0a1b"}}`. A custom command (`s3 sync`) has no operation, and any number
of calls. All of it is frozen data.

`trace/paths` names the values in it, `trace/serializer` makes JSON of it, `trace/store` keeps it in files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from awstracer.trace.paths import Path, is_empty, leaves, lookup

Structure = Mapping[str, Any]
STDIN = "-"  # stands for the standard input among the files of a command


@dataclass(frozen=True, slots=True)
class Opaque:
    """A body that was streamed and is not in the trace; `name` is its file, if it has one."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class CallError:
    """The error that a call ended with: the service's, or one on the way to it."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Call:
    """One API request with its response or its error."""

    service: str
    operation: str
    request: Structure
    response: Structure | None
    error: CallError | None
    region: str | None
    request_id: str | None
    started: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class Operation:
    """The API operation of an operation command, with the parameters that awscli made of the line.

    `parameters` has the API's member names, and `PaginationConfig` if the line limits the pages.
    """

    service: str
    name: str
    parameters: Structure


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on what a poll shows: the response, or what `--query` selects from it.

    It has `value` at `path` or, if that is None, anything (nothing unless `is_there`).
    """

    path: Path
    value: str | int | float | bool | None = None
    is_there: bool = True

    def holds(self, shown: Any) -> bool:
        """Return whether the condition holds.

        Where the path leads to several values, all of them have to be `value`. True is not equal to 1.
        """
        found = self.value_in(shown)
        if self.value is None:
            return self.is_there != is_empty(found)
        values = [leaf for _, leaf in leaves(found)]
        return bool(values) and all(type(each) is type(self.value) and each == self.value for each in values)

    def value_in(self, shown: Any) -> Any:
        """Return the value at the condition's path; None if there is none."""
        try:
            return lookup(shown, self.path)
        except LookupError:
            return None


@dataclass(frozen=True, slots=True)
class Poll:
    """How a command was repeated until its conditions held.

    times     how often it was run
    interval  seconds between the end of one run and the start of the next
    until     conditions that held of the last run and of no earlier one
    failing   the codes of the errors that earlier runs ended with, each once; "" for an error without a code
    """

    times: int
    interval: float
    until: tuple[Condition, ...] = ()
    failing: tuple[str, ...] = ()

    def first_unmet(self, shown: Any) -> Condition | None:
        """Return the first condition that does not hold; None if all hold."""
        return next((condition for condition in self.until if not condition.holds(shown)), None)


@dataclass(frozen=True, slots=True)
class Command:
    """One `aws ...` line that was run.

    argv        its words after `aws`, as the shell passes them; empty in format 1
    operation   set for an operation command, None for a custom command (`s3 sync`)
    files       the contents of a custom command's `file://` words, by word; of its standard input, by STDIN
    pause       seconds of a deliberate pause before it
    step        in the trace of a replay, the number of the command that was replayed
    access_key  the id of the access key that it ran with, if it isn't the session's; the placeholder of a secret one
    poll        set if it was repeated: it is the last run then, but `started` is that of the first
    """

    argv: tuple[str, ...]
    operation: Operation | None
    calls: tuple[Call, ...]
    exit_code: int
    started: datetime
    ended: datetime
    pause: float = 0.0
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    step: int | None = None
    access_key: str | None = None
    poll: Poll | None = None

    @property
    def request(self) -> Structure:
        """An operation's parameters; `argv` and `files` of a custom command."""
        if self.operation is None:
            return {"argv": self.argv, "files": self.files}
        return self.operation.parameters

    @property
    def response(self) -> Structure:
        """The response, as `response_of` returns it; empty if the command failed."""
        return response_of(self.operation, self.calls) if self.exit_code == 0 else {}

    @property
    def error_code(self) -> str:
        """The code of the last error among its calls; "" if there is none."""
        return error_code(self.calls)


@dataclass(frozen=True)
class RecordingInfo:
    """When, where and with what a trace was recorded.

    account     only in the trace of a replay
    script      the words of the script that was recorded; empty for a session
    """

    started: datetime | None = None
    region: str | None = None
    awstracer: str | None = None
    awscli: str | None = None
    account: str | None = None
    script: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trace:
    """Commands in the order in which they were run; `is_own` if this person recorded them, and nobody changed them."""

    commands: tuple[Command, ...]
    recorded: RecordingInfo = RecordingInfo()
    is_own: bool = False


def utc_now() -> datetime:
    """Return the time that a trace has of what happens now."""
    return datetime.now(timezone.utc)


def has_utc_time(time: datetime) -> bool:
    """Return whether a time has an equivalent in UTC: 0001-01-01T00:00:00+01:00 has none, since no year precedes 1."""
    try:
        time.astimezone(timezone.utc)
    except (OverflowError, ValueError):
        return False
    return True


def response_of(operation: Operation | None, calls: Sequence[Call]) -> Structure:
    """Return one response for all calls of a command.

    For an operation command, the response with all pages merged. For a custom command, the last response of each
    operation that it called, by the operation's name.
    """
    if operation is None:
        return {call.operation: call.response for call in calls if call.response is not None}
    return merge_pages([call.response for call in calls if call.response is not None])


def error_code(calls: Sequence[Call]) -> str:
    """Return the code of the last error among calls; "" if there is none."""
    return next((call.error.code for call in reversed(calls) if call.error is not None), "")


def merge_pages(pages: Sequence[Structure]) -> Structure:
    """Return the pages of one listing as one response: lists concatenated, other members from the first page."""
    if len(pages) == 1:
        return pages[0]
    merged: dict[str, Any] = {}
    for page in pages:
        for key, value in page.items():
            merged[key] = _merge(merged[key], value) if key in merged else value
    return merged


def _merge(first: Any, later: Any) -> Any:
    if isinstance(first, list) and isinstance(later, list):
        return first + later
    if isinstance(first, Mapping) and isinstance(later, Mapping):
        return merge_pages([first, later])
    return first
