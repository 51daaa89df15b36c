"""Shows a replay as it runs: each step's line on stdout, and on stderr what does not go as recorded.

`ReplayView` receives the events of `play/player` (step started, retrying, skipped), and prints a message for each. A
role that is not visible yet becomes

    awstrace-play: command 5: the role can't be assumed yet (InvalidParameterValueException); trying again in 2 s

The lines themselves and their explanations are those of a dry run, from `cli/plan_view`. Which errors are worth a retry
is decided in `play/retry`, when a poll is over in `play/waiter`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence, Sized
from typing import Any

from awstracer.aws.capture import Outcome
from awstracer.cli.output import error_text, warn_play
from awstracer.cli.plan_view import PlanView, describe_poll, format_duration
from awstracer.cli.styles import truncate
from awstracer.commandline.text import format_value
from awstracer.errors import MissingValue, NotCreated
from awstracer.plan.invocation import Destination, Invocation
from awstracer.plan.model import Step
from awstracer.plan.resolver import Resolver
from awstracer.play import waiter
from awstracer.play.player import Hindrance, Report, Status
from awstracer.relations.model import EnvironmentValue
from awstracer.trace.model import error_code
from awstracer.trace.selection import format_ranges as numbered


class ReplayView(PlanView):
    """Shows a replay: an execution listener that prints."""

    def show_destination(self, recorded: Iterable[EnvironmentValue], destination: Destination) -> None:
        """Print where the trace was recorded and where it is played, if the region or the account differs."""
        origin = {value.name: value.recorded for value in recorded}
        account = destination.account() if "account" in origin else None
        now = {"account": account, "region": destination.region}
        names = [name for name in now if name in origin and now[name] not in (None, origin[name])]
        if names:
            there = " and ".join(f"account {origin[name]}" if name == "account" else origin[name] for name in names)
            warn_play(f"recorded in {there}; playing in {' and '.join(str(now[name]) for name in names)}")

    def step_started(self, step: Step, invocation: Invocation, resolver: Resolver) -> None:
        """Show the line of a step that is about to run."""
        for show_line, text in self.step_lines(step, invocation, resolver):
            show_line(text)

    def capture_failed(self, step: Step, faults: Sequence[str]) -> None:
        """Print which parts of a response could not be captured."""
        for fault in faults:
            warn_play(f"command {step.number}: a part of the response could not be captured: {fault}")

    def retrying(self, step: Step, reason: str, seconds: float) -> None:
        """Print why a command is sent again, and when."""
        warn_play(f"command {step.number}: {reason}; trying again in {seconds:g} s")

    def poll_timed_out(self, step: Step, outcome: Outcome, printed: Any) -> None:
        """Print that a poll has timed out."""
        warn_play(poll_timed_out(step, outcome, printed))

    def unexpected_success(self, step: Step) -> None:
        """Print that a command succeeded which failed when it was recorded."""
        warn_play(unexpected_success(step))

    def not_sent(self, step: Step, reason: Hindrance, status: Status) -> None:
        """Print why a command is not sent; it is skipped if the command that it needs was not done."""
        if status is Status.SKIPPED and isinstance(reason, MissingValue):
            needed = f"{reason.path} of command {reason.number}"
            warn_play(f"command {step.number} is skipped: it needs {needed}, which was not done")
        elif isinstance(reason, NotCreated):
            warn_play(f"command {step.number} is skipped: {error_text(reason)}")
        else:
            warn_play(f"command {step.number} is not sent: {error_text(reason)}")

    def ended(self, report: Report) -> None:
        """Print a summary, unless everything succeeded."""
        message = summary(report)
        if message:
            warn_play(message)


def poll_timed_out(step: Step, outcome: Outcome, printed: Any) -> str:
    """Return the conditions of a poll that did not hold in time, and the result of the last run."""
    command = step.command
    limit = format_duration(waiter.poll_limit(command))
    waited = f"command {step.number} was asked again for {limit} until {describe_poll(command)}"
    return f"{waited}; at last {_last_result(step, outcome, printed)}"


def _last_result(step: Step, outcome: Outcome, printed: Any) -> str:
    if outcome.exit_code != 0:
        code = error_code(outcome.calls)
        return f"it failed with {code}" if code else "it failed"
    poll = step.command.poll
    condition = poll.first_unmet(printed) if poll is not None else None
    if condition is None:
        return "it succeeded"
    found = condition.value_in(printed)
    return f"it was {'not there' if found in (None, '', [], {}) else truncate(format_value(found), 60)}"


def unexpected_success(step: Step) -> str:
    """Return that a command succeeds which failed when it was recorded."""
    code = step.command.error_code
    return f"command {step.number} failed when it was recorded{f' ({code})' if code else ''}, and succeeds now"


def summary(report: Report) -> str | None:
    """Return how many commands were done, failed, skipped and not run; None if all were done."""
    if report.succeeded and not report.interrupted:
        return None
    counts = [f"{report.count(status)} {status.value}" for status in Status if report.count(status)]
    failed = [str(step.number) for step, status in report.steps if status is Status.FAILED]
    result = f"{len(report.steps)} {_commands(report.steps)}: {', '.join(counts)}"
    if report.interrupted:
        return f"interrupted; of {result}"
    return f"{_commands(failed)} {', '.join(failed)} failed; of {result}" if failed else result


def _commands(several: Sized) -> str:
    return "command" if len(several) == 1 else "commands"


def resuming(done: Collection[int], count: int) -> str:
    """Return which of `count` commands an earlier replay has done, and with which the present one goes on."""
    left = [each for each in range(1, count + 1) if each not in done]
    onward = f"going on with {left[0]}" if left else "none is left"
    if not done:
        return f"no command was done before; {onward}"
    earlier = f"commands {numbered(done)} were" if len(done) > 1 else f"command {numbered(done)} was"
    return f"{earlier} done before; {onward}"
