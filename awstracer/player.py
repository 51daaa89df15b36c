"""Executes a plan, step by step, over an injected driver, clock and observer.

The player decides what is run, waited for, skipped and when to stop; what a person sees of it is the
observer's business, what it is to run is the plan's, and what may settle is `settling`'s.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import Any, Protocol

from awstracer import credentials, polling, settling
from awstracer.capture import Outcome
from awstracer.credentials import Environment
from awstracer.errors import MissingValue, NotKnown
from awstracer.invocation import Invocation
from awstracer.polling import Verdict
from awstracer.resolve import Knowledge
from awstracer.steps import Plan, Step
from awstracer.trace import Call, response_of

INTERRUPTED = 130


class Runner(Protocol):
    """Runs a recorded command line; `driver.AwsCli` is one."""

    def replay(
        self,
        argv: Sequence[str],
        *,
        parameters: Mapping[str, Any] | None,
        files: Mapping[str, str | bytes],
        environment: Environment,
    ) -> Outcome: ...


class Observer(Protocol):
    """Is told what happens, as it happens."""

    def starting(self, step: Step, invocation: Invocation, knowledge: Knowledge) -> None: ...

    def faulty(self, step: Step, faults: Sequence[str]) -> None: ...

    def settling(self, step: Step, reason: str, seconds: float) -> None: ...

    def unmet(self, step: Step, outcome: Outcome, shown: Any) -> None: ...

    def recovered(self, step: Step) -> None: ...

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
    pause       seconds between commands, and between the runs of one; None for the pauses that were recorded
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

    `done` is told of each step that is done, as soon as it is, with the times when it began and ended.
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
        self._plan, self._knowledge, self._sleep = plan, knowledge, sleep
        self._runner_of: Callable[[Step], Runner] = lambda _: runner
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
            invocation, environment = self._knowledge.invocation(step), self._knowledge.environment(step)
        except NotKnown as missing:
            return self._refuse(step, missing)
        self._observer.starting(step, invocation, self._knowledge)
        answer = self._ask(step)
        if answer is not Answer.YES:
            return Status.SKIPPED if answer is Answer.NO else Status.NOT_RUN
        started = _now()
        outcome = self._awaited(step, functools.partial(self._send, step, invocation, environment))
        if self._verdict(step, outcome) is not Verdict.DONE:
            return Status.FAILED
        self._calls[step.number] = outcome.calls
        is_answer = outcome.exit_code == 0 and step.command.exit_code == 0
        self._knowledge.learn(step, response_of(step.command.operation, outcome.calls) if is_answer else {})
        self._statuses[step.number] = Status.DONE
        self._done(step, invocation, outcome, started, _now())
        if outcome.exit_code == 0 and step.command.exit_code != 0:
            self._observer.recovered(step)
        return Status.DONE

    def _awaited(self, step: Step, send: Callable[[], Outcome]) -> Outcome:
        """What became of a step in the end, which is run again while it hasn't the answer that is waited for."""
        outcome, left = self._settled(step, send), polling.limit(step.command)
        while self._verdict(step, outcome) is Verdict.AGAIN and step.command.poll is not None:
            self._statuses[step.number] = Status.FAILED
            if left <= 0:
                self._observer.unmet(step, outcome, self._knowledge.shown(step, outcome.calls))
                break
            seconds, began = polling.interval(step.command.poll, self._settings.pause), _now()
            self._sleep(seconds)
            self._check_interrupts()
            outcome = self._settled(step, send)
            left -= max(seconds, (_now() - began).total_seconds())
        return outcome

    def _verdict(self, step: Step, outcome: Outcome) -> Verdict:
        shown = functools.partial(self._knowledge.shown, step, outcome.calls)
        return polling.verdict(step.command, outcome.exit_code, outcome.calls, shown)

    def _settled(self, step: Step, send: Callable[[], Outcome]) -> Outcome:
        """What became of a step, which is sent again while it fails for what passes by itself."""
        outcome = send()
        for seconds in settling.delays(self._settings.settle):
            reason = self._passing(step, outcome)
            if reason is None:
                break
            self._statuses[step.number] = Status.FAILED
            self._observer.settling(step, reason, seconds)
            self._sleep(seconds)
            self._check_interrupts()
            outcome = send()
        return outcome

    def _passing(self, step: Step, outcome: Outcome) -> str | None:
        if self._verdict(step, outcome) is not Verdict.FAILED:
            return None
        return settling.reason(step, outcome.calls, settling.Replay(self._plan.steps, dict(self._calls)))

    def _send(self, step: Step, invocation: Invocation, environment: Environment) -> Outcome:
        extra = self._settings.extra
        if step.minted is not None:
            extra, profile = credentials.apart_from_profile(extra)
            environment = {**environment, **profile}
        outcome = self._runner_of(step).replay(
            [*invocation.argv, *extra],
            parameters=invocation.parameters,
            files=invocation.files,
            environment=environment,
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
