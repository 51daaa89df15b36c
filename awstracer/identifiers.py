"""What a string says about itself: how sure one can be that two equal ones mean the same thing.

`vpc-0a1b2c3d` proves itself wherever it stands, `orders-queue` says a good deal, `web` says little,
and `true`, `443` or `us-east-1` say nothing. Here is also what a place says about the string that
stands in it: its kind (`user` for `UserName`, for `User.Arn` and for `arn:...:user/...`).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from awstracer.trace import Path

ATOM = re.compile(r"[A-Za-z0-9]+")
NO_ATOM = re.compile(r"[^A-Za-z0-9]")
NO_ATOM_IN_LINES = re.compile(r"[^A-Za-z0-9\n]")
ASIDE = NO_ATOM.sub(" ", bytes(range(256)).decode("latin-1")).encode("latin-1")
ASIDE_IN_LINES = NO_ATOM_IN_LINES.sub(" ", bytes(range(256)).decode("latin-1")).encode("latin-1")
SEPARATOR = re.compile(r"[:/]")

REGION = re.compile(r"(?:af|ap|ca|cn|eu|il|me|mx|sa|us)(?:-gov|-iso[a-z]?)?-(?:north|south|east|west|central)+-\d")
ZONE = re.compile(REGION.pattern + "[a-z]?")
ARN = re.compile(
    r"arn:aws[a-z-]*:(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):(?P<account>\d{12}|aws)?:(?P<rest>[^\s\"'\\,]+)"
)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
MINTED = re.compile(r"[a-z][a-z0-9]*(?:-[a-z]+)*-(?=[0-9a-f]*\d)[0-9a-f]{8,}")
ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?")
MINTED_WORD = re.compile(rf"(?<![\w.-]){MINTED.pattern}(?![\w-])")
SILENT_ADDRESS = re.compile(r"0\.0\.0\.0|127\.0\.0\.|255\.255\.")
BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
MIXED = re.compile(r"\d[A-Za-z]+\d+[A-Za-z]|[A-Za-z]\d+[A-Za-z]+\d")
PERCENT = re.compile(r"%[2-7][0-9A-Fa-f]")
IN_URL = re.compile(r"://(?:[^\s/:@\"']*:|[^\s\"'<>?]*\?(?:[^\s\"'<>]*[&;])?[\w.-]+=)\Z")
UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\u00a0-\uffff]")
SHORTEST_BASE64, SHORTEST_RANDOM = 16, 8
CONSTANT = r"(?i:true|false|null|none|default|enabled|disabled)|\$?[A-Z][A-Z_]*"
ACTION = r"[a-z0-9-]+:[A-Z][A-Za-z]+\*?"
SILENT = re.compile(rf"[\d\s.,:+TZ-]*|{CONSTANT}|{ACTION}")
FORM = re.compile(r"(?<=.)(?:input|config|configuration|spec|summary|details)$")
REVISION = re.compile(r"[\w-]+:\d+")
MINTED_LABEL = re.compile(
    r"(?:^|[a-z])(?:I[dD]s?|Token|Handle)$|^ids?$|"
    r"(?i:arns?|version|revision|etag|endpoint|address|ur[il]|host|(?:dns|domain|host)name|marker|location|fingerprint)$"
)
SUFFIX = re.compile(r"(?<=.)(?:names?|numbers?|identifiers?|ids?|arns?|urls?|uris?)$")


class Strength(IntEnum):
    """How much a string says."""

    NOTHING = 0
    LITTLE = 1
    MUCH = 2
    PROOF = 3


# Their names in this module, since Python 3.11 takes long to find the members of an enumeration.
NOTHING, LITTLE, MUCH, PROOF = Strength


@lru_cache(maxsize=1 << 16)
def strength(text: str) -> Strength:
    """How much a string says by itself, wherever it stands."""
    if is_account(text):
        return PROOF
    if text[:1].isdigit() and ADDRESS.fullmatch(text):
        return NOTHING if SILENT_ADDRESS.match(text) else MUCH
    if len(text) < 2 or SILENT.fullmatch(text) or _is_place(text):
        return PROOF if len(text) >= 20 and text.isdigit() else NOTHING
    hyphens = text.count("-")
    if text.startswith(("arn:", "http://", "https://")) or (hyphens >= 4 and UUID.search(text)):
        return PROOF
    if hyphens and MINTED.fullmatch(text):
        return PROOF
    if any(len(atom) >= SHORTEST_RANDOM and _is_random(atom) for atom in atoms(text)):
        return PROOF
    if len(text) >= 12 or (len(text) >= 8 and re.search(r"[\d/_.:@-]", text)):
        return MUCH
    return LITTLE


def atoms(text: str) -> list[str]:
    """The runs of letters and digits in a text."""
    return spaced(text).split()


def spaced(text: str) -> str:
    """A text, as long as it was, with spaces for all but letters and digits; of ASCII made in a third of the time."""
    return text.encode().translate(ASIDE).decode() if text.isascii() else NO_ATOM.sub(" ", text)


def first_atoms(lines: str) -> list[str]:
    """The first run of letters and digits in each line of a text; where it isn't ASCII all of them."""
    if not lines.isascii():
        return ATOM.findall(lines)
    broken = [line.split(None, 1) for line in lines.encode().translate(ASIDE_IN_LINES).decode().split("\n")]
    return [words[0] for words in broken if words]


def is_account(text: str) -> bool:
    """Whether a string has the form of an AWS account id."""
    return len(text) == 12 and text.isascii() and text.isdigit()


def _is_place(text: str) -> bool:
    """A region, or a zone of one."""
    return "-" in text and bool(ZONE.fullmatch(text))


def _is_random(atom: str) -> bool:
    """Letters and digits as only a machine mixes them."""
    return (len(atom) >= 24 and not atom.isdigit()) or bool(MIXED.search(atom))


# --- kinds


@lru_cache(maxsize=1 << 16)
def kind(path: Path, operation: str) -> str:
    """What the string at a path of an operation's request or response names: `user`, `vpc`, `queue`.

    The last member's name says it, less what it says of the form (`UserName`, `VpcId`); where it says
    only the form (`Id`, `Arn`), the member around it does, or else the operation (`CreateTopic`).
    """
    for key in reversed([key for key in path if isinstance(key, str)]):
        stem = stem_of(key)
        if stem:
            return stem
    return stem_of(re.sub(r"^[A-Z][a-z0-9]*", "", operation))


@lru_cache(maxsize=1 << 12)
def stem_of(name: str) -> str:
    """A member's, an option's or a resource type's name without case, hyphens and what tells the form only."""
    name = re.sub(r"[^a-z0-9]", "", name.lower())
    if re.fullmatch(r"names?|identifiers?|ids?|arns?|urls?|uris?|values?|items?", name):
        return ""
    name = FORM.sub("", SUFFIX.sub("", name))
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


@lru_cache(maxsize=1 << 16)
def is_name(path: Path, operation: str) -> bool:
    """Whether the member at a path of a request names a thing, and does not describe it."""
    last = next((key for key in reversed(path) if isinstance(key, str)), "")
    squeezed = re.sub(r"[^a-z0-9]", "", last.lower())
    noun = re.sub(r"^[A-Z][a-z0-9]*", "", operation).lower()
    return bool(SUFFIX.search(squeezed)) or stem_of(last) in ("", noun) or squeezed.removesuffix("name") in noun


def decoded(text: str) -> str | None:
    """The text that a base64 string stands for; None if it isn't base64 of a text with more than one word."""
    if len(text) < SHORTEST_BASE64 or len(text) % 4 or not BASE64.fullmatch(text):
        return None
    try:
        plain = base64.b64decode(text, validate=True).decode("utf-8")
    except ValueError:
        return None
    return plain if not UNPRINTABLE.search(plain) and re.search(r"\s|[{=]", plain) else None


def is_in_url(before: str) -> bool:
    """Whether what comes behind a text is a password or a parameter in a URL, and so percent-encoded."""
    return bool(IN_URL.search(before))


def minted(text: str) -> Iterator[tuple[int, int]]:
    """Where in a text the identifiers are that a service made: ids and UUIDs."""
    for pattern, hyphens in ((UUID, 4), (MINTED_WORD, 1)):
        if text.count("-") >= hyphens:
            yield from (match.span() for match in pattern.finditer(text))


def unquoted(text: str) -> tuple[str, list[int]]:
    """A percent-encoded text as what it stands for, and where each of its characters, and its end, was.

    A text in which nothing is encoded comes back as it is, with no positions.
    """
    if "%" not in text or not PERCENT.search(text):
        return text, []
    spread: list[int] = []
    at = 0
    for match in PERCENT.finditer(text):
        spread += range(at, match.start() + 1)
        at = match.end()
    plain = PERCENT.sub(lambda match: chr(int(match[0][1:], 16)), text)
    return plain, [*spread, *range(at, len(text) + 1)]


# --- texts that hold several strings


@dataclass(frozen=True)
class Arn:
    """An ARN in a text.

    type       of the resource, without case and hyphens; empty where the ARN has none
    resource   where the resource begins and ends in the text
    name       where what stands behind the type begins
    is_bare    whether it has neither a region nor an account
    """

    service: str
    type: str
    resource: tuple[int, int]
    name: int
    is_bare: bool


def arns(text: str) -> Iterator[Arn]:
    """The ARNs in a text."""
    for match in ARN.finditer(text):
        head, separator, _ = re.match(r"([^:/]*)([:/]?)(.*)", match["rest"], re.S).groups()  # type: ignore[union-attr]
        begin, end = match.span("rest")
        name = begin + len(head) + 1 if separator else begin
        is_bare = not match["region"] and not match["account"]
        yield Arn(match["service"], stem_of(head) if separator else "", (begin, end), name, is_bare)


def segments(text: str) -> list[tuple[int, int]]:
    """Where the pieces between the `:` and `/` of a text begin and end."""
    cuts = [match.start() for match in SEPARATOR.finditer(text)]
    return list(zip([0, *(cut + 1 for cut in cuts)], [*cuts, len(text)], strict=True))


def part_of(text: str, part: tuple[int, int | None]) -> str:
    """The segments `first` up to `last` (exclusive, None for the end) of a text; LookupError if it has too few."""
    first, last = part
    found = segments(text)
    if first >= len(found) or (last is not None and last > len(found)):
        raise LookupError(part)
    return text[found[first][0] : found[last - 1 if last is not None else -1][1]]
