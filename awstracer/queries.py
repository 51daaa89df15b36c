"""What `--query` makes of a response."""

from __future__ import annotations

from typing import Any

from awstracer.places import plain_path
from awstracer.trace import lookup


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
