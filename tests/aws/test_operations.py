"""Operations of every kind are replayed exactly, and their lines say what is sent; a sample of benchmarks' sweep."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from awstracer.aws.driver import AwsCli
from awstracer.commandline.text import to_str
from awstracer.plan import planner
from awstracer.plan.invocation import Invocation
from awstracer.plan.resolver import Resolver
from awstracer.trace.model import Command, Operation, Trace
from awstracer.trace.query import evaluate
from benchmarks.sweep_operations import Bench, Result
from tests.programs import BIN, Http, Relay, Trouble
from tests.traces import THEN

import awscli.clidriver  # isort: skip - after the driver, which imports awscli first
import awscli.customizations.streamingoutputarg  # isort: skip
from botocore import xform_name  # isort: skip

SERVICES = (
    "apigateway",
    "bedrock-agent",
    "bedrock-runtime",
    "cloudformation",
    "cloudwatch",
    "dynamodb",
    "kendra-ranking",
    "kms",
    "lambda",
    "lex-runtime",
    "partnercentral-revenue-measurement",
    "s3api",
    "sns",
    "sqs",
    "ssm",
)
EACH = 3
AWS = AwsCli()


@dataclass(frozen=True)
class Candidate:
    """An operation's command: its words, its model, its arguments by name."""

    words: tuple[str, str]
    model: Any
    table: dict[str, Any]

    @property
    def shapes(self) -> list[Any]:
        """Every shape of the input once, its own first, then those of its members."""
        found: dict[str, Any] = {}
        pending = [self.model.input_shape] if self.model.input_shape is not None else []
        while pending:
            shape = pending.pop(0)
            if shape.name not in found:
                found[shape.name] = shape
                pending += _inner(shape)
        return list(found.values())

    @property
    def members(self) -> list[Any]:
        return list(self.model.input_shape.members.values()) if self.model.input_shape is not None else []


def _inner(shape: Any) -> list[Any]:
    if shape.type_name == "structure":
        return list(shape.members.values())
    return {"list": [getattr(shape, "member", None)], "map": [getattr(shape, "value", None)]}.get(shape.type_name, [])


def _is_within_itself(shape: Any) -> bool:
    pending, seen = _inner(shape), set()
    while pending:
        inner = pending.pop()
        if inner.name == shape.name:
            return True
        if inner.name not in seen:
            seen.add(inner.name)
            pending += _inner(inner)
    return False


def _is_streamed(argument: Any) -> bool:
    return isinstance(argument, awscli.customizations.streamingoutputarg.StreamingOutputArgument)


def _is_renamed(name: str, argument: Any) -> bool:
    member = getattr(argument, "_serialized_name", None)
    return bool(member) and name.removeprefix("no-") != xform_name(member, "-")


KINDS: dict[str, Callable[[Candidate], bool]] = {
    "a renamed option": lambda it: any(_is_renamed(*item) for item in it.table.items()),
    "a boolean with two options": lambda it: any(f"no-{name}" in it.table for name in it.table),
    "an outfile": lambda it: any(map(_is_streamed, it.table.values())),
    "a body": lambda it: any(shape.serialization.get("streaming") for shape in it.members),
    "a blob": lambda it: any(
        shape.type_name == "blob" and not shape.serialization.get("streaming") for shape in it.members
    ),
    "a nested blob": lambda it: any(
        shape.type_name == "blob" for shape in it.shapes if shape.name not in {each.name for each in it.members}
    ),
    "a document": lambda it: any(getattr(shape, "is_document_type", False) for shape in it.shapes),
    "a union": lambda it: any(getattr(shape, "is_tagged_union", False) for shape in it.shapes),
    "a shape within itself": lambda it: any(map(_is_within_itself, it.shapes)),
    "JSON in a header": lambda it: any(shape.serialization.get("jsonvalue") for shape in it.members),
    "pages": lambda it: "starting-token" in it.table,
    "no members": lambda it: not it.members,
}
PROTOCOLS = {"query", "json", "rest-json", "rest-xml", "smithy-rpc-v2-cbor"}
NAMED = (
    "cloudwatch put-metric-data",
    "dynamodb put-item",
    "ec2 associate-address",
    "ec2 authorize-security-group-ingress",
    "ec2 create-image",
    "ec2 create-network-acl-entry",
    "ec2 create-network-interface",
    "ec2 describe-instances",
    "ec2 import-key-pair",
    "ec2 modify-instance-attribute",
    "ec2 modify-vpc-attribute",
    "ec2 modify-vpc-endpoint",
    "ecs update-service",
    "iam create-virtual-mfa-device",
    "iam update-account-password-policy",
    "lambda create-function",
    "lambda invoke",
    "lambda publish-layer-version",
    "lambda update-function-code",
    "rds modify-db-instance",
    "route53 change-resource-record-sets",
    "s3api put-object",
    "s3api select-object-content",
    "ssm put-parameter",
)


def isolate(patch: pytest.MonkeyPatch) -> None:
    """What `benchmarks.sweep_operations` does for itself, undone after the tests."""
    for name in [name for name in os.environ if name.startswith("AWS_") and name != "AWS_DATA_PATH"]:
        patch.delenv(name)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }.items():
        patch.setenv(name, value)
    fixed = uuid.uuid4()
    patch.setattr("uuid.uuid4", lambda: fixed)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    body = tmp_path_factory.mktemp("bench") / "body.bin"
    body.write_bytes(b"\x00body\xff")
    return Bench(body)


@pytest.fixture(scope="module")
def candidates(bench: Bench) -> list[Candidate]:
    commands = bench.drivers.create().create_help_command().command_table
    return [candidate for service in SERVICES for candidate in _of(service, commands[service])]


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(monkeypatch)


def _of(service: str, service_command: Any) -> Iterator[Candidate]:
    for name, command in service_command.create_help_command().command_table.items():
        if isinstance(command, awscli.clidriver.ServiceOperation):
            yield Candidate((service, name), command._operation_model, command.arg_table)


def _spread(candidates: list[Candidate], number: int) -> list[Candidate]:
    """Some of them, from everywhere, in an order of their own."""
    step = max(1, len(candidates) // number)
    return [candidate for start in range(step) for candidate in candidates[start::step]]


def _checked(bench: Bench, candidate: Candidate) -> list[Result]:
    """What became of the operation; without those of whose sample botocore thinks nothing."""
    results = [bench.check(candidate.words, candidate.model, everything=everything) for everything in (False, True)]
    return [result for result in results if result.cause != "botocore refuses the sample"]


def _is_exact(result: Result) -> bool:
    return result.cause is None and result.line in ("exact", "marked as inexact")


def check_some(bench: Bench, candidates: list[Candidate]) -> None:
    checked: list[Result] = []
    for number, candidate in enumerate(_spread(candidates, EACH)):
        if number >= EACH and checked:
            break
        checked += _checked(bench, candidate)
    assert checked
    assert [result for result in checked if not _is_exact(result)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_operations_of_every_kind(bench: Bench, candidates: list[Candidate], kind: str) -> None:
    check_some(bench, [candidate for candidate in candidates if KINDS[kind](candidate)])


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_operations_of_every_protocol(bench: Bench, candidates: list[Candidate], protocol: str) -> None:
    check_some(
        bench,
        [each for each in candidates if each.members and each.model.service_model.resolved_protocol == protocol],
    )


@pytest.mark.parametrize("line", NAMED)
def test_operations_that_awscli_treats_specially(bench: Bench, line: str) -> None:
    service, _, name = line.partition(" ")
    (model,) = (model for words, model in bench.commands(service) if words[1] == name)
    checked = _checked(bench, Candidate((service, name), model, {}))
    assert checked
    assert [result for result in checked if not _is_exact(result)] == []


# --- what the shown line does in a shell


def comparable(http: Http) -> tuple[Any, ...]:
    """A request whose members stand in no particular order, without the token that each has of its own."""
    kind = http.headers.get("Content-Type", "")
    body: Any = http.body
    if "json" in kind or body[:1] == b"{":
        body = {name: value for name, value in json.loads(body).items() if name != "clientToken"}
    elif "urlencoded" in kind:
        pairs = urllib.parse.parse_qsl(body.decode(), keep_blank_values=True)
        body = sorted(pair for pair in pairs if pair[0] != "ClientToken")
    elif "cbor" in kind:
        body = sorted(body)
    path, _, rest = http.path.partition("?")
    return http.method, path, sorted(rest.split("&")), sorted(http.headers.items()), body


PASTED = (
    "cloudwatch put-metric-data",
    "dynamodb create-table",
    "ec2 modify-instance-attribute",
    "iam create-role",
    "iot create-thing",
    "lambda create-alias",
    "lambda invoke",
    "partnercentral-revenue-measurement create-marketplace-revenue-share",
    "s3api put-bucket-tagging",
    "s3api put-object",
    "sqs send-message",
    "ssm put-parameter",
)


@pytest.fixture
def endpoint(relay: Relay, home: Path, monkeypatch: pytest.MonkeyPatch) -> Relay:
    """An endpoint that refuses everything; `aws` in a shell is the one under test."""
    isolate(monkeypatch)
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")
    relay.trouble += [Trouble(400)] * 3
    return relay


def paste(step: Invocation) -> str:
    """Run the line that is shown; what it complains about."""
    return subprocess.run(["sh", "-c", to_str(step.line)], capture_output=True, text=True, check=False).stderr


@pytest.mark.parametrize("line", PASTED)
def test_a_pasted_line_asks_the_same(bench: Bench, endpoint: Relay, line: str) -> None:
    service, _, name = line.partition(" ")
    words = (service, name)
    (model,) = (model for found, model in bench.commands(service) if found == words)
    for everything in (True, False):
        parameters, direct = bench._reference(model.service_model.service_name, model, everything=everything)
        assert direct is not None
        operation = Operation(model.service_model.service_name, model.name, parameters)
        demanded = list(bench._demanded(words, parameters))
        step = bench._invocation(operation, [*words, *demanded, "--no-paginate", "--endpoint-url", endpoint.url])
        if not step.inexact:
            break
    assert not step.inexact

    AWS.replay(step.argv, parameters=step.parameters, files=step.files)
    complaint = paste(step)
    assert len(endpoint.requests) == 2, complaint
    replayed, said = (comparable(request.http) for request in endpoint.requests)
    assert said == replayed


SPECIAL = (
    "braket cancel-quantum-task --quantum-task-arn arn",
    "ec2 run-instances --image-id ami-12345678 --count 2",
    "ec2 run-instances --image-id ami-12345678 --count 1:3 --subnet-id subnet-1 --associate-public-ip-address",
    "ec2 run-instances --image-id ami-12345678 --user-data file://data.txt --secondary-private-ip-address-count 2",
    "ec2 authorize-security-group-ingress --group-id sg-1 --protocol tcp --port 22-25 --cidr 10.0.0.0/8",
    "ec2 modify-vpc-attribute --vpc-id vpc-1 --no-enable-dns-support",
    "ec2 modify-instance-attribute --instance-id i-1 --no-disable-api-termination",
    "ec2 run-instances --image-id ami-12345678 --count 1 --enable-api-termination",
    "ec2 run-instances --image-id ami-12345678 --count 1 --disable-api-termination",
    "ec2 create-image --instance-id i-1 --name name --no-reboot",
    "ec2 create-image --instance-id i-1 --name name --reboot",
    "ec2 describe-network-acls --network-acl-ids acl-1 --dry-run",
    "ec2 delete-network-acl-entry --network-acl-id acl-1 --rule-number 1 --ingress",
    "ec2 delete-network-acl-entry --network-acl-id acl-1 --rule-number 1 --egress",
    "ecs create-service --service-name s --disable-execute-command",
    "ecs create-service --service-name s --enable-execute-command",
    "ec2 get-password-data --instance-id i-1",
    "lambda create-function --function-name f --role r --zip-file fileb://code.zip --runtime python3.12 --handler h.h",
    "lambda update-function-code --function-name f --zip-file fileb://code.zip",
    "lambda invoke --function-name f --payload file://data.txt out",
    "iam create-virtual-mfa-device --virtual-mfa-device-name m --outfile out --bootstrap-method QRCodePNG",
    "cloudsearch define-expression --domain-name dom --name nam --expression a+b",
    "cloudsearch define-index-field --domain-name dom --name nam --type int --default-value 2",
    "kms encrypt --key-id k --plaintext fileb://code.zip",
    "route53 list-hosted-zones --max-items 5",
    "s3api put-object --bucket bkt --key k --body code.zip --metadata a=b,c=d",
    "s3api select-object-content --bucket bkt --key k --expression e --expression-type SQL"
    " --input-serialization CSV={} --output-serialization JSON={} out",
    "sns subscribe --topic-arn t --protocol https --notification-endpoint https://127.0.0.1:9/x",
    "apigateway create-rest-api --name n --api-version v1",
    "apigateway update-rest-api --rest-api-id r --patch-operations op=replace,path=/name,value=file://data.txt",
)


@pytest.mark.parametrize("line", SPECIAL)
def test_what_was_typed_can_be_pasted_again(endpoint: Relay, line: str) -> None:
    Path("data.txt").write_text('{"a": "é"}\n', encoding="utf-8")
    Path("code.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    argv = [*line.split(), "--endpoint-url", endpoint.url]
    outcome = AWS.run(argv)
    assert outcome.operation is not None
    recorded = Trace((Command(tuple(argv), outcome.operation, (), 0, THEN, THEN),))
    steps = planner.make_plan(recorded, [], [], AWS.catalog)
    step = Resolver(steps, is_dry_run=False, query=evaluate).invocation(steps.steps[0])
    AWS.replay(step.argv, parameters=step.parameters, files=step.files)
    complaint = paste(step)
    assert len(endpoint.requests) == 3, complaint
    typed, replayed, said = (comparable(request.http) for request in endpoint.requests)
    assert replayed == typed
    assert said == typed
