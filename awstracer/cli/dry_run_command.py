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

from awstracer.cli.output import show
from awstracer.cli.plan_view import PlanView, PreparedLine
from awstracer.errors import ExitCode
from awstracer.plan import missing_secrets, request, safety_checks
from awstracer.plan.request import PlayRequest, Replay
from awstracer.relations import deriver
from awstracer.trace import store
from awstracer.trace.memory import gc_paused
from awstracer.trace.query import evaluate


def run(order: PlayRequest, view: PlanView, *, as_json: bool) -> int:
    """Show what a replay would do, as lines or as a JSON document; return the exit code."""
    trace = store.load_trace(order.trace_file)
    from awstracer.aws.catalog import Catalog
    from awstracer.plan import planner, warnings  # awscli takes a while to import: an unreadable trace does without

    catalog = Catalog()
    catalog.check_profile(order.profile)
    with gc_paused():
        found = deriver.derive(trace, evaluate, catalog)
        made = planner.make_plan(trace, found, order.overrides, catalog, order.given, selected=order.selected(trace))
        destination = request.destination_of(order.region or catalog.region(order.profile), catalog)
        lines = _prepare_lines(Replay(trace, found, made, destination, evaluate), order, view, as_json=as_json)
    confirmations = safety_checks.required_confirmations(
        made, catalog.global_options(), os.environ, Path.cwd(), catalog.shell_aliases()
    )
    view.show_relations(found)
    view.show_confirmations(() if order.agrees else confirmations)
    view.show_missing_secrets(missing_secrets.find_missing_secrets(made))
    view.show_generated_names(warnings.find_generated_names(made.selected) if trace.recorded.script else ())
    for show_line, text in lines:
        show_line(text)
    return ExitCode.OK


def _prepare_lines(planned: Replay, order: PlayRequest, view: PlanView, *, as_json: bool) -> Sequence[PreparedLine]:
    """Return what is shown of the steps; raise NotPlayed if one needs the response of a step that is not selected."""
    planned.check()
    resolver = planned.resolver(planned.plan, is_dry_run=True)
    if as_json:
        from awstracer.cli import json_report

        return [(show, json_report.format_report(resolver, order.pause))]
    regions = (planned.trace.recorded.region, planned.destination.region)
    is_elsewhere = None not in regions and regions[0] != regions[1]
    return [
        line
        for step in resolver.steps
        for line in view.step_preview(step, resolver.invocation(step), resolver, order.pause, is_elsewhere=is_elsewhere)
    ]
