"""What a replay shows as it goes: lines and explanations on stdout, all else on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from awstracer import complaints, guards, location, relations, terminal
from awstracer.blanks import Blank
from awstracer.complaints import complain
from awstracer.errors import NotKnown
from awstracer.player import Report, Status
from awstracer.resolve import Invocation, Played
from awstracer.steps import Step
from awstracer.styles import PLAIN, Styles


def show(text: str) -> None:
    """Print a text; a character that the output's encoding lacks is spelled out, as Python does on stderr."""
    encoding = sys.stdout.encoding
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


class Screen:
    """Shows a replay: lines and explanations on stdout, all else on stderr."""

    def __init__(self, styles: Styles, *, explain: bool, debug: bool) -> None:
        self._styles, self._explain, self._debug = styles, explain, debug

    def found(self, found: Sequence[relations.Relation]) -> None:
        """The relations of the trace."""
        for relation in found if self._debug else ():
            complain("awstrace-play", terminal.relation_text(relation))

    def doubtful(self, doubts: Iterable[guards.Doubt]) -> None:
        """A replay would ask the person about these."""
        for doubt in doubts:
            complain("awstrace-play", f"{terminal.doubt_text(doubt)}: a replay asks first")

    def moved(self, recorded: Iterable[location.Setting], played: Played) -> None:
        """The commands are about to be played, maybe elsewhere than they were recorded."""
        there = {setting.name: setting.recorded for setting in recorded}
        account = played.account() if "account" in there else None
        told = terminal.moved(there, {"region": played.region, "account": account})
        if told:
            complain("awstrace-play", told)

    def lacking(self, lacking: Sequence[Blank]) -> None:
        """A replay would need these secrets."""
        if lacking:
            complain("awstrace-play", terminal.lacking(lacking))

    def starting(self, step: Step, invocation: Invocation) -> None:
        """A command is about to run, or would be."""
        show(terminal.played(invocation, self._styles))
        unsaid = terminal.unsaid(invocation, self._styles)
        if unsaid:
            show(unsaid)
        for line in terminal.explained(step, invocation, self._styles) if self._explain else ():
            show(line)
        for substitution in invocation.substitutions:
            for line in terminal.doubtful(step, substitution):
                complain("awstrace-play", line)
        if self._debug:
            for line in terminal.explained(step, invocation, PLAIN):
                complain("awstrace-play", f"command {step.number}: {line.strip()}")

    def left(self, step: Step, invocation: Invocation) -> None:
        """A command would be sent to another region with what was recorded in the old one."""
        for line in terminal.unrelated(step, invocation, self._styles) if not self._explain else ():
            show(line)

    def faulty(self, step: Step, faults: Sequence[str]) -> None:
        """A command's response could not be taken down."""
        for fault in faults:
            complain("awstrace-play", f"a part of command {step.number}'s answer is lost: {fault}")

    def settling(self, step: Step, reason: str, seconds: float) -> None:
        """A command failed, and is about to be tried again."""
        complain("awstrace-play", terminal.settling(step, reason, seconds))

    def not_sent(self, step: Step, missing: NotKnown, status: Status) -> None:
        """A command can't be sent."""
        complain("awstrace-play", complaints.not_sent(step.number, missing, is_skipped=status is Status.SKIPPED))

    def ended(self, report: Report) -> None:
        """The replay is over."""
        told = terminal.summary(report)
        if told:
            complain("awstrace-play", told)
