"""What is born at a place of a trace: the values that later ones may refer to, and how much they say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from awstracer import identifiers
from awstracer.identifiers import LITTLE, MUCH, NOTHING, PROOF, Strength
from awstracer.places import Place, Side
from awstracer.trace import EACH, Path, new

Part = tuple[int, int | None]

LONGEST_NAME = 512
SHORTEST_ID = 6
SPACE = re.compile(r"\s")
S3_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]+)")


class Source(NamedTuple):
    """Where a value comes from: what command `command` (counted from 0) was asked, answered or printed.

    `path` may have selectors; for `printed` it is a path in the result of the command's `--query`.
    `part` picks segments between `:` and `/` out of the string there; None takes the whole.
    """

    command: int
    side: Side
    path: Path
    part: Part | None = None

    @property
    def picks_elements(self) -> bool:
        """Whether it is in certain elements of lists in a response, by their positions."""
        return self.side == "response" and int in map(type, self.path) and EACH not in self.path


class Origin(NamedTuple):
    """A value where it was first seen, and how it is had from there.

    namespaces   what its service is called in ARNs
    rank         which of several origins of a text is meant, the less the better: what was named or printed by itself
    is_thing     whether it is a thing's name or was minted, and is not merely a setting
    """

    place: Place
    source: Source
    kind: str
    text: str
    strength: Strength
    namespaces: frozenset[str]
    rank: int
    is_thing: bool

    @property
    def proves(self) -> bool:
        """Whether whatever equals it is the same thing."""
        return self.is_thing and self.strength is PROOF


RANKS = {"request": 0, "query": 0, "printed": 0, "response": 1}
ONE_OF_SEVERAL, A_PART = 2, 3
FIRST_USED = {"arn:": 4, "http:": 3, "https:": 3}  # the account, the host: nobody uses a segment before it


def born_at(
    place: Place, account: str | None, namespaces: frozenset[str], matters: Callable[[str], object]
) -> Iterator[Origin]:
    """The values that are born at a place: its string, and the pieces of it that may be used alone and that matter.

    `account` is the one that was recorded in, if that is known; `namespaces` are what the service is called in ARNs.
    """
    for part, kind, text, strength in _born(place, account, matters):
        rank = A_PART if part is not None else ONE_OF_SEVERAL if place.several else RANKS[place.side]
        is_thing = place.side != "request" or place.is_name or part is not None
        source = new(Source, (place.command, place.side, place.path, part))
        yield new(Origin, (place, source, kind, text, strength, namespaces, rank, is_thing))


def _is_one_word(text: str) -> bool:
    return len(text) <= LONGEST_NAME and not SPACE.search(text)


Born = tuple[Part | None, str, str, Strength]


def _born(place: Place, account: str | None, matters: Callable[[str], object]) -> Iterator[Born]:
    """The part of its string, the kind, the text and the strength of each value that is born at a place."""
    if place.side == "request" and not _is_one_word(place.text):
        return
    strength = _strength(place, account)
    if strength is not None:
        yield None, place.kind, place.text.rstrip("\n"), strength  # as `$(aws ...)` hands it on
    bucket = S3_URI.match(place.text)
    if bucket:
        yield (3, 4), "bucket", bucket[1], max(identifiers.strength(bucket[1]), LITTLE)
    elif strength is PROOF and _is_one_word(place.text) and '"' not in place.text:
        yield from _pieces_born(place, account, matters)


def _strength(place: Place, account: str | None) -> Strength | None:
    """How much a value says, by itself and where it was born; None if nothing can be taken from there."""
    strength = identifiers.strength(place.text)
    if place.side == "request":
        return strength or None
    if place.side == "response":
        return _strength_in_answer(place, strength, account)
    is_id = identifiers.MINTED_LABEL.search(place.label) and len(place.text) >= SHORTEST_ID
    if strength is PROOF or (strength and is_id):
        return PROOF
    return max(strength, LITTLE)  # whoever had it printed will use it, if only for the same kind of thing


def _strength_in_answer(place: Place, strength: Strength, account: str | None) -> Strength | None:
    """How much a value says that nobody had printed.

    What an answer merely describes (an engine, a path) and what people named is not taken from there: in another
    account's listing something else may stand at that place.
    """
    if identifiers.is_account(place.text) and re.search(r"owner", place.label, re.I):
        return PROOF if place.text == account else None
    has_digit = bool(re.search(r"\d", place.text))
    if identifiers.MINTED_LABEL.search(place.label):
        if not strength:
            return NOTHING if place.text.isdigit() and place.label.lower().endswith("version") else None
        proves_itself = strength is PROOF or (has_digit and len(place.text) >= SHORTEST_ID)
        return PROOF if proves_itself else LITTLE
    is_name = re.search(r"(name|identifier)s?$", place.label, re.I)
    tells = strength is PROOF or (strength and has_digit and not is_name)
    return strength if tells else None


def _pieces_born(place: Place, account: str | None, matters: Callable[[str], object]) -> Iterator[Born]:
    """What stands behind each `:` and `/` of an ARN, a URL or a path, up to its end; and an ARN's account."""
    found = identifiers.segments(place.text) if identifiers.SEPARATOR.search(place.text) else []
    first = next((number for start, number in FIRST_USED.items() if place.text.startswith(start)), 1)
    for number, (begin, end) in enumerate(found[first:], first):
        piece, segment = place.text[begin:], place.text[begin:end]
        strength = identifiers.strength(piece) if matters(piece) else NOTHING
        if strength >= MUCH and place.text[begin - 1 : begin + 1] != "//":
            yield (number, None), place.kind, piece, strength
        elif strength and identifiers.REVISION.fullmatch(piece):
            kind = identifiers.stem_of(place.text[slice(*found[number - 1])])
            yield (number, None), kind, piece, LITTLE
        if place.side != "request" and identifiers.is_account(segment) and account in (None, segment):
            yield (number, number + 1), "account", segment, PROOF
