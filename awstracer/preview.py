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
from awstracer.screen import Screen, Told, show
from awstracer.steps import Plan
from awstracer.trace import Trace

if TYPE_CHECKING:
    from awstracer.invented import Invented

VERSION = re.compile(r"^__version__ = ['\"]([\w.]+)['\"]", re.M)


Doubts = Sequence[guards.Doubt]
Doubted = tuple[Planned, Doubts]


def preview(order: Order, screen: Screen, *, as_json: bool) -> int:
    """Show what would be done; the exit code."""
    trace = tracefile.load(order.trace_file)
    try:
        planned, doubts, told = _foretold(_remembered(order, trace), order, screen, as_json=as_json)
    except Exception:  # noqa: BLE001 - with awscli's own answers it is right or, if not for what was noted, told
        planned, doubts, told = _foretold(_asked(order, trace), order, screen, as_json=as_json)
    screen.found(planned.found)
    screen.doubtful(() if order.agrees else doubts)
    screen.lacking(blanks.blanks(planned.plan))
    screen.made_up(_made_up(planned.plan) if trace.recorded.script else ())
    for tell, text in told:
        tell(text)
    return ExitCode.OK


def _foretold(planned: Doubted, order: Order, screen: Screen, *, as_json: bool) -> tuple[Planned, Doubts, list[Told]]:
    """A plan, and all that is to be told of its steps: known before the first is shown; as text it takes little."""
    made, doubts = planned
    made.check()
    knowledge = made.knowledge(made.plan, live=False)
    if as_json:
        from awstracer import document

        return made, doubts, [(show, document.dumps(knowledge, order.pause))]
    regions = (made.trace.recorded.region, made.played.region)
    is_elsewhere = None not in regions and regions[0] != regions[1]
    with uncollected():
        told = [
            each
            for step in knowledge.steps
            for each in screen.previewed(step, knowledge, order.pause, is_elsewhere=is_elsewhere)
        ]
    return made, doubts, told


def _made_up(made: Plan) -> Iterable[Invented]:
    from awstracer import invented

    return invented.invented(made.selected)


def _remembered(order: Order, trace: Trace) -> Doubted:
    """The plan by what the trace has of awscli's answers; Unclear where awscli has to be asked."""
    if order.overrides or trace.known is None or not configuration.is_plain(os.environ):
        raise Unclear
    aws = known.read(trace.known, trace)
    if aws is None or aws.awscli != _installed():
        raise Unclear
    usual = configuration.region(os.environ, order.profile)
    played = planning.place(order.region or usual, aws)
    if played.region and played.partition is None:
        raise Unclear
    found = relations.derive(trace, query, aws)
    made = outline(trace, found, aws, order.given, selected=order.selected(trace))
    doubts = guards.doubts(made, aws.options, os.environ, Path.cwd(), frozenset())
    return Planned(trace, found, made, played, query), doubts


def _asked(order: Order, trace: Trace) -> Doubted:
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
