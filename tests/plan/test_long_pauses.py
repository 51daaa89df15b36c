"""Recorded pauses of more than an hour are told in a dry run, and asked about before anything is sent."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from awstracer.aws.catalog import Catalog
from awstracer.cli import prompts
from awstracer.plan import planner
from awstracer.plan.safety_checks import Confirmation, LongPause
from awstracer.trace import store
from awstracer.trace.model import Command, Poll
from tests.programs import Relay, Silent, Terminal, play
from tests.traces import operation, trace

pytestmark = pytest.mark.once

TRACE = ("--trace-file", "t.trace")
HOUR = 3600.0
PAUSED = "awstrace-play: command 2 was recorded with a pause of 90 min"


def paused(seconds: float) -> Command:
    return operation("iam.ListUsers", {}, {}, pause=seconds)


def repeated(seconds: float) -> Command:
    return replace(paused(0), poll=Poll(2, seconds))


def write(*commands: Command) -> None:
    store.save_trace(trace(*commands), Path("t.trace"))


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ([paused(HOUR)], ()),
        ([repeated(HOUR), paused(0)], ()),
        ([paused(HOUR + 0.5)], (Confirmation((1,), LongPause(HOUR + 0.5)),)),
        ([paused(0), repeated(2 * HOUR)], (Confirmation((2,), LongPause(2 * HOUR)),)),
        ([paused(2 * HOUR), paused(1), repeated(7 * 24 * HOUR)], (Confirmation((1, 3), LongPause(7 * 24 * HOUR)),)),
    ],
)
@pytest.mark.usefixtures("home")
def test_pauses_of_more_than_an_hour_are_confirmed_together(
    commands: list[Command], expected: tuple[Confirmation, ...]
) -> None:
    recorded, aws = trace(*commands), Catalog()
    plan = planner.make_plan(recorded, [], [], aws)
    for pause in (None, 0.0, 2 * HOUR):
        found = prompts.safety_checks_here(aws, recorded, pause).required_confirmations(plan)
        assert found == (expected if pause is None else ())


def test_the_question_and_the_refusals_have_words() -> None:
    one, several = Confirmation((2,), LongPause(5400)), Confirmation((1, 2, 5), LongPause(7 * 24 * HOUR))
    assert prompts.confirmation_question(one) == (
        "Command 2 was recorded with a pause of 90 min. Wait that long? [y/N]: "
    )
    assert prompts.refusal(one, is_asked=True) == (
        "command 2 was recorded with a pause of 90 min: nothing was sent; pass -s to wait less"
    )
    assert prompts.refusal(several, is_asked=False) == (
        "commands 1..2, 5 were recorded with pauses of up to 10080 min: nothing was sent; "
        "pass -s SECONDS or --yes if that is what you want"
    )


@pytest.mark.usefixtures("home")
def test_a_dry_run_tells_a_long_pause_unless_it_does_not_apply() -> None:
    write(paused(1), paused(5400))
    assert play(*TRACE, "--dryrun").err == f"{PAUSED}: a replay asks first\n"
    for switches in (["-s", "0"], ["--only", "1"], ["--yes"]):
        assert play(*TRACE, "--dryrun", *switches).err == ""


@pytest.mark.usefixtures("aws_home")
def test_a_replay_with_a_long_pause_sends_nothing_unasked(silent: Silent) -> None:
    write(paused(0), paused(5400))
    for jobs in ("1", "4"):
        result = play(*TRACE, "--endpoint", silent.url, "--jobs", jobs)
        assert (result.code, result.out) == (2, "")
        assert result.err == f"{PAUSED}: nothing was sent; pass -s SECONDS or --yes if that is what you want\n"
    assert not silent.was_asked()


@pytest.mark.usefixtures("aws_home")
def test_a_person_is_asked_about_a_long_pause(silent: Silent) -> None:
    write(paused(5400))
    with Terminal("awstrace-play", *TRACE, "--endpoint", silent.url) as terminal:
        terminal.wait("Command 1 was recorded with a pause of 90 min. Wait that long? [y/N]: ")
        terminal.type("n\n")
        terminal.rest()
        assert terminal.code == 2
    assert not silent.was_asked()


@pytest.mark.usefixtures("aws_home")
def test_with_another_pause_nothing_is_asked(relay: Relay) -> None:
    write(paused(5400), repeated(5400))
    result = play(*TRACE, "--endpoint", relay.url, "-s", "0")
    assert (result.code, result.err) == (0, "")
    assert relay.operations == ["ListUsers"] * 2


@pytest.mark.usefixtures("aws_home")
def test_yes_agrees_to_a_long_pause(relay: Relay) -> None:
    """The first command is sent at once, and the replay then waits."""
    write(paused(0), paused(5400))
    with Terminal("awstrace-play", *TRACE, "--endpoint", relay.url, "--yes") as terminal:
        assert "[y/N]" not in terminal.wait(json.dumps("Users"))
        terminal.interrupt()
        assert "interrupted; of 2 commands: 1 done, 1 not run" in terminal.rest()
    assert relay.operations == ["ListUsers"]
