"""Paths into documents, and documents rebuilt along them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer.trace.paths import KeyOf, Path, children, replace_at, transform
from tests.values import DOCUMENTS

pytestmark = pytest.mark.once


def nodes(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all nodes, and of all keys."""
    for key, child in children(value):
        yield (*path, key)
        if isinstance(key, str):
            yield (*path, KeyOf(key))
        yield from nodes(child, (*path, key))


@given(st.data(), DOCUMENTS)
def test_other_values_stand_at_their_paths_and_nowhere_else(data: st.DataObject, document: dict[str, Any]) -> None:
    known = [*nodes(document), ("nowhere", 0), ("nowhere", KeyOf("nothing"))]
    drawn = data.draw(st.sets(st.sampled_from(known)))
    chosen = {path for path in drawn if not any(path[:length] in drawn for length in range(len(path)))}
    before = repr(document)
    made = replace_at(document, {path: f"changed {path}" for path in chosen})
    assert made == transform(document, lambda path, _: f"changed {path}" if path in chosen else None)
    assert repr(document) == before


def test_what_is_beside_the_paths_is_shared() -> None:
    document = {"a": [{"b": 1}, {"c": 2}], "d": {"e": 3}}
    made = replace_at(document, {("a", 0, "b"): 9})
    assert made == {"a": [{"b": 9}, {"c": 2}], "d": {"e": 3}}
    assert made["d"] is document["d"]
    assert made["a"][1] is document["a"][1]  # type: ignore[index]
    assert replace_at(document, {}) is document


def test_a_key_gets_another_name_and_a_value_can_become_none() -> None:
    document = {"Music": {"S": 1}, "Other": {}}
    assert replace_at(document, {(KeyOf("Music"),): "Jazz", ("Music", "S"): None}) == {"Jazz": {"S": None}, "Other": {}}
    assert replace_at(document, {(): None}) is None
