"""Which steps of a plan have to be done before which: all others may be played at the same time.

A step waits for those that its values come from, and for earlier ones about the same things, unless both only read.
Things are what the relations say, whatever looks like an identifier, names, and local files. A step that names
nothing (`list-users`), or asks by nothing but a prefix or a path, is about all of its service. One that deletes is
about everything that has to do with what it deletes, even through a third thing: a VPC goes after its subnets, though
neither request names the other. One that calls nothing (`configure set`), and one before which there was a pause that
is kept, are about everything.

What the trace itself has made and connected is one thing from then on: what is sent to a topic comes before what is
received from the queue that was subscribed to it, and a gateway is attached before a subnet of its VPC needs it. What
was there before (an image, a default VPC) connects nothing: those who use it are as free as strangers.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import pairwise

from awstracer import identifiers
from awstracer.origins import Source
from awstracer.relations import Relation
from awstracer.settling import ENDING, READING, names_made
from awstracer.steps import Step
from awstracer.text import plain
from awstracer.trace import Document, Opaque, leaves

NAMING = re.compile(
    r"(?i:.*(?:name|id|identifier|arn|url|bucket|key|topic|queue|table|function|cluster|group|role|user|stack|alias|"
    r"path|stream|domain|repository|pool|file|dir)s?)"
)
PIECE = re.compile(r"[^/:=,\s]+")
BROAD = re.compile(r"(?i:.*(?:prefix|path))")
LOOSE = frozenset({"/", ".", "..", "-", "s3", "http", "https", "file", "fileb", "arn", "aws"})


@dataclass
class _Uses:
    """Who has used a thing so far: the last step that may have changed it, and those that have read it since."""

    changed: set[int] = field(default_factory=set)
    read: set[int] = field(default_factory=set)

    def add(self, number: int, *, reads: bool) -> set[int]:
        """Use it once more; the steps that have to be done before."""
        if reads:
            self.read.add(number)
            return set(self.changed)
        before, self.changed, self.read = self.changed | self.read, {number}, set()
        return before


@dataclass
class _Family:
    """Steps that have to do with one another, and who of them has used what they are about."""

    members: list[int] = field(default_factory=list)
    uses: _Uses = field(default_factory=_Uses)

    def absorb(self, other: _Family) -> None:
        self.members += other.members
        self.uses.changed |= other.uses.changed
        self.uses.read |= other.uses.read


class _Kin:
    """Which steps have to do with one another so far: each is about something that another one of them has made."""

    def __init__(self) -> None:
        self._makers: dict[Hashable, list[int]] = {}
        self._families: dict[int, _Family] = {}

    def add(self, step: Step, asked: Set[Hashable], answering: Set[int]) -> set[int]:
        """A step is about things, and goes by other steps' answers; the steps that have to be done before."""
        makers = {maker for thing in asked for maker in self._makers.get(thing, ())}
        known = [self._families[number] for number in makers | answering if number in self._families]
        if _reads(step) and not known:
            return set()
        family = self._joined(step.number, known)
        for name in {name for call in step.command.calls for name in names_made(call)}:
            self._makers.setdefault(name, []).append(step.number)
        return family.uses.add(step.number, reads=_reads(step)) if step.selected else set()

    def _joined(self, number: int, families: Sequence[_Family]) -> _Family:
        """The one family that several become by a step."""
        largest = max(families, key=lambda family: len(family.members), default=_Family())
        for family in {id(family): family for family in families if family is not largest}.values():
            largest.absorb(family)
            self._families.update(dict.fromkeys(family.members, largest))
        largest.members.append(number)
        self._families[number] = largest
        return largest


@dataclass
class _Service:
    """Who has used a service so far, of which steps that name nothing use all; those that name things use these."""

    whole: _Uses = field(default_factory=_Uses)
    changed: set[int] = field(default_factory=set)
    read: set[int] = field(default_factory=set)

    def add(self, number: int, *, is_named: bool, reads: bool) -> set[int]:
        """Use it once more; the steps that have to be done before."""
        if not is_named:
            before = self.changed if reads else self.changed | self.read
            return before | self.whole.add(number, reads=reads)
        (self.read if reads else self.changed).add(number)
        return self.whole.changed if reads else self.whole.changed | self.whole.read


class _Relatives:
    """Things that have to do with one another, since some step is about both: each has a name, one of theirs."""

    def __init__(self, families: Iterable[Iterable[Hashable]]) -> None:
        self._above: dict[Hashable, Hashable] = {}
        for things in families:
            for one, other in pairwise(things):
                self._above[self.of(other)] = self.of(one)

    def of(self, thing: Hashable) -> Hashable:
        """The name of a thing's family."""
        while (above := self._above.get(thing, thing)) != thing:
            self._above[thing] = thing = self._above.get(above, above)
        return thing


class _Past:
    """Who has used what so far."""

    def __init__(self, relatives: _Relatives) -> None:
        self._relatives = relatives
        self._things: dict[Hashable, _Uses] = {}
        self._families: dict[Hashable, _Uses] = {}
        self._services: dict[str, _Service] = {}

    def add(self, step: Step, asked: Set[Hashable], answered: Set[Hashable]) -> set[int]:
        """A step uses what it is about; the steps that have to be done before."""
        reads, things = _reads(step), asked | answered
        is_named = bool(asked or (answered and not reads)) and not (reads and _asks_broadly(step))
        before: set[int] = set()
        for family in {self._relatives.of(thing) for thing in things}:
            before |= self._families.setdefault(family, _Uses()).add(step.number, reads=not _ends(step))
        for thing in things:
            before |= self._things.setdefault(thing, _Uses()).add(step.number, reads=reads)
        for service in {call.service for call in step.command.calls}:
            uses = self._services.setdefault(service, _Service())
            before |= uses.add(step.number, is_named=is_named, reads=reads)
        return before


def predecessors(steps: Sequence[Step], *, heeds_pauses: bool) -> dict[int, frozenset[int]]:
    """For the number of each step that is to be played, those of the steps that have to be done before it.

    `steps` are a plan's, all of them; `heeds_pauses` says whether recorded pauses are kept.
    """
    planned = [(step, set(_asked(step, steps)), set(_identifiers(step.command.response))) for step in steps]
    past, kin = _Past(_Relatives(asked | answered for _, asked, answered in planned)), _Kin()
    result: dict[int, frozenset[int]] = {}
    fence: set[int] = set()
    for step, asked, answered in planned:
        sources = list(_sources(step, steps))
        before = kin.add(step, asked, {source.command + 1 for source in sources if source.side != "request"})
        if not step.selected:
            continue
        before |= fence | {source.command + 1 for source in sources} | past.add(step, asked, answered)
        if step.minted is not None:
            before.add(step.minted.number)
        if not step.command.calls or (heeds_pauses and step.command.pause):
            before, fence = set(result), {step.number}
        result[step.number] = frozenset(before & result.keys())
    return result


def _reads(step: Step) -> bool:
    """Whether a step changes nothing, here or there."""
    return all(READING.match(call.operation) for call in step.command.calls) and not any(_outfiles(step))


def _asks_broadly(step: Step) -> bool:
    """Whether all that a step names is a prefix or a path, below which there are things that others name."""
    names = {name for call in step.command.calls for name in call.request}
    broad = {name for name in names if BROAD.fullmatch(name)}
    return bool(broad) and not any(map(NAMING.fullmatch, names - broad))


def _ends(step: Step) -> bool:
    return any(ENDING.match(call.operation) for call in step.command.calls)


def _sources(step: Step, steps: Sequence[Step]) -> Iterator[Source]:
    """Where a step's values come from."""
    for relation in _relations(step):
        yield from _had_from(relation, steps)


def _relations(step: Step) -> Iterator[Relation]:
    for reference in step.references():
        yield reference.relation


def _had_from(relation: Relation, steps: Sequence[Step]) -> Iterator[Source]:
    """Where a value comes from, through all requests that had it before, up to where it was born."""
    for source in (relation.source, *relation.rivals):
        if not isinstance(source, Source):
            continue
        yield source
        for reference in steps[source.command].references_at(source.path) if source.side == "request" else ():
            yield from _had_from(reference.relation, steps)


def _asked(step: Step, steps: Sequence[Step]) -> Iterator[Hashable]:
    """What a step's request is about."""
    for relation in _relations(step):
        *_, born = (None, *_had_from(relation, steps))
        if born is not None:
            yield born.command, born.side, born.path
    yield from _identifiers(step.command.request)
    yield from _names(step)


def _identifiers(document: Document) -> Iterator[str]:
    for _, text in leaves(document):
        if isinstance(text, str):
            yield from (text[begin:end] for begin, end in identifiers.minted(text))


def _names(step: Step) -> Iterator[str]:
    """The names in a request, with those at the end of paths and ARNs; all pieces of a custom command's words."""
    yield from _named(text for value in step.override_values() for _, text in leaves(value))
    if step.form is None:
        for at in step.arguments[1:]:
            yield from set(PIECE.findall(step.command.argv[at])) - LOOSE
        return
    named = {name: value for name, value in step.command.request.items() if NAMING.fullmatch(name)}
    bodies = (body.name for _, body in leaves(step.command.request) if isinstance(body, Opaque))
    yield from _named((*(text for _, text in leaves(named)), *bodies, *_outfiles(step)))


def _named(values: Iterable[object]) -> Iterator[str]:
    for text in values:
        if isinstance(text, str):
            yield from {text, *PIECE.findall(text)[-1:]} - LOOSE


def _outfiles(step: Step) -> Iterator[str]:
    """The local files that an operation's answer goes to."""
    for extra in step.form.extra if step.form is not None else ():
        if not extra.members:
            yield plain(extra.words[-1])
