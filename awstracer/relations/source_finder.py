"""Find the sources of a string: the earlier value that it equals, or those that stand inside it.

A string that equals a candidate as a whole has one relation. Otherwise its pieces are looked up, in what it encodes
if it is base64 or percent-encoded: the policy `{"Resource": "arn:aws:s3:::photos/*"}` has one for the characters of
`photos`. Longer pieces are taken before shorter ones, and none overlaps another. Values of the recorded environment,
such as the region, fill in what is left.

Of several matching candidates, the best is taken, and those that are as good become its alternatives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import NamedTuple

from awstracer.commandline.text import Span
from awstracer.relations.account_region import EnvironmentScanner
from awstracer.relations.candidates import Candidate
from awstracer.relations.index import RequestHistory, ValueIndex
from awstracer.relations.matching import Match, match
from awstracer.relations.model import Encoding, Relation, Source, Target
from awstracer.relations.occurrences import Occurrence
from awstracer.trace.encodings import decode_base64, decode_percent

Goodness = tuple[bool, int, int]


class _Meaning(NamedTuple):
    """Which candidate a string or a piece of it means; `match` says why, `alternatives` are equally good sources."""

    candidate: Candidate
    match: Match
    alternatives: tuple[Source, ...] = ()


@dataclass(frozen=True)
class SourceFinder:
    """Finds sources among the candidates and requests up to now."""

    index: ValueIndex
    history: RequestHistory
    scanner: EnvironmentScanner

    def relations_of(self, occurrence: Occurrence) -> list[Relation]:
        """Return the relations of a string: one of the whole, or those of its pieces."""
        text = occurrence.text
        whole = self._meaning(occurrence, (0, len(text)), self.index.equal_to(text.rstrip("\n")))
        return self._piece_relations(occurrence) if whole is None else [_whole_relation(occurrence, whole)]

    def _piece_relations(self, occurrence: Occurrence) -> list[Relation]:
        """Return the relations of the pieces of a string, in their order; a span counts in what the string encodes."""
        encoding, plain, positions = _decode(occurrence.text)
        if encoding == "plain":
            return self._pieces(occurrence)
        relations = self._pieces(occurrence._replace(text=plain))
        return [_encoded(relation, encoding, positions) for relation in relations]

    def _pieces(self, occurrence: Occurrence) -> list[Relation]:
        """Return the relations of the pieces of a string that encodes nothing, in their order."""
        relations: list[Relation] = []
        # 1 for each character that has a source; to compare 16,000 spans instead takes 8 s in place of 2
        taken = bytearray(len(occurrence.text))
        for span, candidates in self._equal_pieces(occurrence):
            meaning = self._meaning(occurrence, span, candidates) if 1 not in taken[slice(*span)] else None
            if meaning is not None:
                source, evidence = meaning.candidate.source, meaning.match.evidence
                relations.append(Relation(source, _target(occurrence, span), evidence, meaning.alternatives))
                taken[slice(*span)] = b"\1" * (span[1] - span[0])
        for mention in self.scanner.mentions(occurrence):
            if 1 not in taken[slice(*mention.span)]:
                relations.append(Relation(mention.value, _target(occurrence, mention.span), mention.evidence))
        return sorted(relations, key=attrgetter("target.span"))

    def _equal_pieces(self, occurrence: Occurrence) -> list[tuple[Span, Sequence[Candidate]]]:
        """Return the pieces of a string that equal candidates, the longest first."""
        if occurrence.facts.is_silent or occurrence.text.isalnum():
            return []
        inside = self.index.inside(occurrence.text)
        return sorted(inside.items(), key=lambda piece: (piece[0][0] - piece[0][1], piece[0][0]))

    # --- which candidate is meant

    def _meaning(self, occurrence: Occurrence, span: Span, candidates: Iterable[Candidate]) -> _Meaning | None:
        """Return which candidate the characters `span` mean; None if they mean none."""
        meanings = [
            _Meaning(candidate, matched)
            for candidate in candidates
            if (matched := match(occurrence, span, candidate)) is not None
            and (candidate.specificity or self._common(occurrence, candidate))
        ]
        return self._best(occurrence, meanings) if len(meanings) > 1 else meanings[0] if meanings else None

    def _best(self, occurrence: Occurrence, meanings: Iterable[_Meaning]) -> _Meaning:
        """Return the best of several meanings, with the others that are as good as its alternatives."""
        ranked = [
            (self._goodness(occurrence, meaning), _preference(meaning.candidate), meaning) for meaning in meanings
        ]
        goodness, _, best = min(ranked, key=itemgetter(0, 1))
        others = (meaning.candidate for rank, _, meaning in ranked if rank == goodness and meaning is not best)
        return best._replace(alternatives=tuple(other.source for other in others))

    def _goodness(self, occurrence: Occurrence, meaning: _Meaning) -> Goodness:
        """Return how good the evidence of a meaning is: the lower, the better.

        A match by type is better than one by name; then the candidate's rank counts; then, for an unspecific text,
        how much its command's request has in common with this one.
        """
        candidate = meaning.candidate
        common = 0 if candidate.is_specific else self._common(occurrence, candidate)
        return not meaning.match.is_by_type, candidate.rank, -common

    def _common(self, occurrence: Occurrence, candidate: Candidate) -> int:
        return self.history.common(occurrence.command, candidate.occurrence.command)


def _preference(candidate: Candidate) -> int:
    """Return which of equally good candidates is taken: the first of a specific text, the latest of another."""
    command = candidate.occurrence.command
    return command if candidate.is_specific else -command


def _target(occurrence: Occurrence, span: Span | None = None) -> Target:
    return Target(occurrence.command, occurrence.section, occurrence.path, span)


def _encoded(relation: Relation, encoding: Encoding, positions: list[int]) -> Relation:
    """Return the relation of a piece of a decoded text as one of the string that encodes it."""
    target = relation.target._replace(encoding=encoding)
    if positions and target.span is not None:
        target = target._replace(span=(positions[target.span[0]], positions[target.span[1]]))
    return relation._replace(target=target, evidence=f"{relation.evidence}, in {encoding}")


def _whole_relation(occurrence: Occurrence, meaning: _Meaning) -> Relation:
    return Relation(
        source=meaning.candidate.source,
        target=_target(occurrence),
        evidence=meaning.match.evidence,
        alternatives=meaning.alternatives,
        is_same_type=meaning.match.is_by_type,
    )


def _decode(text: str) -> tuple[Encoding, str, list[int]]:
    """Return how a string is encoded, what it encodes, and where each of these characters begins in it if it varies."""
    plain = decode_base64(text)
    if plain is not None:
        return "base64", plain, []
    plain, positions = decode_percent(text)
    return ("percent", plain, positions) if positions else ("plain", text, [])
