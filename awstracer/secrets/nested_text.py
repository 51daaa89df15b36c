"""Change texts that are encoded in other texts: JSON documents in strings, and base64.

A policy, a state machine's definition or a Lambda payload is a request's string that holds a JSON document. When the
password in `{ "password": "hunter2" }` is replaced, all other characters of the text stay as they are.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

from awstracer.trace.encodings import decode_base64
from awstracer.trace.paths import leaves

JSON_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"(?P<key>\s*:)?|-?\d[\d.eE+-]*|true|false|null|NaN|-?Infinity')


def change_nested(text: str, change_document: Callable[[Any], Any], change_text: Callable[[str], str]) -> str | None:
    """Return a JSON text or a base64 text with its content changed; None if the text is neither."""
    document = parse_json(text)
    if document is not None:
        return rewrite_json(text, document, change_document(document))
    plain = decode_base64(text)
    if plain is None:
        return None
    changed = change_text(plain)
    return text if changed == plain else base64.b64encode(changed.encode()).decode()


def parse_json(text: str) -> Any:
    """Return the JSON object or array that a text is; None if it is none."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def rewrite_json(text: str, old: Any, new: Any) -> str:
    """Return the JSON text of `old` with the scalars of `new`, which has the same shape; the rest stays as written."""
    if new == old:
        return text
    before, after = [scalar for _, scalar in leaves(old)], [scalar for _, scalar in leaves(new)]
    literals = [match for match in JSON_LITERAL.finditer(text) if not match["key"]]
    if len(literals) != len(before):  # a key that stands twice has two literals, and one scalar
        return json.dumps(new)
    result, end = "", 0
    for literal, was, now in zip(literals, before, after, strict=True):
        if now != was:
            is_ascii = literal[0].isascii() or "\\u" in literal[0]
            result += text[end : literal.start()] + json.dumps(now, ensure_ascii=is_ascii)
            end = literal.end()
    return result + text[end:]
