"""What a string tells about itself, and what the name of the member that it stands in tells about it.

Two equal strings mean the same resource only if they can't be equal by chance. `specificity` grades this:
`vpc-0a1b2c3d` is UNIQUE wherever it stands, `orders-queue` is STRONG, `web` is WEAK, and `true`, `443` and
`us-east-1` tell NONE. `normalize_type` reads off a member's name what type of resource the string names: `user` for
`UserName`, and for the `user/...` of an ARN.

What the name of an operation adds to that is told by `relations/operations`; whether two strings do mean the same
resource is decided in `relations/matching`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from awstracer.aws.settings import ZONE
from awstracer.commandline.text import Span
from awstracer.trace.encodings import UUID
from awstracer.trace.paths import Path

REMEMBERED = 1 << 16  # results of a function that is called with the same few strings again and again

TOKEN = re.compile(r"[A-Za-z0-9]+")
SEPARATOR = re.compile(r"[:/]")
DIGIT = re.compile(r"\d")


class Specificity(IntEnum):
    """How surely two equal strings mean the same resource."""

    NONE = 0
    WEAK = 1
    STRONG = 2
    UNIQUE = 3


# --- how specific a string is

GENERATED_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z]+)*-(?=[0-9a-f]*\d)[0-9a-f]{8,}")  # vpc-0a1b2c3d
GENERATED_ID_IN_TEXT = re.compile(rf"(?<![\w.-]){GENERATED_ID.pattern}(?![\w-])")
MIXED = re.compile(r"\d[A-Za-z]+\d+[A-Za-z]|[A-Za-z]\d+[A-Za-z]+\d")
SHORTEST_MIXED = 8  # characters in which digits and letters change as only a generator changes them: AIDA7X2Q
LONGEST_WORD = 23  # longer runs of letters and digits are generated, even of letters alone
LONGEST_NUMBER = 19  # longer numbers are generated, and no ports, sizes or times
ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?")
COMMON_ADDRESS = re.compile(r"0\.0\.0\.0|127\.0\.0\.|255\.255\.")
CONSTANT = r"(?i:true|false|null|none|default|enabled|disabled)|\$?[A-Z][A-Z_]*"
IAM_ACTION = r"[a-z0-9-]+:[A-Z][A-Za-z]+\*?"
UNSPECIFIC = re.compile(rf"[\d\s.,:+TZ-]*|{CONSTANT}|{IAM_ACTION}")
LONG, LONG_WITH_SIGNS = 12, 8  # characters of a name that people hardly choose twice for different resources
SIGN = re.compile(r"[\d/_.:@-]")


@lru_cache(maxsize=REMEMBERED)
def specificity(text: str) -> Specificity:
    """Return how specific a string is by itself, wherever it stands."""
    if is_account(text):
        return Specificity.UNIQUE
    if text[:1].isdigit() and ADDRESS.fullmatch(text):
        return Specificity.NONE if COMMON_ADDRESS.match(text) else Specificity.STRONG
    if len(text) < 2 or UNSPECIFIC.fullmatch(text) or ZONE.fullmatch(text):
        return Specificity.UNIQUE if len(text) > LONGEST_NUMBER and text.isdigit() else Specificity.NONE
    if _is_unique(text):
        return Specificity.UNIQUE
    if len(text) >= LONG or (len(text) >= LONG_WITH_SIGNS and SIGN.search(text)):
        return Specificity.STRONG
    return Specificity.WEAK


def _is_unique(text: str) -> bool:
    if text.startswith(("arn:", "http://", "https://")) or UUID.search(text) or GENERATED_ID.fullmatch(text):
        return True
    return any(_is_generated_token(token) for token in tokens(text) if len(token) >= SHORTEST_MIXED)


def _is_generated_token(token: str) -> bool:
    return (len(token) > LONGEST_WORD and not token.isdigit()) or bool(MIXED.search(token))


def is_account(text: str) -> bool:
    """Return whether a string has the form of an AWS account id: twelve digits."""
    return len(text) == 12 and text.isascii() and text.isdigit()


def tokens(text: str) -> list[str]:
    """Return the runs of letters and digits in a text."""
    return TOKEN.findall(text)


def find_generated_ids(text: str) -> Iterator[Span]:
    """Yield where in a text the identifiers stand that a service generated: UUIDs, and ids such as `vpc-0a1b2c3d`."""
    for pattern, hyphens in ((UUID, 4), (GENERATED_ID_IN_TEXT, 1)):
        if text.count("-") >= hyphens:
            yield from (match.span() for match in pattern.finditer(text))


# --- what a member's name tells

NOT_LOWER_ALPHANUMERIC = re.compile(r"[^a-z0-9]")
UNSPECIFIC_NAME = re.compile(r"names?|identifiers?|ids?|arns?|urls?|uris?|values?|items?")
NAME_SUFFIX = re.compile(r"(?<=.)(?:names?|numbers?|identifiers?|ids?|arns?|urls?|uris?)$")
STRUCTURE_SUFFIX = re.compile(r"(?<=.)(?:input|config|configuration|spec|summary|details)$")
IDENTIFIER_LABEL = re.compile(
    r"(?:^|[a-z])(?:I[dD]s?|Token|Handle)$|^ids?$|"
    r"(?i:arns?|version|revision|etag|endpoint|address|ur[il]|host|(?:dns|domain|host)name|marker|location|fingerprint)$"
)


@lru_cache(maxsize=REMEMBERED)
def normalize_type(name: str) -> str:
    """Return the resource type in the name of a member, an option, a shape or an ARN's resource.

    `UserNames`, `--user-name` and `user` give `user`; a name that only tells the form, such as `Arn`, gives "".
    """
    squeezed = squeeze_name(name)
    if UNSPECIFIC_NAME.fullmatch(squeezed):
        return ""
    stem = STRUCTURE_SUFFIX.sub("", NAME_SUFFIX.sub("", squeezed))
    return stem[:-1] if stem.endswith("s") and not stem.endswith("ss") else stem


@lru_cache(maxsize=REMEMBERED)
def member_name(path: Path) -> str:
    """Return the last member's name in a path; "" if there is none."""
    return next((key for key in reversed(path) if isinstance(key, str)), "")


def squeeze_name(name: str) -> str:
    """Return a name in lower case, with its letters and digits only."""
    return NOT_LOWER_ALPHANUMERIC.sub("", name.lower())


# --- texts with several strings in them

ARN = re.compile(
    r"arn:aws[a-z-]*:(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):(?P<account>\d{12}|aws)?:(?P<rest>[^\s\"'\\,]+)"
)
RESOURCE_TYPE_IN_ARN = re.compile(r"([^:/]*)([:/]?)")


@dataclass(frozen=True)
class Arn:
    """An ARN in a text.

    type       the resource's normalized type; "" where the ARN has none
    resource   where the resource, its type included, begins and ends in the text
    name       where the resource's name, behind the type, begins
    is_bare    whether it has neither a region nor an account
    """

    service: str
    type: str
    resource: Span
    name: int
    is_bare: bool


def arns(text: str) -> Iterator[Arn]:
    """Yield the ARNs in a text."""
    for match in ARN.finditer(text):
        head = RESOURCE_TYPE_IN_ARN.match(match["rest"])
        assert head is not None
        has_type = bool(head[2])
        begin, end = match.span("rest")
        yield Arn(
            service=match["service"],
            type=normalize_type(head[1]) if has_type else "",
            resource=(begin, end),
            name=begin + head.end() if has_type else begin,
            is_bare=not match["region"] and not match["account"],
        )


def segment_spans(text: str) -> list[Span]:
    """Return where the segments between the `:` and `/` of a text begin and end."""
    cuts = [match.start() for match in SEPARATOR.finditer(text)]
    return list(zip([0, *(cut + 1 for cut in cuts)], [*cuts, len(text)], strict=True))


def part_span(text: str, part: tuple[int, int | None]) -> Span:
    """Return where the segments `first` up to `last` (exclusive; None for the end) of a text begin and end.

    Raise LookupError if it has too few.
    """
    first, last = part
    spans = segment_spans(text)
    if first >= len(spans) or (last is not None and last > len(spans)):
        raise LookupError(part)
    return spans[first][0], spans[last - 1 if last is not None else -1][1]
