"""Asks the person who plays a trace: questions on stderr, each answer one line of the input.

There are three kinds of questions. Before anything is sent: confirmations ("Command 1 was recorded with --profile prod.
Play it with that? [y/N]: "), and the secrets for which the trace has placeholders. With `--step`: whether to run each
command. Which questions there are is decided in `plan/safety_checks`, `plan/missing_secrets` and `play/player`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from awstracer.aws.local_effects import Action
from awstracer.aws.settings import configuration_files
from awstracer.cli.console import is_somebody_there
from awstracer.cli.plan_view import describe_confirmation, missing_secret
from awstracer.cli.styles import escape
from awstracer.errors import Refused
from awstracer.plan import missing_secrets
from awstracer.plan.local_paths import Surroundings
from awstracer.plan.missing_secrets import UnfilledPlaceholder
from awstracer.plan.model import Step
from awstracer.plan.safety_checks import Confirmation, LocalPath, LongPause, RecordedOption, SafetyChecks
from awstracer.play.player import StepDecision
from awstracer.trace.model import Trace

if TYPE_CHECKING:
    from awstracer.aws.catalog import Catalog

STEP_QUESTION = "Run it? [y]es, [n]o, [q]uit, [a]ll: "
STEP_ANSWERS = {"y": StepDecision.YES, "n": StepDecision.NO, "q": StepDecision.QUIT, "a": StepDecision.YES}
ACTION_QUESTIONS = {
    Action.READ: "Read and send it?",
    Action.WRITE: "Write it?",
    Action.DELETE: "Delete it?",
}
SWITCHES = {"--profile": "--profile", "--endpoint-url": "--endpoint"}  # for recorded options


def safety_checks_here(catalog: Catalog, trace: Trace, pause: float | None) -> SafetyChecks:
    """Return what judges the plan of a trace in this process, on this machine; `pause` is the value of `--sleep`."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - it never raises
    settings = tuple(map(Path, configuration_files(os.environ)))
    return SafetyChecks(
        options=catalog.global_options(),
        environment=os.environ,
        around=Surroundings(Path.cwd(), home, settings),
        effects_of=catalog.local_effects,
        operation_effects=catalog.operation_effects,
        is_own=trace.is_own,
        keeps_pauses=pause is None,
    )


def confirm_all(confirmations: Iterable[Confirmation]) -> None:
    """Ask for each confirmation; raise Refused at the first no, or if nobody can be asked."""
    for confirmation in confirmations:
        is_asked = is_somebody_there()
        if not is_asked or _ask(confirmation_question(confirmation)) not in ("y", "yes"):
            raise Refused(refusal(confirmation, is_asked=is_asked))


def confirmation_question(confirmation: Confirmation) -> str:
    """Return what the person is asked about something that a trace would do."""
    text = describe_confirmation(confirmation)
    match confirmation.concern:
        case RecordedOption():
            question = f"Play {'them' if len(confirmation.numbers) > 1 else 'it'} with that?"
        case LocalPath(action=action):
            question = ACTION_QUESTIONS[action]
        case LongPause():
            question = "Wait that long?"
        case _:
            question = "Run it?"
    return f"{text[0].upper()}{text[1:]}. {question} [y/N]: "


def refusal(confirmation: Confirmation, *, is_asked: bool) -> str:
    """Return why nothing was sent, and what to do: the person said no or, unless `is_asked`, could not be asked."""
    switch, value, purpose = None, None, "say where to play"
    match confirmation.concern:
        case RecordedOption(option=option):
            switch, value = SWITCHES.get(option), confirmation.concern.value
        case LongPause():
            switch, value, purpose = "-s", "SECONDS", "wait less"
    if is_asked:
        mend = f"; pass {switch} to {purpose}" if switch else ""
    else:
        mend = f"; pass {f'{switch} {value} or ' if switch else ''}--yes if that is what you want"
    return f"{describe_confirmation(confirmation)}: nothing was sent{mend}"


def ask_secrets(missing: Sequence[UnfilledPlaceholder], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the missing secrets by placeholder, each from the environment or typed without echo.

    Raise MissingSecret with all that are still missing if nobody can be asked, or with the one that was left empty.
    """
    found = {secret: missing_secrets.from_environment(secret, environment) for secret in missing}
    unknown = [secret for secret, value in found.items() if value is None]
    if unknown and not is_somebody_there():
        raise missing_secret(unknown)
    return {secret.placeholder: _ask_secret(secret) if value is None else value for secret, value in found.items()}


def _ask_secret(secret: UnfilledPlaceholder) -> str:
    try:
        value = getpass(f"The trace has no secrets. {escape(secret.names[0])} of command {secret.number}: ")
    except EOFError:
        value = ""
    if not value:
        raise missing_secret([secret])
    return value


class StepPrompt:
    """Asks before each step whether to run it, until the answer is all; the end of the input means quit."""

    def __init__(self) -> None:
        self._is_all = False

    def __call__(self, _: Step) -> StepDecision:
        """Return the person's answer; ask again after an answer that is none."""
        while not self._is_all:
            answer = _ask(STEP_QUESTION)
            if answer is None:
                return StepDecision.QUIT
            self._is_all = answer in ("a", "all")
            if answer in (*STEP_ANSWERS, "yes", "no", "quit", "all"):
                return STEP_ANSWERS[answer[0]]
        return StepDecision.YES


def _ask(question: str) -> str | None:
    """Return the line that the person types, in lower case; None at the end of the input."""
    print(question, end="", file=sys.stderr, flush=True)
    try:
        line = "" if sys.stdin is None else sys.stdin.readline()
    except UnicodeDecodeError:
        line = "?\n"  # an answer that is none
    if not line.endswith("\n") or not sys.stdin.isatty():
        print(file=sys.stderr, flush=True)
    return line.strip().lower() if line else None
