"""Where strings stand in a trace, and what their places say of them.

The API's models, where they are known, say which strings are one of a fixed set (and so say nothing
about where they come from), and which members are maps, whose keys people choose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from typing import Any, Literal, NamedTuple, Protocol

from awstracer import identifiers, operations
from awstracer.options import query_of
from awstracer.queries import Query, plain_path
from awstracer.trace import Command, Document, KeyOf, Operation, Path, leaves, lookup, new

Side = Literal["request", "query", "response", "printed"]
Asked = Literal["request", "response"]


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
MANY = 256  # more aren't looked at all at once, which would take memory
VALUES = re.compile(r"values?$", re.I)


class Models(Protocol):
    """What the API's models know; `driver.AwsCli` asks botocore."""

    def shape(self, service: str, operation: str, side: Asked, path: Path) -> Shape:
        """What is at a path of an operation's request or response; ORDINARY where no model tells."""

    def namespaces(self, service: str) -> frozenset[str]:
        """What a service is called in ARNs and addresses, its own name among it."""

    def partition(self, region: str) -> tuple[str, str] | None:
        """The partition of a region and its hosts' suffix, `aws` and `amazonaws.com`; None for no region."""


class Sieve(NamedTuple):
    """Tells what matters of the strings of a document.

    matters  whether a string does
    any_of   whether one among some scalars does, which may be sooner known; TypeError if there is a list or a structure
    """

    matters: Callable[[str], object]
    any_of: Callable[[Iterable[Any]], bool]


EVERYTHING = Sieve(identifiers.ATOM.search, bool)


class Place(NamedTuple):
    """A string in a trace, and what its place says of it. (A tuple, since a large trace has very many.)

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


@dataclass(frozen=True, slots=True)
class _Member:
    """What the API's model, and the name, say of all strings of a member; `asks_beside` if its name says nothing.

    `path` is the one that they all have, so that there need not be one for each.
    """

    path: Path
    shape: Shape
    kind: str
    label: str
    is_name: bool
    is_new: bool
    is_labelled: bool
    asks_beside: bool


class _ByPath(dict[Path, _Member]):
    """The members of an operation's request or response by their paths, looked up where they aren't known."""

    def __init__(self, look_up: Callable[[Path], _Member]) -> None:
        self._look_up = look_up

    def __missing__(self, path: Path) -> _Member:
        found = self[path] = self._look_up(path)
        return found


class Members:
    """What is known of the members of requests and responses, each looked up once."""

    def __init__(self, models: Models) -> None:
        self.models = models
        self.namespaces = cache(models.namespaces)
        self._known: dict[tuple[str, str, Asked], _ByPath] = {}

    def of(self, operation: Operation, side: Asked) -> Mapping[Path, _Member]:
        """The members of an operation's request or response, at whatever path."""
        key = (operation.service, operation.name, side)
        if key not in self._known:
            self._known[key] = _ByPath(partial(self._looked_up, operation, side))
        return self._known[key]

    def _looked_up(self, operation: Operation, side: Asked, path: Path) -> _Member:
        shape = self.models.shape(operation.service, operation.name, side, path)
        around = self.models.shape(operation.service, operation.name, side, path[:-1])
        label = next((key for key in reversed(path) if isinstance(key, str)), "")
        return _Member(
            path=path,
            shape=shape,
            kind=identifiers.kind(path, operation.name),
            label=label,
            is_name=side == "response" or shape.addresses or identifiers.is_name(path, operation.name),
            is_new=side == "request" and operations.is_new_name(path, operation.name),
            is_labelled=around.keys is not None or not label,
            asks_beside=_says_nothing(label),
        )


def places(number: int, command: Command, side: Asked, members: Members, sieve: Sieve) -> Iterator[Place]:
    """The strings of a command's request or response that matter, and the keys below its top, in order."""
    operation = command.operation
    if operation is None:
        yield from _custom_places(number, command, side, sieve.matters)
        return
    document = operation.parameters if side == "request" else command.response
    found: list[tuple[Path, str]] = []
    _note_strings(document.items(), (), found, sieve, are_keyed=False)
    service, known = operation.service, members.of(operation, side)
    for path, text in found:
        last = path[-1]
        if isinstance(last, KeyOf):
            keys = known[path[:-1]].shape.keys
            if keys is not None:
                kind = identifiers.stem_of(keys)
                yield Place(number, side, path, service, kind, keys, is_name=True, text=text)
            continue
        member = known[path]
        label, kind, is_labelled = member.label, member.kind, member.is_labelled
        if member.asks_beside:
            label = _label(document, path)
            kind = kind if label == member.label else identifiers.stem_of(label) or kind
            is_labelled = is_labelled or label not in path
        is_name, is_silent, is_new = member.is_name, member.shape.is_silent, member.is_new
        here = (number, side, member.path, service, kind, label, is_name, text, is_silent, is_new, is_labelled, False)
        yield new(Place, here)


def _note_strings(
    items: Iterable[tuple[Any, Any]], path: Path, found: list[tuple[Path, str]], sieve: Sieve, *, are_keyed: bool
) -> None:
    matters = sieve.matters
    for key, child in items:
        if are_keyed and matters(key):
            found.append(((*path, KeyOf(key)), key))
        if isinstance(child, str):
            if matters(child):
                found.append(((*path, key), child))
        elif isinstance(child, dict):
            if _may_matter((child,), sieve):
                _note_strings(child.items(), (*path, key), found, sieve, are_keyed=True)
        elif isinstance(child, (list, tuple)) and child and _may_matter(child, sieve):
            _note_strings(enumerate(child), (*path, key), found, sieve, are_keyed=False)


def _may_matter(nodes: Sequence[Any], sieve: Sieve) -> bool:
    """Whether a string among some nodes matters, or one inside them may: a quick look, where most are passed by."""
    if len(nodes) > MANY:
        return True
    try:
        if isinstance(nodes[0], dict):  # most lists are of structures, and most structures are of scalars
            return sieve.any_of(chain(*nodes, *map(dict.values, nodes)))
        return sieve.any_of(nodes)
    except TypeError:  # something is in them, and not only strings and numbers
        return True


def _custom_places(number: int, command: Command, side: Asked, matters: Callable[[str], object]) -> Iterator[Place]:
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
    if not _says_nothing(last):
        return last
    around = lookup(document, path[:depth])
    beside = next((around[name] for name in ("Name", "Key", "name", "key") if name != last and name in around), None)
    return beside if isinstance(beside, str) else last


def _says_nothing(label: str) -> bool:
    return bool(VALUES.search(label)) and not identifiers.stem_of(label)


# --- what was printed


@dataclass(frozen=True, slots=True)
class Printed:
    """What a command's `--query` let the person see.

    places   where each string stands in the response, and as a place
    listed   the strings that it found in the elements of a list, if it is such a query; None if not
    """

    places: tuple[tuple[Path, Place], ...] = ()
    listed: tuple[str, ...] | None = None


NOTHING_PRINTED = Printed()


def printed(number: int, command: Command, query: Query, matters: Callable[[str], object]) -> Printed:
    """What the command's `--query` let the person see, if anything of it matters."""
    expression = query_of(command)
    if expression is None:
        return NOTHING_PRINTED
    result = _located_result(expression, command.response, query, matters)
    found = list(leaves(result))
    if not any(matters(str(leaf)) for _, leaf in found):
        return NOTHING_PRINTED
    several = _is_projection(result)
    places = tuple(
        (leaf.path, _printed_place(number, command, path, leaf, several=several))
        for path, leaf in found
        if isinstance(leaf, _Located)
    )
    is_list = several and all(isinstance(each, str) for each in result)
    return Printed(places, tuple(map(str, result)) if is_list else None)


def _printed_place(number: int, command: Command, path: Path, leaf: _Located, *, several: bool) -> Place:
    operation = command.operation.name if command.operation else str(leaf.path[0])
    kind, label = identifiers.kind(leaf.path, operation), _label(command.response, leaf.path)
    return Place(number, "printed", path, service_of(command), kind, label, True, str(leaf), several=several)


def _located_result(expression: str, response: Document, query: Query, matters: Callable[[str], object]) -> Any:
    """What a query makes of a response, its scalars located; None where it fits nothing, or nothing that matters."""
    path = plain_path(expression)
    if path is not None:
        with suppress(LookupError):
            return _located(lookup(response, path), path)
        return None
    matter = any(matters(str(leaf)) for _, leaf in leaves(query(expression, response)))
    return query(expression, _located(response)) if matter else None


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
