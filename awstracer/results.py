"""What people see of a replay beside its lines, and what they are asked about it, as text. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sized
from typing import Any

from awstracer import polling
from awstracer.capture import Outcome
from awstracer.entries import awaited
from awstracer.guards import Doubt, OutsideFile, RecordedOption
from awstracer.location import SettingName
from awstracer.player import Report, Status
from awstracer.selection import spelled as numbered
from awstracer.steps import Step
from awstracer.styles import one_line, short, visible
from awstracer.terminal import doubt_text, duration
from awstracer.text import format_value
from awstracer.trace import Command, error_code


def unmet(step: Step, outcome: Outcome, shown: Any) -> str:
    """What a poll waited for in vain, and what it was at last."""
    command = step.command
    waited = f"command {step.number} was asked again for {duration(polling.limit(command))} until {awaited(command)}"
    return one_line(f"{waited}; at last {_at_last(command, outcome, shown)}")


def _at_last(command: Command, outcome: Outcome, shown: Any) -> str:
    if outcome.exit_code != 0:
        code = error_code(outcome.calls)
        return f"it failed with {code}" if code else "it failed"
    condition = polling.unmet(command.poll, shown) if command.poll is not None else None
    if condition is None:
        return "it succeeded"
    found = polling.value_at(condition.path, shown)
    return f"it was {'not there' if found in (None, '', [], {}) else short(format_value(found), 60)}"


def recovered(step: Step) -> str:
    """A command that failed when it was recorded does so no more."""
    code = step.command.error_code
    return visible(f"command {step.number} failed when it was recorded{f' ({code})' if code else ''}, and succeeds now")


def settling(step: Step, reason: str, seconds: float) -> str:
    """Why a command is tried again, and when."""
    return visible(f"command {step.number}: {reason}; trying again in {seconds:g} s")


def summary(report: Report) -> str | None:
    """What a replay that did not go well came to, in one line; None if all went well."""
    if report.succeeded and not report.interrupted:
        return None
    counts = [f"{report.count(status)} {status.value}" for status in Status if report.count(status)]
    failed = [str(step.number) for step, status in report.steps if status is Status.FAILED]
    told = f"{len(report.steps)} {_commands(report.steps)}: {', '.join(counts)}"
    if report.interrupted:
        return f"interrupted; of {told}"
    return f"{_commands(failed)} {', '.join(failed)} failed; of {told}" if failed else told


def _commands(several: Sized) -> str:
    return "command" if len(several) == 1 else "commands"


def moved(recorded: Mapping[SettingName, str], playing: Mapping[SettingName, str | None]) -> str | None:
    """Where a trace was recorded and where it is played, by `account` and `region`; None if nothing known differs."""
    names: tuple[SettingName, ...] = ("account", "region")
    others = [name for name in names if name in recorded and playing.get(name) not in (None, recorded[name])]
    there = " and ".join(f"account {recorded[name]}" if name == "account" else recorded[name] for name in others)
    here = " and ".join(str(playing[name]) for name in others)
    return one_line(f"recorded in {there}; playing in {here}") if others else None


def question(doubt: Doubt) -> str:
    """What the person is asked about it."""
    text = doubt_text(doubt)
    match doubt:
        case RecordedOption(numbers=numbers):
            asked = f"Play {'them' if len(numbers) > 1 else 'it'} with that?"
        case OutsideFile():
            asked = "Write it?"
        case _:
            asked = "Run it?"
    return f"{text[0].upper()}{text[1:]}. {asked} [y/N]: "


def refusal(doubt: Doubt, *, asked: bool) -> str:
    """Why nothing was sent, and what to do: the person said no or, not `asked`, could not be."""
    switches = {"--profile": "--profile", "--endpoint-url": "--endpoint"}
    switch = switches.get(doubt.option) if isinstance(doubt, RecordedOption) else None
    if asked:
        mend = f"; pass {switch} to say where to play" if switch else ""
    else:
        given = f"{switch} {doubt.value} or " if switch and isinstance(doubt, RecordedOption) else ""
        mend = f"; pass {one_line(given)}--yes if that is what you want"
    return f"{doubt_text(doubt)}: nothing was sent{mend}"


def resumed(done: Collection[int], number: int) -> str:
    """Where a replay of `number` commands goes on, after those that were done before."""
    left = [each for each in range(1, number + 1) if each not in done]
    onward = f"going on with {left[0]}" if left else "none is left"
    if not done:
        return f"no command was done before; {onward}"
    told = f"commands {numbered(done)} were" if len(done) > 1 else f"command {numbered(done)} was"
    return f"{told} done before; {onward}"
