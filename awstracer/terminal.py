"""What people see of plans, as text. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence

from awstracer import invented, polling
from awstracer.blanks import Blank
from awstracer.entries import awaited, failure
from awstracer.guards import Doubt, ForeignKey, OutsideFile, RecordedOption, ShellAlias
from awstracer.holes import SHOWN
from awstracer.invocation import Invocation, Substitution
from awstracer.location import Setting
from awstracer.origins import Source
from awstracer.relations import Relation
from awstracer.selection import spelled as numbered
from awstracer.steps import Step
from awstracer.styles import Styles, one_line, painted, short, styled, visible
from awstracer.template import Given, Kept, Secret
from awstracer.text import Provenance
from awstracer.trace import Path, spelled

# --- plans and results


def played(invocation: Invocation, styles: Styles) -> str:
    """The line that says what is being run."""
    return styled("(play)", styles.prompt, styles) + " " + painted(invocation.shown, styles)


def unsaid(invocation: Invocation, styles: Styles) -> str | None:
    """What the line that was shown can't say, though it is sent; None if it says everything."""
    if not invocation.unsaid:
        return None
    members = ", ".join("its input" if member == "-" else visible(member) for member in invocation.unsaid)
    return styled(f"       (no line can say {members} exactly; what is meant is sent)", styles.heading, styles)


def foretold(step: Step, pause: float | None, styles: Styles) -> Iterator[str]:
    """A line for each thing that the line of a step doesn't tell of its replay; `pause` is what the person said."""
    command = step.command
    lines = []
    if step.minted is not None:
        lines.append(f"with the credentials of command {step.minted.number}")
    if command.poll is not None:
        seconds, limit = polling.interval(command.poll, pause), duration(polling.limit(command))
        lines.append(f"asked again every {seconds:g} s until {awaited(command)}, for at most {limit}")
    elif command.exit_code != 0:
        lines.append(f"{failure(command)}, as it did when it was recorded: that is expected")
    yield from (styled(f"       {one_line(text)}", styles.heading, styles) for text in lines)


def duration(seconds: float) -> str:
    """A time in words."""
    return f"{seconds:g} s" if seconds < 120 else f"{round(seconds / 60)} min"


def explained(
    step: Step, substitutions: Iterable[Substitution], secrets: Container[str], styles: Styles
) -> Iterator[str]:
    """A line for each value of a step that comes from elsewhere: what it is, whence, and why."""
    filled: set[tuple[Path, Secret]] = set()
    for path, leaf in step.request.walk():
        place = styled(f"       {_place(step, path)}", styles.heading, styles)
        if isinstance(leaf, Secret):
            if leaf.placeholder in secrets and (path, leaf) not in filled:
                yield f"{place} = {SHOWN}, given by you"
            filled.add((path, leaf))
        elif isinstance(leaf, Kept):
            yield f"{place} = {visible(short(leaf.value))}, as recorded: kept with --keep"
        elif isinstance(leaf, Given):
            shown = SHOWN if leaf.is_secret else visible(short(leaf.typed_as))
            value = styled(shown, styles.marks[Provenance.OVERRIDDEN], styles)
            yield f"{place} = {value}, given with -p"
    for substitution in substitutions:
        place = _place(step, substitution.relation.target.path)
        yield styled(f"       {place}", styles.heading, styles) + _origin(substitution, styles)
        for rival in substitution.relation.rivals:
            yield styled(f"         as good: {source_text(rival)}", styles.heading, styles)
    yield from unrelated(step, styles)


def unrelated(step: Step, styles: Styles) -> Iterator[str]:
    """A line for each identifier that is sent as it was recorded, since nothing in the trace explains it."""
    for path, text in invented.unrelated(step):
        place = styled(f"       {_place(step, path)}", styles.heading, styles)
        yield f"{place} holds {visible(short(text))}, as recorded: nothing in the trace tells where it comes from"


def doubtful(step: Step, substitution: Substitution) -> Iterator[str]:
    """A line for each source that seemed as good as the one that was taken, and says something else now."""
    for source, value in substitution.rivals:
        taken = f"{_told(substitution)}, from {source_text(substitution.relation.source)}"
        other = f"{source_text(source)}, says {SHOWN if substitution.provenance is Provenance.HIDDEN else short(value)}"
        yield visible(f"command {step.number}'s {_place(step, substitution.relation.target.path)} is {taken}; {other}")


def _place(step: Step, path: Path) -> str:
    if step.form is None:
        return f"word {path[1]}" if path[0] == "argv" else visible(str(path[1]))
    return visible(spelled(path))


def _origin(substitution: Substitution, styles: Styles) -> str:
    value = styled(visible(_told(substitution)), styles.marks[substitution.provenance], styles)
    known = " (as recorded)" if substitution.provenance is Provenance.PENDING else ""
    relation = substitution.relation
    return f" = {value}{known}, from {source_text(relation.source)}: {visible(relation.evidence)}"


def source_text(source: Source | Setting) -> str:
    """A source in words: `command 2's response, Policy.Arn`."""
    if isinstance(source, Setting):
        return f"the {source.name} that is played in"
    if source.side == "printed":
        return f"what command {source.command + 1} printed{f', {visible(spelled(source.path))}' if source.path else ''}"
    part = "" if source.part is None else " (a part of it)"
    return f"command {source.command + 1}'s {source.side}, {visible(spelled(source.path))}{part}"


def relation_text(relation: Relation) -> str:
    """A relation in words, for `-d`."""
    target = relation.target
    span = "" if target.span is None else f" [{target.span[0]}:{target.span[1]}]"
    place = f"command {target.command + 1}'s {target.side}, {visible(spelled(target.path))}{span}"
    return f"{place} <- {source_text(relation.source)}: {visible(relation.evidence)}"


def lacking(blanks: Sequence[Blank]) -> str:
    """Which secrets a replay needs, in one line."""
    wanted = ", ".join(visible(blank.spelling) for blank in blanks)
    return f"the trace has no secrets, and a replay needs {wanted}: with -p, from {blanks[0].variables[0]}, or it asks"


def made_up(value: invented.Invented) -> str:
    """That a script seems to have made up a value, and how to give another one."""
    said = f"--{value.option} {value.text}" if value.option else value.text
    another = f"; another one: -p {value.number}.{value.option} NAME" if value.is_all else ""
    return one_line(f"looks made up by the script: {said} (command {value.number}){another}")


def _told(substitution: Substitution) -> str:
    return SHOWN if substitution.provenance is Provenance.HIDDEN else short(substitution.value)


# --- what has to be confirmed


def doubt_text(doubt: Doubt) -> str:
    """What a trace would do, as a clause: `command 3 writes /etc/x, outside this folder`."""
    who = f"command{'s' if len(doubt.numbers) > 1 else ''} {numbered(doubt.numbers)}"
    match doubt:
        case RecordedOption(option=option, value=value):
            was = "were" if len(doubt.numbers) > 1 else "was"
            text = f"{who} {was} recorded with {option}{'' if value is None else f' {value}'}"
        case OutsideFile(path=path):
            text = f"{who} writes {path}, outside this folder"
        case ShellAlias(name=name):
            text = f"{who}, {name}, is an alias of yours that runs in the shell"
        case ForeignKey(key=key):
            what = f"another access key ({key}) than the session"
            text = f"{who} ran under {what}, which the trace can't give: it will run under yours"
        case _:
            text = f"{who}, {doubt.words}, changes your own settings"
    return one_line(text)
