"""What a person asks for with the switches of `awstrace-play`, and the replay that comes of it.

`awstrace-play --trace-file web.trace --region eu-west-1 -p name web-2` is an `Order` with one override and
`given={"--region": "eu-west-1"}`. `cli/dry_run_command` and `cli/play_command` make a `Planned` of it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from awstracer.plan.invocation import Destination
from awstracer.plan.model import Override, Plan
from awstracer.plan.resolver import Resolver
from awstracer.relations.model import Relation
from awstracer.trace import selection
from awstracer.trace.model import Trace
from awstracer.trace.query import Query


@dataclass(frozen=True)
class PlayRequest:
    """What a person asks for.

    overrides       of `-p` and `--keep`
    given           global options for all commands, in the place of recorded ones
    start, only     which commands are played; None for no such limit
    agrees          whether the person confirmed everything beforehand (`--yes`)
    account         the only one to play in; None for any
    asks_each       whether to ask before each command
    pause, keep_going, settle   see the player's settings
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
        """Return the numbers of the commands that are to be played; raise NoSuchCommand or NothingSelected."""
        return selection.select(len(trace.commands), start=self.start, only=self.only)


class Partitions(Protocol):
    """Tells the partition of a region."""

    def partition(self, region: str) -> tuple[str, str] | None: ...


def destination_of(
    region: str | None, partitions: Partitions, account: Callable[[], str | None] = lambda: None
) -> Destination:
    """Return the destination in a region, None if that is not known; `account` finds out the account."""
    return Destination(region, partitions.partition(region) if region else None, account)


@dataclass(frozen=True)
class Replay:
    """A trace, its relations, and the plan for playing it at a destination."""

    trace: Trace
    found: Sequence[Relation]
    plan: Plan
    destination: Destination
    query: Query

    def resolver(self, plan: Plan, *, is_dry_run: bool) -> Resolver:
        """Return a resolver for a plan of the trace."""
        return Resolver(plan, is_dry_run=is_dry_run, query=self.query, destination=self.destination)

    def check(self) -> None:
        """Raise NotPlayed if a command needs the response of one that is not to be played."""
        self.resolver(self.plan, is_dry_run=True).check()
