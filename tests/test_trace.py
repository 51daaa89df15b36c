"""Paths into documents, and documents rebuilt along them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer.paths import EACH, KeyOf, Path, PathNotFound, Where, children, lookup, rebuilt, rebuilt_at

from .values import DOCUMENTS

pytestmark = pytest.mark.once


def nodes(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all nodes, and of all keys."""
    for key, child in children(value):
        yield (*path, key)
        if isinstance(key, str):
            yield (*path, KeyOf(key))
        yield from nodes(child, (*path, key))


@given(st.data(), DOCUMENTS)
def test_what_changes_at_some_paths_only_is_rebuilt_there_as_it_is_rebuilt_everywhere(
    data: st.DataObject, document: dict[str, Any]
) -> None:
    known = [*nodes(document), ("nowhere", 0), ("nowhere", KeyOf("nothing"))]
    chosen = data.draw(st.sets(st.sampled_from(known)))
    before = repr(document)

    def change(path: Path, _: Any) -> Any:
        return f"changed {path}" if path in chosen else None

    assert rebuilt_at(chosen, document, change) == rebuilt(document, change)
    assert repr(document) == before


def test_what_is_beside_the_paths_is_shared() -> None:
    document = {"a": [{"b": 1}, {"c": 2}], "d": {"e": 3}}
    made = rebuilt_at([("a", 0, "b")], document, lambda path, _: 9 if path == ("a", 0, "b") else None)
    assert made == {"a": [{"b": 9}, {"c": 2}], "d": {"e": 3}}
    assert made["d"] is document["d"]
    assert made["a"][1] is document["a"][1]  # type: ignore[index]
    assert rebuilt_at([], document, lambda *_: None) is document


DOCUMENT = {"Subnets": [{"Id": "subnet-1", "Zone": "a"}, {"Id": "subnet-2", "Zone": "b"}], "Tags": {"Stage": "test"}}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), DOCUMENT),
        (("Subnets", 1, "Id"), "subnet-2"),
        (("Subnets", EACH, "Id"), ["subnet-1", "subnet-2"]),
        (("Subnets", Where(("Zone",), "b", 0), "Id"), "subnet-2"),
        (("Tags", KeyOf("Stage")), "Stage"),
    ],
)
def test_a_path_leads_to_a_value(path: Path, expected: object) -> None:
    assert lookup(DOCUMENT, path) == expected


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        (("Vpcs", 0, "Id"), ("Vpcs",)),
        (("Subnets", 2, "Id"), ("Subnets", 2)),
        (("Subnets", "Id"), ("Subnets", "Id")),
        (("Tags", KeyOf("Name")), ("Tags", KeyOf("Name"))),
        (("Subnets", EACH, "Name"), ("Subnets", EACH)),
    ],
)
def test_an_error_names_the_path_up_to_the_first_missing_key(path: Path, missing: Path) -> None:
    with pytest.raises(PathNotFound) as error:
        lookup(DOCUMENT, path)
    assert error.value.path == missing
