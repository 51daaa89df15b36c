"""Traces from somebody else, and answers, do nothing here unasked: a sample of `benchmarks.hostile_traces`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from awstracer.aws.catalog import Catalog
from awstracer.aws.custom_commands import HARMLESS
from benchmarks import hostile_traces as hostile
from benchmarks.watched_replay import CLOUD, LISTENER, RECORDED, Case, play, prepared

pytestmark = pytest.mark.once

COUNT, SEED = 25, 7


@pytest.fixture(scope="module")
def offered() -> Iterator[Catalog]:
    with prepared() as catalog:
        yield catalog


def test_no_trace_gets_through_unasked(offered: Catalog) -> None:
    cases = list(hostile.hostile(hostile.commands_of(offered)))
    for case in hostile.sample(cases, COUNT, SEED):
        assert (play(case).effects, str(case)) == ([], str(case))


@pytest.mark.usefixtures("offered")
@pytest.mark.parametrize("twin", hostile.twins()[::6], ids=lambda twin: " ".join(twin.command))
def test_a_harmless_line_is_played_without_a_question(twin: Case) -> None:
    ending = play(twin)
    assert (ending.how, ending.effects) == ("played", [])


def test_each_harmless_command_has_a_twin() -> None:
    assert {twin.command for twin in hostile.twins()} == set(HARMLESS)


@pytest.mark.usefixtures("offered")
@pytest.mark.parametrize(
    ("line", "effect"),
    [
        ("s3 cp ../outside/canary.json s3://bkt/x", "sent the canary"),
        ("s3 cp s3://bkt/x .hidden/new", "wrote "),
        ("s3 cp s3://bkt/x deep/../../new", "wrote "),
        ("s3 mv site/x s3://bkt/x", "os.remove "),
        (f"s3 ls s3://bkt --endpoint-url {LISTENER}", f"reached {LISTENER}"),
        ("s3 ls s3://bkt --profile evil", f"reached {CLOUD}"),
        ("s3 ls s3://bkt --no-sign-request", "sent without a signature"),
        ("emr ssh --cluster-id j-1 --key-pair-file site/x --command x", "subprocess.Popen "),
        ("s3 cp help", "subprocess.Popen "),
    ],
)
def test_what_a_person_agrees_to_is_seen(line: str, effect: str) -> None:
    case = Case((), tuple(line.split()), endpoint=" --" not in line or "emr" in line)
    asked, agreed = play(case), play(case, "--yes")
    assert (asked.how, asked.effects) == ("asked", [])
    assert [each for each in agreed.effects if each.startswith(effect)] != []


@pytest.mark.usefixtures("offered")
@pytest.mark.parametrize(("answer", "how"), [("part-1b2c3d", "played"), ("../outside/canary.json", "refused")])
def test_an_answer_reaches_the_line(answer: str, how: str) -> None:
    line = ("s3", "cp", "s3://bkt/x", RECORDED)
    assert play(Case((), line, answer=answer)).how == how
