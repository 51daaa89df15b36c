"""The endpoint of a replayed line: all clients of its command use it, credential providers and recorded lines don't."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import re
import ssl
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from awstracer.aws.capture import Outcome
from awstracer.aws.driver import AwsCli
from awstracer.aws.driver_factory import DriverFactory
from awstracer.trace.model import utc_now
from tests.programs import Relay, Trouble, refusal

from awscli.alias import AliasLoader  # isort: skip - after the driver, which brings the botocore that is meant
import botocore.credentials  # isort: skip

ROLE = "arn:aws:iam::123456789012:role/reader"
TRAIL = "arn:aws:cloudtrail:us-east-1:123456789012:trail/t"
TEMPLATE = {"Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "app"}}}}
POLICY = '{"Statement":[]}'
CREDENTIALS = {"AccessKeyId": "ASIAANSWER", "SecretAccessKey": "s", "SessionToken": "t"}
PACKAGE = "cloudformation package --template-file t.json --s3-bucket bkt"
PACKAGED = ["HEAD /bkt", "PUT /bkt"]
GET_TOKEN = f"eks get-token --cluster-name c --role-arn {ROLE}"
DRIVERS = DriverFactory()  # shared: it has read the API models
HERE = urllib.request.build_opener(urllib.request.ProxyHandler({}))
START_URL = "https://sso.example"


def answer(body: Any) -> Trouble:
    return Trouble(200, json.dumps(body).encode())


CLUSTER = answer(
    {
        "cluster": {
            "arn": "arn:aws:eks:us-east-1:123456789012:cluster/c",
            "endpoint": "https://c.example",
            "certificateAuthority": {"data": "Q0E="},
            "status": "ACTIVE",
            "identity": {"oidc": {"issuer": "https://oidc.example/id/1"}},
        }
    }
)


@dataclass(frozen=True)
class Case:
    """A command; what it asks the endpoint for; answers that moto doesn't have; how it ends."""

    line: str
    asked: Sequence[str]
    canned: dict[str, Trouble] = field(default_factory=dict)
    code: int = 0


CASES = [
    Case(PACKAGE, PACKAGED),
    Case(
        "cloudformation deploy --template-file t.json --stack-name s --s3-bucket bkt",
        ["DescribeStacks", *PACKAGED, "CreateChangeSet"],
        {"CreateChangeSet": refusal("query", "ValidationError")},
        255,
    ),
    Case(
        "deploy push --application-name a --s3-location s3://bkt/k --source app",
        ["PUT /bkt", "RegisterApplicationRevision"],
        {"RegisterApplicationRevision": answer({})},
    ),
    Case(
        "deploy register --instance-name i",
        ["CreateUser", "CreateAccessKey", "PutUserPolicy", "RegisterOnPremisesInstance"],
        {"RegisterOnPremisesInstance": answer({})},
    ),
    Case(
        "gamelift upload-build --name n --build-version 1 --build-root app",
        ["CreateBuild", "RequestUploadCredentials", "PUT /bkt"],
        {
            "CreateBuild": answer({"Build": {"BuildId": "build-1"}}),
            "RequestUploadCredentials": answer(
                {"UploadCredentials": CREDENTIALS, "StorageLocation": {"Bucket": "bkt", "Key": "build"}}
            ),
        },
    ),
    Case(
        f"configservice subscribe --s3-bucket new --sns-topic t --iam-role {ROLE}",
        [
            *("HEAD /new", "PUT /new", "CreateTopic"),
            *("PutConfigurationRecorder", "PutDeliveryChannel", "StartConfigurationRecorder"),
            *("DescribeConfigurationRecorders", "DescribeDeliveryChannels"),
        ],
    ),
    Case(
        f"cloudtrail create-subscription --name n --s3-new-bucket new --s3-custom-policy {POLICY}",
        ["GetCallerIdentity", "HEAD /new", "PUT /new", "PUT /new", "CreateTrail"],
        {"CreateTrail": refusal("json", "TrailAlreadyExistsException"), "DELETE /new": Trouble(204)},
        255,
    ),
    Case(
        f"cloudtrail validate-logs --trail-arn {TRAIL} --start-time 2020-01-01",
        ["DescribeTrails", "GET /bkt", "GET /bkt", "ListPublicKeys"],
        {
            "DescribeTrails": answer({"trailList": [{"TrailARN": TRAIL, "S3BucketName": "bkt"}]}),
            "ListPublicKeys": refusal("json", "AccessDenied"),
        },
        255,
    ),
    Case("dlm create-default-role", ["GetRole"], {"GetRole": refusal("query", "AccessDenied")}, 255),
    Case("emr create-default-roles", ["GetRole"], {"GetRole": refusal("query", "AccessDenied")}, 255),
    Case(
        "emr-containers update-role-trust-policy --cluster-name c --namespace n --role-name r",
        ["GET /clusters", "GetRole"],
        {"GET /clusters/c": CLUSTER, "GetRole": refusal("query", "NoSuchEntity")},
        255,
    ),
    Case(
        "ecs deploy --service s --task-definition t.json --codedeploy-appspec app/appspec.yml",
        ["DescribeServices", "GetApplication"],
        {
            "DescribeServices": answer({"services": [{"serviceName": "s", "clusterArn": "c/d", "serviceArn": "s"}]}),
            "GetApplication": refusal("json", "ApplicationDoesNotExistException"),
        },
        255,
    ),
    Case(GET_TOKEN, ["AssumeRole"]),
    Case(
        f"eks update-kubeconfig --name c --assume-role-arn {ROLE} --dry-run",
        ["AssumeRole", "GET /clusters"],
        {"GET /clusters/c": CLUSTER},
    ),
    Case("s3 cp s3://bkt/k s3://bkt/copy --source-region eu-west-1", ["HEAD /bkt", "PUT /bkt"]),
    Case(
        "s3 mv s3://bkt/k s3://x-s3alias/k --validate-same-s3-paths",
        ["GetCallerIdentity"],
        {"GetCallerIdentity": refusal("query", "AccessDenied")},
        255,
    ),
]


class WithoutClients(AwsCli):
    """awscli that keeps no client: each line has a driver of its own."""

    def _call(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The requests to any other host than this one: the proxy, which would pass them on, refuses them all."""
    asked: list[str] = []

    class Refusing(BaseHTTPRequestHandler):
        def _refuse(self) -> None:
            asked.append(self.path)
            self.send_error(403)

        do_CONNECT = do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _refuse  # noqa: N815 - http.server's names

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield asked
        server.shutdown()


@pytest.fixture
def folder(aws_home: Path, server: str, elsewhere: list[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the commands read, a bucket with an object, and no endpoint but that of the lines."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    (aws_home / "t.json").write_text(json.dumps(TEMPLATE))
    (aws_home / "app").mkdir()
    (aws_home / "app" / "appspec.yml").write_text("{}")
    for path in ("bkt", "bkt/k"):
        put = urllib.request.Request(f"{server}/{path}", b"", {"Authorization": "AWS testing:x"}, method="PUT")
        HERE.open(put).close()
    return aws_home


@pytest.fixture
def other(server: str) -> Iterator[Relay]:
    """Another endpoint."""
    with closing(Relay(server)) as endpoint:
        yield endpoint


def replay(line: str) -> Outcome:
    return AwsCli(DRIVERS).replay(line.split(), parameters=None, files={})


def asked(relay: Relay) -> list[str]:
    """Return what an endpoint was asked, without the keys of objects."""
    return [re.sub(r"(/\w+).*", r"\1", request.operation) for request in relay.requests]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(case.line.split()[:2]))
def test_all_clients_of_a_command_use_the_endpoint(case: Case, relay: Relay, elsewhere: list[str]) -> None:
    relay.canned.update(case.canned)
    outcome = replay(f"{case.line} --endpoint-url {relay.url}")
    assert elsewhere == []
    assert asked(relay)[: len(case.asked)] == case.asked
    assert outcome.exit_code == case.code


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("line", "host"),
    [
        (PACKAGE, "bkt.s3.amazonaws.com:443"),
        (GET_TOKEN, "sts.us-east-1.amazonaws.com:443"),
        ("s3 cp s3://bkt/k s3://bkt/copy --source-region eu-west-1", "bkt.s3.eu-west-1.amazonaws.com:443"),
    ],
)
def test_recorded_lines_do_as_aws_does(line: str, host: str, relay: Relay, elsewhere: list[str]) -> None:
    assert AwsCli(DRIVERS).run([*line.split(), "--endpoint-url", relay.url]).exit_code != 0
    assert (elsewhere, relay.requests) == ([host], [])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "spelling", [f"--endpoint-url URL {PACKAGE}", f"{PACKAGE} --endpoint-url=URL", f"{PACKAGE} --endpoint URL"]
)
def test_the_endpoint_is_what_awscli_reads_from_the_line(spelling: str, relay: Relay, elsewhere: list[str]) -> None:
    assert replay(spelling.replace("URL", relay.url)).exit_code == 0
    assert (elsewhere, asked(relay)) == ([], PACKAGED)


def test_an_alias_can_bring_the_endpoint(
    folder: Path, relay: Relay, elsewhere: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "alias").write_text(f"[toplevel]\npack = cloudformation package --endpoint-url {relay.url}\n")
    monkeypatch.setattr(AliasLoader.__init__, "__defaults__", (str(folder / "alias"),))
    assert replay("pack --template-file t.json --s3-bucket bkt").exit_code == 0
    assert (elsewhere, asked(relay)) == ([], PACKAGED)


@pytest.mark.usefixtures("folder")
def test_an_endpoint_that_awscli_chooses_is_not_the_lines(elsewhere: list[str]) -> None:
    """awscli sends EMR's requests to a host of its own choice, and IAM's not."""
    replay("emr create-default-roles --region eu-west-1")
    assert elsewhere == ["iam.amazonaws.com:443"]


@pytest.mark.usefixtures("folder")
def test_an_endpoint_that_the_command_names_stays(relay: Relay, other: Relay, elsewhere: list[str]) -> None:
    other.canned["GetRole"] = refusal("query", "AccessDenied")
    replay(f"dlm create-default-role --iam-endpoint {other.url} --endpoint-url {relay.url}")
    assert (elsewhere, asked(relay), asked(other)) == ([], [], ["GetRole"])


@pytest.mark.usefixtures("folder")
def test_a_token_is_for_the_endpoint(relay: Relay, capsys: pytest.CaptureFixture[str]) -> None:
    """What `eks get-token` prints is a request to STS that somebody else will send."""
    assert replay(f"{GET_TOKEN} --endpoint-url {relay.url}").exit_code == 0
    token = json.loads(capsys.readouterr().out)["status"]["token"].removeprefix("k8s-aws-v1.")
    assert base64.urlsafe_b64decode(token + "==").decode().startswith(f"{relay.url}/")


# --- certificates


@pytest.fixture
def tls_relay(folder: Path, server: str) -> Iterator[Relay]:
    """An endpoint with a certificate of its own making, which is in the file `ca.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "here")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(utc_now() - timedelta(1)).not_valid_after(utc_now() + timedelta(1))
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = builder.add_extension(here, critical=False).sign(key, hashes.SHA256())
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    with closing(Relay(server, context)) as endpoint:
        yield endpoint


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("option", ["--no-verify-ssl", "--ca-bundle ca.pem"])
def test_certificates_are_checked_as_the_line_says(option: str, tls_relay: Relay, elsewhere: list[str]) -> None:
    """Plain `aws` gives these options to no client for which it has no endpoint."""
    assert replay(f"{GET_TOKEN} --endpoint-url {tls_relay.url} {option}").exit_code == 0
    assert (elsewhere, asked(tls_relay)) == ([], ["AssumeRole"])


def test_without_an_option_certificates_are_checked(tls_relay: Relay, elsewhere: list[str]) -> None:
    assert replay(f"{GET_TOKEN} --endpoint-url {tls_relay.url}").exit_code != 0
    assert (elsewhere, asked(tls_relay)) == ([], [])


# --- credential providers


def assumed_role(home: Path, _: pytest.MonkeyPatch) -> str:
    (home / "config").write_text(f"[profile p]\nrole_arn = {ROLE}\ncredential_source = Environment\n")
    return "AssumeRole"


def web_identity(home: Path, _: pytest.MonkeyPatch) -> str:
    (home / "token").write_text("token")
    (home / "config").write_text(f"[profile p]\nrole_arn = {ROLE}\nweb_identity_token_file = {home}/token\n")
    return "AssumeRoleWithWebIdentity"


def sso(home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(botocore.credentials.SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(home))
    token = {"accessToken": "t", "expiresAt": f"{utc_now() + timedelta(1):%Y-%m-%dT%H:%M:%SZ}"}
    (home / f"{hashlib.sha1(START_URL.encode()).hexdigest()}.json").write_text(json.dumps(token))
    settings = {"start_url": START_URL, "region": "us-east-1", "account_id": "1", "role_name": "r"}
    (home / "config").write_text("[profile p]\n" + "".join(f"sso_{key} = {settings[key]}\n" for key in settings))
    return "GET /federation"


@pytest.fixture(params=[assumed_role, web_identity, sso])
def granting(request: pytest.FixtureRequest, folder: Path, other: Relay, monkeypatch: pytest.MonkeyPatch) -> str:
    """A profile `p` whose credentials come from the other endpoint; what that is asked for."""
    granted = {"accessKeyId": "ASIASSO", "secretAccessKey": "s", "sessionToken": "t", "expiration": 9999999999000}
    other.canned["GET /federation/credentials?role_name=r&account_id=1"] = answer({"roleCredentials": granted})
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    for service in ("STS", "SSO"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", other.url)
    return str(request.param(folder, monkeypatch))


@pytest.mark.parametrize(("line", "request_"), [(GET_TOKEN, "AssumeRole"), ("iam list-users", "ListUsers")])
def test_credential_providers_keep_their_endpoint(
    line: str, request_: str, granting: str, relay: Relay, other: Relay
) -> None:
    parameters: dict[str, Any] | None = {} if request_ == "ListUsers" else None
    words = [*line.split(), "--profile", "p", "--endpoint-url", relay.url]
    assert AwsCli(DRIVERS).replay(words, parameters=parameters, files={}).exit_code == 0
    assert (asked(other), asked(relay)) == ([granting], [request_])
    assert relay.requests[0].key.startswith("ASIA")


# --- operations


def predict(url: str) -> dict[str, Any]:
    """Return the parameters of a prediction that is to be asked for at a URL."""
    return {"MLModelId": "m", "Record": {}, "PredictEndpoint": url}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("cli", [AwsCli, WithoutClients])
def test_no_parameter_of_an_operation_is_stronger_than_the_endpoint(
    cli: type[AwsCli], relay: Relay, other: Relay
) -> None:
    relay.canned["Predict"] = answer({"Prediction": {}})
    line = ["machinelearning", "predict", "--endpoint-url", relay.url]
    assert cli(DRIVERS).replay(line, parameters=predict(other.url), files={}).exit_code == 0
    assert (asked(relay), asked(other)) == (["Predict"], [])
    assert relay.requests[0].members == predict(other.url)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("cli", [AwsCli, WithoutClients])
def test_without_an_endpoint_a_parameter_names_the_host(cli: type[AwsCli], elsewhere: list[str]) -> None:
    cli(DRIVERS).replay(["machinelearning", "predict"], parameters=predict("https://predict.example"), files={})
    assert elsewhere == ["predict.example:443"]


@pytest.mark.usefixtures("folder")
def test_a_recorded_operation_goes_where_aws_sends_it(relay: Relay, other: Relay) -> None:
    other.canned["Predict"] = answer({"Prediction": {}})
    line = f"machinelearning predict --ml-model-id m --record {{}} --predict-endpoint={other.url}"
    assert AwsCli(DRIVERS).run([*line.split(), "--endpoint-url", relay.url]).exit_code == 0
    assert (asked(relay), asked(other)) == ([], ["Predict"])
