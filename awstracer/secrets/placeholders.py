"""Placeholders: what a trace holds in the place of its secrets.

Secrets are not stored. `hunter2` is replaced by a placeholder such as `<SECRET-0F3A...>`, whose 32 digits are an HMAC
of the secret under the session's key: the secret cannot be recovered from it. Equal secrets of one session have equal
placeholders, so a relation can follow a placeholder from a response to a later request like any other value.

Which values are secrets is decided in `secrets/detector`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Iterator
from typing import Any

from awstracer.trace.encodings import decode_base64
from awstracer.trace.paths import scalars

DISPLAYED = "<secret>"  # printed in the place of a placeholder, and of the secret that fills it
PREFIX = "<SECRET-"
PLACEHOLDER = re.compile(rf"{PREFIX}[0-9A-F]{{32}}>")
KEY_LENGTH = 32  # bytes


def new_key() -> bytes:
    """Return a random key: under the same key, equal secrets have equal placeholders."""
    return os.urandom(KEY_LENGTH)


def placeholder_for(key: bytes, secret: str | bytes) -> str:
    """Return the placeholder of a secret under a session's key.

    A secret, its bytes, their base64 and each of these with a newline at the end have the same placeholder.
    """
    return format_placeholder(hmac.new(key, _canonical(secret), hashlib.sha256).digest()[:16])


def format_placeholder(digest: bytes) -> str:
    """Return the placeholder that shows a digest of 16 bytes."""
    return f"{PREFIX}{digest.hex().upper()}>"


def is_placeholder(value: Any) -> bool:
    """Return whether a value is a placeholder, as text or bytes, with nothing around it."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return isinstance(text, str) and bool(PLACEHOLDER.fullmatch(text))


def find_placeholders(value: Any) -> Iterator[str]:
    """Yield the placeholders in a value, in order: those in its strings and bytes, and in base64 of a text."""
    for scalar in scalars(value):
        text = decoded_text(scalar)
        if text is not None and PREFIX in text:
            yield from PLACEHOLDER.findall(text)


def decoded_text(leaf: Any) -> str | None:
    """Return a scalar as text, decoded if it is base64 of a text; None if it is neither a string nor bytes."""
    text = leaf.decode("utf-8", "surrogateescape") if isinstance(leaf, bytes) else leaf
    return (decode_base64(text.strip()) or text) if isinstance(text, str) else None


def _canonical(secret: str | bytes) -> bytes:
    """Return what is left of a secret when white space around it and base64 are taken off, as often as possible."""
    raw = (secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret).strip()
    while raw:
        try:
            inner = base64.b64decode(raw, validate=True)
        except ValueError:
            break
        if not inner.strip() or base64.b64encode(inner) != raw:
            break
        raw = inner.strip()
    return raw
