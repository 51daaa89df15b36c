"""What awscli answers to all that a dry run of a trace asks it, so that a later one does without awscli.

A trace file has these answers behind its commands. A dry run believes them as long as they are of the awscli that is
installed, and of these very commands. A replay asks awscli itself, and compares: what a dry run showed is done, or
nothing is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from awstracer import __version__, plan, relations
from awstracer.commandline import Extra, OperationCommand, Option, Span, plain
from awstracer.errors import AwstracerError
from awstracer.places import ORDINARY, Asked, Models, Query, Shape
from awstracer.steps import Catalog
from awstracer.trace import Document, Operation, Path, Trace

T = TypeVar("T")
Member = tuple[str, str, Asked, Path]
Partition = tuple[str, str]


class Aws(Models, Catalog, Protocol):
    """awscli, as far as it is asked here; `driver.AwsCli`."""

    def regions(self) -> Mapping[str, Partition]:
        """The partitions of all regions, each with its hosts' suffix."""


@dataclass(frozen=True)
class Known:
    """awscli's answers about one trace.

    awscli     its version
    options    the global ones, and whether each takes a value
    regions    as `Aws` has them
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
        return self.members.get(_member(service, operation, side, path), ORDINARY)

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


class Noting:
    """awscli, its answers noted."""

    def __init__(self, aws: Aws, version: str) -> None:
        self._aws, self._version = aws, version
        self._regions = dict(aws.regions())
        self._services: dict[str, frozenset[str]] = {}
        self._members: dict[Member, Shape] = {}
        self._commands: dict[int, OperationCommand] = {}

    @property
    def known(self) -> Known:
        """The answers up to now."""
        options = self._aws.global_options()
        return Known(self._version, options, self._regions, self._services, self._members, self._commands)

    def shape(self, service: str, operation: str, side: Asked, path: Path) -> Shape:
        """As `Models` has it."""
        shape = self._aws.shape(service, operation, side, path)
        said = Shape(is_silent=shape.is_silent, keys=shape.keys, addresses=shape.addresses)
        if said != ORDINARY:
            self._members[_member(service, operation, side, path)] = said
        return shape

    def namespaces(self, service: str) -> frozenset[str]:
        """As `Models` has them."""
        answer = self._services[service] = self._aws.namespaces(service)
        return answer

    def partition(self, region: str) -> Partition | None:
        """As `Models` has it."""
        answer = self._aws.partition(region)
        if answer is not None:
            self._regions[region] = answer
        return answer

    def global_options(self) -> Mapping[str, bool]:
        """As `Lines` has them."""
        return self._aws.global_options()

    def operation_command(self, number: int, operation: Operation, argv: Sequence[str]) -> OperationCommand:
        """As `Lines` has it."""
        command = self._aws.operation_command(number, operation, argv)
        used = tuple(option for option in command.options if option.path[0] in operation.parameters)
        self._commands[number] = replace(command, options=used)
        return command

    def check_line(self, number: int, argv: Sequence[str]) -> None:
        """As `Lines` does."""
        self._aws.check_line(number, argv)

    def read_option(self, words: tuple[str, ...], option: str, text: str) -> Mapping[str, Any]:
        """As `Catalog` does."""
        return self._aws.read_option(words, option, text)

    def check(self, number: int, operation: Operation) -> None:
        """As `Catalog` does."""
        self._aws.check(number, operation)


def _member(service: str, operation: str, side: Asked, path: Path) -> Member:
    """A member, whichever element of a list it is in."""
    return service, operation, side, tuple(0 if isinstance(key, int) else key for key in path)


def of(trace: Trace, query: Query, aws: Aws, version: str) -> Known | None:
    """What awscli of a version answers about a trace; None where a dry run needs to ask it each time."""
    noting = Noting(aws, version)
    try:
        plan.make(trace, relations.derive(trace, query, noting), (), noting)
    except AwstracerError:  # a dry run will say so
        return None
    known = noting.known
    return None if any(command.fresh for command in known.commands.values()) else known


def noted(trace: Trace, query: Query, aws: Aws, version: str) -> Document | None:
    """What awscli of a version answers about a trace, as a trace file has it; None where it has nothing of that."""
    try:
        known = of(trace, query, aws, version)
    except Exception:  # noqa: BLE001 - a trace without it is slower to show; not to be saved would be worse
        return None
    return document(known, trace) if known is not None else None


def is_confirmed(trace: Trace, aws: Known) -> bool:
    """Whether what a dry run of the trace believes of this awscli is so; it may have been asked for more regions."""
    said = read(trace.known, trace) if trace.known is not None else None
    if said is None or said.awscli != aws.awscli:
        return True
    return said.regions.items() <= aws.regions.items() and replace(aws, regions=said.regions) == said


# --- known -> document


def document(known: Known, trace: Trace) -> Document:
    """The answers about a trace as its file has them."""
    forms = {number: json.dumps(_form_document(command)) for number, command in known.commands.items()}
    distinct = {form: at for at, form in enumerate(dict.fromkeys(forms.values()))}
    return {
        "awstracer": __version__,
        "awscli": known.awscli,
        "options": dict(known.options),
        "partitions": _partitions(known.regions),
        "services": {service: sorted(names) for service, names in known.services.items()},
        "members": [[*member[:3], list(member[3]), _shape_document(shape)] for member, shape in known.members.items()],
        "forms": [json.loads(form) for form in distinct],
        "commands": [distinct.get(forms.get(at, "")) for at in range(1, len(trace.commands) + 1)],
    }


def _partitions(regions: Mapping[str, Partition]) -> list[dict[str, Any]]:
    return [
        {"id": id_, "suffix": suffix, "regions": [name for name, its in regions.items() if its == (id_, suffix)]}
        for id_, suffix in dict.fromkeys(regions.values())
    ]


def _shape_document(shape: Shape) -> dict[str, Any]:
    return _set(silent=shape.is_silent, keys=shape.keys, addresses=shape.addresses)


def _form_document(command: OperationCommand) -> dict[str, Any]:
    return {
        "words": list(command.words),
        "options": [_option_document(option) for option in command.options],
        "json": command.takes_json,
        **_set(extra=[_extra_document(extra) for extra in command.extra]),
    }


def _option_document(option: Option) -> dict[str, Any]:
    plain_words = {"name": option.name, "path": list(option.path), "kind": option.kind, "expands": option.expands}
    return plain_words | _set(item=option.item, no=option.no, hidden=option.hidden, lacks=sorted(option.lacks))


def _extra_document(extra: Extra) -> dict[str, Any]:
    words, members, inexact = list(map(plain, extra.words)), sorted(extra.members), sorted(extra.inexact)
    return {"name": extra.name, "words": words, "members": members, "inexact": inexact}


def _set(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value}


# --- document -> known


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
        keys = said.get("keys")
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
