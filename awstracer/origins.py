"""What is born at a place of a trace: the values that later ones may refer to, and how much they say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from awstracer import identifiers
from awstracer.identifiers import Strength
from awstracer.places import Place

Part = tuple[int, int | None]

LONGEST_NAME = 512
SHORTEST_ID = 6
S3_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]+)")


@dataclass(frozen=True, slots=True)
class Origin:
    """A value where it was first seen.

    part         the segments of the string there that it is, None for all
    namespaces   what its service is called in ARNs
    """

    place: Place
    part: Part | None
    kind: str
    text: str
    strength: Strength
    namespaces: frozenset[str] = frozenset()

    @property
    def rank(self) -> int:
        """Which of several origins of a text is meant: what was named or printed by itself comes first."""
        if self.part is not None:
            return 3
        return {"request": 0, "query": 0, "printed": 2 if self.place.several else 0, "response": 1}[self.place.side]


def born_at(
    place: Place, account: str | None, namespaces: frozenset[str], matters: Callable[[str], bool]
) -> Iterator[Origin]:
    """The values that are born at a place: its string, and the pieces of it that may be used alone and that matter.

    `account` is the one that was recorded in, if that is known; `namespaces` are what the service is called in ARNs.
    """
    if place.side == "request" and (len(place.text) > LONGEST_NAME or re.search(r"\s", place.text)):
        return
    strength = _strength(place, account)
    if strength is not None:
        text = place.text.rstrip("\n")  # as `$(aws ...)` hands it on
        yield Origin(place, None, place.kind, text, strength, namespaces)
    bucket = S3_URI.match(place.text)
    if bucket:
        says = max(identifiers.strength(bucket[1]), Strength.LITTLE)
        yield Origin(place, (3, 4), "bucket", bucket[1], says, namespaces)
    elif strength is Strength.PROOF and len(place.text) <= LONGEST_NAME and not re.search(r"\s", place.text):
        yield from _pieces_born(place, account, namespaces, matters)


def _strength(place: Place, account: str | None) -> Strength | None:
    """How much a value says, by itself and where it was born; None if nothing can be taken from there."""
    strength = identifiers.strength(place.text)
    if place.side == "request":
        return strength or None
    if place.side == "response":
        return _strength_in_answer(place, strength, account)
    is_id = identifiers.MINTED_LABEL.search(place.label) and len(place.text) >= SHORTEST_ID
    if strength is Strength.PROOF or (strength and is_id):
        return Strength.PROOF
    return max(strength, Strength.LITTLE)  # whoever had it printed will use it, if only for the same kind of thing


def _strength_in_answer(place: Place, strength: Strength, account: str | None) -> Strength | None:
    """How much a value says that nobody had printed.

    What an answer merely describes (an engine, a path) and what people named is not taken from there: in another
    account's listing something else may stand at that place.
    """
    if identifiers.is_account(place.text) and re.search(r"owner", place.label, re.I):
        return Strength.PROOF if place.text == account else None
    has_digit = bool(re.search(r"\d", place.text))
    if identifiers.MINTED_LABEL.search(place.label):
        if not strength:
            return Strength.NOTHING if place.text.isdigit() and place.label.lower().endswith("version") else None
        proves_itself = strength is Strength.PROOF or (has_digit and len(place.text) >= SHORTEST_ID)
        return Strength.PROOF if proves_itself else Strength.LITTLE
    is_name = re.search(r"(name|identifier)s?$", place.label, re.I)
    tells = strength is Strength.PROOF or (strength and has_digit and not is_name)
    return strength if tells else None


def _pieces_born(
    place: Place, account: str | None, namespaces: frozenset[str], matters: Callable[[str], bool]
) -> Iterator[Origin]:
    """What stands behind each `:` and `/` of an ARN, a URL or a path, up to its end; and an ARN's account."""
    found = identifiers.segments(place.text)
    for number, (begin, end) in enumerate(found[1:], 1):
        piece, segment = place.text[begin:], place.text[begin:end]
        strength = identifiers.strength(piece) if matters(piece) else Strength.NOTHING
        if strength >= Strength.MUCH and place.text[begin - 1 : begin + 1] != "//":
            yield Origin(place, (number, None), place.kind, piece, strength, namespaces)
        elif strength and identifiers.REVISION.fullmatch(piece):
            kind = identifiers.stem_of(place.text[slice(*found[number - 1])])
            yield Origin(place, (number, None), kind, piece, Strength.LITTLE, namespaces)
        if place.side != "request" and identifiers.is_account(segment) and account in (None, segment):
            yield Origin(place, (number, number + 1), "account", segment, Strength.PROOF, namespaces)
