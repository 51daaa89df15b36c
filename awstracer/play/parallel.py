"""Runs several steps of a plan at the same time: those that don't depend on one another.

`plan/scheduler` says which steps have to be done before which, say that command 3 (`create-subnet`) waits for command 1
(`create-vpc`), and command 2 (`create-user`) for none. One event loop, without threads, starts 1 and 2 at once: it asks
the generators of `play/player`'s StepRunner what to do for each step, hands command lines to the workers of
`play/worker_pool`, has a timer for each step that sleeps, and goes on with whichever comes first. When 1 is done, 3 is
started.

What happens is shown in the trace's order all the same: `InOrderListener` delays the events of a later step, and what
its command printed, until the steps before it have ended.
"""

from __future__ import annotations

import heapq
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from graphlib import TopologicalSorter
from typing import Any

from awstracer.aws.capture import Outcome
from awstracer.plan.invocation import Invocation
from awstracer.plan.model import Plan, Step
from awstracer.plan.resolver import Resolver
from awstracer.play.player import (
    Check,
    ExecutionListener,
    Hindrance,
    OnDone,
    PlayerOptions,
    Report,
    Send,
    Status,
    StepRun,
    StepRunner,
)
from awstracer.play.worker_pool import CapturedRun, WorkerPool


class ParallelPlayer:
    """Plays one plan, once, with as many steps at a time as the pool may have workers.

    `before` has for each step's number those of the steps that have to be done before it. `interrupted` returns whether
    somebody pressed Ctrl-C: Python ignores a KeyboardInterrupt in a finalizer.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        pool: WorkerPool,
        before: Mapping[int, frozenset[int]],
        resolver: Resolver,
        listener: ExecutionListener,
        options: PlayerOptions,
        check: Check = lambda *_: None,
        interrupted: Callable[[], bool] = lambda: False,
        on_done: OnDone = lambda *_: None,
    ) -> None:
        self._pool, self._interrupted = pool, interrupted
        self._listener = InOrderListener(listener, plan.selected)
        self._step_runner = StepRunner(
            plan, resolver=resolver, listener=self._listener, options=options, check=check, on_done=on_done
        )
        self._steps = {step.number: step for step in self._step_runner.pending}
        self._order = TopologicalSorter({number: before[number] & self._steps.keys() for number in self._steps})
        self._ready: list[int] = []
        self._runs: dict[int, StepRun] = {}
        self._timers: list[tuple[float, int]] = []
        self._is_ending = False

    def play(self) -> Report:
        """Run the steps, each as soon as it can be, until one fails or all are done."""
        is_interrupted = False
        try:
            self._run_steps()
        except KeyboardInterrupt:
            is_interrupted = True
            self._finish_commands()
        self._listener.close()
        return self._step_runner.report(interrupted=is_interrupted)

    def _run_steps(self) -> None:
        self._order.prepare()
        self._start_steps()
        while self._runs:
            seconds = max(self._timers[0][0] - time.monotonic(), 0) if self._timers else None
            for number, run in self._pool.wait(seconds):
                self._continue(number, run)
            self._check_interrupts()
            while self._timers and self._timers[0][0] <= time.monotonic():
                self._advance(heapq.heappop(self._timers)[1])
            self._start_steps()

    def _start_steps(self) -> None:
        """Start the steps that may run now, in the trace's order, as far as there are workers for them."""
        while not self._is_ending and len(self._runs) < self._pool.size:
            for number in self._order.get_ready():
                heapq.heappush(self._ready, number)
            if not self._ready:
                return
            self._check_interrupts()
            number = heapq.heappop(self._ready)
            self._runs[number] = self._step_runner.run(self._steps[number])
            self._advance(number)

    def _continue(self, number: int, run: CapturedRun) -> None:
        """Go on with a step whose command has ended."""
        self._listener.command_printed(self._steps[number], run.out, run.err)
        self._advance(number, run.outcome)

    def _advance(self, number: int, outcome: Outcome | None = None) -> None:
        """Go on with a step up to the next action, and begin that."""
        try:
            action = self._runs[number].send(outcome)
        except StopIteration as end:
            self._end(number, end.value)
            return
        if isinstance(action, Send):
            self._pool.start(number, action.argv, **action.keywords)
        else:
            heapq.heappush(self._timers, (time.monotonic() + action.seconds, number))

    def _end(self, number: int, status: Status) -> None:
        del self._runs[number]
        self._order.done(number)
        self._listener.step_ended(self._steps[number])
        self._is_ending = self._is_ending or not self._step_runner.can_continue_after(status)

    def _finish_commands(self) -> None:
        """Wait for the commands that are running, which Ctrl-C has reached too. Another Ctrl-C ends the waiting."""
        with suppress(KeyboardInterrupt):
            while self._pool.is_busy:
                for number, run in self._pool.wait():
                    self._listener.command_printed(self._steps[number], run.out, run.err)
                    with suppress(StopIteration, KeyboardInterrupt):  # whatever the step would do next isn't begun
                        self._runs[number].send(run.outcome)

    def _check_interrupts(self) -> None:
        if self._interrupted():
            raise KeyboardInterrupt


class InOrderListener:
    """Passes events on to another listener in the trace's order: those of a step when all steps before it have ended.

    The events of the first step that hasn't ended are passed on at once, with what its command printed in its worker.
    """

    def __init__(self, listener: ExecutionListener, steps: Sequence[Step]) -> None:
        self._listener = listener
        self._left = [step.number for step in steps]
        self._delayed: dict[int, list[Callable[[], None]]] = {step.number: [] for step in steps}
        self._ended: set[int] = set()

    def step_started(self, step: Step, invocation: Invocation, resolver: Resolver) -> None:
        self._pass_on(step, partial(self._listener.step_started, step, invocation, resolver))

    def capture_failed(self, step: Step, faults: Sequence[str]) -> None:
        self._pass_on(step, partial(self._listener.capture_failed, step, faults))

    def retrying(self, step: Step, reason: str, seconds: float) -> None:
        self._pass_on(step, partial(self._listener.retrying, step, reason, seconds))

    def poll_timed_out(self, step: Step, outcome: Outcome, printed: Any) -> None:
        self._pass_on(step, partial(self._listener.poll_timed_out, step, outcome, printed))

    def unexpected_success(self, step: Step) -> None:
        self._pass_on(step, partial(self._listener.unexpected_success, step))

    def not_sent(self, step: Step, reason: Hindrance, status: Status) -> None:
        self._pass_on(step, partial(self._listener.not_sent, step, reason, status))

    def command_printed(self, step: Step, out: bytes, err: bytes) -> None:
        self._pass_on(step, partial(_print, out, err))

    def step_ended(self, step: Step) -> None:
        """Let the next steps have their turn: no further event of this one comes."""
        self._ended.add(step.number)
        while self._left and self._left[0] in self._ended:
            self._left.pop(0)
            self._release_first()

    def close(self) -> None:
        """Pass on all that is left: the steps before it won't be run."""
        while self._left:
            self._release_first()
            self._left.pop(0)

    def _pass_on(self, step: Step, event: Callable[[], None]) -> None:
        if self._left[:1] == [step.number]:
            event()
        else:
            self._delayed[step.number].append(event)

    def _release_first(self) -> None:
        for event in self._delayed.pop(self._left[0], ()) if self._left else ():
            event()


def _print(out: bytes, err: bytes) -> None:
    for stream, content in ((sys.stdout, out), (sys.stderr, err)):
        stream.flush()
        stream.buffer.write(content)
        stream.buffer.flush()
