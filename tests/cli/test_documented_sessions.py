"""The two sessions of the demo, one of which the README has too, as a person types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests import programs
from tests.programs import CONTINUATION, PROMPT, Relay, Session, Silent, aws, play, rec, recorded, users

MUSIC = ("--trace-file", "music.trace")
IAM = ("--trace-file", "iam.trace")

CREATE_TABLE = [
    "aws dynamodb create-table \\",
    "    --table-name Music \\",
    "    --attribute-definitions \\",
    "        AttributeName=Artist,AttributeType=S \\",
    "        AttributeName=SongTitle,AttributeType=S \\",
    "    --key-schema \\",
    "        AttributeName=Artist,KeyType=HASH \\",
    "        AttributeName=SongTitle,KeyType=RANGE \\",
    "    --provisioned-throughput \\",
    "        ReadCapacityUnits=10,WriteCapacityUnits=5",
]
PUT_ITEM = [
    "aws dynamodb put-item \\",
    "    --table-name Music \\",
    "    --item \\",
    """        '{"Artist": {"S": "No One You Know"}, "SongTitle": {"S": "Call Me Today"}, """
    """"AlbumTitle": {"S": "Somewhat Famous"}, "Awards": {"N": "1"}}'""",
]
SONG = {"Artist": {"S": "No One You Know"}, "SongTitle": {"S": "Call Me Today"}}
ITEM = {**SONG, "AlbumTitle": {"S": "Somewhat Famous"}, "Awards": {"N": "1"}}
CREATED_AGAIN = (
    "(play) aws dynamodb create-table"
    """ --attribute-definitions '[{"AttributeName": "Artist", "AttributeType": "S"},"""
    """ {"AttributeName": "SongTitle", "AttributeType": "S"}]'"""
    """ --key-schema '[{"AttributeName": "Artist", "KeyType": "HASH"},"""
    """ {"AttributeName": "SongTitle", "KeyType": "RANGE"}]'"""
    """ --provisioned-throughput '{"ReadCapacityUnits": 10, "WriteCapacityUnits": 5}'"""
    " --table-name Music"
)

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}],
}
OTHER_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}],
}
ARN = "arn:aws:iam::123456789012:policy/test-policy-1"
IAM_SESSION = [
    "aws iam create-user --user-name test-user-1",
    "aws iam create-policy --policy-name test-policy-1 --policy-document file://policy.json",
    f"aws iam attach-user-policy --user-name test-user-1 --policy-arn {ARN}",
    "aws iam list-attached-user-policies --user-name test-user-1",
]
RENAMED = ["-p", "user-name", "tu", "-p", "policy-name", "tp", "policy-document", "file://policy.json"]
RENAMED_LINES = [
    "(play) aws iam create-user --user-name tu",
    "(play) aws iam create-policy --policy-document file://policy.json --policy-name tp",
    "(play) aws iam attach-user-policy --policy-arn arn:aws:iam::123456789012:policy/tp --user-name tu",
    "(play) aws iam list-attached-user-policies --user-name tu",
]


def song(table: str, *args: str) -> object:
    """What a table says about the song."""
    return aws("dynamodb", "get-item", "--table-name", table, "--key", json.dumps(SONG), *args)["Item"]


def without_credentials(monkeypatch: pytest.MonkeyPatch, *, endpoint: bool = False) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", *(["AWS_ENDPOINT_URL"] if endpoint else [])):
        monkeypatch.delenv(name)


# --- DynamoDB


@pytest.fixture
def music(aws_home: Path) -> Path:
    """The DynamoDB session's trace."""
    assert rec(*MUSIC, "-n", lines=[*CREATE_TABLE, *PUT_ITEM]).code == 0
    return aws_home / "music.trace"


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """The URL of another cloud."""
    with programs.moto() as url:
        yield url


@pytest.mark.usefixtures("aws_home")
def test_the_dynamodb_session_is_recorded_as_it_is_typed() -> None:
    with Session(*MUSIC, "-c") as session:
        session.wait(PROMPT)
        for line in CREATE_TABLE[:-1]:
            session.type(f"{line}\n")
            session.wait(CONTINUATION)
        assert '"TableStatus": "ACTIVE"' in session.keep(CREATE_TABLE[-1])
        for line in PUT_ITEM[:-1]:
            session.type(f"{line}\n")
            session.wait(CONTINUATION)
        session.keep(PUT_ITEM[-1])
        assert session.save("music.trace") == 0
    assert song("Music") == ITEM
    create, put = recorded("music.trace")
    assert create["operation"]["name"] == "CreateTable"
    assert create["calls"][0]["request"]["ProvisionedThroughput"] == {"ReadCapacityUnits": 10, "WriteCapacityUnits": 5}
    assert put["calls"][0]["request"] == {"TableName": "Music", "Item": ITEM}


@pytest.mark.usefixtures("music")
def test_the_table_can_not_be_created_twice() -> None:
    result = play(*MUSIC)
    assert result.code == 1
    assert result.out == f"{CREATED_AGAIN}\n"
    assert "An error occurred (ResourceInUseException) when calling the CreateTable operation" in result.err
    assert "command 1 failed" in result.err


@pytest.mark.usefixtures("music")
def test_the_table_can_be_created_elsewhere(aws_home: Path, elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = aws_home / ".aws"
    folder.mkdir()
    (folder / "config").write_text("[profile admin-profile]\nregion = eu-central-1\n")
    (folder / "credentials").write_text("[admin-profile]\naws_access_key_id = ADMIN\naws_secret_access_key = secret\n")
    without_credentials(monkeypatch, endpoint=True)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with closing(Relay(elsewhere)) as relay:
        result = play(*MUSIC, "--profile", "admin-profile", "--endpoint", relay.url)
    moved = "awstrace-play: recorded in us-east-1; playing in eu-central-1\n"
    assert (result.code, result.err) == (0, moved)
    assert result.lines[0] == CREATED_AGAIN
    assert relay.operations == ["CreateTable", "PutItem"]
    assert {request.key for request in relay.requests} == {"ADMIN"}
    assert result.answers[0]["TableDescription"]["TableArn"].startswith("arn:aws:dynamodb:eu-central-1:")
    assert song("Music", "--profile", "admin-profile", "--endpoint-url", elsewhere) == ITEM


@pytest.mark.usefixtures("music")
def test_the_table_can_have_another_name() -> None:
    result = play(*MUSIC, "-p", "table-name", "test-table")
    assert (result.code, result.err) == (0, "")
    assert [line.rpartition(" --table-name ")[2] for line in result.lines] == ["test-table", "test-table"]
    assert song("test-table") == ITEM


# --- IAM


@pytest.fixture
def policy(aws_home: Path) -> Path:
    """The policy's document, as a file."""
    path = aws_home / "policy.json"
    path.write_text(json.dumps(POLICY))
    return path


@pytest.fixture
def iam(policy: Path) -> Path:
    """The IAM session's trace."""
    assert rec(*IAM, "-n", lines=IAM_SESSION).code == 0
    return policy.parent / "iam.trace"


def document(arn: str) -> object:
    """The document of a policy, as the cloud has it."""
    version = aws("iam", "get-policy-version", "--policy-arn", arn, "--version-id", "v1")
    return version["PolicyVersion"]["Document"]


@pytest.mark.usefixtures("policy")
def test_the_iam_session_is_recorded_with_the_printed_arn() -> None:
    with Session(*IAM, "-c") as session:
        session.wait(PROMPT)
        session.keep(IAM_SESSION[0])
        created = session.keep(IAM_SESSION[1])
        (line,) = [line for line in created.splitlines() if '"Arn"' in line]
        arn = line.split('"')[3]
        assert arn == ARN
        session.keep(f"aws iam attach-user-policy --user-name test-user-1 --policy-arn {arn}")
        assert '"PolicyName": "test-policy-1"' in session.keep(IAM_SESSION[3])
        assert session.save("iam.trace") == 0
    assert [command["operation"]["name"] for command in recorded("iam.trace")] == [
        "CreateUser",
        "CreatePolicy",
        "AttachUserPolicy",
        "ListAttachedUserPolicies",
    ]


@pytest.mark.usefixtures("iam")
def test_a_dry_run_shows_the_renamed_session_and_asks_nobody(silent: Silent, monkeypatch: pytest.MonkeyPatch) -> None:
    without_credentials(monkeypatch, endpoint=True)
    for name in ("AWS_DEFAULT_REGION", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.delenv(name)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, silent.url)
    result = play(*IAM, *RENAMED, "--dryrun")
    assert (result.code, result.out.splitlines(), result.err) == (0, RENAMED_LINES, "")
    assert not silent.was_asked()


@pytest.mark.usefixtures("iam")
def test_a_dry_run_changes_nothing() -> None:
    assert play(*IAM, *RENAMED, "--dryrun").code == 0
    assert users() == ["test-user-1"]


def test_the_renamed_session_makes_its_own_policy_and_user(iam: Path, policy: Path) -> None:
    policy.write_text(json.dumps(OTHER_POLICY))
    result = play(*IAM, *RENAMED)
    assert (result.code, result.err) == (0, "")
    assert result.lines == RENAMED_LINES
    (attached,) = result.answers[-1]["AttachedPolicies"]
    assert attached["PolicyName"] == "tp"
    assert users() == ["test-user-1", "tu"]
    assert document(attached["PolicyArn"]) == OTHER_POLICY
    assert document(ARN) == POLICY


def test_the_recorded_document_is_played_whatever_became_of_its_file(iam: Path, policy: Path) -> None:
    policy.unlink()
    result = play(*IAM, "-p", "user-name", "tu", "-p", "policy-name", "tp")
    assert (result.code, result.err) == (0, "")
    assert document("arn:aws:iam::123456789012:policy/tp") == POLICY
