"""Evaluate the JMESPath expressions of `--query`.

Most queries are plain paths: `Vpc.VpcId` and `Vpcs[0].VpcId` are looked up directly, which needs no jmespath.
Everything else is evaluated by `trace/query`'s limited interpreter, as awscli does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from awstracer.trace import Path, lookup

Query = Callable[[str, Any], Any]  # (expression, document) -> result, as `query` below

PLAIN_STEP = re.compile(r"([A-Za-z_]\w*)|\[(\d{1,9})\]", re.A)
PLAIN_QUERY = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d{1,9}\])*", re.A)


def query(expression: str, document: Any) -> Any:
    """What `--query` makes of a response; None where the expression doesn't fit it, or makes far too much of it."""
    path = plain_path(expression)
    if path is None:
        from awstracer import frugal  # importing jmespath takes a while, and most queries do without

        return frugal.search(expression, document)
    try:
        return lookup(document, path)
    except LookupError:
        return None


@lru_cache(maxsize=1 << 12)
def plain_path(expression: str) -> Path | None:
    """Return the path that a JMESPath expression is (`Vpc.VpcId`, `Vpcs[0]`); None if it is more than that."""
    if not PLAIN_QUERY.fullmatch(expression):
        return None
    return tuple(int(number) if number else name for name, number in PLAIN_STEP.findall(expression))
