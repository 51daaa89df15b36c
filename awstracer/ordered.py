"""What happens to several steps at the same time, told in the trace's order: one behind the other."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from awstracer.capture import Outcome
from awstracer.errors import NotKnown
from awstracer.invocation import Invocation
from awstracer.player import Observer, Status
from awstracer.resolve import Knowledge
from awstracer.steps import Step


class Ordered:
    """An observer that tells another one in order. The first step that hasn't ended is told of at once."""

    def __init__(self, observer: Observer, steps: Sequence[Step]) -> None:
        self._observer = observer
        self._left = [step.number for step in steps]
        self._kept: dict[int, list[Callable[[], None]]] = {step.number: [] for step in steps}
        self._ended: set[int] = set()
        self._lock = threading.Lock()

    def starting(self, step: Step, invocation: Invocation, knowledge: Knowledge) -> None:
        self._tell(step, partial(self._observer.starting, step, invocation, knowledge))

    def faulty(self, step: Step, faults: Sequence[str]) -> None:
        self._tell(step, partial(self._observer.faulty, step, faults))

    def settling(self, step: Step, reason: str, seconds: float) -> None:
        self._tell(step, partial(self._observer.settling, step, reason, seconds))

    def unmet(self, step: Step, outcome: Outcome, shown: Any) -> None:
        self._tell(step, partial(self._observer.unmet, step, outcome, shown))

    def recovered(self, step: Step) -> None:
        self._tell(step, partial(self._observer.recovered, step))

    def not_sent(self, step: Step, missing: NotKnown, status: Status) -> None:
        self._tell(step, partial(self._observer.not_sent, step, missing, status))

    def printed(self, step: Step, out: bytes, err: bytes) -> None:
        """The step's command has printed this."""
        self._tell(step, partial(_print, out, err))

    def ended(self, step: Step) -> None:
        """Nothing more is told of a step: it is the next one's turn."""
        with self._lock:
            self._ended.add(step.number)
            while self._left and self._left[0] in self._ended:
                self._left.pop(0)
                self._catch_up()

    def close(self) -> None:
        """Tell all that is left: steps before it are not going to be run."""
        with self._lock:
            while self._left:
                self._catch_up()
                self._left.pop(0)

    def _tell(self, step: Step, say: Callable[[], None]) -> None:
        with self._lock:
            if self._left[:1] == [step.number]:
                say()
            else:
                self._kept[step.number].append(say)

    def _catch_up(self) -> None:
        for say in self._kept.pop(self._left[0], ()) if self._left else ():
            say()


def _print(out: bytes, err: bytes) -> None:
    for stream, content in ((sys.stdout, out), (sys.stderr, err)):
        stream.flush()
        stream.buffer.write(content)
        stream.buffer.flush()
