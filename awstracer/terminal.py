"""What people see and type: styles, prompts, and plans, results and errors as text.

Nothing is decided here. Renderers give back strings and don't ask whether to colour: they are handed
one of two sets of styles, `COLOURED` or `PLAIN`.
"""

from __future__ import annotations

import glob
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path as FilePath
from types import ModuleType
from typing import TextIO

from colorama import Fore, Style

from awstracer import errors
from awstracer.commandline import Mark, Text, json_text, plain
from awstracer.errors import AwstracerError, MissingValue
from awstracer.location import Setting
from awstracer.player import Report, Status
from awstracer.relations import Relation, Source
from awstracer.resolve import Invocation, Substitution
from awstracer.steps import Step
from awstracer.trace import Path, spelled

try:
    import readline as _readline
except ImportError:  # Python was built without it
    _readline = None  # type: ignore[assignment]

readline: ModuleType | None = _readline

HISTORY_LENGTH = 2000
LONGEST_MESSAGE = 2000
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
ESCAPE_SEQUENCE = re.compile(r"(\x1b\[[0-9;]*m)")


@dataclass(frozen=True)
class Styles:
    """What to write before a piece of text of each sort, and `reset` behind it."""

    prompt: str
    heading: str
    marks: Mapping[Mark, str]
    reset: str


COLOURED = Styles(
    prompt=Style.BRIGHT + Fore.BLUE,
    heading=Style.DIM,
    marks={
        Mark.RECORDED: "",
        Mark.OVERRIDDEN: Style.BRIGHT + Fore.GREEN,
        Mark.DERIVED: Style.BRIGHT + Fore.YELLOW,
        Mark.PENDING: Style.BRIGHT + Fore.CYAN,
    },
    reset=Style.RESET_ALL,
)
PLAIN = Styles(prompt="", heading="", marks=dict.fromkeys(Mark, ""), reset="")


def visible(text: str) -> str:
    """A text whose control characters are spelled out, so that no value can steer the terminal."""
    return CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def painted(text: Text, styles: Styles) -> str:
    """A marked text in the styles' colours."""
    return "".join(_styled(visible(span.text), styles.marks[span.mark], styles) for span in text)


def _styled(text: str, style: str, styles: Styles) -> str:
    return f"{style}{text}{styles.reset}" if style else text


# --- plans and results


def played(invocation: Invocation, styles: Styles) -> str:
    """The line that says what is being run."""
    return _styled("(play)", styles.prompt, styles) + " " + painted(invocation.shown, styles)


def unsaid(invocation: Invocation, styles: Styles) -> str | None:
    """What the line that was shown can't say, though it is sent; None if it says everything."""
    if not invocation.unsaid:
        return None
    members = ", ".join(map(visible, invocation.unsaid))
    return _styled(f"       (no line can say {members} exactly; what is meant is sent)", styles.heading, styles)


def explained(step: Step, invocation: Invocation, styles: Styles) -> Iterator[str]:
    """A line for each value of a step that comes from elsewhere: what it is, whence, and why."""
    for path, pins in step.pins.items():
        for pin in pins:
            place = _styled(f"       {_place(step, path)}", styles.heading, styles)
            if pin.shown is None:
                yield f"{place} = {visible(_short(pin.value))}, as recorded: kept with --keep"
                continue
            value = _styled(visible(_short(pin.shown)), styles.marks[Mark.OVERRIDDEN], styles)
            yield f"{place} = {value}, given with -p"
    for substitution in invocation.substitutions:
        place = _place(step, substitution.relation.target.path)
        yield _styled(f"       {place}", styles.heading, styles) + _origin(substitution, styles)
        for rival in substitution.relation.rivals:
            yield _styled(f"         as good: {source_text(rival)}", styles.heading, styles)
    yield from unrelated(step, invocation, styles)


def unrelated(step: Step, invocation: Invocation, styles: Styles) -> Iterator[str]:
    """A line for each identifier that is sent as it was recorded, since nothing in the trace explains it."""
    for path, text in invocation.unrelated:
        place = _styled(f"       {_place(step, path)}", styles.heading, styles)
        yield f"{place} holds {visible(_short(text))}, as recorded: nothing in the trace tells where it comes from"


def doubtful(step: Step, substitution: Substitution) -> Iterator[str]:
    """A line for each source that seemed as good as the one that was taken, and says something else now."""
    for source, value in substitution.rivals:
        taken = f"{_short(substitution.value)}, from {source_text(substitution.relation.source)}"
        other = f"{source_text(source)}, says {_short(value)}"
        yield visible(f"command {step.number}'s {_place(step, substitution.relation.target.path)} is {taken}; {other}")


def _place(step: Step, path: Path) -> str:
    if step.form is None:
        return f"word {path[1]}" if path[0] == "argv" else visible(str(path[1]))
    return visible(spelled(path))


def _origin(substitution: Substitution, styles: Styles) -> str:
    value = _styled(visible(_short(substitution.value)), styles.marks[substitution.mark], styles)
    known = " (as recorded)" if substitution.mark is Mark.PENDING else ""
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


def _short(value: object, length: int = 120) -> str:
    text = value if isinstance(value, str) else plain(json_text(value))
    return text if len(text) <= length else text[: length - 3] + "..."


def not_sent(step: Step, missing: MissingValue, status: Status) -> str:
    """Why a command was not sent."""
    if status is Status.SKIPPED:
        needed = f"{missing.path} of command {missing.number}"
        return f"command {step.number} is skipped: it needs {needed}, which was not done"
    return f"command {step.number} is not sent: {error_text(missing)}"


def summary(report: Report) -> str | None:
    """What a replay that did not go well came to, in one line; None if all went well."""
    if report.succeeded and not report.interrupted:
        return None
    counts = [f"{report.count(status)} {status.value}" for status in Status if report.count(status)]
    failed = [str(step.number) for step, status in report.steps if status is Status.FAILED]
    told = f"{len(report.steps)} commands: {', '.join(counts)}"
    if report.interrupted:
        return f"interrupted; of {told}"
    return f"command {', '.join(failed)} failed; of {told}" if failed else told


# --- errors


def error_text(error: AwstracerError) -> str:
    """What is wrong and how to mend it, in one line."""
    return visible(_short(_error_words(error), LONGEST_MESSAGE)).replace("\n", " ")


def _error_words(error: AwstracerError) -> str:
    match error:
        case errors.TraceError(path=path, reason=reason):
            return f"{path} {reason}"
        case errors.UnknownCommand(number=number, name=name, version=version):
            return f"command {number} is {name}, for which awscli {version} has no command"
        case errors.UnfitParameters(number=number, service=service, operation=operation, reason=reason):
            return f"command {number}, {service}.{operation}, has parameters that it doesn't take: {reason}"
        case errors.MissingWord(number=number, name=name):
            return f"the trace doesn't say the {name} of command {number}: add -p {number}.{name} {name.upper()}"
        case errors.UnknownProfile(name=name, known=known):
            return f"there is no profile {name}; there is {', '.join(known) or 'none'}"
        case errors.OverrideError():
            return _override_words(error)
        case errors.MissingValue(number=number, path=path, found=found):
            whence = "is needed" if number is None else f"was to come from command {number}"
            return f"{path} {whence}, but {found}"
        case errors.SplitError(reason=reason) | errors.BadConfiguration(reason=reason):
            return reason
    return str(error)


def _override_words(error: errors.OverrideError) -> str:
    match error:
        case errors.UnknownParameter(name=name, closest=closest):
            hint = f"; did you mean {' or '.join(closest)}?" if closest else ""
            return f"no command of the trace has a parameter {name}{hint}"
        case errors.AmbiguousParameter(name=name, uses=uses):
            listed = ", ".join(f"{spelling} (now {_short(value, 60)})" for spelling, value in uses)
            return f"the trace has several values for {name}; say which one you mean: {listed}"
        case errors.BadValue(name=name, text=text, reason=reason):
            return f"{_short(text, 60)} is no value for {name}: {reason}"
    return str(error)


# --- prompts


class Console:
    """The person at the terminal: line editing, history and completion where Python has readline.

    `complete` gives for a line what its last word could become.
    """

    def __init__(self, *, styles: Styles, complete: Callable[[str], Sequence[str]], out: TextIO | None = None) -> None:
        self._styles, self._complete = styles, complete
        self._out = out if out is not None else sys.stderr
        self._before = ""
        self._choices: list[str] = []
        self._ahead: list[str] = []

    @contextmanager
    def session(self, history: FilePath) -> Iterator[None]:
        """Line editing with a history that outlives the session, in a file that only its owner can read."""
        if readline is None or not sys.stdin.isatty():
            yield
            return
        readline.set_completer_delims(" \t\n")
        readline.set_completer(self._completion)
        readline.parse_and_bind("tab: complete")
        readline.set_history_length(HISTORY_LENGTH)
        with suppress(OSError):
            readline.read_history_file(history)
        try:
            yield
        finally:
            with suppress(OSError):  # a session is worth more than its history
                history.parent.mkdir(parents=True, exist_ok=True)
                history.touch(mode=0o600)
                readline.write_history_file(history)

    def read(self, prompt: str, before: str = "") -> str:
        """The next line; `before` is what the command has so far, for completion.

        A paste may hold several lines: they come one after the other.
        """
        if self._ahead:
            line = self._ahead.pop(0)
            print(f"{_styled(prompt, self._styles.prompt, self._styles)}{visible(line)}", flush=True)
            return line
        self._before = before
        line, *self._ahead = input(self._prompt(prompt)).split("\n")
        return line

    def confirm(self, question: str, *, without_answer: bool = False) -> bool:
        """Whether the person says yes; `without_answer` at the end of the input, and on Ctrl-C.

        What is no answer was pasted behind the command that is asked about: it comes as the next line.
        """
        with _without_history():
            while True:
                try:
                    answer = input(self._prompt(question))
                except (EOFError, KeyboardInterrupt):
                    self.say("")
                    return without_answer
                if answer.strip().lower() in ("y", "yes", "n", "no", ""):
                    return answer.strip().lower() in ("y", "yes")
                self._ahead += answer.split("\n")

    def say(self, text: str) -> None:
        """Tell something, where it doesn't mix with what `aws` prints."""
        print(visible(text), file=self._out, flush=True)

    def _prompt(self, text: str) -> str:
        sys.stdout.flush()
        coloured = _styled(visible(text), self._styles.prompt, self._styles)
        if readline is None or not sys.stdin.isatty():
            return coloured
        return ESCAPE_SEQUENCE.sub("\001\\1\002", coloured)  # so that readline knows how wide it is

    def _completion(self, word: str, state: int) -> str | None:
        if state == 0 and readline is not None:
            line = self._before + readline.get_line_buffer()[: readline.get_endidx()]
            self._choices = completions(line, word, self._complete)
        return self._choices[state] if state < len(self._choices) else None


@contextmanager
def _without_history() -> Iterator[None]:
    """Answers are no commands."""
    if readline is not None:
        readline.set_auto_history(False)
    try:
        yield
    finally:
        if readline is not None:
            readline.set_auto_history(True)


def completions(line: str, word: str, complete: Callable[[str], Sequence[str]]) -> list[str]:
    """What `word`, at the end of `line`, could become: a file's name, or what `complete` says of the line."""
    for prefix in ("file://", "fileb://"):
        if word.startswith(prefix):
            names = sorted(glob.glob(glob.escape(word.removeprefix(prefix)) + "*"))  # noqa: PTH207 - keeps "./" and "~"
            return [prefix + name + ("/" if FilePath(name).is_dir() else " ") for name in names]
    if line.split(maxsplit=1)[:1] != ["aws"]:
        return [word + " " for word in ["aws"] if word.startswith(line.strip())]
    return [choice + " " for choice in complete(line) if choice.startswith(word)]
