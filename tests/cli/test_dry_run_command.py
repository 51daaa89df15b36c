"""What a dry run tells: the lines of the real run, where their values come from, and what nothing explains."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from awstracer.trace import store
from tests import programs
from tests.programs import Silent, play, rec
from tests.traces import command, operation, trace

pytestmark = pytest.mark.once

TRACE = ("--trace-file", "t.trace")
VPC, GROUP, IMAGE = "vpc-0a1b2c3d4e5f67890", "sg-0a1b2c3d4e5f67890", "ami-0a1b2c3d4e5f67890"
PENDING = "(as recorded), from command 1's response, Vpc.VpcId: the vpc's identifier"


def write(*entries: Any) -> None:
    store.save_trace(trace(*entries), Path("t.trace"))


def web() -> None:
    """A trace that makes a security group and runs an instance in it."""
    write(
        operation("ec2.CreateVpc", {"CidrBlock": "10.0.0.0/16"}, {"Vpc": {"VpcId": VPC}}),
        operation("ec2.CreateSecurityGroup", {"GroupName": "g", "Description": "d", "VpcId": VPC}, {"GroupId": GROUP}),
        operation(
            "ec2.RunInstances", {"ImageId": IMAGE, "SecurityGroupIds": [GROUP], "MinCount": 1, "MaxCount": 1}, {}
        ),
    )


@pytest.fixture
def nowhere(home: Path, silent: Silent, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home from which nothing can be reached, in the region where traces were recorded."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", silent.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return home


@pytest.mark.usefixtures("nowhere")
def test_each_value_is_explained() -> None:
    web()
    result = play(*TRACE, "--dryrun", "--explain", "-p", "group-name", "other")
    assert (result.code, result.err) == (0, "")
    lines = [line.strip() for line in result.out.splitlines()]
    assert lines[2:4] == ["GroupName = other, given with -p", f"VpcId = {VPC} {PENDING}"]
    assert lines[-1] == f"ImageId holds {IMAGE}, as recorded: nothing in the trace tells where it comes from"


@pytest.mark.usefixtures("nowhere")
def test_what_belongs_to_the_old_region_is_told_where_the_region_is_another() -> None:
    web()
    assert "ImageId holds" not in play(*TRACE, "--dryrun").out
    moved = play(*TRACE, "--dryrun", "--region", "eu-west-1")
    assert (moved.code, moved.err) == (0, "")
    assert moved.out.count("as recorded: nothing in the trace tells where it comes from") == 1
    assert "ImageId holds" not in play(*TRACE, "--dryrun", "--region", "eu-west-1", "-p", "image-id", "ami-1").out


@pytest.mark.usefixtures("nowhere")
def test_what_is_kept_is_explained_so() -> None:
    web()
    result = play(*TRACE, "--dryrun", "--explain", "--keep", "3.security-group-ids")
    assert f'SecurityGroupIds = ["{GROUP}"], as recorded: kept with --keep' in result.out
    refused = play(*TRACE, "--dryrun", "--keep", "3.group-id")
    assert (refused.code, refused.out) == (2, "")
    assert "no command of the trace has a parameter 3.group-id" in refused.err


@pytest.mark.usefixtures("nowhere")
def test_programs_get_the_same_as_a_document() -> None:
    web()
    result = play(*TRACE, "--dryrun", "--output", "json", "-p", "group-name", "other", "--keep", "2.description")
    assert (result.code, result.err) == (0, "")
    document = json.loads(result.out)
    first, second, third = document["commands"]
    assert (document["version"], first["number"]) == (1, 1)
    assert f"(play) {second['line']}" == play(*TRACE, "--dryrun", "-p", "group-name", "other").lines[1]
    assert second["parameters"] == {"GroupName": "other", "Description": "d", "VpcId": VPC}
    assert (second["given"], second["kept"]) == (["GroupName"], ["Description"])
    assert second["derived"] == [
        {
            "path": "VpcId",
            "span": None,
            "value": VPC,
            "known": False,
            "source": {"command": 1, "side": "response", "path": "Vpc.VpcId", "part": None},
            "evidence": "the vpc's identifier",
            "rivals": [],
        }
    ]
    assert third["unrelated"] == [{"path": "ImageId", "value": IMAGE}]


@pytest.mark.usefixtures("nowhere")
def test_a_document_is_for_dry_runs_only() -> None:
    web()
    result = play(*TRACE, "--output", "json")
    assert (result.code, result.out) == (2, "")
    assert "--output json goes with --dryrun" in result.err


def published(function: str) -> Any:
    query = ["lambda", "publish-version", "--function-name", function, "--query", "Version"]
    return operation("lambda.PublishVersion", {"FunctionName": function}, {"Version": "7"}, query)


@pytest.mark.usefixtures("nowhere")
def test_a_source_that_was_as_good_is_named() -> None:
    alias = operation("lambda.CreateAlias", {"FunctionName": "three", "Name": "live", "FunctionVersion": "7"}, {})
    write(published("one"), published("two"), alias)
    result = play(*TRACE, "--dryrun", "--explain")
    explained = [line.strip() for line in result.out.splitlines() if "printed" in line]
    assert explained == [
        "FunctionVersion = 7 (as recorded), from what command 2 printed: the same functionversion",
        "as good: what command 1 printed",
    ]


@pytest.mark.usefixtures("nowhere")
def test_a_custom_commands_words_are_explained_by_their_number() -> None:
    write(
        operation("s3.CreateBucket", {"Bucket": "site-0f3a"}, {}),
        command(["s3", "cp", "a", "s3://site-0f3a/a"]),
    )
    result = play(*TRACE, "--dryrun", "--explain", "-p", "bucket", "other")
    assert "word 3 = other, from command 1's request, Bucket: the bucket in an S3 URI" in result.out


# --- dry run and real run

POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}'
BILLING = "--billing-mode PAY_PER_REQUEST"
ITEM = '{"Music": [{"PutRequest": {"Item": {"Id": {"S": "1"}}}}]}'

SESSIONS = {
    "names and ARNs": (
        [
            "aws iam create-user --user-name alice",
            "aws iam create-policy --policy-name reading --policy-document file://policy.json",
            "aws iam attach-user-policy --user-name alice --policy-arn arn:aws:iam::123456789012:policy/reading",
            "aws iam create-access-key --user-name alice",
            "aws iam tag-user --user-name alice --tags Key=policy,Value=arn:aws:iam::123456789012:policy/reading",
        ],
        ["-p", "user-name", "bob", "-p", "policy-name", "writing"],
    ),
    "a topic behind a rule": (
        [
            "aws sns create-topic --name orders-topic",
            "aws events put-rule --name hourly-orders --schedule-expression 'rate(1 hour)'",
            "aws events put-targets --rule hourly-orders"
            " --targets Id=1,Arn=arn:aws:sns:us-east-1:123456789012:orders-topic",
            "aws sns tag-resource --resource-arn arn:aws:sns:us-east-1:123456789012:orders-topic"
            " --tags Key=rule,Value=arn:aws:events:us-east-1:123456789012:rule/hourly-orders",
        ],
        ["--region", "eu-west-1", "-p", "1.name", "other-topic", "-p", "2.name", "other-rule"],
    ),
    "a table and its bucket": (
        [
            f"aws dynamodb create-table --table-name Music {BILLING}"
            " --attribute-definitions AttributeName=Id,AttributeType=S --key-schema AttributeName=Id,KeyType=HASH",
            f"aws dynamodb batch-write-item --request-items '{ITEM}'",
            "aws dynamodb update-continuous-backups --table-name Music"
            " --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
            "aws s3 mb s3://music-archive-1",
            "aws s3api put-object --bucket music-archive-1 --key Music",
        ],
        ["-p", "table-name", "Jazz"],
    ),
}


def without_minted(line: str) -> str:
    """A line less the identifiers that only the real answers tell."""
    return re.sub(r"[a-z]+-[0-9a-f]{8,}|AKIA\w+|[0-9a-f]{8}-[0-9a-f-]{27}", "...", line)


@pytest.mark.parametrize("session", SESSIONS)
@pytest.mark.usefixtures("aws_home")
def test_a_dry_run_shows_the_lines_of_the_real_run(session: str, server: str) -> None:
    lines, switches = SESSIONS[session]
    Path("policy.json").write_text(POLICY)
    made = rec(*TRACE, "-n", lines=lines)
    assert len(programs.recorded("t.trace")) == len(lines), made.err
    shown = play(*TRACE, "--dryrun", *switches)
    programs.reset(server)
    done = play(*TRACE, *switches)
    moved = "awstrace-play: recorded in us-east-1; playing in eu-west-1\n" if "--region" in switches else ""
    assert (done.code, done.err) == (0, moved)
    preview = [line for line in shown.lines if line.startswith("(play) ")]
    real = [line for line in done.lines if line.startswith("(play) ")]
    assert list(map(without_minted, preview)) == list(map(without_minted, real))
    assert len(preview) == len(lines)
