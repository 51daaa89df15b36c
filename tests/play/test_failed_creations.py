"""With `-f`, nothing is changed or deleted that this replay failed to create: it was there before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from awstracer.trace import store
from awstracer.trace.model import Command
from tests.programs import Relay, Trouble, play
from tests.traces import call, command, operation, trace

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("aws_home")]

POLICY = "{}"
ROLE = {"RoleName": "deployer", "AssumeRolePolicyDocument": POLICY}
MADE = operation("iam.CreateRole", ROLE, {"Role": {"RoleName": "deployer"}})
BUCKET = {"Bucket": "site-0f3a"}


def s3(line: str, name: str, request: dict[str, Any]) -> Command:
    return command(line.split(), call(name, request, {}))


def test_what_this_replay_has_created_is_its_own(relay: Relay) -> None:
    store.save_trace(trace(MADE, MADE, operation("iam.DeleteRole", {"RoleName": "deployer"}, {})), Path("t.trace"))
    result = play("--trace-file", "t.trace", "--endpoint", relay.url, "-f")
    assert relay.operations == ["CreateRole", "CreateRole", "DeleteRole"]
    assert "skipped" not in result.err


@pytest.mark.parametrize(
    ("failing", "made", "later", "is_sent"),
    [
        ("CreateRole", MADE, operation("iam.DeleteRole", {"RoleName": "deployer"}, {}), False),
        ("CreateRole", MADE, operation("iam.TagRole", {"RoleName": "deployer", "Tags": []}, {}), False),
        ("CreateRole", MADE, operation("iam.GetRole", {"RoleName": "deployer"}, {}), True),
        ("CreateRole", MADE, operation("iam.DeleteRole", {"RoleName": "other"}, {}), True),
        ("CreateRole", MADE, operation("iam.DeleteUser", {"UserName": "deployer"}, {}), True),
        (
            "CreateRole",
            MADE,
            operation("iam.AddRoleToInstanceProfile", {"InstanceProfileName": "p", "RoleName": "deployer"}, {}),
            False,
        ),
        ("CreateRole", MADE, MADE, True),
        ("TagRole", operation("iam.TagRole", {"RoleName": "deployer", "Tags": []}, {}), MADE, True),
        ("GetRole", operation("iam.GetRole", {"RoleName": "deployer"}, {}), MADE, True),
        (
            "CreateSubnet",
            operation("ec2.CreateSubnet", {"VpcId": "vpc-0a1b2c3d", "CidrBlock": "10.0.1.0/24"}, {}),
            operation("ec2.DeleteVpc", {"VpcId": "vpc-0a1b2c3d"}, {}),
            True,
        ),
        (
            "PUT /site-0f3a",
            operation("s3.CreateBucket", BUCKET, {}),
            s3("s3 rm s3://site-0f3a --recursive", "s3.DeleteObject", {**BUCKET, "Key": "k"}),
            False,
        ),
        (
            "PUT /site-0f3a",
            s3("s3 mb s3://site-0f3a", "s3.CreateBucket", BUCKET),
            s3("s3 rb s3://site-0f3a", "s3.DeleteBucket", BUCKET),
            False,
        ),
        (
            "PUT /site-0f3a",
            s3("s3 mb s3://site-0f3a", "s3.CreateBucket", BUCKET),
            operation("s3.DeleteBucket", BUCKET, {}),
            False,
        ),
        (
            "PUT /site-0f3a",
            s3("s3 mb s3://site-0f3a", "s3.CreateBucket", BUCKET),
            s3("s3 ls s3://site-0f3a", "s3.ListObjectsV2", BUCKET),
            True,
        ),
        (
            "PUT /site-0f3a",
            s3("s3 mb s3://site-0f3a", "s3.CreateBucket", BUCKET),
            s3("s3 rb s3://other", "s3.DeleteBucket", {"Bucket": "other"}),
            True,
        ),
    ],
)
def test_what_was_there_before_is_left_alone(
    relay: Relay, failing: str, made: Command, later: Command, is_sent: bool
) -> None:
    for switches in ("-f", "-f -j 4"):
        relay.requests.clear()
        store.save_trace(trace(made, later), Path("t.trace"))
        relay.faults[failing] = [Trouble(409)]
        result = play("--trace-file", "t.trace", "--endpoint", relay.url, *switches.split())
        assert result.code == 1
        assert len(relay.played) == 1 + is_sent, result.err
        told = "command 2 is skipped: command 1 failed to create the "
        assert (told in result.err) == (not is_sent)
