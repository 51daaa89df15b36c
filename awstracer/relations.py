"""Derives from a trace alone which earlier value feeds which later one.

Commands are read in order. Each string of a request is looked up among the values seen before, whole
and piece by piece; what is found nowhere was chosen by the person, here. Each string of a response is
looked up in the same way, which tells how it can be predicted; what is found nowhere was minted by
the service, here. The place where a value is first seen is where later uses refer to; what a `--query`
printed is a place of its own, since that is what the person saw and used.

Most of a trace is responses, and most of these nobody uses. Only strings whose words stand in some
request too (`_Wanted`) are looked at; so the time goes with the size of what was asked.
"""

from __future__ import annotations

import gc
import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

from awstracer import elements, identifiers
from awstracer.identifiers import Strength
from awstracer.judgement import EXACT, Verdict, judge
from awstracer.location import Setting, settings, settings_in
from awstracer.origins import Origin, Part, born_at
from awstracer.places import Asked, Models, Place, Query, Side, places, printed, printed_list, query_of, service_of
from awstracer.trace import EACH, Command, Path, Trace, children, leaves, lookup

LONGEST_LIST = 100
MOST_OF_A_SORT = 16
DIVIDED = re.compile(r"[:/]")

Form = Literal["plain", "base64", "percent"]


@dataclass(frozen=True, slots=True)
class Source:
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
        return self.side == "response" and EACH not in self.path and any(isinstance(key, int) for key in self.path)


@dataclass(frozen=True, slots=True)
class Target:
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


@dataclass(frozen=True, slots=True)
class Relation:
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
    with _uncollected():
        wanted = _Wanted.of(trace)
        found = _derive(trace, query, models, wanted)
        more = wanted.with_words_of(_neighbours(found, trace))  # what tells elements apart matters too
        if more != wanted:
            found = _derive(trace, query, models, more)
    echoed: dict[int, set[Path]] = defaultdict(set)
    for relation in found:
        if relation.target.side == "response" and relation.target.span is None:
            echoed[relation.target.command].add(relation.target.path)
    return [_selecting(relation, trace, echoed) for relation in found]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing that is made here becomes garbage before the end; to look for some takes a quarter of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _derive(trace: Trace, query: Query, models: Models, wanted: _Wanted) -> list[Relation]:
    reader = _Reader(_Index(settings(trace, models), wanted.matters), models, wanted)
    relations: list[Relation] = []
    for number, command in enumerate(trace.commands):
        relations += reader.read(number, command, "request")
        relations += reader.read_query(number, command)
        seen = printed(number, command, query, wanted.matters)
        if wanted.heads:
            reader.index.add_printed_list(number, command, query, wanted)
        answered = reader.read(number, command, "response", {path for path, _ in seen})
        relations += answered
        echoed = {relation.target.path for relation in answered if relation.target.span is None}
        for path, place in seen:
            if path not in echoed:
                reader.index.add(place, models.namespaces(place.service))
    return relations


def _neighbours(found: Iterable[Relation], trace: Trace) -> Iterator[str]:
    for relation in found:
        source = relation.source
        if isinstance(source, Source) and source.picks_elements:
            yield from elements.neighbours(source.path, trace.commands[source.command].response)


def _selecting(relation: Relation, trace: Trace, echoed: Mapping[int, Container[Path]]) -> Relation:
    """The relation with a source that picks elements of lists by what they are."""
    source = relation.source
    if not isinstance(source, Source) or not source.picks_elements:
        return relation
    response = trace.commands[source.command].response
    path = elements.selecting(source.path, response, echoed.get(source.command, ()))
    return replace(relation, source=replace(source, path=path))


# --- what is worth looking at


@dataclass(frozen=True)
class _Wanted:
    """Tells whether a string could be, or hold, something that was asked for.

    words   the runs of letters and digits in all requests
    lists   the lists of strings in all requests
    heads   their first elements
    """

    words: frozenset[str]
    lists: frozenset[tuple[str, ...]]
    heads: frozenset[str]

    @classmethod
    def of(cls, trace: Trace) -> _Wanted:
        lists = frozenset(_string_lists(trace))
        nothing = cls(frozenset(), lists, frozenset(strings[0] for strings in lists))
        return nothing.with_words_of(
            text for command in trace.commands for _, text in leaves(command.request) if isinstance(text, str)
        ).with_words_of(
            text for command in trace.commands for text in [*_keys(command.request), query_of(command) or ""]
        )

    def with_words_of(self, texts: Iterable[str]) -> _Wanted:
        words = set(self.words)
        for text in texts:
            for form in (text, identifiers.decoded(text), identifiers.unquoted(text)[0]):
                words.update(identifiers.ATOM.findall(form or ""))
        return self if words == self.words else replace(self, words=frozenset(words))

    @cached_property
    def matters(self) -> Callable[[str], bool]:
        """The question, with a memory: most strings of a trace come again and again."""
        return _Remembered(self._matters).__getitem__

    def _matters(self, text: str) -> bool:
        found = identifiers.ATOM.findall(text)
        if not DIVIDED.search(text):
            return bool(found) and self.words.issuperset(found)
        behind = bool(found) and found[-1] in self.words  # pieces of an ARN or a URL go up to its end
        return behind or any(identifiers.is_account(word) and word in self.words for word in found)


class _Remembered(dict[str, bool]):
    """Answers to a question about strings."""

    def __init__(self, question: Callable[[str], bool]) -> None:
        self._question = question

    def __missing__(self, text: str) -> bool:
        answer = self[text] = self._question(text)
        return answer


def _keys(document: Any) -> Iterator[str]:
    pending = [document]
    while pending:
        for key, child in children(pending.pop()):
            pending.append(child)
            if isinstance(key, str):
                yield key


def _string_lists(trace: Trace) -> Iterator[tuple[str, ...]]:
    for command in trace.commands:
        yield from (words for _, words in _word_lists(command))
        pending = [command.operation.parameters if command.operation else {}]
        while pending:
            node = pending.pop()
            if _is_list_of_strings(node):
                yield tuple(node)
            pending += [child for _, child in children(node)]


def _is_list_of_strings(node: Any) -> bool:
    return isinstance(node, list) and len(node) > 1 and all(isinstance(each, str) for each in node)


# --- reading


@dataclass
class _Reader:
    """Reads a trace's documents against an index of what was seen before."""

    index: _Index
    models: Models
    wanted: _Wanted

    def read_query(self, number: int, command: Command) -> list[Relation]:
        """The relations of the literals in a command's `--query` (`[?VpcId=='vpc-...']`)."""
        expression = query_of(command)
        if expression is None:
            return []
        self.index.asked.setdefault(number, set())
        place = Place(number, "query", (), service_of(command), "", "", is_name=False, text=expression)
        return [relation for relation in _relations_of(place, self.index) if relation.target.span is not None]

    def read(self, number: int, command: Command, side: Asked, taken: Container[Path] = ()) -> list[Relation]:
        """The relations of what a command was asked, or answered; what is born there goes into the index.

        What stands at paths that are `taken` is indexed otherwise.
        """
        lists = list(_lists_in(number, command, self.index)) if side == "request" else []
        explained = {path for relation in lists for path in relation.target.taken_up}
        here = list(places(number, command, side, self.models, self.wanted.matters))
        if side == "request":
            self.index.asked[number] = {place.text for place in here}
        if side == "response" and self.wanted.heads:
            self.index.add_lists(here, command, self.wanted)
        rest = [place for place in here if place.path not in explained and place.path[:-1] not in explained]
        related: list[Relation] = []
        for has_arn in (False, True):  # an ARN may be of the very thing that the request names
            related += self._read([place for place in rest if ("arn:" in place.text) is has_arn], taken)
        if side == "request":
            self.index.requested |= {place.text for place in here if not place.is_silent}
        return lists + related

    def _read(self, here: Sequence[Place], taken: Container[Path]) -> list[Relation]:
        """The relations of some places; what is born there goes into the index after all have been looked up."""
        found = [(place, list(_relations_of(place, self.index))) for place in here]
        for place, related in found:
            if not any(relation.target.span is None for relation in related) and place.path not in taken:
                self.index.add(place, self.models.namespaces(place.service))
        return [relation for _, related in found for relation in related]


def _lists_in(number: int, command: Command, index: _Index) -> Iterator[Relation]:
    """The parameters that are a list seen before as a whole: elsewhere it may have more elements, or fewer."""
    for start, words in _word_lists(command):
        if words in index.lists:
            target = Target(number, "request", ("argv", start), words=len(words))
            yield Relation(index.lists[words], target, "the whole list")
    pending: list[tuple[Path, Any]] = [((), command.operation.parameters if command.operation else {})]
    while pending:
        path, node = pending.pop()
        if _is_list_of_strings(node) and tuple(node) in index.lists:
            yield Relation(index.lists[tuple(node)], Target(number, "request", path), "the whole list")
            continue
        pending += [((*path, key), child) for key, child in children(node)]


def _word_lists(command: Command) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The words of a custom command's line that follow one option, where there are several, and where they begin."""
    options = [at for at, word in enumerate(command.argv) if word.startswith("--")]
    for option, following in pairwise([*options, len(command.argv)] if command.operation is None else []):
        if following - option > 2:
            yield option + 1, command.argv[option + 1 : following]


# --- the index


@dataclass
class _Index:
    """Values by their text, and what each command was asked.

    `shapes` has, by the first run of letters and digits in a value, how far it is from the beginning,
    and how long the value is: that finds the values inside a longer text.
    """

    settings: Sequence[Setting]
    matters: Callable[[str], bool]
    origins: dict[str, list[Origin]] = field(default_factory=dict)
    shapes: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    lists: dict[tuple[str, ...], Source] = field(default_factory=dict)
    asked: dict[int, set[str]] = field(default_factory=dict)
    requested: set[str] = field(default_factory=set)

    def add(self, place: Place, namespaces: frozenset[str]) -> None:
        """Note the values that are born at a place: of a sort the first, or the latest few if they say little."""
        if place.is_silent or (place.side == "response" and place.text in self.requested):
            return
        for origin in born_at(place, self._account, namespaces, self.matters):
            known = self.origins.setdefault(origin.text, [])
            sort = (origin.rank, origin.kind, origin.place.service)
            same = [other for other in known if (other.rank, other.kind, other.place.service) == sort]
            if same and (origin.strength > Strength.LITTLE or place.side == "request"):
                continue
            if len(same) == MOST_OF_A_SORT:
                known.remove(same[0])
            known.append(origin)
            first = identifiers.ATOM.search(origin.text)
            if first:
                self.shapes.setdefault(first[0], set()).add((first.start(), len(origin.text)))

    @property
    def _account(self) -> str | None:
        return next((setting.recorded for setting in self.settings if setting.name == "account"), None)

    def best(self, place: Place, span: tuple[int, int]) -> tuple[Origin, Verdict, tuple[Source, ...]] | None:
        """What is meant by the characters `span` of a place, why, and the sources that are as good."""
        text = place.text[slice(*span)]
        if span == (0, len(place.text)):
            text = text.rstrip("\n")
        if text not in self.origins:
            return None
        found = [
            ((verdict.grade, *self._preference(place, origin)), origin, verdict)
            for origin in self.origins[text]
            for verdict in [judge(place, span, origin)]
            if verdict is not None and (origin.strength or self._in_common(place, origin))
        ]
        if not found:
            return None
        preference, origin, verdict = min(found, key=lambda each: each[0])
        rivals = tuple(source_of(other) for rank, other, _ in found if rank[:3] == preference[:3] and other != origin)
        return origin, verdict, rivals

    def _preference(self, place: Place, origin: Origin) -> tuple[int, int, int]:
        """The less the better: how it was seen; whether it is about the same things; what says little, the latest."""
        if origin.strength > Strength.LITTLE:
            return origin.rank, 0, origin.place.command
        return origin.rank, -self._in_common(place, origin), -origin.place.command

    def _in_common(self, place: Place, origin: Origin) -> int:
        """How many words a place's command and an origin's share."""
        return len(self.asked[place.command] & self.asked[origin.place.command])

    def inside(self, text: str) -> Iterator[tuple[int, int]]:
        """The (begin, end) of known values in a text."""
        for atom in identifiers.ATOM.finditer(text):
            for offset, length in self.shapes.get(atom[0], ()):
                begin = atom.start() - offset
                if begin >= 0 and begin + length <= len(text) and text[begin : begin + length] in self.origins:
                    yield begin, begin + length

    def add_printed_list(self, number: int, command: Command, query: Query, wanted: _Wanted) -> None:
        """Note the list that a query printed, if a parameter takes it whole."""
        shown = printed_list(command, query, wanted.lists)
        if shown is not None:
            self._add_list(shown, Source(number, "printed", ()), wanted)

    def add_lists(self, here: Iterable[Place], command: Command, wanted: _Wanted) -> None:
        """Note the members of all elements of the lists in a response that a parameter takes whole."""
        for place in here:
            if place.text in wanted.heads and place.path[-1] == 0:
                values = lookup(command.response, place.path[:-1])
                self._add_list(values, Source(place.command, "response", place.path[:-1]), wanted)
            if place.text in wanted.heads and len(place.path) > 1 and place.path[-2] == 0:
                *path, _, key = place.path
                structures = lookup(command.response, tuple(path))
                values = [each.get(key) if isinstance(each, Mapping) else None for each in structures]
                self._add_list(values, Source(place.command, "response", (*path, EACH, key)), wanted)

    def _add_list(self, values: Sequence[Any], source: Source, wanted: _Wanted) -> None:
        if not 1 < len(values) <= LONGEST_LIST or tuple(values) not in wanted.lists:
            return
        if source.side == "printed" or all(identifiers.strength(value) is Strength.PROOF for value in values):
            self.lists.setdefault(tuple(values), source)


def source_of(origin: Origin) -> Source:
    """Where an origin's value is taken from."""
    return Source(origin.place.command, origin.place.side, origin.place.path, origin.part)


# --- looking up


def _relations_of(place: Place, index: _Index) -> Iterator[Relation]:
    whole = index.best(place, (0, len(place.text)))
    if whole is not None:
        origin, verdict, rivals = whole
        target = Target(place.command, place.side, place.path)
        yield Relation(source_of(origin), target, verdict.reason, rivals, is_same_kind=verdict.grade == EXACT)
        return
    form, text, spread = _form(place.text)
    for (begin, end), source, evidence, rivals in _pieces(_saying(place, text), index):
        span = (spread[begin], spread[end]) if spread else (begin, end)
        told = evidence if form == "plain" else f"{evidence}, in {form}"
        yield Relation(source, Target(place.command, place.side, place.path, span, form), told, rivals)


def _saying(place: Place, text: str) -> Place:
    return place if text is place.text else replace(place, text=text)


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
    covered = bytearray(len(place.text))
    if not place.is_silent and not place.text.isalnum():
        spans = set(index.inside(place.text))
        for begin, end in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
            if (begin, end) == (0, len(place.text)) or any(covered[begin:end]):
                continue
            best = index.best(place, (begin, end))
            if best is not None:
                origin, verdict, rivals = best
                found.append(((begin, end), source_of(origin), verdict.reason, rivals))
                covered[begin:end] = b"\1" * (end - begin)
    found += [(span, setting, reason, ()) for span, setting, reason in settings_in(place, index.settings, covered)]
    return sorted(found, key=lambda piece: piece[0])
