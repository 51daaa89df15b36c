"""awscli in this process: what of a command is taken down, and that its replay means the same."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.client
import json
import re
import sqlite3
import sys
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from awstracer.aws.api_model import UNKNOWN_MEMBER
from awstracer.aws.capture import Outcome
from awstracer.aws.catalog import Catalog
from awstracer.aws.driver import AwsCli
from awstracer.errors import UnfitParameters, UnknownCommand
from awstracer.plan import planner
from awstracer.plan.resolver import Resolver
from awstracer.trace.model import Command, Opaque, Operation, Trace, response_of
from awstracer.trace.query import evaluate
from benchmarks.sweep_operations import Sampler
from tests import programs
from tests.programs import Http, Relay, Trouble
from tests.traces import THEN

import botocore  # isort: skip - after the driver, which brings the botocore that is meant
import botocore.loaders  # isort: skip
import botocore.model  # isort: skip

NAME = "bkt"
BUCKET = ("--bucket", NAME)


@dataclass(frozen=True)
class Ran:
    """A command that was run: what became of it, what it printed, what the server was asked."""

    argv: tuple[str, ...]
    outcome: Outcome
    out: str
    err: str
    sent: list[Http]

    @property
    def operations(self) -> list[str]:
        return [call.operation for call in self.outcome.calls]

    @property
    def parameters(self) -> dict[str, Any]:
        assert self.outcome.operation is not None
        return dict(self.outcome.operation.parameters)

    @property
    def command(self) -> Command:
        """What the recorder would keep."""
        outcome = self.outcome
        files = {} if outcome.operation else outcome.files
        return Command(self.argv, outcome.operation, outcome.calls, outcome.exit_code, THEN, THEN, files=files)


class Cli:
    """awscli, and the relay through which all its requests go."""

    def __init__(self, relay: Relay, capture: pytest.CaptureFixture[str]) -> None:
        self.aws, self._relay, self._capture = AwsCli(), relay, capture

    def run(self, *argv: str) -> Ran:
        return self._observed(argv, lambda: self.aws.run(argv))

    def do(self, *argv: str) -> Ran:
        """Run what has to succeed."""
        ran = self.run(*argv)
        assert (ran.outcome.exit_code, ran.outcome.faults) == (0, ()), ran.err
        return ran

    def replay(self, ran: Ran) -> Ran:
        """Run what the player would run for it, nothing being changed."""
        steps = planner.make_plan(Trace((ran.command,)), [], [], self.aws.catalog)
        step = Resolver(steps, is_dry_run=False, query=evaluate).invocation(steps.steps[0])
        return self._observed(
            ran.argv, lambda: self.aws.replay(step.argv, parameters=step.parameters, files=step.files)
        )

    def same_again(self, *argv: str) -> Ran:
        """Run what has to succeed, and replay it: it asks the same and prints the same."""
        ran = self.do(*argv)
        again = self.replay(ran)
        assert again.outcome.exit_code == 0, again.err
        assert again.sent == ran.sent
        assert again.out == ran.out
        assert again.operations == ran.operations
        return ran

    def _observed(self, argv: Sequence[str], run: Callable[[], Outcome]) -> Ran:
        self._capture.readouterr()
        before = len(self._relay.requests)
        outcome = run()
        said = self._capture.readouterr()
        return Ran(tuple(argv), outcome, said.out, said.err, [each.http for each in self._relay.requests[before:]])


@pytest.fixture
def cli(aws_home: Path, relay: Relay, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """awscli that nothing keeps waiting, before an empty cloud."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", relay.url)
    monkeypatch.setattr("time.sleep", lambda _: None)
    return Cli(relay, capsys)


@pytest.fixture
def bucket(cli: Cli) -> str:
    """An empty bucket."""
    cli.do("s3api", "create-bucket", *BUCKET)
    return NAME


def put(server: str, keys: Sequence[str]) -> None:
    """Put small objects into the bucket, fast."""
    host = urllib.parse.urlsplit(server).netloc

    def put_some(some: Sequence[str]) -> None:
        connection = http.client.HTTPConnection(host)
        for key in some:
            connection.request("PUT", f"/{NAME}/{key}", b"x", {"Authorization": "AWS testing:x"})
            response = connection.getresponse()
            response.read()
            assert response.status == 200
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put_some, [keys[start::4] for start in range(4)]))


def etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


# --- pages


def test_every_page_is_a_call_and_all_are_one_response(cli: Cli, bucket: str, server: str) -> None:
    keys = [f"k{number:04}" for number in range(1100)]
    put(server, keys)
    ran = cli.same_again("s3api", "list-objects-v2", *BUCKET)
    assert ran.operations == ["ListObjectsV2"] * 2
    assert [len((call.response or {})["Contents"]) for call in ran.outcome.calls] == [1000, 100]
    whole = response_of(ran.outcome.operation, ran.outcome.calls)
    assert [entry["Key"] for entry in whole["Contents"]] == keys
    assert [entry["Key"] for entry in json.loads(ran.out)["Contents"]] == keys
    assert ran.parameters == {"Bucket": NAME}


@pytest.mark.parametrize(
    ("limits", "requests"),
    [
        ({"page-size": "10"}, 3),
        ({"max-items": "7"}, 1),
        ({"max-items": "12", "page-size": "5"}, 3),
    ],
)
def test_limits_of_pages_are_recorded(
    cli: Cli, bucket: str, server: str, limits: dict[str, str], requests: int
) -> None:
    put(server, [f"k{number:02}" for number in range(25)])
    options = [word for name, value in limits.items() for word in (f"--{name}", value)]
    ran = cli.same_again("s3api", "list-objects-v2", *BUCKET, *options)
    assert len(ran.outcome.calls) == len(ran.sent) == requests
    config = ran.parameters["PaginationConfig"]
    assert {botocore.xform_name(name, "-"): str(value) for name, value in config.items() if value is not None} == limits


def test_a_starting_token_is_recorded(cli: Cli, bucket: str, server: str) -> None:
    put(server, [f"k{number:02}" for number in range(25)])
    begun = json.loads(cli.do("s3api", "list-objects-v2", *BUCKET, "--max-items", "7").out)
    ran = cli.same_again("s3api", "list-objects-v2", *BUCKET, "--starting-token", begun["NextToken"])
    assert [entry["Key"] for entry in json.loads(ran.out)["Contents"]] == [f"k{number:02}" for number in range(7, 25)]
    assert ran.parameters["PaginationConfig"]["StartingToken"] == begun["NextToken"]


def test_without_paging_there_is_one_call(cli: Cli, bucket: str, server: str) -> None:
    put(server, [f"k{number:02}" for number in range(5)])
    ran = cli.same_again("s3api", "list-objects-v2", *BUCKET, "--max-keys", "2", "--no-paginate")
    assert len(ran.outcome.calls) == 1
    assert "--no-paginate" in ran.argv
    assert json.loads(ran.out)["IsTruncated"] is True
    unlimited = cli.same_again("s3api", "list-objects-v2", *BUCKET, "--no-paginate")
    assert unlimited.parameters == {"Bucket": NAME}


# --- what goes wrong


@pytest.mark.parametrize("status", [500, 503])
def test_a_call_that_was_tried_again_is_one(cli: Cli, relay: Relay, status: int) -> None:
    relay.trouble += [Trouble(status)] * 2
    ran = cli.do("iam", "create-user", "--user-name", "alice")
    assert len(ran.sent) == 3
    (call,) = ran.outcome.calls
    assert call.error is None
    assert (call.response or {})["User"]["UserName"] == "alice"


def test_a_lost_connection_is_a_call_with_an_error(cli: Cli, relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    relay.trouble.append(Trouble())
    ran = cli.run("iam", "create-user", "--user-name", "alice")
    assert ran.outcome.exit_code == 255
    (call,) = ran.outcome.calls
    assert call.response is None
    assert call.error is not None
    assert "Connection" in call.error.code
    assert call.request == {"UserName": "alice"}


def test_a_refusal_is_a_call_with_the_services_error(cli: Cli) -> None:
    ran = cli.run("iam", "get-user", "--user-name", "nobody")
    (call,) = ran.outcome.calls
    assert (ran.outcome.exit_code, call.response) == (255, None)
    assert call.error is not None
    assert call.error.code == "NoSuchEntity"
    assert call.request_id


@pytest.mark.parametrize(
    "argv",
    [
        ["ec2", "describe-instances", "--filters", "Names=x,Values=y"],
        ["ec2", "describe-instances", "--max-items", "many"],
        ["dynamodb", "put-item", "--table-name", "t", "--item", '{"a": {"S": 1}}'],
        ["s3api", "get-object", *BUCKET, "--key", "k", "out", "--no-such-option"],
        ["iam", "create-user"],
        ["iam", "no-such-operation"],
        ["no-such-service", "x"],
        ["iam", "create-user", "--user-name", "file://missing"],
        ["s3", "cp", "missing", "s3://bkt/k"],
        [],
    ],
)
def test_a_line_that_calls_nothing_leaves_no_calls(cli: Cli, argv: list[str]) -> None:
    ran = cli.run(*argv)
    plain = programs.run("aws", *argv)
    assert ran.outcome.calls == ()
    assert ran.sent == []
    assert ran.outcome.exit_code == plain.code != 0
    assert ran.err == plain.err
    assert ran.outcome.faults == ()


# --- threads


def test_calls_of_many_threads_are_kept_apart(cli: Cli, bucket: str) -> None:
    contents = {f"f{number:02}": f"content {number}".encode() for number in range(30)}
    Path("up").mkdir()
    for name, content in contents.items():
        Path("up", name).write_bytes(content)
    up = cli.do("s3", "sync", "up", "s3://bkt")
    assert up.outcome.operation is None
    assert sorted(up.operations) == ["ListObjectsV2", *["PutObject"] * 30]
    assert len(up.sent) == 31
    etags = {call.request["Key"]: (call.response or {})["ETag"] for call in up.outcome.calls if "Key" in call.request}
    assert etags == {name: etag(content) for name, content in contents.items()}

    down = cli.do("s3", "sync", "s3://bkt", "down")
    assert sorted(down.operations) == [*["GetObject"] * 30, "ListObjectsV2"]
    assert len(down.sent) == 31
    etags = {call.request["Key"]: (call.response or {})["ETag"] for call in down.outcome.calls if "Key" in call.request}
    assert etags == {name: etag(content) for name, content in contents.items()}
    for ran in (up, down):
        started = [call.started for call in ran.outcome.calls]
        assert started == sorted(started)
        assert ran.operations[0] == "ListObjectsV2"
    assert {path.name: path.read_bytes() for path in Path("down").iterdir()} == contents


def test_the_parts_of_a_large_file_are_calls(cli: Cli, bucket: str) -> None:
    size, part = 9 * 2**20, 8 * 2**20
    Path("zeros").write_bytes(bytes(size))
    ran = cli.do("s3", "cp", "zeros", "s3://bkt/zeros")
    assert len(ran.sent) == len(ran.outcome.calls)
    first, *parts, last = ran.outcome.calls
    assert (first.operation, last.operation) == ("CreateMultipartUpload", "CompleteMultipartUpload")
    assert {call.operation for call in parts} == {"UploadPart"}
    etags = {call.request["PartNumber"]: (call.response or {})["ETag"] for call in parts}
    assert etags == {1: etag(bytes(part)), 2: etag(bytes(size - part))}


# --- streams


def test_an_answers_stream_goes_to_its_file_only(cli: Cli, bucket: str) -> None:
    content = bytes(range(256)) * 40
    Path("in.bin").write_bytes(content)
    cli.do("s3", "cp", "in.bin", "s3://bkt/k")
    ran = cli.do("s3api", "get-object", *BUCKET, "--key", "k", "out.bin")
    assert Path("out.bin").read_bytes() == content
    (call,) = ran.outcome.calls
    assert call.response is not None
    assert "Body" not in call.response
    assert call.response["ETag"] == etag(content)
    assert len(ran.sent) == 1
    Path("out.bin").unlink()
    again = cli.replay(ran)
    assert Path("out.bin").read_bytes() == content
    assert (again.sent, again.out) == (ran.sent, ran.out)


def test_speech_goes_to_its_file_only(cli: Cli) -> None:
    ran = cli.same_again(
        "polly", "synthesize-speech", "--output-format", "mp3", "--text", "hi", "--voice-id", "Joanna", "out.mp3"
    )
    assert Path("out.mp3").is_file()
    (call,) = ran.outcome.calls
    assert call.response == {"ContentType": "audio/mpeg"}


def test_a_body_is_its_files_and_replays_from_it(cli: Cli, bucket: str) -> None:
    Path("body").write_bytes(b"\x00first\xff")
    ran = cli.same_again("s3api", "put-object", *BUCKET, "--key", "k", "--body", "body")
    assert ran.parameters == {"Bucket": NAME, "Key": "k", "Body": Opaque("body")}
    assert "first" not in repr(ran.outcome)
    Path("body").write_bytes(b"second")
    assert cli.replay(ran).sent[0].body == b"second"


# --- calls within calls, and none at all


def test_presigning_calls_nothing(cli: Cli) -> None:
    ran = cli.do("s3", "presign", "s3://bkt/k")
    assert ran.out.startswith("http")
    assert (ran.outcome.calls, ran.outcome.operation, ran.sent) == ((), None, [])


def test_what_a_profile_assumes_is_nowhere_in_the_outcome(
    cli: Cli, relay: Relay, aws_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (aws_home / ".aws").mkdir()
    (aws_home / ".aws/config").write_text(
        "[profile base]\naws_access_key_id = BASE\naws_secret_access_key = BASESECRET\n"
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n"
    )
    ran = cli.do("sts", "get-caller-identity", "--profile", "role")
    assert [request.operation for request in relay.requests] == ["AssumeRole", "GetCallerIdentity"]
    assert ran.operations == ["GetCallerIdentity"]
    given = re.findall(rb"<(SecretAccessKey|SessionToken|AccessKeyId)>(.*?)</", relay.answers[0])
    assert len(given) == 3
    assert relay.requests[1].key in {secret.decode() for _, secret in given}
    for name in ("BASESECRET", *(secret.decode() for kind, secret in given if kind != b"AccessKeyId")):
        assert name not in repr(ran.outcome)


def test_every_poll_of_a_waiter_is_a_call(cli: Cli, relay: Relay, bucket: str) -> None:
    relay.trouble += [Trouble(404)] * 2
    ran = cli.do("s3api", "wait", "bucket-exists", *BUCKET)
    assert ran.operations == ["HeadBucket"] * 3
    assert [call.error is None for call in ran.outcome.calls] == [False, False, True]
    assert ran.outcome.operation is None


def test_waiting_for_an_instance_is_a_custom_command(cli: Cli, relay: Relay) -> None:
    answer = json.loads(cli.do("ec2", "run-instances", "--image-id", "ami-12c6146b").out)
    instance = answer["Instances"][0]["InstanceId"]
    pending = (
        "<DescribeInstancesResponse><reservationSet><item><instancesSet><item>"
        f"<instanceId>{instance}</instanceId><instanceState><code>0</code><name>pending</name></instanceState>"
        "</item></instancesSet></item></reservationSet></DescribeInstancesResponse>"
    )
    relay.trouble += [Trouble(200, pending.encode())] * 2
    ran = cli.do("ec2", "wait", "instance-running", "--instance-ids", instance)
    assert ran.operations == ["DescribeInstances"] * 3
    assert ran.outcome.operation is None
    again = cli.replay(ran)
    assert again.sent == ran.sent[:1]


# --- options that change what a line means


INPUT = {"Name": "/p", "Value": "v", "Type": "String", "Tags": [{"Key": "k", "Value": "é"}]}


@pytest.mark.parametrize("form", ["text", "file"])
def test_json_input_is_in_the_parameters(cli: Cli, form: str) -> None:
    text = json.dumps(INPUT)
    Path("in.json").write_text(text)
    ran = cli.do("ssm", "put-parameter", "--cli-input-json", text if form == "text" else "file://in.json")
    assert ran.parameters == INPUT
    Path("in.json").unlink()
    assert cli.replay(ran).sent == ran.sent


def test_an_option_is_stronger_than_json_input(cli: Cli) -> None:
    ran = cli.do("ssm", "put-parameter", "--cli-input-json", json.dumps(INPUT), "--value", "w", "--no-overwrite")
    assert ran.parameters == {**INPUT, "Value": "w", "Overwrite": False}
    assert cli.replay(ran).sent == ran.sent


def test_a_skeleton_calls_nothing(cli: Cli) -> None:
    ran = cli.do("iam", "create-user", "--generate-cli-skeleton")
    assert (ran.outcome.calls, ran.sent) == ((), [])
    again = cli.replay(ran)
    assert (again.outcome.exit_code, again.sent, again.out) == (0, [], ran.out)


@pytest.mark.parametrize(
    "options",
    [
        ["--query", "Users[].[UserName, Path]", "--output", "text"],
        ["--query", "Users[].{name: UserName}", "--output", "table"],
        ["--output", "table"],
        ["--output=text", "--query=Users[0].UserName"],
        ["--color", "off", "--output", "table"],
        ["--debug"],
        ["--no-verify-ssl"],
        ["--region", "eu-west-1"],
        ["--cli-read-timeout", "30", "--cli-connect-timeout", "20"],
        ["--max-items", "1"],
    ],
    ids=" ".join,
)
def test_what_is_asked_and_printed_stays_the_same(cli: Cli, options: list[str]) -> None:
    for name in ("alice", "bob"):
        cli.do("iam", "create-user", "--user-name", name)
    ran = cli.same_again("iam", "list-users", *options)
    assert "alice" in ran.out


def test_colours_are_recorded_and_are_not_the_next_commands(cli: Cli) -> None:
    stdout = sys.stdout
    ran = cli.same_again("iam", "list-users", "--color", "on", "--output", "table")
    assert "\x1b[" in ran.out
    assert sys.stdout is stdout
    assert "\x1b[" not in cli.do("iam", "list-users", "--output", "table").out


def test_requests_without_a_signature_stay_so(cli: Cli, relay: Relay, bucket: str) -> None:
    relay.requests.clear()
    ran = cli.same_again("s3api", "list-objects-v2", *BUCKET, "--no-sign-request")
    assert [request.key for request in relay.requests] == ["", ""]
    assert len(ran.outcome.calls) == 1


@pytest.mark.parametrize(("option", "value"), [("--dry-run", True), ("--no-dry-run", False)])
def test_a_dry_run_of_ec2_stays_one(cli: Cli, option: str, value: bool) -> None:
    vpc = json.loads(cli.do("ec2", "create-vpc", "--cidr-block", "10.0.0.0/16").out)["Vpc"]["VpcId"]
    ran = cli.run("ec2", "describe-vpcs", "--vpc-ids", vpc, option)
    assert ran.parameters == {"VpcIds": [vpc], "DryRun": value}
    again = cli.replay(ran)
    assert (again.sent, again.out, again.outcome.exit_code) == (ran.sent, ran.out, ran.outcome.exit_code)
    assert f"DryRun={str(value).lower()}".encode() in ran.sent[0].body


# --- one command after the other


def test_no_command_logs_for_another(cli: Cli) -> None:
    line = ("sts", "get-caller-identity")
    for _ in range(2):
        lines = cli.do(*line, "--debug").err.splitlines()
        assert sum("CLI version" in each for each in lines) == 1
        assert sum("Sending http request" in each for each in lines) == 1
    assert cli.do(*line).err == ""


def test_each_command_is_once_in_awsclis_history(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CLI_HISTORY_FILE", str(home / "history.db"))
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text("[default]\ncli_history = enabled\n")
    for name in ("alice", "bob", "carol"):
        cli.do("iam", "create-user", "--user-name", name)
    with closing(sqlite3.connect(home / "history.db")) as history:
        events = history.execute("SELECT event_type, COUNT(*) FROM records GROUP BY id, event_type").fetchall()
    assert {count for _, count in events} == {1}
    assert [event for event, _ in events].count("CLI_RC") == 3


def test_options_of_one_command_do_not_stick_to_the_next(cli: Cli, relay: Relay) -> None:
    skeleton = cli.do("iam", "list-users", "--generate-cli-skeleton")
    assert skeleton.sent == []
    cli.do("sqs", "list-queues", "--region", "eu-west-1", "--endpoint-url", relay.url)
    cli.run("ssm", "describe-parameters", "--no-sign-request", "--region", "eu-west-1", "--output", "text")
    ran = cli.do("ec2", "describe-regions")
    assert (relay.requests[-1].key, relay.requests[-1].region) == ("testing", "us-east-1")
    assert json.loads(ran.out)["Regions"]


def test_pulled_up_booleans_do_not_change_later_operations(cli: Cli) -> None:
    vpc = json.loads(cli.do("ec2", "create-vpc", "--cidr-block", "10.0.0.0/16").out)["Vpc"]["VpcId"]
    instance = json.loads(cli.do("ec2", "run-instances", "--image-id", "ami-12c6146b").out)["Instances"][0]
    lines = [
        ["ec2", "modify-vpc-attribute", "--vpc-id", vpc, "--enable-dns-hostnames"],
        ["ec2", "modify-vpc-attribute", "--vpc-id", vpc, "--no-enable-dns-support"],
        ["ec2", "modify-vpc-attribute", "--vpc-id", vpc, "--enable-dns-support", "Value=true"],
        ["ec2", "modify-instance-attribute", "--instance-id", instance["InstanceId"], "--no-source-dest-check"],
        ["ec2", "modify-instance-attribute", "--instance-id", instance["InstanceId"], "--disable-api-termination"],
        ["ec2", "describe-vpc-attribute", "--vpc-id", vpc, "--attribute", "enableDnsHostnames"],
    ]
    together = [cli.do(*line) for line in lines]
    for ran, line in zip(together, lines, strict=True):
        cli.aws = AwsCli()
        alone = cli.do(*line)
        assert (ran.parameters, ran.sent) == (alone.parameters, alone.sent)
    cli.aws = AwsCli()
    assert [cli.replay(ran).sent for ran in together] == [ran.sent for ran in together]
    assert together[0].parameters == {"VpcId": vpc, "EnableDnsHostnames": {"Value": True}}
    assert together[1].parameters == {"VpcId": vpc, "EnableDnsSupport": {"Value": False}}


@pytest.mark.usefixtures("home")
def test_models_tell_what_says_nothing_and_what_people_choose() -> None:
    aws = Catalog()
    for service in ("elbv2", "elastic-load-balancing-v2"):
        assert aws.shape(service, "CreateLoadBalancer", "request", ("Scheme",)).is_silent
        assert not aws.shape(service, "CreateLoadBalancer", "request", ("Name",)).is_silent
        assert aws.namespaces(service) >= {"elasticloadbalancing"}
    assert aws.shape("ec2", "RunInstances", "request", ("ClientToken",)).is_silent
    assert aws.shape("dynamodb", "BatchGetItem", "request", ("RequestItems",)).keys == "TableArn"
    assert aws.shape("s3", "PutObject", "request", ("Bucket",)).addresses
    assert aws.shape("unicorns", "Fly", "request", ("Name",)) == UNKNOWN_MEMBER


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("iam.CreateLoginProfile request", ("Password",)),
        ("lambda.CreateFunction request", ("Environment", "Variables", "ANY")),
        ("s3control.GetDataAccess response", ("Credentials", "AccessKeyId")),
        ("codeartifact.GetAuthorizationToken response", ("authorizationToken",)),
        ("ec2.RunScheduledInstances request", ("LaunchSpecification", "NetworkInterfaces", 0, "SubnetId")),
    ],
)
def test_models_tell_what_they_mark_with_all_that_is_in_it(place: str, path: tuple[str | int, ...]) -> None:
    service, operation, side = re.split(r"[. ]", place)
    assert Catalog().shape(service, operation, side, path).is_sensitive  # type: ignore[arg-type]
    assert not Catalog().shape("iam", "CreateLoginProfile", "request", ("UserName",)).is_sensitive


def test_partitions_are_botocores() -> None:
    aws = Catalog()
    assert aws.partition("eu-west-1") == ("aws", "amazonaws.com")
    assert aws.partition("cn-north-1") == ("aws-cn", "amazonaws.com.cn")
    assert aws.partition("us-gov-west-1") == ("aws-us-gov", "amazonaws.com")
    assert aws.partition("mars") is None


@pytest.mark.usefixtures("home")
def test_what_awscli_hands_to_itself_is_no_unknown_parameter() -> None:
    """`--owner-sak` signs a policy, and is no parameter of the API (awscli.customizations.ec2.bundleinstance)."""

    def check(members: dict[str, str]) -> None:
        storage = {"S3": {"Bucket": "b", "Prefix": "p", **members}}
        parameters = {"InstanceId": "i-1", "Storage": storage}
        Catalog().check(1, Operation("ec2", "BundleInstance", parameters))

    check({"_SAK": "key"})
    with pytest.raises(UnfitParameters, match="Sak"):
        check({"Sak": "key"})


# --- files that words name


def test_what_an_options_file_held_is_in_the_parameters(cli: Cli) -> None:
    Path("v.txt").write_text("told before\n")
    ran = cli.do("ssm", "put-parameter", "--name", "p", "--type", "String", "--value", "file://v.txt")
    assert ran.parameters["Value"] == "told before\n"
    Path("v.txt").write_text("changed")
    assert cli.replay(ran).sent == ran.sent
    Path("v.txt").unlink()
    assert cli.replay(ran).sent == ran.sent


def test_bytes_of_an_options_file_are_in_the_parameters(cli: Cli) -> None:
    content = b"\x00\xff not text"
    Path("v.bin").write_bytes(content)
    cli.do("secretsmanager", "create-secret", "--name", "s")
    line = ("secretsmanager", "put-secret-value", "--secret-id", "s", "--client-request-token", "0" * 32)
    ran = cli.do(*line, "--secret-binary", "fileb://v.bin")
    assert ran.parameters["SecretBinary"] == content
    Path("v.bin").unlink()
    assert cli.replay(ran).sent == ran.sent


def test_what_a_custom_commands_file_held_is_used_again(cli: Cli, bucket: str) -> None:
    Path("m.json").write_text('{"colour": "blue"}')
    Path("f").write_bytes(b"content")
    ran = cli.do("s3", "cp", "f", "s3://bkt/f", "--metadata", "file://m.json")
    assert ran.outcome.files == {"file://m.json": '{"colour": "blue"}'}
    assert ran.outcome.calls[0].request["Metadata"] == {"colour": "blue"}
    for change in (lambda: Path("m.json").write_text('{"colour": "red"}'), Path("m.json").unlink):
        change()
        again = cli.replay(ran)
        assert again.outcome.exit_code == 0, again.err
        assert again.sent[0].headers["x-amz-meta-colour"] == "blue"


TEMPLATE = {
    "Parameters": {"Name": {"Type": "String"}},
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Name"}}}},
}


def test_what_a_stacks_parameter_file_held_is_used_again(cli: Cli, server: str) -> None:
    Path("t.json").write_text(json.dumps(TEMPLATE))
    Path("p.json").write_text('["Name=before"]')
    line = ("cloudformation", "deploy", "--stack-name", "s", "--template-file", "t.json")
    ran = cli.do(*line, "--parameter-overrides", "file://p.json")
    assert ran.outcome.files == {"file://p.json": '["Name=before"]'}
    Path("p.json").unlink()
    programs.reset(server)
    assert cli.replay(ran).outcome.exit_code == 0
    topics = json.loads(cli.do("sns", "list-topics").out)["Topics"]
    assert [topic["TopicArn"].rpartition(":")[2] for topic in topics] == ["before"]


LITERALS = ["file:///etc/hostname", "fileb:///etc/hostname", "{silent}/x"]


@pytest.mark.parametrize("value", LITERALS)
def test_a_value_that_looks_like_a_file_is_never_expanded(cli: Cli, silent: programs.Silent, value: str) -> None:
    value = value.format(silent=silent.url)
    given = json.dumps({**INPUT, "Value": value})
    ran = cli.do("ssm", "put-parameter", "--cli-input-json", given)
    assert ran.parameters["Value"] == value
    again = cli.replay(ran)
    assert json.loads(again.sent[0].body)["Value"] == value
    assert again.sent == ran.sent
    assert not silent.was_asked()


# --- names of services


def hyphenated() -> Iterator[tuple[str, str]]:
    """(service, its hyphenated id) of the services whose id is another word; from the heads of their models.

    An id that is a service's name too (`pinpoint-sms-voice`, two services have it) means that service.
    """
    for folder in sorted(Path(botocore.loaders.Loader.BUILTIN_DATA_PATH).iterdir()):
        models = sorted(folder.glob("*/service-2.json*"))
        if models:
            with (gzip.open if models[-1].suffix == ".gz" else open)(models[-1], "rb") as file:
                found = re.search(rb'"serviceId"\s*:\s*"([^"]+)"', file.read(20_000))
            assert found, folder
            identifier = found[1].decode().replace(" ", "-").lower()
            if identifier != folder.name and not (folder.parent / identifier).exists():
                yield folder.name, identifier


RENAMED = {"config": "configservice", "codedeploy": "deploy", "s3": "s3api"}


def test_services_are_found_by_their_hyphenated_ids(home: Path) -> None:
    """As traces of format 1 name them."""
    names = dict(hyphenated())
    assert len(names) > 50
    assert {"logs": "cloudwatch-logs", "elbv2": "elastic-load-balancing-v2"}.items() <= names.items()
    loader, aws = botocore.loaders.Loader(), Catalog()
    body = home / "body"
    body.write_bytes(b"")
    found = {}
    for service, identifier in names.items():
        model = botocore.model.ServiceModel(loader.load_service_model(service, "service-2"), service)
        operation = model.operation_model(sorted(model.operation_names)[0])
        parameters = Sampler(odd=False, everything=False, body=body).parameters(operation.input_shape)
        with contextlib.suppress(UnknownCommand):
            found[service] = aws.operation_command(1, Operation(identifier, operation.name, parameters), ()).words[0]
    assert found == {service: RENAMED.get(service, service) for service in names}


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("end", "needed"),
    [
        ("", []),
        ("--query @ --output text --no-paginate", []),
        ("--query", ["outfile"]),
        ("--output nonsense", ["outfile"]),
    ],
)
def test_words_are_taken_from_no_line_that_awscli_would_refuse(end: str, needed: list[str]) -> None:
    words = ("s3api", "get-object")
    line = (*words, "--bucket", "bkt", "--key", "k", "out.bin", *end.split())
    command = Catalog().operation_command(1, Operation("s3", "GetObject", {"Bucket": "bkt", "Key": "k"}), line)
    assert [name.removeprefix("--") for name in command.needed] == needed
