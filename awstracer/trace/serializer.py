"""Convert a trace to JSON of trace format 2, and back.

The JSON object of a command has the members that `trace/schema.json` describes: its words, times and exit code, and
each API call with request and response. A value that JSON cannot express is an object with one key that begins with
`$`: the bytes `b"\\x00\\xff"` are `{"$bytes": "AP8="}`. A user's own object of that form is wrapped, so that reading
returns it unchanged: `{"$bytes": "mine"}` becomes `{"$object": {"$bytes": "mine"}}`.

Reading checks names and types, and raises FormatError with the place that is wrong: `commands[0].argv is not a list
of strings`. Text, files and older formats are left to `trace/store`.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from awstracer.trace.model import (
    Call,
    CallError,
    Command,
    Condition,
    Opaque,
    Operation,
    Poll,
    RecordingInfo,
    Trace,
    has_utc_time,
)
from awstracer.trace.paths import EACH

FORMAT_VERSION = 2
MAX_DEPTH = 160  # levels of a value: functions that walk it are recursive, and Python allows 1,000 nested calls
MAX_SECONDS = 7 * 86_400.0  # of a pause: poll(2), with which `-j` waits, takes at most 24 days
MAX_TIMES = 1_000_000  # runs of a poll
T = TypeVar("T")


class FormatError(ValueError):
    """The JSON of a trace is not as the format requires."""


class NestedTooDeeply(FormatError):
    """A value has more than MAX_DEPTH levels."""

    def __init__(self) -> None:
        super().__init__(f"it is nested more than {MAX_DEPTH} levels deep")


# --- data -> JSON


def trace_to_json(trace: Trace) -> dict[str, Any]:
    """Return a trace as JSON."""
    return {
        "version": FORMAT_VERSION,
        "recorded": recording_info_to_json(trace.recorded),
        "commands": [command_to_json(command) for command in trace.commands],
    }


def recording_info_to_json(recorded: RecordingInfo) -> dict[str, Any]:
    """Return as JSON when, where and with what a trace was recorded."""
    return _without_nones(
        started=recorded.started.isoformat() if recorded.started else None,
        region=recorded.region,
        awstracer=recorded.awstracer,
        awscli=recorded.awscli,
        account=recorded.account,
        script=list(recorded.script) or None,
    )


def command_to_json(command: Command) -> dict[str, Any]:
    """Return a command as JSON."""
    return _without_nones(
        argv=list(command.argv),
        operation=_operation_to_json(command.operation, command.calls) if command.operation else None,
        files=encode_value(command.files) or None,
        exit_code=command.exit_code,
        started=command.started.isoformat(),
        ended=command.ended.isoformat(),
        pause=min(command.pause, MAX_SECONDS),
        step=command.step,
        access_key=command.access_key,
        poll=_poll_to_json(command.poll) if command.poll else None,
        calls=[_call_to_json(call) for call in command.calls],
    )


def _operation_to_json(operation: Operation, calls: tuple[Call, ...]) -> dict[str, Any]:
    is_same_as_request = bool(calls) and calls[0].request == operation.parameters
    return _without_nones(
        service=operation.service,
        name=operation.name,
        parameters=None if is_same_as_request else encode_value(operation.parameters),
    )


def _poll_to_json(poll: Poll) -> dict[str, Any]:
    return _without_nones(
        times=min(poll.times, MAX_TIMES),
        interval=min(poll.interval, MAX_SECONDS),
        until=[condition_to_json(condition) for condition in poll.until],
        failing=list(poll.failing) or None,
    )


def condition_to_json(condition: Condition) -> dict[str, Any]:
    """Return a condition as JSON; null in its path stands for every element of a list."""
    path = [None if key is EACH else key for key in condition.path]
    if condition.value is None:
        return {"path": path, "there": condition.is_there}
    return {"path": path, "is": condition.value}


def _call_to_json(call: Call) -> dict[str, Any]:
    return _without_nones(
        service=call.service,
        operation=call.operation,
        region=call.region,
        request=encode_value(call.request),
        response=encode_value(call.response),
        error={"code": call.error.code, "message": call.error.message} if call.error else None,
        request_id=call.request_id,
        started=call.started.isoformat(),
        ended=call.ended.isoformat(),
    )


def _without_nones(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


# --- values


def encode_value(value: Any) -> Any:
    """Return a value as JSON; what JSON cannot express is tagged."""
    if isinstance(value, Mapping):
        members = {key: encode_value(child) for key, child in value.items()}
        return {"$object": members} if is_tagged(members) else members
    if isinstance(value, (list, tuple)):
        return [encode_value(child) for child in value]
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, datetime):
        return {"$datetime": value.isoformat()} if has_utc_time(value) else value.isoformat()
    if isinstance(value, Opaque):
        return {"$opaque": value.name}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": repr(value)}
    return value


def decode_structure(encoded: dict[str, Any]) -> dict[str, Any]:
    """Return the request or the response that `encode_value` encoded; what is in it is changed in place.

    It is an object, so `$object` is the only tag that it can have itself. Raise ValueError if a tag in it is unknown or
    its content wrong, NestedTooDeeply if there are more than MAX_DEPTH levels.
    """
    members = _of_type(encoded["$object"], dict) if list(encoded) == ["$object"] else encoded
    _decode_members(members, MAX_DEPTH - 1)
    return members


def is_tagged(members: Mapping[str, Any]) -> bool:
    """Return whether an object has one key only, which begins with `$`."""
    return len(members) == 1 and next(iter(members)).startswith("$")


def _decode(value: Any, levels: int) -> Any:
    if isinstance(value, dict) and is_tagged(value):
        [(tag, content)] = value.items()
        if tag not in _DECODERS:
            raise ValueError(f"unknown tag {tag}")
        value = _DECODERS[tag](content)
    if isinstance(value, (dict, list)):
        _decode_members(value, levels - 1)
    return value


def _decode_members(container: Any, levels: int) -> None:
    if levels < 0:
        raise NestedTooDeeply
    for key, child in container.items() if isinstance(container, dict) else enumerate(container):
        if isinstance(child, (dict, list)):  # most are neither
            container[key] = _decode(child, levels)


def _decode_bytes(content: Any) -> bytes:
    try:
        return base64.b64decode(_of_type(content, str), validate=True)
    except binascii.Error as error:
        raise ValueError(f"bad base64: {error}") from None


def _decode_datetime(content: Any) -> datetime:
    time = datetime.fromisoformat(_of_type(content, str))
    if not has_utc_time(time):
        raise ValueError(f"{content} has no equivalent in UTC")
    return time


def _of_type(content: Any, expected: type[T]) -> T:
    if not isinstance(content, expected):
        raise ValueError(f"{expected.__name__} expected, not {type(content).__name__}")
    return content


_DECODERS: Mapping[str, Callable[[Any], Any]] = {
    "$object": lambda content: _of_type(content, dict),
    "$bytes": _decode_bytes,
    "$datetime": _decode_datetime,
    "$opaque": lambda content: Opaque(None if content is None else _of_type(content, str)),
    "$float": lambda content: float(_of_type(content, str)),
}


# --- JSON -> data


class JsonObject:
    """A JSON object of the format, whose members are read by name and type.

    `where` names it in errors, and `is_outermost` says that its members are named without it: `commands[0]`.
    """

    def __init__(self, members: Any, where: str, *, is_outermost: bool = False) -> None:
        if not isinstance(members, dict):
            raise FormatError(f"{where} is not an object")
        self.members, self.where, self._prefix = members, where, "" if is_outermost else f"{where}."

    def __contains__(self, name: str) -> bool:
        return name in self.members

    def get(self, name: str, expected: type[T]) -> T:
        """Return a member; raise FormatError if it is missing or of another type."""
        if name not in self.members:
            raise FormatError(f"{self.where} has no {name}")
        value = self.members[name]
        if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
            raise self.error(name, f"is not {'an' if expected is int else 'a'} {expected.__name__}")
        return value

    def get_optional(self, name: str, expected: type[T]) -> T | None:
        """Return a member, None if it is missing or null."""
        return self.get(name, expected) if self.members.get(name) is not None else None

    def get_object(self, name: str) -> JsonObject | None:
        """Return a member that is an object, None if it is missing or null."""
        found = self.get_optional(name, dict)
        return None if found is None else JsonObject(found, f"{self._prefix}{name}")

    def get_objects(self, name: str) -> list[JsonObject]:
        """Return the elements of a list of objects."""
        return [JsonObject(item, f"{self._prefix}{name}[{i}]") for i, item in enumerate(self.get(name, list))]

    def get_words(self, name: str) -> tuple[str, ...]:
        """Return a list of strings."""
        words = self.get(name, list)
        if not all(isinstance(word, str) for word in words):
            raise self.error(name, "is not a list of strings")
        return tuple(words)

    def get_time(self, name: str) -> datetime:
        """Return a time of the years 2 to 9998, so that it has a local time anywhere; without offset it is local."""
        text = self.get(name, str)
        try:
            time = datetime.fromisoformat(text)
        except ValueError as error:
            raise FormatError(f"{self._prefix}{name}: {error}") from None
        if not 1 < time.year < 9999:
            raise self.error(name, "is not between the years 2 and 9998")
        return time if time.tzinfo else time.astimezone()

    def get_seconds(self, name: str) -> float:
        """Return a number of seconds, up to MAX_SECONDS; 0 if it is missing."""
        seconds = self.members.get(name, 0.0)
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= MAX_SECONDS:
            raise self.error(name, f"is not a number of seconds from 0 to {MAX_SECONDS:.0f}")
        return float(seconds)

    def get_value(self, name: str) -> dict[str, Any]:
        """Return a request, a response or other values by name, decoded."""
        encoded = self.get(name, dict)
        try:
            return decode_structure(encoded)
        except FormatError:
            raise
        except ValueError as error:
            raise FormatError(f"{self._prefix}{name}: {error}") from None

    def error(self, name: str, reason: str) -> FormatError:
        """Return the error that a member is wrong."""
        return FormatError(f"{self._prefix}{name} {reason}")


def trace_from_json(trace: Any) -> Trace:
    """Return the trace of a JSON object of format 2; raise FormatError if it is not of that format."""
    members = JsonObject(trace, "the file", is_outermost=True)
    recorded = recording_info_from_json(members.get("recorded", dict))
    return Trace(tuple(_command(each) for each in members.get_objects("commands")), recorded)


def recording_info_from_json(recorded: Any) -> RecordingInfo:
    """Return the data of what `recording_info_to_json` returned."""
    members = JsonObject(recorded, "recorded")
    return RecordingInfo(
        started=members.get_time("started") if "started" in members else None,
        region=members.get_optional("region", str),
        awstracer=members.get_optional("awstracer", str),
        awscli=members.get_optional("awscli", str),
        account=members.get_optional("account", str),
        script=members.get_words("script") if "script" in members else (),
    )


def command_from_json(command: Any) -> Command:
    """Return the command of what `command_to_json` returned."""
    return _command(JsonObject(command, "the command", is_outermost=True))


def _command(members: JsonObject) -> Command:
    calls = tuple(_call(each) for each in members.get_objects("calls"))
    operation, poll = members.get_object("operation"), members.get_object("poll")
    return Command(
        argv=members.get_words("argv"),
        operation=None if operation is None else _operation(operation, calls),
        calls=calls,
        exit_code=members.get("exit_code", int),
        started=members.get_time("started"),
        ended=members.get_time("ended"),
        pause=members.get_seconds("pause"),
        files=_files(members),
        step=members.get_optional("step", int),
        access_key=members.get_optional("access_key", str),
        poll=None if poll is None else _poll(poll),
    )


def _poll(members: JsonObject) -> Poll:
    times = members.get("times", int)
    if not 1 <= times <= MAX_TIMES:
        raise members.error("times", f"is not from 1 to {MAX_TIMES}")
    return Poll(
        times=times,
        interval=members.get_seconds("interval"),
        until=tuple(_condition(each) for each in members.get_objects("until")),
        failing=members.get_words("failing") if "failing" in members else (),
    )


def _condition(members: JsonObject) -> Condition:
    keys = members.get("path", list)
    if not all(key is None or isinstance(key, str) or (type(key) is int and key >= 0) for key in keys):
        raise members.error("path", "holds more than names and positions")
    path = tuple(EACH if key is None else key for key in keys)
    if "is" not in members:
        return Condition(path, is_there=members.get("there", bool))
    value = members.members["is"]
    if not isinstance(value, (str, int, float)):
        raise members.error("is", "is no text, number or flag")
    return Condition(path, value)


def _files(members: JsonObject) -> dict[str, str | bytes]:
    files = members.get_value("files") if "files" in members else {}
    if not all(isinstance(content, (str, bytes)) for content in files.values()):
        raise members.error("files", "holds more than text and bytes")
    return files


def _operation(members: JsonObject, calls: tuple[Call, ...]) -> Operation:
    if "parameters" not in members and not calls:
        raise FormatError(f"{members.where} has neither parameters nor a call")
    return Operation(
        service=members.get("service", str),
        name=members.get("name", str),
        parameters=members.get_value("parameters") if "parameters" in members else calls[0].request,
    )


def _call(members: JsonObject) -> Call:
    error = members.get_object("error")
    return Call(
        service=members.get("service", str),
        operation=members.get("operation", str),
        request=members.get_value("request"),
        response=members.get_value("response") if "response" in members else None,
        error=None if error is None else CallError(code=error.get("code", str), message=error.get("message", str)),
        region=members.get_optional("region", str),
        request_id=members.get_optional("request_id", str),
        started=members.get_time("started"),
        ended=members.get_time("ended"),
    )
