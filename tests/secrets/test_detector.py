"""Which values are replaced and which stay: requests, responses, texts and lines in which «secrets» are marked."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from awstracer.aws.api_model import Direction
from awstracer.aws.catalog import Catalog
from awstracer.secrets import placeholders
from awstracer.secrets.placeholders import placeholder_for
from awstracer.secrets.redactor import Redactor
from awstracer.trace.paths import leaves
from tests.secrets.marked import KEY, MARKED, blob, unmarked, with_placeholders
from tests.secrets.test_names import HARMLESS_NAMES, SECRET_NAMES
from tests.traces import call, command

MODELS = Catalog()
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIB\n-----END CERTIFICATE-----"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
KMS_KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-AbCdEf"

Case = tuple[str, Direction, dict[str, Any]]  # an operation, its request or its response, and the document with marks


def redactor() -> Redactor:
    """Return a redactor that has seen nothing yet."""
    return Redactor(KEY, MODELS)


# --- members of requests and responses

# members that the API models mark as sensitive
MARKED_BY_MODEL: list[Case] = [
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
]
# members that the models do not mark: their names decide
SECRET_BY_NAME: list[Case] = [
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
]
# containers of configuration: each value in them is judged by itself
CONFIGURATION: list[Case] = [
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
]
# members that a replay needs, and that are no secrets; but for a few that the models mark
HARMLESS: list[Case] = [
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
DOCUMENTS = [*MARKED_BY_MODEL, *SECRET_BY_NAME, *CONFIGURATION, *HARMLESS]


def _id(case: Case) -> str:
    operation, side, document = case
    return f"{operation} {side} {' '.join(document)}"


@pytest.mark.parametrize(("name", "side", "document"), DOCUMENTS, ids=map(_id, DOCUMENTS))
def test_in_a_request_or_a_response_the_marked_secrets_are_replaced(
    name: str, side: Direction, document: dict[str, Any]
) -> None:
    given = unmarked(document)
    made = call(name, given, {}) if side == "request" else call(name, {}, given)
    redacted = redactor().redact_command(command([], made)).calls[0]
    assert (redacted.request if side == "request" else redacted.response) == with_placeholders(document)


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
    "define('DB_PASSWORD','«hunter2»');",
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


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_in_a_text_the_marked_secrets_are_replaced(text: str) -> None:
    redacted = (
        redactor().redact_command(command([], call("x.Y", {"Text": unmarked(text)}, {}))).calls[0].request["Text"]
    )
    assert redacted == with_placeholders(text)


def test_in_base64_the_marked_secrets_are_replaced() -> None:
    script = "#!/bin/sh\nexport DB_PASSWORD=«hunter2»\n"
    given = base64.b64encode(unmarked(script).encode()).decode()
    made = call("ec2.CreateLaunchTemplate", {"LaunchTemplateData": {"UserData": given}}, {})
    redacted = redactor().redact_command(command([], made)).calls[0].request["LaunchTemplateData"]["UserData"]
    assert base64.b64decode(redacted).decode() == with_placeholders(script)
    assert list(placeholders.find_placeholders(redacted)) == [placeholder_for(KEY, "hunter2")]


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
def test_in_a_line_that_never_ran_the_marked_secrets_are_replaced(line: str) -> None:
    words = line.split(" ")
    assert list(redactor().redact_words(unmarked(words))) == with_placeholders(words)


def test_half_of_the_cases_leave_everything_alone() -> None:
    texts = [*TEXTS, *LINES, *(str(document) for _, _, document in DOCUMENTS)]
    alone = [text for text in texts if not MARKED.search(text)] + HARMLESS_NAMES.split()
    leaf_cases = [leaf for _, _, document in DOCUMENTS for _, leaf in leaves(document)]
    alone += [str(leaf) for leaf in leaf_cases if "«" not in str(leaf) and "\\xab" not in str(leaf)]
    every = len(texts) + len(leaf_cases) + len(HARMLESS_NAMES.split()) + len(SECRET_NAMES.split())
    assert every >= 120
    assert 2 * len(alone) >= every
