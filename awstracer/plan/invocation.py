"""What a step of a plan comes to: the request with its values, the command line that shows it, and where values go.

A value that comes from elsewhere is fitted to what was recorded in its place. In
`{"Resource": "arn:aws:s3:::site-0f3a/*"}`, recorded as a JSON string, `site-0f3a` gives way to the new bucket's name,
which `encode_for` escapes for JSON and `splice` puts between the characters that stay. Where base64 of a text was
recorded, `encode_like` makes base64 of the changed text.

`plan/resolver` finds the values, `commandline/formatter` writes the line.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any
from urllib.parse import quote

from awstracer.commandline.formatter import FormattedCommand, format_command, residual_words
from awstracer.commandline.options import OperationCommand
from awstracer.commandline.text import (
    MarkedText,
    MarkedValue,
    Provenance,
    Segment,
    Span,
    format_line,
    json_escaped,
    text_literal,
    text_of,
    to_str,
    unwrap,
)
from awstracer.plan.template import TextEncoding
from awstracer.relations.model import Encoding, EnvironmentName, Relation, Source
from awstracer.secrets import placeholders
from awstracer.trace import encodings
from awstracer.trace.model import Structure

RESERVED = ":/?#[]@!$&'()*+,;="
SAME_EVERYWHERE = re.compile(r"[A-Za-z0-9_.~-]*")  # no encoding changes it


@dataclass(frozen=True, slots=True)
class Substitution:
    """A value of a step that comes from elsewhere: by which relation, and what it is now.

    alternatives   the alternatives to the source that give another value now, with that value
    """

    relation: Relation
    value: Any
    provenance: Provenance
    alternatives: tuple[tuple[Source, Any], ...] = ()


@dataclass(frozen=True)
class Destination:
    """Where a replay takes place.

    region      None if nothing names one
    partition   the region's, with the suffix of its hosts (`aws`, `amazonaws.com`); None without a region
    account     finds out the account, None if that can't be done
    """

    region: str | None = None
    partition: tuple[str, str] | None = None
    account: Callable[[], str | None] = lambda: None

    def value_of(self, name: EnvironmentName) -> str | None:
        """Return the region, the partition, its hosts' suffix or the account; None if there is none."""
        partition, suffix = self.partition or (None, None)
        match name:
            case "region":
                return self.region
            case "partition":
                return partition
            case "suffix":
                return suffix
            case "account":
                return self.account()


HOME = Destination()


@dataclass(frozen=True)
class Invocation:
    """A step as a command to run. Its line and its words are formatted on demand.

    operation_command   the operation's own command; None for a custom command
    request             what is sent; a value that isn't the recorded one is a `MarkedValue`
    words               the words after `aws`; of an operation's command only those of global options
    ambiguous           the substitutions whose source has an alternative that gives another value now
    changed             words of a custom command that name files which hold something else now, or `-` for its input
    """

    operation_command: OperationCommand | None
    request: Mapping[str, Any]
    words: Sequence[str | MarkedValue]
    ambiguous: tuple[Substitution, ...] = ()
    changed: tuple[str, ...] = ()

    @cached_property
    def _formatted(self) -> FormattedCommand:
        """The words of an operation's own command; none for a custom one."""
        return (
            FormattedCommand([], self.changed)
            if self.operation_command is None
            else format_command(self.request, self.operation_command)
        )

    @property
    def line(self) -> MarkedText:
        """The line as people see it, beginning with `aws`."""
        return format_line([text_literal("aws"), *self._formatted.words, *map(text_of, self.words)])

    @property
    def inexact(self) -> tuple[str, ...]:
        """The members that the line can't express exactly; they are sent exactly all the same."""
        return self._formatted.inexact

    @cached_property
    def parameters(self) -> Structure | None:
        """What the operation is to be called with; None for a custom command."""
        return None if self.operation_command is None else unwrap(self.request)

    @cached_property
    def argv(self) -> tuple[str, ...]:
        """The words after `aws`; of an operation's command only those that are no parameters."""
        own = [] if self.operation_command is None else residual_words(self.parameters or {}, self.operation_command)
        return tuple(map(to_str, [*own, *map(text_of, self.words)]))

    @cached_property
    def files(self) -> Mapping[str, str | bytes]:
        """What the words of a custom command that name files stand for."""
        return unwrap(self.request["files"]) if self.operation_command is None else {}


# --- fitting a value to what was recorded in its place


def coerce_to(value: MarkedValue, recorded: Any) -> Any:
    """Return a value as the request has it: a list as its marked elements, a number as the text that was recorded."""
    if isinstance(value.value, list):
        return [MarkedValue(element, value.provenance) for element in value.value]
    if isinstance(recorded, bytes):
        raw = value.value if isinstance(value.value, bytes) else str(value.value).encode("utf-8")
        return MarkedValue(raw, value.provenance)
    if not isinstance(recorded, str):
        return value
    text = value.value if isinstance(value.value, str) else to_str(text_of(value))
    if not recorded.endswith("\n"):
        text = text.rstrip("\n")
    return MarkedValue(text, value.provenance)


def splice(text: str, replacements: Iterable[tuple[Span, MarkedText]]) -> MarkedText:
    """Return a text with other texts in the place of spans of it."""
    segments: list[Segment] = []
    done = 0
    for (begin, end), replacement in sorted(replacements, key=itemgetter(0)):
        segments += (Segment(text[done:begin]), *replacement)
        done = end
    segments.append(Segment(text[done:]))
    return tuple([segment for segment in segments if segment.text])


def encode_for(value: MarkedText, text: str, span: Span, encoding: Encoding) -> MarkedText:
    """Return a value as it has to stand in a span of a text: percent-encoded, or escaped for JSON in JSON."""
    if SAME_EVERYWHERE.fullmatch(to_str(value)):
        return value
    before, recorded = text[: span[0]], text[slice(*span)]
    if encoding == "percent":
        return _percent_encoded(value, safe="".join(character for character in RESERVED if character in recorded))
    if placeholders.is_placeholder(recorded) and encodings.is_in_url(before):
        value = _percent_encoded(value, safe="")
    for _ in range(_json_depth(text, before)):
        value = tuple(Segment(json_escaped(segment.text), segment.provenance) for segment in value)
    return value


def _percent_encoded(value: MarkedText, safe: str) -> MarkedText:
    return tuple(Segment(quote(segment.text, safe=safe), segment.provenance) for segment in value)


def _json_depth(text: str, before: str) -> int:
    """Return in how many JSON strings, one in another, a place of a text is."""
    if not text.lstrip().startswith(("{", "[")):
        return 0
    opening, _, _ = before.rpartition('"')
    backslashes = len(opening) - len(opening.rstrip("\\"))
    return backslashes.bit_length() + 1  # 0, 1, 3, 7 backslashes: a string in a string in a ...


def encode_like(encoding: TextEncoding, text: MarkedText) -> MarkedValue:
    """Return a changed text in the encoding of the recorded scalar."""
    if not encoding.is_base64 and not encoding.is_bytes:
        return MarkedValue.of_segments(text)
    is_hidden = any(segment.provenance is Provenance.HIDDEN for segment in text)
    raw = to_str(text).encode("utf-8", "strict" if encoding.is_base64 else "surrogateescape")
    encoded = base64.b64encode(raw) if encoding.is_base64 else raw
    value = encoded if encoding.is_bytes else encoded.decode("ascii")
    return MarkedValue(value, Provenance.HIDDEN if is_hidden else Provenance.DERIVED)
