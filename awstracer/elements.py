"""Elements of lists by what they are: the subnet of a zone, the resource of a path, the output of a name.

Another account's or region's lists have other elements, and the same ones in other places.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from awstracer import identifiers
from awstracer.identifiers import PROOF
from awstracer.trace import Path, Where, children, concrete, lookup

NEVER = 9
NAMED = re.compile(r"(?i:name|key|path\w*|title|alias|identifier)$")
SORTED = re.compile(r"(?i:id|value|type|engine|protocol)$")


def selecting(path: Path, response: Any, echoed: Container[Path]) -> Path:
    """The path into a response with selectors in the place of positions, wherever something tells the elements apart.

    `echoed` are the paths in the response that repeat what was known before.
    """
    selected: Path = ()
    for depth, key in enumerate(path):
        found = None
        if isinstance(key, int):
            siblings = lookup(response, concrete(selected))
            found = _distinguishing(siblings, key, path[depth + 1 :], (*concrete(selected), key), echoed)
        selected = (*selected, key if found is None else found)
    return selected


def neighbours(path: Path, response: Any) -> Iterator[str]:
    """The strings that could tell apart the elements that a path passes."""
    for depth, key in enumerate(path):
        siblings = lookup(response, path[:depth])
        if isinstance(key, int) and isinstance(siblings, (list, tuple)) and len(siblings) > 1:
            yield from (value for _, value in _features(siblings[key]) if isinstance(value, str))


def _distinguishing(siblings: Any, index: int, wanted: Path, here: Path, echoed: Container[Path]) -> Where | None:
    """What tells one element of a list from all others, other than what is `wanted` of it."""
    if not isinstance(siblings, (list, tuple)) or len(siblings) < 2:
        return None
    ranked = [
        (_inconstancy(path, value, known=(*here, *concrete(path)) in echoed), Where(path, value, index))
        for path, value in _features(siblings[index])
        if path != wanted
    ]
    for rank, where in sorted(ranked, key=lambda each: each[0]):
        if rank < NEVER and _is_only(where, siblings):
            return where
    return None


def _is_only(where: Where, siblings: Sequence[Any]) -> bool:
    try:
        return lookup(siblings, (where,)) is siblings[where.index]
    except LookupError:
        return False


def _features(element: Any) -> Iterator[tuple[Path, Any]]:
    """The scalars of an element, and those of the structures and the lists' first structures right in it; its tags."""
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


def _inconstancy(path: Path, value: Any, *, known: bool) -> int:
    """How badly a member identifies its element in another account and region; `NEVER` if not at all.

    What people named does best, then where things are and of what sort they are. What was minted does not,
    nor what passes (states, times, counts); what has digits, and was not known before, was probably minted.
    """
    name = str(path[-1])
    if isinstance(value, bool):
        return 5 if value else NEVER
    if not isinstance(value, str) or not value:
        return NEVER
    if known:
        return 0
    if re.search(r"zone(name)?$", name, re.I):
        return 1
    is_tag = len(path) > 1 and isinstance(path[1], Where)
    if (re.search(r"\d", value) and not is_tag) or identifiers.strength(value) is PROOF:
        return NEVER
    for rank, pattern in enumerate((NAMED, SORTED), 2):
        if pattern.search(name):
            return rank + (1 if len(path) > 1 else 0)
    return NEVER
