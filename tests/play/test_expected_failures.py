"""What a script's trace asks of a replay: failures that are expected, polls that are asked again, and its input."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from awstracer.aws.capture import Outcome
from awstracer.aws.catalog import Catalog
from awstracer.aws.driver import AwsCli
from awstracer.cli import replay_view
from awstracer.plan import planner
from awstracer.plan.invocation import Invocation
from awstracer.plan.model import Step
from awstracer.plan.resolver import Resolver
from awstracer.play.player import Hindrance, Player, PlayerOptions, Report, Status
from awstracer.trace import store
from awstracer.trace.model import CallError, Command, Condition, Poll
from awstracer.trace.query import evaluate
from tests.programs import Relay, aws, play, recorded, refusal, users
from tests.traces import THEN, call, command, operation, trace

pytestmark = pytest.mark.once

TRACE = ("--trace-file", "t.trace")
SAVED = ("--save-trace", "r.trace")
AWS = Catalog()
DENIED = refusal("query", "AccessDenied", "no", 403)
ABSENT = refusal("query", "NoSuchEntity", "The user with name nobody cannot be found.", 404)


def write(*entries: Any) -> None:
    """Save a trace of these commands."""
    store.save_trace(trace(*entries), Path("t.trace"))


def user(name: str) -> Command:
    return operation("iam.CreateUser", {"UserName": name}, {"User": {"UserName": name}}, ["iam", "create-user"])


def asked(name: str, code: str | None = "NoSuchEntity") -> Command:
    """A question for a user, which failed; without a code it had an answer."""
    answer = {"User": {"UserName": name, "UserId": "AIDA7XKTD3JHZQ2M5WVEC"}} if code is None else {}
    made = operation("iam.GetUser", {"UserName": name}, answer, ["iam", "get-user"])
    return made if code is None else failed(made, code)


def failed(made: Command, code: str) -> Command:
    refused = replace(made.calls[0], response=None, error=CallError(code, "m"))
    return replace(made, exit_code=254, calls=(refused,))


# --- failures


@pytest.mark.usefixtures("aws_home")
def test_what_failed_and_fails_in_the_same_way_is_done(relay: Relay) -> None:
    write(user("alice"), asked("nobody"), user("bob"))
    result = play(*TRACE, "--endpoint", relay.url)
    assert result.code == 0
    assert "awstrace-play" not in result.err
    assert "NoSuchEntity" in result.err  # as awscli prints it
    assert relay.operations == ["CreateUser", "GetUser", "CreateUser"]


@pytest.mark.usefixtures("aws_home")
def test_what_fails_in_another_way_is_a_failure(relay: Relay) -> None:
    write(asked("nobody"), user("bob"))
    relay.canned["GetUser"] = DENIED
    result = play(*TRACE, "--endpoint", relay.url)
    assert (result.code, users()) == (1, [])
    assert "awstrace-play: command 1 failed; of 2 commands: 1 failed, 1 not run" in result.err


@pytest.mark.usefixtures("aws_home")
def test_what_failed_and_succeeds_now_is_said_and_feeds_nothing(relay: Relay) -> None:
    aws("iam", "create-user", "--user-name", "nobody")
    write(asked("nobody"), user("bob"))
    result = play(*TRACE, "--endpoint", relay.url)
    said = "awstrace-play: command 1 failed when it was recorded (NoSuchEntity), and succeeds now\n"
    assert (result.code, result.err) == (0, said)


@pytest.mark.usefixtures("aws_home")
def test_an_expected_failure_is_recorded_and_gone_on_behind(relay: Relay) -> None:
    write(asked("alice"), user("alice"), asked("alice", None), user("bob"))
    relay.faults["CreateUser"] = [refusal("query", "AccessDenied", "no", 403)]
    here = (*SAVED, "--endpoint", relay.url)
    assert play(*TRACE, *here).code == 1
    assert [each["exit_code"] != 0 for each in recorded("r.trace")] == [True]
    relay.requests.clear()
    result = play(*TRACE, *here, "--resume")
    assert (result.code, relay.operations) == (0, ["CreateUser", "GetUser", "CreateUser"])
    kept = recorded("r.trace")
    assert [(each["step"], each["exit_code"] != 0) for each in kept] == [(1, True), (2, False), (3, False), (4, False)]
    aws("iam", "delete-user", "--user-name", "alice")
    aws("iam", "delete-user", "--user-name", "bob")
    again = play("--trace-file", "r.trace")
    assert (again.code, "awstrace-play" in again.err) == (0, False)


@pytest.mark.usefixtures("aws_home")
def test_what_awscli_did_not_understand_it_need_not_understand_now() -> None:
    mistyped = replace(command(["iam", "creat-user", "--user-name", "x"]), exit_code=252)
    write(mistyped, user("alice"))
    assert play(*TRACE).code == 0
    assert users() == ["alice"]


@pytest.mark.usefixtures("home")
def test_a_dry_run_tells_expected_failures_and_polls() -> None:
    poll = Poll(3, 5.0, (Condition(("User", "Path"), "/x/"),), ("NoSuchEntity",))
    waiting = replace(asked("alice", None), poll=poll)
    usage = replace(command(["iam", "wait", "user-exists"]), exit_code=252)
    write(asked("nobody"), waiting, usage, replace(asked("nobody"), poll=Poll(2, 9.0)))
    shown = play(*TRACE, "--dryrun").out.splitlines()
    assert shown[1::2] == [
        "       fails with NoSuchEntity, as it did when it was recorded: that is expected",
        "       asked again every 5 s until User.Path is /x/, for at most 10 min",
        "       fails, as it did when it was recorded: that is expected",
        "       asked again every 9 s until it fails with NoSuchEntity, for at most 10 min",
    ]
    assert "asked again every 0.2 s until User.Path" in play(*TRACE, "--dryrun", "-s", "0").out
    told = json.loads(play(*TRACE, "--dryrun", "--output", "json").out)["commands"]
    assert [each["fails"] for each in told] == ["NoSuchEntity", None, "", "NoSuchEntity"]
    assert [each["poll"] for each in told][:1] == [None]
    until = [{"path": ["User", "Path"], "is": "/x/"}]
    assert told[1]["poll"] == {"interval": 5.0, "limit": 600.0, "until": until, "failing": ["NoSuchEntity"]}


# --- polls


@dataclass
class Stage:
    """Answers in turn what it was given, the last for ever, and never sleeps; notes all that happens."""

    outcomes: list[Outcome]
    slept: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    sent: int = 0

    def replay(self, argv: Sequence[str], **_: Any) -> Outcome:
        self.sent += 1
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]

    def step_started(self, step: Step, invocation: Invocation, resolver: Resolver) -> None:
        self.said.append(f"{step.number}")

    def capture_failed(self, step: Step, faults: Sequence[str]) -> None: ...

    def retrying(self, step: Step, reason: str, seconds: float) -> None:
        self.said.append(reason)

    def poll_timed_out(self, step: Step, outcome: Outcome, printed: Any) -> None:
        self.said.append(replay_view.poll_timed_out(step, outcome, printed))

    def unexpected_success(self, step: Step) -> None:
        self.said.append(replay_view.unexpected_success(step))

    def not_sent(self, step: Step, reason: Hindrance, status: Status) -> None: ...


def answered(status: str | None, code: int = 0) -> Outcome:
    """A run of the question for a database: its state, or the error."""
    asked_for = {"DBInstanceIdentifier": "db"}
    made = call("rds.DescribeDBInstances", asked_for, {"DBInstances": [{"DBInstanceStatus": status}]})
    if code:
        made = replace(made, response=None, error=CallError(str(status), "m"))
    return Outcome(code, calls=(made,))


PRINTED = Condition((), "available")
LINE = ["rds", "describe-db-instances", "--query", "DBInstances[0].DBInstanceStatus"]
DATABASE = operation(
    "rds.DescribeDBInstances",
    {"DBInstanceIdentifier": "db"},
    {"DBInstances": [{"DBInstanceStatus": "available"}]},
    LINE,
)
WAITS = replace(DATABASE, poll=Poll(3, 5.0, (PRINTED,), ("Soon",)))


def played(made: Command, *outcomes: Outcome, pause: float | None = None) -> tuple[Report, Stage]:
    """What becomes of a command whose runs end so."""
    stage = Stage(list(outcomes))
    steps = planner.make_plan(trace(made), [], [], AWS)
    resolver = Resolver(steps, is_dry_run=False, query=evaluate)
    settings = PlayerOptions(pause=pause)
    player = Player(
        steps,
        resolver=resolver,
        aws=cast("AwsCli", stage),
        sleep=stage.slept.append,
        listener=stage,
        options=settings,
    )
    return player.play(), stage


def test_a_poll_is_asked_again_until_it_has_its_answer() -> None:
    runs = [answered("Soon", 254), answered("creating"), answered("available")]
    report, stage = played(WAITS, *runs)
    assert report.succeeded
    assert (stage.slept, stage.said, stage.sent) == ([5.0, 5.0], ["1"], 3)
    report, stage = played(WAITS, answered("available"))
    assert (report.succeeded, stage.slept) == (True, [])


def test_s_says_how_often_a_poll_is_asked() -> None:
    for pause, slept in ((0, [0.2]), (3, [3])):
        _, stage = played(WAITS, answered("creating"), answered("available"), pause=pause)
        assert stage.slept == slept


def test_a_poll_whose_answer_does_not_come_fails_with_what_it_was_at_last() -> None:
    report, stage = played(WAITS, answered("creating"))
    assert report.count(Status.FAILED) == 1
    assert sum(stage.slept) == 600
    waited = "command 1 was asked again for 10 min until DBInstances[0].DBInstanceStatus is available"
    assert stage.said == ["1", f"{waited}; at last it was creating"]
    _, stage = played(WAITS, answered("Soon", 254))
    assert stage.said[-1].endswith("until DBInstances[0].DBInstanceStatus is available; at last it failed with Soon")
    ends = replace(failed(DATABASE, "Gone"), poll=Poll(2, 100.0))
    _, stage = played(ends, answered("available"))
    assert stage.said[-1].endswith("until it fails with Gone; at last it succeeded")


def test_a_poll_that_took_long_may_take_longer() -> None:
    report, stage = played(replace(WAITS, started=THEN, ended=THEN + timedelta(minutes=5)), answered("creating"))
    assert (report.succeeded, sum(stage.slept)) == (False, 3000)


def test_another_error_ends_a_poll() -> None:
    report, stage = played(WAITS, answered("creating"), answered("Denied", 254))
    assert (report.succeeded, stage.slept, stage.sent) == (False, [5.0], 2)


@pytest.mark.usefixtures("aws_home")
def test_a_poll_shows_its_line_once_and_each_answer(relay: Relay) -> None:
    poll = Poll(3, 5.0, (Condition(("User", "UserName"), "alice"),), ("NoSuchEntity",))
    write(user("alice"), replace(asked("alice", None), poll=poll), user("bob"))
    relay.faults["GetUser"] = [ABSENT, ABSENT]
    result = play(*TRACE, *SAVED, "--endpoint", relay.url, "-s", "0", "--settle", "0")
    assert result.code == 0
    assert relay.operations == ["CreateUser", "GetUser", "GetUser", "GetUser", "CreateUser"]
    assert (len(result.lines), result.err.count("NoSuchEntity")) == (3, 2)
    assert store.load_trace(Path("r.trace")).commands[1].poll == poll


# --- input


def test_a_command_reads_what_it_read_when_it_was_recorded(aws_home: Path, relay: Relay) -> None:
    aws("s3api", "create-bucket", "--bucket", "bkt")
    files: Mapping[str, str | bytes] = {"-": b"\xff\x00 content"}
    copied = replace(command(["s3", "cp", "-", "s3://bkt/k"]), files=files)
    write(copied, command(["s3", "cp", "s3://bkt/k", "out"]))
    assert (
        "(this line cannot express its input exactly; a replay sends the exact value)" in play(*TRACE, "--dryrun").out
    )
    assert play(*TRACE, "--endpoint", relay.url).code == 0
    assert Path("out").read_bytes() == files["-"]
