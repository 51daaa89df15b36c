"""What a person asks for with the switches of `awstrace-play`, and the replay that it becomes.

`awstrace-play --trace-file web.trace --region eu-west-1 -p name web-2` is a `PlayRequest` with one override and
`global_options={"--region": "eu-west-1"}`. `plan_replay` derives the relations of the trace and makes the plan: both
`cli/dry_run_command` and `cli/play_command` begin with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from awstracer.plan import planner, safety_checks
from awstracer.plan.invocation import Destination
from awstracer.plan.model import Keep, Override, Plan
from awstracer.plan.resolver import Resolver
from awstracer.relations import deriver
from awstracer.relations.model import Relation
from awstracer.trace import selection, store
from awstracer.trace.memory import gc_paused
from awstracer.trace.model import Trace
from awstracer.trace.query import evaluate

if TYPE_CHECKING:
    from awstracer.aws.catalog import Catalog


@dataclass(frozen=True, kw_only=True)
class PlayRequest:
    """The switches of one call of `awstrace-play`.

    overrides       of `-p` and `--keep`
    global_options  for all commands, in the place of recorded ones
    start, only     which commands are played; None for no such limit
    agrees          whether the person confirmed everything beforehand (`--yes`)
    trusts          whether the trace is taken for the person's own (`--trust`)
    account         the only one to play in; None for any
    asks_each       whether to ask before each command
    pause, keep_going, settle   see `play/player`'s PlayerOptions
    jobs            how many commands may run at the same time
    """

    trace_file: Path
    overrides: Sequence[Override | Keep]
    global_options: Mapping[str, str]
    start: int | None
    only: Sequence[selection.Range] | None
    agrees: bool
    trusts: bool
    account: str | None
    asks_each: bool
    pause: float | None
    keep_going: bool
    settle: float
    jobs: int

    def load_trace(self) -> Trace:
        """Return the trace; raise TraceError if it can't be read or holds no trace."""
        trace = store.load_trace(self.trace_file)
        return replace(trace, is_own=trace.is_own or self.trusts)

    @property
    def global_option_words(self) -> tuple[str, ...]:
        """The global options as words."""
        return tuple(word for pair in self.global_options.items() for word in pair)


@dataclass(frozen=True)
class Replay:
    """A trace, its relations, and the plan for playing it at a destination.

    credential_options   the recorded global options that decide identities, as words; each combination once
    """

    trace: Trace
    relations: Sequence[Relation]
    plan: Plan
    credential_options: Sequence[tuple[str, ...]]
    destination: Destination

    def resolver(self, plan: Plan, *, is_dry_run: bool) -> Resolver:
        """Return a resolver for a plan of the trace."""
        return Resolver(plan, is_dry_run=is_dry_run, query=evaluate, destination=self.destination)


def plan_replay(
    play_request: PlayRequest,
    trace: Trace,
    catalog: Catalog,
    account: Callable[[Sequence[str]], str | None] = lambda _: None,
) -> Replay:
    """Return the replay that a person asks for; raise an error of `errors` if the trace has no such replay.

    `account` returns the account of the credentials that some global options select. It is called when a step needs it.
    """
    options = play_request.global_options
    profile = options.get("--profile")
    catalog.check_profile(profile)
    with gc_paused():
        relations = deriver.derive(trace, evaluate, catalog)
        selected = selection.select(len(trace.commands), start=play_request.start, only=play_request.only)
        plan = planner.make_plan(trace, relations, play_request.overrides, catalog, options, selected=selected)
    credentials = safety_checks.credential_options(plan, catalog.global_options())
    words = credentials[0] if len(credentials) == 1 else ()
    region = options.get("--region") or catalog.region(profile)
    partition = catalog.partition(region) if region else None
    destination = Destination(region, partition, lambda: account(words))
    replay = Replay(trace, relations, plan, credentials, destination)
    replay.resolver(plan, is_dry_run=True).check()
    return replay
