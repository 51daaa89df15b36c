"""The switches of `awstrace-play` as data, and the replay that is made of them.

`awstrace-play --trace-file web.trace --region eu-west-1 -p name web-2` is a `PlayRequest` with one override and
`global_options={"--region": "eu-west-1"}`. `cli/dry_run_command` and `cli/play_command` make a `Replay` of it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from awstracer.aws.api_model import ApiModel
from awstracer.plan.invocation import Destination
from awstracer.plan.model import Override, Plan
from awstracer.plan.resolver import Resolver
from awstracer.relations.model import Relation
from awstracer.trace import selection
from awstracer.trace.model import Trace
from awstracer.trace.query import Query


@dataclass(frozen=True)
class PlayRequest:
    """The switches of one call of `awstrace-play`.

    overrides       of `-p` and `--keep`
    global_options  for all commands, in the place of recorded ones
    start, only     which commands are played; None for no such limit
    agrees          whether the person confirmed everything beforehand (`--yes`)
    account         the only one to play in; None for any
    asks_each       whether to ask before each command
    pause, keep_going, settle   see the player's settings
    jobs            how many commands may run at the same time
    """

    trace_file: Path
    overrides: Sequence[Override]
    global_options: Mapping[str, str]
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
        return tuple(word for pair in self.global_options.items() for word in pair)

    @property
    def profile(self) -> str | None:
        """The profile for all commands."""
        return self.global_options.get("--profile")

    @property
    def region(self) -> str | None:
        """The region for all commands."""
        return self.global_options.get("--region")

    def selected(self, trace: Trace) -> Container[int]:
        """Return the numbers of the commands that are to be played; raise NoSuchCommand or NothingSelected."""
        return selection.select(len(trace.commands), start=self.start, only=self.only)


def destination_of(
    region: str | None, model: ApiModel, account: Callable[[], str | None] = lambda: None
) -> Destination:
    """Return the destination in a region, None if nothing names one; `account` finds out the account."""
    return Destination(region, model.partition(region) if region else None, account)


@dataclass(frozen=True)
class Replay:
    """A trace, its relations, and the plan for playing it at a destination."""

    trace: Trace
    relations: Sequence[Relation]
    plan: Plan
    destination: Destination
    query: Query

    def resolver(self, plan: Plan, *, is_dry_run: bool) -> Resolver:
        """Return a resolver for a plan of the trace."""
        return Resolver(plan, is_dry_run=is_dry_run, query=self.query, destination=self.destination)

    def check(self) -> None:
        """Raise NotPlayed if a command needs the response of one that is not to be played."""
        self.resolver(self.plan, is_dry_run=True).check()
