"""`awstrace-play --dryrun`: makes the plan that a replay would play, and shows it; nothing is sent.

A dry run takes the steps of `cli/play_command` up to the first request: it loads the trace, derives the relations,
makes the plan, and resolves each step. Where a replay has the value of a new response, a dry run shows the recorded
one, marked as pending. All lines are made before the first is printed, so that a trace that cannot be played shows
nothing but the error.
"""

from __future__ import annotations

from collections.abc import Sequence

from awstracer.cli import prompts
from awstracer.cli.output import show
from awstracer.cli.plan_view import PlanView, PreparedLine
from awstracer.errors import ExitCode
from awstracer.plan import missing_secrets, warnings
from awstracer.plan.request import PlayRequest, Replay, plan_replay


def run(play_request: PlayRequest, view: PlanView, *, as_json: bool) -> int:
    """Show what a replay would do, as lines or as a JSON report; return the exit code."""
    trace = play_request.load_trace()
    from awstracer.aws.catalog import Catalog  # awscli takes a while to import: an unreadable trace does without

    catalog = Catalog()
    replay = plan_replay(play_request, trace, catalog)
    lines = _prepare_lines(replay, play_request.pause, view, as_json=as_json)
    confirmations = prompts.safety_checks_here(catalog, trace, play_request.pause).required_confirmations(replay.plan)
    view.show_origin(trace)
    view.show_relations(replay.relations)
    view.show_confirmations(() if play_request.agrees else confirmations)
    view.show_missing_secrets(missing_secrets.find_missing_secrets(replay.plan))
    view.show_generated_names(warnings.find_generated_names(replay.plan.selected) if trace.recorded.script else ())
    for show_line, text in lines:
        show_line(text)
    return ExitCode.OK


def _prepare_lines(replay: Replay, pause: float | None, view: PlanView, *, as_json: bool) -> Sequence[PreparedLine]:
    """Return what is shown of the steps; `pause` is the value of `--sleep`."""
    resolver = replay.resolver(replay.plan, is_dry_run=True)
    if as_json:
        from awstracer.cli import json_report

        return [(show, json_report.format_report(resolver, pause))]
    regions = (replay.trace.recorded.region, replay.destination.region)
    is_elsewhere = None not in regions and regions[0] != regions[1]
    return [
        line
        for step in resolver.selected
        for line in view.step_preview(step, resolver.invocation(step), resolver, pause, is_elsewhere=is_elsewhere)
    ]
