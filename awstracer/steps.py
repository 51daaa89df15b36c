"""A plan as data: the steps of a replay, and what overrides put into them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from awstracer import commandline, holes
from awstracer.commandline import OperationCommand
from awstracer.credentials import Minted
from awstracer.paths import Path, lookup
from awstracer.relation_model import Part, Relation
from awstracer.trace import Command, Operation

Related = Mapping[Path, tuple[Relation, ...]]
NOTHING_RELATED: Related = {}


class Lines(Protocol):
    """What awscli knows of recorded lines, as plain data."""

    def operation_command(self, number: int, operation: Operation, argv: Sequence[str], /) -> OperationCommand: ...

    def check_line(self, number: int, argv: Sequence[str], /) -> None: ...

    def global_options(self) -> Mapping[str, bool]: ...


class Catalog(Lines, Protocol):
    """What the installed awscli offers, as plain data."""

    def read_option(self, words: tuple[str, ...], option: str, text: str) -> Mapping[str, Any]: ...

    def check(self, number: int, operation: Operation) -> None: ...


@dataclass(frozen=True)
class Override:
    """What `-p NAME VALUE` says, or `--keep NAME`, without a text; `command` is N, counted from 1, in `N.NAME`."""

    name: str
    text: str | None
    command: int | None = None

    @classmethod
    def parse(cls, name: str, text: str | None) -> Override:
        number, dot, rest = name.partition(".")
        is_numbered = dot and number.isdecimal() and len(number) < 10  # Python reads no number of 5,000 digits
        return cls(rest, text, int(number)) if is_numbered else cls(name, text)


@dataclass(frozen=True)
class Pin:
    """What an override puts at a path, or at a `part` of the string there, or into a `hole` in it.

    `shown` is how the person gave it; None where it is the recorded value, which is to be kept, or a secret.
    """

    value: Any
    shown: str | None
    part: Part | None = None
    hole: str | None = None


@dataclass(frozen=True)
class Step:
    """One command of a plan.

    form        the operation's own command; None for a custom command, which is played as typed
    arguments   positions of the recorded line's words that are the command's own
    kept        positions of the words of global options that the replay keeps
    related     what feeds the request, by path
    echoed      what of the response can be predicted, by path
    pins        what overrides put into the request, by path
    queried     what feeds the `--query` of the line
    selected    whether it is to be played
    minted      where the credentials are made that it runs under; None for the session's
    """

    number: int
    command: Command
    form: OperationCommand | None
    arguments: tuple[int, ...]
    kept: tuple[int, ...]
    related: Related
    echoed: Related
    pins: Mapping[Path, tuple[Pin, ...]]
    queried: tuple[Relation, ...] = ()
    selected: bool = True
    minted: Minted | None = None

    @property
    def line(self) -> tuple[str, ...]:
        """The recorded words that an operation is run with, parameters apart."""
        recorded, operation = self.command.argv, self.command.operation
        own = [] if operation is None or self.form is None else commandline.dispatched(operation.parameters, self.form)
        return (*map(commandline.plain, own), *(recorded[at] for at in self.kept))

    def name_of(self, path: Path) -> str | None:
        """What `-p` and `--keep` call the parameter that a path of the request is in; None if they can't name it."""
        if self.form is None:
            return self._option_of(path)
        options = [option.name for option in self.form.options if path[: len(option.path)] == option.path]
        extras = [extra.name for extra in self.form.extra if path[0] in extra.members]
        return next((name.removeprefix("--") for name in [*options, *extras]), None)

    def _option_of(self, path: Path) -> str | None:
        """The option of a word of a custom command, or of the word whose file it is."""
        argv, at = self.command.argv, path[1]
        if path[0] == "files" and at in argv:
            at = argv.index(str(at))
        if not isinstance(at, int):
            return None
        option, is_joined, _ = argv[at].partition("=")
        if not (is_joined and option.startswith("--")):
            option = argv[at - 1]
        return option.removeprefix("--") if option.startswith("--") else None

    def is_pinned(self, path: Path) -> bool:
        """Whether an override is put at a path, at a part of what is there, or at what it is in."""
        return bool(self.pins) and any(path[:length] in self.pins for length in range(1, len(path) + 1))

    def is_secret(self, path: Path) -> bool:
        """Whether there is a secret at a path of the recorded request: what is put there isn't to be shown."""
        try:
            return any(holes.holes(lookup(self.command.request, path)))
        except LookupError:
            return False


@dataclass(frozen=True)
class Plan:
    """The steps, in order; those that are not to be played are there for the others, which refer to them."""

    steps: tuple[Step, ...]

    @functools.cached_property
    def selected(self) -> tuple[Step, ...]:
        """The steps that are to be played."""
        return tuple(step for step in self.steps if step.selected)
