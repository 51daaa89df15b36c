"""Paths to the values of requests and responses, and what reads and changes values along them.

A path is a tuple of keys: `("Reservations", 0, "InstanceId")` is written `Reservations[0].InstanceId`. A key is the
name of a member, a position in a list, or one of three that recorded paths need:

- `EACH` stands for every element of a list: `Subnets[].SubnetId`
- `Where` finds the one element of a list that has a certain value: `Subnets[?Zone=='us-east-1a'].SubnetId`
- `KeyOf` ends a path that leads to a key of a map itself, not to its value: `Item{Id}`

A value is what an API takes or returns: None, bool, int, float, str, bytes, datetime or `trace/model`'s Opaque, in
lists and in dicts with string keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


class Each(Enum):
    """The key that stands for every element of a list."""

    EACH = "each"


EACH = Each.EACH


@dataclass(frozen=True, slots=True)
class Where:
    """The key of the one element of a list that has `value` at `path`; it was at `index` in the recording."""

    path: Path
    value: str | bool
    index: int


@dataclass(frozen=True, slots=True)
class KeyOf:
    """The last key of a path that leads to a key of a map, not to its value."""

    key: str


Key = str | int | Where | Each | KeyOf
Path = tuple[Key, ...]


class PathNotFound(LookupError):
    """A value has nothing at a path; `path` is the path up to the first key that is missing."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


# --- spelling


def format_path(path: Path) -> str:
    """Return a path as text: `Reservations[0].Tags."a b"`, `Subnets[?Zone=='x'].Id`, `Items{key}` for the key."""
    text = ""
    for key in path:
        if isinstance(key, str):
            text += ("." if text else "") + (key if PLAIN_KEY.match(key) else '"' + key.replace('"', '\\"') + '"')
        elif isinstance(key, Where):
            literal = f"'{key.value}'" if isinstance(key.value, str) else str(key.value).lower()
            text += f"[?{format_path(key.path)}=={literal}]"
        elif isinstance(key, KeyOf):
            text += f"{{{key.key}}}"
        else:
            text += "[]" if key is EACH else f"[{key}]"
    return text


def with_indexes(path: Path) -> Path:
    """Return a path with the recorded position in place of each `Where`."""
    return tuple(key.index if isinstance(key, Where) else key for key in path)


# --- reading


def children(node: Any) -> list[tuple[str | int, Any]]:
    """Return the members or elements directly below a node, with their keys; none for a scalar."""
    if isinstance(node, dict):
        return list(node.items())
    if isinstance(node, (list, tuple)):
        return list(enumerate(node))
    return []


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield each (path, scalar) in a value, in order; empty containers have none."""
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
    """Yield each scalar in a value, in order, without its path."""
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            pending.extend(reversed(node.values()))
        elif isinstance(node, (list, tuple)):
            pending.extend(reversed(node))
        else:
            yield node


def blobs(value: Any) -> list[bytes]:
    """Return each bytes object in a value, in order."""
    return [each for each in scalars(value) if isinstance(each, bytes)]


def is_empty(value: Any) -> bool:
    """Return whether a value is None, or a string, a list or a mapping with nothing in it."""
    return value is None or (isinstance(value, (str, bytes, list, tuple, dict)) and not value)


def lookup(value: Any, path: Path) -> Any:
    """Return the value at a path, with EACH a list of values; raise PathNotFound if there is none."""
    for depth, key in enumerate(path):
        try:
            if key is EACH:
                return [lookup(element, path[depth + 1 :]) for element in _elements(value)]
            value = _child(value, key)
        except LookupError:
            raise PathNotFound(path[: depth + 1]) from None
    return value


def _child(value: Any, key: Key) -> Any:
    if isinstance(key, str) and isinstance(value, dict):
        return value[key]
    if isinstance(key, int):
        return _elements(value)[key]
    if isinstance(key, KeyOf) and isinstance(value, dict) and key.key in value:
        return key.key
    if isinstance(key, Where):
        matching = [element for element in _elements(value) if _matches(element, key)]
        if len(matching) == 1:
            return matching[0]
    raise LookupError(key)


def _elements(value: Any) -> Sequence[Any]:
    if not isinstance(value, (list, tuple)):
        raise LookupError(value)
    return value


def _matches(element: Any, key: Where) -> bool:
    try:
        return bool(lookup(element, key.path) == key.value)
    except LookupError:
        return False


# --- changing


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
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    renamed: dict[str, Any] = {}
    for key, inner in below.items():
        if isinstance(key, KeyOf):
            renamed[key.key] = inner[()]
        elif key in copy if isinstance(copy, dict) else isinstance(key, int) and key < len(copy):
            copy[key] = replace_at(copy[key], inner)
    return {renamed.get(key, key): child for key, child in copy.items()} if renamed else copy


def transform(value: Any, change: Callable[[Path, Any], Any], path: Path = ()) -> Any:
    """Return a copy of a value in which each node, and each key, is what `change(path, node)` returns instead of it.

    Where `change` returns None, the node stays, and `change` is called with what is below it. `replace_at` is for a
    caller that has the paths; this is for one that has a rule.
    """
    changed = change(path, value)
    if changed is not None:
        return changed
    if isinstance(value, Mapping):
        return {
            change((*path, KeyOf(key)), key) or key: transform(child, change, (*path, key))
            for key, child in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [transform(child, change, (*path, index)) for index, child in enumerate(value)]
    return value
