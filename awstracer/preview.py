"""`awstrace-play --dryrun`, put together: what would be done, shown.

What the trace has of awscli's answers is enough where nothing is overridden and awscli is as it was: awscli itself
takes several times as long to import as everything else takes.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from awstracer import blanks, configuration, guards, known, planning, relations, tracefile
from awstracer.configuration import Unclear
from awstracer.errors import ExitCode
from awstracer.garbage import uncollected
from awstracer.outline import outline
from awstracer.planning import Order, Planned
from awstracer.queries import query
from awstracer.screen import Screen, show
from awstracer.steps import Plan
from awstracer.trace import Trace

if TYPE_CHECKING:
    from awstracer.invented import Invented

VERSION = re.compile(r"^__version__ = ['\"]([\w.]+)['\"]", re.M)


def preview(order: Order, screen: Screen, *, as_json: bool) -> int:
    """Show what would be done; the exit code."""
    trace = tracefile.load(order.trace_file)
    planned, doubts = _remembered(order, trace) or _asked(order, trace)
    planned.check()
    screen.found(planned.found)
    screen.doubtful(() if order.agrees else doubts)
    screen.lacking(blanks.blanks(planned.plan))
    screen.made_up(_made_up(planned.plan) if trace.recorded.script else ())
    knowledge = planned.knowledge(planned.plan, live=False)
    if as_json:
        from awstracer import document

        show(document.dumps(knowledge, order.pause))
        return ExitCode.OK
    regions = (trace.recorded.region, planned.played.region)
    is_elsewhere = None not in regions and regions[0] != regions[1]
    with uncollected():  # all are known before the first is shown; as text they take little memory
        told = [
            each
            for step in knowledge.steps
            for each in screen.previewed(step, knowledge, order.pause, is_elsewhere=is_elsewhere)
        ]
    for tell, text in told:
        tell(text)
    return ExitCode.OK


def _made_up(made: Plan) -> Iterable[Invented]:
    from awstracer import invented

    return invented.invented(made.selected)


def _remembered(order: Order, trace: Trace) -> tuple[Planned, Sequence[guards.Doubt]] | None:
    """The plan by what the trace has of awscli's answers; None where awscli has to be asked."""
    if order.overrides or trace.known is None or not configuration.is_plain(os.environ):
        return None
    aws = known.read(trace.known, trace)
    if aws is None or aws.awscli != _installed():
        return None
    try:
        usual = configuration.region(os.environ, order.profile)
    except Unclear:
        return None
    played = planning.place(order.region or usual, aws)
    if played.region and played.partition is None:
        return None
    found = relations.derive(trace, query, aws)
    made = outline(trace, found, aws, order.given, selected=order.selected(trace))
    doubts = guards.doubts(made, aws.options, os.environ, Path.cwd(), frozenset())
    return Planned(trace, found, made, played, query), doubts


def _asked(order: Order, trace: Trace) -> tuple[Planned, Sequence[guards.Doubt]]:
    """The plan by what awscli answers."""
    from awstracer import driver, plan

    aws = driver.AwsCli()
    aws.check_profile(order.profile)
    found = relations.derive(trace, query, aws)
    made = plan.make(trace, found, order.overrides, aws, order.given, selected=order.selected(trace))
    played = planning.place(order.region or aws.region(order.profile), aws)
    doubts = guards.doubts(made, aws.global_options(), os.environ, Path.cwd(), aws.shell_aliases())
    return Planned(trace, found, made, played, query), doubts


def _installed() -> str | None:
    """The version of the awscli that would be imported."""
    found = importlib.util.find_spec("awscli")
    try:
        text = Path(found.origin or "").read_text(encoding="utf-8") if found is not None else ""
    except (OSError, UnicodeDecodeError):  # it isn't installed as files
        return None
    version = VERSION.search(text)
    return version[1] if version else None
