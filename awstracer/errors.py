"""The errors that a person can cause; each carries data, `terminal` gives them words.

AwstracerError
├── TraceError          the trace file can't be read or written
├── SplitError          a typed line can't be split into words
│   └── Unfinished      ... because it goes on in the next line
├── UnknownCommand      the installed awscli has no command for a recorded call
├── UnfitParameters     the installed awscli's command doesn't take the recorded parameters
├── MissingWord         the trace doesn't say where a command's output goes, and the like
├── BadConfiguration    awscli can't use the person's configuration
├── UnknownProfile      the person's configuration lacks a profile
├── OverrideError       what `-p` says can't be done
│   ├── UnknownParameter
│   ├── AmbiguousParameter
│   └── BadValue
├── MissingSecret       a secret that the trace doesn't have, and that nobody gave
└── MissingValue        an earlier response lacks the value that a command needs
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class AwstracerError(Exception):
    """Whatever awstracer refuses to do, or could not do."""


@dataclass
class TraceError(AwstracerError):
    """The trace file at `path` can't be used, for `reason`, a clause without a full stop."""

    path: Path
    reason: str


@dataclass
class SplitError(AwstracerError):
    """A typed line that no shell would take."""

    reason: str


@dataclass
class Unfinished(SplitError):
    """A typed line with an open quote or a backslash at its end; `prefix` is what goes before the next line."""

    prefix: str


@dataclass
class UnknownCommand(AwstracerError):
    """Command `number` of the trace is `name` (`iam.CreateUser`, `aws s3 cp`), which the installed awscli hasn't."""

    number: int
    name: str
    version: str


@dataclass
class UnfitParameters(AwstracerError):
    """Command `number` of the trace has parameters that the API's model doesn't have, or of other types."""

    number: int
    service: str
    operation: str
    reason: str


@dataclass
class MissingWord(AwstracerError):
    """Command `number` needs a word that is no parameter and that the trace doesn't have: `name`, as in `-p NAME`."""

    number: int
    name: str


@dataclass
class BadConfiguration(AwstracerError):
    """awscli can't use the person's configuration, for `reason`, in its own words."""

    reason: str


@dataclass
class UnknownProfile(AwstracerError):
    """There is no profile of this name; `known` are those that there are."""

    name: str
    known: Sequence[str]


@dataclass
class OverrideError(AwstracerError):
    """An override that can't be applied."""

    name: str


@dataclass
class UnknownParameter(OverrideError):
    """No command of the trace has the parameter; `closest` are names that it has."""

    closest: Sequence[str]


@dataclass
class AmbiguousParameter(OverrideError):
    """The trace has several values for the parameter; `uses` are (spelling that picks one, its value)."""

    uses: Sequence[tuple[str, str]]


@dataclass
class BadValue(OverrideError):
    """awscli doesn't take `text` for the parameter; `reason` is what it says."""

    text: str
    reason: str


@dataclass
class MissingSecret(AwstracerError):
    """Nobody said what the secrets are that `wanted` spells, as `-p` knows them; `variable` could have the first."""

    wanted: Sequence[str]
    variable: str


@dataclass
class MissingValue(AwstracerError):
    """A value was to come from `path` of what command `number` got, and isn't there; `found` is what came instead.

    `number` is None for what no command tells.
    """

    number: int | None
    path: str
    found: str
