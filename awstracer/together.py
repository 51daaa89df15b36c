"""Executes a plan with several steps at the same time: those that don't depend on one another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from awstracer.capture import Outcome
from awstracer.crew import Crew
from awstracer.ordered import Ordered
from awstracer.player import Done, Observer, Player, Report, Runner, Settings, Status
from awstracer.resolve import Knowledge
from awstracer.steps import Plan, Step


@dataclass(frozen=True)
class _Member:
    """Whoever of the crew runs a step's command; what that prints is the step's."""

    crew: Crew
    told: Ordered
    step: Step

    def replay(self, argv: Sequence[str], **how: Any) -> Outcome:
        """As `driver.AwsCli` does, elsewhere."""
        ran = self.crew.replay(argv, **how)
        self.told.printed(self.step, ran.out, ran.err)
        return ran.outcome


class Together(Player):
    """Plays one plan, once, with as many steps at a time as the crew has processes.

    `before` has for each step's number those of the steps that have to be done before it.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        crew: Crew,
        jobs: int,
        before: Mapping[int, frozenset[int]],
        knowledge: Knowledge,
        runner: Runner,
        observer: Observer,
        settings: Settings,
        interrupted: Callable[[], bool],
        done: Done,
    ) -> None:
        self._told = Ordered(observer, plan.selected)
        self._stopped, self._lock = threading.Event(), threading.Lock()
        super().__init__(
            plan,
            knowledge=knowledge,
            runner=runner,
            sleep=self._pause,
            observer=self._told,
            settings=settings,
            interrupted=interrupted,
            done=self._one_by_one(done),
        )
        self._runner_of = lambda step: _Member(crew, self._told, step)
        self._jobs, self._before = jobs, before
        self._ended: set[int] = set(settings.done)

    def play(self) -> Report:
        """Run the steps, each as soon as it can be, until one fails or all are done."""
        left = [step for step in self._plan.selected if step.number not in self._ended]
        running: dict[Future[Status], Step] = {}
        interrupted = False
        with ThreadPoolExecutor(self._jobs) as pool:
            try:
                while left or running:
                    ready = self._ready(left)[: self._jobs - len(running)]
                    running.update({pool.submit(self._one, step): step for step in ready})
                    left = [step for step in left if step not in ready]
                    if not self._collect(running):
                        left = []
            except KeyboardInterrupt:
                interrupted = True
                self._stopped.set()
        self._told.close()
        return self._report(interrupted=interrupted)

    def _ready(self, left: Sequence[Step]) -> list[Step]:
        return [step for step in left if self._before[step.number] <= self._ended]

    def _one(self, step: Step) -> Status:
        self._wait(step)
        return self._run(step)

    def _collect(self, running: dict[Future[Status], Step]) -> bool:
        """Wait for some step to end; whether others are still to be started."""
        goes_on = True
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            step = running.pop(future)
            status = self._statuses[step.number] = future.result()
            self._ended.add(step.number)
            self._told.ended(step)
            goes_on = goes_on and (status is not Status.FAILED or self._settings.keep_going)
        return goes_on

    def _one_by_one(self, done: Done) -> Done:
        def note(*what: Any) -> None:
            with self._lock:
                done(*what)

        return note

    def _pause(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise KeyboardInterrupt
