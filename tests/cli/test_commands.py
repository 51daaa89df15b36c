"""Custom commands from end to end: recorded in a session and replayed into an emptied cloud."""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests import programs
from tests.programs import Relay, Result, Trouble, play, rec, recorded

pytestmark = pytest.mark.once

TRACE = ("--trace-file", "t.trace")
OWN = ("ClientToken", "IdempotencyToken", "sha256")  # what each request has of its own


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
        return [request.members for request in self._relay.played]

    @property
    def asked(self) -> list[list[Any]]:
        """The operations with what came with them, less what each request has of its own."""

        def shared(members: dict[str, Any]) -> dict[str, Any]:
            return {name: value for name, value in members.items() if name not in OWN}

        return [
            [request.operation, json.loads(json.dumps(request.members), object_hook=shared)]
            for request in self._relay.played
        ]

    def answer(self, canned: Mapping[str, Any]) -> None:
        """Answer these operations in the server's stead: with a document, or with a text as it is."""
        for operation, answer in canned.items():
            text = answer if isinstance(answer, str) else json.dumps(answer)
            self._relay.canned[operation] = Trouble(200, text.encode())

    def refuse(self, *operations: str) -> None:
        """Answer these operations of IAM that there is no such thing."""
        for operation in operations:
            body = b"<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>"
            self._relay.canned[operation] = Trouble(404, body)


@pytest.fixture
def cloud(aws_home: Path, server: str, relay: Relay, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """An empty cloud."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", relay.url)
    return Cloud(server, relay)


def polled_once(operations: Iterable[str]) -> list[str]:
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
    result, asked_again = cloud.replay("--yes")
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


def test_files_that_a_line_names_are_read_and_written_again(cloud: Cloud) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem, traditional = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    openssh = serialization.PublicFormat.OpenSSH
    Path("key.pem").write_bytes(key.private_bytes(pem, traditional, serialization.NoEncryption()))
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    Path("request.csr").write_bytes(request.public_bytes(pem))
    Path("key.pub").write_bytes(key.public_key().public_bytes(serialization.Encoding.OpenSSH, openssh))
    password = base64.b64encode(key.public_key().encrypt(b"secret", padding.PKCS1v15())).decode()
    cloud.answer(
        {
            "GetPasswordData": f"<R><passwordData>{password}</passwordData></R>",
            "POST /2015-03-31/functions/one/invocations": "first",
            "POST /2015-03-31/functions/two/invocations": "second",
        }
    )
    asked = cloud.record(
        "aws iot create-certificate-from-csr --certificate-signing-request file://request.csr "
        "--certificate-pem-outfile c.pem",
        "aws iam create-virtual-mfa-device --virtual-mfa-device-name d --bootstrap-method QRCodePNG --outfile q.png",
        "aws lambda invoke --function-name one --payload '{}' out.json",
        "aws ec2 get-password-data --instance-id i-0a1b2c3d4e5f60718 --priv-launch-key key.pem",
        "aws ec2-instance-connect send-ssh-public-key --instance-id i-0a1b2c3d4e5f60718 --instance-os-user u "
        "--ssh-public-key file://key.pub --availability-zone us-east-1a",
    )
    keys = [members.get("SSHPublicKey") for members in cloud.members]
    for name in ("request.csr", "key.pub", "c.pem", "q.png", "out.json"):
        Path(name).unlink()
    result, asked_again = cloud.replay("-p", "function-name", "two")
    assert asked_again == [name.replace("one", "two") for name in asked]
    assert json.dumps(Path("c.pem").read_text()) in result.out
    assert Path("q.png").exists()
    assert Path("out.json").read_text() == "second"
    assert '"PasswordData": "secret"' in result.out
    assert [members.get("SSHPublicKey") for members in cloud.members] == keys


def test_a_renamed_buckets_address_is_signed(cloud: Cloud) -> None:
    files("a")
    cloud.record(
        "aws s3api create-bucket --bucket one",
        "aws s3 cp a s3://one/a",
        "aws s3 presign s3://one/a --expires-in 60",
        "aws s3 cp s3://one/a -",
    )
    result, asked = cloud.replay("-p", "bucket", "two")
    assert asked == ["PUT /two", "PUT /two/a", "HEAD /two/a", "GET /two/a"]
    assert "(play) aws s3 presign s3://two/a --expires-in 60\nhttp://" in result.out
    assert "/two/a?AWSAccessKeyId=testing&" in result.out
    assert result.out.endswith("(play) aws s3 cp s3://two/a -\na")


def test_a_databases_token_asks_nothing(cloud: Cloud) -> None:
    line = "aws rds generate-db-auth-token --hostname h --port 1 --username u"
    assert cloud.record(line) == []
    result, asked = cloud.replay("-p", "hostname", "other")
    assert asked == []
    assert "\nother:1/?Action=connect&DBUser=u&" in result.out


# --- commands that ask for several things


@dataclass(frozen=True)
class Case:
    """Commands about `alpha`, and the switches with which they are replayed for `omega`.

    files   what the commands read
    canned  what they are answered where the server has no answer, by operation
    """

    switches: str
    lines: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    canned: Mapping[str, Any] = field(default_factory=dict)


DEPLOYED = {
    "DescribeServices": {
        "services": [
            {
                "serviceArn": "arn:aws:ecs:us-east-1:123456789012:service/alpha/web-alpha",
                "serviceName": "web-alpha",
                "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/alpha",
            }
        ]
    },
    "GetApplication": {"application": {"computePlatform": "ECS"}},
    "GetDeploymentGroup": {
        "deploymentGroupInfo": {
            "computePlatform": "ECS",
            "ecsServices": [{"serviceName": "web-alpha", "clusterName": "alpha"}],
            "blueGreenDeploymentConfiguration": {
                "deploymentReadyOption": {"waitTimeInMinutes": 0},
                "terminateBlueInstancesOnDeploymentSuccess": {"terminationWaitTimeInMinutes": 0},
            },
        }
    },
    "RegisterTaskDefinition": {
        "taskDefinition": {"taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/alpha:1"}
    },
    "CreateDeployment": {"deploymentId": "d-ALPHA1234"},
    "GetDeployment": {"deploymentInfo": {"status": "Succeeded"}},
}
SPECIFICATION = "Resources: [{Service: {Type: AWS::ECS::Service, Properties: {TaskDefinition: old}}}]"
TOPIC_POLICY = {
    "Statement": [
        {
            "Sid": "trail",
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": "arn:aws:sns:<Region>:<SNSTopicOwnerAccountId>:<SNSTopicName>",
        }
    ]
}
BUCKET_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "trail",
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::<BucketName>/<Prefix>AWSLogs/<CustomerAccountID>/*",
        }
    ],
}
PIPELINE = '{"objects": [{"id": "Default", "name": "Default", "workerGroup": "w"}]}'
BUILD = "build-0a1b2c3d-alpha"

CASES = {
    "ecs deploy": Case(
        "-p cluster omega -p service web-omega",
        (
            "aws ecs deploy --cluster alpha --service web-alpha --task-definition task.json --codedeploy-appspec s.yml",
            "aws deploy wait deployment-successful --deployment-id d-ALPHA1234",
        ),
        files={"task.json": '{"family": "web", "containerDefinitions": []}', "s.yml": SPECIFICATION},
        canned=DEPLOYED,
    ),
    "deploy push": Case(
        "-p bucket bucket-omega -p application-name omega -p instance-name host-omega",
        (
            "aws s3api create-bucket --bucket bucket-alpha",
            "aws deploy create-application --application-name alpha",
            "aws deploy push --application-name alpha --s3-location s3://bucket-alpha/app.zip --source app "
            "--description first",
            "aws deploy register --instance-name host-alpha --tags Key=a,Value=b --region us-east-1",
            "aws iam get-user --user-name host-alpha",
        ),
        files={"app/appspec.yml": "version: 0.0", "app/page": "page"},
        canned={
            "RegisterApplicationRevision": {},
            "RegisterOnPremisesInstance": {},
            "AddTagsToOnPremisesInstances": {},
        },
    ),
    "gamelift upload-build": Case(
        "-p name omega",
        (
            "aws gamelift upload-build --name alpha --build-version 1 --build-root build",
            f"aws gamelift delete-build --build-id {BUILD}",
        ),
        files={"build/game": "game"},
        canned={
            "CreateBuild": {"Build": {"BuildId": BUILD}},
            "RequestUploadCredentials": {
                "UploadCredentials": {"AccessKeyId": "key", "SecretAccessKey": "secret", "SessionToken": "token"},
                "StorageLocation": {"Bucket": "builds", "Key": "build.zip"},
            },
            "PUT /builds/build.zip": "",
            "DeleteBuild": {},
        },
    ),
    "codeartifact login, servicecatalog generate": Case(
        "-p bucket bucket-omega -p product-name omega -p domain omega",
        (
            "aws s3api create-bucket --bucket bucket-alpha",
            "aws codeartifact create-domain --domain alpha",
            "aws codeartifact login --tool pip --domain alpha --repository packages --dry-run",
            "aws servicecatalog generate product --product-name alpha --product-owner me "
            "--product-type CLOUD_FORMATION_TEMPLATE --file-path t.json --bucket-name bucket-alpha "
            "--provisioning-artifact-name v1 --provisioning-artifact-description first "
            "--provisioning-artifact-type CLOUD_FORMATION_TEMPLATE --tags Key=a,Value=b",
        ),
        files={"t.json": "{}"},
        canned={
            "POST /v1/domain?domain=alpha": {"domain": {"name": "alpha"}},
            "POST /v1/authorization-token?domain=alpha": {"authorizationToken": "token", "expiration": 1900000000},
            "GET /v1/repository/endpoint?domain=alpha&repository=packages&format=pypi": {
                "repositoryEndpoint": "https://alpha.example.com/pypi/packages/"
            },
        },
    ),
    "cloudtrail create-subscription, configservice subscribe": Case(
        "-p name omega -p s3-new-bucket bucket-omega -p sns-new-topic topic-omega -p s3-bucket other-omega",
        (
            "aws cloudtrail create-subscription --name alpha --s3-new-bucket bucket-alpha --sns-new-topic topic-alpha "
            "--s3-custom-policy file://bucket.json --sns-custom-policy file://topic.json",
            "aws cloudtrail update-subscription --name alpha --s3-use-bucket bucket-alpha --s3-prefix logs",
            "aws cloudtrail validate-logs --trail-arn arn:aws:cloudtrail:us-east-1:123456789012:trail/alpha "
            "--start-time 2026-01-01T00:00:00Z --end-time 2026-01-01T03:00:00Z",
            "aws iam create-role --assume-role-policy-document '{}' --role-name recorder",
            "aws configservice subscribe --s3-bucket other-alpha --sns-topic topic-alpha "
            "--iam-role arn:aws:iam::123456789012:role/recorder",
        ),
        files={"bucket.json": json.dumps(BUCKET_POLICY), "topic.json": json.dumps(TOPIC_POLICY)},
        canned={"ListPublicKeys": {"PublicKeyList": [{"Value": "AAAA", "Fingerprint": "f"}]}},
    ),
    "datapipeline put-pipeline-definition": Case(
        "-p name omega",
        (
            "aws datapipeline create-pipeline --name alpha --unique-id u",
            "aws datapipeline put-pipeline-definition --pipeline-definition file://p.json --pipeline-id df-012345ALPHA",
            "aws datapipeline list-runs --pipeline-id df-012345ALPHA "
            "--start-interval 2026-01-01T00:00:00,2026-02-01T00:00:00",
        ),
        files={"p.json": PIPELINE},
        canned={
            "CreatePipeline": {"pipelineId": "df-012345ALPHA"},
            "PutPipelineDefinition": {"errored": False},
            "QueryObjects": {"ids": ["run"]},
            "DescribeObjects": {"pipelineObjects": []},
        },
    ),
    "waiters": Case(
        "-p bucket bucket-omega -p stream-name omega -p role-name omega -p user-name user-omega",
        (
            "aws s3api create-bucket --bucket bucket-alpha",
            "aws s3api wait bucket-exists --bucket bucket-alpha",
            "aws s3api put-object --bucket bucket-alpha --key k",
            "aws s3api wait object-exists --bucket bucket-alpha --key k",
            "aws kinesis create-stream --shard-count 1 --stream-name alpha",
            "aws kinesis wait stream-exists --stream-name alpha",
            "aws kinesis delete-stream --stream-name alpha",
            "aws kinesis wait stream-not-exists --stream-name alpha",
            "aws iam create-role --assume-role-policy-document '{}' --role-name alpha",
            "aws iam wait role-exists --role-name alpha",
            "aws iam create-user --user-name user-alpha",
            "aws iam wait user-exists --user-name user-alpha",
        ),
    ),
}


def for_omega(value: Any) -> Any:
    """A value with the other name in it, wherever it is."""
    return json.loads(json.dumps(value).replace("alpha", "omega").replace("ALPHA", "OMEGA"))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_was_done_for_one_name_is_done_for_another(cloud: Cloud, case: Case) -> None:
    files(*case.files)
    for name, content in case.files.items():
        Path(name).write_text(content)
    cloud.answer(case.canned)
    cloud.record(*case.lines)
    asked = cloud.asked
    for name in re.findall(r"file://(\S+)", " ".join(case.lines)):
        Path(name).unlink()
    cloud.answer(for_omega(case.canned))
    result, _ = cloud.replay(*case.switches.split())
    assert cloud.asked == for_omega(asked)
    assert result.lines == [f"(play) {for_omega(line)}" for line in case.lines]


def test_a_clusters_new_identifier_is_used(cloud: Cloud) -> None:
    cloud.record(
        "aws emr create-cluster --name c --release-label emr-6.15.0 --instance-type m5.xlarge --instance-count 3 "
        "--use-default-roles"
    )
    (command,) = recorded("t.trace")
    old = command["calls"][0]["response"]["JobFlowId"]
    asked = cloud.asked
    lines = (
        f"aws emr add-steps --cluster-id {old} --steps Type=CUSTOM_JAR,Name=s,Jar=s3://jars/a.jar,Args=a,b",
        f"aws emr describe-cluster --cluster-id {old}",
        f"aws emr wait cluster-running --cluster-id {old}",
        f"aws emr modify-cluster-attributes --cluster-id {old} --no-termination-protected",
        f"aws emr terminate-clusters --cluster-ids {old}",
    )
    cloud.record(*lines, append=True)
    asked += cloud.asked
    result, _ = cloud.replay()
    new = result.answers[0]["ClusterId"]
    assert new != old
    assert result.lines[1:] == [f"(play) {line.replace(old, new)}" for line in lines]
    assert str(cloud.asked) == str(asked).replace(old, new)


def answered(operation: str, content: str) -> str:
    """The answer of an operation of IAM."""
    return f"<Response><{operation}Result>{content}</{operation}Result></Response>"


def test_default_roles_are_made_again(cloud: Cloud, aws_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And noted in the configuration. Which services the roles are for depends on the endpoint."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", os.environ["AWS_ENDPOINT_URL"])
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    cloud.refuse("GetRole", "GetInstanceProfile")
    cloud.answer(
        {
            "AttachRolePolicy": answered("AttachRolePolicy", ""),
            "GetPolicy": answered("GetPolicy", "<Policy><DefaultVersionId>v1</DefaultVersionId></Policy>"),
            "GetPolicyVersion": answered("GetPolicyVersion", "<PolicyVersion><Document>{}</Document></PolicyVersion>"),
        }
    )
    asked = cloud.record("aws emr create-default-roles", "aws dlm create-default-role")
    assert asked.count("CreateRole") == 4
    configured = (aws_home / ".aws/config").read_text()
    (aws_home / ".aws/config").unlink()
    members = cloud.members
    result, asked_again = cloud.replay()
    assert asked_again == asked
    assert cloud.members == members
    assert (aws_home / ".aws/config").read_text() == configured
    assert result.out.count('"RoleName"') == 4


# --- commands that the person added


def test_what_awscli_makes_up_is_made_up_anew(cloud: Cloud) -> None:
    made = "aws cloudfront create-distribution --origin-domain-name example.org"
    cloud.record(made, made)
    replayed = play(*TRACE)
    assert (replayed.code, replayed.err) == (0, "")
    references = re.findall(r"<CallerReference>(.*?)<", " ".join(str(asked) for asked in cloud.asked))
    assert len(set(references)) == 4
    assert [line for line in replayed.lines if line.startswith("(play)")] == [f"(play) {made}"] * 2


def test_an_option_with_an_equals_sign_follows_too(cloud: Cloud) -> None:
    cloud.record("aws s3api create-bucket --bucket bkt", "aws s3api wait bucket-exists --bucket=bkt")
    result, _ = cloud.replay("-p", "bucket", "other")
    assert result.lines[1] == "(play) aws s3api wait bucket-exists --bucket=other"


def test_a_line_that_no_longer_says_what_is_sent_says_so(cloud: Cloud) -> None:
    Path("logs.json").write_text('[{"Name": "log", "Jar": "s3://logs-alpha/a.jar"}]')
    cloud.record(
        "aws s3api create-bucket --bucket logs-alpha",
        "aws emr create-cluster --name c --release-label emr-6.0.0 --instance-type m5.large --steps file://logs.json",
    )
    preview = play(*TRACE, "--dryrun", "-p", "bucket", "logs-omega")
    assert "(this line cannot express file://logs.json exactly; a replay sends the exact value)" in preview.out


def test_what_reads_its_input_is_not_recorded(cloud: Cloud) -> None:
    cloud.record("aws s3 mb s3://bkt")
    result = rec(*TRACE, "-n", "--append", lines=["aws s3 cp - s3://bkt/k"])
    assert "this command read input that the trace does not hold: it is not recorded" in result.err
    assert len(recorded("t.trace")) == 1


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
    result, asked_again = cloud.replay("--yes")
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
