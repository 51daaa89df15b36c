"""Find the sources of a string: the earlier value that it equals, or those that stand inside it.

A string that equals a candidate as a whole has one relation. Otherwise its pieces are looked up, in what it encodes
if it is base64 or percent-encoded: the policy `{"Resource": "arn:aws:s3:::photos/*"}` has one for the characters of
`photos`. Longer pieces are taken before shorter ones, and none overlaps another. Values of the recorded environment,
such as the region, fill in what is left.

Of several matching candidates, the best is taken, and those that are as good become its alternatives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from awstracer.encodings import decoded, unquoted
from awstracer.index import RequestHistory, ValueIndex
from awstracer.judgement import Match, match
from awstracer.location import EnvironmentScanner
from awstracer.origins import Candidate
from awstracer.places import Occurrence
from awstracer.relation_model import Encoding, EnvironmentValue, Relation, Source, Span, Target


@dataclass(frozen=True, slots=True)
class _Found:
    """What the characters `span` of a string come from."""

    span: Span
    source: Source | EnvironmentValue
    evidence: str
    alternatives: tuple[Source, ...] = ()
    is_same_type: bool = True


@dataclass(frozen=True, slots=True)
class _Choice:
    """A candidate that matches, and how it compares with others: the lower, the better.

    is_by_name   whether only the name matches, and not the type too
    rank         how it was seen, as `Rank` has it
    unlikeness   for an unspecific text, minus the number of strings that its command's request and this one share
    recency      the first command for a specific text, the latest for an unspecific one
    """

    candidate: Candidate
    match: Match
    is_by_name: bool
    rank: int
    unlikeness: int
    recency: int

    @property
    def goodness(self) -> tuple[bool, int, int]:
        """What makes a choice better evidence; which of several equally good ones is taken is convention."""
        return self.is_by_name, self.rank, self.unlikeness


@dataclass(frozen=True)
class SourceFinder:
    """Finds sources among the candidates and requests up to now."""

    index: ValueIndex
    history: RequestHistory
    scanner: EnvironmentScanner

    def relations_of(self, occurrence: Occurrence) -> list[Relation]:
        """Return the relations of a string: one of the whole, or those of its pieces."""
        text = occurrence.text
        whole = self._best(occurrence, (0, len(text)), self.index.equal_to(text.rstrip("\n")))
        if whole is not None:
            return [_relation(occurrence, whole, None)]
        encoding, plain, positions = _decode(text)
        pieces = self._pieces(occurrence if plain is text else replace(occurrence, text=plain))
        return [_relation(occurrence, piece, _span_in_text(piece.span, positions), encoding) for piece in pieces]

    def _pieces(self, occurrence: Occurrence) -> list[_Found]:
        """Return what the pieces of a string come from, in their order."""
        text, found = occurrence.text, list[_Found]()
        taken = bytearray(len(text))  # 1 for each character that has a source
        for span, candidates in self._equal_pieces(occurrence):
            best = self._best(occurrence, span, candidates) if 1 not in taken[slice(*span)] else None
            if best is not None:
                found.append(replace(best, is_same_type=True))
                taken[slice(*span)] = b"\1" * (span[1] - span[0])
        for mention in self.scanner.mentions(occurrence):
            if 1 not in taken[slice(*mention.span)]:
                found.append(_Found(mention.span, mention.value, mention.evidence))
        return sorted(found, key=attrgetter("span"))

    def _equal_pieces(self, occurrence: Occurrence) -> list[tuple[Span, Sequence[Candidate]]]:
        """Return the pieces of a string that equal candidates, the longest first."""
        if occurrence.facts.is_silent or occurrence.text.isalnum():
            return []
        inside = self.index.inside(occurrence.text)
        return sorted(inside.items(), key=lambda piece: (piece[0][0] - piece[0][1], piece[0][0]))

    def _best(self, occurrence: Occurrence, span: Span, candidates: Iterable[Candidate]) -> _Found | None:
        """Return the candidate that the characters `span` mean, with its alternatives; None if they mean none."""
        choices = list(self._choices(occurrence, span, candidates))
        if not choices:
            return None
        best = min(choices, key=lambda each: (*each.goodness, each.recency))
        others = [each.candidate for each in choices if each.goodness == best.goodness]
        return _Found(
            span=span,
            source=best.candidate.source,
            evidence=best.match.evidence,
            alternatives=tuple(other.source for other in others if other != best.candidate),
            is_same_type=best.match.is_by_type,
        )

    def _choices(self, occurrence: Occurrence, span: Span, candidates: Iterable[Candidate]) -> Iterator[_Choice]:
        for candidate in candidates:
            matched = match(occurrence, span, candidate)
            if matched is None:
                continue
            first = candidate.occurrence.command
            common = 0 if candidate.is_specific else self.history.common(occurrence.command, first)
            if not (candidate.specificity or common):
                continue
            yield _Choice(
                candidate=candidate,
                match=matched,
                is_by_name=not matched.is_by_type,
                rank=candidate.rank,
                unlikeness=-common,
                recency=first if candidate.is_specific else -first,
            )


def _relation(occurrence: Occurrence, found: _Found, span: Span | None, encoding: Encoding = "plain") -> Relation:
    return Relation(
        source=found.source,
        target=Target(occurrence.command, occurrence.section, occurrence.path, span, encoding),
        evidence=found.evidence if encoding == "plain" else f"{found.evidence}, in {encoding}",
        alternatives=found.alternatives,
        is_same_type=found.is_same_type,
    )


def _decode(text: str) -> tuple[Encoding, str, list[int]]:
    """Return how a string is encoded, what it encodes, and where each of these characters begins in it if it varies."""
    plain = decoded(text)
    if plain is not None:
        return "base64", plain, []
    plain, positions = unquoted(text)
    return ("percent", plain, positions) if positions else ("plain", text, [])


def _span_in_text(span: Span, positions: list[int]) -> Span:
    return (positions[span[0]], positions[span[1]]) if positions else span
