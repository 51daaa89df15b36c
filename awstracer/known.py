"""What awscli answers to all that a dry run of a trace asks it, so that a later one does without awscli.

A trace file has these answers behind its commands. A dry run believes them as long as they are of the awscli that is
installed, and of these very commands. A replay asks awscli itself, and compares: what a dry run showed is done, or
nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from awstracer import __version__
from awstracer.options import Extra, OperationCommand, Option
from awstracer.places import ORDINARY, Asked, Shape
from awstracer.text import Span
from awstracer.trace import Operation, Path, Trace

T = TypeVar("T")
Member = tuple[str, str, Asked, Path]
Partition = tuple[str, str]


@dataclass(frozen=True)
class Known:
    """awscli's answers about one trace.

    awscli     its version
    options    the global ones, and whether each takes a value
    regions    as `noting.Aws` has them
    services   what they are called in ARNs and addresses
    members    what the models say of those of which they say something that matters
    commands   those of operations, by number, with the options that they use; none where awscli makes something up
    """

    awscli: str
    options: Mapping[str, bool]
    regions: Mapping[str, Partition]
    services: Mapping[str, frozenset[str]]
    members: Mapping[Member, Shape]
    commands: Mapping[int, OperationCommand]

    def shape(self, service: str, operation: str, side: Asked, path: Path) -> Shape:
        """As `Models` has it."""
        return self.members.get(member(service, operation, side, path), ORDINARY)

    def namespaces(self, service: str) -> frozenset[str]:
        """As `Models` has them."""
        return self.services.get(service, frozenset({service}))

    def partition(self, region: str) -> Partition | None:
        """As `Models` has it, of a region that has a name in the models; None for any other."""
        return self.regions.get(region)

    def global_options(self) -> Mapping[str, bool]:
        """As `Lines` has them."""
        return self.options

    def operation_command(self, number: int, _operation: Operation, _argv: Sequence[str]) -> OperationCommand:
        """As `Lines` has it, with the options that are used."""
        return self.commands[number]

    def check_line(self, _number: int, _argv: Sequence[str]) -> None:
        """The line was run with the same awscli."""


def member(service: str, operation: str, side: Asked, path: Path) -> Member:
    """A member, whichever element of a list it is in."""
    return service, operation, side, tuple(0 if isinstance(key, int) else key for key in path)


def read(found: object, trace: Trace) -> Known | None:
    """The answers about a trace that its file has; None if they are none, or another awstracer's."""
    try:
        return _read(_typed(found, dict), trace)
    except (LookupError, TypeError, ValueError):
        return None


def _read(found: Mapping[str, Any], trace: Trace) -> Known:
    forms = [_form(_typed(form, dict)) for form in _typed(found["forms"], list)]
    numbers = _typed(found["commands"], list)
    for at, command in zip(numbers, trace.commands, strict=True):
        if (at is None) != (command.operation is None):
            raise ValueError(at)
    if found["awstracer"] != __version__:
        raise ValueError(found["awstracer"])
    return Known(
        awscli=_typed(found["awscli"], str),
        options={name: _typed(value, bool) for name, value in _typed(found["options"], dict).items()},
        regions=_regions(_typed(found["partitions"], list)),
        services={name: frozenset(_texts(names)) for name, names in _typed(found["services"], dict).items()},
        members=dict(_members(_typed(found["members"], list))),
        commands={number: forms[_typed(at, int)] for number, at in enumerate(numbers, 1) if at is not None},
    )


def _regions(partitions: Sequence[Any]) -> dict[str, Partition]:
    return {
        region: (_typed(partition["id"], str), _typed(partition["suffix"], str))
        for partition in partitions
        for region in _texts(_typed(partition, dict)["regions"])
    }


def _members(found: Sequence[Any]) -> Iterator[tuple[Member, Shape]]:
    for service, operation, side, path, said in found:
        if side not in ("request", "response"):
            raise ValueError(side)
        keys = _typed(said, dict).get("keys")
        shape = Shape(_flag(said, "silent"), None if keys is None else _typed(keys, str), _flag(said, "addresses"))
        yield (_typed(service, str), _typed(operation, str), side, _path(path)), shape


def _form(found: Mapping[str, Any]) -> OperationCommand:
    options = tuple(_option(_typed(option, dict)) for option in _typed(found["options"], list))
    extra = tuple(_extra(_typed(extra, dict)) for extra in found.get("extra", ()))
    return OperationCommand(tuple(_texts(found["words"])), options, extra, takes_json=_typed(found["json"], bool))


def _option(found: Mapping[str, Any]) -> Option:
    item, no = (None if found.get(name) is None else _typed(found[name], str) for name in ("item", "no"))
    return Option(
        name=_typed(found["name"], str),
        path=_path(found["path"]),
        kind=_typed(found["kind"], str),
        item=item,
        no=no,
        expands=_typed(found["expands"], bool),
        hidden=_flag(found, "hidden"),
        lacks=frozenset(_texts(found.get("lacks", []))),
    )


def _extra(found: Mapping[str, Any]) -> Extra:
    words = tuple((Span(word),) for word in _texts(found["words"]))
    members, inexact = (frozenset(_texts(found[name])) for name in ("members", "inexact"))
    return Extra(_typed(found["name"], str), words, members, inexact)


def _path(found: object) -> Path:
    keys = tuple(_typed(found, list))
    if not all(isinstance(key, str) or (type(key) is int and key == 0) for key in keys):
        raise ValueError(found)
    return keys


def _texts(found: object) -> list[str]:
    return [_typed(text, str) for text in _typed(found, list)]


def _flag(found: Mapping[str, Any], name: str) -> bool:
    return _typed(found.get(name, False), bool)


def _typed(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(value)
    return value
