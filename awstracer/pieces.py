"""Values in the places of recorded ones: as a whole, or as pieces of a text, in the form that stood there."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from operator import itemgetter
from typing import Any
from urllib.parse import quote

from awstracer import commandline, encodings, holes
from awstracer.commandline import DERIVED, HIDDEN, RECORDED, Mark, Marked, Span, Text
from awstracer.identifiers import segments
from awstracer.relation_model import Encoding, Part
from awstracer.trace import new

RESERVED = ":/?#[]@!$&'()*+,;="
SAME_EVERYWHERE = re.compile(r"[A-Za-z0-9_.~-]*")  # no encoding changes it

Piece = tuple[tuple[int, int], Text]


def marked(value: Any, mark: Mark) -> Marked:
    """A value, and how it is shown: bytes as awscli prints them."""
    text = base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else commandline.scalar_spelling(value)
    return Marked(value, (new(Span, (text, mark)),))


def fitting(value: Marked, recorded: Any) -> Any:
    """A value as the request has it: a list as its marked elements, a printed number as its text."""
    if isinstance(value.value, list):
        mark = commandline.mark_of(value)
        return [Marked(each, (Span(commandline.scalar_spelling(each), mark),)) for each in value.value]
    if isinstance(recorded, bytes):
        raw = value.value if isinstance(value.value, bytes) else str(value.value).encode("utf-8")
        return marked(raw, commandline.mark_of(value))
    text = value.value if isinstance(value.value, str) else commandline.plain(value.shown)
    if isinstance(recorded, str) and not recorded.endswith("\n"):
        text = text.rstrip("\n")
    if isinstance(recorded, str) and text != value.value:
        return Marked(text, (Span(text, commandline.mark_of(value)),))
    return value


def like(recorded: Any, text: str, shown: Text) -> Marked:
    """A changed text in the form that the recorded one had: bytes, base64, or as it is."""
    changed = commandline.plain(shown)
    raw = recorded.decode("utf-8", "surrogateescape") if isinstance(recorded, bytes) else recorded
    is_decoded = raw != text  # from base64
    if not is_decoded and not isinstance(recorded, bytes):
        return Marked(changed, shown)
    mark = HIDDEN if any(span.mark is HIDDEN for span in shown) else DERIVED
    if not is_decoded:
        return marked(changed.encode("utf-8", "surrogateescape"), mark)
    raw = base64.b64encode(changed.encode("utf-8")).decode("ascii")
    return marked(raw.encode("ascii"), mark) if isinstance(recorded, bytes) else marked(raw, mark)


def span_of(text: str, part: Part) -> tuple[int, int]:
    """Where a part of a text begins and ends."""
    found = segments(text)
    return found[part[0]][0], found[part[1] - 1 if part[1] is not None else -1][1]


def as_said(value: Text, text: str, span: tuple[int, int], form: Encoding) -> Text:
    """A value as the text around it says such things: percent-encoded, or escaped for the JSON that it is in."""
    if SAME_EVERYWHERE.fullmatch(commandline.plain(value)):
        return value
    if form == "percent":
        before = text[slice(*span)]
        raw = "".join(character for character in RESERVED if character in before)
        return tuple(Span(quote(piece.text, safe=raw), piece.mark) for piece in value)
    if holes.is_hole(text[slice(*span)]) and encodings.is_in_url(text[: span[0]]):
        value = tuple(Span(quote(piece.text, safe=""), piece.mark) for piece in value)
    if not text.lstrip().startswith(("{", "[")):
        return value
    before, _, _ = text[: span[0]].rpartition('"')
    escapes = len(before) - len(before.rstrip("\\"))
    depth = escapes.bit_length() + 1  # 0, 1, 3, 7 backslashes: a string in a string in a ...
    for _ in range(depth):
        value = tuple(Span(commandline.json_escaped(piece.text), piece.mark) for piece in value)
    return value


def assembled(text: str, pieces: Iterable[Piece]) -> Text:
    """The text with pieces of it replaced."""
    spans: list[Span] = []
    done = 0
    for (begin, end), piece in sorted(pieces, key=itemgetter(0)):
        spans.append(new(Span, (text[done:begin], RECORDED)))
        spans += piece
        done = end
    spans.append(Span(text[done:]))
    return tuple([span for span in spans if span.text])
