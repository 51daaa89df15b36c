"""What a replay shows as it goes: lines and explanations on stdout, all else on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from awstracer import complaints, guards, location, relations, terminal
from awstracer.blanks import Blank
from awstracer.capture import Outcome
from awstracer.complaints import complain
from awstracer.errors import NotKnown
from awstracer.invented import Invented
from awstracer.player import Report, Status
from awstracer.resolve import Invocation, Knowledge, Played
from awstracer.steps import Step
from awstracer.styles import PLAIN, Styles


def show(text: str) -> None:
    """Print a text; a character that the output's encoding lacks is spelled out, as Python does on stderr."""
    encoding = sys.stdout.encoding
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def _warn(text: str) -> None:
    complain("awstrace-play", text)


Told = tuple[Callable[[str], None], str]


class Screen:
    """Shows a replay: lines and explanations on stdout, all else on stderr."""

    def __init__(self, styles: Styles, *, explain: bool, debug: bool) -> None:
        self._styles, self._explain, self._debug = styles, explain, debug

    def found(self, found: Sequence[relations.Relation]) -> None:
        """The relations of the trace."""
        for relation in found if self._debug else ():
            _warn(terminal.relation_text(relation))

    def doubtful(self, doubts: Iterable[guards.Doubt]) -> None:
        """A replay would ask the person about these."""
        for doubt in doubts:
            _warn(f"{terminal.doubt_text(doubt)}: a replay asks first")

    def moved(self, recorded: Iterable[location.Setting], played: Played) -> None:
        """The commands are about to be played, maybe elsewhere than they were recorded."""
        there = {setting.name: setting.recorded for setting in recorded}
        account = played.account() if "account" in there else None
        told = terminal.moved(there, {"region": played.region, "account": account})
        if told:
            _warn(told)

    def lacking(self, lacking: Sequence[Blank]) -> None:
        """A replay would need these secrets."""
        if lacking:
            _warn(terminal.lacking(lacking))

    def made_up(self, values: Iterable[Invented]) -> None:
        """A replay would send these as they were recorded, though the script would make up others."""
        for value in values:
            _warn(terminal.made_up(value))

    def starting(self, step: Step, invocation: Invocation, knowledge: Knowledge) -> None:
        """A command is about to run."""
        for tell, text in self._shown(step, invocation, knowledge):
            tell(text)

    def previewed(self, step: Step, knowledge: Knowledge, pause: float | None, *, is_elsewhere: bool) -> list[Told]:
        """What is told of a command that would run, be it in another region than it was recorded in, and how."""
        shown = self._shown(step, knowledge.invocation(step), knowledge)
        foretold = terminal.foretold(step, pause, self._styles)
        left = terminal.unrelated(step, self._styles) if is_elsewhere and not self._explain else ()
        return [*shown, *((show, line) for line in (*foretold, *left))]

    def _shown(self, step: Step, invocation: Invocation, knowledge: Knowledge) -> Iterator[Told]:
        yield show, terminal.played(invocation, self._styles)
        unsaid = terminal.unsaid(invocation, self._styles)
        if unsaid:
            yield show, unsaid
        substitutions = knowledge.substitutions(step) if self._explain or self._debug else ()
        for line in terminal.explained(step, substitutions, self._styles) if self._explain else ():
            yield show, line
        for substitution in invocation.contested:
            for line in terminal.doubtful(step, substitution):
                yield _warn, line
        for line in terminal.explained(step, substitutions, PLAIN) if self._debug else ():
            yield _warn, f"command {step.number}: {line.strip()}"

    def faulty(self, step: Step, faults: Sequence[str]) -> None:
        """A command's response could not be taken down."""
        for fault in faults:
            _warn(f"a part of command {step.number}'s answer is lost: {fault}")

    def settling(self, step: Step, reason: str, seconds: float) -> None:
        """A command failed, and is about to be tried again."""
        _warn(terminal.settling(step, reason, seconds))

    def unmet(self, step: Step, outcome: Outcome, shown: Any) -> None:
        """What a command was run again and again for did not come."""
        _warn(terminal.unmet(step, outcome, shown))

    def recovered(self, step: Step) -> None:
        """A command succeeded that failed when it was recorded."""
        _warn(terminal.recovered(step))

    def not_sent(self, step: Step, missing: NotKnown, status: Status) -> None:
        """A command can't be sent."""
        _warn(complaints.not_sent(step.number, missing, is_skipped=status is Status.SKIPPED))

    def ended(self, report: Report) -> None:
        """The replay is over."""
        told = terminal.summary(report)
        if told:
            _warn(told)
