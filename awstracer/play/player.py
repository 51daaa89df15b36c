"""Runs the steps of a plan: what is sent, waited for, sent again and skipped, and when the replay ends.

`StepRunner` knows how one step is run. Its `run(step)` is a generator that does nothing outward by itself: it yields an
action, `Send` or `Sleep`, and goes on when the action has been done. A `create-function` whose role isn't visible yet:

    Send(create-function)    -> the outcome: refused, the role can't be assumed
    Sleep(1.0)
    Send(create-function)    -> the outcome: done
    returns Status.DONE

Who drives the generator decides how the actions are done. `Player` does them one after the other in this process, and
sleeps; `play/parallel` drives those of several steps in turn, by a pool of workers and timers.

The plan's values are `plan/resolver`'s. `play/retry` decides whether an error passes by itself, `play/waiter`
whether the conditions of a poll hold. An `ExecutionListener` shows what happens.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from awstracer.aws.capture import Outcome
from awstracer.aws.settings import Environment
from awstracer.commandline.options import add_options
from awstracer.errors import ExitCode, MissingInput, MissingValue, NotCreated, UnsafeWord
from awstracer.plan import credentials
from awstracer.plan.invocation import Invocation
from awstracer.plan.model import Plan, Step
from awstracer.plan.resolver import Resolver
from awstracer.play.failed_creations import FailedCreations
from awstracer.play.retry import CreatedResources, retry_delays, retry_reason
from awstracer.play.waiter import PollStatus, poll_interval, poll_limit, poll_status
from awstracer.trace.model import Call, response_of, utc_now

if TYPE_CHECKING:
    from awstracer.aws.driver import AwsCli


Hindrance = MissingInput | UnsafeWord | NotCreated


class ExecutionListener(Protocol):
    """Receives execution events while a plan is run."""

    def step_started(self, step: Step, invocation: Invocation, resolver: Resolver) -> None:
        """A step's command is about to be sent."""

    def capture_failed(self, step: Step, faults: Sequence[str]) -> None:
        """Parts of a step's response could not be captured."""

    def retrying(self, step: Step, reason: str, seconds: float) -> None:
        """A step failed for a reason that passes, and is sent again in so many seconds."""

    def poll_timed_out(self, step: Step, outcome: Outcome, printed: Any) -> None:
        """A poll was sent again as long as is allowed; `printed` is what its last run printed."""

    def unexpected_success(self, step: Step) -> None:
        """A step succeeded that failed when it was recorded."""

    def not_sent(self, step: Step, reason: Hindrance, status: Status) -> None:
        """A step is not sent: a value that it needs is missing, or it would do what it must not."""


Check = Callable[[Step, Invocation], None]
OnDone = Callable[[Step, Invocation, Outcome, datetime, datetime], None]


class StepDecision(Enum):
    """What the person decides about a step that has been shown."""

    YES = "yes"
    NO = "no"
    QUIT = "quit"


class Status(Enum):
    """The status of a step when the replay has ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class PlayerOptions:
    """How to play.

    extra       global options for every command, as words
    pause       seconds between commands, and between the runs of a poll; None for the pauses that were recorded
    keep_going  go on after a failure
    settle      seconds for which a command is sent again that fails because a resource that this replay has created is
                not visible yet; 0 for not at all
    done        the calls of the steps that an earlier replay has done, by their numbers: they are not run again
    """

    extra: tuple[str, ...] = ()
    pause: float | None = None
    keep_going: bool = False
    settle: float = 0.0
    done: Mapping[int, Sequence[Call]] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """The selected steps of a plan, each with its status."""

    steps: tuple[tuple[Step, Status], ...]
    interrupted: bool = False

    def count(self, status: Status) -> int:
        """Return how many steps have a status."""
        return sum(found is status for _, found in self.steps)

    @property
    def succeeded(self) -> bool:
        """Return whether all steps are done."""
        return all(status is Status.DONE for _, status in self.steps)


@dataclass(frozen=True)
class Send:
    """The action of running a step's command line, by `AwsCli.replay`. Its outcome is sent into the generator."""

    argv: Sequence[str]
    keywords: Mapping[str, Any]


@dataclass(frozen=True)
class Sleep:
    """The action of waiting so many seconds."""

    seconds: float


Attempt = Generator[Send | Sleep, Outcome | None, Outcome]
StepRun = Generator[Send | Sleep, Outcome | None, Status]


class StepRunner:
    """Runs the steps of one plan, and remembers what became of them.

    `check` is called with what is to be sent, and raises UnsafeWord if that must not be. `ask` is called before a step
    is sent, when it has been shown. `on_done` is called as soon as a step is done, with
    the times when it began and ended.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        resolver: Resolver,
        listener: ExecutionListener,
        options: PlayerOptions,
        check: Check = lambda *_: None,
        ask: Callable[[Step], StepDecision] = lambda _: StepDecision.YES,
        on_done: OnDone = lambda *_: None,
    ) -> None:
        self._plan, self._resolver, self._options = plan, resolver, options
        self._listener, self._check, self._ask, self._on_done = listener, check, ask, on_done
        self._statuses = dict.fromkeys(options.done, Status.DONE)
        self._calls = dict(options.done)
        self._failed_creations = FailedCreations()

    @property
    def pending(self) -> list[Step]:
        """The selected steps that no earlier replay has done."""
        return [step for step in self._plan.selected if step.number not in self._options.done]

    def run(self, step: Step) -> StepRun:
        """Yield what is to be done to run a step; return its status."""
        pause = self._pause_before(step)
        if pause > 0:
            yield Sleep(pause)
        status = self._statuses[step.number] = yield from self._run(step)
        return status

    def can_continue_after(self, status: Status) -> bool:
        """Return whether further steps may be started after one with this status."""
        return status is not Status.NOT_RUN and (status is not Status.FAILED or self._options.keep_going)

    def report(self, *, interrupted: bool) -> Report:
        """Return what became of the selected steps so far."""
        steps = self._plan.selected
        return Report(tuple((step, self._statuses.get(step.number, Status.NOT_RUN)) for step in steps), interrupted)

    def _pause_before(self, step: Step) -> float:
        if self._options.pause is None:
            return step.command.pause
        return self._options.pause if step is not self._plan.selected[0] else 0.0

    def _run(self, step: Step) -> StepRun:
        try:
            invocation, environment = self._resolver.invocation(step), self._resolver.environment(step)
            self._check(step, invocation)
            self._failed_creations.check(step, invocation)
        except (MissingInput, UnsafeWord, NotCreated) as reason:
            return self._refuse(step, reason)
        self._listener.step_started(step, invocation, self._resolver)
        decision = self._ask(step)
        if decision is not StepDecision.YES:
            return Status.SKIPPED if decision is StepDecision.NO else Status.NOT_RUN
        started = utc_now()
        outcome = yield from self._poll(step, self._action(step, invocation, environment))
        if self._poll_status(step, outcome) is not PollStatus.DONE:
            self._failed_creations.add_failed(step, invocation)
            return Status.FAILED
        self._learn(step, outcome)
        self._failed_creations.add_done(step, invocation)
        self._on_done(step, invocation, outcome, started, utc_now())
        if outcome.exit_code == 0 and step.command.exit_code != 0:
            self._listener.unexpected_success(step)
        return Status.DONE

    def _refuse(self, step: Step, reason: Hindrance) -> Status:
        """Report a command that is not sent; a missing input never has the recorded value in its place."""
        number = reason.number if isinstance(reason, (MissingValue, NotCreated)) else None
        is_lost = number is not None and self._statuses.get(number) is not Status.DONE
        status = Status.SKIPPED if is_lost else Status.FAILED
        self._listener.not_sent(step, reason, status)
        return status

    def _action(self, step: Step, invocation: Invocation, environment: Environment) -> Send:
        extra = self._options.extra
        if step.credentials is not None:
            extra, profile = credentials.without_profile(extra)
            environment = {**environment, **profile}
        keywords = {"parameters": invocation.parameters, "files": invocation.files, "environment": environment}
        return Send(add_options(invocation.argv, extra), keywords)

    def _poll(self, step: Step, action: Send) -> Attempt:
        """Send a step; if it was recorded as a poll, until its conditions hold or the time is over."""
        outcome = yield from self._send_with_retry(step, action)
        left = poll_limit(step.command)
        while self._poll_status(step, outcome) is PollStatus.AGAIN and step.command.poll is not None:
            if left <= 0:
                self._listener.poll_timed_out(step, outcome, self._resolver.printed_value(step, outcome.calls))
                break
            seconds, began = poll_interval(step.command.poll, self._options.pause), time.monotonic()
            yield Sleep(seconds)
            outcome = yield from self._send_with_retry(step, action)
            left -= max(seconds, time.monotonic() - began)
        return outcome

    def _send_with_retry(self, step: Step, action: Send) -> Attempt:
        """Send a step, and again while it fails for a reason that passes by itself."""
        outcome = yield from self._send(step, action)
        for seconds in retry_delays(self._options.settle):
            reason = self._retry_reason(step, outcome)
            if reason is None:
                break
            self._listener.retrying(step, reason, seconds)
            yield Sleep(seconds)
            outcome = yield from self._send(step, action)
        return outcome

    def _send(self, step: Step, action: Send) -> Attempt:
        self._statuses[step.number] = Status.FAILED  # until it turns out to be done: Ctrl-C may come at any time
        outcome = yield action
        assert outcome is not None
        if outcome.faults:
            self._listener.capture_failed(step, outcome.faults)
        if outcome.exit_code == ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        return outcome

    def _poll_status(self, step: Step, outcome: Outcome) -> PollStatus:
        get_printed = functools.partial(self._resolver.printed_value, step, outcome.calls)
        return poll_status(step.command, outcome.exit_code, outcome.calls, get_printed)

    def _retry_reason(self, step: Step, outcome: Outcome) -> str | None:
        if self._poll_status(step, outcome) is not PollStatus.FAILED:
            return None
        return retry_reason(step, outcome, CreatedResources(self._plan.steps, dict(self._calls)))

    def _learn(self, step: Step, outcome: Outcome) -> None:
        """Let later steps refer to a response. That of a command which failed or had failed feeds none."""
        self._calls[step.number] = outcome.calls
        has_response = outcome.exit_code == 0 and step.command.exit_code == 0
        self._resolver.record_response(step, response_of(step.command.operation, outcome.calls) if has_response else {})
        self._statuses[step.number] = Status.DONE


class Player:
    """Plays one plan, once, one step after the other.

    `interrupted` returns whether somebody pressed Ctrl-C: Python ignores a KeyboardInterrupt in a finalizer.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        resolver: Resolver,
        aws: AwsCli,
        sleep: Callable[[float], None],
        listener: ExecutionListener,
        options: PlayerOptions,
        check: Check = lambda *_: None,
        ask: Callable[[Step], StepDecision] = lambda _: StepDecision.YES,
        interrupted: Callable[[], bool] = lambda: False,
        on_done: OnDone = lambda *_: None,
    ) -> None:
        self._aws, self._sleep, self._interrupted = aws, sleep, interrupted
        self._step_runner = StepRunner(
            plan, resolver=resolver, listener=listener, options=options, check=check, ask=ask, on_done=on_done
        )

    def play(self) -> Report:
        """Run the steps in order, until one fails, the person quits or all are done."""
        try:
            for step in self._step_runner.pending:
                self._check_interrupts()
                if not self._step_runner.can_continue_after(self._drive(self._step_runner.run(step))):
                    break
        except KeyboardInterrupt:
            return self._step_runner.report(interrupted=True)
        return self._step_runner.report(interrupted=False)

    def _drive(self, run: StepRun) -> Status:
        """Do what the run of a step yields; return the step's status."""
        outcome: Outcome | None = None
        while True:
            try:
                action = run.send(outcome)
            except StopIteration as end:
                status: Status = end.value
                return status
            outcome = self._do(action)

    def _do(self, action: Send | Sleep) -> Outcome | None:
        if isinstance(action, Sleep):
            self._sleep(action.seconds)
            self._check_interrupts()
            return None
        return self._aws.replay(action.argv, **action.keywords)

    def _check_interrupts(self) -> None:
        if self._interrupted():
            raise KeyboardInterrupt
