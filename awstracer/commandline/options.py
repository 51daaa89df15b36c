"""The options of a command as plain data, and the global options in a recorded line.

`aws/argument_table` reads an `OperationCommand` from awscli's own argument table. The one of `ec2 create-vpc` has the
`Option("--cidr-block", ("CidrBlock",), "string")`, among others. `commandline/formatter` writes lines with it.

`split_options` separates the words of global options in a line from the others: with `--region` and `--query`,
`aws ec2 describe-vpcs --region eu-west-1` has two words of a command and two of global options.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from awstracer.commandline.text import MarkedText
from awstracer.trace.model import Command
from awstracer.trace.paths import Path

END_OF_OPTIONS = "--"
T = TypeVar("T")


@dataclass(frozen=True)
class Option:
    """One option of an operation's command.

    name     with its dashes, `--table-name`
    path     the member that it sets: `("TableName",)`, or `("PaginationConfig", "MaxItems")`
    kind     the type that the API's model gives it: string, integer, boolean, list, structure, document, blob, ...
    item     for a list the kind of its elements
    no       for a boolean the option that sets it to false, `--no-dry-run`
    expands  whether awscli reads the file or the URL that a word names (`file://`), and uses its content
    hidden   whether awscli parses the option as a global one, `--version`
    excluded_members   for a structure the members that this option refuses, since another option sets them
    """

    name: str
    path: Path
    kind: str
    item: str | None = None
    no: str | None = None
    expands: bool = True
    hidden: bool = False
    excluded_members: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ExtraArgument:
    """Words of a recorded line that no `Option` describes: an outfile, `--count 2`, `--zip-file fileb://f`.

    name      of the argument, as `-p` calls it: `outfile`, `count`
    words     as typed: the value, after the option's name where there is one
    members   that awscli sets from these words; empty if they are about the output
    inexact_members   those of them that awscli would now set to another value than the recorded one
    """

    name: str
    words: tuple[MarkedText, ...]
    members: frozenset[str] = frozenset()
    inexact_members: frozenset[str] = frozenset()


@dataclass(frozen=True)
class OperationCommand:
    """The command of an operation.

    words        its name, `("ec2", "create-vpc")`
    options      that it has
    extra        the other arguments of the recorded line
    needed       required arguments that set no member and are missing in the recorded line: `outfile`, `--outfile`
    generated_values   values that awscli generates for each run of the command, by path
    takes_json   whether it has `--cli-input-json`, which can set what no option can
    """

    words: tuple[str, ...]
    options: tuple[Option, ...]
    extra: tuple[ExtraArgument, ...] = ()
    needed: tuple[str, ...] = ()
    generated_values: Mapping[Path, str] = field(default_factory=dict)
    takes_json: bool = True


def split_options(argv: Sequence[str], unwanted: Mapping[str, bool]) -> tuple[list[int], list[int]]:
    """Return the positions of the words of `argv` that don't belong to options in `unwanted`, and of those that do.

    `unwanted` has the options' names, and whether each takes a value.
    """
    rest: list[int] = []
    taken: list[int] = []
    position = 0
    while position < len(argv):
        word = argv[position]
        name = match_option(word, unwanted)
        if name is None or ("=" in word and not unwanted[name]):
            rest.append(position)
            position += 1
            continue
        length = 2 if unwanted[name] and "=" not in word else 1
        taken += range(position, min(position + length, len(argv)))
        position += length
    return rest, taken


def add_options(argv: Sequence[T], options: Iterable[T]) -> list[T]:
    """Return a line with further options: before a `--`, behind which awscli takes no word for an option."""
    end = argv.index(END_OF_OPTIONS) if END_OF_OPTIONS in argv else len(argv)
    return [*argv[:end], *options, *argv[end:]]


def match_option(word: str, options: Collection[str]) -> str | None:
    """Return which of the options a word names, abbreviated (`--prof=p`) as awscli allows it or in full.

    None if the word names none of them, or abbreviates several.
    """
    if not word.startswith("--"):
        return None
    name = word.partition("=")[0]
    if name == END_OF_OPTIONS:
        return None
    if name in options:
        return name
    found = [option for option in options if option.startswith(name)]
    return found[0] if len(found) == 1 else None


def query_of(command: Command) -> str | None:
    """Return the expression of `--query` in a recorded line; None for a line without one."""
    return _query_in(command.argv)


@lru_cache(maxsize=1 << 14)
def _query_in(argv: tuple[str, ...]) -> str | None:
    for position, word in reversed(list(enumerate(argv))):  # of several, awscli takes the last
        if match_option(word, ["--query"]) is None:
            continue
        if "=" in word:
            return word.partition("=")[2]
        if position + 1 < len(argv):
            return argv[position + 1]
    return None
