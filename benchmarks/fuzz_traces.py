"""Does every trace file, whatever is in it, end in a result or in one clear line and exit code 2?

Makes files from small good traces of both formats by damaging them in all kinds of ways, and has `awstrace-play
--dryrun` show each, in this process as in a real one. A fault is: an exception that escapes, another exit code than
0 and 2, with 2 anything but one line that says what is wrong with what, a control character in any output, and a
case that takes more than 4 seconds of CPU time or 1.5 GB of memory.

    python -m benchmarks.fuzz_traces [count] [--seed N]
    python -m benchmarks.fuzz_traces --seed N --only NUMBER > case.trace

The second form writes the file of one case, and says on stderr with which switches it was shown. The first prints
what became of each kind of case, and the faults; the last line has
the figures. Exit code 0 if there are no faults, else 1.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import io
import json
import multiprocessing
import os
import random
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest import mock

from awstracer.aws import catalog, driver
from awstracer.cli.main import play_main

COUNT, SEED, WORKERS, BATCH = 20_000, 1, 2, 500
SECONDS, MEMORY = 4.0, 1_500_000_000
STEERING = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f\ud800-\udfff]"
)
SAYS_WHERE = re.compile(r"command \d+|\.trace |the trace |of the trace")
Dice = random.Random


# --- good traces

TIMES = {"started": "2026-01-02T03:04:05+00:00", "ended": "2026-01-02T03:04:06+00:00"}
POLICY = json.dumps({"Statement": [{"Effect": "Allow", "Resource": "arn:aws:iam::123456789012:user/alice"}]})
KEY = "<SECRET-0123456789ABCDEF0123456789ABCDEF>"
SUBNETS = [
    {"SubnetId": f"subnet-0a1b2c3d4e5f6071{n}", "AvailabilityZone": f"us-east-1{zone}"} for n, zone in enumerate("ab")
]


def call(name: str, request: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    service, operation = name.split(".")
    what = {"service": service, "operation": operation, "region": "us-east-1", "request_id": "r"}
    return {**what, "request": request, "response": response, **TIMES}


def operation(line: str, name: str, request: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    argv = line.split()
    service, _, operation = name.partition(".")
    own = {"service": service, "name": operation, "words": argv[:2]}
    return {"argv": argv, "operation": own, **ran(call(name, request, response))}


def custom(line: str, *calls: dict[str, Any], files: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"argv": line.split(), "files": files or {}, **ran(*calls)}


def ran(*calls: dict[str, Any]) -> dict[str, Any]:
    return {"exit_code": 0, "pause": 0.0, "calls": list(calls), **TIMES}


def format_1(name: str, request: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    times = {name: {"_isoformat": "2021-01-02T03:04:05.678901"} for name in ("ts_start", "ts_end")}
    return {"request_id": "r", "fn_name": name, "inparams": request, "outparams": response, **times}


COMMANDS = [
    operation(
        "iam create-user --user-name alice",
        "iam.CreateUser",
        {"UserName": "alice"},
        {
            "User": {
                "UserName": "alice",
                "Arn": "arn:aws:iam::123456789012:user/alice",
                "CreateDate": {"$datetime": TIMES["ended"]},
            }
        },
    ),
    operation(
        "iam create-policy --policy-name p --policy-document file://p.json",
        "iam.CreatePolicy",
        {"PolicyName": "p", "PolicyDocument": POLICY},
        {"Policy": {"Arn": "arn:aws:iam::123456789012:policy/p", "DefaultVersionId": "v1"}},
    ),
    operation(
        "ec2 create-vpc --cidr-block 10.0.0.0/16 --query Vpc.VpcId --output text",
        "ec2.CreateVpc",
        {"CidrBlock": "10.0.0.0/16"},
        {"Vpc": {"VpcId": "vpc-0a1b2c3d4e5f60718", "OwnerId": "123456789012", "IsDefault": False}},
    ),
    operation(
        "ec2 describe-subnets --filters Name=vpc-id,Values=vpc-0a1b2c3d4e5f60718 --query Subnets[*].SubnetId",
        "ec2.DescribeSubnets",
        {"Filters": [{"Name": "vpc-id", "Values": ["vpc-0a1b2c3d4e5f60718"]}]},
        {"Subnets": SUBNETS},
    ),
    operation(
        "elbv2 create-load-balancer --name web --subnets subnet-0a1b2c3d4e5f60710 subnet-0a1b2c3d4e5f60711",
        "elbv2.CreateLoadBalancer",
        {"Name": "web", "Subnets": [subnet["SubnetId"] for subnet in SUBNETS]},
        {"LoadBalancers": [{"DNSName": "web-1.us-east-1.elb.amazonaws.com"}]},
    ),
    operation(
        "dynamodb put-item --table-name Music --item {}",
        "dynamodb.PutItem",
        {
            "TableName": "Music",
            "Item": {"Artist": {"S": "a"}, "Raw": {"B": {"$bytes": "AP8="}}, "Deep": {"M": {"x": {"N": "1"}}}},
        },
        {},
    ),
    operation(
        "s3api get-object --bucket my-bucket-1 --key k out.bin",
        "s3.GetObject",
        {"Bucket": "my-bucket-1", "Key": "k"},
        {"Body": {"$opaque": None}, "ContentLength": 3},
    ),
    operation(
        "s3api put-object --bucket my-bucket-1 --key k --body b",
        "s3.PutObject",
        {"Bucket": "my-bucket-1", "Key": "k", "Body": {"$opaque": "b"}},
        {"ETag": '"900150983cd24fb0d6963f7d28e17f72"'},
    ),
    custom(
        "s3 cp a s3://my-bucket-1/k --metadata file://m",
        call("s3.PutObject", {"Bucket": "my-bucket-1"}, {}),
        files={"file://m": "k=v"},
    ),
    custom("ec2 wait subnet-available --subnet-ids subnet-0a1b2c3d4e5f60710 subnet-0a1b2c3d4e5f60711"),
    custom("s3 cp - s3://my-bucket-1/stdin", call("s3.PutObject", {"Bucket": "my-bucket-1"}, {}), files={"-": "alice"}),
    {
        **operation(
            "rds describe-db-instances --db-instance-identifier db --query DBInstances[0].DBInstanceStatus",
            "rds.DescribeDBInstances",
            {"DBInstanceIdentifier": "db"},
            {"DBInstances": [{"DBInstanceStatus": "available"}]},
        ),
        "poll": {
            "times": 3,
            "interval": 5.0,
            "until": [{"path": [], "is": "available"}, {"path": ["DBInstances", None, "x"], "there": True}],
            "failing": ["DBInstanceNotFound"],
        },
    },
    {**operation("iam get-user --user-name nobody", "iam.GetUser", {"UserName": "nobody"}, {}), "exit_code": 254},
    operation(
        "sts assume-role --role-arn arn:aws:iam::123456789012:role/r --role-session-name session",
        "sts.AssumeRole",
        {"RoleArn": "arn:aws:iam::123456789012:role/r", "RoleSessionName": "session-1767323045"},
        {"Credentials": {"AccessKeyId": KEY, "SecretAccessKey": KEY, "SessionToken": KEY}},
    ),
    {**operation("iam list-users", "iam.ListUsers", {}, {"Users": []}), "access_key": KEY},
]
OLD_COMMANDS = [
    format_1("iam.CreateUser", {"UserName": "alice"}, {"User": {"Arn": "arn:aws:iam::123456789012:user/alice"}}),
    format_1(
        "iam.AddUserToGroup", {"UserName": "alice", "GroupName": "g"}, {"At": {"_isoformat": "2021-01-02T03:04:05"}}
    ),
    format_1("sqs.CreateQueue", {"QueueName": "q"}, {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/q"}),
]


def good(dice: Dice) -> Any:
    """A good trace as a document of either format: the commands in an order that was thrown."""
    if dice.random() < 0.2:
        return deepcopy(dice.choices(OLD_COMMANDS, k=dice.randint(1, 4)))
    recorded: dict[str, Any] = {
        "started": TIMES["started"],
        "region": "us-east-1",
        "awstracer": "2.0.0",
        "awscli": "1.45.11",
    }
    if dice.random() < 0.5:
        recorded["script"] = ["./setup.sh", "a"]
    return {"version": 2, "recorded": recorded, "commands": deepcopy(dice.choices(COMMANDS, k=dice.randint(1, 6)))}


def text(document: Any, dice: Dice, raw: Mapping[str, str] = {}) -> bytes:
    """A document as a file; `raw` are the texts that take the places of its strings."""
    made = json.dumps(document, ensure_ascii=dice.random() < 0.5, indent=dice.choice([None, 1]))
    for mark, instead in raw.items():
        made = made.replace(json.dumps(mark), instead)
    return made.encode("utf-8", "surrogatepass")


Spot = tuple[Any, Any]


def spots(document: Any) -> list[Spot]:
    """All places in a document, as the container and the key or index in it."""
    found: list[Spot] = []
    pending = [document]
    while pending:
        node = pending.pop()
        here = [(node, key) for key in (node if isinstance(node, dict) else range(len(node)))]
        found += here
        pending += [node[key] for _, key in here if isinstance(node[key], (dict, list))]
    return found


def spots_of(document: Any, *kinds: type) -> list[Spot]:
    """The places at which values of these types stand."""
    return [(node, key) for node, key in spots(document) if type(node[key]) in kinds]


def put(document: Any, value: Any, dice: Dice, *kinds: type) -> None:
    """Put a value at some place, of these types if any are named."""
    found = spots_of(document, *kinds) if kinds else spots(document)
    node, key = dice.choice(found or spots(document))
    node[key] = value


def members(document: Any, dice: Dice) -> tuple[dict[str, Any], Any]:
    """Some command, or entry, and the document that it is in."""
    return dice.choice(document if isinstance(document, list) else document["commands"]), document


# --- damage

# fmt: off
STEERING_TEXTS = [
    "\x1b[31mred", "\x1b]0;title\x07", "\x1b[2J\x1b[H", "a\rb", "\x00", "\x7f\x08\x08", "\x9b31m", "\u202egnp.exe",
    "\u2028(play) aws", "\udcff\ud800", "a\nb", "\u200b\ufeff\u200f", "\U000e0041", "\n(play) aws", "\U0001f600" * 3,
]
WRONG: list[Any] = [
    None, True, False, 0, -1, 3.5, "", "x", "file://x", "https://x", [], {}, [[]], [{}], {"a": None}, ["a", 1],
    2**70, "-x",
]
NUMBERS = [
    "9" * 5000, "-" + "9" * 4300, "9" * 299, "9" * 10_000, "1e999", "-1e999", "NaN", "Infinity", "-Infinity",
    "1" + "0" * 400, "-0", "1.0", "9" * 100_000, "1e-999", "0.1" + "1" * 9000, "1E400",
]
DEPTHS = [20, 60, 90, 100, 101, 130, 150, 155, 160, 161, 250, 330, 480, 900, 990, 3000, 100_000]
TAGGED: dict[str, list[Any]] = {
    "$bytes": ["", "A", "AP8=", "\x00", 3, None, "ä", "AP8", "===="],
    "$datetime": ["99999-01-01", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "", 1, "2026-01-01"],
    "$float": ["nan", "inf", "-inf", "x", "", "1" * 5000, 1.0, "1_0", "\u0663"],
    "$opaque": [None, "", "/etc/passwd", "../x", "\x1b[31m", 1, {}, "a\x00b"],
    "$object": [{}, [], None, {"$object": {}}, {"$bytes": "mine"}, {"a": {"$x": 1}}],
    "_isoformat": ["2026-01-01", "99999", 1, "\x1b", []],
    "$": [{}], "$unknown": [{}], "$\x1b[31m": [{}],
}
TAGS = [{tag: content} for tag, contents in TAGGED.items() for content in contents]
ODD_TIMES = [
    "0001-01-01T00:00:00", "9999-12-31T23:59:59", "99999-01-01", "2026-01-01", "", "now", "2026-13-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00Z",
    "2026-01-02T03:04:05.123456789+00:00", "\x1b[31m", "2026-W01-1", "1" * 500,
]
PAUSES = [
    "-1", "NaN", "Infinity", "1e999", "1e300", "-0.0", "true", "null", '"3"', "9" * 5000, "9" * 299, "[]", "1e10",
    "9.2e9", "604801", "604800",
]
EXIT_CODES = ["-1", "256", "9" * 299, "9" * 5000, "0.0", "true", "null", '"0"', "1e3"]
WORDS = [
    *("iam ec2 s3 s3api create-user wait configure set help ls cp aws -- - -h --debug --version --endpoint-url=http://x"
      " --endp --profil p --cli-input-json --no-sign-request --query --query= --output --region --generate-cli-skeleton"
      " .. ../.. ../../etc iam/../x {} [ . / ~ file:///etc/passwd ec2/2016-11-15 s3:// s3://b/../k @x a=b,c= --filters"
      " --user-name").split(),
    "", "\x00", "\x1b[31m", "x" * 300,
]
NAMES = [
    *".. ../../../etc iam IAM s3 s3api no-such cloudwatch-logs sfn stepfunctions a/b".split(),
    "", "\x00", "\x1b[31m", "x" * 5000,
]
OPERATIONS = [
    *"CreateUser create-user DescribeSubnets NoSuch __class__ GetObject StartSession .. Invoke".split(), "", "\x1b[31m",
]
QUERIES = [
    *"[ a.b[ ` ' [?a==`1`] @ * ** [] length(@) sort(@) foo( to_number('x') Subnets[::0] map(&[@,@],Subnets)".split(),
    *"abs(`1e999`) {a:@,b:@} sum(`[1e308,1e308]`) Vpc.VpcId[0] Subnets[?SubnetId=='subnet-0a1b2c3d4e5f60710']".split(),
    "", "\x1b[31m", "\udcff", '"\\ud800"', "a" * 100_000, "[" * 5000, "a." * 50_000 + "a", "!" * 5000 + "a",
    "(" * 3000 + "a" + ")" * 3000, "`" + "[" * 20_000 + "`", "Subnets[" + "9" * 5000 + "]", "`" + "9" * 5000 + "`",
    "|".join(["[@,@]"] * 60), "|".join(["[@,@][]"] * 60), "|".join(["join('',[to_string(@),to_string(@)])"] * 60),
    "to_string(to_array(" * 60 + "@" + "))" * 60, "Subnets[*].[" + ",".join(["SubnetId"] * 3000) + "]",
]
KEYS = ["a.b", '"', "a'b", "a[0]", "", "\\", "\x1b[31m", "\n", "{", "$bytes", "@", "a b", "é", "\udcff", "x" * 10_000]
UNITS = [
    *'a - a- 0 é " \\ { [ : / a: A1b2 %41 % \' $ https:// s3://my-bucket-1/ 123456789012 0123456789ab-'.split(),
    *"arn: 10.0.0.0/ us-east-1 a1b-".split(),
    " ", "\n", "arn:aws:iam::123456789012:user/alice ", "i-0a1b2c3d4e ", "alice ", "vpc-0a1b2c3d4e5f60718 ", "\x1b[31m",
]
LONG = [
    *(unit * (200_000 // len(unit)) for unit in UNITS),
    "a" * 3_000_000,
    base64.b64encode(b"alice { " * 20_000).decode("ascii"),
    json.dumps(json.dumps(json.dumps([POLICY] * 300))),
    "arn:aws:iam::123456789012:" + "a/" * 100_000,
]
# fmt: on
SWITCHES: list[tuple[str, ...]] = [
    *[("--explain",)] * 4,
    ("--output", "json"),
    ("--output", "json", "--region", "eu-west-1"),
    ("-d",),
    ("-d", "--explain", "--region", "eu-west-1"),
    ("--explain", "-p", "user-name", "bob"),
    ("--explain", "-p", "1.UserName", "bob\x1b[31m"),
    ("--output", "json", "-p", "policy-document", "{}"),
    ("-d", "-p", "subnets", "a b", "--keep", "1.CidrBlock"),
    ("--explain", "--keep", "user-name"),
    ("--region", "eu-west-1"),
]


def random_bytes(dice: Dice) -> bytes:
    letters = dice.choice([bytes(range(256)), b'{}[]",:\\ue0123456789.-+truefalsn \n', b'{"[]}:,'])
    return bytes(dice.choices(letters, k=dice.choice([0, 1, 2, 7, 60, 2000])))


def encodings(dice: Dice) -> bytes:
    content = text(good(dice), dice)
    at = dice.randrange(len(content))
    odd = dice.choice(
        [b"\x00", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x80", b"\xef\xbb\xbf", b"\x1b"]
    )
    ways: list[Callable[[], bytes]] = [
        lambda: b"\xef\xbb\xbf" + content,
        lambda: content.decode("utf-8").encode(dice.choice(["utf-16", "utf-16-le", "utf-32", "utf-7", "cp037"])),
        lambda: content[:at] + odd * dice.choice([1, 50]) + content[at:],
        lambda: content + dice.choice([b"\x00", b"{}", b",", b"\x1a", b"]", content]),
        lambda: b"\x1f\x8b\x08" + content,
    ]
    return dice.choice(ways)()


def truncated(dice: Dice) -> bytes:
    content = text(good(dice), dice)
    return content[: dice.randrange(len(content))]


def bytes_changed(dice: Dice) -> bytes:
    content = bytearray(text(good(dice), dice))
    for _ in range(dice.choice([1, 1, 2, 5, 30])):
        begin = dice.randrange(len(content))
        end = min(len(content), begin + dice.choice([0, 1, 1, 3, 20]))
        content[begin:end] = dice.choice(
            [b"", b"null", b"{}", b"[]", b'"', b"1e999", b"-1", bytes([dice.randrange(256)]), content[:50]]
        )
    return bytes(content)


def members_moved(dice: Dice) -> bytes:
    document = good(dice)
    for _ in range(dice.choice([1, 1, 2, 4])):
        found = spots(document)
        if not found:
            break
        (node, key), (other, another) = dice.choice(found), dice.choice(found)
        way = dice.randrange(4)
        if way == 0:
            del node[key]
        elif way == 1:
            other[another] = deepcopy(node[key])
        elif way == 2 and isinstance(node, dict):
            node[dice.choice(KEYS)] = node.pop(key)
        else:
            node[key], other[another] = deepcopy(other[another]), deepcopy(node[key])
    return text(document, dice)


def wrong_types(dice: Dice) -> bytes:
    document = good(dice)
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        put(document, dice.choice(WRONG), dice)
    return text(document, dice)


def numbers(dice: Dice) -> bytes:
    document = good(dice)
    put(document, "@number@", dice)
    return text(document, dice, {"@number@": dice.choice(NUMBERS)})


def nesting(dice: Dice) -> bytes:
    document, depth = good(dice), dice.choice(DEPTHS)
    begin, end = dice.choice([("[", "]"), ('{"a":', "}"), ('{"$object":', "}"), ('{"M":{"a":', "}}"), ('[{"a":', "}]")])
    deep = begin * depth + dice.choice(["1", '"alice"', "[]", ""]) + end * dice.choice([depth, depth, 0])
    if dice.random() < 0.3:
        put(document, deep[:400_000], dice, str)
        return text(document, dice)
    put(document, "@deep@", dice)
    return text(document, dice, {"@deep@": deep}) if dice.random() < 0.9 else deep.encode()


def duplicate_keys(dice: Dice) -> bytes:
    document = good(dice)
    node = dice.choice([node for node, _ in spots(document) if isinstance(node, dict)])
    key = dice.choice(list(node))
    node["@again@"] = dice.choice([node[key], *WRONG])
    return text(document, dice, {"@again@": json.dumps(key)})


def odd_texts(dice: Dice) -> bytes:
    document = good(dice)
    for _ in range(dice.choice([1, 2, 5])):
        node, key = dice.choice(spots_of(document, str))
        odd = dice.choice(STEERING_TEXTS)
        if isinstance(node, dict) and dice.random() < 0.3:
            node[dice.choice([key + odd, odd])] = node.pop(key)
        else:
            node[key] = dice.choice([odd, node[key] + odd, odd + node[key]])
    return text(document, dice)


def odd_everywhere(dice: Dice) -> bytes:
    """The same odd text behind every use of one string: what is shown of its relations has it too."""
    document, odd = good(dice), dice.choice(STEERING_TEXTS)
    chosen = dice.choice(["alice", "vpc-0a1b2c3d4e5f60718", "my-bucket-1", "web", "us-east-1", "Music", "123456789012"])
    return text(document, dice).replace(chosen.encode(), chosen.encode() + json.dumps(odd)[1:-1].encode())


def long_texts(dice: Dice) -> bytes:
    document = good(dice)
    for _ in range(dice.choice([1, 2])):
        put(document, dice.choice(LONG), dice, str)
    return text(document, dice)


def tags(dice: Dice) -> bytes:
    document = good(dice)
    for _ in range(dice.choice([1, 3])):
        put(document, deepcopy(dice.choice(TAGS)), dice)
    return text(document, dice)


def lines(dice: Dice) -> bytes:
    document = good(dice)
    for _ in range(dice.choice([1, 1, 2])):
        command, _ = members(document, dice)
        argv = [*command.get("argv", [])]
        for _ in range(dice.choice([1, 2, 4])):
            at = dice.randint(0, len(argv))
            argv[at : at + dice.choice([0, 1, 1])] = [dice.choice(WORDS)]
        command["argv"] = argv if dice.random() < 0.8 else dice.choices(WORDS, k=dice.randint(0, 4))
        if dice.random() < 0.2:
            command.pop("operation", None)
        if isinstance(command.get("operation"), dict) and dice.random() < 0.3:
            command["operation"]["words"] = dice.choices(WORDS, k=dice.choice([0, 1, 2, 2, 3]))
    return text(document, dice)


def services(dice: Dice) -> bytes:
    document = good(dice)
    command, _ = members(document, dice)
    if "fn_name" in command:
        command["fn_name"] = dice.choice(NAMES) + dice.choice([".", "", "..."]) + dice.choice(OPERATIONS)
    for node in [command.get("operation", {}), *command.get("calls", [])]:
        if dice.random() < 0.7:
            node.update(service=dice.choice(NAMES))
        if dice.random() < 0.5:
            node.update({"name" if "name" in node else "operation": dice.choice(OPERATIONS)})
        if dice.random() < 0.3:
            node.pop("words", None)
    return text(document, dice)


def parameters(dice: Dice) -> bytes:
    """Parameters that the model does not know, or knows otherwise."""
    document = good(dice)
    command, _ = members(document, dice)
    place = command.get("operation", command)
    place["parameters" if "calls" in command else "inparams"] = dice.choice(
        [
            {"PaginationConfig": dice.choice(WRONG)},
            {"PaginationConfig": {dice.choice(["MaxItems", "PageSize", "StartingToken", "x"]): dice.choice(WRONG)}},
            {dice.choice(["UserName", "Item", "Filters", "Body", "_x", *KEYS]): dice.choice([*WRONG, *TAGS])},
            {"Item": {dice.choice(KEYS): dice.choice([*WRONG, *TAGS])}, "TableName": dice.choice(WRONG)},
            {"Filters": [{"Name": dice.choice(WRONG), "Values": dice.choice(WRONG)}]},
        ]
    )
    return text(document, dice)


def queries(dice: Dice) -> bytes:
    document = good(dice)
    for _ in range(2):
        command, _ = members(document, dice)
        query = dice.choice(QUERIES)
        command["argv"] = command.get("argv", []) + dice.choice([["--query", query], [f"--query={query}"], ["--query"]])
    return text(document, dice)


def odd_keys(dice: Dice) -> bytes:
    document = good(dice)
    for _ in range(dice.choice([1, 3])):
        node = dice.choice([node for node, _ in spots(document) if isinstance(node, dict)])
        node[dice.choice(KEYS)] = dice.choice(["alice", "vpc-0a1b2c3d4e5f60718", {"a": "alice"}, ["my-bucket-1"]])
    return text(document, dice)


def odd_circumstances(dice: Dice) -> bytes:
    document = good(dice)
    command, _ = members(document, dice)
    raw = {"@pause@": dice.choice(PAUSES), "@code@": dice.choice(EXIT_CODES)}
    changes: list[dict[str, Any]] = [
        {"pause": "@pause@"},
        {"poll": {"times": dice.choice(WRONG), "interval": "@pause@", "until": []}},
        {"response": {"User": {"CreateDate": {"$datetime": dice.choice(ODD_TIMES)}}}},
        {"exit_code": "@code@"},
        {dice.choice(["started", "ended"]): dice.choice(ODD_TIMES)},
        {dice.choice(["ts_start", "ts_end"]): {"_isoformat": dice.choice(ODD_TIMES)}},
        {"files": {dice.choice(["file://m", *KEYS]): dice.choice([*WRONG, *TAGS])}},
        {"error": dice.choice([*WRONG, {"code": "\x1b", "message": "\x1b"}]), "request_id": dice.choice(WRONG)},
    ]
    dice.choice([command, *command.get("calls", [])]).update(dice.choice(changes))
    if isinstance(document, dict) and dice.random() < 0.3:
        document["recorded"][dice.choice(["started", "region", "awscli"])] = dice.choice([*ODD_TIMES, *WRONG])
    return text(document, dice, raw)


KINDS: Sequence[Callable[[Dice], bytes]] = [
    random_bytes,
    encodings,
    truncated,
    bytes_changed,
    members_moved,
    wrong_types,
    numbers,
    nesting,
    duplicate_keys,
    odd_texts,
    odd_everywhere,
    long_texts,
    tags,
    lines,
    services,
    parameters,
    queries,
    odd_keys,
    odd_circumstances,
]


@dataclass(frozen=True)
class Case:
    """A trace file, and the switches with which it is shown."""

    kind: str
    content: bytes
    switches: tuple[str, ...]


def case(seed: int, number: int) -> Case:
    """The case of a number: always the same."""
    dice = Dice(f"{seed}-{number}")
    kind = KINDS[number % len(KINDS)]
    return Case(kind.__name__, kind(dice), dice.choice(SWITCHES))


# --- what becomes of them


@dataclass(frozen=True)
class Ending:
    """How a command line ended: an exit code, or what escaped; and what it wrote."""

    argv: tuple[str, ...]
    code: int | str
    out: str
    err: str
    seconds: float

    @property
    def faults(self) -> Iterator[str]:
        """What is wrong with it, in words."""
        if self.code not in (0, 2):
            yield f"ended with {self.code}"
        reason = self.err.splitlines()[-1:] if "-d" in self.argv else self.err.splitlines()
        if self.code == 2 and not (len(reason) == 1 and reason[0].startswith("awstrace-play: ")):
            yield f"refused with other than one line: {self.err!r:.300}"
        elif self.code == 2 and not SAYS_WHERE.search(reason[0]):
            yield f"refused without saying what: {self.err!r:.300}"
        for name, output in (("stdout", self.out), ("stderr", self.err)):
            if STEERING.search(output):
                at = STEERING.search(output)
                yield (
                    f"a control character on {name}: {output[max(0, at.start() - 40) : at.end() + 20]!r}" if at else ""
                )
            if "Traceback" in output:
                yield f"a traceback on {name}"
        if self.seconds > SECONDS:
            yield f"took {self.seconds:.1f} s"


class _TooLong(BaseException):
    """A case's time is over."""


def shown(case: Case, path: Path) -> Ending:
    """Have the program show a case, from a file at this path."""
    path.write_bytes(case.content)
    return ended("--trace-file", str(path), "--dryrun", *case.switches)


def ended(*argv: str) -> Ending:
    """Run `awstrace-play` in this process."""
    out, err = (
        io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors=errors) for errors in ("strict", "backslashreplace")
    )
    started = time.process_time()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = _ended(argv)
    seconds = time.process_time() - started
    return Ending(argv, code, _written(out), _written(err), seconds)


def _ended(argv: Sequence[str]) -> int | str:
    try:
        with _time_limited():
            return play_main(argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else f"SystemExit {stop.code}"
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        where = traceback.extract_tb(error.__traceback__)
        own = [
            frame for frame in where if "awstracer" in frame.filename and "fuzz" not in Path(frame.filename).name
        ] or where
        told = f"{type(error).__name__}: {error}"[:300]
        return f"{told} ({Path(own[-1].filename).name}:{own[-1].lineno})"


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.detach()
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8")


@contextlib.contextmanager
def _time_limited() -> Iterator[None]:
    def end(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, 2 * SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextlib.contextmanager
def one_awscli() -> Iterator[None]:
    """What reads awscli's models is made once, and not for each case."""
    aws = driver.AwsCli()
    with (
        mock.patch.object(driver, "AwsCli", lambda: aws),
        mock.patch.object(catalog, "Catalog", lambda: aws.catalog),
    ):
        yield


# --- many of them, in processes


def _work(seed: int, numbers: Sequence[int], results: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as folder, one_awscli():
        for name in [name for name in os.environ if name.startswith("AWS_") and name != "AWS_DATA_PATH"]:
            del os.environ[name]
        os.environ.update(HOME=folder, AWS_EC2_METADATA_DISABLED="true", AWS_DEFAULT_REGION="us-east-1")
        os.chdir(folder)
        for number in numbers:
            results.send((number, None))
            ending = shown(case(seed, number), Path(folder) / "case.trace")
            results.send((number, (ending.code, list(ending.faults))))
    results.send(None)


Found = tuple[int, tuple[int | str, list[str]]]


def _batch(seed: int, numbers: Sequence[int]) -> Iterator[Found]:
    """What became of some cases; a process that dies is a fault of the case that it was at, and the rest goes on."""
    context = multiprocessing.get_context("spawn")
    left = list(numbers)
    while left:
        receiving, sending = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(seed, left, sending))
        process.start()
        sending.close()
        number = left[0]
        try:
            while (message := receiving.recv()) is not None:
                number, ending = message
                if ending is not None:
                    yield number, ending
                    left.remove(number)
        except EOFError:
            process.join()
            yield number, ("died", [f"the process died with {process.exitcode}"])
            left.remove(number)
        process.join()


def _batched(job: tuple[int, list[int]]) -> list[Found]:
    return list(_batch(*job))


def _measured(count: int, seed: int) -> Iterator[Found]:
    jobs = [(seed, list(range(begin, min(begin + BATCH, count)))) for begin in range(0, count, BATCH)]
    with ThreadPoolExecutor(WORKERS) as pool:
        for found in pool.map(_batched, jobs):
            yield from found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("count", nargs="?", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="write the file of this case")
    args = parser.parse_args()
    if args.only is not None:
        one = case(args.seed, args.only)
        sys.stdout.buffer.write(one.content)
        print(f"{one.kind}: awstrace-play --dryrun {' '.join(map(repr, one.switches))}", file=sys.stderr)
        return 0
    return _report(args.count, args.seed)


def _report(count: int, seed: int) -> int:
    table: dict[str, Counter[str]] = {}
    faulty = 0
    for number, (code, faults) in _measured(count, seed):
        kind = KINDS[number % len(KINDS)].__name__
        ended = {0: "shown", 2: "refused"}.get(code, "else") if isinstance(code, int) else "escaped"
        table.setdefault(kind, Counter())[ended] += 1
        faulty += bool(faults)
        for fault in faults:
            print(f"case {number} ({kind}): {fault}", flush=True)
    for kind, counts in table.items():
        print(f"{kind:20} " + ", ".join(f"{counts[ended]} {ended}" for ended in sorted(counts)))
    print(f"{count} cases of seed {seed}: {faulty} with faults")
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())
