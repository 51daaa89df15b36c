"""The errors that a person can cause; each carries data, `complaints` gives them words.

An error is itself, and equal to no other; without `eq` and `repr` the classes are made in half the time, at each start.

AwstracerError
├── TraceError          the trace file can't be read or written
├── SplitError          a typed line can't be split into words
│   └── Unfinished      ... because it goes on in the next line
├── BadMetacommand      a line for the session itself can't be done
├── UnknownCommand      the installed awscli has no command for a recorded call
├── UnfitParameters     the installed awscli's command doesn't take the recorded parameters
├── MissingWord         the trace doesn't say where a command's output goes, and the like
├── GuardError          what would be played, or where, isn't what the person said
│   ├── NoSuchCommand
│   ├── NothingSelected
│   ├── NotPlayed
│   └── OtherAccount
├── BadConfiguration    awscli can't use the person's configuration
├── UnknownProfile      the person's configuration lacks a profile
├── OverrideError       what `-p` says can't be done
│   ├── UnknownParameter
│   ├── AmbiguousParameter
│   └── BadValue
├── ResumeError         a replay can't be gone on with
│   ├── OtherCircumstances
│   └── OtherCommand
├── Refused             the person was asked, and said no
└── NotKnown            what a command needs
    ├── MissingSecret   a secret that the trace doesn't have, and that nobody gave
    └── MissingValue    an earlier response lacks it
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """What the commands end with."""

    OK = 0
    FAILED = 1
    UNUSABLE = 2
    INTERRUPTED = 130


class AwstracerError(Exception):
    """Whatever awstracer refuses to do, or could not do."""


@dataclass(eq=False, repr=False)
class TraceError(AwstracerError):
    """The trace file at `path` can't be used, for `reason`, a clause without a full stop."""

    path: Path
    reason: str


@dataclass(eq=False, repr=False)
class SplitError(AwstracerError):
    """A typed line that no shell would take."""

    reason: str


@dataclass(eq=False, repr=False)
class Unfinished(SplitError):
    """A typed line with an open quote or a backslash at its end; `prefix` is what goes before the next line."""

    prefix: str


@dataclass(eq=False, repr=False)
class BadMetacommand(AwstracerError):
    """A line that begins with a colon, which can't be done for `reason`."""

    reason: str


@dataclass(eq=False, repr=False)
class UnknownCommand(AwstracerError):
    """Command `number` of the trace is `name` (`iam.CreateUser`, `aws s3 cp`), which the installed awscli hasn't."""

    number: int
    name: str
    version: str


@dataclass(eq=False, repr=False)
class UnfitParameters(AwstracerError):
    """Command `number` of the trace has parameters that the API's model doesn't have, or of other types."""

    number: int
    service: str
    operation: str
    reason: str


@dataclass(eq=False, repr=False)
class MissingWord(AwstracerError):
    """Command `number` needs a word that is no parameter and that the trace doesn't have: `name`, as in `-p NAME`."""

    number: int
    name: str


class GuardError(AwstracerError):
    """A replay that is not begun, since it would not be what the person said."""


@dataclass(eq=False, repr=False)
class NoSuchCommand(GuardError):
    """There is no command `number` in a trace of `count` commands."""

    number: int
    count: int


class NothingSelected(GuardError):
    """The switches that choose commands, taken together, choose none."""


@dataclass(eq=False, repr=False)
class NotPlayed(GuardError):
    """Command `number` needs a value of another command's answer, and the other is not to be played.

    parameter   where the value goes, as the API calls it
    option      what `-p` and `--keep` call that; None if they can't name it
    other       the other command's number
    source      where in its answer the value is
    """

    number: int
    parameter: str
    option: str | None
    other: int
    source: str


@dataclass(eq=False, repr=False)
class OtherAccount(GuardError):
    """The account that commands would be played in is `found`, or unknown, and not `expected`.

    `words` are the global options that the trace brings along for these commands.
    """

    expected: str
    found: str | None
    words: Sequence[str]


@dataclass(eq=False, repr=False)
class BadConfiguration(AwstracerError):
    """awscli can't use the person's configuration, for `reason`, in its own words."""

    reason: str


@dataclass(eq=False, repr=False)
class UnknownProfile(AwstracerError):
    """There is no profile of this name; `known` are those that there are."""

    name: str
    known: Sequence[str]


@dataclass(eq=False, repr=False)
class OverrideError(AwstracerError):
    """An override that can't be applied."""

    name: str


@dataclass(eq=False, repr=False)
class UnknownParameter(OverrideError):
    """No command of the trace has the parameter; `closest` are names that it has."""

    closest: Sequence[str]


@dataclass(eq=False, repr=False)
class AmbiguousParameter(OverrideError):
    """The trace has several values for the parameter; `uses` are (spelling that picks one, its value)."""

    uses: Sequence[tuple[str, str]]


@dataclass(eq=False, repr=False)
class BadValue(OverrideError):
    """awscli doesn't take `text` for the parameter; `reason` is what it says."""

    text: str
    reason: str


class ResumeError(AwstracerError):
    """What was replayed before and what is to be replayed now don't go together."""


@dataclass(eq=False, repr=False)
class OtherCircumstances(ResumeError):
    """The `what` (account, region) of the replay was `before` and is `now`; None where that is not known."""

    what: str
    before: str | None
    now: str | None


@dataclass(eq=False, repr=False)
class OtherCommand(ResumeError):
    """Command `number` was replayed with another `parameter`; None if it was another command altogether.

    `number` is None for a command that no replay has written.
    """

    number: int | None
    parameter: str | None


@dataclass(eq=False, repr=False)
class Refused(AwstracerError):
    """The person doesn't want what was asked about, or there is nobody to ask; `reason` says what to do then."""

    reason: str


class NotKnown(AwstracerError):
    """What a command needs isn't known, so it can't be sent."""


@dataclass(eq=False, repr=False)
class MissingSecret(NotKnown):
    """Nobody said what the secrets are that `wanted` spells, as `-p` knows them; `variable` could have the first."""

    wanted: Sequence[str]
    variable: str | None = None


@dataclass(eq=False, repr=False)
class MissingValue(NotKnown):
    """A value was to come from `path` of what command `number` got, and isn't there; `found` is what came instead.

    `number` is None for what no command tells.
    """

    number: int | None
    path: str
    found: str
