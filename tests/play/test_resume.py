"""Replays that are recorded themselves: what is written down, and how an unfinished one is gone on with."""

from __future__ import annotations

import json
import shlex
import stat
from collections.abc import Sequence
from pathlib import Path

import jsonschema
import pytest

from awstracer.aws.capture import Outcome
from awstracer.aws.catalog import Catalog
from awstracer.cli import replay_view
from awstracer.plan import planner
from awstracer.plan.resolver import Resolver
from awstracer.play.resume import load_progress, to_command
from awstracer.relations.deriver import derive
from awstracer.relations.model import Relation
from awstracer.trace import store
from awstracer.trace.model import Trace
from awstracer.trace.query import evaluate
from tests import programs
from tests.programs import Relay, Result, Silent, Terminal, Trouble, aws, play, rec, recorded
from tests.traces import THEN, operation, trace

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("aws_home")]

TRACE = ("--trace-file", "t.trace")
SAVED = ("--save-trace", "r.trace")
SCHEMA = json.loads((Path(store.__file__).parent / "schema.json").read_text(encoding="utf-8"))
DENIED = Trouble(403, b"<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>")
OTHER_ACCOUNT = Trouble(
    200,
    b"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>999999999999</Account>"
    b"</GetCallerIdentityResult></GetCallerIdentityResponse>",
)
ALLOW = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}'
NETWORK = ["CreateVpc", "CreateSubnet", "CreateSecurityGroup", "CreateTags"]


VPC = "vpc-0a1b2c3d4e5f60718"


@pytest.fixture
def network(aws_home: Path) -> None:
    """A trace of a network."""
    made = {"Vpc": {"VpcId": VPC, "CidrBlock": "10.9.0.0/16", "OwnerId": "123456789012"}}
    subnet = {"Subnet": {"SubnetId": "subnet-0a1b2c3d4e5f60718", "VpcId": VPC, "CidrBlock": "10.9.1.0/24"}}
    group = {"GroupName": "web", "Description": "d", "VpcId": VPC}
    tags = {"Resources": [VPC], "Tags": [{"Key": "Name", "Value": "blue"}]}
    query = ["--query", "Vpc.VpcId", "--output", "text"]
    commands = trace(
        operation("ec2.CreateVpc", {"CidrBlock": "10.9.0.0/16"}, made, ["ec2", "create-vpc", *query]),
        operation("ec2.CreateSubnet", {"VpcId": VPC, "CidrBlock": "10.9.1.0/24"}, subnet, ["ec2", "create-subnet"]),
        operation(
            "ec2.CreateSecurityGroup",
            group,
            {"GroupId": "sg-0a1b2c3d4e5f60718"},
            ["ec2", "create-security-group"],
        ),
        operation("ec2.CreateTags", tags, {}, ["ec2", "create-tags"]),
    )
    store.save_trace(commands, Path("t.trace"))


def cloud() -> list[object]:
    """What is in the cloud, less what is minted there."""
    (vpc,) = [each for each in aws("ec2", "describe-vpcs")["Vpcs"] if each["CidrBlock"] == "10.9.0.0/16"]
    here = ("--filters", f"Name=vpc-id,Values={vpc['VpcId']}")
    subnets = aws("ec2", "describe-subnets", *here)["Subnets"]
    groups = aws("ec2", "describe-security-groups", *here)["SecurityGroups"]
    return [vpc["Tags"], [each["CidrBlock"] for each in subnets], sorted(each["GroupName"] for each in groups)]


WHOLE = [[{"Key": "Name", "Value": "blue"}], ["10.9.1.0/24"], ["default", "web"]]


def refused(result: Result) -> str:
    """The one line in which a replay was refused."""
    assert (result.code, result.out) == (2, "")
    (line,) = result.err.splitlines()
    return line.removeprefix("awstrace-play: ")


def steps(path: str = "r.trace") -> list[int]:
    """The numbers of the commands that a replay has recorded as done."""
    return [command["step"] for command in recorded(path)]


def related(trace: Trace) -> list[Relation]:
    return derive(trace, evaluate, Catalog())


# --- what is recorded


@pytest.mark.usefixtures("network")
def test_a_replay_is_recorded_as_a_trace_that_does_the_same(server: str) -> None:
    result = play(*TRACE, *SAVED, "-p", "group-name", "db")
    assert (result.code, result.err) == (0, "")
    path = Path("r.trace")
    document = json.loads(path.read_text())
    jsonschema.validate(document, SCHEMA)
    assert document["recorded"]["account"] == "123456789012"
    assert document["recorded"]["region"] == "us-east-1"
    assert steps() == [1, 2, 3, 4]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not Path("r.trace.journal").exists()
    assert related(store.load_trace(path)) == related(store.load_trace(Path("t.trace")))
    assert [["(play)", "aws", *command["argv"]] for command in recorded(path)] == [
        shlex.split(line) for line in result.lines
    ]
    programs.reset(server)
    again = play("--trace-file", path, "-p", "group-name", "web")
    assert (again.code, again.err) == (0, "")
    assert cloud() == WHOLE


def test_custom_commands_and_files_are_recorded_too() -> None:
    Path("f").write_text("content")
    Path("policy.json").write_text(ALLOW)
    lines = [
        "aws s3 mb s3://bkt",
        "aws s3 cp f s3://bkt/k",
        "aws s3api get-object --bucket bkt --key k out.bin --output text --query ContentLength",
        "aws iam create-policy --policy-name p --policy-document file://policy.json",
    ]
    assert rec(*TRACE, "-n", lines=lines).code == 0
    assert play(*TRACE, *SAVED, "-f", "-p", "policy-name", "q").code == 0
    assert steps() == [1, 2, 3, 4]
    first, second = (play("--trace-file", path, "--dryrun") for path in ("t.trace", "r.trace"))
    assert second.out == first.out.replace("--policy-name p", "--policy-name q")


@pytest.mark.parametrize("left", ["r.trace", "r.trace.journal"])
@pytest.mark.usefixtures("network")
def test_a_file_that_exists_is_not_written_over(relay: Relay, left: str) -> None:
    Path(left).write_text("mine")
    line = refused(play(*TRACE, *SAVED, "--endpoint", relay.url))
    assert line.endswith(f"{left} exists: add --resume to continue that replay, or name another file")
    assert Path(left).read_text() == "mine"
    assert relay.requests == []


@pytest.mark.parametrize("switches", [["--resume"], [*SAVED, "--dryrun"]])
@pytest.mark.usefixtures("network")
def test_switches_that_do_not_go_together_are_refused(switches: Sequence[str]) -> None:
    result = play(*TRACE, *switches)
    assert (result.code, result.out) == (2, "")
    assert "--save-trace" in result.err


# --- going on


@pytest.mark.usefixtures("network")
def test_a_replay_that_failed_is_gone_on_with_where_it_failed(relay: Relay) -> None:
    here = (*TRACE, *SAVED, "--endpoint", relay.url)
    relay.canned["CreateSecurityGroup"] = DENIED
    assert play(*here).code == 1
    assert steps() == [1, 2]
    for _ in range(2):  # the failure doesn't go away by itself
        relay.requests.clear()
        result = play(*here, "--resume")
        assert (result.code, relay.operations) == (1, ["CreateSecurityGroup"])
    relay.requests.clear()
    relay.canned.clear()
    result = play(*here, "--resume")
    assert (result.code, result.err) == (0, "awstrace-play: commands 1..2 were done before; going on with 3\n")
    assert relay.operations == NETWORK[2:]
    assert len(result.lines) == 2
    assert steps() == [1, 2, 3, 4]
    assert cloud() == WHOLE
    relay.requests.clear()
    result = play(*here, "--resume")
    assert (result.code, result.out) == (0, "")
    assert result.err == "awstrace-play: commands 1..4 were done before; none is left\n"
    assert relay.operations == []


def hanging(silent: Silent, number: int) -> None:
    """Have a command of the trace wait for an answer for ever."""
    document = json.loads(Path("t.trace").read_text())
    document["commands"][number - 1]["argv"] += ["--endpoint-url", silent.url]
    Path("t.trace").write_text(json.dumps(document))


@pytest.mark.parametrize("number", [1, 3, 4])
@pytest.mark.usefixtures("network")
def test_a_killed_replay_is_gone_on_with_and_nothing_is_done_twice(
    relay: Relay, silent: Silent, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", relay.url)
    hanging(silent, number)
    with Terminal("awstrace-play", *TRACE, *SAVED, "--yes") as replay:
        silent.wait()
        replay.send_signal(9)
        replay.rest()
    assert not Path("r.trace").exists()
    assert stat.S_IMODE(Path("r.trace.journal").stat().st_mode) == 0o600
    assert play(*TRACE, *SAVED, "--endpoint", relay.url, "--resume", "--yes").code == 0
    assert relay.operations == NETWORK
    assert steps() == [1, 2, 3, 4]
    assert not Path("r.trace.journal").exists()
    assert cloud() == WHOLE


@pytest.mark.usefixtures("network")
def test_a_replay_that_failed_and_then_was_killed_is_gone_on_with(
    relay: Relay, silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", relay.url)
    relay.canned["CreateSubnet"] = DENIED
    assert play(*TRACE, *SAVED).code == 1
    relay.canned.clear()
    relay.requests.clear()
    hanging(silent, 4)
    with Terminal("awstrace-play", *TRACE, *SAVED, "--yes", "--resume") as replay:
        silent.wait()
        replay.send_signal(9)
        replay.rest()
    assert steps() == [1]
    assert play(*TRACE, *SAVED, "--endpoint", relay.url, "--resume", "--yes").code == 0
    assert relay.operations == NETWORK[1:]
    assert steps() == [1, 2, 3, 4]
    assert cloud() == WHOLE


@pytest.mark.usefixtures("network")
def test_an_interrupted_replay_is_saved_and_gone_on_with(
    relay: Relay, silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", relay.url)
    hanging(silent, 3)
    with Terminal("awstrace-play", *TRACE, *SAVED, "--yes") as replay:
        silent.wait()
        replay.interrupt()
        replay.rest()
        assert replay.code == 130
    assert steps() == [1, 2]
    assert play(*TRACE, *SAVED, "--endpoint", relay.url, "--resume", "--yes").code == 0
    assert relay.operations == NETWORK
    assert cloud() == WHOLE


def test_what_failed_or_was_skipped_with_f_is_run_on_resuming(relay: Relay) -> None:
    store.save_trace(
        trace(*(["iam.CreateUser", {"UserName": name}, {}] for name in ("alice", "bob", "carol"))), Path("t.trace")
    )
    aws("iam", "create-user", "--user-name", "bob")
    here = (*TRACE, *SAVED, "--endpoint", relay.url, "-f")
    assert play(*here).code == 1
    assert steps() == [1, 3]
    aws("iam", "delete-user", "--user-name", "bob")
    relay.requests.clear()
    result = play(*here, "--resume")
    assert result.err == "awstrace-play: commands 1, 3 were done before; going on with 2\n"
    assert relay.operations == ["CreateUser"]
    assert steps() == [1, 3, 2]
    assert [each["UserName"] for each in aws("iam", "list-users")["Users"]] == ["alice", "carol", "bob"]


# --- what is not gone on with


@pytest.fixture
def unfinished(network: None, relay: Relay) -> tuple[str, ...]:
    """The switches of a replay that failed in the middle."""
    here = (*TRACE, *SAVED, "--endpoint", relay.url, "-p", "2.cidr-block", "10.9.2.0/24")
    relay.canned["CreateSecurityGroup"] = DENIED
    assert play(*here).code == 1
    relay.canned.clear()
    relay.requests.clear()
    return here


def test_another_account_is_refused(unfinished: tuple[str, ...], relay: Relay) -> None:
    relay.canned["GetCallerIdentity"] = OTHER_ACCOUNT
    line = refused(play(*unfinished, "--resume"))
    assert line == "cannot resume: the account of the earlier replay is 123456789012, and now it is 999999999999"
    assert relay.operations == []


def test_another_region_is_refused(unfinished: tuple[str, ...], relay: Relay) -> None:
    line = refused(play(*unfinished, "--resume", "--region", "eu-west-1"))
    assert line == "cannot resume: the region of the earlier replay is us-east-1, and now it is eu-west-1"
    assert relay.operations == []


def test_other_overrides_are_refused(unfinished: tuple[str, ...], relay: Relay) -> None:
    line = refused(play(*unfinished[:-1], "10.9.3.0/24", "--resume"))
    assert line.startswith("cannot resume: the earlier replay sent command 2 with another CidrBlock: ")
    assert relay.operations == []


def test_what_is_no_replay_of_the_trace_is_refused(unfinished: tuple[str, ...], relay: Relay) -> None:
    aws_switches = ("--endpoint", relay.url, "--resume")
    line = refused(play(*TRACE, "--save-trace", "new.trace", *aws_switches))
    assert line == "new.trace does not exist, so there is no replay to resume: leave --resume out to begin one"
    line = refused(play(*TRACE, "--save-trace", "t.trace", *aws_switches))
    assert line == "cannot resume: the file was not written by --save-trace"
    store.save_trace(trace(["iam.ListUsers", {}, {}]), Path("u.trace"))
    line = refused(play("--trace-file", "u.trace", *SAVED, *aws_switches))
    assert line == "cannot resume: the earlier replay was of another trace, with another command 2"
    assert relay.operations == []


def test_what_awscli_makes_up_each_time_is_no_difference() -> None:
    line = ["cloudfront", "create-invalidation", "--distribution-id", "E1", "--paths", "/a"]
    batch = {"Paths": {"Quantity": 1, "Items": ["/a"]}, "CallerReference": "cli-1-1"}
    request = {"DistributionId": "E1", "InvalidationBatch": batch}
    invalidation = trace(operation("cloudfront.CreateInvalidation", request, {}, line))
    first, second = (planner.make_plan(invalidation, [], [], Catalog()) for _ in range(2))
    (step,) = first.steps
    invocation = Resolver(first, is_dry_run=False, query=evaluate).invocation(step)
    assert (
        invocation.parameters
        != Resolver(second, is_dry_run=False, query=evaluate).invocation(second.steps[0]).parameters
    )
    done = to_command(step, invocation, Outcome(0, calls=step.command.calls), THEN, THEN)
    assert load_progress([done], Resolver(second, is_dry_run=False, query=evaluate)).keys() == {1}


def test_ranges_are_told_briefly() -> None:
    for done, expected in {
        (): "no command was done before; going on with 1",
        (1,): "command 1 was done before; going on with 2",
        (1, 2, 3, 5, 7, 8): "commands 1..3, 5, 7..8 were done before; going on with 4",
    }.items():
        assert replay_view.resuming(done, 9) == expected
