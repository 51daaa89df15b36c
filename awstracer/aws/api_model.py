"""What API models say about a member: its type name, whether it is an enum or a token, whether it is sensitive.

For the path `Environment.Variables.DB_PASSWORD` of `lambda.CreateFunction`'s request the model has the shape
`EnvironmentVariableValue`, which lies in a structure marked as sensitive.

The functions walk botocore's shape objects without importing botocore: the plugin uses them in `aws`'s own process.
`aws/catalog` finds the shapes of the installed awscli.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from awstracer.trace.paths import Key, Path

Direction = Literal["request", "response"]


@dataclass(frozen=True, slots=True)
class MemberInfo:
    """What a model tells about one member.

    is_silent     whether its values can't come from elsewhere: it is an enumeration, or an idempotency token
    keys          for a map, the shape name of its keys
    addresses     whether it is a part of the URL that a request is sent to, and so names a resource
    name          the shape's name (`VpcId`)
    is_sensitive  whether the model marks it, or a structure around it, as sensitive
    """

    is_silent: bool = False
    keys: str | None = None
    addresses: bool = False
    name: str = ""
    is_sensitive: bool = False


UNKNOWN_MEMBER = MemberInfo()


class MemberModel(Protocol):
    """What API models say about members."""

    def shape(self, service: str, operation: str, side: Direction, path: Path) -> MemberInfo:
        """Return what is at a path of an operation's request or response; UNKNOWN_MEMBER if no model has it."""


class ApiModel(MemberModel, Protocol):
    """What API models say about members, services and regions; `aws/catalog` implements it with botocore."""

    def namespaces(self, service: str) -> frozenset[str]:
        """Return the names that a service has in ARNs and host names, its own name among them."""

    def partition(self, region: str) -> tuple[str, str] | None:
        """Return a region's partition and host suffix (`aws`, `amazonaws.com`); None if there is no such region."""


class CapturedApiModel:
    """What the models say of the operations that one process has called."""

    def __init__(self, models: Mapping[tuple[str, str], Any]) -> None:
        self._models = models

    def shape(self, service: str, operation: str, side: Direction, path: Path) -> MemberInfo:
        """Return what the model says about a path of a request or response; UNKNOWN_MEMBER if it says nothing."""
        model = self._models.get((service, operation))
        return member_info(model and (model.input_shape if side == "request" else model.output_shape), path)

    def inputs(self) -> dict[tuple[str, str], Any]:
        """Return the shapes of the operations' requests, by service and operation."""
        return {name: model.input_shape for name, model in self._models.items()}


def member_info(shape: Any, path: Path) -> MemberInfo:
    """Return what a shape says about the path below it; UNKNOWN_MEMBER if it says nothing."""
    shapes = [shape]
    for step in path:
        shapes.append(_below(shapes[-1], step))
    return replace(_shape(shapes[-1]), is_sensitive=any(map(_is_marked, shapes)))


def is_blob(shape: Any, path: Path) -> bool:
    """Return whether a shape has bytes at the path below it."""
    for step in path:
        shape = _below(shape, step)
    return shape is not None and shape.type_name == "blob"


def _below(shape: Any, key: Key) -> Any:
    """Return the shape under a key of a structure, a map or a list; None if there is none."""
    kind = None if shape is None else shape.type_name
    if kind == "structure":
        return shape.members.get(key)
    return shape.value if kind == "map" else shape.member if kind == "list" else None


def _is_marked(shape: Any) -> bool:
    return shape is not None and bool(shape.metadata.get("sensitive"))


def _shape(shape: Any) -> MemberInfo:
    if shape is None:
        return UNKNOWN_MEMBER
    is_silent = bool(getattr(shape, "enum", None) or shape.metadata.get("idempotencyToken"))
    addresses = shape.serialization.get("location") == "uri"
    return MemberInfo(is_silent, shape.key.name if shape.type_name == "map" else None, addresses, shape.name)
