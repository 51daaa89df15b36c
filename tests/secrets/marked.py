"""Values in which «secrets» are marked: what a redactor is given, and what it has to return."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from awstracer.secrets.placeholders import placeholder_for

KEY = b"a session's key"
MARKED = re.compile(r"«(.*?)»", re.S)


def blob(text: str) -> bytes:
    """Return a text as bytes, in which secrets may be marked too."""
    return text.encode("latin-1")


def unmarked(value: Any) -> Any:
    """Return a value with its secrets, without the marks."""
    return _with_each_text(value, lambda text: MARKED.sub(lambda match: match[1], text))


def with_placeholders(value: Any) -> Any:
    """Return a value with placeholders in the place of its marked secrets."""

    def placeholder(match: re.Match[str]) -> str:
        return placeholder_for(KEY, unquote_to_bytes(match[1].encode("latin-1")))

    return _with_each_text(value, lambda text: MARKED.sub(placeholder, text))


def _with_each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _with_each_text(child, change) for key, child in value.items()}
    if isinstance(value, list):
        return [_with_each_text(child, change) for child in value]
    if isinstance(value, bytes):
        return change(value.decode("latin-1")).encode("latin-1")
    return change(value) if isinstance(value, str) else value
