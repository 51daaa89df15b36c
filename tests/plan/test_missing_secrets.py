"""Secrets: a trace has holes in their place, and a replay fills them without showing them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from awstracer.aws.catalog import Catalog
from awstracer.plan import missing_secrets, planner
from awstracer.plan.resolver import Resolver
from awstracer.trace import store
from awstracer.trace.model import Command
from awstracer.trace.query import evaluate
from awstracer.trace.serializer import decode_structure
from tests.programs import BIN, COLOUR, Relay, Terminal, Trouble, play
from tests.traces import command, operation, trace

pytestmark = pytest.mark.once

HOLE = "<SECRET-0123456789ABCDEF0123456789ABCDEF>"
OTHER = "<SECRET-AAAABBBBCCCCDDDDAAAABBBBCCCCDDDD>"
USER = operation("iam.CreateUser", {"UserName": "robot"}, {"User": {"UserName": "robot"}})
LOGIN = operation("iam.CreateLoginProfile", {"UserName": "robot", "Password": HOLE}, {"LoginProfile": {}})


def saved(path: Path, *commands: Command) -> Path:
    store.save_trace(trace(*commands), path)
    return path


def passwords(relay: Relay) -> list[Any]:
    return [request.members.get("Password") for request in relay.requests if request.operation == "CreateLoginProfile"]


def test_a_secret_is_asked_for_without_echo_and_not_shown(aws_home: Path, relay: Relay) -> None:
    file = saved(aws_home / "t", USER, LOGIN)
    with Terminal("awstrace-play", "--trace-file", file, "--endpoint", relay.url) as terminal:
        terminal.wait("password of command 2: ")
        terminal.type("Hunter-2-hunter\n")
        shown = terminal.rest()
    assert terminal.code == 0
    assert "Hunter" not in shown
    assert "--password <secret>" in COLOUR.sub("", shown)
    assert passwords(relay) == ["Hunter-2-hunter"]


@pytest.mark.parametrize("name", ["password", "Password", "2.password"])
def test_a_secret_can_be_given_with_p(aws_home: Path, relay: Relay, name: str) -> None:
    file = saved(aws_home / "t", USER, LOGIN)
    result = play("--trace-file", file, "--endpoint", relay.url, "-p", name, "Hunter-2-hunter", "--explain", "-d")
    assert result.code == 0, result.err
    assert passwords(relay) == ["Hunter-2-hunter"]
    assert "Hunter" not in result.out + result.err


@pytest.mark.parametrize("name", ["AWSTRACE_PARAM_PASSWORD", "AWSTRACE_PARAM_2_PASSWORD"])
def test_a_secret_can_come_from_the_environment(
    aws_home: Path, relay: Relay, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "Hunter-2-hunter")
    result = play("--trace-file", saved(aws_home / "t", USER, LOGIN), "--endpoint", relay.url)
    assert result.code == 0, result.err
    assert passwords(relay) == ["Hunter-2-hunter"]
    assert "Hunter" not in result.out + result.err


def test_without_anybody_to_ask_nothing_is_sent(aws_home: Path, relay: Relay) -> None:
    result = play("--trace-file", saved(aws_home / "t", USER, LOGIN), "--endpoint", relay.url)
    assert result.code == 2
    assert "2.password" in result.err
    assert result.err.count("\n") == 1
    assert relay.requests == []


def test_no_answer_is_no_secret(aws_home: Path, relay: Relay) -> None:
    file = saved(aws_home / "t", USER, LOGIN)
    with Terminal("awstrace-play", "--trace-file", file, "--endpoint", relay.url) as terminal:
        terminal.wait("password of command 2: ")
        terminal.type("\n")
        assert "2.password" in terminal.rest()
    assert terminal.code == 2
    assert relay.requests == []


def test_a_dry_run_says_what_will_be_asked_and_shows_no_secret(aws_home: Path) -> None:
    file = saved(aws_home / "t", USER, LOGIN)
    result = play("--trace-file", file, "--dryrun", "--explain")
    assert result.code == 0
    assert "2.password" in result.err
    assert "<secret>" in result.lines[1]
    given = play("--trace-file", file, "--dryrun", "--explain", "-d", "-p", "password", "Hunter-2-hunter")
    assert given.code == 0
    assert "Hunter" not in given.out + given.err
    document = play("--trace-file", file, "--dryrun", "--output", "json", "-p", "password", "Hunter-2-hunter")
    assert "Hunter" not in document.out
    assert json.loads(document.out)["commands"][1]["parameters"]["Password"] == HOLE


def test_the_secret_of_an_answer_is_followed_and_not_shown(aws_home: Path, relay: Relay) -> None:
    made = {"AccessKey": {"UserName": "robot", "AccessKeyId": "AKIA1", "SecretAccessKey": HOLE, "Status": "Active"}}
    file = saved(
        aws_home / "t",
        USER,
        operation("iam.CreateAccessKey", {"UserName": "robot"}, made),
        operation("ssm.PutParameter", {"Name": "/key", "Value": HOLE, "Type": "SecureString"}, {"Version": 1}),
        operation("ssm.PutParameter", {"Name": "/line", "Value": f"key={HOLE};", "Type": "String"}, {"Version": 1}),
    )
    result = play("--trace-file", file, "--endpoint", relay.url, "-d")
    assert result.code == 0, result.err
    key = result.answers[1]["AccessKey"]["SecretAccessKey"]
    values = [request.members["Value"] for request in relay.requests if request.operation == "PutParameter"]
    assert values == [key, f"key={key};"]
    told = [line for line in (result.out + result.err).splitlines() if key in line]
    assert [line.strip() for line in told] == [f'"SecretAccessKey": "{key}",']


def test_one_answer_fills_a_secret_wherever_it_stands(aws_home: Path, relay: Relay) -> None:
    document = json.dumps({"user": "app", "password": HOLE, "nested": json.dumps({"password": HOLE})})
    file = saved(
        aws_home / "t",
        USER,
        LOGIN,
        operation("secretsmanager.CreateSecret", {"Name": "a", "SecretString": document}, {"ARN": "a", "Name": "a"}),
        operation("secretsmanager.CreateSecret", {"Name": "b", "SecretBinary": HOLE.encode()}, {"Name": "b"}),
    )
    secret = 'Hunter "2" \\ \u00e9'
    result = play("--trace-file", file, "--endpoint", relay.url, "-p", "password", secret)
    assert result.code == 0, result.err
    sent = [request.members for request in relay.requests if request.operation == "CreateSecret"]
    filled = json.loads(sent[0]["SecretString"])
    assert (filled["password"], json.loads(filled["nested"])["password"]) == (secret, secret)
    assert decode_structure({"sent": {"$bytes": sent[1]["SecretBinary"]}}) == {"sent": secret.encode()}


def test_two_secrets_with_one_name_must_be_told_apart(aws_home: Path, relay: Relay) -> None:
    other = operation("iam.CreateLoginProfile", {"UserName": "robot2", "Password": OTHER}, {"LoginProfile": {}})
    file = saved(aws_home / "t", USER, LOGIN, other)
    result = play("--trace-file", file, "--endpoint", relay.url, "-p", "password", "x")
    assert result.code == 2
    assert "2.password" in result.err
    assert "3.password" in result.err
    assert "SECRET-" not in result.err
    assert relay.requests == []


def test_what_a_query_printed_of_a_secret_is_used_and_not_shown(aws_home: Path, relay: Relay) -> None:
    key = operation("kms.CreateKey", {}, {"KeyMetadata": {"KeyId": "0a1b2c3d-0000-0000-0000-000000000000"}})
    data = operation(
        "kms.GenerateDataKey",
        {"KeyId": "0a1b2c3d-0000-0000-0000-000000000000", "KeySpec": "AES_256"},
        {"Plaintext": HOLE, "CiphertextBlob": b"x", "KeyId": "0a1b2c3d-0000-0000-0000-000000000000"},
        argv=["kms", "generate-data-key", "--query", "Plaintext", "--output", "text"],
    )
    put = operation("ssm.PutParameter", {"Name": "/key", "Value": HOLE, "Type": "SecureString"}, {"Version": 1})
    result = play("--trace-file", saved(aws_home / "t", key, data, put), "--endpoint", relay.url)
    assert result.code == 0, result.err
    printed = result.out.split("\n(play)")[1].splitlines()[1]
    assert relay.requests[-1].members["Value"] == printed
    assert printed not in result.lines[2]


@pytest.mark.usefixtures("aws_home")
def test_the_secrets_of_custom_commands_are_named_and_filled(relay: Relay) -> None:
    deploy = ["cloudformation", "deploy", "--stack-name", "s", "--parameter-overrides", "file://p.json"]
    files: dict[str, str | bytes] = {"file://p.json": json.dumps([f"DbPassword={HOLE}"])}
    copy = ["s3", "cp", f"s3://b/{OTHER}", "out"]
    steps = planner.make_plan(trace(command(deploy, files=files), command(copy)), [], [], Catalog())
    lacking = missing_secrets.find_missing_secrets(steps)
    assert [blank.spelling for blank in lacking] == ["1.DbPassword", "2.word"]
    filled = missing_secrets.fill_secrets(steps, {HOLE: 'a"b', OTHER: "c d"})
    resolver = Resolver(filled, is_dry_run=False, query=evaluate)
    first, second = map(resolver.invocation, filled.steps)
    assert json.loads(first.files["file://p.json"]) == ['DbPassword=a"b']
    assert second.argv == ("s3", "cp", "s3://b/c d", "out")


@pytest.mark.usefixtures("aws_home")
def test_with_its_input_closed_a_replay_that_lacks_a_secret_sends_nothing(relay: Relay) -> None:
    file = saved(Path("t"), USER, LOGIN)
    line = f"{BIN / 'awstrace-play'} --trace-file {file} --endpoint {relay.url} <&-"
    result = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert relay.requests == []


@pytest.mark.usefixtures("aws_home")
def test_a_resumed_command_that_needs_an_earlier_answers_secret_is_not_sent(relay: Relay) -> None:
    made = {"AccessKey": {"UserName": "robot", "AccessKeyId": "AKIA1", "SecretAccessKey": HOLE, "Status": "Active"}}
    parameter = {"Name": "/key", "Value": HOLE, "Type": "SecureString"}
    file = saved(
        Path("t"),
        USER,
        operation("iam.CreateAccessKey", {"UserName": "robot"}, made),
        operation("ssm.PutParameter", parameter, {"Version": 1}),
    )
    switches = ("--trace-file", file, "--save-trace", "r", "--endpoint", relay.url)
    relay.faults = {"PutParameter": [Trouble(400, b'{"__type": "AccessDeniedException"}')]}
    assert play(*switches).code == 1
    relay.requests.clear()
    result = play(*switches, "--resume")
    assert result.code == 1
    assert "command 3 is not sent" in result.err
    assert "-p 3.Value VALUE" in result.err
    assert relay.operations == []
    assert play(*switches, "--resume", "-p", "3.Value", "Hunter-2-hunter").code == 0
    assert [request.members["Value"] for request in relay.played] == ["Hunter-2-hunter"]
