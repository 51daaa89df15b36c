"""Holes: what stands in a trace in the place of a secret.

A hole is a token. Equal secrets of one session have equal tokens, so that a hole can be followed like any
other value; the token tells nothing about the secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from awstracer.encodings import decoded
from awstracer.trace import scalars

SHOWN = "<secret>"  # what people see of a hole, and of what is put into one
BEGINNING = "<SECRET-"
HOLE = re.compile(rf"{BEGINNING}[0-9A-F]{{32}}>")


def token(digest: bytes) -> str:
    """The hole that 16 bytes make."""
    return f"{BEGINNING}{digest.hex().upper()}>"


def is_hole(value: Any) -> bool:
    """Whether a value, text or bytes, is a hole and nothing else."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return isinstance(text, str) and bool(HOLE.fullmatch(text))


def holes(value: Any) -> Iterator[str]:
    """The tokens in a value, in order: in all its strings and bytes, and in what these encode as base64."""
    for scalar in scalars(value):
        text = text_of(scalar)
        if text is not None and BEGINNING in text:
            yield from HOLE.findall(text)


def text_of(leaf: Any) -> str | None:
    """What a scalar says, read from base64 where it is that; None for what is no text."""
    text = leaf.decode("utf-8", "surrogateescape") if isinstance(leaf, bytes) else leaf
    return (decoded(text.strip()) or text) if isinstance(text, str) else None
