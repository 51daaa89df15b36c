"""Names of secret values, names of harmless values, and values that are exempt from the API models' marks."""

from __future__ import annotations

import pytest

from awstracer.secrets.names import exemption, is_secret_name, normalize_name
from awstracer.trace.paths import Path

SECRET_NAMES = """
    Password password DB_PASSWORD db-password masterUserPassword MasterUserPassword PGPASSWORD PASSWORD2 mysql_pwd
    SecretString client_secret ClientSecret SecretAccessKey aws_secret_access_key privateKeyBase64 PrivateKey authKey
    AuthToken authorizationToken SessionToken aws_session_token ApiKey x-api-key api_key_value passphrase GITHUB_TOKEN
    bearerToken RefreshToken IdToken Credentials Authorization SlackToken --owner-sak TokenCode Passwords
"""
HARMLESS_NAMES = """
    KeyName SecretId SecretArn secret_name PasswordPolicy PasswordLength MinimumPasswordLength TokenType TokenUrl
    NextToken nextToken ClientToken clientRequestToken IdempotencyToken HasPassword PasswordLastUsed
    PasswordResetRequired AccessKeyId KmsKeyId Key PublicKey LockToken NextLockToken ChangeToken taskToken UploadId
    ReceiptHandle uploadSequenceToken StartingToken ContinuationToken GrantTokens DkimTokens HttpTokens MAX_TOKENS
    SecretsManagerConfig CredentialsParameter TokenEndpoint Certificate Tokenize compass bypass EncryptedKeyMaterial
"""


@pytest.mark.parametrize("name", SECRET_NAMES.split())
def test_a_value_of_this_name_is_a_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", HARMLESS_NAMES.split())
def test_a_value_of_this_name_is_no_secret(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("name", "normalized"),
    [("DB-Password2", "dbpassword"), ("db_password", "dbpassword"), ("--AuthKey", "authkey"), ("17", "17"), ("-", "-")],
)
def test_names_are_compared_without_case_punctuation_and_numbers(name: str, normalized: str) -> None:
    assert normalize_name(name) == normalized


EXEMPTIONS: list[tuple[Path, str, str | None]] = [
    (("UserName",), "jane", "a name or an id"),
    (("FirstName",), "jane", None),
    (("Contact", "Id"), "c-1", "a name or an id"),
    (("NextToken",), "x", "a token that grants no access"),
    (("SessionToken",), "x", None),
    (("RoleDescription",), "x", "a description"),
    (("LaunchTemplateData", "UserData"), "#!/bin/sh", "configuration"),
    (("Code", "ZipFile"), "PK", "configuration"),
    (("input",), '{"order": 17}', "a document"),
    (("input",), "17", None),
    (("Message",), '{"order": 17}', None),
    ((0,), "x", None),
]


@pytest.mark.parametrize(("path", "text", "reason"), EXEMPTIONS)
def test_some_values_that_a_model_marks_are_exempt(path: Path, text: str, reason: str | None) -> None:
    assert exemption(path, text) == reason
