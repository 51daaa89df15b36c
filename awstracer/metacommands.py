"""The commands of a session itself, `:list` and so on, which are about what is cached, and not recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from awstracer import selection
from awstracer.cache import Cache
from awstracer.errors import BadMetacommand
from awstracer.trace import Command

HELP = {
    ":list": "show the cached commands, by the numbers that they will have in the trace",
    ":drop N": "remove command N from the cache",
    ":undo": "remove the last one",
    ":save": "save what is cached, and go on",
    ":help": "show this",
    "exit": "end the session",
}
USAGES = {usage.split()[0]: usage for usage in HELP if usage.startswith(":")}
NAMES = tuple(USAGES)


def is_one(words: Sequence[str]) -> bool:
    """Whether a line is meant for the session; `:` alone is the shell's."""
    return words[0].startswith(":") and words[0] != ":"


@dataclass(frozen=True)
class Metacommands:
    """Runs them. `say` tells the person something, `save` saves what is cached, and says whether it could.

    `summarize` gives the lines that show commands by number.
    """

    cache: Cache
    say: Callable[[str], None]
    save: Callable[[], bool]
    summarize: Callable[[Mapping[int, Command]], Iterable[str]]

    def run(self, words: Sequence[str]) -> None:
        """Run a line; BadMetacommand if it says nothing that can be done."""
        name, arguments = words[0], words[1:]
        if name not in USAGES:
            raise BadMetacommand(f"there is no {name}, but {', '.join(USAGES.values())}")
        if len(arguments) != USAGES[name].count(" "):
            wanted = "one command's number" if " " in USAGES[name] else "nothing"
            raise BadMetacommand(f"{name} takes {wanted} behind it")
        actions: Mapping[str, Callable[..., None]] = {
            ":list": self._list,
            ":drop": self._drop,
            ":undo": self._undo,
            ":save": self._save,
            ":help": self._help,
        }
        actions[name](*arguments)

    def _list(self) -> None:
        for line in self.summarize(self.cache.numbered):
            self.say(line)
        if not self.cache.commands:
            self.say("awstrace-rec: nothing is cached")

    def _drop(self, text: str) -> None:
        numbered = self.cache.numbered
        try:
            number = selection.number(text)
        except ValueError as error:
            raise BadMetacommand(str(error)) from None
        if number not in numbered:
            cached = selection.spelled(numbered)
            raise BadMetacommand(f"command {number} is not cached: {f'only {cached}' if cached else 'nothing is'}")
        self._dropped(number, self.cache.drop(number))

    def _undo(self) -> None:
        if not self.cache.commands:
            raise BadMetacommand("nothing is cached")
        number = max(self.cache.numbered)
        self._dropped(number, self.cache.drop(number))

    def _dropped(self, number: int, command: Command) -> None:
        (line,) = self.summarize({number: command})
        self.say(f"awstrace-rec: dropped {line}")

    def _save(self) -> None:
        numbers = list(self.cache.numbered)
        if not numbers:
            self.say("awstrace-rec: nothing is cached")
        elif self.save():
            self.say(f"awstrace-rec: saved command{'s' if len(numbers) > 1 else ''} {selection.spelled(numbers)}")

    def _help(self) -> None:
        width = max(map(len, HELP))
        for usage, text in HELP.items():
            self.say(f"{usage:{width}}  {text}")
