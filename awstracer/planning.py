"""What a person orders of a trace, and the plan that comes of it: `preview` shows it, `playing` executes it."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from awstracer import selection
from awstracer.invocation import Played
from awstracer.queries import Query
from awstracer.relation_model import Relation
from awstracer.resolve import Knowledge
from awstracer.steps import Override, Plan
from awstracer.trace import Trace


@dataclass(frozen=True)
class Order:
    """What the person says on the command line of a replay.

    overrides       what `-p` and `--keep` say
    given           global options for all commands, in the place of recorded ones
    start, only     which commands are played; None for no such limit
    agrees          to all that would be asked about otherwise
    account         the only one to play in; None for any
    asks_each       ask before each command
    pause, keep_going, settle   as the player's settings
    jobs            how many commands may run at the same time
    """

    trace_file: Path
    overrides: Sequence[Override]
    given: Mapping[str, str]
    start: int | None
    only: Sequence[selection.Range] | None
    agrees: bool
    account: str | None
    asks_each: bool
    pause: float | None
    keep_going: bool
    settle: float
    jobs: int = 1

    @property
    def extra(self) -> tuple[str, ...]:
        """The global options as words."""
        return tuple(word for pair in self.given.items() for word in pair)

    @property
    def profile(self) -> str | None:
        """The profile for all commands."""
        return self.given.get("--profile")

    @property
    def region(self) -> str | None:
        """The region for all commands."""
        return self.given.get("--region")

    def selected(self, trace: Trace) -> Container[int]:
        """The numbers of the commands that are to be played; NoSuchCommand or NothingSelected if that can't be."""
        return selection.selected(len(trace.commands), start=self.start, only=self.only)


class Partitions(Protocol):
    """What knows the partition of a region."""

    def partition(self, region: str) -> tuple[str, str] | None: ...


def place(region: str | None, partitions: Partitions, account: Callable[[], str | None] = lambda: None) -> Played:
    """Where a trace is played that is played in a region; `account` finds out the account."""
    return Played(region, partitions.partition(region) if region else None, account)


@dataclass(frozen=True)
class Planned:
    """A trace, what feeds what in it, and the plan for playing it somewhere."""

    trace: Trace
    found: Sequence[Relation]
    plan: Plan
    played: Played
    query: Query

    def knowledge(self, plan: Plan, *, live: bool) -> Knowledge:
        """What is known of the values of a plan for the trace."""
        return Knowledge(plan, live=live, query=self.query, played=self.played)

    def check(self) -> None:
        """NotPlayed if a command needs the answer of one that is not to be played."""
        self.knowledge(self.plan, live=False).check()
