"""Whatever the members of a trace's command say of each other, what is shown is what is sent.

A file's `argv`, `operation`, `calls` and `files` may disagree: somebody may have written it by hand. Each command here
is made of members that were drawn one by one; its line in `--list`, its line in a dry run and its replay ask the same.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from awstracer.aws.driver import AwsCli
from awstracer.cli.list_command import with_true_line
from awstracer.commandline.text import to_str
from awstracer.errors import MissingWord
from awstracer.plan.planner import make_plan
from awstracer.plan.resolver import Resolver
from awstracer.trace.model import Command, Trace
from awstracer.trace.query import evaluate
from awstracer.trace.serializer import trace_from_json, trace_to_json
from tests.aws.test_operations import comparable
from tests.programs import Relay, Trouble
from tests.traces import operation

pytestmark = pytest.mark.once

OPERATIONS: list[tuple[str, dict[str, Any]]] = [
    ("iam.CreateUser", {"UserName": "alice"}),
    ("iam.CreateUser", {"UserName": "alice", "Tags": [{"Key": "k", "Value": "v"}]}),
    ("iam.ListUsers", {}),
    ("iam.ListUsers", {"PathPrefix": "/a/", "PaginationConfig": {"MaxItems": 3}}),
    ("iam.DeleteUser", {"UserName": "alice"}),
    ("ec2.RunInstances", {"ImageId": "ami-1", "MinCount": 2, "MaxCount": 2}),
    ("rds.ModifyOptionGroup", {"OptionGroupName": "g", "OptionsToRemove": ["a"]}),
    ("sqs.SendMessage", {"QueueUrl": "http://127.0.0.1:9/q", "MessageBody": "file://secret.txt"}),
    ("s3.GetObject", {"Bucket": "bkt", "Key": "k"}),
    ("lambda.Invoke", {"FunctionName": "f", "Payload": b"\x00\xff"}),
]
LINES = [
    "iam create-user --user-name alice",
    "iam create-user --user-name victim --tags Key=k,Value=v",
    "iam delete-user --user-name victim",
    "iam list-users --path-prefix /a/ --max-items 3",
    "ec2 run-instances --image-id ami-1 --count 2",
    "rds remove-option-from-option-group --option-group-name g --options a",
    "sqs send-message --queue-url http://127.0.0.1:9/q --message-body file://secret.txt",
    "s3api get-object --bucket bkt --key k out.bin",
    "lambda invoke --function-name f --payload fileb://secret.txt out.bin",
    "configure set region x",
    "iam",
    "",
]
OTHER_WORDS = [
    "--region eu-west-1",
    "--region=eu-west-1 --reg us-west-2",
    "--query Users[0].Arn",
    "--output text",
    "--output nonsense",
    "--no-paginate",
    "--no-sign-request",
    "--user-name victim",
    "--user-name file://secret.txt",
    '--cli-input-json {"UserName":"victim"}',
    "--generate-cli-skeleton",
    "--color off",
    "--",
    "help",
    "--version",
    "out.bin",
]


@pytest.fixture(scope="module")
def aws() -> AwsCli:
    return AwsCli()


@pytest.fixture
def refusing(relay: Relay, aws_home: Path) -> Iterator[Relay]:
    """An endpoint that refuses all that is asked, in a home with a file that no line may send."""
    (aws_home / "secret.txt").write_text("victim")
    relay.faults["*"] = [Trouble(400)] * 10_000
    yield relay
    relay.faults.clear()


@st.composite
def commands(draw: st.DrawFn) -> Command:
    """Draw a command whose members need not agree."""
    name, parameters = draw(st.sampled_from(OPERATIONS))
    before, behind = (draw(st.lists(st.sampled_from(OTHER_WORDS), max_size=2)) for _ in range(2))
    argv = " ".join([*before, draw(st.sampled_from(LINES)), *behind]).split()
    document = trace_to_json(Trace((operation(name, parameters, {}, argv),)))
    member = document["commands"][0]
    if draw(st.booleans()):
        member["operation"]["parameters"] = trace_to_json(Trace((operation(name, parameters, {}),)))["commands"][0][
            "calls"
        ][0]["request"]
        member["calls"][0]["request"] = {"UserName": "victim"}
    if draw(st.booleans()):
        member["operation"]["words"] = draw(st.sampled_from(LINES)).split()
    if draw(st.booleans()):
        member["files"] = {"file://secret.txt": "victim", "-": "victim"}
    return trace_from_json(json.loads(json.dumps(document))).commands[0]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(commands())
def test_the_list_the_dry_run_and_the_replay_ask_the_same(aws: AwsCli, refusing: Relay, command: Command) -> None:
    endpoint = ("--endpoint-url", refusing.url)
    try:
        plan = make_plan(Trace((command,)), [], [], aws.catalog)
    except MissingWord:  # `s3api get-object` needs an outfile, which only its line can tell
        return
    invocation = Resolver(plan, is_dry_run=False, query=evaluate).invocation(plan.steps[0])
    aws.replay([*invocation.argv, *endpoint], parameters=invocation.parameters, files=invocation.files)
    listed, inexact = with_true_line(1, command, aws.catalog)
    exact = [list(listed.argv)] if not inexact else []
    exact += [shlex.split(to_str(invocation.line))[1:]] if not invocation.inexact else []
    for line in exact:
        aws.run([*line, *endpoint])
    asked = [comparable(request.http) for request in refusing.requests]
    refusing.requests.clear()
    assert asked in ([], asked[:1] * (1 + len(exact)))
