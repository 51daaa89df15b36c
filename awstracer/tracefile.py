"""Reading and writing trace files: text <-> data here, data <-> disk at the end.

Format 2 is described in the README's appendix and by `trace.schema.json` beside this module.
A value that JSON has no form for is an object with one key that begins with `$` (`{"$bytes": "AP8="}`);
a person's own object that looks like that is wrapped (`{"$object": {"$bytes": "mine"}}`).
An older format is brought up to date one step at a time by the converters in `CONVERTERS`.
"""

from __future__ import annotations

import base64
import binascii
import errno
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from awstracer.errors import TraceError
from awstracer.memory import gc_paused
from awstracer.trace import EACH, Call, CallError, Circumstances, Command, Condition, Opaque, Operation, Poll, Trace

VERSION = 2
LARGEST = 256_000_000  # bytes: a replay takes about six times as much memory
MOST_VALUES = 10_000_000  # a trace has about one for each 30 bytes; what is denser takes up to 300 bytes for each
DEEPEST = 160  # levels of a value: all that walks a trace calls itself for each, and Python allows 1,000 calls
LONGEST_NUMBER = 300  # digits: the largest that a float can hold has 309
T = TypeVar("T")
C = TypeVar("C", dict[str, Any], list[Any])


class _Wrong(Exception):
    """What in the document isn't as the format says."""


class _TooDeep(_Wrong):
    """Something in the document has more levels than all that walks it can stand."""

    def __init__(self) -> None:
        super().__init__(f"it is nested more than {DEEPEST} levels deep")


def dumps(trace: Trace) -> str:
    """A trace as the text of a format 2 file."""
    document = {
        "version": VERSION,
        "recorded": circumstances_document(trace.recorded),
        "commands": [command_document(command) for command in trace.commands],
    }
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    return text + "\n"


def encoded(text: str) -> bytes:
    """A text as files have it: JSON's own escapes stand for lone surrogates."""
    return text.encode("utf-8", "backslashreplace")


def loads(text: str) -> Trace:
    """The trace in the text of a file of any known format; ValueError, with the reason, for anything else."""
    try:
        with gc_paused():
            return _trace(_up_to_date(_parsed(text)))
    except _Wrong as wrong:
        raise ValueError(f"is not a trace: {wrong}") from None


def load(path: Path) -> Trace:
    """Read a trace file; TraceError if that can't be done."""
    try:
        return loads(_content(path).decode("utf-8"))
    except OSError as error:
        raise TraceError(path, system_reason(error)) from error
    except UnicodeDecodeError as error:
        raise TraceError(path, "is not UTF-8 text") from error
    except ValueError as error:
        raise TraceError(path, str(error)) from error


def save(trace: Trace, path: Path) -> None:
    """Write a trace file whole or not at all, readable by its owner only; TraceError if that can't be done."""
    target = path.resolve()
    try:
        _replace(target, encoded(dumps(trace)))
    except OSError as error:
        raise TraceError(path, system_reason(error)) from error


def check_writable(path: Path) -> None:
    """TraceError if `save` to this path could not work, found out without touching the file."""
    target = path.resolve()
    if target.is_dir():
        raise TraceError(path, "is a directory")
    if target.exists() and not target.is_file():
        raise TraceError(path, "is no regular file")
    if target.exists() and not os.access(target, os.W_OK):
        raise TraceError(path, "is not writable")
    try:
        handle, name = _temporary(target)
    except OSError as error:
        raise TraceError(path, system_reason(error)) from error
    os.close(handle)
    Path(name).unlink()


def _replace(target: Path, content: bytes) -> None:
    handle, name = _temporary(target)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def _temporary(target: Path) -> tuple[int, str]:
    """A new file beside another one, open, and its name."""
    import tempfile  # here, since it takes a while, and whoever only reads does without

    return tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")


def sync_folder(folder: Path) -> None:
    """Have a folder's entries on disk, where the system, the file system and its permissions allow that."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EACCES):
            raise


def system_reason(error: OSError) -> str:
    """Why a file can't be used, as a `TraceError` says it."""
    return f"can't be used: {error.strerror or error}"


# --- text -> document


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"is larger than {LARGEST // 1_000_000} MB: record it in several sessions")
    if sum(content.count(mark) for mark in (b",", b"[", b"{")) > MOST_VALUES:
        raise ValueError(f"has more than {MOST_VALUES // 1_000_000} million values: record it in several sessions")
    return content


def _parsed(text: str) -> Any:
    """The document that a text is, of the JSON that can mean one thing only and within the limits; _Wrong otherwise."""
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_int=_integer, parse_float=_float, parse_constant=_constant
        )
    except RecursionError:
        raise _TooDeep from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in members if names.count(name) > 1)
        raise _Wrong(f"an object in it has {twice!r:.60} twice")
    return members


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise _Wrong(f"a number in it has more than {LONGEST_NUMBER} digits")
    return int(digits)


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _Wrong(f"{text:.60} in it is no number that a computer can hold")
    return number


def _constant(name: str) -> float:
    raise _Wrong(f"it has {name} where JSON needs a number")


# --- data -> document


def circumstances_document(recorded: Circumstances) -> dict[str, Any]:
    """The circumstances as the format has them."""
    return _without_nones(
        started=_time_text(recorded.started) if recorded.started else None,
        region=recorded.region,
        awstracer=recorded.awstracer,
        awscli=recorded.awscli,
        account=recorded.account,
        script=list(recorded.script) or None,
    )


def command_document(command: Command) -> dict[str, Any]:
    """A command as the format has it."""
    return _without_nones(
        argv=list(command.argv),
        operation=_operation_document(command) if command.operation else None,
        files={word: packed(content) for word, content in command.files.items()} or None,
        exit_code=command.exit_code,
        started=_time_text(command.started),
        ended=_time_text(command.ended),
        pause=command.pause,
        step=command.step,
        access_key=command.access_key,
        poll=_poll_document(command.poll) if command.poll else None,
        calls=[_call_document(call) for call in command.calls],
    )


def _operation_document(command: Command) -> dict[str, Any] | None:
    if command.operation is None:
        return None
    operation = command.operation
    repeats_request = bool(command.calls) and command.calls[0].request == operation.parameters
    return _without_nones(
        service=operation.service,
        name=operation.name,
        words=list(operation.words) if operation.words else None,
        parameters=None if repeats_request else packed(operation.parameters),
    )


def _poll_document(poll: Poll) -> dict[str, Any]:
    return _without_nones(
        times=poll.times,
        interval=poll.interval,
        until=[condition_document(condition) for condition in poll.until],
        failing=list(poll.failing) or None,
    )


def condition_document(condition: Condition) -> dict[str, Any]:
    """A condition as the format has it; in its path null stands for every element of a list."""
    path = [None if key is EACH else key for key in condition.path]
    if condition.value is None:
        return {"path": path, "there": condition.is_there}
    return {"path": path, "is": condition.value}


def _call_document(call: Call) -> dict[str, Any]:
    return _without_nones(
        service=call.service,
        operation=call.operation,
        region=call.region,
        request=packed(call.request),
        response=packed(call.response),
        error={"code": call.error.code, "message": call.error.message} if call.error else None,
        request_id=call.request_id,
        started=_time_text(call.started),
        ended=_time_text(call.ended),
    )


def _without_nones(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _time_text(time: datetime) -> str:
    return time.isoformat()


def packed(value: Any) -> Any:
    """A value as JSON can hold it, tagged where JSON has no form for it."""
    if isinstance(value, Mapping):
        members = {key: packed(child) for key, child in value.items()}
        return {"$object": members} if _looks_tagged(members) else members
    if isinstance(value, (list, tuple)):
        return [packed(child) for child in value]
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, datetime):
        return {"$datetime": value.isoformat()}
    if isinstance(value, Opaque):
        return {"$opaque": value.name}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": repr(value)}
    return value


def unpacked(value: Any) -> Any:
    """What `packed` made into JSON, which is taken over; ValueError where a tag holds what it can't."""
    [inner] = _unpacked_within([value])
    return inner


def _unpacked_within(container: C) -> C:
    """A list or an object, what is in it unpacked: in place and level by level, since a large trace has very much."""
    nodes: list[Any] = [container]
    for _ in range(DEEPEST):
        below = [
            child
            for node in nodes
            for child in (node.values() if type(node) is dict else node)
            if type(child) is dict or type(child) is list
        ]
        if not below:
            return container
        alone = [each for each in below if len(each) == 1]
        nodes = list(_untagged_below(nodes)) if any(map(_looks_tagged, alone)) else below
    raise _TooDeep


def _untagged_below(nodes: Iterable[Any]) -> Iterator[Any]:
    """The lists and objects right below some nodes, after what is tagged there has given way to what it stands for."""
    for node in nodes:
        items: Iterable[tuple[Any, Any]] = node.items() if isinstance(node, dict) else enumerate(node)
        for key, child in items:
            if isinstance(child, dict) and _looks_tagged(child):
                [(tag, content)] = child.items()
                if tag not in UNPACKERS:
                    raise ValueError(f"unknown tag {tag}")
                node[key] = UNPACKERS[tag](content)
            if isinstance(node[key], (dict, list)):
                yield node[key]


def _looks_tagged(container: Any) -> bool:
    return len(container) == 1 and isinstance(container, dict) and next(iter(container)).startswith("$")


def _unpacked_bytes(content: Any) -> bytes:
    try:
        return base64.b64decode(_typed(content, str), validate=True)
    except binascii.Error as error:
        raise ValueError(f"bad base64: {error}") from None


def _typed(content: Any, kind: type[T]) -> T:
    if not isinstance(content, kind):
        raise ValueError(f"{kind.__name__} expected, not {type(content).__name__}")
    return content


UNPACKERS: Mapping[str, Callable[[Any], Any]] = {
    "$object": lambda content: _typed(content, dict),
    "$bytes": _unpacked_bytes,
    "$datetime": lambda content: datetime.fromisoformat(_typed(content, str)),
    "$opaque": lambda content: Opaque(None if content is None else _typed(content, str)),
    "$float": lambda content: float(_typed(content, str)),
}


# --- document -> data


class _Members:
    """The members of one JSON object of the format, taken by name and type; `where` names it in complaints."""

    def __init__(self, document: Any, where: str) -> None:
        if not isinstance(document, dict):
            raise _Wrong(f"{where} is not an object")
        self.document, self.where = document, where

    def take(self, name: str, kind: type[T]) -> T:
        if name not in self.document:
            raise _Wrong(f"{self.where} has no {name}")
        value = self.document[name]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise _Wrong(f"{self.where}.{name} is not {'an' if kind is int else 'a'} {kind.__name__}")
        return value

    def maybe(self, name: str, kind: type[T]) -> T | None:
        return self.take(name, kind) if self.document.get(name) is not None else None

    def time(self, name: str) -> datetime:
        try:
            time = datetime.fromisoformat(self.take(name, str))
        except ValueError as error:
            raise _Wrong(f"{self.where}.{name}: {error}") from None
        return time if time.tzinfo else time.astimezone()

    def value(self, name: str) -> dict[str, Any]:
        try:
            return _unpacked_within(_untagged(self.take(name, dict)))
        except ValueError as error:
            raise _Wrong(f"{self.where}.{name}: {error}") from None

    def words(self, name: str) -> tuple[str, ...]:
        words = self.take(name, list)
        if not all(isinstance(word, str) for word in words):
            raise _Wrong(f"{self.where}.{name} is not a list of strings")
        return tuple(words)

    def each(self, name: str) -> list[_Members]:
        return [_Members(item, f"{self.where}.{name}[{i}]") for i, item in enumerate(self.take(name, list))]


def _untagged(members: dict[str, Any]) -> dict[str, Any]:
    return _typed(members["$object"], dict) if list(members) == ["$object"] else members


def _trace(document: dict[str, Any]) -> Trace:
    members = _Members(document, "the file")
    recorded = _circumstances(_Members(members.take("recorded", dict), "recorded"))
    return Trace(tuple(_command(each) for each in members.each("commands")), recorded)


def circumstances_of(document: Any) -> Circumstances:
    """What `circumstances_document` made into a document; ValueError, with the reason, for anything else."""
    try:
        return _circumstances(_Members(document, "recorded"))
    except _Wrong as wrong:
        raise ValueError(str(wrong)) from None


def command_of(document: Any) -> Command:
    """What `command_document` made into a document; ValueError, with the reason, for anything else."""
    try:
        return _command(_Members(document, "the command"))
    except _Wrong as wrong:
        raise ValueError(str(wrong)) from None


def _circumstances(members: _Members) -> Circumstances:
    return Circumstances(
        started=members.time("started") if "started" in members.document else None,
        region=members.maybe("region", str),
        awstracer=members.maybe("awstracer", str),
        awscli=members.maybe("awscli", str),
        account=members.maybe("account", str),
        script=members.words("script") if "script" in members.document else (),
    )


def _command(members: _Members) -> Command:
    calls = tuple(_call(each) for each in members.each("calls"))
    operation, poll = members.maybe("operation", dict), members.maybe("poll", dict)
    return Command(
        argv=members.words("argv"),
        operation=None if operation is None else _operation(_Members(operation, f"{members.where}.operation"), calls),
        calls=calls,
        exit_code=members.take("exit_code", int),
        started=members.time("started"),
        ended=members.time("ended"),
        pause=_seconds(members, "pause"),
        files=_files(members),
        step=members.maybe("step", int),
        access_key=members.maybe("access_key", str),
        poll=None if poll is None else _poll(_Members(poll, f"{members.where}.poll")),
    )


def _poll(members: _Members) -> Poll:
    return Poll(
        times=members.take("times", int),
        interval=_seconds(members, "interval"),
        until=tuple(_condition(each) for each in members.each("until")),
        failing=members.words("failing") if "failing" in members.document else (),
    )


def _condition(members: _Members) -> Condition:
    keys = members.take("path", list)
    if not all(key is None or isinstance(key, str) or (type(key) is int and key >= 0) for key in keys):
        raise _Wrong(f"{members.where}.path holds more than names and positions")
    path = tuple(EACH if key is None else key for key in keys)
    if "is" not in members.document:
        return Condition(path, is_there=members.take("there", bool))
    value = members.document["is"]
    if not isinstance(value, (str, int, float)):
        raise _Wrong(f"{members.where}.is is no text, number or flag")
    return Condition(path, value)


def _seconds(members: _Members, name: str) -> float:
    seconds = members.document.get(name, 0.0)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise _Wrong(f"{members.where}.{name} is not a number")
    if not 0 <= seconds <= timedelta.max.total_seconds():
        raise _Wrong(f"{members.where}.{name} is not a time that can pass")
    return float(seconds)


def _files(members: _Members) -> dict[str, str | bytes]:
    files = members.value("files") if "files" in members.document else {}
    if not all(isinstance(content, (str, bytes)) for content in files.values()):
        raise _Wrong(f"{members.where}.files holds more than text and bytes")
    return files


def _operation(members: _Members, calls: tuple[Call, ...]) -> Operation:
    if "parameters" not in members.document and not calls:
        raise _Wrong(f"{members.where} has neither parameters nor a call")
    return Operation(
        service=members.take("service", str),
        name=members.take("name", str),
        words=members.words("words") if "words" in members.document else None,
        parameters=members.value("parameters") if "parameters" in members.document else calls[0].request,
    )


def _call(members: _Members) -> Call:
    error = members.maybe("error", dict)
    return Call(
        service=members.take("service", str),
        operation=members.take("operation", str),
        request=members.value("request"),
        response=members.value("response") if "response" in members.document else None,
        error=None if error is None else _call_error(_Members(error, f"{members.where}.error")),
        region=members.maybe("region", str),
        request_id=members.maybe("request_id", str),
        started=members.time("started"),
        ended=members.time("ended"),
    )


def _call_error(members: _Members) -> CallError:
    return CallError(code=members.take("code", str), message=members.take("message", str))


# --- older formats


def _up_to_date(document: Any) -> dict[str, Any]:
    version = _version(document)
    if version > VERSION:
        raise _Wrong(f"it has format {version}, and this awstracer reads formats up to {VERSION}: update awstracer")
    while version < VERSION:
        document = CONVERTERS[version](document)
        version += 1
    return _typed_document(document)


def _version(document: Any) -> int:
    if isinstance(document, list):
        return 1
    version = _Members(document, "the file").take("version", int)
    if version < VERSION:
        raise _Wrong(f"there is no format {version} of this shape")
    return version


def _typed_document(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise _Wrong("the file is not an object")
    return document


def _from_format_1(document: Any) -> dict[str, Any]:
    """awstracer 1.x: a list of calls, each the whole of one command, whose line it did not keep."""
    entries = [_Members(entry, f"entry {number}") for number, entry in enumerate(document, 1)]
    return {"version": 2, "recorded": {}, "commands": [_command_from_format_1(entry) for entry in entries]}


def _command_from_format_1(entry: _Members) -> dict[str, Any]:
    service, dot, operation = entry.take("fn_name", str).partition(".")
    if not (service and dot and operation):
        raise _Wrong(f"{entry.where}.fn_name is not SERVICE.OPERATION")
    times = {"started": _time_from_format_1(entry, "ts_start"), "ended": _time_from_format_1(entry, "ts_end")}
    call = {
        "service": service,
        "operation": operation,
        "request": _value_from_format_1(entry.take("inparams", dict)),
        "response": _value_from_format_1(entry.take("outparams", dict)),
        "request_id": entry.maybe("request_id", str),
        **times,
    }
    return {"argv": [], "operation": {"service": service, "name": operation}, "exit_code": 0, "calls": [call], **times}


def _time_from_format_1(entry: _Members, name: str) -> str:
    return _Members(entry.take(name, dict), f"{entry.where}.{name}").take("_isoformat", str)


def _value_from_format_1(value: Any, levels: int = DEEPEST) -> Any:
    """1.x marks a datetime with a key that a person's own data may have: it is one only if it reads as one."""
    if levels <= 0:
        raise _TooDeep
    if isinstance(value, dict):
        if list(value) == ["_isoformat"] and _is_time(value["_isoformat"]):
            return {"$datetime": value["_isoformat"]}
        members = {key: _value_from_format_1(child, levels - 1) for key, child in value.items()}
        return {"$object": members} if _looks_tagged(value) else members
    if isinstance(value, list):
        return [_value_from_format_1(child, levels - 1) for child in value]
    return value


def _is_time(text: Any) -> bool:
    try:
        datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return False
    return True


CONVERTERS: Mapping[int, Callable[[Any], dict[str, Any]]] = {1: _from_format_1}
