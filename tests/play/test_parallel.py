"""`-j N`: commands that don't depend on one another run at the same time, and are told of in the trace's order."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from awstracer.aws.capture import Outcome
from awstracer.aws.catalog import Catalog
from awstracer.aws.driver import AwsCli
from awstracer.plan import planner, scheduler
from awstracer.plan.model import Override
from awstracer.plan.resolver import Resolver
from awstracer.play.parallel import ParallelPlayer
from awstracer.play.player import PlayerOptions, Report, Status
from awstracer.play.worker_pool import LOST_MESSAGE, CapturedRun, WorkerPool
from awstracer.relations import deriver
from awstracer.trace.model import CallError, Opaque, Poll, Trace
from awstracer.trace.query import evaluate
from benchmarks import jobs
from tests import programs
from tests.programs import PATIENCE, Relay, Silent, Terminal, refusal
from tests.traces import call, command, operation, trace

pytestmark = pytest.mark.once
MODELS = Catalog()

VPC, OTHER = "vpc-0a1b2c3d4e5f60718", "vpc-1a1b2c3d4e5f60718"
USER = ["iam.CreateUser", {"UserName": "alice"}, {"User": {"UserName": "alice", "Arn": "arn:aws:iam::1:user/alice"}}]
BUCKET = ["s3.CreateBucket", {"Bucket": "web-1"}, {}]
LIST = ["iam.ListUsers", {}, {"Users": []}]


def before(recorded: Trace, *overrides: Override, keeps_pauses: bool = False) -> list[set[int]]:
    """For each command those that have to be done before."""
    steps = planner.make_plan(recorded, deriver.derive(recorded, evaluate, MODELS), overrides, MODELS, {}).steps
    return [set(numbers) for numbers in scheduler.predecessors(steps, keeps_pauses=keeps_pauses).values()]


def made(number: str) -> list[object]:
    return ["ec2.CreateVpc", {"CidrBlock": "10.0.0.0/16"}, {"Vpc": {"VpcId": number}}]


def test_what_shares_nothing_is_free() -> None:
    other = ["iam.CreateUser", {"UserName": "bob"}, {"User": {"UserName": "bob"}}]
    assert before(trace(made(VPC), made(OTHER), USER, other, BUCKET)) == [set()] * 5


def test_an_answer_comes_before_what_needs_it() -> None:
    subnet = ["ec2.CreateSubnet", {"VpcId": OTHER, "CidrBlock": "10.0.1.0/24"}, {"Subnet": {}}]
    assert before(trace(made(VPC), made(OTHER), subnet)) == [set(), set(), {2}]


@pytest.mark.parametrize(
    "later",
    [
        ["iam.DeleteUser", {"UserName": "alice"}, {}],
        ["iam.AddUserToGroup", {"UserName": "alice", "GroupName": "crew-1"}, {}],
        ["iam.AttachUserPolicy", {"UserName": "alice", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, {}],
        ["iam.CreateGroup", {"GroupName": "alice"}, {}],
    ],
)
def test_whoever_shares_a_name_waits(later: list[object]) -> None:
    assert before(trace(USER, BUCKET, later)) == [set(), set(), {1}]


def test_names_that_are_given_count_as_well() -> None:
    recorded = trace(USER, BUCKET, ["iam.DeleteUser", {"UserName": "bob"}, {}])
    assert before(recorded) == [set()] * 3
    assert before(recorded, Override("user-name", "bob", 1)) == [set(), set(), {1}]


def test_a_custom_commands_words_are_names() -> None:
    copied = command(["s3", "cp", "page.html", "s3://web-1/page.html"], call("s3.PutObject", {"Bucket": "web-1"}, {}))
    assert before(trace(USER, BUCKET, copied)) == [set(), set(), {2}]


def test_reading_waits_for_what_changes_and_not_for_reading() -> None:
    read = ["iam.GetUser", {"UserName": "alice"}, {"User": {"UserName": "alice"}}]
    gone = ["iam.DeleteUser", {"UserName": "alice"}, {}]
    waits = before(trace(USER, read, read, gone))
    assert waits[1:] == [{1}, {1}, {1, 2, 3}]


def test_what_names_nothing_is_about_all_of_its_service() -> None:
    later = ["iam.CreateUser", {"UserName": "bob"}, {"User": {"UserName": "bob"}}]
    assert before(trace(USER, BUCKET, LIST, LIST, later)) == [set(), set(), {1}, {1}, {3, 4}]


@pytest.mark.parametrize("asked", [{"Path": "/app/db"}, {"Path": "/other"}])
def test_what_asks_by_a_path_waits_for_all_that_could_be_below_it(asked: dict[str, str]) -> None:
    put = ["ssm.PutParameter", {"Name": "/app/db/host", "Value": "v"}, {"Version": 1}]
    after = ["ssm.PutParameter", {"Name": "/app/db/port", "Value": "v"}, {"Version": 1}]
    assert before(trace(put, USER, ["ssm.GetParametersByPath", asked, {"Parameters": []}], after))[2:] == [{1}, {3}]


def test_a_path_within_something_that_is_named_is_about_that_alone() -> None:
    put = ["s3.PutObject", {"Bucket": "web-2", "Key": "a/b"}, {}]
    assert before(trace(BUCKET, put, ["s3.ListObjectsV2", {"Bucket": "web-1", "Prefix": "a/"}, {}]))[2] == {1}


def test_a_file_is_written_before_it_is_sent() -> None:
    def got(key: str) -> list[object]:
        return ["s3.GetObject", {"Bucket": "web-1", "Key": key}, {}, ["s3api", "get-object", "files/out"]]

    sent = ["s3.PutObject", {"Bucket": "web-2", "Key": "c", "Body": Opaque("./files/out")}, {}]
    copied = command(["s3", "cp", "files/out", "s3://web-3/d"], call("s3.PutObject", {"Bucket": "web-3"}, {}))
    assert before(trace(got("a"), got("b"), sent, copied)) == [set(), {1}, {2}, {3}]


def test_what_is_deleted_goes_after_all_that_has_to_do_with_it() -> None:
    subnet = "subnet-0a1b2c3d4e5f60718"
    inside = ["ec2.CreateSubnet", {"VpcId": VPC, "CidrBlock": "10.0.1.0/24"}, {"Subnet": {"SubnetId": subnet}}]
    first, last = ["ec2.DeleteSubnet", {"SubnetId": subnet}, {}], ["ec2.DeleteVpc", {"VpcId": VPC}, {}]
    waits = before(trace(made(VPC), made(OTHER), inside, first, last, ["ec2.DeleteVpc", {"VpcId": OTHER}, {}]))
    assert waits == [set(), set(), {1}, {1, 3}, {1, 3, 4}, {2}]


TOPIC_ARN, QUEUE_URL = "arn:aws:sns:us-east-1:123456789012:orders-7", "https://sqs/123456789012/parcels-3"
QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:parcels-3"


@pytest.mark.parametrize("words", ["", "sqs create-queue --queue-name parcels-3 --query QueueUrl --output text"])
def test_what_is_sent_comes_before_what_is_received_where_it_was_connected(words: str) -> None:
    waits = before(
        trace(
            ["sns.CreateTopic", {"Name": "orders-7"}, {"TopicArn": TOPIC_ARN}],
            ["sqs.CreateQueue", {"QueueName": "parcels-3"}, {"QueueUrl": QUEUE_URL}, words.split()],
            BUCKET,
            ["sns.Subscribe", {"TopicArn": TOPIC_ARN, "Protocol": "sqs", "Endpoint": QUEUE_ARN}, {}],
            ["sns.Publish", {"TopicArn": TOPIC_ARN, "Message": "m"}, {"MessageId": "m"}],
            ["sqs.ReceiveMessage", {"QueueUrl": QUEUE_URL}, {}],
        )
    )
    assert waits[:3] == [set()] * 3
    assert {5, 2} <= waits[5]
    assert 3 not in waits[5]


def gateway_and_subnet(vpc: str, number: str) -> list[list[object]]:
    """A VPC, and what makes a gateway in it work: the last command says nothing of the fourth one's."""
    gateway, subnet, address = f"igw-{number}", f"subnet-{number}", f"eipalloc-{number}"
    return [
        made(vpc),
        ["ec2.CreateSubnet", {"VpcId": vpc, "CidrBlock": "10.0.1.0/24"}, {"Subnet": {"SubnetId": subnet}}],
        ["ec2.CreateInternetGateway", {}, {"InternetGateway": {"InternetGatewayId": gateway}}],
        ["ec2.AttachInternetGateway", {"VpcId": vpc, "InternetGatewayId": gateway}, {}],
        ["ec2.AllocateAddress", {"Domain": "vpc"}, {"AllocationId": address}],
        ["ec2.CreateNatGateway", {"SubnetId": subnet, "AllocationId": address}, {}],
    ]


def test_what_was_made_is_one_thing_with_what_it_was_put_into() -> None:
    one, other = gateway_and_subnet(VPC, "0a1b2c3d4e5f60718"), gateway_and_subnet(OTHER, "1a1b2c3d4e5f60718")
    waits = before(trace(*one, *other))
    assert {4, 5} <= waits[5]
    assert not waits[11] & set(range(1, 7))


@pytest.mark.parametrize("lookup", [[], [["ec2.DescribeVpcs", {}, {"Vpcs": [{"VpcId": VPC}]}]]])
def test_what_was_there_before_connects_nothing(lookup: list[list[object]]) -> None:
    def started(number: str) -> list[list[object]]:
        group, instance = f"sg-{number}", f"i-{number}"
        return [
            ["ec2.CreateSecurityGroup", {"GroupName": f"web-{number}", "VpcId": VPC}, {"GroupId": group}],
            [
                "ec2.RunInstances",
                {"ImageId": "ami-0a1b2c3d4e5f60718", "KeyName": "mine", "SecurityGroupIds": [group]},
                {"Instances": [{"InstanceId": instance, "ImageId": "ami-0a1b2c3d4e5f60718", "VpcId": VPC}]},
            ],
            ["ec2.ModifyInstanceAttribute", {"InstanceId": instance, "EbsOptimized": {"Value": True}}, {}],
        ]

    first = len(lookup) + 1
    waits = before(trace(*lookup, *started("0a1b2c3d4e5f60718"), *started("1a1b2c3d4e5f60718")))
    assert not waits[-1] & set(range(first, first + 3))


def test_what_was_made_earlier_and_is_not_played_tells_the_order_of_what_is_deleted() -> None:
    subnet = "subnet-0a1b2c3d4e5f60718"
    recorded = trace(
        made(VPC),
        ["ec2.CreateSubnet", {"VpcId": VPC, "CidrBlock": "10.0.1.0/24"}, {"Subnet": {"SubnetId": subnet}}],
        ["ec2.DeleteSubnet", {"SubnetId": subnet}, {}],
        ["ec2.DeleteVpc", {"VpcId": VPC}, {}],
    )
    found = deriver.derive(recorded, evaluate, MODELS)
    steps = planner.make_plan(recorded, found, [], MODELS, {}, selected=range(3, 5)).steps
    assert scheduler.predecessors(steps, keeps_pauses=False) == {3: set(), 4: {3}}


def test_what_calls_nothing_is_about_everything() -> None:
    assert before(trace(USER, command(["configure", "set", "region", "x"]), BUCKET)) == [set(), {1}, {2}]


def test_a_kept_pause_comes_behind_everything() -> None:
    paused = operation("s3.CreateBucket", {"Bucket": "web-2"}, {}, pause=1.0)
    assert before(trace(USER, paused, BUCKET), keeps_pauses=True) == [set(), {1}, {2}]
    assert before(trace(USER, paused, BUCKET)) == [set()] * 3


def test_a_line_is_prepared_as_it_is_sent() -> None:
    recorded = trace(
        USER,
        ["s3.GetObject", {"Bucket": "web-1", "Key": "k"}, {}, ["s3api", "get-object", "--bucket", "web-1", "out"]],
        [*LIST, ["--output=text", "iam", "list-users", "--query", "Users[0]", "--no-paginate"]],
    )
    made = planner.make_plan(recorded, deriver.derive(recorded, evaluate, MODELS), [], MODELS, {})
    known = Resolver(made, is_dry_run=True, query=evaluate)
    assert [step.residual_words for step in made.steps] == [known.invocation(step).argv for step in made.steps]


# --- replays


@pytest.fixture
def chains(aws_home: Path, server: str) -> Path:
    """A trace of independent chains of commands."""
    lines = [line for line in jobs.lines() if re.search(r"-0[0-3]x", line)]
    assert programs.rec("-n", "--trace-file", "t.trace", lines=lines).code == 0
    programs.reset(server)
    return Path("t.trace")


def masked(text: str) -> str:
    return jobs.GENERATED.sub("", text)


def test_it_shows_prints_and_does_what_it_does_one_by_one(chains: Path, server: str) -> None:
    alone, there = programs.play("--trace-file", chains, "-s", "0"), jobs.state(server)
    programs.reset(server)
    together = programs.play("--trace-file", chains, "-s", "0", "-j", "6")
    assert (together.code, together.err) == (0, "")
    assert masked(together.out) == masked(alone.out)
    assert jobs.state(server) == there


def test_nothing_is_started_behind_a_failure(chains: Path, relay: Relay) -> None:
    relay.canned["CreatePolicy"] = refusal("query", "AccessDenied", "no", 403)
    result = programs.play("--trace-file", chains, "-s", "0", "-j", "4", "--endpoint", relay.url)
    assert result.code == 1
    assert "AttachUserPolicy" not in relay.operations
    assert re.search(r"awstrace-play: commands? .*failed.*not run", result.err)


def test_with_force_only_what_needs_the_failed_is_skipped(chains: Path, relay: Relay) -> None:
    relay.faults["CreatePolicy"] = [refusal("query", "AccessDenied", "no", 403)]
    result = programs.play("--trace-file", chains, "-s", "0", "-j", "4", "-f", "--endpoint", relay.url)
    assert result.code == 1
    assert relay.operations.count("AttachUserPolicy") == 3
    assert relay.operations.count("PutUserPolicy") == 4


def test_ctrl_c_stops_all_of_it(chains: Path, silent: Silent) -> None:
    with Terminal("awstrace-play", "--trace-file", chains, "-j", "3", "--endpoint", silent.url) as terminal:
        silent.wait()
        terminal.interrupt()
        shown = terminal.rest()
    assert terminal.code == 130
    assert "Traceback" not in shown


def test_a_replays_own_trace_can_be_resumed(chains: Path, relay: Relay) -> None:
    relay.faults["PutUserPolicy"] = [refusal("query", "AccessDenied", "no", 403)]
    switches: list[str | Path] = [
        "--trace-file",
        chains,
        "-s",
        "0",
        "-j",
        "4",
        "--endpoint",
        relay.url,
        "--save-trace",
        "own.trace",
    ]
    assert programs.play(*switches).code == 1
    before = len(relay.operations)
    assert programs.play(*switches, "--resume").code == 0
    assert len(relay.operations) == 40 + 1
    assert before < 40
    assert programs.play("--trace-file", "own.trace", "--dryrun").code == 0


@pytest.mark.usefixtures("aws_home")
def test_no_thread_runs_where_workers_are_forked(chains: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "error:This process:DeprecationWarning")  # Python 3.12 and newer tell
    result = programs.play("--trace-file", chains, "-s", "0", "-j", "3")
    assert (result.code, result.err) == (0, "")


# --- workers


class Unheard:
    """A listener that shows nothing."""

    def step_started(self, *_: Any) -> None: ...

    capture_failed = retrying = poll_timed_out = unexpected_success = not_sent = step_started


class Offers:
    """A catalog that takes every command as it is."""

    def operation_command(self, *_: Any) -> Any: ...

    read_option = check = check_line = operation_command

    def global_options(self) -> dict[str, bool]:
        return {}


class Scripted:
    """Does what a command line says: `sleep`, `kill` (its own process) or succeed; notes its process's id in a file."""

    def replay(self, argv: Sequence[str], **_: object) -> Outcome:
        Path(f"{argv[1]}.pid").write_text(str(os.getpid()))
        if argv[0] == "sleep":
            time.sleep(PATIENCE)
        if argv[0] == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if argv[0] == "later" and not Path(f"{argv[1]}.asked").exists():
            Path(f"{argv[1]}.asked").touch()
            return Outcome(254, calls=(replace(call("x.Get", {}, {}), response=None, error=CallError("Soon", "m")),))
        os.write(1, f"printed by {argv[1]}\n".encode())
        return Outcome(0, calls=(call("iam.GetUser", {"UserName": argv[1]}, {"User": {"UserName": argv[1]}}),))


def worker_of(name: str) -> int:
    """The process that runs a command line, once it does."""
    deadline = time.monotonic() + PATIENCE
    while not (Path(f"{name}.pid").exists() and Path(f"{name}.pid").read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return int(Path(f"{name}.pid").read_text())


def ended(pool: WorkerPool, count: int) -> dict[int, CapturedRun]:
    """The next so many command lines that end."""
    found: dict[int, CapturedRun] = {}
    while len(found) < count:
        found |= dict(pool.wait(PATIENCE))
    return found


@pytest.mark.usefixtures("home")
def test_a_worker_that_is_killed_costs_its_own_command_only() -> None:
    with WorkerPool(cast("AwsCli", Scripted()), 3) as pool:
        pool.start(1, ["sleep", "victim"])
        pool.start(2, ["run", "other"])
        os.kill(worker_of("victim"), signal.SIGKILL)
        runs = ended(pool, 2)
        assert [runs[job].outcome.exit_code for job in (1, 2)] == [255, 0]
        assert (runs[1].err, runs[2].out) == (LOST_MESSAGE, b"printed by other\n")
        for job in (3, 4, 5):
            pool.start(job, ["run", f"later{job}"])
        assert {run.outcome.exit_code for run in ended(pool, 3).values()} == {0}


@pytest.mark.usefixtures("home")
def test_a_worker_that_is_killed_while_it_is_idle_costs_nothing() -> None:
    with WorkerPool(cast("AwsCli", Scripted()), 1) as pool:
        pool.start(1, ["run", "first"])
        ended(pool, 1)
        os.kill(worker_of("first"), signal.SIGKILL)
        os.waitid(os.P_PID, worker_of("first"), os.WEXITED | os.WNOWAIT)
        pool.start(2, ["run", "second"])
        assert ended(pool, 1)[2].outcome.exit_code == 0
    assert worker_of("first") != worker_of("second")


def played(lines: Sequence[str], *, jobs: int) -> Report:
    """What becomes of commands that ask for different users, as `Scripted` runs them."""
    argvs = [line.split() for line in lines]
    commands = [command(argv, call("iam.GetUser", {"UserName": argv[1]}, {})) for argv in argvs]
    poll = Poll(2, 0.0, (), ("Soon",))
    recorded = trace(*(replace(each, poll=poll) if each.argv[0] == "later" else each for each in commands))
    steps = planner.make_plan(recorded, [], [], Offers())
    with WorkerPool(cast("AwsCli", Scripted()), jobs) as pool:
        return ParallelPlayer(
            steps,
            pool=pool,
            before=scheduler.predecessors(steps.steps, keeps_pauses=False),
            resolver=Resolver(steps, is_dry_run=False, query=evaluate),
            listener=Unheard(),
            options=PlayerOptions(keep_going=True, pause=0),
        ).play()


@pytest.mark.usefixtures("home")
def test_a_replay_goes_on_without_a_worker(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    report = played(["run one", "kill two", "run three", "run four", "run five"], jobs=2)
    assert [status is Status.DONE for _, status in report.steps] == [True, False, True, True, True]
    shown = capfdbinary.readouterr()
    assert shown.out.decode().splitlines() == [f"printed by {name}" for name in ("one", "three", "four", "five")]
    assert shown.err == LOST_MESSAGE


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_poll_waits_while_others_run(jobs: int, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    began = time.monotonic()
    assert played(["later one", "run two", "later three", "run four"], jobs=jobs).succeeded
    assert time.monotonic() - began >= 0.2
    shown = capfdbinary.readouterr().out.decode().splitlines()
    assert shown == [f"printed by {name}" for name in ("one", "two", "three", "four")]


@pytest.mark.parametrize("words", [["-j", "0"], ["-j", "x"], ["-j", "1000"], ["-j", "2", "--step"]])
def test_what_makes_no_sense_is_refused(home: Path, words: list[str]) -> None:
    result = programs.play("--trace-file", "t.trace", *words)
    assert (result.code, result.out) == (2, "")
