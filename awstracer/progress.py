"""What a replay shows as it goes: lines and explanations on stdout, all else on stderr."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from awstracer import complaints, location, results
from awstracer.capture import Outcome
from awstracer.errors import NotKnown
from awstracer.invocation import Invocation, Played
from awstracer.player import Report, Status
from awstracer.resolve import Knowledge
from awstracer.screen import Screen, warn
from awstracer.steps import Step


class Progress(Screen):
    """Shows a replay."""

    def moved(self, recorded: Iterable[location.Setting], played: Played) -> None:
        """The commands are about to be played, maybe elsewhere than they were recorded."""
        there = {setting.name: setting.recorded for setting in recorded}
        account = played.account() if "account" in there else None
        told = results.moved(there, {"region": played.region, "account": account})
        if told:
            warn(told)

    def starting(self, step: Step, invocation: Invocation, knowledge: Knowledge) -> None:
        """A command is about to run."""
        for tell, text in self.shown(step, invocation, knowledge):
            tell(text)

    def faulty(self, step: Step, faults: Sequence[str]) -> None:
        """A command's response could not be taken down."""
        for fault in faults:
            warn(f"a part of command {step.number}'s answer is lost: {fault}")

    def settling(self, step: Step, reason: str, seconds: float) -> None:
        """A command failed, and is about to be tried again."""
        warn(results.settling(step, reason, seconds))

    def unmet(self, step: Step, outcome: Outcome, shown: Any) -> None:
        """What a command was run again and again for did not come."""
        warn(results.unmet(step, outcome, shown))

    def recovered(self, step: Step) -> None:
        """A command succeeded that failed when it was recorded."""
        warn(results.recovered(step))

    def not_sent(self, step: Step, missing: NotKnown, status: Status) -> None:
        """A command can't be sent."""
        warn(complaints.not_sent(step.number, missing, is_skipped=status is Status.SKIPPED))

    def ended(self, report: Report) -> None:
        """The replay is over."""
        told = results.summary(report)
        if told:
            warn(told)
