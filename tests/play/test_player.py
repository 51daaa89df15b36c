"""Replays: how they end, what they send, how overrides are read, and traces of awstracer 1.3."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from awstracer.aws.capture import Outcome
from awstracer.aws.catalog import Catalog
from awstracer.aws.driver import AwsCli
from awstracer.cli import play_command
from awstracer.plan import planner
from awstracer.plan.invocation import Invocation
from awstracer.plan.model import Step
from awstracer.plan.resolver import Resolver
from awstracer.play.player import Hindrance, Player, PlayerOptions, Status
from awstracer.relations import deriver
from awstracer.trace import store
from awstracer.trace.model import Command
from awstracer.trace.query import evaluate
from tests.programs import BIN, COLOUR, Relay, Result, Silent, Terminal, aws, play, rec, users
from tests.traces import command, operation, trace

pytestmark = pytest.mark.once

OLD = Path(__file__).parent.parent / "traces-1.3"
TRACE = ("--trace-file", "t.trace")
ALLOW = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}'


def write(*entries: Any) -> None:
    """Save a trace of these commands."""
    store.save_trace(trace(*entries), Path("t.trace"))


def user(name: str, pause: float = 0.0) -> Command:
    """A command that made a user."""
    return operation(
        "iam.CreateUser",
        {"UserName": name},
        {"User": {"UserName": name, "Arn": f"arn:aws:iam::123456789012:user/{name}"}},
        pause=pause,
    )


def policy(name: str) -> Command:
    """A command that made a policy."""
    arn = f"arn:aws:iam::123456789012:policy/{name}"
    return operation(
        "iam.CreatePolicy",
        {"PolicyName": name, "PolicyDocument": ALLOW},
        {"Policy": {"PolicyName": name, "Arn": arn, "PolicyId": "ANPA7XKTD3JHZQ2M5WVEC"}},
    )


def attached(name: str, to: str) -> Command:
    """A command that attached a policy to a user."""
    arn = f"arn:aws:iam::123456789012:policy/{name}"
    return operation("iam.AttachUserPolicy", {"UserName": to, "PolicyArn": arn}, {})


def told(result: Result) -> list[str]:
    """What the player itself said on stderr."""
    return [line for line in result.err.splitlines() if line.startswith("awstrace-play: ")]


def refused(result: Result) -> str:
    """The one line in which a replay was refused."""
    assert (result.code, result.out) == (2, "")
    (line,) = result.err.splitlines()
    assert line.startswith("awstrace-play: ")
    return line


# --- how a replay ends


@pytest.mark.usefixtures("aws_home")
def test_a_replay_without_failures_says_nothing_of_its_own() -> None:
    write(user("alice"), user("bob"))
    result = play(*TRACE)
    assert (result.code, result.err) == (0, "")
    assert result.lines == [
        "(play) aws iam create-user --user-name alice",
        "(play) aws iam create-user --user-name bob",
    ]
    assert [answer["User"]["UserName"] for answer in result.answers] == ["alice", "bob"]


@pytest.mark.usefixtures("aws_home")
def test_a_replay_stops_at_the_first_failure_and_says_so() -> None:
    write(user("alice"), user("alice"), user("bob"))
    result = play(*TRACE)
    assert result.code == 1
    assert len(result.lines) == 2
    assert "EntityAlreadyExists" in result.err
    (summary,) = told(result)
    assert "command 2 failed" in summary
    assert "1 not run" in summary
    assert users() == ["alice"]


@pytest.mark.usefixtures("aws_home")
def test_in_the_end_all_that_failed_are_named() -> None:
    write(user("alice"), user("alice"), user("alice"))
    assert told(play(*TRACE, "-f"))[-1] == "awstrace-play: commands 2, 3 failed; of 3 commands: 1 done, 2 failed"
    write(user("alice"))
    assert told(play(*TRACE))[-1] == "awstrace-play: command 1 failed; of 1 command: 1 failed"


@pytest.mark.usefixtures("aws_home")
def test_f_goes_on_and_skips_what_needs_a_failed_commands_answer(relay: Relay) -> None:
    aws("iam", "create-policy", "--policy-name", "p1", "--policy-document", ALLOW)
    write(policy("p1"), user("alice"), attached("p1", "alice"), user("bob"))
    result = play(*TRACE, "-f", "--endpoint", relay.url)
    assert result.code == 1
    assert relay.operations == ["CreatePolicy", "CreateUser", "CreateUser"]
    assert len(result.lines) == 3
    skipped, summary = told(result)
    assert "command 3 is skipped" in skipped
    assert "command 1" in skipped
    assert "command 1 failed" in summary
    assert "1 skipped" in summary


@pytest.mark.usefixtures("aws_home")
def test_a_command_whose_answer_lacks_a_value_is_followed_by_no_stale_one(relay: Relay) -> None:
    found = {"Vpcs": [{"VpcId": "vpc-0a1b2c3d4e5f60718", "CidrBlock": "10.9.0.0/16"}]}
    write(
        operation("ec2.DescribeVpcs", {"Filters": [{"Name": "tag:net", "Values": ["blue"]}]}, found),
        operation("ec2.CreateSubnet", {"VpcId": "vpc-0a1b2c3d4e5f60718", "CidrBlock": "10.9.1.0/24"}, {}),
    )
    result = play(*TRACE, "--endpoint", relay.url)
    assert result.code == 1
    assert relay.operations == ["DescribeVpcs"]
    assert any("command 2 is not sent" in line and "Vpcs[0]" in line for line in told(result))


@pytest.mark.usefixtures("aws_home")
def test_ctrl_c_during_a_command_ends_the_replay(silent: Silent) -> None:
    write(*(operation("iam.CreateUser", {"UserName": name}, {}) for name in ("alice", "bob")))
    with interruptible(*TRACE, "--endpoint", silent.url) as replay:
        silent.wait()
        replay.interrupt()
        shown = replay.rest()
        assert replay.code == 130
    assert Path("out").read_text().strip() == "(play) aws iam create-user --user-name alice"
    assert "awstrace-play: interrupted" in shown
    assert "1 not run" in shown
    assert "Traceback" not in shown


@pytest.mark.usefixtures("aws_home")
def test_ctrl_c_during_a_pause_ends_the_replay() -> None:
    write(user("alice"), user("alice"), user("bob", pause=3_000))
    with interruptible(*TRACE, "-f") as replay:
        replay.wait("EntityAlreadyExists")
        replay.interrupt()
        shown = replay.rest()
        assert replay.code == 130
    assert "awstrace-play: interrupted" in shown
    assert "Traceback" not in shown
    assert users() == ["alice"]


def test_where_interrupts_are_ignored_they_stay_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with play_command._InterruptFlag() as interrupt:
            signal.raise_signal(signal.SIGINT)
        assert not interrupt.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupt_that_got_lost_ends_the_replay_all_the_same() -> None:
    stage = Stage()
    recorded = trace(command(["one"]), command(["two"]))
    steps = planner.make_plan(recorded, [], [], stage)
    known = Resolver(steps, is_dry_run=False, query=evaluate)
    settings = PlayerOptions(pause=5)
    player = Player(
        steps,
        resolver=known,
        aws=cast("AwsCli", stage),
        sleep=stage.sleep,
        listener=stage,
        options=settings,
        interrupted=lambda: bool(stage.asked),
    )
    assert player.play().interrupted
    assert stage.asked == ["one"]


def interruptible(*args: str) -> Terminal:
    """A replay at a terminal, which shows its stderr only; stdout goes to a file."""
    return Terminal("/bin/sh", "-c", 'exec "$@" > out', "sh", BIN / "awstrace-play", *args)


# --- pauses


class Stage:
    """Runs nothing, sleeps never, and notes what it is asked to do; commands named `fail` fail."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)

    def replay(self, argv: Sequence[str], **_: Any) -> Outcome:
        self.asked.append(argv[0])
        return Outcome(1 if argv[0] == "fail" else 0)

    def step_started(self, step: Step, invocation: Invocation, resolver: Resolver) -> None: ...

    def capture_failed(self, step: Step, faults: Sequence[str]) -> None: ...

    def retrying(self, step: Step, reason: str, seconds: float) -> None: ...

    def poll_timed_out(self, step: Step, outcome: Outcome, printed: Any) -> None: ...

    def unexpected_success(self, step: Step) -> None: ...

    def not_sent(self, step: Step, reason: Hindrance, status: Status) -> None: ...

    def operation_command(self, *_: Any) -> Any:
        raise AssertionError("there are only custom commands")

    read_option = check = operation_command

    def check_line(self, number: int, argv: Sequence[str]) -> None: ...

    def global_options(self) -> Mapping[str, bool]:
        return {}


def asked(settings: PlayerOptions, **pauses: float) -> list[object]:
    """What is run and slept when commands with these names and recorded pauses are played."""
    stage = Stage()
    recorded = trace(*(replace(command([name]), pause=pause) for name, pause in pauses.items()))
    steps = planner.make_plan(recorded, deriver.derive(recorded, evaluate, Catalog()), [], stage)
    known = Resolver(steps, is_dry_run=False, query=evaluate)
    Player(steps, resolver=known, aws=cast("AwsCli", stage), sleep=stage.sleep, listener=stage, options=settings).play()
    return stage.asked


def test_recorded_pauses_are_kept() -> None:
    assert asked(PlayerOptions(), a=0, b=0.3, c=0) == ["a", 0.3, "b", "c"]


def test_s_replaces_the_recorded_pauses() -> None:
    assert asked(PlayerOptions(pause=0.2), a=5, b=0.3, c=0) == ["a", 0.2, "b", 0.2, "c"]
    assert asked(PlayerOptions(pause=0), a=5, b=0.3, c=0) == ["a", "b", "c"]


def test_nothing_is_waited_for_after_the_last_failure() -> None:
    assert asked(PlayerOptions(), a=0, fail=0.3, c=9) == ["a", 0.3, "fail"]
    assert asked(PlayerOptions(keep_going=True), a=0, fail=0.3, c=9) == ["a", 0.3, "fail", 9, "c"]


@pytest.mark.usefixtures("aws_home")
def test_a_recorded_pause_of_hours_can_be_left_out() -> None:
    write(user("alice"), user("bob", pause=100_000))
    assert play(*TRACE, "-s", "0").code == 0
    assert users() == ["alice", "bob"]


# --- what is shown besides


@pytest.mark.usefixtures("home")
def test_d_tells_relations_on_stderr_only() -> None:
    write(policy("p1"), user("alice"), attached("p1", "alice"))
    plain, debug = play(*TRACE, "--dryrun"), play(*TRACE, "--dryrun", "-d")
    assert (plain.code, plain.err) == (0, "")
    assert (debug.code, debug.out) == (0, plain.out)
    told = debug.err.splitlines()
    assert any("PolicyArn" in line and "Policy.Arn" in line for line in told)
    assert any("command 3" in line and "UserName" in line for line in told)


@pytest.mark.usefixtures("aws_home")
def test_only_what_the_switches_say_takes_the_place_of_recorded_global_options(relay: Relay) -> None:
    line = "ec2 describe-vpcs --query Vpcs[].OwnerId --region eu-west-1 --output text --profile nobody"
    write(operation("ec2.DescribeVpcs", {}, {"Vpcs": []}, argv=line.split(" ")))
    folder = Path(".aws")
    folder.mkdir()
    (folder / "credentials").write_text("[somebody]\naws_access_key_id = SOMEBODY\naws_secret_access_key = secret\n")
    result = play(*TRACE, "--profile", "somebody", "--region", "us-west-2", "--endpoint", relay.url)
    assert (result.code, result.err) == (0, "awstrace-play: recorded in us-east-1; playing in us-west-2\n")
    assert result.out == ("(play) aws ec2 describe-vpcs --query 'Vpcs[].OwnerId' --output text\n123456789012\n")
    (request,) = relay.played
    assert (request.key, request.region) == ("SOMEBODY", "us-west-2")


@pytest.mark.usefixtures("aws_home")
def test_global_options_stay_before_the_word_behind_which_awscli_takes_none(relay: Relay) -> None:
    write(command(["s3", "--region", "eu-west-1", "mb", "--", "s3://bkt"]))
    result = play(*TRACE, "--endpoint", relay.url)
    assert (result.code, result.lines) == (0, ["(play) aws s3 mb --region eu-west-1 -- s3://bkt"])
    assert relay.played[0].region == "eu-west-1"


@pytest.mark.parametrize("seconds", ["many", "-1", "nan", "inf", "604801", "9.2e9"])
@pytest.mark.usefixtures("home")
def test_a_time_that_can_not_be_waited_is_refused(seconds: str) -> None:
    write(user("alice"))
    result = play(*TRACE, "--dryrun", f"-s={seconds}")
    assert (result.code, result.out) == (2, "")
    assert f"{seconds} is not a number of seconds" in result.err


@pytest.mark.parametrize("switches", [["--dryrun"], []])
@pytest.mark.usefixtures("aws_home")
def test_a_reader_that_has_seen_enough_is_no_traceback(switches: list[str]) -> None:
    """`awstrace-play ... | head -1`."""
    write(*(user(name) for name in ("alice", "bob")))
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [BIN / "awstrace-play", *TRACE, *switches], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


# --- overrides


@pytest.mark.usefixtures("aws_home")
def test_an_unknown_name_is_refused_with_the_closest(relay: Relay) -> None:
    write(user("alice"), policy("p1"))
    line = refused(play(*TRACE, "--endpoint", relay.url, "-p", "user-nam", "tu"))
    assert "user-nam;" in line
    assert "user-name" in line
    line = refused(play(*TRACE, "--endpoint", relay.url, "-p", "2.policy-nme", "tp"))
    assert "2.policy-name" in line
    line = refused(play(*TRACE, "--endpoint", relay.url, "-p", "2.user-name", "tu"))
    assert "2.user-name" in line
    assert relay.requests == []


@pytest.mark.usefixtures("aws_home")
def test_a_name_with_several_values_is_refused_until_one_is_picked(relay: Relay) -> None:
    write(policy("p1"), user("alice"), user("bob"), attached("p1", "alice"), attached("p1", "bob"))
    line = refused(play(*TRACE, "--endpoint", relay.url, "-p", "user-name", "tu"))
    assert "2.user-name" in line
    assert "alice" in line
    assert "3.user-name" in line
    assert "bob" in line
    assert relay.requests == []
    result = play(*TRACE, "-p", "2.user-name", "tu")
    assert (result.code, result.err) == (0, "")
    assert users() == ["tu", "bob"]
    assert [line.rpartition(" --user-name ")[2] for line in result.lines[3:]] == ["tu", "bob"]


@pytest.mark.usefixtures("home")
def test_a_name_can_be_spelled_as_the_api_spells_it() -> None:
    write(user("alice"), attached("p1", "alice"))
    for name in ("UserName", "user-name", "1.UserName"):
        assert play(*TRACE, "--dryrun", "-p", name, "tu").lines == [
            "(play) aws iam create-user --user-name tu",
            "(play) aws iam attach-user-policy --policy-arn arn:aws:iam::123456789012:policy/p1 --user-name tu",
        ]


ITEM = {"Artist": {"S": "No One You Know"}}


def table_and_scan() -> None:
    """Save a trace whose parameters are of many types."""
    write(
        operation(
            "dynamodb.CreateTable",
            {
                "TableName": "Music",
                "AttributeDefinitions": [{"AttributeName": "Artist", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "Artist", "KeyType": "HASH"}],
                "ProvisionedThroughput": {"ReadCapacityUnits": 10, "WriteCapacityUnits": 5},
                "DeletionProtectionEnabled": True,
            },
            {},
        ),
        operation("dynamodb.PutItem", {"TableName": "Music", "Item": ITEM}, {}),
        operation("dynamodb.Scan", {"TableName": "Music", "Limit": 10, "ConsistentRead": True}, {}),
        operation("dynamodb.TagResource", {"ResourceArn": "arn:x", "Tags": [{"Key": "a", "Value": "b"}]}, {}),
    )


@pytest.mark.usefixtures("aws_home")
def test_values_are_read_as_the_cli_reads_them(relay: Relay) -> None:
    table_and_scan()
    other = {"Artist": {"S": "Acme Band"}, "Awards": {"N": "1"}}
    Path("item.json").write_text(json.dumps(other))
    overrides = {
        "attribute-definitions": '[{"AttributeName": "Artist", "AttributeType": "S"}]',
        "provisioned-throughput": "ReadCapacityUnits=7,WriteCapacityUnits=8",
        "deletion-protection-enabled": "false",
        "item": "file://item.json",
        "limit": "3",
        "ConsistentRead": "false",
    }
    params = [word for name, value in overrides.items() for word in ("-p", name, value)]
    result = play(*TRACE, "-f", "--endpoint", relay.url, *params)
    create, put, scan, tag = (request.members for request in relay.played)
    assert create["AttributeDefinitions"] == [{"AttributeName": "Artist", "AttributeType": "S"}]
    assert create["ProvisionedThroughput"] == {"ReadCapacityUnits": 7, "WriteCapacityUnits": 8}
    assert create["DeletionProtectionEnabled"] is False
    assert put["Item"] == other
    assert scan == {"TableName": "Music", "Limit": 3, "ConsistentRead": False}
    assert tag["Tags"] == [{"Key": "a", "Value": "b"}]
    assert "--no-deletion-protection-enabled" in result.lines[0]
    assert "--provisioned-throughput ReadCapacityUnits=7,WriteCapacityUnits=8" in result.lines[0]
    assert "--item file://item.json" in result.lines[1]
    assert "--no-consistent-read" in result.lines[2]
    assert "--limit 3" in result.lines[2]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("limit", "many"),
        ("consistent-read", "maybe"),
        ("item", "{"),
        ("item", "file://missing.json"),
        ("provisioned-throughput", "ReadCapacityUnits=many"),
        ("provisioned-throughput", "Speed=7"),
    ],
)
@pytest.mark.usefixtures("aws_home")
def test_a_value_that_the_cli_would_refuse_is_refused(silent: Silent, name: str, text: str) -> None:
    table_and_scan()
    line = refused(play(*TRACE, "--endpoint", silent.url, "-p", name, text))
    assert name in line
    assert text in line
    assert not silent.was_asked()


@pytest.mark.usefixtures("home")
def test_a_replay_line_does_the_same_in_a_shell() -> None:
    """What is shown can be pasted, whatever is in the values."""
    odd = """it's "$HOME" `id` \\ * ; é"""
    write(operation("ssm.PutParameter", {"Name": "-n", "Value": odd, "Type": "String"}, {}))
    (line,) = play(*TRACE, "--dryrun").lines
    shell = subprocess.run(
        "printf '%s|' " + line.removeprefix("(play) "), shell=True, capture_output=True, text=True, check=True
    )
    assert shell.stdout.split("|") == [
        "aws",
        "ssm",
        "put-parameter",
        "--name=-n",
        "--type",
        "String",
        "--value",
        odd,
        "",
    ]


# --- traces that awstracer 1.3 recorded


OLD_COMMANDS = {
    "dynamodb-music": ["dynamodb create-table", "dynamodb put-item"],
    "iam-user-policy": [
        "iam create-user",
        "iam create-policy",
        "iam attach-user-policy",
        "iam list-attached-user-policies",
    ],
    "integer-parameter": ["sqs receive-message"],
    "isoformat-key-in-user-data": ["lambda tag-resource"],
    "step-functions": ["iam create-role", "stepfunctions create-state-machine", "stepfunctions start-execution"],
    "two-queues": ["sqs create-queue"] * 2 + ["sqs send-message"] * 2,
    "two-users": ["iam create-policy"] * 2 + ["iam create-user"] * 2 + ["iam attach-user-policy"] * 2,
    "vpc-repeated-request-ids": [
        "ec2 create-vpc",
        "ec2 create-subnet",
        "ec2 create-internet-gateway",
        "ec2 attach-internet-gateway",
        "ec2 create-route-table",
        "ec2 create-route",
        "ec2 associate-route-table",
        "ec2 create-security-group",
        "ec2 authorize-security-group-ingress",
        "ec2 create-tags",
    ],
}


@pytest.mark.parametrize("path", sorted(OLD.iterdir()), ids=lambda path: path.stem)
@pytest.mark.usefixtures("home")
def test_a_1_3_trace_is_shown_in_a_dry_run(path: Path) -> None:
    result = play("--trace-file", path, "--dryrun", "--trust")
    assert (result.code, result.err) == (0, "")
    assert [" ".join(line.split(" ")[2:4]) for line in result.lines] == OLD_COMMANDS[path.stem]


def device(name: str) -> Command:
    """A command of an old trace that wrote a file, and didn't note where."""
    return operation("iam.CreateVirtualMFADevice", {"VirtualMFADeviceName": name}, {"VirtualMFADevice": {}})


@pytest.mark.usefixtures("aws_home")
def test_words_that_an_old_trace_lacks_are_asked_for(relay: Relay) -> None:
    write(user("a"), device("one"), device("two"))
    here = (*TRACE, "--endpoint", relay.url)
    result = play(*here, "-p", "bootstrap-method", "QRCodePNG")
    assert refused(result).endswith("the trace does not contain the outfile of command 2: add -p 2.outfile OUTFILE")
    assert relay.requests == []

    outfiles = ("-p", "2.outfile", "one.png", "-p", "3.outfile", "two.png")
    result = play(*here, "-p", "bootstrap-method", "QRCodePNG", *outfiles)
    assert (result.code, result.err) == (0, "")
    assert relay.operations == ["CreateUser", "CreateVirtualMFADevice", "CreateVirtualMFADevice"]
    line = "--bootstrap-method QRCodePNG --outfile one.png --virtual-mfa-device-name one"
    assert result.lines[1] == f"(play) aws iam create-virtual-mfa-device {line}"
    assert Path("one.png").stat().st_size and Path("two.png").stat().st_size


@pytest.mark.usefixtures("aws_home")
def test_what_a_command_writes_can_go_elsewhere() -> None:
    make = ["aws s3api create-bucket --bucket bkt", "aws s3api put-object --bucket bkt --key k"]
    assert rec(*TRACE, "-n", lines=make).code == 0
    get = [f"aws s3api get-object --bucket bkt --key k {name}.bin" for name in ("one", "two")]
    assert rec(*TRACE, "-n", "--append", lines=get).code == 0
    both = refused(play(*TRACE, "--dryrun", "-p", "outfile", "x"))
    assert both.endswith("say which one you mean: 3.outfile (now one.bin), 4.outfile (now two.bin)")
    result = play(*TRACE, "-p", "4.outfile", "three.bin")
    assert (result.code, result.err) == (0, "")
    assert result.lines[3] == "(play) aws s3api get-object --bucket bkt --key k three.bin"
    assert Path("three.bin").exists()


@pytest.mark.usefixtures("aws_home")
def test_two_users_stay_two_users() -> None:
    two = ("--trace-file", OLD / "two-users.trace", "--trust")
    result = play(*two, "-p", "3.user-name", "carol")
    assert (result.code, result.err) == (0, "")
    assert users() == ["carol", "bob"]
    for name, kept in {"carol": "p1", "bob": "p2"}.items():
        (found,) = aws("iam", "list-attached-user-policies", "--user-name", name)["AttachedPolicies"]
        assert found["PolicyName"] == kept


@pytest.mark.usefixtures("aws_home")
def test_a_network_is_built_again_with_new_ids(relay: Relay) -> None:
    path = OLD / "vpc-repeated-request-ids.trace"
    old_ids = set(re.findall(r"\b(?:vpc|subnet|igw|rtb|sg)-[0-9a-f]{17}\b", path.read_text()))
    result = play("--trace-file", path, "--endpoint", relay.url, "--trust")
    assert (result.code, result.err) == (0, "")
    assert not any(old in result.out for old in old_ids)
    sent = [request.members for request in relay.played]
    vpc = result.answers[0]["Vpc"]["VpcId"]
    subnet = result.answers[1]["Subnet"]["SubnetId"]
    gateway = result.answers[2]["InternetGateway"]["InternetGatewayId"]
    table = result.answers[4]["RouteTable"]["RouteTableId"]
    assert {key: value for key, value in sent[3].items() if key.endswith("Id")} == {
        "InternetGatewayId": gateway,
        "VpcId": vpc,
    }
    assert (sent[5]["GatewayId"], sent[5]["RouteTableId"]) == (gateway, table)
    assert (sent[6]["SubnetId"], sent[6]["RouteTableId"]) == (subnet, table)
    assert sent[8]["GroupId"] == result.answers[7]["GroupId"]
    assert sent[9]["ResourceId.1"] == vpc


@pytest.mark.usefixtures("aws_home")
def test_two_queues_keep_their_own_messages(server: str) -> None:
    endpoint = ("--endpoint-url", server)
    assert play("--trace-file", OLD / "two-queues.trace", "-p", "1.queue-name", "qz", *endpoint).code == 0
    for name, body in {"qz": "A", "qb": "B"}.items():
        url = aws("sqs", "get-queue-url", "--queue-name", name, *endpoint)["QueueUrl"]
        (message,) = aws("sqs", "receive-message", "--queue-url", url, *endpoint)["Messages"]
        assert message["Body"] == body


@pytest.mark.usefixtures("aws_home")
def test_step_functions_are_played_again(relay: Relay) -> None:
    result = play("--trace-file", OLD / "step-functions.trace", "--endpoint", relay.url, "--trust")
    assert (result.code, result.err) == (0, "")
    assert relay.operations == ["CreateRole", "CreateStateMachine", "StartExecution"]
    assert relay.played[1].members["roleArn"] == result.answers[0]["Role"]["Arn"]
    assert relay.played[2].members["stateMachineArn"] == result.answers[1]["stateMachineArn"]


@pytest.mark.usefixtures("aws_home")
def test_a_persons_own_isoformat_key_is_sent_as_it_is(relay: Relay) -> None:
    play("--trace-file", OLD / "isoformat-key-in-user-data.trace", "--endpoint", relay.url)
    (line,) = play("--trace-file", OLD / "isoformat-key-in-user-data.trace", "--dryrun").lines
    assert line.endswith("""--tags '{"_isoformat": "hello"}'""")
    (request,) = relay.played
    assert request.members["Tags"] == {"_isoformat": "hello"}


@pytest.mark.usefixtures("aws_home")
def test_an_integer_parameter_is_sent_as_an_integer(relay: Relay) -> None:
    aws("sqs", "create-queue", "--queue-name", "q1", "--endpoint-url", relay.url)
    relay.requests.clear()
    path = OLD / "integer-parameter.trace"
    result = play("--trace-file", path, "--endpoint", relay.url, "--trust", "-p", "max-number-of-messages", "3")
    assert (result.code, result.err) == (0, "")
    (request,) = relay.played
    assert request.members["MaxNumberOfMessages"] == 3


# --- files that are no traces


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (b"", "is not JSON"),
        (b"my notes\n", "is not JSON"),
        (b"\xff\xfe", "is not UTF-8"),
        (b'{"version": 2}', "is not a trace"),
        (b'{"version": 3, "recorded": {}, "commands": []}', "format 3"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_file_that_is_no_trace_is_refused(content: bytes | None, reason: str) -> None:
    if content is not None:
        Path("t.trace").write_bytes(content)
    line = refused(play(*TRACE))
    assert "t.trace" in line
    assert reason in line


@pytest.mark.usefixtures("home")
def test_a_folder_is_refused() -> None:
    assert "Is a directory" in refused(play("--trace-file", "."))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (operation("iam.CreateUnicorn", {"Name": "a"}, {}), "is iam.CreateUnicorn, which awscli "),
        (operation("unicorns.CreateUser", {"UserName": "a"}, {}), "is unicorns.CreateUser, which awscli "),
        (command(["s3", "fly", "s3://a"]), "is aws s3 fly, which awscli "),
        (command(["--region", "us-east-1", "unicorns", "fly"]), "is aws unicorns, which awscli "),
        (command(["ec2", "wait", "unicorn-available"]), "is aws ec2 wait unicorn-available, which awscli "),
        (operation("iam.CreateUser", {"UserName": "a", "Horn": "b"}, {}), 'Unknown parameter in input: "Horn"'),
        (operation("iam.CreateUser", {"UserName": 1}, {}), "Invalid type for parameter UserName, value: 1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.usefixtures("home")
def test_a_command_that_the_installed_cli_does_not_take_is_refused(silent: Silent, wrong: Command, reason: str) -> None:
    write(user("alice"), wrong)
    line = refused(play(*TRACE, "--endpoint", silent.url))
    assert "command 2" in line
    assert reason in line
    assert not silent.was_asked()


# --- colours

RENAMED = (*TRACE, "--dryrun", "-p", "user-name", "tu", "-p", "policy-name", "tp")


def shown(*args: str) -> str:
    """What a replay shows at a terminal."""
    with Terminal("awstrace-play", *args) as replay:
        text = replay.rest()
        assert replay.code == 0
    return text


@pytest.mark.usefixtures("home")
def test_overridden_derived_and_recorded_values_have_colours_of_their_own() -> None:
    write(policy("p1"), user("alice"), attached("p1", "alice"))
    text = shown(*RENAMED)
    assert COLOUR.sub("", text).replace("\r", "") == play(*RENAMED).out
    _, made, attach = text.splitlines()
    overridden, derived = colour(made, "tu"), colour(attach, "tu")
    assert len({"", overridden, derived}) == 3
    assert colour(attach, "arn:aws:iam::123456789012:policy/tp") == derived
    assert colour(made, " --user-name ") == ""


def colour(line: str, text: str) -> str:
    """The escape sequences right before a text, which must end with it."""
    match = re.search(rf"((?:{COLOUR.pattern})*){re.escape(text)}", line)
    assert match, (line, text)
    return match[1].removeprefix("\x1b[0m")


@pytest.mark.usefixtures("home")
def test_there_are_no_colours_where_nobody_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    write(policy("p1"), user("alice"), attached("p1", "alice"))
    assert "\x1b" in shown(*RENAMED)
    assert "\x1b" not in shown(*RENAMED, "-c")
    assert "\x1b" not in play(*RENAMED).out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in shown(*RENAMED)


@pytest.mark.usefixtures("home")
def test_aliases_that_awscli_cannot_read_are_one_line_and_end_no_session() -> None:
    folder = Path(".aws", "cli")
    folder.mkdir(parents=True)
    (folder / "alias").write_text("[toplevel\n")
    write(command(["s3", "ls"]))
    assert refused(play(*TRACE)).startswith("awstrace-play: Unable to parse config file:")
    session = rec("--trace-file", "other.trace", "-n", lines=["aws s3 ls", "aws s3 ls"])
    assert session.code == 1  # each line has failed
    assert session.err.count("aws: Unable to parse config file:") == 2
    assert "Traceback" not in session.err


def test_a_configuration_that_awscli_cannot_use_is_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("t.trace").write_bytes((OLD / "two-users.trace").read_bytes())
    (home / "broken").write_text("[default]\nno equals sign", encoding="utf-8")
    for name, value in (("AWS_PROFILE", "nobody"), ("AWS_CONFIG_FILE", str(home / "broken"))):
        with monkeypatch.context() as broken:
            broken.setenv(name, value)
            result = play("--trace-file", "t.trace", "--dryrun")
        assert (result.code, len(result.err.splitlines())) == (2, 1), result.err


@pytest.mark.parametrize(
    "argv",
    [
        ["s3", "ls"],
        ["configure", "set", "region", "fileb://x"],
        ["iam", "delete-user", "--user-name", "fileb://x"],
    ],
)
def test_a_trace_that_says_one_thing_and_means_another_plays_its_operation(home: Path, argv: list[str]) -> None:
    store.save_trace(trace(["iam.CreateUser", {"UserName": "alice"}, {}, argv]), Path("t.trace"))
    result = play("--trace-file", "t.trace", "--dryrun")
    assert (result.code, result.err, result.out) == (0, "", "(play) aws iam create-user --user-name alice\n")
    assert not (home / ".aws" / "config").exists()


@pytest.mark.usefixtures("aws_home")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_with_its_output_closed_a_replay_does_what_it_does_otherwise(closed: str) -> None:
    write(user("alice"), user("bob"))
    for switches, done in ("--dryrun", []), ("", ["alice", "bob"]):
        line = f"{BIN / 'awstrace-play'} --trace-file t.trace {switches} {closed}"
        result = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
        assert (result.returncode, result.stderr, sorted(users())) == (0, "", done)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("closed", "said"), [(">&-", 1), ("2>&-", 0)])
def test_with_its_output_closed_and_nothing_to_write_to_a_replay_ends_in_one_line(closed: str, said: int) -> None:
    write(user("alice"))
    program = "import os, sys, awstracer.cli.main as cli; os.devnull = '/nowhere'; sys.exit(cli.play_main())"
    line = f'{sys.executable} -c "{program}" --trace-file t.trace {closed}'
    result = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert (result.returncode, len(result.stderr.splitlines())) == (1, said)
    assert "Traceback" not in result.stderr
