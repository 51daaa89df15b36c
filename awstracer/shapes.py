"""What an API's model says of a value, read off botocore's shapes; nothing of botocore is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from awstracer.api_shapes import ORDINARY, Direction, MemberInfo
from awstracer.trace import Key, Path


class Models:
    """What the models of the operations that a process has called say of their requests and responses."""

    def __init__(self, models: Mapping[tuple[str, str], Any]) -> None:
        self._models = models

    def shape(self, service: str, operation: str, side: Direction, path: Path) -> MemberInfo:
        """What is at a path of an operation's request or response; ORDINARY where no model tells."""
        model = self._models.get((service, operation))
        return at(model and (model.input_shape if side == "request" else model.output_shape), path)

    def inputs(self) -> dict[tuple[str, str], Any]:
        """The shapes of the operations' requests."""
        return {name: model.input_shape for name, model in self._models.items()}


def at(shape: Any, path: Path) -> MemberInfo:
    """What a shape says of the value at a path below it; ORDINARY where it says nothing."""
    passed = [shape]
    for step in path:
        passed.append(_below(passed[-1], step))
    return replace(_shape(passed[-1]), is_sensitive=any(map(_is_marked, passed)))


def is_blob(shape: Any, path: Path) -> bool:
    """Whether a shape has bytes at a path below it."""
    for step in path:
        shape = _below(shape, step)
    return shape is not None and shape.type_name == "blob"


def _below(shape: Any, key: Key) -> Any:
    """The shape of what a structure, a map or a list has under a key; None if it has no such."""
    kind = None if shape is None else shape.type_name
    if kind == "structure":
        return shape.members.get(key)
    return shape.value if kind == "map" else shape.member if kind == "list" else None


def _is_marked(shape: Any) -> bool:
    return shape is not None and bool(shape.metadata.get("sensitive"))


def _shape(shape: Any) -> MemberInfo:
    if shape is None:
        return ORDINARY
    is_silent = bool(getattr(shape, "enum", None) or shape.metadata.get("idempotencyToken"))
    addresses = shape.serialization.get("location") == "uri"
    return MemberInfo(is_silent, shape.key.name if shape.type_name == "map" else None, addresses, shape.name)
