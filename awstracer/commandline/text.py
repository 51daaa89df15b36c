"""Text with provenance: which characters of a command line were recorded, and which come from elsewhere.

A `Text` is a tuple of `Span`s, each a piece of text with its `Provenance`: `policy/p-one`, in which `p-one` was given
with `-p`, is `(Span("policy/"), Span("p-one", Provenance.OVERRIDDEN))`. A `MarkedValue` is a value of a request that
isn't the recorded one, with its provenance; it says nothing about how the value is written.

Splitting a typed line and quoting words for a shell stand here too. `commandline/formatter` writes values as options,
and `cli/styles` gives each provenance a colour.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from awstracer.errors import SplitError, UnfinishedLine
from awstracer.trace.model import Opaque

UNSAFE = re.compile(r"[^\w@%+=:,./-]", re.ASCII)


class Provenance(Enum):
    """Where a value or a piece of text comes from.

    RECORDED    the trace, unchanged
    OVERRIDDEN  `-p` of this replay
    DERIVED     another value of this replay
    PENDING     a response that a dry run doesn't have: the recorded value stands in for it
    HIDDEN      a secret, which is never shown, wherever it comes from
    """

    RECORDED = "recorded"
    OVERRIDDEN = "overridden"
    DERIVED = "derived"
    PENDING = "pending"
    HIDDEN = "hidden"


class Segment(NamedTuple):
    """A piece of text of one provenance. (A tuple, since a long line has very many.)"""

    text: str
    provenance: Provenance = Provenance.RECORDED


MarkedText = tuple[Segment, ...]
SPACE, QUOTE = Segment(" "), Segment("'")
_text_of = itemgetter(0)


@dataclass(frozen=True, slots=True)
class MarkedValue:
    """A value of a request with its provenance.

    typed_as   how a person typed the value, `file://policy.json`; None for a value that nobody typed
    pieces     for a string that several sources make up, its pieces; empty where all of it has one provenance
    """

    value: Any
    provenance: Provenance
    typed_as: str | None = None
    pieces: MarkedText = ()

    @classmethod
    def of_pieces(cls, pieces: MarkedText) -> MarkedValue:
        """Return the string that the pieces make up; its provenance is that of the first piece that wasn't recorded."""
        found = (piece.provenance for piece in pieces if piece.provenance is not Provenance.RECORDED)
        return cls(to_str(pieces), next(found, Provenance.RECORDED), pieces=pieces)


def to_str(text: MarkedText) -> str:
    """Return a text without provenance."""
    return text[0].text if len(text) == 1 else "".join(map(_text_of, text))


@lru_cache(maxsize=1 << 10)
def text_literal(name: str) -> MarkedText:
    """Return the name of a command or an option as a text."""
    return (Segment(name),)


def unwrap(value: Any) -> Any:
    """Return a tree of parameters with the plain value in the place of each `MarkedValue`, keys included."""
    if isinstance(value, dict):
        return {plain_value(key): unwrap(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [unwrap(child) for child in value]
    return plain_value(value)


def plain_value(value: Any) -> Any:
    """Return the value of a single node, whether it is marked or not."""
    return value.value if isinstance(value, MarkedValue) else value


def provenance_of(value: Any) -> Provenance:
    """Return where a node comes from: what isn't marked was recorded."""
    return value.provenance if isinstance(value, MarkedValue) else Provenance.RECORDED


# --- shell words


def split(line: str) -> list[str]:
    """Split a typed line into words as a POSIX shell would, without any expansion.

    Raise Unfinished if a quote is open or the last character is a backslash: the caller adds the next line to the
    error's `prefix` and splits again. Raise SplitError if no shell would take the line.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        if "escaped" in str(error):
            raise UnfinishedLine("nothing follows the backslash", line[:-1]) from None
        if "quotation" in str(error):
            raise UnfinishedLine("a quote is not closed", line + "\n") from None
        raise SplitError(str(error)) from None


def quote_word(text: MarkedText) -> MarkedText:
    """Return one word quoted for a shell as `shlex.quote` does it, with the provenance of each character kept."""
    word = to_str(text)
    if word and not UNSAFE.search(word):
        return text
    inner = [Segment(span.text.replace("'", "'\"'\"'"), span.provenance) for span in text] if "'" in word else text
    return (QUOTE, *inner, QUOTE)


def format_line(words: Iterable[MarkedText]) -> MarkedText:
    """Return words as one shell line."""
    spans: list[Segment] = []
    for word in words:
        spans.append(SPACE)
        spans += quote_word(word)
    return tuple(spans[1:])


# --- values as text


def text_of(value: Any) -> MarkedText:
    """Return one scalar, marked or not, as a word has it; bytes that were not recorded as base64, as awscli prints."""
    if not isinstance(value, MarkedValue):
        return (Segment(format_scalar(value)),)
    if value.pieces:
        return value.pieces
    return (Segment(_unmarked_text(value), value.provenance),)


def _unmarked_text(value: MarkedValue) -> str:
    if value.typed_as is not None:
        return value.typed_as
    if isinstance(value.value, bytes):
        return base64.b64encode(value.value).decode("ascii")
    return format_scalar(value.value)


def format_value(value: Any) -> str:
    """Return a value for a message: JSON for a list or a structure, its text for anything else."""
    return to_str(json_text(value)) if isinstance(value, (dict, list)) else str(value)


def format_scalar(value: Any) -> str:
    """Return one scalar as awscli reads it from a word."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Opaque):
        return value.name or "-"
    return json.dumps(value, default=_json_default)


def _json_default(value: Any) -> str:
    if isinstance(value, MarkedValue):
        raise TypeError("JSON has no provenance")
    return value.isoformat() if hasattr(value, "isoformat") else format_scalar(value)


JSON = json.JSONEncoder(ensure_ascii=False, default=_json_default)


def json_escaped(text: str) -> str:
    """Return a text as it stands between the quotes of a JSON string."""
    return JSON.encode(text)[1:-1]


def json_text(value: Any) -> MarkedText:
    """Return a value as one line of JSON, with the provenance of its nodes kept."""
    try:
        return (Segment(JSON.encode(value)),)
    except TypeError:  # it holds a MarkedValue
        return tuple(_json_spans(value))


def _json_spans(value: Any) -> Iterable[Segment]:
    if isinstance(value, MarkedValue):
        if isinstance(value.value, str):
            yield Segment('"')
            for span in text_of(value):
                yield Segment(json_escaped(span.text), span.provenance)
            yield Segment('"')
        else:
            yield Segment(JSON.encode(value.value), value.provenance)
    elif isinstance(value, Mapping):
        yield from _json_container("{}", (([*_json_spans(key), Segment(": ")], child) for key, child in value.items()))
    elif isinstance(value, (list, tuple)):
        yield from _json_container("[]", (([], item) for item in value))
    else:
        yield Segment(JSON.encode(value))


def _json_container(brackets: str, members: Iterable[tuple[Sequence[Segment], Any]]) -> Iterable[Segment]:
    yield Segment(brackets[0])
    for number, (label, value) in enumerate(members):
        yield from [Segment(", ")] if number else []
        yield from label
        yield from _json_spans(value)
    yield Segment(brackets[1])
