"""The data of relations: which earlier value feeds which later one.

`create-vpc` returned `vpc-0a1b` at `Vpc.VpcId`, and `create-subnet`, the next command, took it as `VpcId`:

    Relation(
        source=Source(command=0, section="response", path=("Vpc", "VpcId")),
        target=Target(command=1, section="request", path=("VpcId",)),
        evidence="the vpc's identifier",
    )

Commands are counted from 0. `relations/deriver` makes relations; `plan/planner` compiles them into templates.

What a large trace has 100,000 times is a named tuple, which is made three times as fast as a frozen dataclass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from awstracer.commandline.text import Span
from awstracer.trace.paths import EACH, Path

Section = Literal["request", "query", "response", "printed"]  # `printed`: the result of the command's `--query`
Part = tuple[int, int | None]  # the segments between `:` and `/`, from the first up to the last; None: to the end
Encoding = Literal["plain", "base64", "percent"]
EnvironmentName = Literal["region", "partition", "suffix", "account"]


class Source(NamedTuple):
    """Where a value comes from: a section of an earlier command, and a path in it.

    path   may have selectors; for `printed` it is a path in the result of the query
    part   the segments of the string that are the value: (4, 5) of `arn:aws:iam::123456789012:user/alice` is the
           account, (6, None) is `alice`; None for the whole string
    """

    command: int
    section: Section
    path: Path
    part: Part | None = None

    @property
    def has_positions(self) -> bool:
        """Return whether the path picks single elements of a response's lists by their positions."""
        return self.section == "response" and int in map(type, self.path) and EACH not in self.path


@dataclass(frozen=True, slots=True)
class EnvironmentValue:
    """Where a value comes from: the region, partition, host suffix or account; `recorded` is the recorded value."""

    name: EnvironmentName
    recorded: str


class Target(NamedTuple):
    """Where a value goes.

    span        the characters that the value takes up in the string there; None for the whole string
    encoding    how the string carries the value: `plain`; `percent`-encoded; or the whole string is `base64`,
                and the span counts in the decoded text
    word_count  how many words of a command line the value takes up, if it is a list; `path` is the first one's
    """

    command: int
    section: Section
    path: Path
    span: Span | None = None
    encoding: Encoding = "plain"
    word_count: int = 1

    @property
    def paths(self) -> list[Path]:
        """The paths that the value takes up: several for a list of words, else one."""
        if self.word_count == 1:
            return [self.path]
        *before, first = self.path
        assert isinstance(first, int)
        return [(*before, index) for index in range(first, first + self.word_count)]


class Relation(NamedTuple):
    """The source feeds the target.

    evidence      why, in words
    alternatives  other sources with equally good evidence
    is_same_type  whether source and target name the same type of resource; False if only the name is distinctive
    """

    source: Source | EnvironmentValue
    target: Target
    evidence: str
    alternatives: tuple[Source, ...] = ()
    is_same_type: bool = True
