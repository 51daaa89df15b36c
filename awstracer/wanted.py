"""What in a trace is worth looking at: most of it is responses, and most of these nobody uses.

Only what could be, or hold, something that some request has too is looked at, so that the time goes
with the size of what was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from awstracer import identifiers
from awstracer.identifiers import ATOM, atoms, first_atoms
from awstracer.options import query_of
from awstracer.places import Sieve
from awstracer.trace import Command, Trace

MOST_ANSWERS = 1 << 12  # few enough to stay in a processor's cache


@dataclass(frozen=True)
class Wanted:
    """Tells whether a string could be, or hold, something that was asked for.

    words     the runs of letters and digits in all requests
    lists     the lists of strings in all requests
    account   an account that is worth looking for in ARNs, of whatever they may be
    """

    words: frozenset[str]
    lists: frozenset[tuple[str, ...]]
    account: str | None = None

    @classmethod
    def of(cls, trace: Trace, account: str | None) -> Wanted:
        """What a trace asks for; `account` is the one that it was recorded in."""
        words: set[str] = set()
        lists: set[tuple[str, ...]] = set()
        for command in trace.commands:
            texts, inner = _read(command)
            words.update(_words(texts))
            lists |= inner
        return cls(frozenset(words), frozenset(lists), account if account in words else None)

    def with_words_of(self, texts: Iterable[str]) -> Wanted:
        """What is wanted, and these texts' words."""
        more = set(_words(texts))
        return self if more <= self.words else replace(self, words=self.words | more)

    @cached_property
    def heads(self) -> frozenset[str]:
        """The first elements of the lists."""
        return frozenset(strings[0] for strings in self.lists)

    @cached_property
    def sieve(self) -> Sieve:
        """The question, with a memory: most strings of a trace come again and again."""
        answers = _Answers(self.words, self.account)
        return Sieve(answers.__getitem__, answers.any_of)

    @property
    def matters(self) -> Callable[[str], object]:
        """The question of one string."""
        return self.sieve.matters


class _Answers(dict[str, bool]):
    """Whether strings matter, by string; found out where it isn't known, and forgotten when there are too many."""

    def __init__(self, words: frozenset[str], account: str | None) -> None:
        self._words, self._account = words, account
        self._yes: set[str] = set()
        self._no: set[str] = set()

    def __missing__(self, text: str) -> bool:
        self._make_room()
        answer = self[text] = isinstance(text, str) and self._found_out(text)  # whoever is in a hurry asks for all
        (self._yes if answer else self._no).add(text)
        return answer

    def _make_room(self) -> None:
        if max(len(self), len(self._no)) >= MOST_ANSWERS:
            for answers in (self, self._yes, self._no):
                answers.clear()

    def _found_out(self, text: str) -> bool:
        first = ATOM.search(text)
        if first is None:
            return False
        if ":" in text or "/" in text:  # pieces of an ARN or a URL go up to its end
            found = ATOM.findall(text)
            return found[-1] in self._words or self._account in found
        return first[0] in self._words and self._words.issuperset(ATOM.findall(text))

    def any_of(self, nodes: Iterable[Any]) -> bool:
        """Whether a string among some scalars matters: sooner known than of each, where all begin with other words."""
        asked = set(nodes)
        if not self._yes.isdisjoint(asked):
            return True
        new = [node for node in asked - self._no if isinstance(node, str)]
        text = "\n".join(new)
        if ":" not in text and "/" not in text and self._words.isdisjoint(first_atoms(text)):
            self._make_room()
            self._no.update(new)
            return False
        return any(map(self.__getitem__, new))


def _words(texts: Iterable[str]) -> list[str]:
    """The runs of letters and digits in some texts, and in what they encode."""
    known = list(texts)
    encoded = [identifiers.unquoted(text)[0] for text in known if "%" in text]
    decoded = [plain for plain in map(identifiers.decoded, known) if plain is not None]
    return atoms("\n".join([*known, *encoded, *decoded]))


def _read(command: Command) -> tuple[list[str], set[tuple[str, ...]]]:
    """The strings and keys of a command's request, with its query, and the lists of strings in it."""
    texts = [query_of(command) or ""]
    lists = {words for _, words in word_lists(command)}
    pending = [command.request]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            texts.append(node)
        elif isinstance(node, dict):
            texts += node
            pending += node.values()
        elif isinstance(node, (list, tuple)):
            pending += node
            if is_list_of_strings(node):
                lists.add(tuple(node))
    return texts, lists


def is_list_of_strings(node: object) -> bool:
    """Whether a parameter is a list of strings, and of more than one."""
    return isinstance(node, list) and len(node) > 1 and all(isinstance(each, str) for each in node)


def word_lists(command: Command) -> list[tuple[int, tuple[str, ...]]]:
    """The words of a custom command's line that follow one option, where there are several, and where they begin."""
    if command.operation is not None:
        return []
    options = [at for at, word in enumerate(command.argv) if word.startswith("--")]
    spans = pairwise([*options, len(command.argv)])
    return [(option + 1, command.argv[option + 1 : following]) for option, following in spans if following - option > 2]
