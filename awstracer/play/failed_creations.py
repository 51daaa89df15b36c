"""What commands of a replay failed to create, and which later ones would change or delete it.

With `-f`, a replay goes on when `create-role` failed since the role exists already. `delete-role`, some commands later,
would then delete the role that was there before. So a command is skipped that changes or deletes a resource which this
replay failed to create. What only reads it is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from awstracer.errors import NotCreated
from awstracer.plan.invocation import Invocation
from awstracer.plan.model import Step
from awstracer.plan.scheduler import SEGMENT
from awstracer.relations.operations import is_read_only, names_created_resource, resource_type
from awstracer.trace.paths import strings


class Name(NamedTuple):
    """The name of a resource, with its service and type: `("iam", "role", "deployer")`."""

    service: str
    type: str
    text: str


class FailedCreations:
    """The resources that steps failed to create, each with the step's number."""

    def __init__(self) -> None:
        self._numbers: dict[Name, int] = {}
        self._created: set[Name] = set()

    def add_done(self, step: Step, invocation: Invocation) -> None:
        """Note a step that is done: what it has created is this replay's."""
        self._created.update(_created_names(step, invocation))

    def add_failed(self, step: Step, invocation: Invocation) -> None:
        """Note a step that failed, and has created nothing."""
        names = set(_created_names(step, invocation)) - self._created
        self._numbers.update(dict.fromkeys(names, step.number))

    def check(self, step: Step, invocation: Invocation) -> None:
        """Raise NotCreated if a step would change or delete what an earlier one failed to create."""
        if not self._numbers or all(map(is_read_only, _operations(step))):
            return
        named = set(_names(step, invocation)) - set(_created_names(step, invocation))
        for name, number in self._numbers.items():
            if name in named:
                raise NotCreated(number, name.type, name.text)


def _operations(step: Step) -> list[str]:
    """Return what a step calls: an operation, or what a custom command called when it was recorded."""
    operation = step.command.operation
    return [call.operation for call in step.command.calls] if operation is None else [operation.name]


def _created_names(step: Step, invocation: Invocation) -> Iterator[Name]:
    """Yield the names of what a step creates; a custom command has them in its words, as it had when recorded."""
    operation, parameters = step.command.operation, invocation.parameters
    if operation is not None and parameters is not None:
        for path, text in strings(parameters):
            if names_created_resource(path, operation.name):
                yield Name(operation.service, resource_type(path, operation.name), text)
        return
    recorded = {
        text: Name(call.service, resource_type(path, call.operation), text)
        for call in step.command.calls
        for path, text in strings(call.request)
        if names_created_resource(path, call.operation)
    }
    for before, now in zip(step.command.argv, invocation.argv, strict=False):
        for segment, text in zip(SEGMENT.findall(before), SEGMENT.findall(now), strict=False):
            if segment in recorded:
                yield recorded[segment]._replace(text=text)


def _names(step: Step, invocation: Invocation) -> Iterator[Name]:
    """Yield the names of what a step is about, and their last segments (`arn:aws:iam::1:role/deployer`).

    A custom command's words don't say which type they name, so they may name each type of its services.
    """
    operation, parameters = step.command.operation, invocation.parameters
    if operation is not None and parameters is not None:
        for path, text in strings(parameters):
            for each in {text, *SEGMENT.findall(text)[-1:]}:
                yield Name(operation.service, resource_type(path, operation.name), each)
        return
    types = {
        (call.service, resource_type(path, call.operation))
        for call in step.command.calls
        for path, _ in strings(call.request)
    }
    for word in invocation.argv:
        for text in SEGMENT.findall(word):
            yield from (Name(service, type_, text) for service, type_ in types)
