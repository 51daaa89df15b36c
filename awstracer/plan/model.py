"""The plan as data: one step for each command, with templates of what is sent and of what comes back.

A plan says everything about a replay before anything is sent: the step of `ec2 create-subnet` has a template of its
request, in which `VpcId` is a reference to the response of the step of `ec2 create-vpc`.

`plan/planner` makes plans, `plan/resolver` turns a step into what is sent.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from awstracer.commandline import formatter
from awstracer.commandline.options import OperationCommand
from awstracer.commandline.text import MarkedText, to_str
from awstracer.plan.credentials import CredentialSource
from awstracer.plan.template import Given, Kept, Reference, Template, leaves_in
from awstracer.secrets import placeholders
from awstracer.trace.model import Command, Operation
from awstracer.trace.paths import Path, leaves, lookup


class CommandCatalog(Protocol):
    """Tells which commands and options awscli offers; `aws/catalog` has those of the installed one."""

    def operation_command(self, number: int, operation: Operation, argv: Sequence[str], /) -> OperationCommand: ...

    def check_line(self, number: int, argv: Sequence[str], /) -> None: ...

    def global_options(self) -> Mapping[str, bool]: ...

    def read_option(self, words: tuple[str, ...], option: str, text: str) -> Mapping[str, Any]: ...

    def check(self, number: int, operation: Operation) -> None: ...


@dataclass(frozen=True)
class Override:
    """A value from the command line, `-p NAME VALUE`.

    command   N of `N.NAME`, counted from 1; None for all commands that have the parameter
    """

    name: str
    text: str
    command: int | None = None

    @classmethod
    def parse(cls, name: str, text: str) -> Override:
        """Return the override that a person typed: `3.user-name` is `user-name` of command 3."""
        bare_name, command = _split_number(name)
        return cls(bare_name, text, command)


@dataclass(frozen=True)
class Keep:
    """A parameter whose recorded value is sent whatever the relations say, `--keep NAME`; `command` as in Override."""

    name: str
    command: int | None = None

    @classmethod
    def parse(cls, name: str) -> Keep:
        """Return what a person typed: `3.user-name` is `user-name` of command 3."""
        return cls(*_split_number(name))


def _split_number(name: str) -> tuple[str, int | None]:
    """Return the name of a parameter without the number of a command, and that number; None if it has none."""
    number, dot, rest = name.partition(".")
    is_numbered = dot and number.isdecimal() and len(number) < 10  # int() refuses more than 4,300 digits
    return (rest, int(number)) if is_numbered else (name, None)


@dataclass(frozen=True)
class Step:
    """One command of a plan.

    operation_command     the operation's own command; None for a custom command, which is played as typed
    arguments             positions of the recorded line's words that are the command's own
    global_option_words   positions of the words of global options that the replay keeps
    request               what is sent: an operation's parameters, or a custom command's words and files
    query                 the expression of the line's `--query`; None if the line has none
    response              what comes back, as far as a dry run can predict it
    selected              whether it is to be played
    credentials           where the credentials are created that it runs under; None for those of the session
    """

    number: int
    command: Command
    operation_command: OperationCommand | None
    arguments: tuple[int, ...]
    global_option_words: tuple[int, ...]
    request: Template
    query: Template | None
    response: Template
    selected: bool = True
    credentials: CredentialSource | None = None

    @property
    def residual_words(self) -> tuple[str, ...]:
        """The recorded words with which an operation's command is run, its parameters apart."""
        recorded, operation = self.command.argv, self.command.operation
        own: Sequence[MarkedText] = ()
        if operation is not None and self.operation_command is not None:
            own = formatter.residual_words(operation.parameters, self.operation_command)
        return (*map(to_str, own), *(recorded[at] for at in self.global_option_words))

    def references(self) -> Iterator[Reference]:
        """Yield what the request and the `--query` take from earlier commands and from the destination."""
        yield from self.request.references()
        if self.query is not None:
            yield from self.query.references()

    def references_at(self, path: Path) -> Iterator[Reference]:
        """Yield what the string at a path of the request takes from elsewhere."""
        covering = self.request.covering(path)
        return (leaf for leaf in leaves_in(covering[1]) if isinstance(leaf, Reference)) if covering else iter(())

    def override_values(self) -> Iterator[Any]:
        """Yield the values of the request that `-p` or `--keep` set."""
        return (leaf.value for _, leaf in self.request.walk() if isinstance(leaf, (Given, Kept)))

    def own_scalars(self) -> Iterator[tuple[Path, Any]]:
        """Yield what is recorded of the request, with paths; the words of global options are no part of it."""
        for path, scalar in leaves(self.command.request):
            if self.operation_command is not None or path[0] != "argv" or path[1] in self.arguments:
                yield path, scalar

    def name_of(self, path: Path) -> str | None:
        """Return what `-p` and `--keep` call the parameter at a path of the request; None if they can't name it."""
        if self.operation_command is None:
            return self._option_of(path)
        options = [option.name for option in self.operation_command.options if path[: len(option.path)] == option.path]
        extras = [extra.name for extra in self.operation_command.extra if path[0] in extra.members]
        return next((name.removeprefix("--") for name in [*options, *extras]), None)

    def _option_of(self, path: Path) -> str | None:
        """Return the option of a word of a custom command, or of the word whose file it is."""
        argv, at = self.command.argv, path[1]
        if path[0] == "files" and at in argv:
            at = argv.index(str(at))
        if not isinstance(at, int):
            return None
        option, is_joined, _ = argv[at].partition("=")
        if not (is_joined and option.startswith("--")):
            option = argv[at - 1]
        return option.removeprefix("--") if option.startswith("--") else None

    def is_secret(self, path: Path) -> bool:
        """Return whether a secret was recorded at a path of the request: what is sent in its place isn't shown."""
        try:
            return any(placeholders.find_placeholders(lookup(self.command.request, path)))
        except LookupError:
            return False


@dataclass(frozen=True)
class Plan:
    """The steps in order, one for each command of the trace, and the secrets that a person filled in, by placeholder.

    Steps that are not to be played are there for those that refer to them.
    """

    steps: tuple[Step, ...]
    secrets: Mapping[str, str] = field(default_factory=dict)

    @functools.cached_property
    def selected(self) -> tuple[Step, ...]:
        """The steps that are to be played."""
        return tuple(step for step in self.steps if step.selected)
