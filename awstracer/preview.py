"""`awstrace-play --dryrun`: make the plan that a replay would play, and print it without sending anything.

The plan of a trace depends on awscli's catalog alone: which options a command has, what the API models say about a
member. So a dry run asks the same catalog as a replay, and its lines are those of the replay, with recorded values
where a replay has new ones.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from awstracer import blanks, guards, planning, relations, tracefile
from awstracer.errors import ExitCode
from awstracer.memory import gc_paused
from awstracer.planning import Order, Planned
from awstracer.queries import query
from awstracer.screen import Screen, Told, show


def preview(order: Order, screen: Screen, *, as_json: bool) -> int:
    """Print the plan and return the exit code; nothing is printed to stdout if there is no such plan."""
    trace = tracefile.load(order.trace_file)
    from awstracer import driver, invented, plan  # a trace that can't be read does without awscli

    aws = driver.AwsCli()
    aws.check_profile(order.profile)
    with gc_paused():
        found = relations.derive(trace, query, aws)
        made = plan.make(trace, found, order.overrides, aws, order.given, selected=order.selected(trace))
        played = planning.place(order.region or aws.region(order.profile), aws)
        lines = _lines(Planned(trace, found, made, played, query), order, screen, as_json=as_json)
    doubts = guards.doubts(made, aws.global_options(), os.environ, Path.cwd(), aws.shell_aliases())
    screen.found(found)
    screen.doubtful(() if order.agrees else doubts)
    screen.lacking(blanks.blanks(made))
    screen.made_up(invented.invented(made.selected) if trace.recorded.script else ())
    for tell, text in lines:
        tell(text)
    return ExitCode.OK


def _lines(planned: Planned, order: Order, screen: Screen, *, as_json: bool) -> Sequence[Told]:
    """Return what is to be printed of the steps, so that an error in a late step is found before the first line."""
    planned.check()
    knowledge = planned.knowledge(planned.plan, live=False)
    if as_json:
        from awstracer import document

        return [(show, document.dumps(knowledge, order.pause))]
    regions = (planned.trace.recorded.region, planned.played.region)
    is_elsewhere = None not in regions and regions[0] != regions[1]
    return [
        line
        for step in knowledge.steps
        for line in screen.previewed(
            step, knowledge.invocation(step), knowledge, order.pause, is_elsewhere=is_elsewhere
        )
    ]
