"""What a recording session leaves, as plain frozen data, and the paths that name its values.

A value is what an API takes or gives: None, bool, int, float, str, bytes, datetime, or an
`Opaque` body, in lists and in dicts with string keys. Files and formats are `tracefile`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

Document = Mapping[str, Any]

new = tuple.__new__  # takes a third of the time of a NamedTuple's own: a large trace has very many of them
BATCH = 256  # commands that the same code goes through at a time: it stays in a processor's cache

PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


class Each(Enum):
    """Stands in a path for every element of a list."""

    EACH = "each"


EACH = Each.EACH


@dataclass(frozen=True, slots=True)
class Where:
    """Stands in a path for the one element of a list that has `value` at `path`; it was at `index` when recorded."""

    path: Path
    value: str | bool
    index: int


@dataclass(frozen=True, slots=True)
class KeyOf:
    """Ends a path that leads to a key of a map itself, and not to what the map has under it."""

    key: str


Key = str | int | Where | Each | KeyOf
Path = tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Opaque:
    """A body that was streamed past the trace; `name` is its file, where it has one."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class CallError:
    """What a service, or the way to it, said against a request.

    The last two say what may be done about it now, and are not kept in a trace file.

    is_refusal   whether it is the service's own refusal, and no fault of the service or of the way to it
    is_certain   whether every attempt was refused, so that nothing can have taken effect
    """

    code: str
    message: str
    is_refusal: bool = False
    is_certain: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One API request and its response, or its error."""

    service: str
    operation: str
    request: Document
    response: Document | None
    error: CallError | None
    region: str | None
    request_id: str | None
    started: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class Operation:
    """The API operation whose own command was run, and the parameters that awscli made of the line.

    `words` are the command's words (`("s3api", "put-object")`), None in a trace that has no lines.
    `parameters` has the API's member names, and `PaginationConfig` where the line limits the pages.
    """

    service: str
    name: str
    parameters: Document
    words: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """What holds of an answer: `value` stands at `path` or, where there is no value, something does; or nothing."""

    path: Path
    value: str | int | float | bool | None = None
    is_there: bool = True

    def holds(self, answer: Any) -> bool:
        """Return whether the condition holds of an answer: a response, or what `--query` made of it.

        Where the path leads to several values, all of them have to be `value`. True is no 1.
        """
        found = self.value_in(answer)
        if self.value is None:
            return self.is_there != is_empty(found)
        values = [leaf for _, leaf in leaves(found)]
        return bool(values) and all(type(each) is type(self.value) and each == self.value for each in values)

    def value_in(self, answer: Any) -> Any:
        """Return what an answer has at the condition's path; None if there is nothing."""
        try:
            return lookup(answer, self.path)
        except LookupError:
            return None


@dataclass(frozen=True, slots=True)
class Poll:
    """That a command was run again and again, until it had the answer that was waited for.

    times     how often it was run
    interval  seconds between the end of one run and the start of the next
    until     what held of the last answer, and of none before; of what `--query` printed, if there is one
    failing   the codes of the errors that runs before the last one ended with, each once; "" for none
    """

    times: int
    interval: float
    until: tuple[Condition, ...] = ()
    failing: tuple[str, ...] = ()

    def first_unmet(self, answer: Any) -> Condition | None:
        """Return the first condition that does not hold of an answer; None if all hold."""
        return next((condition for condition in self.until if not condition.holds(answer)), None)


@dataclass(frozen=True, slots=True)
class Command:
    """One `aws ...` line that was run.

    argv        its words after `aws`, as the shell would hand them over; empty in format 1
    operation   set for an operation's own command, None for a custom one (`s3 sync`)
    files       what a custom command's `file://` words held, by word; what it read from its input, by `-`
    pause       seconds that were deliberately let pass before it
    step        in the trace of a replay, the number of the command that was played
    access_key  the id of the access key that it ran under, where that isn't the session's; a secret one's hole
    poll        set where it was run several times; it is the last run then, but began with the first
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
    def request(self) -> Document:
        """Where values go: an operation's parameters; for a custom command `argv` and `files`."""
        if self.operation is None:
            return {"argv": self.argv, "files": self.files}
        return self.operation.parameters

    @property
    def response(self) -> Document:
        """What came back, as `response_of` has it; nothing where the command failed."""
        return response_of(self.operation, self.calls) if self.exit_code == 0 else {}

    @property
    def error_code(self) -> str:
        """The code of the last error that a call of it ended with; "" for none."""
        return error_code(self.calls)


@dataclass(frozen=True)
class Circumstances:
    """When, where and with what a trace was recorded.

    account     only for a replay
    script      the words of the command that was recorded, and that ran `aws`; none for a session
    """

    started: datetime | None = None
    region: str | None = None
    awstracer: str | None = None
    awscli: str | None = None
    account: str | None = None
    script: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trace:
    """Commands in the order in which they were run."""

    commands: tuple[Command, ...]
    recorded: Circumstances = Circumstances()


def response_of(operation: Operation | None, calls: Sequence[Call]) -> Document:
    """One document for all calls of a command.

    For an operation's own command the whole response, all pages of it; for a custom command the
    last response of each operation that it called, under the operation's name.
    """
    if operation is None:
        return {call.operation: call.response for call in calls if call.response is not None}
    return whole([call.response for call in calls if call.response is not None])


def error_code(calls: Sequence[Call]) -> str:
    """The code of the last error among calls; "" for none."""
    return next((call.error.code for call in reversed(calls) if call.error is not None), "")


def whole(pages: Sequence[Document]) -> Document:
    """The pages of one listing as one response: lists joined, everything else from the first page that has it."""
    if len(pages) == 1:
        return pages[0]
    result: dict[str, Any] = {}
    for page in pages:
        for key, value in page.items():
            result[key] = _joined(result[key], value) if key in result else value
    return result


def _joined(first: Any, later: Any) -> Any:
    if isinstance(first, list) and isinstance(later, list):
        return first + later
    if isinstance(first, Mapping) and isinstance(later, Mapping):
        return whole([first, later])
    return first


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every (path, scalar) in a value, in order; empty containers have none."""
    pending = [(path, value)]
    while pending:
        here, node = pending.pop()
        if isinstance(node, (dict, list, tuple)):
            pending += [((*here, key), child) for key, child in reversed(children(node))]
        else:
            yield here, node


def strings(value: Any) -> Iterator[tuple[Path, str]]:
    """Yield every (path, string) in a value, in order, but for empty strings."""
    for path, leaf in leaves(value):
        if isinstance(leaf, str) and leaf:
            yield path, leaf


def scalars(value: Any) -> Iterator[Any]:
    """Every scalar in a value, in order, without its path."""
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            pending.extend(reversed(node.values()))
        elif isinstance(node, (list, tuple)):
            pending.extend(reversed(node))
        else:
            yield node


def children(node: Any) -> list[tuple[str | int, Any]]:
    """The members or elements right below a node, with their keys; none for a scalar."""
    if isinstance(node, dict):
        return list(node.items())
    if isinstance(node, (list, tuple)):
        return list(enumerate(node))
    return []


def is_empty(value: Any) -> bool:
    """Return whether a value is None, or a string, a list or a mapping with nothing in it."""
    return value is None or (isinstance(value, (str, bytes, list, tuple, dict)) and not value)


def blobs(value: Any) -> list[bytes]:
    """The bytes in a value, in order."""
    return [each for each in scalars(value) if isinstance(each, bytes)]


def lookup(value: Any, path: Path) -> Any:
    """The value at a path; LookupError, with the path up to where it ends, if there is none."""
    for depth, key in enumerate(path):
        try:
            if key is EACH:
                return [lookup(element, path[depth + 1 :]) for element in _list(value)]
            value = _below(value, key)
        except LookupError:
            raise LookupError(path[: depth + 1]) from None
    return value


def _below(value: Any, key: Key) -> Any:
    if isinstance(key, str) and isinstance(value, dict):
        return value[key]
    if isinstance(key, int):
        return _list(value)[key]
    if isinstance(key, KeyOf) and isinstance(value, dict) and key.key in value:
        return key.key
    if isinstance(key, Where):
        found = [element for element in _list(value) if _has(element, key)]
        if len(found) == 1:
            return found[0]
    raise LookupError(key)


def _list(value: Any) -> Sequence[Any]:
    if not isinstance(value, (list, tuple)):
        raise LookupError(value)
    return value


def _has(element: Any, key: Where) -> bool:
    try:
        return bool(lookup(element, key.path) == key.value)
    except LookupError:
        return False


def rebuilt(value: Any, change: Callable[[Path, Any], Any], path: Path = ()) -> Any:
    """A copy in which `change(path, node)` stands for every node, and key, for which it gives anything but None."""
    changed = change(path, value)
    if changed is not None:
        return changed
    if isinstance(value, Mapping):
        return {
            change((*path, KeyOf(key)), key) or key: rebuilt(child, change, (*path, key))
            for key, child in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [rebuilt(child, change, (*path, index)) for index, child in enumerate(value)]
    return value


def replace_at(value: Any, replacements: Mapping[Path, Any]) -> Any:
    """Return a copy of a value with other values, and other keys, at certain paths; all the rest is shared with it.

    `replace_at({"a": [1, 2], "b": {}}, {("a", 0): 9})` gives `{"a": [9, 2], "b": {}}`. A path that ends in a `KeyOf`
    renames the key. A path that leads nowhere changes nothing. None of the paths may lead into another one.
    """
    if () in replacements:
        return replacements[()]
    if not replacements or not isinstance(value, (dict, list, tuple)):
        return value
    below: dict[Key, dict[Path, Any]] = {}
    for (key, *rest), new in replacements.items():
        below.setdefault(key, {})[tuple(rest)] = new
    made: Any = dict(value) if isinstance(value, dict) else list(value)
    renamed: dict[str, Any] = {}
    for key, inner in below.items():
        if isinstance(key, KeyOf):
            renamed[key.key] = inner[()]
        elif key in made if isinstance(made, dict) else isinstance(key, int) and key < len(made):
            made[key] = replace_at(made[key], inner)
    return {renamed.get(key, key): child for key, child in made.items()} if renamed else made


def spelled(path: Path) -> str:
    """A path as people write it: `Reservations[0].Tags."a b"`, `Subnets[?Zone=='x'].Id`, `Items{key}` for the key."""
    text = ""
    for key in path:
        if isinstance(key, str):
            text += ("." if text else "") + (key if PLAIN_KEY.match(key) else '"' + key.replace('"', '\\"') + '"')
        elif isinstance(key, Where):
            wanted = f"'{key.value}'" if isinstance(key.value, str) else str(key.value).lower()
            text += f"[?{spelled(key.path)}=={wanted}]"
        elif isinstance(key, KeyOf):
            text += f"{{{key.key}}}"
        else:
            text += "[]" if key is EACH else f"[{key}]"
    return text


def concrete(path: Path) -> Path:
    """The path with the positions that elements had when they were recorded."""
    return tuple(key.index if isinstance(key, Where) else key for key in path)
