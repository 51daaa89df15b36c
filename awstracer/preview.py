"""`awstrace-play --dryrun`, put together: what would be done, shown.

What the trace has of awscli's answers is enough where nothing is overridden and awscli is as it was: awscli itself
takes several times as long to import as everything else takes.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from awstracer import blanks, configuration, guards, known, plan, planning, relations, tracefile
from awstracer.configuration import Unclear
from awstracer.errors import ExitCode
from awstracer.garbage import uncollected
from awstracer.planning import Order, Planned
from awstracer.queries import query
from awstracer.screen import Screen, Told, show
from awstracer.steps import Plan
from awstracer.trace import BATCH, Trace

if TYPE_CHECKING:
    from awstracer.invented import Invented

Foretell = Callable[[Planned], Sequence[Told]]
VERSION = re.compile(r"^__version__ = ['\"]([\w.]+)['\"]", re.M)


@dataclass(frozen=True)
class _Preview:
    """A plan, what a replay of it would ask about first, and all that is told of its steps."""

    planned: Planned
    doubts: Sequence[guards.Doubt]
    told: Sequence[Told]


def preview(order: Order, screen: Screen, *, as_json: bool) -> int:
    """Show what would be done; the exit code."""
    trace = tracefile.load(order.trace_file)
    foretell = functools.partial(_told, order=order, screen=screen, as_json=as_json)
    made = _remembered(order, trace, foretell) or _asked(order, trace, foretell)
    screen.found(made.planned.found)
    screen.doubtful(() if order.agrees else made.doubts)
    screen.lacking(blanks.blanks(made.planned.plan))
    screen.made_up(_made_up(made.planned.plan) if trace.recorded.script else ())
    for tell, text in made.told:
        tell(text)
    return ExitCode.OK


def _told(planned: Planned, *, order: Order, screen: Screen, as_json: bool) -> list[Told]:
    """What is told of a plan's steps: all before the first is shown; as text it takes little memory."""
    planned.check()
    knowledge = planned.knowledge(planned.plan, live=False)
    if as_json:
        from awstracer import document

        return [(show, document.dumps(knowledge, order.pause))]
    regions = (planned.trace.recorded.region, planned.played.region)
    is_elsewhere = None not in regions and regions[0] != regions[1]
    told: list[Told] = []
    pending = iter(knowledge.steps)
    with uncollected():
        while batch := list(islice(pending, BATCH)):
            invocations = [knowledge.invocation(step) for step in batch]
            for step, invocation in zip(batch, invocations, strict=True):
                told += screen.previewed(step, invocation, knowledge, order.pause, is_elsewhere=is_elsewhere)
    return told


def _made_up(made: Plan) -> Iterable[Invented]:
    from awstracer import invented

    return invented.invented(made.selected)


def _remembered(order: Order, trace: Trace, foretell: Foretell) -> _Preview | None:
    """What the trace's own answers of awscli foretell; None where awscli has to be asked."""
    try:
        return _by_known(order, trace, foretell)
    except Exception:  # noqa: BLE001 - what a stranger noted may fit nothing; what else is wrong comes up again, and is told
        return None


def _by_known(order: Order, trace: Trace, foretell: Foretell) -> _Preview:
    """The same; Unclear where the answers don't count."""
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
    made = plan.outline(trace, found, aws, order.given, selected=order.selected(trace))
    doubts = guards.doubts(made, aws.options, os.environ, Path.cwd(), frozenset())
    planned = Planned(trace, found, made, played, query)
    return _Preview(planned, doubts, foretell(planned))


def _asked(order: Order, trace: Trace, foretell: Foretell) -> _Preview:
    """What awscli's answers foretell."""
    from awstracer import driver

    aws = driver.AwsCli()
    aws.check_profile(order.profile)
    found = relations.derive(trace, query, aws)
    made = plan.make(trace, found, order.overrides, aws, order.given, selected=order.selected(trace))
    played = planning.place(order.region or aws.region(order.profile), aws)
    doubts = guards.doubts(made, aws.global_options(), os.environ, Path.cwd(), aws.shell_aliases())
    planned = Planned(trace, found, made, played, query)
    return _Preview(planned, doubts, foretell(planned))


def _installed() -> str | None:
    """The version of the awscli that would be imported; `importlib.metadata` takes a third of what a dry run takes."""
    found = importlib.util.find_spec("awscli")
    try:
        text = Path(found.origin or "").read_text(encoding="utf-8") if found is not None else ""
    except (OSError, UnicodeDecodeError):  # it isn't installed as files
        return None
    version = VERSION.search(text)
    return version[1] if version else None
