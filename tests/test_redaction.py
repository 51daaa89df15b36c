"""What becomes a hole and what stays: tables in which «secrets» are marked, and what holds for all commands."""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote_plus, unquote_to_bytes

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from awstracer import holes, secrecy
from awstracer.catalog import Catalog
from awstracer.holes import HOLE, is_hole
from awstracer.places import ORDINARY, Asked, Shape
from awstracer.redaction import CONSTANT, Redactor, token_of
from awstracer.trace import CallError, Command, Path, leaves, spelled
from benchmarks import sweep_secrets

from . import values
from .traces import call, command, operation

import botocore.session  # isort: skip - after the driver, which brings the botocore that is meant

KEY = b"a session's key"
MODELS = Catalog()
MARKED = re.compile(r"«(.*?)»", re.S)
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIB\n-----END CERTIFICATE-----"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
KMS_KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-AbCdEf"


def redactor() -> Redactor:
    """One that has seen nothing yet."""
    return Redactor(KEY, MODELS)


def blob(text: str) -> bytes:
    """Bytes in which secrets are marked."""
    return text.encode("latin-1")


class Unmodelled:
    """Models that know nothing."""

    def shape(self, service: str, operation: str, side: Asked, path: Path) -> Shape:
        return ORDINARY

    def namespaces(self, service: str) -> frozenset[str]:
        return frozenset({service})

    def partition(self, region: str) -> None:
        return None


def _each(value: Any, change: Callable[[str], str]) -> Any:
    """The value with all its texts, and bytes that are text, changed."""
    if isinstance(value, dict):
        return {key: _each(child, change) for key, child in value.items()}
    if isinstance(value, list):
        return [_each(child, change) for child in value]
    if isinstance(value, bytes):
        return change(value.decode("latin-1")).encode("latin-1")
    return change(value) if isinstance(value, str) else value


def unmarked(value: Any) -> Any:
    return _each(value, lambda text: MARKED.sub(lambda match: match[1], text))


def holed(value: Any) -> Any:
    return _each(
        value, lambda text: MARKED.sub(lambda match: token_of(KEY, unquote_to_bytes(match[1].encode("latin-1"))), text)
    )


# --- members of requests and responses: (operation, side, document)

MEMBERS: list[tuple[str, Asked, dict[str, Any]]] = [
    # what the models mark
    ("secretsmanager.CreateSecret", "request", {"Name": "app/db", "SecretString": '«{"user": "app", "n": 1}»'}),
    ("secretsmanager.GetSecretValue", "response", {"ARN": SECRET_ARN, "Name": "app/db", "SecretString": "«hunter2»"}),
    ("secretsmanager.PutSecretValue", "request", {"SecretId": "app/db", "SecretBinary": blob("«hunter2»")}),
    ("ssm.PutParameter", "request", {"Name": "/app/db", "Value": "«s3cr3t value»", "Type": "SecureString"}),
    ("ssm.PutParameter", "request", {"Name": "/app/user-name", "Value": "«s3cr3t»"}),
    ("ssm.PutParameter", "request", {"Name": "/app/db/secret-arn", "Value": SECRET_ARN, "Type": "String"}),
    ("ssm.PutParameter", "request", {"Name": "/app/json", "Value": '{"host": "db"}', "Type": "String"}),
    ("ssm.PutParameter", "request", {"Name": "/app/json", "Value": '«{"host": "db"}»', "Type": "SecureString"}),
    ("ssm.PutParameter", "request", {"Name": "/app/db/password", "Value": "«hunter2»", "Type": "String"}),
    ("ssm.PutParameter", "request", {"Name": "/app/url", "Value": "https://u:«hunter2»@h/", "Type": "String"}),
    (
        "ssm.GetParameters",
        "response",
        {
            "Parameters": [
                {"Name": "/a", "Type": "String", "Value": "x y", "Version": 1},
                {"Name": "/b", "Type": "SecureString", "Value": "«x y z»", "Version": 1},
            ]
        },
    ),
    (
        "iam.CreateLoginProfile",
        "request",
        {"UserName": "robot", "Password": "«hunter2»", "PasswordResetRequired": True},
    ),
    (
        "iam.CreateAccessKey",
        "response",
        {
            "AccessKey": {
                "UserName": "robot",
                "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
                "SecretAccessKey": f"«{AWS_SECRET}»",
            }
        },
    ),
    (
        "kms.GenerateDataKey",
        "response",
        {"KeyId": KMS_KEY, "CiphertextBlob": b"\x01\xff", "Plaintext": blob("«\x00\xff\xfe key»")},
    ),
    ("kms.Decrypt", "response", {"KeyId": KMS_KEY, "Plaintext": blob("«hunter2»")}),
    ("kms.Encrypt", "request", {"KeyId": "alias/app", "Plaintext": blob("«hunter2»")}),
    ("ec2.GetPasswordData", "response", {"InstanceId": "i-0a1b2c3d4e5f67890", "PasswordData": "«Zm9v»"}),
    ("ec2.CreateKeyPair", "response", {"KeyName": "web", "KeyFingerprint": "1f:51:ae", "KeyMaterial": f"«{PEM}\n»"}),
    ("rds.CreateDBInstance", "request", {"MasterUsername": "admin", "MasterUserPassword": "«hunter2»", "Port": 5432}),
    (
        "cognito-idp.AdminCreateUser",
        "request",
        {"UserPoolId": "us-east-1_a", "Username": "jane", "TemporaryPassword": "«aB3!»"},
    ),
    (
        "cognito-idp.AdminSetUserPassword",
        "request",
        {"Username": "jane", "Password": "«Perm@nent1»", "Permanent": True},
    ),
    (
        "cognito-idp.CreateUserPoolClient",
        "response",
        {"UserPoolClient": {"ClientId": "1a2b3c", "ClientSecret": "«x1y2»"}},
    ),
    (
        "cognito-idp.InitiateAuth",
        "request",
        {"AuthParameters": {"USERNAME": "jane", "PASSWORD": "«hunter2»"}, "ClientId": "1a2b3c"},
    ),
    (
        "cognito-identity.GetId",
        "request",
        {"IdentityPoolId": "us-east-1:1-2", "Logins": {"graph.facebook.com": "«EAAC»"}},
    ),
    (
        "codepipeline.GetJobDetails",
        "response",
        {"jobDetails": {"data": {"artifactCredentials": {"sessionToken": "«x1»"}}}},
    ),
    ("s3.PutObject", "request", {"Bucket": "b", "SSECustomerKey": "«0123456789abcdef»", "SSEKMSKeyId": "1234abcd"}),
    # what they don't mark
    (
        "sts.AssumeRole",
        "response",
        {
            "Credentials": {
                "AccessKeyId": "«ASIAIOSFODNN7EXAMPLE»",
                "SecretAccessKey": f"«{AWS_SECRET}»",
                "SessionToken": "«FwoGZXIvYXdzEJr»",
            },
            "AssumedRoleUser": {"Arn": "arn:aws:sts::123456789012:assumed-role/r/s"},
        },
    ),
    (
        "cognito-identity.GetCredentialsForIdentity",
        "response",
        {"Credentials": {"SecretKey": "«ab12»", "SessionToken": "«xy34»"}},
    ),
    (
        "ecr.GetAuthorizationToken",
        "response",
        {"authorizationData": [{"authorizationToken": "«QVdTOnh4»", "proxyEndpoint": "h"}]},
    ),
    ("apigateway.CreateApiKey", "request", {"name": "partner", "enabled": True, "value": "«abcdefgh12345678ABCD»"}),
    ("apigateway.GetApiKeys", "response", {"items": [{"id": "x1y2z3", "name": "partner", "value": "«abcdefgh1234»"}]}),
    ("apigateway.GetApiKey", "request", {"apiKey": "x1y2z3", "includeValue": True}),
    (
        "docdb.CreateDBCluster",
        "request",
        {"MasterUsername": "root", "MasterUserPassword": "«hunter2»", "Engine": "docdb"},
    ),
    ("neptune.CreateDBCluster", "request", {"MasterUserPassword": "«hunter2»"}),
    ("redshift.CreateCluster", "request", {"ClusterIdentifier": "c", "MasterUserPassword": "«hunter2»"}),
    ("elasticache.CreateReplicationGroup", "request", {"ReplicationGroupId": "g", "AuthToken": "«hunter2-hunter2»"}),
    ("elasticache.CreateUser", "request", {"UserId": "u", "UserName": "u", "Passwords": ["«hunter2»", "«hunter3»"]}),
    ("mq.CreateUser", "request", {"BrokerId": "b", "Username": "u", "Password": "«hunter2»", "ConsoleAccess": True}),
    (
        "lightsail.CreateKeyPair",
        "response",
        {"publicKeyBase64": "ssh-rsa AAAA", "privateKeyBase64": "«not quite a pem»"},
    ),
    ("directconnect.CreateBGPPeer", "request", {"newBGPPeer": {"asn": 65000, "authKey": "«hunter2»"}}),
    (
        "glue.CreateConnection",
        "request",
        {
            "ConnectionInput": {
                "ConnectionProperties": {"USERNAME": "u", "PASSWORD": "«hunter2»", "JDBC_ENFORCE_SSL": "true"}
            }
        },
    ),
    ("ds.CreateMicrosoftAD", "request", {"Name": "corp.example.com", "Password": "«hunter2»"}),
    # containers of ordinary configuration, leaf by leaf
    (
        "lambda.CreateFunction",
        "request",
        {
            "FunctionName": "f",
            "Code": {"ZipFile": b"PK\x03\x04\xff"},
            "Environment": {
                "Variables": {
                    "TABLE_NAME": "Music",
                    "DB_PASSWORD": "«hunter2»",
                    "DSN": "postgres://app:«hunter2-x»@db.example.com/app",
                    "SECRET_ARN": SECRET_ARN,
                    "ENCRYPTION_KEY": "«k3Yq9ZxW7vTt5RrP2mNn8LlJ»",
                    "CACHE_KEY": "user:profile:v1",
                    "MAX_TOKENS": "512",
                    "TOKEN_URL": "https://auth.example.com/token",
                    "USE_PASSWORD": "false",
                }
            },
        },
    ),
    (
        "ec2.RunInstances",
        "request",
        {"ImageId": "ami-0a1b2c3d", "UserData": "#!/bin/sh\nexport DB_PASSWORD=«hunter2»\nyum -y update\n"},
    ),
    (
        "autoscaling.CreateLaunchConfiguration",
        "request",
        {"UserData": "#cloud-config\npassword: «hunter2 is mine»\nuser: app\n"},
    ),
    (
        "ecs.RegisterTaskDefinition",
        "request",
        {
            "family": "web",
            "containerDefinitions": [
                {
                    "name": "web",
                    "environment": [{"name": "API_TOKEN", "value": "«hunter2»"}, {"name": "STAGE", "value": "prod"}],
                    "secrets": [
                        {"name": "DB_PASSWORD", "valueFrom": "arn:aws:ssm:us-east-1:123456789012:parameter/db"}
                    ],
                    "repositoryCredentials": {"credentialsParameter": SECRET_ARN},
                }
            ],
        },
    ),
    (
        "stepfunctions.CreateStateMachine",
        "request",
        {
            "name": "flow",
            "definition": '{"StartAt": "A", "States": {"A": {"Type": "Task", "Parameters": {"ApiKey":"«hunter2»"}}}}',
        },
    ),
    ("stepfunctions.StartExecution", "request", {"input": '{"orderId": "17", "password": "«hunter2»"}'}),
    (
        "lambda.Invoke",
        "request",
        {"FunctionName": "f", "Payload": blob('{"user": "jane", "client_secret": "«hunter2»"}')},
    ),
    (
        "ssm.SendCommand",
        "request",
        {"Parameters": {"commands": ["echo hello", "mysql --password «hunter2» -e 'select 1'"]}},
    ),
    (
        "cloudformation.CreateStack",
        "request",
        {
            "StackName": "s",
            "Parameters": [
                {"ParameterKey": "DbPassword", "ParameterValue": "«hunter2»"},
                {"ParameterKey": "DbName", "ParameterValue": "orders"},
            ],
        },
    ),
    (
        "cognito-idp.AdminCreateUser",
        "response",
        {"User": {"Attributes": [{"Name": "email", "Value": "a@example.com"}]}},
    ),
    (
        "dynamodb.PutItem",
        "request",
        {"Item": {"user": {"S": "jane"}, "password": {"S": "«hunter2»"}}, "TableName": "users"},
    ),
    (
        "ec2.CreateTags",
        "request",
        {"Tags": [{"Key": "Password", "Value": "«hunter2»"}, {"Key": "Name", "Value": "web"}]},
    ),
    ("sns.Publish", "request", {"Message": '{"default": "hello", "token": "«hunter2»"}'}),
    # needed, and no secret
    ("iam.DeleteAccessKey", "request", {"UserName": "robot", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}),
    ("iam.UpdateAccountPasswordPolicy", "request", {"MinimumPasswordLength": 8, "MaxPasswordAge": 90}),
    ("iam.GetUser", "response", {"User": {"UserName": "jane", "UserId": "AIDAJQABLZS4A3QDU576Q"}}),
    (
        "sqs.ReceiveMessage",
        "response",
        {"Messages": [{"ReceiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a", "MessageId": "1-2"}]},
    ),
    (
        "s3.CreateMultipartUpload",
        "response",
        {"Bucket": "b", "Key": "k", "UploadId": "VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5t"},
    ),
    (
        "s3.PutObject",
        "request",
        {"Bucket": "b", "Key": "assets/k3Yq9ZxW7vTt5RrP2mNn8LlJ.js", "ContentType": "text/css"},
    ),
    ("s3.ListObjectsV2", "response", {"NextContinuationToken": "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM="}),
    ("dynamodb.ListTables", "request", {"ExclusiveStartTableName": "Music", "Limit": 10}),
    ("ec2.DescribeInstances", "response", {"NextToken": "eyJ2IjoiMiIsImMiOiJxNDhQTHdSWk5p", "Reservations": []}),
    (
        "ec2.CreateVpcEndpoint",
        "request",
        {"VpcId": "vpc-0a1b2c3d", "ClientToken": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111"},
    ),
    (
        "secretsmanager.CreateSecret",
        "request",
        {"Name": "n", "ClientRequestToken": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111"},
    ),
    ("secretsmanager.DescribeSecret", "response", {"ARN": SECRET_ARN, "Name": "app/db", "KmsKeyId": KMS_KEY}),
    ("wafv2.UpdateWebACL", "request", {"Name": "acl", "LockToken": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111"}),
    ("waf.CreateIPSet", "request", {"Name": "s", "ChangeToken": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111"}),
    ("stepfunctions.SendTaskSuccess", "request", {"taskToken": "AAAAKgAAAAIAAAAAAAAAAd", "output": '{"ok": true}'}),
    ("logs.PutLogEvents", "request", {"sequenceToken": "4951239857", "logGroupName": "g", "logStreamName": "s"}),
    ("kms.CreateKey", "response", {"KeyMetadata": {"KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab", "Arn": KMS_KEY}}),
    (
        "ec2.ImportKeyPair",
        "request",
        {"KeyName": "web", "PublicKeyMaterial": b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC"},
    ),
    ("acm.GetCertificate", "response", {"Certificate": CERTIFICATE, "CertificateChain": CERTIFICATE}),
    ("ec2.ModifyInstanceMetadataOptions", "request", {"InstanceId": "i-0a1b2c3d4e5f67890", "HttpTokens": "required"}),
    (
        "cognito-idp.CreateUserPool",
        "request",
        {"PoolName": "members", "Policies": {"PasswordPolicy": {"MinimumLength": 8}}},
    ),
    ("cognito-idp.ListUsers", "request", {"UserPoolId": "us-east-1_a", "Filter": 'username = "jane"'}),
    ("organizations.CreateAccount", "request", {"AccountName": "sandbox", "Email": "«a@example.com»"}),
    ("bedrock-agent.CreateAgent", "request", {"agentName": "a", "description": "answers", "instruction": "«be kind»"}),
    (
        "dynamodb.CreateTable",
        "request",
        {"TableName": "Music", "KeySchema": [{"AttributeName": "Token", "KeyType": "HASH"}]},
    ),
    (
        "rds.DescribeDBParameters",
        "response",
        {"Parameters": [{"ParameterName": "password_encryption", "ParameterValue": "md5"}]},
    ),
]


def _id(case: tuple[str, Asked, dict[str, Any]]) -> str:
    return f"{case[0]} {case[1]} {' '.join(case[2])}"


@pytest.mark.parametrize(("name", "side", "document"), MEMBERS, ids=map(_id, MEMBERS))
def test_of_a_request_or_a_response_the_marked_becomes_a_hole(name: str, side: Asked, document: dict[str, Any]) -> None:
    given = unmarked(document)
    made = call(name, given, {}) if side == "request" else call(name, {}, given)
    redacted = redactor().command(command([], made)).calls[0]
    assert (redacted.request if side == "request" else redacted.response) == holed(document)


# --- texts that hold secrets

TEXTS = [
    "db:\n  password: |\n    «one\n    two»\n  user: app",
    "password: >-\n  «one two»",
    "machine h login u password «hunter2»",
    "<db><password>«hunter2»</password><user>app</user></db>",
    '<property name="password" value="«hunter2»"/>',
    '$password = "«hunter2»"',
    "$Env:DB_PASSWORD = '«hunter2»'",
    "define('DB_PASSWORD', '«hunter2»');",
    "os.environ['DB_PASSWORD'] = '«hunter2»'",
    "CREATE USER x WITH PASSWORD '«hunter2»'",
    "CREATE USER x IDENTIFIED BY '«hunter2»'",
    "curl -H 'Authorization: Basic «aHVudGVyMg==»' h",
    "ENV DB_PASSWORD «hunter2»",
    "aws configure set aws_secret_access_key «hunter2»",
    "echo 'app:«hunter2»' | sudo chpasswd",
    "mysql -u root -p«hunter2» app",
    "curl -s -u app:«hunter2» https://h/",
    "postgres://app:«hun@ter2»@h/",
    "https://h/p?api_key=«hun%2Fter2»&x=1",
    f"before\n«{PEM}»\nbehind",
    CERTIFICATE,
    f"Authorization: «Bearer {JWT}»",
    "curl -H bearer «abcdef0123456789»",
    "[Service]\nEnvironment=DB_PASSWORD=«hunter2»\nRestart=always",
    f"id={JWT[:20]}",
    f"the token «{JWT}» is a JWT",
    "postgres://app:«hunter2»@db.example.com:5432/app",
    "postgres://app@db.example.com:5432/app",
    "https://example.com:8443/a@b",
    "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=«AKIAIOSFODNN7EXAMPLE%2F2026»"
    "&X-Amz-Date=20260102T030405Z&X-Amz-Expires=3600&X-Amz-Security-Token=«Fwo%2Fabc»&X-Amz-Signature=«deadbeef01»",
    "https://b.s3.amazonaws.com/k?AWSAccessKeyId=«AKIAIOSFODNN7EXAMPLE»&Signature=«vjbyPxybdZaNmGa»&Expires=1175139620",
    "https://b.s3.amazonaws.com/k?versionId=3HL4kqtJlcpXroDTDmJ&X-Amz-Date=20260102T030405Z",
    f"AKIAIOSFODNN7EXAMPLE,«{AWS_SECRET}»",
    "AKIAIOSFODNN7EXAMPLE is the robot's",
    "export AWS_SESSION_TOKEN=«FwoGZXIvYXdzEJr»",
    f"aws_secret_access_key = «{AWS_SECRET}»\nregion = us-east-1",
    "aws_access_key_id = AKIAIOSFODNN7EXAMPLE",
    "password: «correct horse battery»  # changed\nuser: app",
    "password_file: /run/secrets/db",
    "PGPASSWORD=«hunter2» psql -c 'select 1'",
    'PASSWORD="«hunter 2»" ./run',
    "PASSWORD=$DB_PASSWORD ./run",
    "PASSWORD=$(aws secretsmanager get-secret-value --secret-id app/db --query SecretString)",
    "DbPassword='{{resolve:secretsmanager:app/db:SecretString:password}}'",
    "mysql --user app --password «hunter2» --host db",
    "mysql --user app --password-file /run/db --host db",
    "Server=db;User=app;Password=«hunter2»;Port=1433",
    "Username=app,Password=«hunter2»,ConsoleAccess=true",
    "Key=DbPassword,Value=«hunter2»",
    "Key=Name,Value=web",
    "client_secret=«x1y2z3»&grant_type=client_credentials",
    '{"a": {"password": "«hunter2»", "port": 5432}}',
    '{ "password_policy": "strong",\n  "token_type": "bearer" }',
    json.dumps({"body": '{"token":"«hunter2»"}'}, ensure_ascii=False),
    '[{"name": "DB_PASSWORD", "value": "«hunter2»"}, {"name": "password", "valueFrom": "/run"}]',
    '{"Parameters": {"DbPassword": {"Type": "String", "NoEcho": true, "Default": "«hunter2»"}}}',
    '{"MasterUserPassword": {"Ref": "DbPassword"}}',
    '{"x-api-key": "«hunter2»", "x-request-id": "17"}',
    f'{{"Action": "secretsmanager:GetSecretValue", "Resource": "{SECRET_ARN}"}}',
    '{"aws:TokenIssueTime": "2026-01-02T03:04:05Z"}',
    "ghp_" + "a1B2" * 9,
    "«ghp_" + "a1B2" * 9 + "»",
    "«xoxb-123456789012-abcdef»",
    "«sk_live_" + "a1B2" * 6 + "»",
    "https://hooks.slack.com/services/",
    "«<SECRET-0123456789ABCDEF0123456789ABCDEF>»",
    "<SECRET-0123>",
    "Please reset your password: required",
    "the keys, secrets and tokens of this account",
    "TokenType: bearer",
    "secret:app/db",
    "arn:aws:ssm:us-east-1:123456789012:parameter/db/password",
    "git+ssh://git@example.com/repo.git#token",
    "token_url=https://auth.example.com/token",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "NextToken=eyJ2IjoiMiIsImMiOiJxNDhQTHdSWk5p",
]
TEXTS.remove("ghp_" + "a1B2" * 9)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_in_a_text_the_marked_becomes_a_hole_and_all_else_stays_as_it_is(text: str) -> None:
    redacted = redactor().command(command([], call("x.Y", {"Text": unmarked(text)}, {}))).calls[0].request["Text"]
    assert redacted == holed(text)


def test_in_base64_the_marked_becomes_a_hole() -> None:
    script = "#!/bin/sh\nexport DB_PASSWORD=«hunter2»\n"
    given = base64.b64encode(unmarked(script).encode()).decode()
    made = call("ec2.CreateLaunchTemplate", {"LaunchTemplateData": {"UserData": given}}, {})
    redacted = redactor().command(command([], made)).calls[0].request["LaunchTemplateData"]["UserData"]
    assert base64.b64decode(redacted).decode() == holed(script)
    assert list(holes.holes(redacted)) == [token_of(KEY, "hunter2")]


# --- names

SECRET_NAMES = """
    Password password DB_PASSWORD db-password masterUserPassword MasterUserPassword PGPASSWORD PASSWORD2 mysql_pwd
    SecretString client_secret ClientSecret SecretAccessKey aws_secret_access_key privateKeyBase64 PrivateKey authKey
    AuthToken authorizationToken SessionToken aws_session_token ApiKey x-api-key api_key_value passphrase GITHUB_TOKEN
    bearerToken RefreshToken IdToken Credentials Authorization SlackToken --owner-sak TokenCode Passwords
"""
OPEN_NAMES = """
    KeyName SecretId SecretArn secret_name PasswordPolicy PasswordLength MinimumPasswordLength TokenType TokenUrl
    NextToken nextToken ClientToken clientRequestToken IdempotencyToken HasPassword PasswordLastUsed
    PasswordResetRequired AccessKeyId KmsKeyId Key PublicKey LockToken NextLockToken ChangeToken taskToken UploadId
    ReceiptHandle uploadSequenceToken StartingToken ContinuationToken GrantTokens DkimTokens HttpTokens MAX_TOKENS
    SecretsManagerConfig CredentialsParameter TokenEndpoint Certificate Tokenize compass bypass EncryptedKeyMaterial
"""


@pytest.mark.parametrize("name", SECRET_NAMES.split())
def test_a_name_says_that_it_is_a_secret(name: str) -> None:
    assert secrecy.is_secret_name(name)


@pytest.mark.parametrize("name", OPEN_NAMES.split())
def test_a_name_says_nothing_of_a_secret(name: str) -> None:
    assert not secrecy.is_secret_name(name)


# --- lines

LINES = [
    "configure set aws_secret_access_key «abc/12345»",
    "configure set aws_access_key_id AKIAIOSFODNN7EXAMPLE",
    "configure --profile p set profile.x.aws_session_token «abc12345»",
    "configure get aws_secret_access_key --profile p",
    "cloudformation deploy --stack-name s --parameter-overrides DbPassword=«hunter2» Stage=prod --template-file t.yml",
    "rds generate-db-auth-token --hostname db --port 3306 --username app",
    "ecr get-login --no-include-email",
    "iam create-login-profile --user-name u --password «hunter2» --password-reset-required",
    "iam create-login-profile --user-name u --password=«hunter2»",
    "iam update-account-password-policy --minimum-password-length 8",
    "iam delete-access-key --access-key-id AKIAIOSFODNN7EXAMPLE --user-name u",
    "elasticache create-user --user-id u --passwords «hunter2» «hunter3» --engine redis",
    "secretsmanager create-secret --name password --secret-string file://secret.json",
    "secretsmanager get-secret-value --secret-id app/db --query SecretString",
    'secretsmanager create-secret --name n --secret-string «{"a":1}»',
    "ec2 describe-instances --starting-token eyJ2IjoiMiIsImMiOiJ",
    "s3 ls s3://bucket --endpoint-url https://u:«hunter2»@localhost",
    "lambda update-function-configuration --function-name f --environment Variables={DB_PASSWORD=«hunter2»,STAGE=prod}",
    "mq create-user --broker-id b --username u --password «a»",
    "cognito-idp create-user-pool-client --client-name web --no-generate-secret --region us-east-1",
    "s3 sync . s3://bucket/token --exclude *.key",
]


@pytest.mark.parametrize("line", LINES)
def test_of_a_line_that_never_ran_the_marked_becomes_a_hole(line: str) -> None:
    words = line.split(" ")
    assert list(redactor().line(unmarked(words))) == holed(words)


def test_half_of_the_cases_leave_everything_alone() -> None:
    texts = [*TEXTS, *LINES, *(str(document) for _, _, document in MEMBERS)]
    alone = [text for text in texts if not MARKED.search(text)] + OPEN_NAMES.split()
    leaf_cases = [leaf for _, _, document in MEMBERS for _, leaf in leaves(document)]
    alone += [str(leaf) for leaf in leaf_cases if "«" not in str(leaf) and "\\xab" not in str(leaf)]
    every = len(texts) + len(leaf_cases) + len(OPEN_NAMES.split()) + len(SECRET_NAMES.split())
    assert every >= 120
    assert 2 * len(alone) >= every


# --- whole commands

PASSWORD = 'hun\'ter2 "x"'


def in_any_form(secret: str) -> dict[str, str]:
    return {
        "plain": f"say {secret}!",
        "json": json.dumps({"note": f"it is {secret}"}),
        "twice": json.dumps({"note": json.dumps({"note": secret})}),
        "percent": "https://example.com/?q=" + quote(secret, safe=""),
        "base64": base64.b64encode(f"it is {secret}".encode()).decode(),
        "alone": base64.b64encode(secret.encode()).decode(),
    }


def read(leaf: Any) -> Iterator[str]:
    """What a leaf says to whoever tries."""
    text = leaf.decode("latin-1") if isinstance(leaf, bytes) else str(leaf)
    yield from (text, unquote_plus(text))
    if isinstance(leaf, bytes):
        yield leaf.decode("utf-8", "replace")
    with contextlib.suppress(ValueError):
        texts = [each for _, each in leaves(json.loads(text)) if isinstance(each, str)]
        yield from (said for each in texts for said in read(each))
    with contextlib.suppress(ValueError):
        yield base64.b64decode(text, validate=True).decode()


def everything(redacted: Command) -> list[Any]:
    parts: list[Any] = [redacted.operation and redacted.operation.parameters, list(redacted.argv), dict(redacted.files)]
    for made in redacted.calls:
        parts += [made.request, made.response, made.error and made.error.message]
    return [leaf for _, leaf in leaves(parts)]


def test_a_secret_that_was_found_is_nowhere_else_in_the_command() -> None:
    given = operation(
        "iam.CreateLoginProfile",
        {"UserName": "u", "Password": PASSWORD},
        {"LoginProfile": in_any_form(PASSWORD), "Bytes": PASSWORD.encode()},
        [
            "iam",
            "create-login-profile",
            "--user-name",
            "u",
            "--password",
            PASSWORD,
            "--debug",
            *in_any_form(PASSWORD).values(),
        ],
    )
    failed = replace(given.calls[0], response=None, error=CallError("ValidationError", f"{PASSWORD} is too short"))
    redacted = redactor().command(replace(given, calls=(given.calls[0], failed), files={"file://x": PASSWORD}))
    assert not [leaf for leaf in everything(redacted) if any(PASSWORD in text for text in read(leaf))]
    assert redacted.argv[:6] == (*given.argv[:5], token_of(KEY, PASSWORD))
    assert redacted.calls[1].error == CallError("ValidationError", f"{token_of(KEY, PASSWORD)} is too short")


def test_a_word_that_quotes_a_secret_in_another_way_is_replaced_whole() -> None:
    word = r"Username=u,Password='hun\,ter2'"
    redacted = redactor().command(operation("mq.CreateUser", {"Password": "hun,ter2"}, {}, ["mq", "create-user", word]))
    assert is_hole(redacted.argv[2])


@pytest.mark.parametrize("secret", ["password", "create-login-profile"])
def test_a_secret_that_is_a_common_word_leaves_the_words_of_the_command_alone(secret: str) -> None:
    argv = ["--debug", "iam", "create-login-profile", "--password", secret]
    given = operation("iam.CreateLoginProfile", {"Password": secret}, {}, argv)
    assert given.operation is not None
    own = replace(given.operation, words=("iam", "create-login-profile"))
    redacted = redactor().command(replace(given, operation=own))
    assert redacted.argv == (*argv[:4], token_of(KEY, secret))
    assert redacted.request == {"Password": token_of(KEY, secret)}


def test_a_document_with_halves_of_characters_is_redacted() -> None:
    document = '{"password": "\\ud800 é hunter2", "x": "\\ud800 é"}'
    redacted = redactor().command(command([], call("x.Y", {"Text": document, "Blob": document.encode()}, {})))
    assert "hunter2" not in redacted.calls[0].request["Text"]
    assert b"hunter2" not in redacted.calls[0].request["Blob"]


@pytest.mark.parametrize("secret", ["a", "1", "abc", "true"])
def test_what_is_short_is_replaced_in_its_own_place_only(secret: str) -> None:
    argv = ["ssm", "put-parameter", "--name", secret, "--value", secret]
    redacted = redactor().command(
        operation("ssm.PutParameter", {"Name": secret, "Value": secret}, {"Tier": secret}, argv)
    )
    assert redacted.argv == (*argv[:5], token_of(KEY, secret))
    assert redacted.request == {"Name": secret, "Value": token_of(KEY, secret)}
    assert redacted.response == {"Tier": secret}


def test_what_a_files_word_held_is_judged_by_its_option() -> None:
    argv = ["custom", "thing", "--private-key=file://key", "--env", "file://env"]
    held: dict[str, str | bytes] = {"file://key": "opens it", "file://env": "STAGE=prod\nDB_PASSWORD=hunter2\n"}
    redacted = redactor().command(command(argv, files=held))
    assert redacted.argv == tuple(argv)
    assert redacted.files == {
        "file://key": token_of(KEY, "opens it"),
        "file://env": f"STAGE=prod\nDB_PASSWORD={token_of(KEY, 'hunter2')}\n",
    }


def test_the_api_key_that_a_request_names_is_its_id() -> None:
    argv = ["apigateway", "get-api-key", "--api-key", "x1y2z3"]
    given = operation("apigateway.GetApiKey", {"apiKey": "x1y2z3"}, {"id": "x1y2z3", "value": "abcdefgh1234"}, argv)
    redacted = redactor().command(given)
    assert redacted.argv == tuple(argv)
    assert redacted.response == {"id": "x1y2z3", "value": token_of(KEY, "abcdefgh1234")}


# --- tokens


@pytest.mark.parametrize("secret", [b"hunter2", b"\x00\xff\xfe key", b"line\n", b"aGVsbG8="])
def test_bytes_their_base64_and_what_a_shell_makes_of_them_are_one_secret(secret: bytes) -> None:
    encoded = base64.b64encode(secret)
    assert token_of(KEY, secret) == token_of(KEY, encoded) == token_of(KEY, encoded.decode() + "\n")


@given(st.lists(st.text("abcXYZ019+/='\" ", min_size=1).map(str.strip), min_size=2, max_size=2, unique=True))
def test_equal_secrets_have_equal_tokens_and_others_others(secrets: list[str]) -> None:
    one, other = secrets
    assert token_of(KEY, one) == token_of(KEY, one + "\n")
    assert token_of(KEY, one) != token_of(KEY + b"2", one)
    encodes = {base64.b64encode(text.encode()).decode() for text in secrets}
    if not encodes & set(secrets):
        assert token_of(KEY, one) != token_of(KEY, other)


def test_a_hole_is_known_as_one() -> None:
    token = token_of(KEY, "hunter2")
    assert HOLE.fullmatch(token)
    assert is_hole(token)
    assert is_hole(token.encode())
    assert not is_hole(f"{token} ")
    assert not is_hole(17)
    assert list(holes.holes({"a": [f"x{token}", token.encode()]})) == [token, token]


# --- what holds for all commands


def is_everywhere_secret(text: str) -> bool:
    """Whether a text is secret under a telling name, and no everyday constant, which is replaced only there."""
    return secrecy.is_secret("password", text) and not CONSTANT.fullmatch(text)


SECRETS = (
    st.text(st.characters(codec="utf-8", exclude_characters="«»"), min_size=8, max_size=24)
    .filter(lambda text: text.strip() == text and len(set(text)) > 4)
    .filter(lambda text: not re.search(r"[{}\[\]$<>(!%`*\\]|^arn", text))
    .filter(is_everywhere_secret)
)


@given(SECRETS, values.DOCUMENTS, st.sampled_from(["password", "DB_PASSWORD", "ClientSecret", "accessToken"]))
def test_a_canary_never_survives_in_any_form(secret: str, document: dict[str, Any], name: str) -> None:
    planted = {**document, "deep": [{name: secret}], **in_any_form(secret)}
    given = operation("x.Y", planted, {**document, **in_any_form(secret)}, ["x", "y", *in_any_form(secret).values()])
    redacted = Redactor(KEY, Unmodelled()).command(replace(given, files={"file://f": json.dumps(planted["deep"])}))
    assert not [leaf for leaf in everything(redacted) if any(secret in text for text in read(leaf))]


@given(values.commands())
def test_a_command_without_secrets_stays_as_it_is(given: Command) -> None:
    said = [
        given.argv,
        given.request,
        given.files,
        *((call.request, call.response, call.error) for call in given.calls),
    ]
    assume(
        not re.search(rf"{secrecy.TELLING.pattern}|pw", repr(said).replace("CallError(code=", ""))
    )  # what might tell
    assert Redactor(KEY, Unmodelled()).command(given) == given


@given(SECRETS, values.commands())
def test_redacting_again_changes_nothing_but_tokens(secret: str, given: Command) -> None:
    redactor = Redactor(KEY, Unmodelled())
    argv = (*given.argv, "--password", secret, f"password={secret}")
    once = redactor.command(replace(given, operation=None, argv=argv))
    assert once == redactor.command(replace(given, operation=None, argv=argv))
    assert HOLE.sub("", repr(redactor.command(once))) == HOLE.sub("", repr(once))


# --- all models

KNOWN_UNMARKED = [
    "sts.AssumeRole response Credentials.SessionToken",
    "cognito-identity.GetCredentialsForIdentity response Credentials.SessionToken",
    "ecr.GetAuthorizationToken response authorizationData[0].authorizationToken",
    "apigateway.CreateApiKey response value",
    "docdb.CreateDBCluster request MasterUserPassword",
    "elasticache.CreateReplicationGroup request AuthToken",
    "mq.CreateBroker request Users[0].Password",
    "lightsail.CreateBucketAccessKey response accessKey.secretAccessKey",
    "lightsail.CreateKeyPair response privateKeyBase64",
    "directconnect.CreateBGPPeer request newBGPPeer.authKey",
    "ec2.BundleInstance request Storage.S3.UploadPolicySignature",
]
SAMPLE = ["sts", "ecr", "secretsmanager", "docdb", "directconnect"]


@pytest.mark.parametrize("name", KNOWN_UNMARKED)
def test_what_the_models_are_known_not_to_mark_becomes_a_hole(name: str) -> None:
    service, _, rest = name.partition(".")
    model = botocore.session.get_session().get_service_model(service)
    wanted = [member for member in sweep_secrets.members(service, model) if member.name == name]
    assert [spelled(member.path) for member in wanted] == [rest.split(" ")[2]]
    assert not sweep_secrets.escapes(wanted[0], redactor())


def test_no_secret_looking_member_of_a_few_services_escapes() -> None:
    said: list[str] = []
    assert sweep_secrets.sweep(SAMPLE, said.append), said
    assert not [line for line in said if line.startswith("escapes")]
