"""Every error that a person can cause, with its words: `str(error)` is the line that people see.

A message says what is wrong, with the value, and how to mend it. `UnknownProfile("prod", ["dev"])` reads "profile
prod does not exist; configured profiles: dev". `cli/main` prints that line on stderr and ends with exit code 2;
control characters are escaped there, by `cli/output`.

An error is equal to itself only: without generated `__eq__` and `__repr__` the classes of this module are built in
half the time, at each start of the programs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

LONGEST_VALUE = 60  # characters of a value in a message


class ExitCode(IntEnum):
    """The exit codes of both programs."""

    OK = 0
    FAILED = 1
    UNUSABLE = 2
    INTERRUPTED = 130


class AwstracerError(Exception):
    """Base class of all errors that end a program, or a line of a session, with a message."""


@dataclass(eq=False, repr=False)
class TraceError(AwstracerError):
    """The trace file at `path` cannot be used; `reason` is a clause without a full stop: "is a directory"."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path} {self.reason}"


class LineError(AwstracerError):
    """A typed line cannot be run, or its command cannot be recorded; a session continues."""


class SplitError(LineError):
    """A typed line has a syntax error that a shell would report too."""


class UnfinishedLine(SplitError):
    """A typed line ends in an open quote or a backslash; `prefix` is the text to put before the next line."""

    def __init__(self, reason: str, prefix: str) -> None:
        super().__init__(reason)
        self.prefix = prefix


class BadSessionCommand(LineError):
    """A session command, a line that begins with a colon, cannot be run."""


@dataclass(eq=False, repr=False)
class NotAnAwsCommand(LineError):
    """A line of a session begins with `word`, and the session runs no shell commands."""

    word: str

    def __str__(self) -> str:
        return f"not an aws command: {self.word} (start with -s to run shell commands)"


@dataclass(eq=False, repr=False)
class NotRecorded(LineError):
    """A command has run, and a trace cannot hold it; `reason` is a clause: "is interactive"."""

    reason: str

    def __str__(self) -> str:
        return f"this command {self.reason}: it is not recorded"


@dataclass(eq=False, repr=False)
class UnknownCommand(AwstracerError):
    """The installed awscli lacks command `number` of the trace, `name` (`iam.CreateUser`, `aws s3 cp`)."""

    number: int
    name: str
    version: str

    def __str__(self) -> str:
        return (
            f"command {self.number} is {self.name}, which awscli {self.version} does not have: "
            "install an awscli that has it"
        )


@dataclass(eq=False, repr=False)
class OperationLeftOut(AwstracerError):
    """Command `number` of the trace has the line of an operation, whose `words` are these, and no operation."""

    number: int
    words: Sequence[str]

    def __str__(self) -> str:
        line = f"aws {' '.join(self.words)}"
        return f"command {self.number} is {line}, and the trace has no operation for it: record it again"


@dataclass(eq=False, repr=False)
class UnreadFile(AwstracerError):
    """Command `number` of the trace has a content for `word`, which its line does not read."""

    number: int
    word: str

    def __str__(self) -> str:
        return f"command {self.number} has a file for {self.word}, which its line does not read: take it out"


@dataclass(eq=False, repr=False)
class UnfitParameters(AwstracerError):
    """The installed awscli's model of the operation lacks some parameters of command `number`, or has other types."""

    number: int
    service: str
    operation: str
    reason: str

    def __str__(self) -> str:
        called = f"{self.service}.{self.operation}"
        return f"command {self.number} has parameters that {called} does not accept: {self.reason}"


@dataclass(eq=False, repr=False)
class MissingWord(AwstracerError):
    """Command `number` needs a word that is no parameter and not in the trace; `name` is its name for `-p`."""

    number: int
    name: str

    def __str__(self) -> str:
        mend = f"add -p {self.number}.{self.name} {self.name.upper()}"
        return f"the trace does not contain the {self.name} of command {self.number}: {mend}"


@dataclass(eq=False, repr=False)
class UnknownCommandNumber(AwstracerError):
    """A switch names command `number`, and the trace has `count` commands."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"there is no command {self.number}: the trace has {self.count}"


class NothingSelected(AwstracerError):
    """The switches that select commands, taken together, select none."""

    def __str__(self) -> str:
        return "--start-at and --only together select no command"


@dataclass(eq=False, repr=False)
class NotPlayed(AwstracerError):
    """Command `number` needs a value from the response of a command that is not selected.

    parameter   where the value goes, as the API spells it
    option      the parameter's name for `-p` and `--keep`; None if it has none
    other       the number of the command that is not selected
    source      the path of the value in its response
    """

    number: int
    parameter: str
    option: str | None
    other: int
    source: str

    def __str__(self) -> str:
        need = f"command {self.number}'s {self.parameter} comes from command {self.other}, {self.source}"
        if self.option is None:
            return f"{need}, which is not played: play command {self.other} too"
        name = f"{self.number}.{self.option}"
        return f"{need}, which is not played: give it with -p {name} VALUE, or send the recorded one with --keep {name}"


@dataclass(eq=False, repr=False)
class WrongAccount(AwstracerError):
    """The credentials belong to account `found`, None if unknown, and `--expect-account` says `expected`.

    `words` are the recorded global options that select these credentials.
    """

    expected: str
    found: str | None
    words: Sequence[str]

    def __str__(self) -> str:
        who = " ".join(["the credentials", *(["with", *self.words] if self.words else [])])
        if self.found is None:
            return (
                f"--expect-account says {self.expected}, but the account of {who} is unknown, "
                "since sts get-caller-identity failed: nothing was sent"
            )
        return f"--expect-account says {self.expected}, but {who} belong to account {self.found}: nothing was sent"


class BadConfiguration(AwstracerError):
    """awscli cannot use the person's configuration; the message is awscli's own."""


@dataclass(eq=False, repr=False)
class UnknownProfile(AwstracerError):
    """The configuration lacks profile `name`; it has `profiles`."""

    name: str
    profiles: Sequence[str]

    def __str__(self) -> str:
        return f"profile {self.name} does not exist; configured profiles: {', '.join(self.profiles) or 'none'}"


@dataclass(eq=False, repr=False)
class OverrideError(AwstracerError):
    """An override of the parameter `name` cannot be applied."""

    name: str


@dataclass(eq=False, repr=False)
class UnknownParameter(OverrideError):
    """No command of the trace has the parameter; `closest` are similar names that some command has."""

    closest: Sequence[str]

    def __str__(self) -> str:
        hint = f"; did you mean {' or '.join(self.closest)}?" if self.closest else ""
        return f"no command of the trace has a parameter {self.name}{hint}"


@dataclass(eq=False, repr=False)
class AmbiguousParameter(OverrideError):
    """The trace has several values for the parameter; `uses` are pairs of a name that selects one and its value."""

    uses: Sequence[tuple[str, str]]

    def __str__(self) -> str:
        uses = ", ".join(f"{name} (now {_truncate(value)})" for name, value in self.uses)
        return f"the trace has several values for {self.name}; say which one you mean: {uses}"


@dataclass(eq=False, repr=False)
class BadValue(OverrideError):
    """awscli does not accept `text` for the parameter; `reason` is awscli's own message."""

    text: str
    reason: str

    def __str__(self) -> str:
        return f'{self.name} does not accept "{_truncate(self.text)}": {self.reason}'


@dataclass(eq=False, repr=False)
class ReplayedElsewhere(AwstracerError):
    """The earlier replay ran in another account or region (`what`); `before` and `now` are None if unknown."""

    what: str
    before: str | None
    now: str | None

    def __str__(self) -> str:
        before, now = (value or "an unknown one" for value in (self.before, self.now))
        return f"cannot resume: the {self.what} of the earlier replay is {before}, and now it is {now}"


class NotAReplay(AwstracerError):
    """The trace that a replay is to be resumed from has a command that no replay wrote."""

    def __str__(self) -> str:
        return "cannot resume: the file was not written by --save-trace"


@dataclass(eq=False, repr=False)
class OtherTraceReplayed(AwstracerError):
    """Command `number` of the earlier replay is another command than that of this trace."""

    number: int

    def __str__(self) -> str:
        return f"cannot resume: the earlier replay was of another trace, with another command {self.number}"


@dataclass(eq=False, repr=False)
class OtherParameterReplayed(AwstracerError):
    """Command `number` of the earlier replay was sent with another value of `parameter`."""

    number: int
    parameter: str

    def __str__(self) -> str:
        return (
            f"cannot resume: the earlier replay sent command {self.number} with another {self.parameter}: "
            "use the same trace and the same switches"
        )


class Refused(AwstracerError):
    """The person said no to a question, or nobody could be asked; the message says so, and what to do."""


class MissingInput(AwstracerError):
    """A value that a command needs is missing, so the command cannot be sent."""


@dataclass(eq=False, repr=False)
class UnsafeWord(AwstracerError):
    """Values from responses make a custom command's line do what it did not do; `reason` is a clause about `words`."""

    words: str
    reason: str

    def __str__(self) -> str:
        return f"a response would change what it does: {_truncate(self.words)} {self.reason}"


@dataclass(eq=False, repr=False)
class NotCreated(AwstracerError):
    """Command `number` failed to create the resource `name` of this type, so that it is somebody else's."""

    number: int
    type: str
    name: str

    def __str__(self) -> str:
        return f"command {self.number} failed to create the {self.type} {self.name}, so it is not this replay's"


@dataclass(eq=False, repr=False)
class MissingSecret(MissingInput):
    """Nobody gave the secrets `names`, as `-p` spells them; the environment variable `variable` may have the first."""

    names: Sequence[str]
    variable: str | None = None

    def __str__(self) -> str:
        mend = f"give -p {self.names[0]} VALUE{f', or set {self.variable}' if self.variable else ''}"
        return f"secrets are not stored in traces, so this replay lacks {', '.join(self.names)}: {mend}"


@dataclass(eq=False, repr=False)
class MissingValue(MissingInput):
    """The value at `path` of command `number`'s response is missing; `found` is a clause: "it has no response".

    `number` is None for a value that comes from no command, such as the account.
    """

    number: int | None
    path: str
    found: str

    def __str__(self) -> str:
        origin = "is needed" if self.number is None else f"should come from command {self.number}"
        return f"{self.path} {origin}, but {self.found}"


def _truncate(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 3] + "..."
