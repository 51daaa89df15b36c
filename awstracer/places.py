"""Where strings stand in a trace, and what their places say of them.

The API's models, where they are known, say which strings are one of a fixed set (and so say nothing
about where they come from), and which members are maps, whose keys people choose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from awstracer import identifiers
from awstracer.trace import Command, Document, KeyOf, Path, leaves, lookup

Side = Literal["request", "query", "response", "printed"]
Asked = Literal["request", "response"]
Query = Callable[[str, Any], Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a model says of a member.

    is_silent     whether its value says nothing of where it comes from: it is one of a fixed set, or a token
                  that only tells requests apart
    keys          for a map the name of its keys' shape
    addresses     whether it is a part of the address to which a request is sent, and so names a resource
    name          what the model calls it
    is_sensitive  whether the model marks it, or something that it is in, as not to be shown
    """

    is_silent: bool = False
    keys: str | None = None
    addresses: bool = False
    name: str = ""
    is_sensitive: bool = False


ORDINARY = Shape()
PLAIN_STEP = re.compile(r"([A-Za-z_]\w*)|\[(\d+)\]")
PLAIN_QUERY = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d+\])*")


class Models(Protocol):
    """What the API's models know; `driver.AwsCli` asks botocore."""

    def shape(self, service: str, operation: str, side: Asked, path: Path) -> Shape:
        """What is at a path of an operation's request or response; ORDINARY where no model tells."""

    def namespaces(self, service: str) -> frozenset[str]:
        """What a service is called in ARNs and addresses, its own name among it."""

    def partition(self, region: str) -> tuple[str, str] | None:
        """The partition of a region and its hosts' suffix, `aws` and `amazonaws.com`; None for no region."""


@dataclass(frozen=True, slots=True)
class Place:
    """A string in a trace, and what its place says of it.

    kind        what it names: `user`, `vpc`
    label       what it is called there
    is_name     whether it names a thing, and does not describe one
    is_silent   whether the API's model says that it can't come from elsewhere
    is_new      whether it names the very thing that the command makes
    is_labelled whether a person called it what it is called there
    several     whether a query printed it as one of many
    """

    command: int
    side: Side
    path: Path
    service: str
    kind: str
    label: str
    is_name: bool
    text: str
    is_silent: bool = False
    is_new: bool = False
    is_labelled: bool = False
    several: bool = False

    @property
    def is_key(self) -> bool:
        """Whether the string is a map's key."""
        return bool(self.path) and isinstance(self.path[-1], KeyOf)


def places(
    number: int, command: Command, side: Asked, models: Models, matters: Callable[[str], bool]
) -> Iterator[Place]:
    """The strings of a command's request or response that matter, where they stand."""
    if command.operation is None:
        yield from _custom_places(number, command, side, matters)
        return
    operation = command.operation
    document = operation.parameters if side == "request" else command.response
    for path, text in _strings(document, matters):
        is_key = isinstance(path[-1], KeyOf)
        shape = models.shape(operation.service, operation.name, side, path[:-1] if is_key else path)
        if is_key and shape.keys is not None:
            kind = identifiers.stem_of(shape.keys)
            yield Place(number, side, path, operation.service, kind, shape.keys, True, text)
        elif not is_key:
            is_name = side == "response" or shape.addresses or identifiers.is_name(path, operation.name)
            label = _label(document, path)
            kind = identifiers.stem_of(label) or identifiers.kind(path, operation.name)
            around = models.shape(operation.service, operation.name, side, path[:-1])
            yield Place(
                *(number, side, path, operation.service, kind, label, is_name, text, shape.is_silent),
                is_new=side == "request" and identifiers.is_new(path, operation.name),
                is_labelled=around.keys is not None or label not in path,
            )


def _strings(document: Any, matters: Callable[[str], bool]) -> list[tuple[Path, str]]:
    """The strings in a document that matter, and the keys below its top, in order."""
    found: list[tuple[Path, str]] = []

    def walk(node: Any, path: Path) -> None:
        items: Iterable[tuple[Any, Any]] = node.items() if isinstance(node, dict) else enumerate(node)
        for key, child in items:
            if path and isinstance(key, str) and matters(key):
                found.append(((*path, KeyOf(key)), key))
            if isinstance(child, str):
                if matters(child):
                    found.append(((*path, key), child))
            elif isinstance(child, (dict, list, tuple)):
                walk(child, (*path, key))

    walk(document, ())
    return found


def _custom_places(number: int, command: Command, side: Asked, matters: Callable[[str], bool]) -> Iterator[Place]:
    option = ""
    for path, leaf in leaves(command.request if side == "request" else command.response):
        if side == "request" and path[0] == "argv" and leaf.startswith("--"):
            option = leaf.partition("=")[0]
        if not isinstance(leaf, str) or leaf == option or not matters(leaf):
            continue
        if side == "request":
            kind, is_name = identifiers.stem_of(option) or _kind_in_calls(command, leaf), bool(option)
            yield Place(number, side, path, service_of(command), kind, option, is_name, leaf)
        else:
            kind = identifiers.kind(path[1:], str(path[0]))
            yield Place(number, side, path, service_of(command), kind, str(path[-1]), True, leaf)


def _kind_in_calls(command: Command, text: str) -> str:
    """What a custom command's word names, by the parameter that its first call got it in."""
    for call in command.calls[:1]:
        for path, leaf in leaves(call.request):
            if leaf == text:
                return identifiers.kind(path, call.operation)
    return ""


def service_of(command: Command) -> str:
    """The service that a command is about."""
    if command.operation is not None:
        return command.operation.service
    return command.calls[0].service if command.calls else next(iter(command.argv), "")


def _label(document: Any, path: Path) -> str:
    """What a value is called: its member or key, or, where that says nothing, the name that stands beside it."""
    keys = [(depth, key) for depth, key in enumerate(path) if isinstance(key, str)]
    if not keys:
        return ""
    depth, last = keys[-1]
    if not re.search(r"values?$", last, re.I) or identifiers.stem_of(last):
        return last
    around = lookup(document, path[:depth])
    beside = next((around[name] for name in ("Name", "Key", "name", "key") if name != last and name in around), None)
    return beside if isinstance(beside, str) else last


# --- what was printed


def printed(number: int, command: Command, query: Query, matters: Callable[[str], bool]) -> list[tuple[Path, Place]]:
    """What the command's `--query` let the person see: where it stands in the response, and as a place."""
    expression = query_of(command)
    if expression is None or not any(matters(str(leaf)) for _, leaf in leaves(query(expression, command.response))):
        return []
    result = _located_result(expression, command.response, query)
    several = _is_projection(result)
    found = []
    for path, leaf in leaves(result):
        if isinstance(leaf, _Located):
            operation = command.operation.name if command.operation else str(leaf.path[0])
            kind, label = identifiers.kind(leaf.path, operation), _label(command.response, leaf.path)
            place = Place(number, "printed", path, service_of(command), kind, label, True, str(leaf), several=several)
            found.append((leaf.path, place))
    return found


def printed_list(command: Command, query: Query, wanted: Container[tuple[str, ...]]) -> tuple[str, ...] | None:
    """What the command's `--query` found in each element of a list, if it is wanted; None if it isn't that."""
    expression = query_of(command)
    found = query(expression, command.response) if expression else None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found) or tuple(found) not in wanted:
        return None
    return tuple(found) if _is_projection(query(str(expression), _located(command.response))) else None


def _located_result(expression: str, response: Document, query: Query) -> Any:
    """What a query makes of a response, its scalars located."""
    if not PLAIN_QUERY.fullmatch(expression):
        return query(expression, _located(response))
    path = tuple(int(number) if number else name for name, number in PLAIN_STEP.findall(expression))
    return _located(lookup(response, path), path)


class _LocatedText(str):
    """A string that remembers where in a response it stands, wherever a query carries it."""

    path: Path


class _LocatedNumber(int):
    """A number that does so."""

    path: Path


_Located = _LocatedText | _LocatedNumber


def _located(value: Any, path: Path = ()) -> Any:
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        located: _Located = _LocatedText(value) if isinstance(value, str) else _LocatedNumber(value)
        located.path = path
        return located
    if isinstance(value, Mapping):
        return {key: _located(child, (*path, key)) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [_located(child, (*path, index)) for index, child in enumerate(value)]
    return value


def _is_projection(result: Any) -> bool:
    """Whether a query's result is what one expression found in each element, and no tuple of chosen values."""
    if not isinstance(result, list):
        return False
    shapes = {tuple(key for key in leaf.path if isinstance(key, str)) for leaf in result if isinstance(leaf, _Located)}
    return len(result) != 1 and len(shapes) <= 1


def query_of(command: Command) -> str | None:
    """The `--query` of a recorded line."""
    for position, word in enumerate(command.argv):
        if word == "--query" and position + 1 < len(command.argv):
            return command.argv[position + 1]
        if word.startswith("--query="):
            return word.partition("=")[2]
    return None
