"""Derives from a trace alone which earlier value feeds which later one.

Commands are read in order. Each string of a request is looked up among the values seen before, whole
and piece by piece; what is found nowhere was chosen by the person, here. Each string of a response is
looked up in the same way, which tells how it can be predicted; what is found nowhere was minted by
the service, here. The place where a value is first seen is where later uses refer to; what a `--query`
printed is a place of its own, since that is what the person saw and used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any, Literal, NamedTuple

from awstracer import elements, identifiers
from awstracer.identifiers import LITTLE, PROOF
from awstracer.judgement import EXACT, Verdict, judge
from awstracer.location import Finder, Setting, settings
from awstracer.options import query_of
from awstracer.origins import Origin, Source, born_at
from awstracer.places import (
    EVERYTHING,
    Members,
    Models,
    Place,
    Printed,
    Side,
    places,
    printed,
    service_of,
)
from awstracer.queries import Query
from awstracer.trace import BATCH, EACH, Command, Path, Trace, children, lookup, new
from awstracer.wanted import Wanted, is_list_of_strings, word_lists

LITERAL = re.compile(r"['`\"]")
LONGEST_LIST = 100
MOST_OF_A_SORT = 16

Form = Literal["plain", "base64", "percent"]


class Target(NamedTuple):
    """Where a value goes; `span` are the characters it takes up in the string there, None for all of it.

    form    how the string says it: `plain`; `percent`-encoded; or the whole string is `base64`, and the
            span is one of what it encodes
    words   how many words of a line a list takes up, the first of them at the path
    """

    command: int
    side: Side
    path: Path
    span: tuple[int, int] | None = None
    form: Form = "plain"
    words: int = 1

    @property
    def taken_up(self) -> list[Path]:
        """The paths that the value takes up: more than one for a list of words."""
        if self.words == 1:
            return [self.path]
        *before, first = self.path
        assert isinstance(first, int)
        return [(*before, at) for at in range(first, first + self.words)]


class Relation(NamedTuple):
    """The source feeds the target.

    evidence       why that is believed
    rivals         sources that were as good
    is_same_kind   whether the kind of thing agrees, and not only a telling name
    """

    source: Source | Setting
    target: Target
    evidence: str
    rivals: tuple[Source, ...] = ()
    is_same_kind: bool = True


def derive(trace: Trace, query: Query, models: Models) -> list[Relation]:
    """The relations of a trace, in the order of their targets; none overlaps another.

    `query` evaluates a JMESPath expression on a document, as awscli does for `--query`.
    """
    known = settings(trace, models)
    account = next((setting.recorded for setting in known if setting.name == "account"), None)
    wanted = Wanted.of(trace, account)
    finder = Finder(known)
    reader = _Reader(_Index(finder, account), Members(models), wanted)
    found = _derive(trace, query, reader)
    picking = _picking(found)
    more = wanted.with_words_of(_neighbours(picking, trace))  # what tells elements apart matters too
    if more is not wanted:
        found = _derive(trace, query, _Reader(_Index(finder, account), reader.members, more))
        picking = _picking(found)
    return _selecting(found, picking, trace) if picking else found


def _derive(trace: Trace, query: Query, reader: _Reader) -> list[Relation]:
    relations: list[Relation] = []
    pending = enumerate(trace.commands)
    while batch := list(islice(pending, reader.batch)):
        for documents in reader.read(batch, query):
            relations += reader.related(documents)
    return relations


def _echoed(answered: Iterable[Relation]) -> set[Path]:
    """Where a response repeats what was known before."""
    return {relation.target.path for relation in answered if relation.target.span is None}


Picking = list[tuple[int, Source]]


def _picking(found: Iterable[Relation]) -> Picking:
    """The sources that pick elements of lists, with the numbers of their relations."""
    return [
        (at, source)
        for at, relation in enumerate(found)
        for source in [relation.source]
        if isinstance(source, Source) and source.picks_elements
    ]


def _neighbours(picking: Picking, trace: Trace) -> Iterator[str]:
    for _, source in picking:
        yield from elements.neighbours(source.path, trace.commands[source.command].response)


def _selecting(found: Sequence[Relation], picking: Picking, trace: Trace) -> list[Relation]:
    """The relations, with sources that pick elements of lists by what they are."""
    selecting = list(found)
    echoed: dict[int, set[Path]] = {source.command: set() for _, source in picking}
    for target in (relation.target for relation in found):
        if target.side == "response" and target.span is None and target.command in echoed:
            echoed[target.command].add(target.path)
    for at, source in picking:
        response = trace.commands[source.command].response
        path = elements.selecting(source.path, response, echoed[source.command])
        selecting[at] = found[at]._replace(source=source._replace(path=path))
    return selecting


# --- reading


class _Documents(NamedTuple):
    """The strings in what a command was asked, in what it printed, and in what it answered."""

    number: int
    command: Command
    request: list[Place]
    printed: Printed
    response: list[Place]


@dataclass
class _Reader:
    """Reads a trace's documents against an index of what was seen before."""

    index: _Index
    members: Members
    wanted: Wanted

    @property
    def batch(self) -> int:
        """How many commands can be read before any is looked up: what matters changes once the account is found."""
        return BATCH if self.wanted.account is None else 1

    def read(self, batch: Iterable[tuple[int, Command]], query: Query) -> list[_Documents]:
        """The documents of some commands, kind by kind: a processor's cache has room for the code of one."""
        members, sieve = self.members, self.wanted.sieve
        requests = [list(places(number, command, "request", members, EVERYTHING)) for number, command in batch]
        seen = [printed(number, command, query, sieve.matters) for number, command in batch]
        responses = [list(places(number, command, "response", members, sieve)) for number, command in batch]
        return [
            _Documents(number, command, asked, shown, answered)
            for (number, command), asked, shown, answered in zip(batch, requests, seen, responses, strict=True)
        ]

    def related(self, documents: _Documents) -> list[Relation]:
        """The relations of what stands in a command's documents; what is born there goes into the index."""
        number, command, _, seen, _ = documents
        relations = self._asked(documents)
        relations += self._queried(number, command)
        if seen.listed is not None:
            self.index.add_list(seen.listed, Source(number, "printed", ()), self.wanted)
        answered = self._answered(documents)
        relations += answered
        echoed = _echoed(answered) if seen.places else ()
        for path, place in seen.places:
            if path not in echoed:
                self._add(place)
        return relations

    def _add(self, place: Place) -> None:
        """Note what is born at a place."""
        self.index.add(place, self.members.namespaces(place.service), self.wanted.matters)

    def _queried(self, number: int, command: Command) -> list[Relation]:
        """The relations of the literals in a command's `--query` (`[?VpcId=='vpc-...']`)."""
        expression = query_of(command)
        if expression is None or not LITERAL.search(expression):
            return []
        self.index.asked.setdefault(number, set())
        place = Place(number, "query", (), service_of(command), "", "", is_name=False, text=expression)
        return [relation for relation in _relations_of(place, self.index) if relation.target.span is not None]

    def _asked(self, documents: _Documents) -> list[Relation]:
        number, command, here, _, _ = documents
        lists = list(_lists_in(number, command, self.index))
        self.index.asked[number] = {place.text for place in here}
        related = self._read(_beside(lists, here) if lists else here)
        self.index.requested.update([place.text for place in here if not place.is_silent])
        return lists + related

    def _answered(self, documents: _Documents) -> list[Relation]:
        """The relations of a response; what was printed of it is born there, and not where it stands."""
        if self.wanted.heads:
            self.index.add_lists(documents.response, documents.command, self.wanted)
        return self._read(documents.response, {path for path, _ in documents.printed.places})

    def _read(self, here: Sequence[Place], taken: Container[Path] = ()) -> list[Relation]:
        """The relations of some places, first of those without ARNs, which may be of the very thing that these name."""
        arns = [place for place in here if "arn:" in place.text]
        rest = [place for place in here if "arn:" not in place.text] if arns else here
        related = self._read_together(rest, taken)
        if arns:
            related += self._read_together(arns, taken)
        if self.wanted.account in self.index.origins:
            self.wanted = replace(self.wanted, account=None)  # once is enough
        return related

    def _read_together(self, here: Iterable[Place], taken: Container[Path]) -> list[Relation]:
        """The relations of some places; what is born there goes into the index after all have been looked up."""
        relations: list[Relation] = []
        born: list[Place] = []
        for place in here:
            related = _relations_of(place, self.index)
            relations += related
            if not (related and related[0].target.span is None) and place.path not in taken:
                born.append(place)
        for place in born:
            self._add(place)
        return relations


def _beside(lists: Iterable[Relation], here: Iterable[Place]) -> list[Place]:
    """The places that aren't in lists which are explained as a whole."""
    explained = {path for relation in lists for path in relation.target.taken_up}
    return [place for place in here if place.path not in explained and place.path[:-1] not in explained]


def _lists_in(number: int, command: Command, index: _Index) -> Iterator[Relation]:
    """The parameters that are a list seen before as a whole: elsewhere it may have more elements, or fewer."""
    if not index.lists:
        return
    for start, words in word_lists(command):
        if words in index.lists:
            target = Target(number, "request", ("argv", start), words=len(words))
            yield Relation(index.lists[words], target, "the whole list")
    pending: list[tuple[Path, Any]] = [((), command.operation.parameters if command.operation else {})]
    while pending:
        path, node = pending.pop()
        if is_list_of_strings(node) and tuple(node) in index.lists:
            yield Relation(index.lists[tuple(node)], Target(number, "request", path), "the whole list")
            continue
        pending += [((*path, key), child) for key, child in children(node)]


# --- the index


@dataclass
class _Index:
    """Values by their text, and what each command was asked.

    `shapes` has, by the longest run of letters and digits in a value, how far it is from the beginning,
    and how long the value is: that finds the values inside a longer text.
    """

    finder: Finder
    account: str | None
    origins: dict[str, list[Origin]] = field(default_factory=dict)
    shapes: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    lists: dict[tuple[str, ...], Source] = field(default_factory=dict)
    asked: dict[int, set[str]] = field(default_factory=dict)
    requested: set[str] = field(default_factory=set)

    def add(self, place: Place, namespaces: frozenset[str], matters: Callable[[str], object]) -> None:
        """Note the values that are born at a place: of a sort the first, or the latest few if they say little."""
        if place.is_silent or (place.side == "response" and place.text in self.requested):
            return
        for origin in born_at(place, self.account, namespaces, matters):
            known = self.origins.get(origin.text)
            if known is None:
                self.origins[origin.text] = [origin]
                self._add_shape(origin.text)
            else:
                _add_to(known, origin)

    def _add_shape(self, text: str) -> None:
        longest = max(identifiers.ATOM.findall(text), key=len, default="")
        known, shape = self.shapes.get(longest, ()), _pair(text.index(longest), len(text))
        if longest and shape not in known:
            self.shapes[longest] = (*known, shape)

    def best(
        self, place: Place, span: tuple[int, int], known: Iterable[Origin]
    ) -> tuple[Origin, Verdict, tuple[Source, ...]] | None:
        """Which known origin is meant by the characters `span` of a place, why, and the sources that are as good."""
        found = []
        for origin in known:
            verdict = judge(place, span, origin)
            if verdict is not None and (origin.strength or self._in_common(place, origin)):
                found.append((origin, verdict))
        if len(found) < 2:
            return (*found[0], ()) if found else None
        ranked = [((verdict.grade, *self._preference(place, origin)), origin, verdict) for origin, verdict in found]
        preference, best, verdict = min(ranked, key=lambda each: each[0])
        rivals = tuple(other.source for rank, other, _ in ranked if rank[:3] == preference[:3] and other != best)
        return best, verdict, rivals

    def _preference(self, place: Place, origin: Origin) -> tuple[int, int, int]:
        """The less the better: how it was seen; whether it is about the same things; what says little, the latest."""
        if origin.strength > LITTLE:
            return origin.rank, 0, origin.place.command
        return origin.rank, -self._in_common(place, origin), -origin.place.command

    def _in_common(self, place: Place, origin: Origin) -> int:
        """How many words a place's command and an origin's share."""
        return len(self.asked[place.command] & self.asked[origin.place.command])

    def inside(self, text: str) -> dict[tuple[int, int], list[Origin]]:
        """The known values in a text, by where they begin and end: less than all of it."""
        found: dict[tuple[int, int], list[Origin]] = {}
        spaced = f" {identifiers.spaced(text)} "
        for atom in self.shapes.keys() & spaced.split():
            for at in _standing_alone(atom, spaced):
                for offset, length in self.shapes[atom]:
                    begin, end = at - offset, at - offset + length
                    known = self.origins.get(text[begin:end]) if begin >= 0 and length < len(text) else None
                    if known is not None and end <= len(text):
                        found[begin, end] = known
        return found

    def add_lists(self, here: Iterable[Place], command: Command, wanted: Wanted) -> None:
        """Note the members of all elements of the lists in a response that a parameter takes whole."""
        for place in here:
            if place.text in wanted.heads and place.path[-1] == 0:
                values = lookup(command.response, place.path[:-1])
                self.add_list(values, Source(place.command, "response", place.path[:-1]), wanted)
            if place.text in wanted.heads and len(place.path) > 1 and place.path[-2] == 0:
                *path, _, key = place.path
                structures = lookup(command.response, tuple(path))
                values = [each.get(key) if isinstance(each, Mapping) else None for each in structures]
                self.add_list(values, Source(place.command, "response", (*path, EACH, key)), wanted)

    def add_list(self, values: Sequence[Any], source: Source, wanted: Wanted) -> None:
        """Note a list if a parameter takes it whole."""
        if not 1 < len(values) <= LONGEST_LIST or tuple(values) not in wanted.lists:
            return
        if source.side == "printed" or all(identifiers.strength(value) is PROOF for value in values):
            self.lists.setdefault(tuple(values), source)


def _add_to(known: list[Origin], origin: Origin) -> None:
    """Note one more origin of a text."""
    if any(other.proves and other.rank < origin.rank for other in known):
        return  # that one will always be taken
    sort = (origin.rank, origin.kind, origin.place.service)
    same = [other for other in known if (other.rank, other.kind, other.place.service) == sort]
    if same and (origin.strength > LITTLE or origin.place.side == "request"):
        return
    if len(same) == MOST_OF_A_SORT:
        known.remove(same[0])
    known.append(origin)


def _standing_alone(atom: str, spaced: str) -> list[int]:
    """Where a run of letters and digits begins in a text, which has a space in front here, and one behind it."""
    found = []
    word = f" {atom} "
    at = spaced.find(word)
    while at >= 0:
        found.append(at)
        at = spaced.find(word, at + len(atom) + 1)
    return found


# --- looking up


def _relations_of(place: Place, index: _Index) -> list[Relation]:
    number, side, path, text = place.command, place.side, place.path, place.text
    known = index.origins.get(text.rstrip("\n"))
    whole = index.best(place, (0, len(text)), known) if known is not None else None
    if whole is not None:
        origin, verdict, rivals = whole
        target = new(Target, (number, side, path, None, "plain", 1))
        return [new(Relation, (origin.source, target, verdict.reason, rivals, verdict.grade == EXACT))]
    form, said, spread = _form(text)
    relations = []
    for piece, source, evidence, rivals in _pieces(_saying(place, said), index):
        span = (spread[piece[0]], spread[piece[1]]) if spread else piece
        told = evidence if form == "plain" else f"{evidence}, in {form}"
        target = new(Target, (number, side, path, span, form, 1))
        relations.append(new(Relation, (source, target, told, rivals, True)))
    return relations


@lru_cache(maxsize=1 << 16)
def _pair(one: int, other: int) -> tuple[int, int]:
    """The same pair each time: a large trace has very many."""
    return one, other


def _saying(place: Place, text: str) -> Place:
    return place if text is place.text else place._replace(text=text)


def _form(text: str) -> tuple[Form, str, list[int]]:
    """A string as what it encodes, and where each character of that begins in the string, if in another place."""
    decoded = identifiers.decoded(text)
    if decoded is not None:
        return "base64", decoded, []
    unquoted, spread = identifiers.unquoted(text)
    return ("percent", unquoted, spread) if spread else ("plain", text, [])


Piece = tuple[tuple[int, int], Source | Setting, str, tuple[Source, ...]]


def _pieces(place: Place, index: _Index) -> list[Piece]:
    """The known values inside a string, the longest first where they overlap, and the settings between them."""
    found: list[Piece] = []
    taken = bytearray(len(place.text))  # 1 where a value is
    if not place.is_silent and not place.text.isalnum():
        inside = index.inside(place.text)
        for begin, end in sorted(inside, key=lambda span: (span[0] - span[1], span[0])):
            best = index.best(place, (begin, end), inside[begin, end]) if taken.find(1, begin, end) < 0 else None
            if best is not None:
                origin, verdict, rivals = best
                found.append(((begin, end), origin.source, verdict.reason, rivals))
                taken[begin:end] = b"\1" * (end - begin)
    for span, setting, reason in index.finder.inside(place):
        if taken.find(1, span[0], span[1]) < 0:
            found.append((span, setting, reason, ()))
    return sorted(found, key=itemgetter(0))
