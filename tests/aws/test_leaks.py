"""No secret reaches the disk or the screen: canaries go in at every door, and every byte that comes out is searched."""

from __future__ import annotations

import base64
import json
import re
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from awstracer.trace.journal import journal_path
from tests.programs import (
    ADD,
    COLOUR,
    CONTINUATION,
    PROMPT,
    Relay,
    Result,
    Session,
    Terminal,
    Trouble,
    play,
    rec,
    recorded,
    reset,
)

pytestmark = pytest.mark.once

NASTY = "\"q' \\b%41&+é$/:{}"
LINES = 'first "line"\nsecond %0A line\\n'
KEY_ID = "AKIAIOSFODNN7EXAMPLE"


class Canaries:
    """Makes secrets that are known by both their ends, and finds what is left of them."""

    def __init__(self) -> None:
        self._ends: list[tuple[str, ...]] = []

    def __len__(self) -> int:
        return len(self._ends)

    def secret(self, middle: str = "9vZ") -> str:
        """A new secret with that in it."""
        number = len(self._ends)
        ends = f"Cq{number:02d}x9QkZ7w", f"Wt{number:02d}r4JmX3v"
        self._ends.append(ends)
        return middle.join(ends)

    def key(self) -> str:
        """A new secret of 40 characters, as access keys have."""
        return self.secret("A/b+" * 4 + "cd")

    def session(self) -> str:
        """A new key id of a session."""
        number = len(self._ends)
        found = f"ASIA{''.join('ABCDEFGH23'[int(digit)] for digit in f'{number:02d}')}KQZJXWVYBMNPLK"
        self._ends.append((found,))
        return found

    def pem(self) -> str:
        """A new private key."""
        return f"-----BEGIN RSA PRIVATE KEY-----\n{self.secret('+/' * 9 + chr(10))}\n-----END RSA PRIVATE KEY-----\n"

    def found_in(self, content: bytes | str) -> list[str]:
        """The ends of secrets that can be read in a content, as they are or in base64 (twice)."""
        raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        return sorted({end for ends in self._ends for end in ends if any(form in raw for form in _forms(end))})


def _forms(end: str) -> Iterator[bytes]:
    plain = end.encode()
    yield plain
    for once in _in_base64(plain):
        yield once
        yield from _in_base64(once)


def _in_base64(text: bytes) -> Iterator[bytes]:
    """What of a text is in the base64 of anything that it is in, whatever is around it."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + text)
        yield encoded[(before * 8 + 5) // 6 : (before + len(text)) * 8 // 6]


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def say(*words: str | Path, **options: str) -> str:
    """A line that says these words, and options, exactly."""
    spelled = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    return shlex.join(["aws", *map(str, words), *spelled])


def stored(folder: Path, content: str) -> str:
    """The word for a new file with that content."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{len(list(folder.iterdir()))}"
    path.write_text(content, encoding="utf-8")
    return f"file://{path}"


def xml(action: str, content: str = "") -> Trouble:
    body = f"<{action}Response><{action}Result>{content}</{action}Result></{action}Response>"
    return Trouble(200, body.encode())


def answer(**members: object) -> Trouble:
    return Trouble(200, json.dumps(members).encode())


def requests(new: Canaries, folder: Path) -> Iterator[str]:
    """Lines whose requests have secrets, in all spellings."""

    def content(text: str) -> str:
        return stored(folder, text)

    secret = new.secret
    login = ("iam", "create-login-profile")
    yield say(*login, user_name="robot", password=secret())
    yield say(*login, f"--password={secret(NASTY)}", user_name="robot")
    yield say("iam", "update-login-profile", user_name="robot", password=secret(LINES))
    yield say(*login, cli_input_json=content(json.dumps({"UserName": "r", "Password": secret(NASTY)})))
    yield say(*login, cli_input_json=json.dumps({"UserName": "r", "Password": secret("é")}, ensure_ascii=False))
    yield say(*login, user_name="r", password=content(secret(LINES)))
    yield say(
        "iam",
        "upload-server-certificate",
        "--certificate-body",
        "c",
        private_key=content(new.pem()),
        server_certificate_name="s",
    )
    yield say("iam", "change-password", old_password=secret(), new_password=secret(NASTY))

    create = ("secretsmanager", "create-secret", "--name")
    yield say(*create, "a1", secret_string=secret(NASTY))
    yield say(*create, "a2", secret_string=json.dumps({"user": "app", "password": secret(NASTY), "port": 5432}))
    yield say(*create, "a3", secret_string=content(json.dumps({"k": {"deep": [secret(NASTY)]}}, indent=2)))
    yield say(*create, "a4", secret_binary=f"fileb://{content(secret(LINES)).removeprefix('file://')}")
    yield say("secretsmanager", "put-secret-value", secret_id="a1", secret_string=secret(LINES))
    yield say("secretsmanager", "update-secret", secret_id="a1", secret_string=content(new.pem()))

    put = ("ssm", "put-parameter", "--overwrite", "--name")
    yield say(*put, "/app/a", type="SecureString", value=secret(NASTY))
    yield say(*put, "/app/b", type="SecureString", value=content(new.pem()))
    yield say(*put, "/app/db/password", type="String", value=secret())
    yield say(*put, "/app/url", type="String", value=f"postgres://app:{quote(secret('@/é%'), safe='')}@db:5432/app")
    url = (
        f"https://b.s3.amazonaws.com/k?X-Amz-Security-Token={quote(new.key(), safe='')}&X-Amz-Signature={secret()}&x=1"
    )
    yield say("ssm", "put-parameter", cli_input_json=json.dumps({"Name": "/app/url2", "Type": "String", "Value": url}))
    yield say(*put, "/app/auth", type="String", value=f"Authorization: Bearer {secret('-._')}")
    yield say(
        *put,
        "/app/ini",
        type="String",
        value=f"[default]\naws_access_key_id = {KEY_ID}\n"
        f"aws_secret_access_key = {new.key()}\naws_session_token={new.key()}\n",
    )
    yield say(
        *put, "/app/yaml", type="String", value=f"db:\n  user: app\n  password: {secret()}\n  api_key: '{secret()}'"
    )
    yield say(*put, "/app/json", type="String", value=json.dumps({"inner": json.dumps({"password": secret(NASTY)})}))
    yield say(*put, "/app/b64", type="String", value=in_base64(f"user = app\npassword = {secret()}\n"))
    yield say(
        "ssm",
        "put-parameter",
        cli_input_json=json.dumps({"Name": "/c", "Type": "SecureString", "Value": secret(NASTY), "Overwrite": True}),
    )
    yield say(
        "ssm",
        "send-command",
        document_name="AWS-RunShellScript",
        instance_ids="i-0a1b2c3d4e5f67890",
        parameters=f'commands=["export DB_PASSWORD={secret()}","curl -H \'x-api-key: {secret()}\' h"]',
    )

    pool = {"user_pool_id": "us-east-1_a", "username": "jane"}
    yield say("cognito-idp", "admin-set-user-password", "--permanent", password=secret(NASTY), **pool)
    yield say("cognito-idp", "admin-create-user", temporary_password=secret(), **pool)
    yield say(
        "cognito-idp",
        "admin-initiate-auth",
        user_pool_id="us-east-1_a",
        client_id="c",
        auth_flow="ADMIN_NO_SRP_AUTH",
        auth_parameters=f"USERNAME=jane,PASSWORD={secret()},SECRET_HASH={secret()}",
    )

    yield say(
        "rds",
        "create-db-instance",
        db_instance_identifier="d",
        db_instance_class="db.t3.micro",
        engine="postgres",
        master_username="app",
        master_user_password=secret(NASTY),
    )
    yield say("rds", "modify-db-instance", f"--master-user-password={secret()}", db_instance_identifier="d")
    yield say(
        "docdb",
        "create-db-cluster",
        db_cluster_identifier="d",
        engine="docdb",
        master_username="app",
        master_user_password=secret(),
    )
    yield say(
        "redshift",
        "create-cluster",
        cluster_identifier="c",
        node_type="ra3.large",
        master_username="app",
        master_user_password=secret(NASTY),
    )
    yield say(
        "elasticache",
        "create-replication-group",
        replication_group_id="g",
        auth_token=secret(),
        replication_group_description="g",
    )
    yield say(
        "elasticache",
        "create-user",
        "--passwords",
        secret(),
        secret(NASTY),
        user_id="u",
        user_name="u",
        engine="redis",
        access_string="on",
    )
    yield say(
        "dms",
        "create-endpoint",
        endpoint_identifier="e",
        endpoint_type="source",
        engine_name="mysql",
        password=secret(),
        my_sql_settings=f"Password={secret()},Port=3306",
    )
    yield say(
        "lightsail",
        "create-relational-database",
        relational_database_name="d",
        master_database_name="d",
        relational_database_blueprint_id="b",
        relational_database_bundle_id="b",
        master_username="app",
        master_user_password=secret(),
    )
    yield say("mq", "create-user", broker_id="b", username="u", password=secret(NASTY))
    yield say("kms", "encrypt", key_id="alias/app", plaintext=secret(NASTY))
    yield say(
        "kms", "encrypt", key_id="alias/app", plaintext=f"fileb://{content(secret(LINES)).removeprefix('file://')}"
    )
    yield say(
        "directconnect",
        "create-bgp-peer",
        virtual_interface_id="dxvif-1",
        new_bgp_peer=f"asn=65000,authKey={secret()},customerAddress=10.0.0.1/30",
    )
    yield say(
        "glue",
        "create-connection",
        connection_input=json.dumps(
            {
                "Name": "c",
                "ConnectionType": "JDBC",
                "ConnectionProperties": {"USERNAME": "app", "PASSWORD": secret(NASTY)},
            }
        ),
    )
    yield say("apigateway", "create-api-key", name="partner", value=secret("abcd"))

    yield say(
        "lambda",
        "create-function",
        function_name="f",
        role="arn:aws:iam::123456789012:role/r",
        handler="h",
        runtime="python3.12",
        code="S3Bucket=leaks,S3Key=k",
        environment=f"Variables={{DB_PASSWORD={secret()},A=b}}",
    )
    yield say(
        "lambda",
        "update-function-configuration",
        function_name="f",
        environment=json.dumps(
            {"Variables": {"API_TOKEN": secret(NASTY), "CONFIG": json.dumps({"client_secret": secret("é")})}}
        ),
    )
    yield say(
        "ecs",
        "register-task-definition",
        family="web",
        container_definitions=json.dumps(
            [{"name": "web", "image": "web", "environment": [{"name": "DB_PASSWORD", "value": secret(NASTY)}]}]
        ),
    )
    yield say(
        "codebuild",
        "create-project",
        name="app",
        source="type=NO_SOURCE",
        artifacts="type=NO_ARTIFACTS",
        environment=f"type=LINUX_CONTAINER,image=i,computeType=BUILD_GENERAL1_SMALL,environmentVariables="
        f"[{{name=NPM_TOKEN,value={secret()},type=PLAINTEXT}}]",
        service_role="arn:aws:iam::123456789012:role/r",
    )

    script = f"#!/bin/sh\nexport DB_PASSWORD='{secret('$%')}'\nmysql --password={secret()} -u app\n"
    run = ("ec2", "run-instances", "--image-id", "ami-12c6146b", "--user-data")
    yield say(*run, script)
    yield say(*run, content(f"#cloud-config\nwrite_files:\n- content: |\n    token: {secret()}\n    {new.pem()}"))
    data = in_base64(f"#!/bin/sh\nexport API_TOKEN={secret()}\n")
    yield say(
        "ec2", "create-launch-template", launch_template_name="l", launch_template_data=json.dumps({"UserData": data})
    )
    yield say(
        "autoscaling",
        "create-launch-configuration",
        launch_configuration_name="l",
        image_id="ami-12c6146b",
        instance_type="t3.micro",
        user_data=f"password={secret()}\n",
    )
    yield say(
        "ec2",
        "create-tags",
        "--tags",
        f"Key=Password,Value={secret()}",
        f"Key=ApiKey,Value={secret()}",
        resources="ami-12c6146b",
    )
    template = {
        "Parameters": {"DbPassword": {"Type": "String", "NoEcho": True, "Default": secret()}},
        "Resources": {"Q": {"Type": "AWS::SQS::Queue"}},
    }
    parameter = f"ParameterKey=DbPassword,ParameterValue={secret()}"
    yield say(
        "cloudformation", "create-stack", stack_name="s", template_body=json.dumps(template), parameters=parameter
    )
    yield say(
        "cloudformation",
        "deploy",
        "--template-file",
        content(json.dumps(template)).removeprefix("file://"),
        "--parameter-overrides",
        f"DbPassword={secret('%$')}",
        "Env=dev",
        stack_name="s2",
    )
    yield say("sqs", "create-queue", queue_name="q", tags=f"password={secret()}")
    yield say("sns", "create-topic", name="t")
    topic = "arn:aws:sns:us-east-1:123456789012:t"
    yield say("sns", "publish", topic_arn=topic, message=json.dumps({"auth": {"token": secret(NASTY)}}))
    yield say("sns", "publish", topic_arn=topic, message=f"the password: {secret()}")
    yield say(
        "sns",
        "subscribe",
        topic_arn=topic,
        protocol="https",
        notification_endpoint=f"https://u:{secret()}@h.example.com/",
    )
    yield say(
        "events",
        "create-connection",
        name="c",
        authorization_type="API_KEY",
        auth_parameters=(f"ApiKeyAuthParameters={{ApiKeyName=x-api-key,ApiKeyValue={secret()}}}"),
    )
    item = {"id": {"S": "1"}, "password": {"S": secret(NASTY)}}
    yield say("dynamodb", "put-item", table_name="t", item=json.dumps(item))
    yield say("s3api", "create-bucket", bucket="leaks")
    yield say("s3api", "put-object", bucket="leaks", key="k", metadata=f"api-token={secret()}")
    yield say("s3api", "put-object", bucket="leaks", key="k2", tagging=f"password={quote(secret('@/'), safe='')}&a=b")
    yield say("s3", "presign", "s3://b/k")
    yield say("configure", "set", "aws_session_token", secret())
    yield say("configure", "set", "profile.x.aws_secret_access_key", new.key())
    yield say(
        "stepfunctions",
        "start-execution",
        state_machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:m",
        input=json.dumps({"headers": {"Authorization": f"Basic {in_base64('app:' + secret())}"}}),
    )


def answers(new: Canaries) -> dict[str, Trouble]:
    """What a relay answers by itself: secrets, and what no server here knows."""
    credentials = (
        f"<Credentials><AccessKeyId>{new.session()}</AccessKeyId><SecretAccessKey>{new.key()}</SecretAccessKey>"
        f"<SessionToken>{new.key()}</SessionToken><Expiration>2036-01-01T00:00:00Z</Expiration></Credentials>"
    )
    key = f"<AccessKey><UserName>robot</UserName><AccessKeyId>{KEY_ID}</AccessKeyId><Status>Active</Status>"
    return {
        "CreateAccessKey": xml("CreateAccessKey", f"{key}<SecretAccessKey>{new.key()}</SecretAccessKey></AccessKey>"),
        "AssumeRole": xml("AssumeRole", credentials),
        "GetSessionToken": xml("GetSessionToken", credentials),
        "GetSecretValue": answer(Name="a", SecretString=json.dumps({"password": new.secret(NASTY)})),
        "GenerateDataKey": answer(KeyId="k", Plaintext=in_base64(new.secret(LINES)), CiphertextBlob=in_base64("x")),
        "Decrypt": answer(KeyId="k", Plaintext=in_base64(new.secret())),
        "GetAuthorizationToken": answer(
            authorizationData=[{"authorizationToken": in_base64(f"AWS:{new.key()}"), "proxyEndpoint": "https://h"}]
        ),
        "GetParameter": answer(Parameter={"Name": "/a", "Type": "SecureString", "Value": new.secret(NASTY)}),
        "DescribeUserPoolClient": answer(UserPoolClient={"ClientId": "c", "ClientSecret": new.secret()}),
        "CreateKeyPair": Trouble(
            200, f"<CreateKeyPairResponse><keyMaterial>{new.pem()}</keyMaterial></CreateKeyPairResponse>".encode()
        ),
        "GET /2015-03-31/functions/f": answer(
            Configuration={"FunctionName": "f", "Environment": {"Variables": {"DB_PASSWORD": new.secret(NASTY)}}},
            Code={"Location": f"https://h/k?X-Amz-Security-Token={quote(new.key(), safe='')}&sig={new.secret()}"},
        ),
        "GET /apikeys?includeValues=true": answer(item=[{"id": "1", "name": "n", "value": new.secret("abcd")}]),
    }


ANSWERED = [
    "aws iam create-access-key --user-name robot",
    "aws sts assume-role --role-arn arn:aws:iam::123456789012:role/r --role-session-name session",
    "aws sts get-session-token --query Credentials.SessionToken --output text",
    "aws secretsmanager get-secret-value --secret-id a1",
    "aws kms generate-data-key --key-id alias/app --key-spec AES_256 --query Plaintext --output text",
    "aws kms decrypt --ciphertext-blob YQ==",
    "aws ecr get-authorization-token",
    "aws ecr get-login-password",
    "aws ssm get-parameter --name /a --with-decryption",
    "aws cognito-idp describe-user-pool-client --user-pool-id us-east-1_a --client-id c",
    "aws ec2 create-key-pair --key-name k",
    "aws lambda get-function --function-name f",
    "aws apigateway get-api-keys --include-values",
]

NOBODY = {  # operations that the server doesn't know, or needs more for
    name: xml(name)
    for name in (
        "UpdateLoginProfile",
        "CreateLoginProfile",
        "UploadServerCertificate",
        "ChangePassword",
        "CreateDBInstance",
        "ModifyDBInstance",
        "CreateDBCluster",
        "CreateCluster",
        "CreateReplicationGroup",
        "CreateUser",
        "CreateLaunchConfiguration",
        "Publish",
        "Subscribe",
    )
} | {
    name: answer()
    for name in (
        "AdminSetUserPassword",
        "AdminCreateUser",
        "AdminInitiateAuth",
        "CreateEndpoint",
        "CreateRelationalDatabase",
        "Encrypt",
        "CreateBGPPeer",
        "CreateConnection",
        "RegisterTaskDefinition",
        "CreateProject",
        "PutItem",
        "StartExecution",
        "POST /v1/brokers/b/users/u",
        "POST /2015-03-31/functions",
        "POST /apikeys",
        "SendCommand",
        "PUT /2015-03-31/functions/f/configuration",
    )
}
OWN_ENDPOINT = ("rds", "docdb", "sqs")  # awscli sets it by itself


def routed(line: str, relay: Relay) -> str:
    return f"{line} --endpoint-url {relay.url}" if shlex.split(line)[1] in OWN_ENDPOINT else line


@pytest.fixture
def cloud(aws_home: Path, relay: Relay, monkeypatch: pytest.MonkeyPatch) -> Relay:
    monkeypatch.setenv("AWS_ENDPOINT_URL", relay.url)
    monkeypatch.setenv("XDG_STATE_HOME", str(aws_home / "state"))
    return relay


def written(home: Path, inputs: Path) -> list[Path]:
    """The files that the program wrote."""
    not_its_own = {inputs, home / ".aws"}  # what the test made, and what awscli writes by itself
    return [path for path in home.rglob("*") if path.is_file() and not not_its_own & set(path.parents)]


def leaks(new: Canaries, home: Path, inputs: Path) -> dict[str, list[str]]:
    found = {str(path.relative_to(home)): new.found_in(path.read_bytes()) for path in written(home, inputs)}
    return {path: ends for path, ends in found.items() if ends}


def modes(home: Path, inputs: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in written(home, inputs)}


def own(result: Result) -> str:
    """What a replay said itself: without what its commands printed."""
    shown = [line for line in COLOUR.sub("", result.out).splitlines() if re.match(r"\(play\)| {7}\S", line)]
    return "\n".join(shown) + result.err


def test_what_is_recorded_from_a_pipe_has_no_secret(aws_home: Path, cloud: Relay) -> None:
    new, inputs = Canaries(), aws_home / "inputs"
    cloud.canned = NOBODY | answers(new)
    lines = [*requests(new, inputs), *ANSWERED]
    result = rec("--trace-file", "t", "-n", lines=[routed(line, cloud) for line in lines])
    assert result.code == 0, result.err
    assert len(recorded("t")) == len(lines), result.err
    assert len(new) > 90
    assert leaks(new, aws_home, inputs) == {}
    assert modes(aws_home, inputs) == {0o600}
    for extra in ([], ["--output", "json"]):
        shown = play("--trace-file", "t", "--dryrun", "--explain", "-d", *extra)
        assert shown.code == 0, shown.err
        assert new.found_in(shown.out + shown.err) == []


def test_what_is_typed_at_a_terminal_leaves_no_secret(
    aws_home: Path, cloud: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, inputs = Canaries(), aws_home / "inputs"
    cloud.canned = NOBODY | answers(new)
    quoted = new.secret()
    failure = f"<ErrorResponse><Error><Code>Bad</Code><Message>{quoted} is bad</Message></Error></ErrorResponse>"
    refusals: list[Trouble] = []
    cloud.faults = {"UpdateLoginProfile": refusals}
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", new.key())
    monkeypatch.setenv("AWS_SESSION_TOKEN", new.key())
    with Session("--trace-file", "t", "-s") as session:
        session.wait(PROMPT)
        session.keep("aws iam create-user --user-name robot")
        for line in list(requests(new, inputs))[:4] + ANSWERED[:3]:
            session.keep(line)
        session.type(say("iam", "update-login-profile", user_name="robot", password=new.secret()) + "\n")
        session.answer(ADD, "n")
        session.wait(PROMPT)
        session.run(say("iam", "update-login-profile", user_name="robot", passwrod=new.secret()))
        session.run(say("iam", "no-such-operation", thing=new.secret()))
        refusals.append(Trouble(400, failure.encode()))
        session.run(f"aws iam update-login-profile --user-name robot --password {quoted}")
        for reply in ("n", "y"):
            session.type(f"export PASSWORD={new.secret()}\n")
            session.answer("Run this in the shell? [y/N]: ", reply)
            session.wait(PROMPT)
        dropped = new.secret()
        session.type(f"aws iam create-login-profile --password {dropped}")
        session.wait(dropped)
        session.interrupt()
        session.wait(PROMPT)
        session.type(f"aws iam create-login-profile --password '{new.secret()}\n")
        session.wait(CONTINUATION)
        dropped = new.secret()
        session.type(dropped)
        session.wait(dropped)
        session.interrupt()
        session.wait(PROMPT)
        session.save("t")
    assert "create-user" in (aws_home / "state/awstracer/history").read_text()
    assert leaks(new, aws_home, inputs) == {}
    assert modes(aws_home, inputs) == {0o600}


def test_a_line_that_was_not_understood_is_not_in_the_history_of_later_sessions(aws_home: Path) -> None:
    new = Canaries()
    with Session("--trace-file", "t") as session:
        session.wait(PROMPT)
        session.run("aws iam list-users --no-such-option")
        session.run(new.secret())
        session.type("\x10\x10")
        session.wait("aws iam list-users --no-such-option")
        session.type("\x15exit\n")
        session.rest()
    assert leaks(new, aws_home, aws_home / "inputs") == {}
    assert "no-such-option" not in (aws_home / ".local/state/awstracer/history").read_text()


def test_a_killed_session_leaves_no_secret_in_its_journal(aws_home: Path, cloud: Relay) -> None:
    new, inputs = Canaries(), aws_home / "inputs"
    cloud.canned = NOBODY | answers(new)
    with Session("--trace-file", "t") as session:
        session.wait(PROMPT)
        for line in list(requests(new, inputs))[:6] + ANSWERED[:2]:
            session.keep(line)
        session.send_signal(signal.SIGKILL)
        session.rest()
    assert journal_path(Path("t")).read_text().count("SECRET-") > 8
    with Session("--trace-file", "t") as session:
        session.answer("Continue with them? [y/N]: ", "n")
        session.wait(PROMPT)
        session.end_of_input()
        session.rest()
    assert (aws_home / "state/awstracer/history").read_text().strip() in ("", "_HiStOrY_V2_")
    assert [path.name for path in written(aws_home, inputs) if path.name.startswith("t.journal")] == ["t.journal.1"]
    assert leaks(new, aws_home, inputs) == {}
    assert modes(aws_home, inputs) == {0o600}


def test_a_secret_of_an_earlier_command_is_known_in_later_ones(aws_home: Path, cloud: Relay, server: str) -> None:
    new = Canaries()
    cloud.canned = answers(new)
    body = cloud.canned["CreateAccessKey"].body.decode()
    key = body.partition("<SecretAccessKey>")[2].partition("<")[0]
    lines = [
        "aws iam create-user --user-name robot",
        "aws iam create-access-key --user-name robot",
        say("ssm", "put-parameter", name="/line", type="String", value=f"use {key} there"),
        say("ssm", "put-parameter", name="/url", type="String", value=f"see https://h/?k={quote(key, safe='')}"),
    ]
    assert rec("--trace-file", "t", "-n", lines=lines).code == 0
    assert leaks(new, aws_home, aws_home / "inputs") == {}
    reset(server)
    cloud.canned = {}
    result = play("--trace-file", "t", "--endpoint", cloud.url)
    assert result.code == 0, result.err
    fresh = result.answers[1]["AccessKey"]["SecretAccessKey"]
    assert fresh not in own(result)
    sent = [request.members["Value"] for request in cloud.played if request.operation == "PutParameter"]
    assert sent[-2:] == [f"use {fresh} there", f"see https://h/?k={quote(fresh, safe='')}"]


def test_a_replay_is_given_each_secret_once_and_shows_none(
    aws_home: Path, cloud: Relay, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = Canaries()
    old = [new.secret("@/é% ") for _ in range(5)]
    cloud.canned = NOBODY
    put = ("ssm", "put-parameter", "--type", "String", "--name")
    lines = [
        say("iam", "create-login-profile", user_name="robot", password=old[0]),
        say("ssm", "put-parameter", name="/p", type="SecureString", value=old[0]),
        say(*put, "/url", value=f"postgres://app:{quote(old[1], safe='')}@db/app"),
        say(*put, "/json", value=json.dumps({"inner": json.dumps({"db_password": old[2]})})),
        say(*put, "/b64", value=in_base64(f"user = app\npassword = {old[3]}\n")),
        say(
            "lambda",
            "update-function-configuration",
            function_name="f",
            environment=json.dumps({"Variables": {"API_TOKEN": old[4], "A": "b"}}),
        ),
        "aws iam delete-login-profile --user-name robot",
    ]
    assert rec("--trace-file", "t", "-n", lines=lines[:-1]).code == 0
    lacking = play("--trace-file", "t", "--dryrun").err.partition("lacks ")[2].partition(": give -p")[0].split(", ")
    assert (lacking[0], len(lacking), "2.value" in lacking) == ("1.password", 5, False)
    given = [new.secret("@/é% \"'") for _ in range(5)]
    monkeypatch.setenv("AWSTRACE_PARAM_1_PASSWORD", given[0])
    words = [word for name, secret in list(zip(lacking, given, strict=True))[1:4] for word in ("-p", name, secret)]
    environment = ["-p", "environment", json.dumps({"Variables": {"API_TOKEN": given[4], "A": "b"}})]
    asked = ["--trace-file", "t", "--endpoint", cloud.url, "--explain", "-d", *words]
    for extra in ([], ["--output", "json"]):
        shown = play(*asked, *environment, "--dryrun", *extra)
        assert shown.code == 0, shown.err
        assert new.found_in(shown.out + shown.err) == []
    cloud.requests.clear()
    reset(server)
    cloud.faults = {"PUT /2015-03-31/*": [Trouble(400, b"{}")]}
    failed = play(*asked, *environment, "--save-trace", "again")
    assert failed.code == 1
    assert new.found_in(own(failed)) == []
    with Terminal("awstrace-play", *asked, "--save-trace", "again", "--resume") as terminal:
        terminal.wait("of command 6: ")
        terminal.type(f"{given[4]}\n")
        shown_there = terminal.rest()
    assert terminal.code == 0, shown_there
    assert new.found_in(shown_there) == []
    sent = {request.members.get("Name"): request.members.get("Value") for request in cloud.played}
    assert sent["/p"] == given[0]
    assert sent["/url"] == f"postgres://app:{quote(given[1], safe='')}@db/app"
    assert json.loads(json.loads(str(sent["/json"]))["inner"])["db_password"] == given[2]
    assert base64.b64decode(str(sent["/b64"])).decode() == f"user = app\npassword = {given[3]}\n"
    assert cloud.played[-1].members["Environment"]["Variables"] == {"API_TOKEN": given[4], "A": "b"}
    assert leaks(new, aws_home, aws_home / "inputs") == {}
    assert modes(aws_home, aws_home / "inputs") == {0o600}
