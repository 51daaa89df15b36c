"""Derives from a trace alone which earlier value feeds which later one.

Commands are read in order. Each string of a request is looked up among the values seen before, whole
and piece by piece; what is found nowhere was chosen by the person, here. Each string of a response is
looked up in the same way, which tells how it can be predicted; what is found nowhere was minted by
the service, here. The place where a value is first seen is where later uses refer to.

All judgement of whether two equal strings are the same thing is in `_judge`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from awstracer import identifiers
from awstracer.identifiers import Strength
from awstracer.trace import Command, Path, Trace, leaves

Side = Literal["request", "response"]
Part = tuple[int, int | None]

LONGEST_NAME = 512
S3_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]+)")
LABEL = re.compile(r"([A-Za-z][\w-]*)[\s\"'\\]*[=:]+[\s\"'\\]*$")
WORD = re.compile(r"[A-Za-z0-9]")
NAME = re.compile(r"[A-Za-z0-9_.-]")


@dataclass(frozen=True)
class Source:
    """Where a value comes from: what command `command` (counted from 0) was asked, or answered.

    `part` picks segments between `:` and `/` out of the string there; None takes the whole.
    """

    command: int
    side: Side
    path: Path
    part: Part | None = None


@dataclass(frozen=True)
class Target:
    """Where a value goes; `span` are the characters it takes up in the string there, None for all of it."""

    command: int
    side: Side
    path: Path
    span: tuple[int, int] | None = None


@dataclass(frozen=True)
class Relation:
    """The source feeds the target, and why that is believed."""

    source: Source
    target: Target
    evidence: str


@dataclass(frozen=True)
class _Place:
    """A string in a trace, and what its place says of it."""

    command: int
    side: Side
    path: Path
    service: str
    kind: str
    is_name: bool
    text: str


@dataclass(frozen=True)
class _Origin:
    """A value where it was first seen."""

    place: _Place
    part: Part | None
    kind: str
    text: str
    strength: Strength

    @property
    def source(self) -> Source:
        return Source(self.place.command, self.place.side, self.place.path, self.part)


def derive(trace: Trace) -> list[Relation]:
    """The relations of a trace, in the order of their targets; none overlaps another."""
    index = _Index()
    relations: list[Relation] = []
    for number, command in enumerate(trace.commands):
        for side in ("request", "response"):
            places = list(_places(number, command, side))
            found = [(place, list(_relations_of(place, index))) for place in places]
            for place, related in found:
                relations += related
                if not any(relation.target.span is None for relation in related):
                    index.add(place)
    return relations


def _places(number: int, command: Command, side: Side) -> Iterator[_Place]:
    if command.operation is None:
        yield from _custom_places(number, command, side)
        return
    operation = command.operation
    for path, leaf in leaves(operation.parameters if side == "request" else command.response):
        if isinstance(leaf, str):
            is_name = side == "response" or identifiers.is_name(path, operation.name)
            kind = identifiers.kind(path, operation.name)
            yield _Place(number, side, path, operation.service, kind, is_name, leaf)


def _custom_places(number: int, command: Command, side: Side) -> Iterator[_Place]:
    service = command.calls[0].service if command.calls else next(iter(command.argv), "")
    option = ""
    for path, leaf in leaves(command.request if side == "request" else command.response):
        if not isinstance(leaf, str):
            continue
        if side == "request" and path[0] == "argv" and leaf.startswith("--"):
            option = leaf
        elif side == "request":
            yield _Place(number, side, path, service, identifiers.stem_of(option), bool(option), leaf)
        else:
            yield _Place(number, side, path, service, identifiers.kind(path[1:], str(path[0])), True, leaf)


# --- the index


class _Index:
    """Values by their text; `starting` finds those that could begin at an atom of a longer text."""

    def __init__(self) -> None:
        self._origins: dict[str, list[_Origin]] = {}
        self._shapes: dict[str, set[tuple[int, int]]] = {}

    def add(self, place: _Place) -> None:
        for origin in _origins(place):
            known = self._origins.setdefault(origin.text, [])
            if not any(other.kind == origin.kind and other.place.service == origin.place.service for other in known):
                known.append(origin)
            first = identifiers.ATOM.search(origin.text)
            if first:
                self._shapes.setdefault(first[0], set()).add((first.start(), len(origin.text)))

    def whole(self, text: str) -> list[_Origin]:
        return self._origins.get(text, [])

    def starting(self, text: str, atom: re.Match[str]) -> Iterator[tuple[int, int]]:
        """The (begin, end) of known values in `text` whose first letters and digits are this atom."""
        for offset, length in self._shapes.get(atom[0], ()):
            begin = atom.start() - offset
            if begin >= 0 and begin + length <= len(text) and text[begin : begin + length] in self._origins:
                yield begin, begin + length


def _origins(place: _Place) -> Iterator[_Origin]:
    """The values that are born at a place: its string, and the pieces of it that may be used alone."""
    strength = identifiers.strength(place.text)
    if place.side == "request" and (len(place.text) > LONGEST_NAME or re.search(r"\s", place.text)):
        return
    if strength:
        yield _Origin(place, None, place.kind, place.text, strength)
    bucket = S3_URI.match(place.text)
    if bucket:
        yield _Origin(place, (3, 4), "bucket", bucket[1], max(identifiers.strength(bucket[1]), Strength.LITTLE))
    elif strength is Strength.PROOF and len(place.text) <= LONGEST_NAME and not re.search(r"\s", place.text):
        yield from _pieces_born(place)


def _pieces_born(place: _Place) -> Iterator[_Origin]:
    """What stands behind each `:` and `/` of an ARN, a URL or a path, up to its end."""
    found = identifiers.segments(place.text)
    for number, (begin, _) in enumerate(found[1:], 1):
        piece = place.text[begin:]
        strength = identifiers.strength(piece)
        if strength >= Strength.MUCH and place.text[begin - 1 : begin + 1] != "//":
            yield _Origin(place, (number, None), place.kind, piece, strength)


# --- looking up


def _relations_of(place: _Place, index: _Index) -> Iterator[Relation]:
    for origin in index.whole(place.text):
        evidence = _judge(place, (0, len(place.text)), origin)
        if evidence:
            yield Relation(origin.source, Target(place.command, place.side, place.path), evidence)
            return
    if not place.text.isalnum():
        for span, origin, evidence in _pieces(place, index):
            yield Relation(origin.source, Target(place.command, place.side, place.path, span), evidence)


def _pieces(place: _Place, index: _Index) -> list[tuple[tuple[int, int], _Origin, str]]:
    """The known values inside a string, the longest first where they overlap."""
    spans = {span for atom in identifiers.ATOM.finditer(place.text) for span in index.starting(place.text, atom)}
    found: list[tuple[tuple[int, int], _Origin, str]] = []
    for begin, end in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
        if (begin, end) == (0, len(place.text)) or any(begin < b and a < end for (a, b), _, _ in found):
            continue
        for origin in index.whole(place.text[begin:end]):
            evidence = _judge(place, (begin, end), origin)
            if evidence:
                found.append(((begin, end), origin, evidence))
                break
    return sorted(found, key=lambda piece: piece[0])


# --- judging


def _judge(place: _Place, span: tuple[int, int], origin: _Origin) -> str | None:
    """Why the characters `span` of a place are the thing that the origin is; None if that isn't sure enough."""
    if origin.place.command == place.command and origin.place.side == place.side:
        return None
    if span == (0, len(place.text)):
        return _judge_whole(place, origin)
    return _judge_piece(place, span, origin)


def _judge_whole(place: _Place, origin: _Origin) -> str | None:
    if origin.strength is Strength.PROOF:
        return f"the {origin.kind}'s identifier" if origin.kind else "an identifier"
    same_kind = origin.kind == place.kind != "" and origin.place.service == place.service
    if same_kind and _is_thing(origin):
        return f"the same {place.kind}"
    if origin.strength is Strength.MUCH and _is_thing(origin):
        return f"the {origin.kind}'s name" if origin.kind else "a telling name"
    return None


def _judge_piece(place: _Place, span: tuple[int, int], origin: _Origin) -> str | None:
    if not _is_thing(origin):
        return None
    if origin.strength is Strength.PROOF:
        return f"holds the {origin.kind or 'same'} identifier" if _stands_alone(place.text, span, WORD) else None
    if not _stands_alone(place.text, span, NAME):
        return None
    for reason in (_named_by_arn, _named_by_s3_uri, _named_by_label, _named_by_echo):
        evidence = reason(place, span, origin)
        if evidence:
            return evidence
    if origin.strength is Strength.MUCH:
        return f"holds the {origin.kind or 'same'} name"
    return None


def _is_thing(origin: _Origin) -> bool:
    """Whether an origin is a thing's name or was minted, and is not merely a setting."""
    return origin.place.side == "response" or origin.place.is_name or origin.part is not None


def _stands_alone(text: str, span: tuple[int, int], word: re.Pattern[str]) -> bool:
    """Whether no character of a word goes on before or behind the span."""
    begin, end = span
    before, behind = text[max(begin - 1, 0) : begin], text[end : end + 1]
    starts, ends = word.match(text[begin]), word.match(text[end - 1])
    return not (starts and word.match(before)) and not (ends and word.match(behind))


def _named_by_arn(place: _Place, span: tuple[int, int], origin: _Origin) -> str | None:
    for arn in identifiers.arns(place.text):
        begin, end = arn.resource
        if begin <= span[0] and span[1] <= end:
            same_type = arn.type == origin.kind
            untyped = not arn.type and arn.service == origin.place.service and span[0] == begin
            if same_type or untyped:
                return f"the {origin.kind} in an ARN"
    return None


def _named_by_s3_uri(place: _Place, span: tuple[int, int], origin: _Origin) -> str | None:
    if origin.kind == "bucket" and place.text[: span[0]].endswith("s3://"):
        return "the bucket in an S3 URI"
    return None


def _named_by_label(place: _Place, span: tuple[int, int], origin: _Origin) -> str | None:
    label = LABEL.search(place.text[max(span[0] - 64, 0) : span[0]])
    if label and origin.place.service == place.service and identifiers.stem_of(label[1]) == origin.kind:
        return f"labelled {label[1]}"
    return None


def _named_by_echo(place: _Place, span: tuple[int, int], origin: _Origin) -> str | None:
    """A response's URL or path that ends in the name that its own request gave."""
    own = origin.place.command == place.command and place.side == "response"
    if own and span[1] == len(place.text) and place.text[span[0] - 1] in ":/":
        return f"the {origin.kind} that was asked for"
    return None


def dependents(relations: Iterable[Relation]) -> dict[int, set[int]]:
    """For each command the commands whose responses it needs."""
    needs: dict[int, set[int]] = {}
    for relation in relations:
        if relation.target.side == "request" and relation.source.side == "response":
            needs.setdefault(relation.target.command, set()).add(relation.source.command)
    return needs
