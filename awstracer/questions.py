"""What the person who plays a trace is asked: questions on stderr, each answer a line of the input."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from getpass import getpass

from awstracer import blanks, results
from awstracer.blanks import Blank
from awstracer.console import is_somebody_there
from awstracer.errors import MissingSecret
from awstracer.guards import Doubt
from awstracer.player import Answer
from awstracer.steps import Step
from awstracer.styles import visible

STEP = "Run it? [y]es, [n]o, [q]uit, [a]ll: "
ANSWERS = {"y": Answer.YES, "n": Answer.NO, "q": Answer.QUIT, "a": Answer.YES}


def refused(doubts: Iterable[Doubt]) -> str | None:
    """Ask about each, at a terminal; why nothing may be sent, None if the person agrees to all."""
    for doubt in doubts:
        asked = is_somebody_there()
        if not asked or _answer(results.question(doubt)) not in ("y", "yes"):
            return results.refusal(doubt, asked=asked)
    return None


def secrets(lacking: Sequence[Blank], environment: Mapping[str, str]) -> dict[str, str]:
    """The secrets that a plan lacks, by their holes: from the environment, or typed unseen.

    MissingSecret, with all that are lacking, if nobody is there; or with the one that the person doesn't tell.
    """
    known = {blank: blanks.from_environment(blank, environment) for blank in lacking}
    unknown = [blank for blank, secret in known.items() if secret is None]
    if unknown and not is_somebody_there():
        raise _missing(*unknown)
    return {blank.hole: _typed(blank) if secret is None else secret for blank, secret in known.items()}


def _typed(blank: Blank) -> str:
    try:
        secret = getpass(f"The trace has no secrets. {visible(blank.names[0])} of command {blank.number}: ")
    except EOFError:
        secret = ""
    if not secret:
        raise _missing(blank)
    return secret


def _missing(*lacking: Blank) -> MissingSecret:
    return MissingSecret([blank.spelling for blank in lacking], lacking[0].variables[0])


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
