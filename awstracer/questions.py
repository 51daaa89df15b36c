"""What the person who plays a trace is asked: questions on stderr, each answer a line of the input."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from awstracer import terminal
from awstracer.guards import Doubt
from awstracer.player import Answer
from awstracer.steps import Step

STEP = "Run it? [y]es, [n]o, [q]uit, [a]ll: "
ANSWERS = {"y": Answer.YES, "n": Answer.NO, "q": Answer.QUIT, "a": Answer.YES}


def refused(doubts: Iterable[Doubt]) -> str | None:
    """Ask about each, at a terminal; why nothing may be sent, None if the person agrees to all."""
    for doubt in doubts:
        asked = sys.stdin is not None and sys.stdin.isatty()
        if not asked or _answer(terminal.question(doubt)) not in ("y", "yes"):
            return terminal.refusal(doubt, asked=asked)
    return None


class EachStep:
    """Asks before each step whether to run it, until the person says all; the end of the input means quit."""

    def __init__(self) -> None:
        self._all = False

    def __call__(self, _: Step) -> Answer:
        while not self._all:
            answer = _answer(STEP)
            if answer is None:
                return Answer.QUIT
            self._all = answer in ("a", "all")
            if answer in (*ANSWERS, "yes", "no", "quit", "all"):
                return ANSWERS[answer[0]]
        return Answer.YES


def _answer(question: str) -> str | None:
    """What the person types; None at the end of the input."""
    print(question, end="", file=sys.stderr, flush=True)
    try:
        line = "" if sys.stdin is None else sys.stdin.readline()
    except UnicodeDecodeError:
        line = "?\n"
    if not line.endswith("\n") or not sys.stdin.isatty():
        print(file=sys.stderr, flush=True)
    return line.strip().lower() if line else None
