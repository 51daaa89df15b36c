"""The secrets that a plan lacks: which there are, and what it takes to put them in.

A trace has holes in the place of secrets. Most are filled by themselves, from an answer of the replay;
the others only the person can fill: these are blanks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from awstracer import holes
from awstracer.judgement import label_before
from awstracer.paths import Path, leaves
from awstracer.steps import Pin, Plan, Step
from awstracer.trace import Document

ENVIRONMENT = "AWSTRACE_PARAM_"
WORD = "word"  # of a custom command, if no option tells what it is


@dataclass(frozen=True)
class Blank:
    """A hole that only the person can fill, where it is met first.

    number   of the command
    names    what it is called there, the best name first
    path     where in the command's request it stands
    """

    hole: str
    number: int
    names: tuple[str, ...]
    path: Path

    @property
    def spelling(self) -> str:
        """How `-p` picks it: `3.master-user-password`."""
        return f"{self.number}.{self.names[0]}"

    @property
    def variables(self) -> tuple[str, str]:
        """The environment variables that can have its value: for this command, and for all."""
        name = re.sub(r"[^A-Z0-9]", "_", self.names[0].upper())
        return f"{ENVIRONMENT}{self.number}_{name}", f"{ENVIRONMENT}{name}"

    def is_called(self, name: str) -> bool:
        """Whether that is one of its names, whatever the case and the hyphens."""
        return _squeezed(name) in map(_squeezed, self.names)


def blanks(plan: Plan) -> list[Blank]:
    """The holes in what a plan sends that neither an answer nor an override fills, each once."""
    sent = {hole for step in plan.selected for hole in holes.holes(_own(step))}
    return [blank for blank in _blanks(plan.steps) if blank.hole in sent] if sent else []


def named(steps: Sequence[Step], name: str, number: int | None) -> list[Blank]:
    """The blanks that are called so; of command `number`, unless that is None."""
    return [blank for blank in _blanks(steps) if number in (None, blank.number) and blank.is_called(name)]


def _blanks(steps: Sequence[Step]) -> list[Blank]:
    found: dict[str, Blank] = {}
    for step in steps:
        for path, leaf in _own_leaves(step):
            for hole in holes.holes(leaf):
                if hole not in found and not _is_filled(step, path, leaf, hole):
                    found[hole] = Blank(hole, step.number, _names(step, path, leaf, hole), path)
    return list(found.values())


def filled(steps: Sequence[Step], hole: str, secret: str) -> list[Step]:
    """The steps with a secret in a hole, wherever no answer fills it."""
    result = []
    for step in steps:
        pins = dict(step.pins)
        for path, leaf in _own_leaves(step):
            if hole in holes.holes(leaf) and not _is_filled(step, path, leaf, hole):
                pins[path] = (*pins.get(path, ()), Pin(secret, None, hole=hole))
        result.append(replace(step, pins=pins))
    return result


def with_secrets(plan: Plan, secrets: Mapping[str, str]) -> Plan:
    """The plan with secrets in its holes."""
    steps = list(plan.steps)
    for hole, secret in secrets.items():
        steps = filled(steps, hole, secret)
    return replace(plan, steps=tuple(steps))


def given(steps: Sequence[Step]) -> set[str]:
    """The secrets that the person has put into holes."""
    return {str(pin.value) for step in steps for pins in step.pins.values() for pin in pins if pin.hole is not None}


def from_environment(blank: Blank, environment: Mapping[str, str]) -> str | None:
    """The secret for a blank that an environment variable has."""
    return next((environment[name] for name in blank.variables if name in environment), None)


def _own(step: Step) -> Document | list[object]:
    return step.command.request if step.form is not None else [leaf for _, leaf in _own_leaves(step)]


def _own_leaves(step: Step) -> Iterator[tuple[Path, object]]:
    """What a step sends: an operation's parameters; of a custom command the words that are its own, and its files."""
    for path, leaf in leaves(step.command.request):
        if step.form is not None or path[0] != "argv" or path[1] in step.arguments:
            yield path, leaf


def _is_filled(step: Step, path: Path, leaf: object, hole: str) -> bool:
    around = [path[:length] for length in range(1, len(path) + 1)]
    if any(pin.hole in (None, hole) and pin.part is None for each in around for pin in step.pins.get(each, ())):
        return True
    relations = [(each, relation) for each in around for relation in step.related.get(each, ())]
    return any(
        relation.target.span is None or (each == path and _covers(relation.target.span, leaf, hole))
        for each, relation in relations
    )


def _covers(span: tuple[int, int], leaf: object, hole: str) -> bool:
    text = holes.text_of(leaf)
    return text is not None and hole in text[slice(*span)]


def _names(step: Step, path: Path, leaf: object, hole: str) -> tuple[str, ...]:
    """What a hole is called: in the text that it is in or, if it is all of that, by the option; by the member."""
    text = holes.text_of(leaf) or ""
    label = label_before(text[: text.find(hole)])
    is_parameter = holes.is_hole(leaf) and (step.form is None or len(path) == 1)
    option = step.name_of(path) if is_parameter else None
    member = next(key for key in reversed(path) if isinstance(key, str)) if step.form is not None else WORD
    return tuple(name for name in dict.fromkeys([label, option, member]) if name)


def _squeezed(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
