"""The planner: makes the plan for playing a trace under overrides.

For a trace in which `ec2 create-subnet` follows `ec2 create-vpc`, the relations say where `VpcId` comes from, and
`-p cidr-block 10.1.0.0/16` what else is to change. Each command becomes a draft with the relations that lead to it;
the overrides are entered in the drafts; then each draft is compiled into a step with templates.

`plan/overrides` finds the places that an override is about, `plan/compiler` has the order of precedence.
Making a plan sends nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from awstracer.commandline.options import OperationCommand, query_of, split_options
from awstracer.errors import MissingWord
from awstracer.plan import credentials
from awstracer.plan import overrides as changes
from awstracer.plan.compiler import Draft
from awstracer.plan.credentials import CredentialSource
from awstracer.plan.model import Catalog, Lines, Override, Plan, Step
from awstracer.plan.template import Template
from awstracer.relations.model import Relation, Section
from awstracer.trace.model import Command, Trace

Related = Mapping[Section, Sequence[Relation]]
UNRELATED: Related = {}


def make_plan(
    trace: Trace,
    relations: Iterable[Relation],
    overrides: Sequence[Override],
    catalog: Catalog,
    replaced: Iterable[str] = (),
    *,
    selected: Container[int] | None = None,
) -> Plan:
    """Return the plan for playing a trace under overrides; the other arguments are those of `outline`.

    Raise UnknownCommand, UnknownParameter, AmbiguousParameter, BadValue or MissingWord if there is no such plan.
    """
    drafts = changes.Drafts(tuple(_make_drafts(trace, relations, catalog, replaced, selected)))
    for override in overrides:
        drafts = changes.apply_override(drafts, override, catalog)
    plan = _compile_plan(drafts)
    for step in plan.selected:
        for name in step.operation_command.needed if step.operation_command is not None else ():
            raise MissingWord(step.number, name.removeprefix("--"))
    return plan


def plan_steps(
    trace: Trace,
    relations: Iterable[Relation],
    lines: Lines,
    replaced: Iterable[str] = (),
    *,
    selected: Container[int] | None = None,
) -> Plan:
    """Return the plan for playing a trace as it was recorded; it may lack words that only overrides can give.

    `replaced` are the global options, with their dashes, that the replay sets for every command;
    `selected` are the numbers of the commands that are to be played, None for all.
    Raise UnknownCommand if there is no such plan.
    """
    return _compile_plan(changes.Drafts(tuple(_make_drafts(trace, relations, lines, replaced, selected))))


def _compile_plan(drafts: changes.Drafts) -> Plan:
    return Plan(tuple(draft.step for draft in drafts.in_order), drafts.secrets)


def _make_drafts(
    trace: Trace,
    relations: Iterable[Relation],
    lines: Lines,
    replaced: Iterable[str],
    selected: Container[int] | None,
) -> Iterable[Draft]:
    """Yield a draft for each command of a trace, with nothing overridden."""
    related = _by_command(relations)
    global_options = lines.global_options()
    dropped = {name: global_options[name] for name in replaced}
    for index, (command, made) in enumerate(
        zip(trace.commands, credentials.created_credentials(trace.commands), strict=True)
    ):
        here = related.get(index, UNRELATED)
        arguments, globals_ = _split_line(command, global_options, dropped, made)
        covered = _words_of_lists(here) if command.operation is None else set()
        expression = query_of(command)
        bare = Step(
            number=index + 1,
            command=command,
            operation_command=_operation_command(index + 1, command, lines),
            arguments=tuple(at for at in arguments if at not in covered),
            global_option_words=globals_,
            request=Template(command.request, {}),
            query=None if expression is None else Template(expression, {}),
            response=Template(command.response, {}),
            selected=selected is None or index + 1 in selected,
            credentials=made,
        )
        yield Draft(bare, here.get("request", ()), here.get("query", ()), here.get("response", ()))


def _by_command(relations: Iterable[Relation]) -> Mapping[int, Related]:
    """Return the relations by the command and the side of their targets."""
    found: dict[int, dict[Section, list[Relation]]] = {}
    for relation in relations:
        target = relation.target
        found.setdefault(target.command, {}).setdefault(target.section, []).append(relation)
    return found


def _split_line(
    command: Command, global_options: Mapping[str, bool], dropped: Mapping[str, bool], made: CredentialSource | None
) -> tuple[list[int], tuple[int, ...]]:
    """Return the positions of a line's own words, and of those of its global options that the replay keeps."""
    arguments, taken = split_options(command.argv, global_options)
    unwanted = {**dropped, credentials.PROFILE_OPTION: True} if made is not None else dropped
    kept, _ = split_options([command.argv[at] for at in taken], unwanted)
    return arguments, tuple(taken[at] for at in kept)


def _words_of_lists(related: Related) -> set[object]:
    """Return the positions of the words that are elements of a related list, but for its first, which has them all."""
    targets = [relation.target for relation in related.get("request", ())]
    return {path[-1] for target in targets if target.word_count > 1 for path in target.paths[1:]}


def _operation_command(number: int, command: Command, lines: Lines) -> OperationCommand | None:
    """Return the command of an operation; for a custom command None, after a check that awscli has it."""
    if command.operation is None:
        if command.exit_code == 0:  # a command that failed may have been mistyped
            lines.check_line(number, command.argv)
        return None
    return lines.operation_command(number, command.operation, command.argv)
