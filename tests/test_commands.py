"""Custom commands from end to end: recorded in a session and replayed into an emptied cloud."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from . import programs
from .programs import Relay, Result, play, rec, recorded

TRACE = ("--trace-file", "t.trace")


class Cloud:
    """The cloud at hand, and a record of what it is asked."""

    def __init__(self, server: str, relay: Relay) -> None:
        self._server, self._relay = server, relay

    def record(self, *lines: str, append: bool = False) -> list[str]:
        """Record these lines, all of which have to succeed; the operations that the cloud was asked for."""
        self._relay.requests.clear()
        before = len(recorded("t.trace")) if append else 0
        result = rec(*TRACE, "-n", "--append" if append else "--overwrite", lines=lines)
        assert result.code == 0, result.err
        assert len(recorded("t.trace")) - before == len(lines), result.err
        return self._relay.operations

    def replay(self, *switches: str) -> tuple[Result, list[str]]:
        """Empty the cloud and replay, which has to succeed; and the operations that the cloud was asked for."""
        programs.reset(self._server)
        self._relay.requests.clear()
        result = play(*TRACE, *switches)
        assert result.code == 0, result.err
        return result, self._relay.operations

    @property
    def members(self) -> list[dict[str, Any]]:
        """What came with each request."""
        return [request.members for request in self._relay.requests]


@pytest.fixture
def cloud(aws_home: Path, server: str, relay: Relay, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """An empty cloud."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", relay.url)
    return Cloud(server, relay)


def polled_once(operations: Sequence[str]) -> list[str]:
    """Operations without their repetitions: how often a waiter asks is up to the server."""
    return [name for name, _ in itertools.groupby(operations)]


def files(*names: str) -> None:
    """Make files that hold their own names."""
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name)


def held(folder: str) -> dict[str, str]:
    """The files in a folder."""
    return {path.name: path.read_text() for path in Path(folder).rglob("*") if path.is_file()}


# --- s3


def test_objects_go_up_and_down_again(cloud: Cloud) -> None:
    files("up/a", "up/more/b")
    asked = cloud.record(
        "aws s3 mb s3://bkt",
        "aws s3 cp up/a s3://bkt/a",
        "aws s3 cp s3://bkt/a down/a",
        "aws s3 mv s3://bkt/a s3://bkt/c",
        "aws s3 mv s3://bkt/c down/c",
        "aws s3 sync up s3://bkt/up",
        "aws s3 sync s3://bkt/up down/up",
        "aws s3 website s3://bkt --index-document index.html",
        "aws s3 ls s3://bkt/up/",
        "aws s3 rm s3://bkt --recursive",
        "aws s3 rb s3://bkt",
    )
    down = held("down")
    assert down == {"a": "up/a", "c": "up/a", "b": "up/more/b"}
    shutil.rmtree("down")
    result, asked_again = cloud.replay()
    assert sorted(asked_again) == sorted(asked)
    assert held("down") == down
    assert len(result.lines) == 11
    assert "PRE more/" in result.out


def test_a_renamed_bucket_is_renamed_in_s3_uris(cloud: Cloud) -> None:
    files("a")
    asked = cloud.record(
        "aws s3api create-bucket --bucket first-bucket",
        "aws s3 cp a s3://first-bucket/folder/a",
        "aws s3 rm s3://first-bucket/folder/a",
    )
    result, asked_again = cloud.replay("-p", "bucket", "second-bucket")
    assert result.lines[1] == "(play) aws s3 cp a s3://second-bucket/folder/a"
    assert asked_again == [name.replace("first-bucket", "second-bucket") for name in asked]


# --- cloudformation

TEMPLATE = """
Parameters:
  Name: {Type: String}
Resources:
  Topic: {Type: "AWS::SNS::Topic", Properties: {TopicName: !Ref Name}}
"""


def test_a_stack_is_deployed_under_another_name(cloud: Cloud) -> None:
    Path("t.yml").write_text(TEMPLATE)
    asked = cloud.record(
        "aws cloudformation deploy --stack-name one --template-file t.yml --parameter-overrides Name=topic-one"
    )
    assert {"CreateChangeSet", "ExecuteChangeSet"} < set(asked)
    _, asked_again = cloud.replay("-p", "stack-name", "two", "-p", "parameter-overrides", "Name=topic-two")
    assert polled_once(asked_again) == polled_once(asked)
    assert {members["StackName"] for members in cloud.members if "StackName" in members} >= {"two"}
    assert "one" not in str(cloud.members)
    topics = programs.aws("sns", "list-topics")["Topics"]
    assert [topic["TopicArn"].rpartition(":")[2] for topic in topics] == ["topic-two"]


def test_a_package_is_uploaded_again(cloud: Cloud) -> None:
    files("code/handler.py")
    Path("t.yml").write_text(
        "Resources: {Function: {Type: 'AWS::Lambda::Function', Properties: {Runtime: python3.12, Handler: h.h, "
        "Role: r, Code: code}}}"
    )
    asked = cloud.record(
        "aws s3 mb s3://bkt",
        "aws cloudformation package --template-file t.yml --s3-bucket bkt --output-template-file out.yml",
    )
    packaged = Path("out.yml").read_text()
    Path("out.yml").unlink()
    _, asked_again = cloud.replay()
    assert asked_again == asked
    assert Path("out.yml").read_text() == packaged
    assert "S3Bucket: bkt" in packaged


# --- waiters


def test_a_waiter_waits_for_the_new_instance(cloud: Cloud) -> None:
    cloud.record("aws ec2 run-instances --image-id ami-12c6146b --count 1")
    (command,) = recorded("t.trace")
    (instance,) = command["calls"][0]["response"]["Instances"]
    old = instance["InstanceId"]
    cloud.record(f"aws ec2 wait instance-running --instance-ids {old}", append=True)
    result, asked = cloud.replay()
    new = json.loads(result.out.split("(play) ")[1].partition("\n")[2])["Instances"][0]["InstanceId"]
    assert new != old
    assert result.lines[1] == f"(play) aws ec2 wait instance-running --instance-ids {new}"
    assert polled_once(asked) == ["RunInstances", "DescribeInstances"]
    assert cloud.members[1]["InstanceId.1"] == new


def test_an_instance_is_run_without_saying_how_many(cloud: Cloud) -> None:
    """awscli adds the number by itself."""
    asked = cloud.record("aws ec2 run-instances --image-id ami-12c6146b")
    _, asked_again = cloud.replay()
    assert asked_again == asked == ["RunInstances"]


def test_a_waiter_waits_for_the_renamed_table(cloud: Cloud) -> None:
    asked = cloud.record(
        "aws dynamodb create-table --table-name one --attribute-definitions AttributeName=a,AttributeType=S "
        "--key-schema AttributeName=a,KeyType=HASH --billing-mode PAY_PER_REQUEST",
        "aws dynamodb wait table-exists --table-name one",
    )
    _, asked_again = cloud.replay("-p", "table-name", "two")
    assert asked_again == asked == ["CreateTable", "DescribeTable"]
    assert [members["TableName"] for members in cloud.members] == ["two", "two"]


# --- commands that write or print something of their own


def test_a_registrys_password_is_printed(cloud: Cloud) -> None:
    asked = cloud.record("aws ecr get-login-password")
    result, asked_again = cloud.replay()
    assert asked_again == asked == ["GetAuthorizationToken"]
    assert result.out == "(play) aws ecr get-login-password\n123456789012-auth-token\n"


def test_a_renamed_cluster_is_in_the_configuration(cloud: Cloud) -> None:
    cloud.record(
        "aws eks create-cluster --name one --role-arn arn:aws:iam::123456789012:role/r "
        "--resources-vpc-config subnetIds=subnet-0a1b2c3d4e5f60718",
        "aws eks update-kubeconfig --name one --kubeconfig kube.yml",
        "aws eks get-token --cluster-name one",
    )
    Path("kube.yml").unlink()
    result, asked = cloud.replay("-p", "name", "two")
    account, *asked = asked
    assert account == "GetCallerIdentity"  # the replay's own question, since the role's ARN has an account in it
    assert asked == ["POST /clusters", "GET /clusters/two"]
    assert result.lines[1] == "(play) aws eks update-kubeconfig --name two --kubeconfig kube.yml"
    assert result.lines[2] == "(play) aws eks get-token --cluster-name two"
    assert "cluster/two" in Path("kube.yml").read_text()
    assert json.loads(result.out.rpartition("(play) ")[2].partition("\n")[2])["kind"] == "ExecCredential"


def test_a_configuration_is_made_again(cloud: Cloud, aws_home: Path) -> None:
    asked = cloud.record(
        "aws configure set region eu-west-1 --profile p",
        "aws configure get region --profile p",
        "aws configure list --profile p",
    )
    config = aws_home / ".aws/config"
    before = config.read_text()
    config.write_text("[profile p]\n")
    result, asked_again = cloud.replay()
    assert asked_again == asked == []
    assert config.read_text() == before
    assert "eu-west-1\n" in result.out


def test_a_certificate_goes_to_its_file(cloud: Cloud) -> None:
    asked = cloud.record("aws iot create-keys-and-certificate --certificate-pem-outfile c.pem")
    Path("c.pem").unlink()
    result, asked_again = cloud.replay()
    assert asked_again == asked == ["POST /keys-and-certificate"]
    (answer,) = result.answers
    assert Path("c.pem").read_text() == answer["certificatePem"]
    assert result.lines == ["(play) aws iot create-keys-and-certificate --certificate-pem-outfile c.pem"]


def test_a_databases_token_asks_nothing(cloud: Cloud) -> None:
    line = "aws rds generate-db-auth-token --hostname h --port 1 --username u"
    assert cloud.record(line) == []
    result, asked = cloud.replay("-p", "hostname", "other")
    assert asked == []
    assert "\nother:1/?Action=connect&DBUser=u&" in result.out


# --- commands that the person added


def test_an_alias_is_replayed_as_what_it_stands_for(cloud: Cloud, aws_home: Path) -> None:
    files(".aws/cli/alias")
    alias = aws_home / ".aws/cli/alias"
    alias.write_text("[toplevel]\nnew-user = iam create-user --user-name\n")
    asked = cloud.record("aws new-user alice")
    alias.unlink()
    result, asked_again = cloud.replay("-p", "user-name", "bob")
    assert asked_again == asked == ["CreateUser"]
    assert result.lines == ["(play) aws iam create-user --user-name bob"]
    assert [user["UserName"] for user in programs.aws("iam", "list-users")["Users"]] == ["bob"]


def test_a_shell_alias_is_run_again(cloud: Cloud, aws_home: Path) -> None:
    """What it calls by itself is not seen."""
    files(".aws/cli/alias")
    (aws_home / ".aws/cli/alias").write_text(
        f"[toplevel]\nnew-user = !f() {{ {programs.BIN / 'aws'} iam create-user --user-name $1; }}; f\n"
    )
    asked = cloud.record("aws new-user alice")
    (command,) = recorded("t.trace")
    assert command["calls"] == []
    result, asked_again = cloud.replay()
    assert asked_again == asked == ["CreateUser"]
    assert result.lines == ["(play) aws new-user alice"]


PLUGIN = """
from awscli.customizations.commands import BasicCommand

class NewUser(BasicCommand):
    NAME = "new-user"
    ARG_TABLE = [{"name": "user-name", "required": True}]

    def _run_main(self, parsed_args, parsed_globals):
        client = self._session.create_client("iam", region_name=parsed_globals.region)
        print(client.create_user(UserName=parsed_args.user_name)["User"]["UserName"])
        return 0

def add(command_table, session, **kwargs):
    command_table[NewUser.NAME] = NewUser(session)

def awscli_initialize(cli):
    cli.register("building-command-table.main", add)
"""


def test_a_plugins_command_is_recorded_and_replayed(
    cloud: Cloud, aws_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(".aws/config")
    (aws_home / ".aws/config").write_text("[plugins]\nmine = my_plugin\n")
    Path("my_plugin.py").write_text(PLUGIN)
    monkeypatch.setenv("PYTHONPATH", str(aws_home), prepend=os.pathsep)
    asked = cloud.record("aws new-user --user-name alice", "aws iam get-user --user-name alice")
    command, _ = recorded("t.trace")
    assert [call["operation"] for call in command["calls"]] == ["CreateUser"]
    result, asked_again = cloud.replay("-p", "user-name", "bob")
    assert asked_again == asked == ["CreateUser", "GetUser"]
    assert [members["UserName"] for members in cloud.members] == ["bob", "bob"]
    assert result.lines[0] == "(play) aws new-user --user-name bob"
