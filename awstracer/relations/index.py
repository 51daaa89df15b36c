"""The index of candidates: find earlier values that equal a string, or a piece of it.

Most of a trace is response data that no later request uses. The relevance filter therefore collects the tokens of all
requests first (`vpc-0a1b` has `vpc` and `0a1b`), and only response strings all of whose tokens are among them are
looked at; of an ARN or a URL, whose parts may be used alone, the last token must be.

A piece of a longer string is found by its anchor, the longest token of a candidate. The string's own tokens are looked
up as anchors; each anchor says how far before it a candidate begins, and how long the candidate is.

Which of several equal candidates is meant is decided in `relations/source_finder`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from awstracer.commandline.options import query_of
from awstracer.commandline.text import Span
from awstracer.relations.candidates import Candidate
from awstracer.relations.identifiers import REMEMBERED, TOKEN, Specificity, specificity, tokens
from awstracer.relations.model import Relation, Source, Target
from awstracer.relations.occurrences import Occurrence
from awstracer.trace.encodings import decode_base64, decode_percent
from awstracer.trace.model import Command, Trace
from awstracer.trace.paths import EACH, Path, children, lookup

LONGEST_LIST = 100  # elements of a list that is recognized as a whole
MOST_OF_A_SORT = 16  # candidates of one text, rank, type and service: a word such as `1` comes thousands of times


# --- which strings are relevant


@dataclass(frozen=True)
class RelevanceFilter:
    """Tells whether some request of the trace may use a string.

    tokens    the tokens of all requests
    lists     the lists of strings in all requests
    account   an account that ARNs are searched for, whatever else they have; None if there is no need to
    """

    tokens: frozenset[str]
    lists: frozenset[tuple[str, ...]]
    account: str | None = None

    @classmethod
    def of(cls, trace: Trace, account: str | None) -> RelevanceFilter:
        """Return the filter for a trace that was recorded in `account`."""
        used = _tokens_with_decoded({text for command in trace.commands for text in _request_texts(command)})
        lists = {taken.values for command in trace.commands for taken in _lists_in_request(command)}
        return cls(frozenset(used), frozenset(lists), account if account in used else None)

    def with_tokens_of(self, texts: Iterable[str]) -> RelevanceFilter:
        """Return the filter with more tokens; itself if it has them all."""
        more = _tokens_with_decoded(texts)
        return self if more <= self.tokens else replace(self, tokens=self.tokens | more)

    def without_account(self) -> RelevanceFilter:
        """Return the filter for when the account has been found."""
        return self if self.account is None else replace(self, account=None)

    @cached_property
    def is_relevant(self) -> Callable[[str], bool]:
        """Return whether a string is relevant; the results are cached, since most strings come again and again."""
        return lru_cache(maxsize=REMEMBERED)(self._is_relevant)

    def _is_relevant(self, text: str) -> bool:
        first = TOKEN.search(text)  # it alone rejects most strings, in half of the time
        if first is None:
            return False
        if ":" in text or "/" in text:
            of_text = tokens(text)
            return of_text[-1] in self.tokens or self.account in of_text
        return first[0] in self.tokens and self.tokens.issuperset(tokens(text))


def _tokens_with_decoded(texts: Iterable[str]) -> set[str]:
    """Return the tokens of texts, and of what they encode."""
    readings = []
    for text in texts:
        readings += [text, decode_base64(text) or "", decode_percent(text)[0] if "%" in text else ""]
    return set(tokens("\n".join(readings)))


def _request_texts(command: Command) -> Iterator[str]:
    """Yield the strings and keys of a command's request, and its query."""
    yield query_of(command) or ""
    pending: list[Any] = [command.request]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, Mapping):
            yield from node
            pending += node.values()
        elif isinstance(node, (list, tuple)):
            pending += node


# --- values


class Anchor(NamedTuple):
    """Where in a candidate its longest token begins, and how long the candidate is: (4, 8) for `vpc-0a1b`."""

    offset: int
    length: int


class ValueIndex:
    """The candidates up to now, by their texts."""

    def __init__(self) -> None:
        self._candidates: dict[str, list[Candidate]] = {}
        self._anchors: dict[str, set[Anchor]] = {}

    def __contains__(self, text: object) -> bool:
        return text in self._candidates

    def add(self, candidate: Candidate) -> None:
        """Add a candidate, unless it would never be preferred to those that are there."""
        equal = self._candidates.get(candidate.text)
        if equal is None:
            self._candidates[candidate.text] = [candidate]
            self._add_anchor(candidate.text)
        else:
            _add_equal(equal, candidate)

    def _add_anchor(self, text: str) -> None:
        longest = max(tokens(text), key=len, default="")
        if longest:
            self._anchors.setdefault(longest, set()).add(Anchor(text.index(longest), len(text)))

    def equal_to(self, text: str) -> Sequence[Candidate]:
        """Return the candidates that equal a text."""
        return self._candidates.get(text, ())

    def inside(self, text: str) -> dict[Span, Sequence[Candidate]]:
        """Return the candidates that equal a piece of a text, by where it begins and ends."""
        pieces: dict[Span, Sequence[Candidate]] = {}
        for token in TOKEN.finditer(text):
            for offset, length in self._anchors.get(token[0], ()):
                begin = token.start() - offset
                end = begin + length
                if begin >= 0 and end <= len(text) and length < len(text):
                    equal = self.equal_to(text[begin:end])
                    if equal:
                        pieces[begin, end] = equal
        return pieces


def _add_equal(equal: list[Candidate], candidate: Candidate) -> None:
    """Add a candidate to those of the same text: of a sort the first, or the latest few if the text is unspecific."""
    if any(other.is_unique and other.rank < candidate.rank for other in equal):
        return
    same = [other for other in equal if _sort(other) == _sort(candidate)]
    if same and (candidate.is_specific or candidate.occurrence.section == "request"):
        return
    if len(same) == MOST_OF_A_SORT:
        equal.remove(same[0])
    equal.append(candidate)


def _sort(candidate: Candidate) -> tuple[int, str, str]:
    return candidate.rank, candidate.resource_type, candidate.occurrence.facts.service


# --- what requests had


class RequestHistory:
    """The strings of the requests up to now."""

    def __init__(self) -> None:
        self._by_command: dict[int, set[str]] = {}
        self._informative: set[str] = set()

    def begin(self, number: int, request: Iterable[Occurrence]) -> None:
        """Note a command's strings, before its relations are looked for."""
        self._by_command[number] = {occurrence.text for occurrence in request}

    def finish(self, request: Iterable[Occurrence]) -> None:
        """Note which strings a response to this request, or to a later one, only repeats."""
        self._informative.update(occurrence.text for occurrence in request if not occurrence.facts.is_silent)

    def is_repeated_in(self, occurrence: Occurrence) -> bool:
        """Return whether a response only repeats what a request said."""
        return occurrence.section == "response" and occurrence.text in self._informative

    def common(self, number: int, other: int) -> int:
        """Return how many strings two commands' requests have in common."""
        return len(self._by_command[number] & self._by_command[other])


# --- lists


@dataclass(frozen=True, slots=True)
class _RequestList:
    """A list of strings in a request; `word_count` is how many words of a command line it takes up."""

    path: Path
    values: tuple[str, ...]
    word_count: int = 1


def _lists_in_request(command: Command) -> Iterator[_RequestList]:
    """Yield the lists of several strings in a command's request."""
    if command.operation is None:
        yield from _lists_of_words(command)
        return
    pending: list[tuple[Path, Any]] = [((), command.operation.parameters)]
    while pending:
        path, node = pending.pop()
        if _is_list_of_strings(node):
            yield _RequestList(path, tuple(node))
        pending += [((*path, key), child) for key, child in children(node)]


def _lists_of_words(command: Command) -> Iterator[_RequestList]:
    """Yield the words of a custom command's line that follow one option, where there are several."""
    options = [index for index, word in enumerate(command.argv) if word.startswith("--")]
    for option, following in pairwise([*options, len(command.argv)]):
        words = command.argv[option + 1 : following]
        if len(words) > 1:
            yield _RequestList(("argv", option + 1), words, word_count=len(words))


def _is_list_of_strings(node: object) -> bool:
    return isinstance(node, list | tuple) and len(node) > 1 and all(isinstance(element, str) for element in node)


class ListIndex:
    """The lists of strings that a request takes as a whole; elsewhere they may have more elements, or fewer.

    `--subnet-ids subnet-0a subnet-0b` may be all that the query `Subnets[*].SubnetId` found, or all ids of a response.
    """

    def __init__(self, used: frozenset[tuple[str, ...]]) -> None:
        self._used = used
        self._first_elements = frozenset(values[0] for values in used)
        self._sources: dict[tuple[str, ...], Source] = {}

    def relations_of(self, number: int, command: Command) -> list[Relation]:
        """Return the relations of a command's lists that were seen before."""
        if not self._sources:
            return []
        return [
            Relation(
                source=self._sources[taken.values],
                target=Target(number, "request", taken.path, word_count=taken.word_count),
                evidence="the whole list",
            )
            for taken in _lists_in_request(command)
            if taken.values in self._sources
        ]

    def add(self, values: Sequence[Any], source: Source) -> None:
        """Add a list if a request takes it as a whole."""
        if len(values) > LONGEST_LIST or not _is_list_of_strings(values) or tuple(values) not in self._used:
            return
        if source.section == "printed" or all(specificity(value) is Specificity.UNIQUE for value in values):
            self._sources.setdefault(tuple(values), source)

    def add_response(self, response: Iterable[Occurrence], command: Command) -> None:
        """Add a response's lists of strings, and what the structures of a list have in one member (`Subnets[].Id`)."""
        if not self._used:
            return
        for first in response:
            if first.text not in self._first_elements:
                continue
            if first.path[-1] == 0:
                path = first.path[:-1]
                self.add(lookup(command.response, path), Source(first.command, "response", path))
            if len(first.path) > 1 and first.path[-2] == 0:
                *before, _, key = first.path
                elements = lookup(command.response, tuple(before))
                values = [element.get(key) if isinstance(element, Mapping) else None for element in elements]
                self.add(values, Source(first.command, "response", (*before, EACH, key)))
