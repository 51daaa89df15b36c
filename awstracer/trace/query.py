"""Evaluate the JMESPath expressions of `--query`.

Most expressions are plain paths: `Vpc.VpcId` and `Vpcs[0].VpcId` are looked up directly, without jmespath, which
takes a while to import. All others are evaluated by jmespath, as in awscli.

An expression of a stranger's trace may be written to fill the memory: `[@,@]|[@,@]|[@,@]` repeats its input eight
times, and 60 such pairs repeat it 2**60 times. A limit of the length alone doesn't help: `to_string([@,@])` 16 times,
271 characters, fills 6 GB from one word, and `[@,@][]` 24 times, 191 characters, takes 33 s. So `growth` computes from
the syntax tree how many times an expression can repeat its input, before it is evaluated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from awstracer.trace.paths import Path, lookup

Query = Callable[[str, Any], Any]  # `evaluate`, for functions that take it as an argument

PLAIN_STEP = re.compile(r"([A-Za-z_]\w*)|\[(\d{1,9})\]", re.A)
PLAIN_QUERY = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d{1,9}\])*", re.A)
MAX_LENGTH, MAX_GROWTH = 5_000, 10_000  # characters; times: more than any report has columns

_SUMS = {"multi_select_list", "multi_select_dict"}  # each child gets the same value


def evaluate(expression: str, value: Any) -> Any:
    """Return what an expression selects from a value; None if it does not fit, or its result could be too large."""
    path = plain_path(expression)
    if path is None:
        return _evaluate(expression, value)
    try:
        return lookup(value, path)
    except LookupError:
        return None


@lru_cache(maxsize=1 << 12)
def plain_path(expression: str) -> Path | None:
    """Return the path that a plain expression (`Vpc.VpcId`, `Vpcs[0]`) stands for; None if it is not plain."""
    if not PLAIN_QUERY.fullmatch(expression):
        return None
    return tuple(int(number) if number else name for name, number in PLAIN_STEP.findall(expression))


def _evaluate(expression: str, value: Any) -> Any:
    import jmespath

    if len(expression) > MAX_LENGTH:
        return None
    try:
        compiled = jmespath.compile(expression)
        return compiled.search(value) if growth(compiled.parsed) <= MAX_GROWTH else None
    except Exception:  # noqa: BLE001 - it may be a stranger's, and jmespath raises errors of all types
        return None


def growth(node: Any) -> int:
    """Return how many times the result of a syntax tree's node can contain the node's input.

    `[A, B]` repeats it twice, `[A, B] | [C, D]` four times. A function doubles it, since `to_string` doubles each
    backslash. Raise RecursionError if the tree is nested too deeply.
    """
    below = [growth(child) for child in node["children"] if isinstance(child, dict)]
    if node["type"] in _SUMS:
        return sum(below)
    return math.prod(below) * (2 if node["type"] == "function_expression" else 1)
