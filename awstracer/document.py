"""A plan as a JSON document, for programs that want to know what a replay would do.

What is in it stands in the README's appendix.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from awstracer import holes
from awstracer.commandline import Mark, Text, plain
from awstracer.location import Setting
from awstracer.origins import Source
from awstracer.resolve import Invocation, Substitution
from awstracer.steps import Step
from awstracer.trace import rebuilt, spelled
from awstracer.tracefile import packed

VERSION = 1
SECRET = "<secret>"  # noqa: S105 - it is none


def dumps(invocations: Iterable[tuple[Step, Invocation]]) -> str:
    """The steps of a plan, as they would be run."""
    commands = [_command(step, invocation) for step, invocation in invocations]
    return json.dumps({"version": VERSION, "commands": commands}, indent=1)  # ASCII: nothing in it steers a terminal


def _command(step: Step, invocation: Invocation) -> dict[str, Any]:
    hidden = {path for path, pins in step.pins.items() if step.is_secret(path) and pins[0].shown is not None}
    return {
        "number": step.number,
        "line": plain(_without_secrets(invocation.shown)),
        "parameters": packed(rebuilt(invocation.parameters, lambda path, _: SECRET if path in hidden else None)),
        "derived": [_value(each) for each in invocation.substitutions],
        "given": [spelled(path) for path, pins in step.pins.items() if pins[0].shown is not None],
        "kept": [spelled(path) for path, pins in step.pins.items() if pins[0].shown is None],
        "unrelated": [{"path": spelled(path), "value": text} for path, text in invocation.unrelated],
        "unsaid": list(invocation.unsaid),
    }


def _without_secrets(line: Text) -> Text:
    """A line with holes, but without what was given in the place of some."""
    return tuple(
        replace(span, text=SECRET) if span.mark is Mark.SECRET and not any(holes.holes(span.text)) else span
        for span in line
    )


def _value(substitution: Substitution) -> dict[str, Any]:
    relation = substitution.relation
    return {
        "path": spelled(relation.target.path),
        "span": relation.target.span,
        "value": substitution.value,
        "known": substitution.mark is not Mark.PENDING,
        "source": _source(relation.source),
        "evidence": relation.evidence,
        "rivals": [_source(rival) for rival in relation.rivals],
    }


def _source(source: Source | Setting) -> dict[str, Any]:
    if isinstance(source, Setting):
        return {"setting": source.name}
    return {"command": source.command + 1, "side": source.side, "path": spelled(source.path), "part": source.part}
