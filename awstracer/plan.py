"""Makes the plan for playing a trace: what feeds which request, and what overrides put there."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from awstracer import overrides as changes
from awstracer.errors import MissingWord
from awstracer.outline import outline
from awstracer.relation_model import Relation
from awstracer.steps import Catalog, Override, Plan
from awstracer.trace import Trace


def make(
    trace: Trace,
    relations: Iterable[Relation],
    overrides: Sequence[Override],
    catalog: Catalog,
    replaced: Iterable[str] = (),
    *,
    selected: Container[int] | None = None,
) -> Plan:
    """The plan for playing a trace under overrides; the rest as for `outline`.

    UnknownCommand, UnknownParameter, AmbiguousParameter, BadValue or MissingWord if there is no such plan.
    """
    steps = list(outline(trace, relations, catalog, replaced, selected=selected).steps)
    for override in overrides:
        steps = changes.applied(steps, override, catalog)
    for step in steps:
        for name in step.form.needed if step.form and step.selected else ():
            raise MissingWord(step.number, name.removeprefix("--"))
    return Plan(tuple(steps))
