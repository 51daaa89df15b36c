"""`awstrace-play --dryrun`: makes the plan that a replay would play, and shows it; nothing is sent.

A dry run goes the way of `cli/play_command` up to the first request: it loads the trace, derives the relations, makes
the plan, and resolves each step. Where a replay has the value of a new response, a dry run shows the recorded one,
marked as pending. All lines are made before the first is printed, so that a trace that cannot be played shows nothing
but the error.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from awstracer import blanks, guards, planning, relations, tracefile
from awstracer.errors import ExitCode
from awstracer.memory import gc_paused
from awstracer.output import show
from awstracer.plan_view import PlanView, PreparedLine
from awstracer.planning import Order, Planned
from awstracer.queries import query


def run(order: Order, view: PlanView, *, as_json: bool) -> int:
    """Show what a replay would do, as lines or as a JSON document; return the exit code."""
    trace = tracefile.load(order.trace_file)
    from awstracer import invented, plan  # awscli takes a while to import: an unreadable trace does without
    from awstracer.catalog import Catalog

    catalog = Catalog()
    catalog.check_profile(order.profile)
    with gc_paused():
        found = relations.derive(trace, query, catalog)
        made = plan.make(trace, found, order.overrides, catalog, order.given, selected=order.selected(trace))
        destination = planning.place(order.region or catalog.region(order.profile), catalog)
        lines = _prepare_lines(Planned(trace, found, made, destination, query), order, view, as_json=as_json)
    confirmations = guards.doubts(made, catalog.global_options(), os.environ, Path.cwd(), catalog.shell_aliases())
    view.show_relations(found)
    view.show_confirmations(() if order.agrees else confirmations)
    view.show_missing_secrets(blanks.blanks(made))
    view.show_generated_names(invented.invented(made.selected) if trace.recorded.script else ())
    for show_line, text in lines:
        show_line(text)
    return ExitCode.OK


def _prepare_lines(planned: Planned, order: Order, view: PlanView, *, as_json: bool) -> Sequence[PreparedLine]:
    """Return what is shown of the steps; raise NotPlayed if one needs the response of a step that is not selected."""
    planned.check()
    resolver = planned.knowledge(planned.plan, live=False)
    if as_json:
        from awstracer import document

        return [(show, document.dumps(resolver, order.pause))]
    regions = (planned.trace.recorded.region, planned.played.region)
    is_elsewhere = None not in regions and regions[0] != regions[1]
    return [
        line
        for step in resolver.steps
        for line in view.step_preview(step, resolver.invocation(step), resolver, order.pause, is_elsewhere=is_elsewhere)
    ]
