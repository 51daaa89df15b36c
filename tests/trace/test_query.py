"""What `--query` selects: plain paths are looked up directly, everything else is jmespath's, within limits."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer.trace.query import MAX_LENGTH, evaluate, growth, plain_path
from tests.values import TEXT

pytestmark = pytest.mark.once

MEMBERS = st.sampled_from(["a", "b", "_c", "true", "null"])
DOCUMENTS = st.recursive(
    st.none() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=3),
    max_leaves=8,
)
STEPS = st.lists(MEMBERS.map(".{}".format) | st.integers(0, 3).map("[{}]".format), max_size=4).map("".join)


@given(MEMBERS, STEPS, st.dictionaries(MEMBERS, DOCUMENTS, max_size=4))
def test_a_plain_query_selects_what_jmespath_selects(first: str, rest: str, document: Any) -> None:
    assert plain_path(first + rest) is not None
    assert evaluate(first + rest, document) == jmespath.search(first + rest, document)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a | b", 1),
        ("Reservations[].Instances[].[InstanceId, Tags[?Key=='Name'].Value | [0], State.Name]", 3),
        ("{a: [b, c], d: e}", 3),
        ("[@, @] | [@, @] | [@, @]", 8),
        ("to_string(to_string(@))", 4),
        ("|".join(["[@,@]"] * 60), 2**60),
    ],
)
def test_how_often_an_expression_repeats_what_it_is_given(expression: str, expected: int) -> None:
    assert growth(jmespath.compile(expression).parsed) == expected


def test_an_expression_that_is_too_long_selects_nothing() -> None:
    for blanks, expected in (MAX_LENGTH - 5, [7]), (MAX_LENGTH - 4, None):
        assert evaluate("[ a ]" + " " * blanks, {"a": 7}) == expected
