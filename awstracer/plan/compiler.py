"""Compiles the draft of a recorded command into a step with templates.

A `Draft` has everything that bears on the values of one command: what was recorded, the relations that lead to it,
what awscli generates anew, what `-p` overrides and what `--keep` keeps. `compile_step` places a leaf for each of these
in the recorded request. Where two of them want the same place, the one that stands first in `_placements` has it: this
is the order of precedence, and it stands nowhere else.

`plan/planner` makes the drafts, and `plan/overrides` finds the places that an override is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from awstracer.commandline.text import Span
from awstracer.plan.model import Step
from awstracer.plan.template import Generated, Given, Kept, Piece, Placement, Reference, Secret, Template
from awstracer.relations.model import Relation
from awstracer.secrets import placeholders
from awstracer.trace.paths import Path

Place = tuple[Path, Span | None]


@dataclass(frozen=True)
class Draft:
    """What bears on the values of one step.

    bare                        the step with templates that have no leaves yet
    request, query, response    the relations that lead there
    given_values                the values of `-p`, by path and, for a piece of a string, span
    kept_values                 the values of `--keep`, by path
    """

    bare: Step
    request: Sequence[Relation] = ()
    query: Sequence[Relation] = ()
    response: Sequence[Relation] = ()
    given_values: Mapping[Place, Given] = field(default_factory=dict)
    kept_values: Mapping[Path, Kept] = field(default_factory=dict)

    @cached_property
    def step(self) -> Step:
        """The step, compiled."""
        return compile_step(self)


def compile_step(draft: Draft) -> Step:
    """Return the step that a draft describes, with the leaves of its request, its `--query` and its response."""
    bare = draft.bare
    return replace(
        bare,
        request=Template.of(bare.request.recorded, _placements(draft)),
        query=None if bare.query is None else Template.of(bare.query.recorded, _references(draft.query)),
        response=Template.of(bare.response.recorded, _references(draft.response)),
    )


def _placements(draft: Draft) -> Iterator[Placement]:
    """Yield the leaves of a request in the order of precedence: the first one that wants a place has it."""
    yield from (
        (path, leaf if span is None else [Piece(span, leaf)]) for (path, span), leaf in draft.given_values.items()
    )
    yield from draft.kept_values.items()
    yield from _generated(draft.bare)
    yield from _references(draft.request)
    yield from _secrets(draft.bare)


def _generated(step: Step) -> Iterator[Placement]:
    for path, value in step.operation_command.generated_values.items() if step.operation_command is not None else ():
        yield path, Generated(value)


def _references(relations: Iterable[Relation]) -> Iterator[Placement]:
    """Yield the references to the sources of relations: those to pieces of one string together."""
    placements: dict[Path, Reference | list[Piece]] = {}
    for relation in relations:
        target, leaf = relation.target, Reference(relation)
        if target.span is None:
            placements[target.path] = leaf
            continue
        pieces = placements.setdefault(target.path, [])
        if isinstance(pieces, list):
            pieces.append(Piece(target.span, leaf, target.encoding))
    yield from placements.items()


def _secrets(step: Step) -> Iterator[Placement]:
    for path, scalar in step.own_scalars():
        text = placeholders.decoded_text(scalar) or ""
        for match in placeholders.PLACEHOLDER.finditer(text) if placeholders.PREFIX in text else ():
            yield path, [Piece(match.span(), Secret(match[0]))]
