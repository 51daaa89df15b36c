"""Shows a plan: each command's line, what a replay of it would do, and where its values come from.

`PlanView` prints: lines and explanations on stdout, messages on stderr. The functions below it turn one thing each into
text. For the second command of a trace, with `--explain`:

    (play) aws ec2 create-subnet --cidr-block 10.0.1.0/24 --vpc-id vpc-0a1b
           VpcId = vpc-0a1b (as recorded), from command 1's response, Vpc.VpcId: the vpc's identifier

Nothing is decided here. The values come from `plan/resolver`, the words of the line from `commandline/formatter`, the
colours from `cli/styles`; what a replay shows besides is in `cli/replay_view`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

from awstracer.cli.output import show, warn
from awstracer.cli.styles import PLAIN, Styles, escape, escape_line, render, styled, truncate
from awstracer.commandline.options import query_of
from awstracer.commandline.text import Provenance, Segment, format_line, format_scalar, to_str
from awstracer.plan import warnings
from awstracer.plan.invocation import Invocation, Substitution
from awstracer.plan.missing_secrets import UnfilledPlaceholder
from awstracer.plan.model import Step
from awstracer.plan.resolver import Resolver
from awstracer.plan.safety_checks import Confirmation, ForeignKey, OutsideFile, RecordedOption, ShellAlias
from awstracer.plan.template import Given, Kept, Secret
from awstracer.play import waiter
from awstracer.relations.model import EnvironmentValue, Relation, Source
from awstracer.secrets.placeholders import DISPLAYED
from awstracer.trace.model import Command, Condition
from awstracer.trace.paths import Path, format_path
from awstracer.trace.selection import format_ranges as numbered

PreparedLine = tuple[Callable[[str], None], str]  # a text, and the function that prints it


class PlanView:
    """Shows a plan: lines and explanations on stdout, messages on stderr.

    explain   show under each line where its values come from
    debug     print the relations, and each value with its source, on stderr
    """

    def __init__(self, styles: Styles, *, explain: bool, debug: bool) -> None:
        self._styles, self._explain, self._debug = styles, explain, debug

    def show_relations(self, relations: Iterable[Relation]) -> None:
        """With `-d`, print the relations that were derived from the trace."""
        for relation in relations if self._debug else ():
            warn(describe_relation(relation))

    def show_confirmations(self, confirmations: Iterable[Confirmation]) -> None:
        """Print what a replay would ask about before it sends anything."""
        for confirmation in confirmations:
            warn(f"{describe_confirmation(confirmation)}: a replay asks first")

    def show_missing_secrets(self, missing: Sequence[UnfilledPlaceholder]) -> None:
        """Print which secrets a replay would need."""
        if missing:
            warn(describe_missing_secrets(missing))

    def show_generated_names(self, names: Iterable[warnings.GeneratedName]) -> None:
        """Print which recorded names a new run of the script would generate anew."""
        for name in names:
            warn(generated_name(name))

    def step_preview(
        self, step: Step, invocation: Invocation, resolver: Resolver, pause: float | None, *, is_elsewhere: bool
    ) -> list[PreparedLine]:
        """Return what a dry run shows of a step.

        `pause` is the value of `--sleep`; `is_elsewhere` says that the region is not the recorded one, so that
        identifiers which nothing explains are shown without `--explain` too.
        """
        expected = describe_expectations(step, pause, self._styles)
        unresolved = unresolved_lines(step, self._styles) if is_elsewhere and not self._explain else ()
        below = [(show, text) for text in (*expected, *unresolved)]
        return [*self.step_lines(step, invocation, resolver), *below]

    def step_lines(self, step: Step, invocation: Invocation, resolver: Resolver) -> Iterator[PreparedLine]:
        """Yield the line of a step, with the explanations that were asked for."""
        yield show, play_line(invocation, self._styles)
        if invocation.inexact:
            yield show, inexact_note(invocation, self._styles)
        substitutions = resolver.substitutions(step) if self._explain or self._debug else ()
        secrets = resolver.plan.secrets
        for text in explained_values(step, substitutions, secrets, self._styles) if self._explain else ():
            yield show, text
        for substitution in invocation.ambiguous:
            for text in ambiguity_lines(step, substitution):
                yield warn, text
        for text in explained_values(step, substitutions, secrets, PLAIN) if self._debug else ():
            yield warn, f"command {step.number}: {text.strip()}"


# --- commands as they were recorded


def summary_lines(commands: Mapping[int, Command]) -> Iterator[str]:
    """Yield one line for each recorded command: its number, the words that were typed, and how it failed if it did."""
    width = len(str(max(commands, default=0)))
    for number, command in commands.items():
        typed = to_str(format_line((Segment(word),) for word in ("aws", *command.argv)))
        text = escape(typed).replace("\n", "\\n")
        yield f"{number:>{width}}  {text}{_comment(command)}"


def _comment(command: Command) -> str:
    if command.poll is not None:
        return f"  # until {escape_line(describe_poll(command))}"
    if command.exit_code == 0:
        return ""
    code = command.error_code
    return f"  # failed: {escape_line(code)}" if code else f"  # exit code {command.exit_code}"


def describe_failure(command: Command) -> str:
    """Return how a recorded command fails, as a clause without its subject."""
    return f"fails with {command.error_code}" if command.error_code else "fails"


def describe_poll(command: Command) -> str:
    """Return what a poll waits for, as a clause: `Table.TableStatus is ACTIVE`."""
    if command.exit_code != 0:
        return f"it {describe_failure(command)}"
    conditions = command.poll.until if command.poll is not None else ()
    return " and ".join(_describe_condition(each, query_of(command)) for each in conditions) or "it succeeds"


def _describe_condition(condition: Condition, query: str | None) -> str:
    """Return a condition as a clause; behind a `--query`, its path continues the query."""
    asked = [truncate(query, 60)] if query is not None else []
    place = " | ".join([*asked, *([format_path(condition.path)] if condition.path else [])]) or "what it prints"
    if condition.value is None:
        return f"{place} is {'there' if condition.is_there else 'gone'}"
    return f"{place} is {truncate(format_scalar(condition.value), 60)}"


# --- the line of a step, and what belongs under it


def play_line(invocation: Invocation, styles: Styles) -> str:
    """Return the command line of a step behind `(play)`."""
    return styled("(play)", styles.prompt, styles) + " " + render(invocation.line, styles)


def inexact_note(invocation: Invocation, styles: Styles) -> str:
    """Return a note on the members that are sent exactly, though no command line can express them exactly."""
    members = ", ".join("its input" if member == "-" else escape(member) for member in invocation.inexact)
    return styled(f"       (no line can say {members} exactly; what is meant is sent)", styles.heading, styles)


def describe_expectations(step: Step, pause: float | None, styles: Styles) -> Iterator[str]:
    """Yield what the line of a step does not say: its credentials, and the poll or failure that a replay expects.

    `pause` is the value of `--sleep`.
    """
    command = step.command
    lines = []
    if step.credentials is not None:
        lines.append(f"with the credentials of command {step.credentials.number}")
    if command.poll is not None:
        seconds, limit = waiter.poll_interval(command.poll, pause), format_duration(waiter.poll_limit(command))
        lines.append(f"asked again every {seconds:g} s until {describe_poll(command)}, for at most {limit}")
    elif command.exit_code != 0:
        lines.append(f"{describe_failure(command)}, as it did when it was recorded: that is expected")
    yield from (styled(f"       {escape_line(text)}", styles.heading, styles) for text in lines)


def format_duration(seconds: float) -> str:
    """Return a duration in seconds, in minutes from two minutes on."""
    return f"{seconds:g} s" if seconds < 120 else f"{round(seconds / 60)} min"


# --- where values come from


def explained_values(
    step: Step, substitutions: Iterable[Substitution], secrets: Container[str], styles: Styles
) -> Iterator[str]:
    """Yield a line for each value of a step that is not simply the recorded one: its source, and why.

    `secrets` are the placeholders for which a secret was given.
    """
    yield from _override_lines(step, secrets, styles)
    for substitution in substitutions:
        place = styled(f"       {_place(step, substitution.relation.target.path)}", styles.heading, styles)
        yield place + _describe_origin(substitution, styles)
        for rival in substitution.relation.alternatives:
            yield styled(f"         as good: {describe_source(rival)}", styles.heading, styles)
    yield from unresolved_lines(step, styles)


def _override_lines(step: Step, secrets: Container[str], styles: Styles) -> Iterator[str]:
    filled: set[tuple[Path, Secret]] = set()
    for path, leaf in step.request.walk():
        place = styled(f"       {_place(step, path)}", styles.heading, styles)
        if isinstance(leaf, Secret):
            if leaf.placeholder in secrets and (path, leaf) not in filled:
                yield f"{place} = {DISPLAYED}, given by you"
            filled.add((path, leaf))
        elif isinstance(leaf, Kept):
            yield f"{place} = {escape(truncate(leaf.value))}, as recorded: kept with --keep"
        elif isinstance(leaf, Given):
            shown = DISPLAYED if leaf.is_secret else escape(truncate(leaf.typed_as))
            yield f"{place} = {styled(shown, styles.marks[Provenance.OVERRIDDEN], styles)}, given with -p"


def unresolved_lines(step: Step, styles: Styles) -> Iterator[str]:
    """Yield a line for each identifier that is sent as recorded because no relation explains it."""
    for path, text in warnings.unresolved_identifiers(step):
        place = styled(f"       {_place(step, path)}", styles.heading, styles)
        yield f"{place} holds {escape(truncate(text))}, as recorded: nothing in the trace tells where it comes from"


def ambiguity_lines(step: Step, substitution: Substitution) -> Iterator[str]:
    """Yield a message for each alternative source whose value now differs from the one that was taken."""
    place = _place(step, substitution.relation.target.path)
    taken = f"{_value_text(substitution)}, from {describe_source(substitution.relation.source)}"
    for source, value in substitution.alternatives:
        other = DISPLAYED if substitution.provenance is Provenance.HIDDEN else truncate(value)
        yield escape(
            f"command {step.number}'s {place} is {taken}; {describe_source(source)}, was as good when it was recorded, "
            f"and is {other} now"
        )


def describe_source(source: Source | EnvironmentValue) -> str:
    """Return a source as a noun: `command 2's response, Policy.Arn`."""
    if isinstance(source, EnvironmentValue):
        return f"the {source.name} that is played in"
    if source.section == "printed":
        return (
            f"what command {source.command + 1} printed{f', {escape(format_path(source.path))}' if source.path else ''}"
        )
    part = "" if source.part is None else " (a part of it)"
    return f"command {source.command + 1}'s {source.section}, {escape(format_path(source.path))}{part}"


def describe_relation(relation: Relation) -> str:
    """Return a relation in one line, for `-d`."""
    target = relation.target
    span = "" if target.span is None else f" [{target.span[0]}:{target.span[1]}]"
    place = f"command {target.command + 1}'s {target.section}, {escape(format_path(target.path))}{span}"
    return f"{place} <- {describe_source(relation.source)}: {escape(relation.evidence)}"


def _place(step: Step, path: Path) -> str:
    if step.operation_command is None:
        return f"word {path[1]}" if path[0] == "argv" else escape(str(path[1]))
    return escape(format_path(path))


def _describe_origin(substitution: Substitution, styles: Styles) -> str:
    value = styled(escape(_value_text(substitution)), styles.marks[substitution.provenance], styles)
    known = " (as recorded)" if substitution.provenance is Provenance.PENDING else ""
    relation = substitution.relation
    return f" = {value}{known}, from {describe_source(relation.source)}: {escape(relation.evidence)}"


def _value_text(substitution: Substitution) -> str:
    return DISPLAYED if substitution.provenance is Provenance.HIDDEN else truncate(substitution.value)


# --- what a replay would ask for


def describe_missing_secrets(missing: Sequence[UnfilledPlaceholder]) -> str:
    """Return which secrets a replay needs, and the three ways to give them, in one line."""
    names = ", ".join(secret.spelling for secret in missing)
    ways = f"use -p, or set {missing[0].variables[0]}; otherwise the replay asks"
    return f"a trace has no secrets, and a replay needs {names}: {ways}"


def generated_name(value: warnings.GeneratedName) -> str:
    """Return that a script seems to have generated a value, and how to send another one."""
    said = f"--{value.option} {value.text}" if value.option else value.text
    mend = f"; to send another one, add -p {value.number}.{value.option} NAME" if value.is_all else ""
    return f"command {value.number}'s {said} looks generated by the script, and is sent as recorded{mend}"


def describe_confirmation(confirmation: Confirmation) -> str:
    """Return what a trace would do that the person must confirm, as a clause: `command 3 writes /etc/x, ...`."""
    who = f"command{'s' if len(confirmation.numbers) > 1 else ''} {numbered(confirmation.numbers)}"
    match confirmation:
        case RecordedOption(option=option, value=value):
            was = "were" if len(confirmation.numbers) > 1 else "was"
            text = f"{who} {was} recorded with {option}{'' if value is None else f' {value}'}"
        case OutsideFile(path=path):
            text = f"{who} writes {path}, outside this folder"
        case ShellAlias(name=name):
            text = f"{who}, {name}, is an alias of yours that runs in the shell"
        case ForeignKey(key=key):
            text = f"{who} ran under another access key ({key}), which is not in the trace, and would run under yours"
        case _:
            text = f"{who}, {confirmation.words}, changes your own settings"
    return escape_line(text)
