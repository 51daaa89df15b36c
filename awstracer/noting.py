"""awscli's answers to all that a dry run of a trace asks, noted so that `known` can give them without awscli."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from awstracer import __version__, known, plan, relations, tracefile
from awstracer.errors import AwstracerError
from awstracer.known import Known, Member, Partition
from awstracer.options import Extra, OperationCommand, Option
from awstracer.places import ORDINARY, Asked, Models, Query, Shape
from awstracer.steps import Catalog
from awstracer.text import plain
from awstracer.trace import Document, Operation, Path, Trace


class Aws(Models, Catalog, Protocol):
    """awscli, as far as it is asked here; `driver.AwsCli`."""

    def regions(self) -> Mapping[str, Partition]:
        """The partitions of all regions, each with its hosts' suffix."""


class Noting:
    """awscli, its answers noted."""

    def __init__(self, aws: Aws, version: str) -> None:
        self._aws, self.version = aws, version
        self._regions = dict(aws.regions())
        self._services: dict[str, frozenset[str]] = {}
        self._members: dict[Member, Shape] = {}
        self._commands: dict[int, OperationCommand] = {}

    @property
    def known(self) -> Known:
        """The answers up to now."""
        options = self._aws.global_options()
        members = {member: shape for member, shape in self._members.items() if shape != ORDINARY}
        return Known(self.version, options, self._regions, self._services, members, self._commands)

    def confirms(self, said: Known) -> bool:
        """Whether the answers up to now are those that are known; what was not asked may be known too."""
        return (
            said.options == self._aws.global_options()
            and said.regions.items() <= self._regions.items()
            and all(said.namespaces(service) == names for service, names in self._services.items())
            and all(said.shape(*member) == shape for member, shape in self._members.items())
            and all(said.commands.get(number) == command for number, command in self._commands.items())
        )

    def shape(self, service: str, operation: str, side: Asked, path: Path) -> Shape:
        """As `Models` has it."""
        shape = self._aws.shape(service, operation, side, path)
        said = Shape(is_silent=shape.is_silent, keys=shape.keys, addresses=shape.addresses)
        self._members[known.member(service, operation, side, path)] = said
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


def of(trace: Trace, query: Query, aws: Aws, version: str) -> Known | None:
    """What awscli of a version answers about a trace; None where a dry run needs to ask it each time."""
    noting = Noting(aws, version)
    try:
        plan.make(trace, relations.derive(trace, query, noting), (), noting)
    except AwstracerError:  # a dry run will say so
        return None
    found = noting.known
    return None if any(command.fresh for command in found.commands.values()) else found


def noted(trace: Trace, query: Query, aws: Callable[[], Aws], version: str) -> Document | None:
    """What awscli of a version answers about a trace, as a trace file has it; None where that can't be had."""
    try:
        saved = tracefile.loads(tracefile.dumps(trace))  # which a dry run will ask about
        found = of(saved, query, aws(), version)
    except Exception:  # noqa: BLE001 - a trace without it is slower to show; not to be saved would be worse
        return None
    return document(found, trace) if found is not None else None


def is_confirmed(trace: Trace, aws: Noting) -> bool:
    """Whether what a dry run of the trace believes of this awscli is so, as far as it has been asked."""
    said = known.read(trace.known, trace) if trace.known is not None else None
    return said is None or said.awscli != aws.version or aws.confirms(said)


# --- known -> document


def document(found: Known, trace: Trace) -> Document:
    """The answers about a trace as its file has them."""
    forms = {number: json.dumps(_form_document(command)) for number, command in found.commands.items()}
    distinct = {form: at for at, form in enumerate(dict.fromkeys(forms.values()))}
    return {
        "awstracer": __version__,
        "awscli": found.awscli,
        "options": dict(found.options),
        "partitions": _partitions(found.regions),
        "services": {service: sorted(names) for service, names in found.services.items()},
        "members": [[*member[:3], list(member[3]), _shape_document(shape)] for member, shape in found.members.items()],
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
