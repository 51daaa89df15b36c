"""Outlines the plan for playing a trace, with what feeds which request; what overrides put there is `plan`'s."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from itertools import groupby

from awstracer import commandline, credentials
from awstracer.commandline import OperationCommand
from awstracer.paths import Path
from awstracer.relation_model import Relation, Section
from awstracer.steps import NOTHING_RELATED, Lines, Plan, Related, Step
from awstracer.trace import Command, Trace


def outline(
    trace: Trace,
    relations: Iterable[Relation],
    lines: Lines,
    replaced: Iterable[str] = (),
    *,
    selected: Container[int] | None = None,
) -> Plan:
    """The plan for playing a trace, nothing overridden; it may lack words that only overrides can give.

    `replaced` are the global options, with their dashes, that the replay sets for every command;
    `selected` the numbers of the commands that are to be played, None for all.
    UnknownCommand if there is no such plan.
    """
    related = _by_place(relations)
    global_options = lines.global_options()
    dropped = {name: global_options[name] for name in replaced}
    minted = credentials.minted(trace.commands)
    steps: list[Step] = []
    for index, command in enumerate(trace.commands):
        words, taken = commandline.without_options(command.argv, global_options)
        inner = _inner_words(related.get((index, "request"), NOTHING_RELATED)) if command.operation is None else ()
        unwanted = {**dropped, credentials.PROFILE: True} if minted[index] else dropped
        kept, _ = commandline.without_options([command.argv[i] for i in taken], unwanted)
        steps.append(
            Step(
                number=index + 1,
                command=command,
                form=_form(index + 1, command, lines),
                arguments=tuple(at for at in words if ("argv", at) not in inner),
                kept=tuple(taken[i] for i in kept),
                related=related.get((index, "request"), NOTHING_RELATED),
                echoed=related.get((index, "response"), NOTHING_RELATED),
                queried=related.get((index, "query"), NOTHING_RELATED).get((), ()),
                pins={},
                selected=selected is None or index + 1 in selected,
                minted=minted[index],
            )
        )
    return Plan(tuple(steps))


def _by_place(relations: Iterable[Relation]) -> Mapping[tuple[int, Section], Related]:
    """The relations by the command and the side of their targets, and then by path."""
    places: dict[tuple[int, Section], dict[Path, tuple[Relation, ...]]] = {}
    for (command, side, path), found in groupby(relations, key=_place):
        paths = places.setdefault((command, side), {})
        paths[path] = (*paths.get(path, ()), *found)
    return places


def _place(relation: Relation) -> tuple[int, Section, Path]:
    return relation.target.command, relation.target.section, relation.target.path


def _inner_words(related: Related) -> set[Path]:
    """The words of a line that belong to a list, but for its first, which stands for all."""
    targets = [relation.target for relations in related.values() for relation in relations]
    return {path for target in targets if target.word_count > 1 for path in target.paths[1:]}


def _form(number: int, command: Command, lines: Lines) -> OperationCommand | None:
    if command.operation is None:
        if command.exit_code == 0:  # what failed may have been mistyped
            lines.check_line(number, command.argv)
        return None
    return lines.operation_command(number, command.operation, command.argv)
