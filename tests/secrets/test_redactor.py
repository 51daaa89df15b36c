"""Redaction of whole commands: a secret that is found in one place is replaced in all, and the rest stays as it is."""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from awstracer.aws.api_model import UNKNOWN_MEMBER, Direction, MemberInfo
from awstracer.aws.catalog import Catalog
from awstracer.secrets import patterns, placeholders
from awstracer.secrets.detector import EVERYDAY_WORD
from awstracer.secrets.placeholders import PLACEHOLDER, is_placeholder, placeholder_for
from awstracer.secrets.redactor import Redactor
from awstracer.trace.model import CallError, Command
from awstracer.trace.paths import Path, format_path, leaves
from benchmarks import sweep_secrets
from tests import values
from tests.secrets.marked import KEY
from tests.traces import call, command, operation

import botocore.session  # isort: skip - after the driver, which brings the botocore that is meant

MODELS = Catalog()


def redactor() -> Redactor:
    """Return a redactor that has seen nothing yet."""
    return Redactor(KEY, MODELS)


class Unmodelled:
    """API models that know no operation."""

    def shape(self, service: str, operation: str, side: Direction, path: Path) -> MemberInfo:
        return UNKNOWN_MEMBER

    def namespaces(self, service: str) -> frozenset[str]:
        return frozenset({service})

    def partition(self, region: str) -> None:
        return None


PASSWORD = 'hun\'ter2 "x"'


def in_any_form(secret: str) -> dict[str, str]:
    """Return texts that contain a secret, each written in another way."""
    return {
        "plain": f"say {secret}!",
        "json": json.dumps({"note": f"it is {secret}"}),
        "twice": json.dumps({"note": json.dumps({"note": secret})}),
        "percent": "https://example.com/?q=" + quote(secret, safe=""),
        "base64": base64.b64encode(f"it is {secret}".encode()).decode(),
        "alone": base64.b64encode(secret.encode()).decode(),
    }


def readings(leaf: Any) -> Iterator[str]:
    """Yield what can be read out of a value: as it is, percent-decoded, in JSON, and in base64."""
    text = leaf.decode("latin-1") if isinstance(leaf, bytes) else str(leaf)
    yield from (text, unquote_plus(text))
    if isinstance(leaf, bytes):
        yield leaf.decode("utf-8", "replace")
    with contextlib.suppress(ValueError):
        texts = [each for _, each in leaves(json.loads(text)) if isinstance(each, str)]
        yield from (reading for each in texts for reading in readings(each))
    with contextlib.suppress(ValueError):
        yield base64.b64decode(text, validate=True).decode()


def everything(redacted: Command) -> list[Any]:
    """Return all values of a command."""
    parts: list[Any] = [redacted.operation and redacted.operation.parameters, list(redacted.argv), dict(redacted.files)]
    for made in redacted.calls:
        parts += [made.request, made.response, made.error and made.error.message]
    return [leaf for _, leaf in leaves(parts)]


def test_a_secret_that_was_found_is_replaced_everywhere_in_the_command() -> None:
    argv = ["iam", "create-login-profile", "--user-name", "u", "--password", PASSWORD]
    given = operation(
        "iam.CreateLoginProfile",
        {"UserName": "u", "Password": PASSWORD},
        {"LoginProfile": in_any_form(PASSWORD), "Bytes": PASSWORD.encode()},
        [*argv, "--debug", *in_any_form(PASSWORD).values()],
    )
    failed = replace(given.calls[0], response=None, error=CallError("ValidationError", f"{PASSWORD} is too short"))
    redacted = redactor().redact_command(replace(given, calls=(given.calls[0], failed), files={"file://x": PASSWORD}))
    assert not [leaf for leaf in everything(redacted) if any(PASSWORD in text for text in readings(leaf))]
    assert redacted.argv[:6] == (*argv[:5], placeholder_for(KEY, PASSWORD))
    assert redacted.calls[1].error == CallError("ValidationError", f"{placeholder_for(KEY, PASSWORD)} is too short")


def test_a_word_that_quotes_a_secret_in_an_unusual_way_is_replaced_whole() -> None:
    word = r"Username=u,Password='hun\,ter2'"
    redacted = redactor().redact_command(
        operation("mq.CreateUser", {"Password": "hun,ter2"}, {}, ["mq", "create-user", word])
    )
    assert is_placeholder(redacted.argv[2])


@pytest.mark.parametrize("secret", ["password", "create-login-profile"])
def test_a_secret_that_is_a_common_word_leaves_the_words_of_the_command_alone(secret: str) -> None:
    argv = ["--debug", "iam", "create-login-profile", "--password", secret]
    given = operation("iam.CreateLoginProfile", {"Password": secret}, {}, argv)
    redacted = redactor().redact_command(given)
    assert redacted.argv == (*argv[:4], placeholder_for(KEY, secret))
    assert redacted.request == {"Password": placeholder_for(KEY, secret)}


def test_a_document_with_lone_surrogates_is_redacted() -> None:
    document = '{"password": "\\ud800 é hunter2", "x": "\\ud800 é"}'
    redacted = redactor().redact_command(command([], call("x.Y", {"Text": document, "Blob": document.encode()}, {})))
    assert "hunter2" not in redacted.calls[0].request["Text"]
    assert b"hunter2" not in redacted.calls[0].request["Blob"]


@pytest.mark.parametrize("secret", ["a", "1", "abc", "true"])
def test_a_short_secret_is_replaced_in_its_own_place_only(secret: str) -> None:
    argv = ["ssm", "put-parameter", "--name", secret, "--value", secret]
    redacted = redactor().redact_command(
        operation("ssm.PutParameter", {"Name": secret, "Value": secret}, {"Tier": secret}, argv)
    )
    assert redacted.argv == (*argv[:5], placeholder_for(KEY, secret))
    assert redacted.request == {"Name": secret, "Value": placeholder_for(KEY, secret)}
    assert redacted.response == {"Tier": secret}


def test_the_content_of_a_file_is_judged_by_the_option_that_names_it() -> None:
    argv = ["custom", "thing", "--private-key=file://key", "--env", "file://env"]
    held: dict[str, str | bytes] = {"file://key": "opens it", "file://env": "STAGE=prod\nDB_PASSWORD=hunter2\n"}
    redacted = redactor().redact_command(command(argv, files=held))
    assert redacted.argv == tuple(argv)
    assert redacted.files == {
        "file://key": placeholder_for(KEY, "opens it"),
        "file://env": f"STAGE=prod\nDB_PASSWORD={placeholder_for(KEY, 'hunter2')}\n",
    }


def test_the_api_key_that_a_request_names_is_its_id() -> None:
    argv = ["apigateway", "get-api-key", "--api-key", "x1y2z3"]
    given = operation("apigateway.GetApiKey", {"apiKey": "x1y2z3"}, {"id": "x1y2z3", "value": "abcdefgh1234"}, argv)
    redacted = redactor().redact_command(given)
    assert redacted.argv == tuple(argv)
    assert redacted.response == {"id": "x1y2z3", "value": placeholder_for(KEY, "abcdefgh1234")}


# --- placeholders


@pytest.mark.parametrize("secret", [b"hunter2", b"\x00\xff\xfe key", b"line\n", b"aGVsbG8="])
def test_a_secret_its_bytes_and_their_base64_have_one_placeholder(secret: bytes) -> None:
    encoded = base64.b64encode(secret)
    forms: list[str | bytes] = [secret, encoded, encoded.decode() + "\n"]
    assert len({placeholder_for(KEY, form) for form in forms}) == 1


@given(st.lists(st.text("abcXYZ019+/='\" ", min_size=1).map(str.strip), min_size=2, max_size=2, unique=True))
def test_equal_secrets_have_equal_placeholders_and_different_ones_different(secrets: list[str]) -> None:
    one, other = secrets
    assert placeholder_for(KEY, one) == placeholder_for(KEY, one + "\n")
    assert placeholder_for(KEY, one) != placeholder_for(KEY + b"2", one)
    encodes = {base64.b64encode(text.encode()).decode() for text in secrets}
    if not encodes & set(secrets):
        assert placeholder_for(KEY, one) != placeholder_for(KEY, other)


def test_placeholders_are_recognized() -> None:
    token = placeholder_for(KEY, "hunter2")
    assert PLACEHOLDER.fullmatch(token)
    assert is_placeholder(token)
    assert is_placeholder(token.encode())
    assert not is_placeholder(f"{token} ")
    assert not is_placeholder(17)
    assert list(placeholders.find_placeholders({"a": [f"x{token}", token.encode()]})) == [token, token]


# --- what holds for all commands


def is_shared_secret(text: str) -> bool:
    """Return whether a text is secret under a secret name, and is replaced in other places too."""
    return patterns.is_secret("password", text) and not EVERYDAY_WORD.fullmatch(text)


SECRETS = (
    st.text(st.characters(codec="utf-8", exclude_characters="«»"), min_size=8, max_size=24)
    .filter(lambda text: text.strip() == text and len(set(text)) > 4)
    .filter(lambda text: not re.search(r"[{}\[\]$<>(!%`*\\]|^arn", text))
    .filter(is_shared_secret)
)


@given(SECRETS, values.DOCUMENTS, st.sampled_from(["password", "DB_PASSWORD", "ClientSecret", "accessToken"]))
def test_a_canary_never_survives_in_any_form(secret: str, document: dict[str, Any], name: str) -> None:
    planted = {**document, "deep": [{name: secret}], **in_any_form(secret)}
    given = operation("x.Y", planted, {**document, **in_any_form(secret)}, ["x", "y", *in_any_form(secret).values()])
    redacted = Redactor(KEY, Unmodelled()).redact_command(
        replace(given, files={"file://f": json.dumps(planted["deep"])})
    )
    assert not [leaf for leaf in everything(redacted) if any(secret in text for text in readings(leaf))]


@given(values.commands())
def test_a_command_without_secrets_stays_as_it_is(given: Command) -> None:
    calls = [(call.request, call.response, call.error) for call in given.calls]
    texts = repr([given.argv, given.request, given.files, calls]).replace("CallError(code=", "")
    assume(not re.search(rf"{patterns.NAME_KEYWORD.pattern}|pw", texts))  # no name in it can be a secret's
    assert Redactor(KEY, Unmodelled()).redact_command(given) == given


@given(SECRETS, values.commands())
def test_redacting_again_changes_nothing_but_placeholders(secret: str, given: Command) -> None:
    redactor = Redactor(KEY, Unmodelled())
    argv = (*given.argv, "--password", secret, f"password={secret}")
    once = redactor.redact_command(replace(given, operation=None, argv=argv))
    assert once == redactor.redact_command(replace(given, operation=None, argv=argv))
    assert PLACEHOLDER.sub("", repr(redactor.redact_command(once))) == PLACEHOLDER.sub("", repr(once))


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
SAMPLE_SERVICES = ["sts", "ecr", "secretsmanager", "docdb", "directconnect"]


@pytest.mark.parametrize("name", KNOWN_UNMARKED)
def test_a_secret_that_a_model_does_not_mark_is_replaced(name: str) -> None:
    service, _, rest = name.partition(".")
    model = botocore.session.get_session().get_service_model(service)
    wanted = [member for member in sweep_secrets.members(service, model) if member.name == name]
    assert [format_path(member.path) for member in wanted] == [rest.split(" ")[2]]
    assert not sweep_secrets.escapes(wanted[0], redactor())


def test_no_member_with_a_secret_name_of_a_few_services_is_left() -> None:
    report: list[str] = []
    assert sweep_secrets.sweep(SAMPLE_SERVICES, report.append), report
    assert not [line for line in report if line.startswith("escapes")]
