"""Executes a plan, step by step, over an injected driver, clock and observer.

The player decides what is run, waited for, skipped and when to stop; what a person sees of it is the
observer's business, what it is to run is the plan's, and what may settle is `settling`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import Any, Protocol

from awstracer import settling
from awstracer.capture import Outcome
from awstracer.errors import MissingValue, NotKnown
from awstracer.resolve import Invocation, Knowledge
from awstracer.steps import Plan, Step
from awstracer.trace import Call, response_of

INTERRUPTED = 130


class Runner(Protocol):
    """Runs a recorded command line; `driver.AwsCli` is one."""

    def replay(
        self, argv: Sequence[str], *, parameters: Mapping[str, Any] | None, files: Mapping[str, str | bytes]
    ) -> Outcome: ...


class Observer(Protocol):
    """Is told what happens, as it happens."""

    def starting(self, step: Step, invocation: Invocation) -> None: ...

    def faulty(self, step: Step, faults: Sequence[str]) -> None: ...

    def settling(self, step: Step, reason: str, seconds: float) -> None: ...

    def not_sent(self, step: Step, missing: NotKnown, status: Status) -> None: ...


Done = Callable[[Step, Invocation, Outcome, datetime, datetime], None]


class Answer(Enum):
    """What the person says when asked whether to run a step."""

    YES = "yes"
    NO = "no"
    QUIT = "quit"


class Status(Enum):
    """What became of a step."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Settings:
    """How to play.

    extra       global options for every command, as words
    pause       seconds between commands; None for the pauses that were recorded
    keep_going  go on after a failure
    settle      seconds to wait in all for what a command needs and isn't there yet
    done        the calls of steps that were done before, and whose responses are known: they are not run
    """

    extra: tuple[str, ...] = ()
    pause: float | None = None
    keep_going: bool = False
    settle: float = 0.0
    done: Mapping[int, Sequence[Call]] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """What became of a plan: each step with its status."""

    steps: tuple[tuple[Step, Status], ...]
    interrupted: bool = False

    def count(self, status: Status) -> int:
        return sum(found is status for _, found in self.steps)

    @property
    def succeeded(self) -> bool:
        return all(status is Status.DONE for _, status in self.steps)


class Player:
    """Plays one plan, once.

    `done` is told of each step that succeeded, as soon as it has, with the times when it began and ended.
    `ask` is asked before each step, which has been shown, whether to run it.
    `interrupted` tells whether somebody pressed Ctrl-C, even where that got lost (in a finalizer, Python ignores it).
    """

    def __init__(
        self,
        plan: Plan,
        *,
        knowledge: Knowledge,
        runner: Runner,
        sleep: Callable[[float], None],
        observer: Observer,
        settings: Settings,
        ask: Callable[[Step], Answer] = lambda _: Answer.YES,
        interrupted: Callable[[], bool] = lambda: False,
        done: Done = lambda *_: None,
    ) -> None:
        self._done, self._ask, self._interrupted = done, ask, interrupted
        self._plan, self._knowledge, self._runner, self._sleep = plan, knowledge, runner, sleep
        self._observer, self._settings = observer, settings
        self._statuses = dict.fromkeys(settings.done, Status.DONE)
        self._calls = dict(settings.done)

    def play(self) -> Report:
        """Run the steps in order, until one fails, the person quits or all are done."""
        try:
            for step in self._plan.selected:
                if step.number in self._settings.done:
                    continue
                self._wait(step)
                status = self._run(step)
                self._statuses[step.number] = status
                if status is Status.NOT_RUN or (status is Status.FAILED and not self._settings.keep_going):
                    break
        except KeyboardInterrupt:
            return self._report(interrupted=True)
        return self._report(interrupted=False)

    def _wait(self, step: Step) -> None:
        if self._settings.pause is None:
            seconds = step.command.pause
        else:
            seconds = self._settings.pause if step is not self._plan.selected[0] else 0.0
        self._check_interrupts()
        if seconds > 0:
            self._sleep(seconds)

    def _check_interrupts(self) -> None:
        if self._interrupted():
            raise KeyboardInterrupt

    def _run(self, step: Step) -> Status:
        try:
            invocation = self._knowledge.invocation(step)
        except NotKnown as missing:
            return self._refuse(step, missing)
        self._observer.starting(step, invocation)
        answer = self._ask(step)
        if answer is not Answer.YES:
            return Status.SKIPPED if answer is Answer.NO else Status.NOT_RUN
        started = _now()
        outcome = self._settled(step, invocation)
        if outcome.exit_code != 0:
            return Status.FAILED
        self._calls[step.number] = outcome.calls
        self._knowledge.learn(step, response_of(step.command.operation, outcome.calls))
        self._statuses[step.number] = Status.DONE
        self._done(step, invocation, outcome, started, _now())
        return Status.DONE

    def _settled(self, step: Step, invocation: Invocation) -> Outcome:
        """What became of a step, which is sent again while it fails for what passes by itself."""
        outcome = self._send(step, invocation)
        for seconds in settling.delays(self._settings.settle):
            reason = self._passing(step, outcome)
            if reason is None:
                break
            self._statuses[step.number] = Status.FAILED
            self._observer.settling(step, reason, seconds)
            self._sleep(seconds)
            self._check_interrupts()
            outcome = self._send(step, invocation)
        return outcome

    def _passing(self, step: Step, outcome: Outcome) -> str | None:
        if outcome.exit_code == 0:
            return None
        return settling.reason(step, outcome.calls, settling.Replay(self._plan.steps, self._calls))

    def _send(self, step: Step, invocation: Invocation) -> Outcome:
        outcome = self._runner.replay(
            [*invocation.argv, *self._settings.extra], parameters=invocation.parameters, files=invocation.files
        )
        if outcome.faults:
            self._observer.faulty(step, outcome.faults)
        if outcome.exit_code == INTERRUPTED:
            self._statuses[step.number] = Status.FAILED
            raise KeyboardInterrupt
        return outcome

    def _refuse(self, step: Step, missing: NotKnown) -> Status:
        """A command whose input is missing is never sent with a stale one."""
        number = missing.number if isinstance(missing, MissingValue) else None
        lost = number is not None and self._statuses.get(number) is not Status.DONE
        status = Status.SKIPPED if lost else Status.FAILED
        self._observer.not_sent(step, missing, status)
        return status

    def _report(self, *, interrupted: bool) -> Report:
        steps = self._plan.selected
        return Report(tuple((step, self._statuses.get(step.number, Status.NOT_RUN)) for step in steps), interrupted)


def _now() -> datetime:
    return datetime.now(timezone.utc)
