"""The planner: makes the plan for playing a trace under overrides.

For a trace in which `ec2 create-subnet` follows `ec2 create-vpc`, the relations say where `VpcId` comes from, and
`-p cidr-block 10.1.0.0/16` what else is to change. Each command becomes a draft with the relations that lead to it;
the overrides are entered in the drafts; then each draft is compiled into a step with templates.

`plan/overrides` finds the places that an override is about, `plan/compiler` has the order of precedence.
Making a plan sends nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from awstracer.commandline.files import is_read
from awstracer.commandline.options import OperationCommand, query_of, split_options
from awstracer.errors import MissingWord, UnreadFile
from awstracer.plan import credentials
from awstracer.plan.compiler import Draft
from awstracer.plan.model import CommandCatalog, Keep, Override, Plan, Step
from awstracer.plan.overrides import Drafts, apply_override
from awstracer.plan.template import Template
from awstracer.relations.model import Relation, Section
from awstracer.trace.model import Command, Trace

SECTIONS: Sequence[Section] = ("request", "query", "response")  # that relations lead to


def make_plan(
    trace: Trace,
    relations: Iterable[Relation],
    overrides: Sequence[Override | Keep],
    catalog: CommandCatalog,
    replaced: Iterable[str] = (),
    *,
    selected: Container[int] | None = None,
) -> Plan:
    """Return the plan for playing a trace under overrides.

    `replaced` are the global options, with their dashes, that the replay sets for every command;
    `selected` are the numbers of the commands that are to be played, None for all.
    Raise UnknownCommand, OperationLeftOut, UnreadFile, UnfitParameters, UnknownCommandNumber, UnknownParameter,
    AmbiguousParameter, BadValue or MissingWord if there is no such plan.
    """
    drafts = Drafts(tuple(_make_drafts(trace, relations, catalog, replaced, selected)))
    for override in overrides:
        drafts = apply_override(drafts, override, catalog)
    plan = Plan(tuple(draft.step for draft in drafts.in_order), drafts.secrets)
    for step in plan.selected:
        for name in step.operation_command.needed if step.operation_command is not None else ():
            raise MissingWord(step.number, name.removeprefix("--"))
    return plan


def _make_drafts(
    trace: Trace,
    relations: Iterable[Relation],
    catalog: CommandCatalog,
    replaced: Iterable[str],
    selected: Container[int] | None,
) -> Iterator[Draft]:
    """Yield a draft for each command of a trace, with nothing overridden."""
    related = _by_target(relations)
    global_options = catalog.global_options()
    replaced_options = {name: global_options[name] for name in replaced}
    sources = credentials.created_credentials(trace.commands)
    for index, (command, source) in enumerate(zip(trace.commands, sources, strict=True)):
        request, query, response = (related.get((index, section), ()) for section in SECTIONS)
        dropped = {**replaced_options, credentials.PROFILE_OPTION: True} if source is not None else replaced_options
        arguments, global_option_words = split_line(command, global_options, dropped)
        in_lists = _words_of_lists(request) if command.operation is None else set()
        expression = query_of(command)
        bare = Step(
            number=index + 1,
            command=command,
            operation_command=_operation_command(index + 1, command, catalog),
            arguments=tuple(at for at in arguments if at not in in_lists),
            global_option_words=global_option_words,
            request=Template(command.request, {}),
            query=None if expression is None else Template(expression, {}),
            response=Template(command.response, {}),
            selected=selected is None or index + 1 in selected,
            credentials=source,
        )
        yield Draft(bare, request, query, response)


def _by_target(relations: Iterable[Relation]) -> Mapping[tuple[int, Section], Sequence[Relation]]:
    """Return the relations by the command and the section of their targets."""
    related: dict[tuple[int, Section], list[Relation]] = {}
    for relation in relations:
        related.setdefault((relation.target.command, relation.target.section), []).append(relation)
    return related


def split_line(
    command: Command, global_options: Mapping[str, bool], dropped: Mapping[str, bool]
) -> tuple[list[int], tuple[int, ...]]:
    """Return the positions of a line's own words, and of those of its global options that are not dropped.

    `--no-paginate` is dropped beside a limit of pages: awscli refuses both together.
    """
    arguments, taken = split_options(command.argv, global_options)
    if "PaginationConfig" in command.request:
        dropped = {**dropped, "--no-paginate": False}
    remaining, _ = split_options([command.argv[at] for at in taken], dropped)
    return arguments, tuple(taken[at] for at in remaining)


def _words_of_lists(relations: Iterable[Relation]) -> set[object]:
    """Return the positions of the words that are elements of a related list, but for its first, which has them all."""
    targets = [relation.target for relation in relations]
    return {path[-1] for target in targets if target.word_count > 1 for path in target.paths[1:]}


def _operation_command(number: int, command: Command, catalog: CommandCatalog) -> OperationCommand | None:
    """Return the command of an operation; for a custom command None, after a check that awscli has it."""
    if command.operation is None:
        unread = next((word for word in command.files if not is_read(word, command.argv)), None)
        if unread is not None:
            raise UnreadFile(number, unread)
        if command.exit_code == 0:  # a command that failed may have been mistyped
            catalog.check_line(number, command.argv)
        return None
    return catalog.operation_command(number, command.operation, command.argv)
