"""Candidates: the values at an occurrence that later requests may refer to.

`create-vpc` returns `vpc-0a1b` at `Vpc.VpcId`: one candidate, specific enough to be recognized wherever it stands. An
ARN gives several: for `arn:aws:iam::123456789012:user/alice` the whole string, `alice` (its last segment) and the
account. Not every string becomes a candidate. A person's own description doesn't, nor does what a response merely
describes (an engine, a path): in another account's listing something else may stand at that path.

`relations/index` keeps the candidates; `relations/matching` decides whether an occurrence means one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from awstracer.relations import identifiers
from awstracer.relations.identifiers import DIGIT, IDENTIFIER_LABEL, Specificity, specificity
from awstracer.relations.model import Part, Source
from awstracer.relations.occurrences import IsRelevant, Occurrence

LONGEST_NAME = 512  # characters; what is longer, or has a space in it, is a text and no name
SHORTEST_ID = 6  # characters of an id that has digits, from which on it hardly equals another by chance
SPACE = re.compile(r"\s")
REVISION = re.compile(r"[\w-]+:\d+")  # of a task definition: `web:3`
NAME_LABEL = re.compile(r"(name|identifier)s?$", re.I)
OWNER_LABEL = re.compile(r"owner", re.I)
S3_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]+)")
BUCKET_OF_S3_URI: Part = (3, 4)
FIRST_SEGMENT = {"arn:": 4, "http:": 3, "https:": 3}  # the account, the path: nobody uses a segment before it alone


class Rank(IntEnum):
    """Which of several candidates with the same text is meant: the lowest.

    What a person named, or printed alone, comes before what only stood in a response.
    """

    NAMED_OR_PRINTED = 0
    IN_RESPONSE = 1
    ONE_OF_SEVERAL = 2
    PART = 3


class Candidate(NamedTuple):
    """A value that later requests may refer to, at the occurrence where it was first seen.

    resource_type  what it names: `user`, `vpc`
    namespaces     the names of its service in ARNs
    is_resource    whether it is a resource's name or identifier, and not merely a setting
    """

    occurrence: Occurrence
    source: Source
    resource_type: str
    text: str
    specificity: Specificity
    namespaces: frozenset[str]
    rank: Rank
    is_resource: bool

    @property
    def is_unique(self) -> bool:
        """Return whether whatever equals it is the same resource."""
        return self.is_resource and self.specificity is Specificity.UNIQUE

    @property
    def is_specific(self) -> bool:
        """Return whether it is more than a word that different resources may share."""
        return self.specificity > Specificity.WEAK


class _Value(NamedTuple):
    """A string, or a part of one, that can become a candidate."""

    part: Part | None
    resource_type: str
    text: str
    specificity: Specificity


def candidates_at(
    occurrence: Occurrence, account: str | None, namespaces: frozenset[str], is_relevant: IsRelevant
) -> Iterator[Candidate]:
    """Yield the candidates at an occurrence: its string, and those parts of it that are relevant and may stand alone.

    account      the account of the recording; None if the trace names none
    namespaces   the names of the occurrence's service in ARNs
    """
    for value in _values(occurrence, account, is_relevant):
        is_part = value.part is not None
        yield Candidate(
            occurrence=occurrence,
            source=Source(occurrence.command, occurrence.section, occurrence.path, value.part),
            resource_type=value.resource_type,
            text=value.text,
            specificity=value.specificity,
            namespaces=namespaces,
            rank=Rank.PART if is_part else _rank(occurrence),
            is_resource=is_part or occurrence.section != "request" or occurrence.facts.is_name,
        )


def _rank(occurrence: Occurrence) -> Rank:
    if occurrence.is_one_of_several:
        return Rank.ONE_OF_SEVERAL
    return Rank.IN_RESPONSE if occurrence.section == "response" else Rank.NAMED_OR_PRINTED


def _values(occurrence: Occurrence, account: str | None, is_relevant: IsRelevant) -> Iterator[_Value]:
    text = occurrence.text
    if occurrence.section == "request" and not _is_one_word(text):
        return
    grade = _specificity_at(occurrence, account)
    if grade is not None:
        # `$(aws ...)` drops the line ends, too
        yield _Value(None, occurrence.facts.resource_type, text.rstrip("\n"), grade)
    bucket = S3_URI.match(text)
    if bucket:
        yield _Value(BUCKET_OF_S3_URI, "bucket", bucket[1], max(specificity(bucket[1]), Specificity.WEAK))
    elif grade is Specificity.UNIQUE and _is_one_word(text) and '"' not in text:
        yield from _parts(occurrence, account, is_relevant)


def _is_one_word(text: str) -> bool:
    return len(text) <= LONGEST_NAME and not SPACE.search(text)


# --- how specific a string is where it stands


def _specificity_at(occurrence: Occurrence, account: str | None) -> Specificity | None:
    """Return how specific a string is, by itself and by where it stands; None if it is no candidate."""
    grade = specificity(occurrence.text)
    if occurrence.section == "request":
        return grade or None
    if occurrence.section == "response":
        return _specificity_in_response(occurrence, grade, account)
    is_id = IDENTIFIER_LABEL.search(occurrence.facts.label) and len(occurrence.text) >= SHORTEST_ID
    if grade is Specificity.UNIQUE or (grade and is_id):
        return Specificity.UNIQUE
    return max(grade, Specificity.WEAK)  # a person who has a value printed uses it


def _specificity_in_response(occurrence: Occurrence, grade: Specificity, account: str | None) -> Specificity | None:
    """Return how specific a string is that a response has, and that nobody had printed; None if it is no candidate.

    An owner's account is one if it is the recording's own. Under a label such as `Id` or `Arn`, a string is what the
    service generated: UNIQUE if it is long enough and has digits, else WEAK; a version `1` is one, too. Under another
    label it must tell by itself that it was generated.
    """
    text, label = occurrence.text, occurrence.facts.label
    if identifiers.is_account(text) and OWNER_LABEL.search(label):
        return Specificity.UNIQUE if text == account else None
    has_digit = DIGIT.search(text) is not None
    if IDENTIFIER_LABEL.search(label):
        if not grade:
            return Specificity.NONE if text.isdigit() and label.lower().endswith("version") else None
        is_generated = grade is Specificity.UNIQUE or (has_digit and len(text) >= SHORTEST_ID)
        return Specificity.UNIQUE if is_generated else Specificity.WEAK
    is_generated = grade is Specificity.UNIQUE or (bool(grade) and has_digit and not NAME_LABEL.search(label))
    return grade if is_generated else None


# --- parts of an ARN, a URL or a path


def _parts(occurrence: Occurrence, account: str | None, is_relevant: IsRelevant) -> Iterator[_Value]:
    """Yield what stands behind each `:` and `/`, up to the end of the text, and the account of an ARN.

    `https://sqs.us-east-1.amazonaws.com/123456789012/orders` gives the queue's name `orders` and the account;
    `arn:aws:ecs:us-east-1:123456789012:task-definition/web:3` gives `web:3`, with the type `taskdefinition`.
    """
    text = occurrence.text
    spans = identifiers.segment_spans(text) if identifiers.SEPARATOR.search(text) else []
    first = next((number for start, number in FIRST_SEGMENT.items() if text.startswith(start)), 1)
    for number, (begin, end) in enumerate(spans[first:], first):
        rest, segment = text[begin:], text[begin:end]
        grade = specificity(rest) if is_relevant(rest) else Specificity.NONE
        if grade >= Specificity.STRONG and text[begin - 1 : begin + 1] != "//":
            yield _Value((number, None), occurrence.facts.resource_type, rest, grade)
        elif grade and REVISION.fullmatch(rest):
            named = identifiers.normalize_type(text[slice(*spans[number - 1])])
            yield _Value((number, None), named, rest, Specificity.WEAK)
        if occurrence.section != "request" and identifiers.is_account(segment) and account in (None, segment):
            yield _Value((number, number + 1), "account", segment, Specificity.UNIQUE)
