"""Selectors: pick an element of a list by what distinguishes it, instead of by its position.

Another account's or region's list has other elements, in another order. If a later request used `subnet-0a1b`, from
`Subnets[1].SubnetId`, and only that subnet is in the zone `us-east-1b`, then the path becomes
`Subnets[?AvailabilityZone=='us-east-1b'].SubnetId`. Values that people chose distinguish best; values that the
service generates, and states, times and counts, are other ones next time, and are never used.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from enum import IntEnum
from operator import itemgetter
from typing import Any

from awstracer.relations.identifiers import DIGIT, Specificity, specificity
from awstracer.trace.paths import Path, Where, children, lookup, with_indexes

ZONE_MEMBER = re.compile(r"zone(name)?$", re.I)
NAME_MEMBER = re.compile(r"(?i:name|key|path\w*|title|alias|identifier)$")
TYPE_MEMBER = re.compile(r"(?i:id|value|type|engine|protocol)$")


class Instability(IntEnum):
    """How probably a value that distinguishes an element is another one in another account and region.

    The name or type of a structure in the element is less stable by 1 than the element's own.
    """

    ECHOED = 0  # it stood in an earlier request or response, and so isn't of this list alone
    ZONE = 1
    NAME = 2
    TYPE = 3
    FLAG = 5
    UNSTABLE = 9


def with_selectors(path: Path, response: Any, echoed: Container[Path]) -> Path:
    """Return a path into a response with selectors for positions, where something distinguishes the elements.

    `echoed` are the paths in the response whose values stood in an earlier request or response.
    """
    selected: Path = ()
    for depth, key in enumerate(path):
        selector = None
        if isinstance(key, int):
            siblings = lookup(response, with_indexes(selected))
            selector = _selector(siblings, key, path[depth + 1 :], (*with_indexes(selected), key), echoed)
        selected = (*selected, key if selector is None else selector)
    return selected


def distinguishing_values(path: Path, response: Any) -> Iterator[str]:
    """Yield the strings that could distinguish the elements that a path passes."""
    for depth, key in enumerate(path):
        siblings = lookup(response, path[:depth])
        if isinstance(key, int) and isinstance(siblings, (list, tuple)) and len(siblings) > 1:
            yield from (value for _, value in _features(siblings[key]) if isinstance(value, str))


def _selector(siblings: Any, index: int, used: Path, here: Path, echoed: Container[Path]) -> Where | None:
    """Return the most stable selector of one element of a list; None if there is none.

    `used` is the path in the element of the value that is looked up, which can't be selected by itself; `here` is the
    element's path in the response.
    """
    if not isinstance(siblings, (list, tuple)) or len(siblings) < 2:
        return None
    ranked = [
        (_instability(path, value, is_echoed=(*here, *with_indexes(path)) in echoed), Where(path, value, index))
        for path, value in _features(siblings[index])
        if path != used
    ]
    for instability, where in sorted(ranked, key=itemgetter(0)):
        if instability < Instability.UNSTABLE and _is_only(where, siblings):
            return where
    return None


def _is_only(where: Where, siblings: Sequence[Any]) -> bool:
    try:
        return lookup(siblings, (where,)) is siblings[where.index]
    except LookupError:
        return False


def _features(element: Any) -> Iterator[tuple[Path, Any]]:
    """Yield an element's scalars, those of its structures and of the first structures of its lists, and its tags."""
    for key, child in children(element):
        if key == "Tags" and isinstance(child, list):
            for index, tag in enumerate(child):
                if isinstance(tag, Mapping) and "Key" in tag:
                    yield (key, Where(("Key",), tag["Key"], index), "Value"), tag.get("Value")
        elif isinstance(child, Mapping):
            yield from (((key, inner), value) for inner, value in child.items())
        elif isinstance(child, list) and child and isinstance(child[0], Mapping):
            yield from (((key, 0, inner), value) for inner, value in child[0].items())
        else:
            yield (key,), child


def _instability(path: Path, value: Any, *, is_echoed: bool) -> int:
    """Return how unstable the value at a path in an element is; the path ends in the member's name."""
    name, is_inner = str(path[-1]), len(path) > 1
    if isinstance(value, bool):
        return Instability.FLAG if value else Instability.UNSTABLE
    if not isinstance(value, str) or not value:
        return Instability.UNSTABLE
    if is_echoed:
        return Instability.ECHOED
    if ZONE_MEMBER.search(name):
        return Instability.ZONE
    is_tag = is_inner and isinstance(path[1], Where)
    has_digit = DIGIT.search(value) is not None  # it was probably generated, unless a person tagged it so
    if (has_digit and not is_tag) or specificity(value) is Specificity.UNIQUE:
        return Instability.UNSTABLE
    if NAME_MEMBER.search(name):
        return Instability.NAME + is_inner
    if TYPE_MEMBER.search(name):
        return Instability.TYPE + is_inner
    return Instability.UNSTABLE
