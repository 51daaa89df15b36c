"""Text with provenance: which characters of a command line were recorded, and which come from elsewhere.

A `MarkedText` is a tuple of `Segment`s, each a string with its `Provenance`: `policy/p-one`, in which `p-one` comes
from `-p`, is `(Segment("policy/"), Segment("p-one", Provenance.OVERRIDDEN))`. A `MarkedValue` is a value of a request
that is not the recorded one, with its provenance, independent of how the value is written.

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
from typing import Any, NamedTuple

from awstracer.errors import SplitError, UnfinishedLine
from awstracer.trace.model import Opaque

Span = tuple[int, int]  # where characters begin and end in a string

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
    """A string of one provenance. (A tuple, since a long line has very many.)"""

    text: str
    provenance: Provenance = Provenance.RECORDED


MarkedText = tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class MarkedValue:
    """A value of a request with its provenance.

    typed_as   how a person typed the value, `file://policy.json`; None for a value that nobody typed
    segments   for a string with several sources, one segment for each; empty where all of it has one provenance
    """

    value: Any
    provenance: Provenance
    typed_as: str | None = None
    segments: MarkedText = ()

    @classmethod
    def of_segments(cls, segments: MarkedText) -> MarkedValue:
        """Return the joined string; its provenance is that of the first segment that was not recorded."""
        found = (each.provenance for each in segments if each.provenance is not Provenance.RECORDED)
        return cls(to_str(segments), next(found, Provenance.RECORDED), segments=segments)


def to_str(text: MarkedText) -> str:
    """Return a text without provenance."""
    return "".join([segment.text for segment in text])


def text_literal(name: str) -> MarkedText:
    """Return a string, such as the name of an option, as recorded text."""
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
    """Return the provenance of a single node: a value that is not marked was recorded."""
    return value.provenance if isinstance(value, MarkedValue) else Provenance.RECORDED


# --- shell words


def split(line: str) -> list[str]:
    """Split a typed line into words as a POSIX shell would, without any expansion.

    Raise UnfinishedLine if a quote is open or the last character is a backslash: the caller adds the next line to the
    error's `prefix` and splits again. Raise SplitError if no shell would accept the line.
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
    """Return one word quoted for a shell as `shlex.quote` does it, with the provenance of each character."""
    word = to_str(text)
    if word and not UNSAFE.search(word):
        return text
    inner = [segment._replace(text=segment.text.replace("'", "'\"'\"'")) for segment in text]
    return (Segment("'"), *inner, Segment("'"))


def format_line(words: Iterable[MarkedText]) -> MarkedText:
    """Return words as one shell line."""
    segments: list[Segment] = []
    for word in words:
        segments += [Segment(" "), *quote_word(word)]
    return tuple(segments[1:])


# --- values as text


def text_of(value: Any) -> MarkedText:
    """Return one scalar as a word; marked bytes as base64, as awscli prints them."""
    if not isinstance(value, MarkedValue):
        return (Segment(format_scalar(value)),)
    if value.segments:
        return value.segments
    if value.typed_as is not None:
        text = value.typed_as
    elif isinstance(value.value, bytes):
        text = base64.b64encode(value.value).decode("ascii")
    else:
        text = format_scalar(value.value)
    return (Segment(text, value.provenance),)


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
    return value.isoformat() if hasattr(value, "isoformat") else format_scalar(value)


JSON = json.JSONEncoder(ensure_ascii=False, default=_json_default)


def json_escaped(text: str) -> str:
    """Return a text as it stands between the quotes of a JSON string."""
    return JSON.encode(text)[1:-1]


def json_text(value: Any) -> MarkedText:
    """Return a value as one line of JSON, with the provenance of its nodes."""
    return tuple(_json_segments(value))


def _json_segments(value: Any) -> Iterable[Segment]:
    if isinstance(value, MarkedValue):
        if isinstance(value.value, str):
            yield Segment('"')
            for segment in text_of(value):
                yield Segment(json_escaped(segment.text), segment.provenance)
            yield Segment('"')
        else:
            yield Segment(JSON.encode(value.value), value.provenance)
    elif isinstance(value, Mapping):
        yield from _json_container(
            "{}", (([*_json_segments(key), Segment(": ")], child) for key, child in value.items())
        )
    elif isinstance(value, (list, tuple)):
        yield from _json_container("[]", (([], item) for item in value))
    else:
        yield Segment(JSON.encode(value))


def _json_container(brackets: str, members: Iterable[tuple[Sequence[Segment], Any]]) -> Iterable[Segment]:
    yield Segment(brackets[0])
    for number, (label, value) in enumerate(members):
        yield from [Segment(", ")] if number else []
        yield from label
        yield from _json_segments(value)
    yield Segment(brackets[1])
