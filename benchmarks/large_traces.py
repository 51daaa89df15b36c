"""What does the dry run of a large trace take: loading it, deriving its relations, printing its lines?

Makes traces of 1,000 and 10,000 commands, of 52 operations of 10 services, with responses of 2 KB. Most requests refer
to what earlier commands made. For each trace it prints the CPU time and the memory of `awstrace-play --dryrun` from
beginning to end: the least time of three runs, since a machine that others use too varies, and the most memory.

    python -m benchmarks.large_traces

The aims: ten times the commands take at most 13 times the time, and 10,000 commands 6 seconds and 250 MB.
Exit code 0 if all are met, 1 if not; the last line has the figures.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore import xform_name

from awstracer.trace import store
from awstracer.trace.model import Call, Command, Operation, RecordingInfo, Trace

from .relations_scale import THEN, filling

SIZES = (1_000, 10_000)
GROWTH, LARGEST, MEMORY = 13.0, 6.0, 250.0
# A process of its own, since a child's memory counts from when it was a copy of its parent.
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""

ACCOUNT, PLACE = "123456789012", "us-east-1:123456789012"
ALLOW = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "<%s>"}]}'
TAGS = [{"Key": "Stage", "Value": "test-<n>"}]
# Service, operation, request, response; `<+vpc>` makes an identifier, `<vpc>` is the last one, `<n>` a number.
OPERATIONS: Sequence[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]] = [
    ("ec2", "CreateVpc", {"CidrBlock": "10.<n>.0.0/16"}, {"Vpc": {"VpcId": "<+vpc>"}}),
    ("ec2", "CreateSubnet", {"VpcId": "<vpc>", "CidrBlock": "10.<n>.1.0/24"}, {"Subnet": {"SubnetId": "<+subnet>"}}),
    ("ec2", "CreateSecurityGroup", {"GroupName": "web", "Description": "d", "VpcId": "<vpc>"}, {"GroupId": "<+sg>"}),
    ("ec2", "AuthorizeSecurityGroupIngress", {"GroupId": "<sg>", "CidrIp": "10.0.0.0/8", "IpProtocol": "tcp"}, {}),
    (
        "ec2",
        "RunInstances",
        {"ImageId": "ami-12345678", "SecurityGroupIds": ["<sg>"], "SubnetId": "<subnet>", "MinCount": 1, "MaxCount": 1},
        {"Instances": [{"InstanceId": "<+i>"}]},
    ),
    ("ec2", "CreateTags", {"Resources": ["<i>", "<subnet>"], "Tags": TAGS}, {}),
    ("ec2", "DescribeInstances", {"InstanceIds": ["<i>"]}, {"Reservations": [{"Instances": [{"InstanceId": "<i>"}]}]}),
    (
        "iam",
        "CreateRole",
        {"RoleName": "<+role>", "AssumeRolePolicyDocument": ALLOW % "role"},
        {"Role": {"RoleName": "<role>", "Arn": f"arn:aws:iam::{ACCOUNT}:role/<role>"}},
    ),
    (
        "iam",
        "CreatePolicy",
        {"PolicyName": "<+policy>", "PolicyDocument": ALLOW % "topic"},
        {"Policy": {"Arn": f"arn:aws:iam::{ACCOUNT}:policy/<policy>"}},
    ),
    ("iam", "AttachRolePolicy", {"RoleName": "<role>", "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/<policy>"}, {}),
    ("iam", "CreateInstanceProfile", {"InstanceProfileName": "<+profile>"}, {}),
    ("iam", "AddRoleToInstanceProfile", {"InstanceProfileName": "<profile>", "RoleName": "<role>"}, {}),
    ("s3", "CreateBucket", {"Bucket": "<+bucket>"}, {"Location": "/<bucket>"}),
    ("s3", "PutBucketVersioning", {"Bucket": "<bucket>", "VersioningConfiguration": {"Status": "Enabled"}}, {}),
    ("s3", "PutBucketTagging", {"Bucket": "<bucket>", "Tagging": {"TagSet": TAGS}}, {}),
    ("s3", "PutBucketPolicy", {"Bucket": "<bucket>", "Policy": ALLOW % "bucket"}, {}),
    ("s3", "HeadBucket", {"Bucket": "<bucket>"}, {}),
    (
        "lambda",
        "CreateFunction",
        {
            "FunctionName": "<+function>",
            "Role": f"arn:aws:iam::{ACCOUNT}:role/<role>",
            "Code": {"S3Bucket": "<bucket>"},
        },
        {"FunctionName": "<function>", "FunctionArn": f"arn:aws:lambda:{PLACE}:function:<function>"},
    ),
    ("lambda", "PublishVersion", {"FunctionName": "<function>"}, {"Version": "<n>"}),
    ("lambda", "CreateAlias", {"FunctionName": "<function>", "Name": "live", "FunctionVersion": "<n>"}, {}),
    (
        "lambda",
        "AddPermission",
        {
            "FunctionName": "<function>",
            "StatementId": "s<n>",
            "Action": "lambda:InvokeFunction",
            "Principal": "s3.amazonaws.com",
            "SourceArn": "arn:aws:s3:::<bucket>",
        },
        {},
    ),
    ("lambda", "GetFunction", {"FunctionName": "<function>"}, {"Configuration": {"FunctionName": "<function>"}}),
    ("sns", "CreateTopic", {"Name": "<+topic>"}, {"TopicArn": f"arn:aws:sns:{PLACE}:<topic>"}),
    (
        "sns",
        "Subscribe",
        {
            "TopicArn": f"arn:aws:sns:{PLACE}:<topic>",
            "Protocol": "lambda",
            "Endpoint": f"arn:aws:lambda:{PLACE}:function:<function>",
        },
        {"SubscriptionArn": f"arn:aws:sns:{PLACE}:<topic>:<+subscription>"},
    ),
    (
        "sns",
        "SetTopicAttributes",
        {"TopicArn": f"arn:aws:sns:{PLACE}:<topic>", "AttributeName": "DisplayName", "AttributeValue": "<topic>"},
        {},
    ),
    ("sns", "TagResource", {"ResourceArn": f"arn:aws:sns:{PLACE}:<topic>", "Tags": TAGS}, {}),
    (
        "sns",
        "Publish",
        {"TopicArn": f"arn:aws:sns:{PLACE}:<topic>", "Message": "hello <n>"},
        {"MessageId": "<+message>"},
    ),
    (
        "sqs",
        "CreateQueue",
        {"QueueName": "<+queue>"},
        {"QueueUrl": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/<queue>"},
    ),
    (
        "sqs",
        "SetQueueAttributes",
        {
            "QueueUrl": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/<queue>",
            "Attributes": {"Policy": ALLOW % "queue"},
        },
        {},
    ),
    (
        "sqs",
        "GetQueueUrl",
        {"QueueName": "<queue>"},
        {"QueueUrl": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/<queue>"},
    ),
    (
        "sqs",
        "SendMessage",
        {"QueueUrl": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/<queue>", "MessageBody": "<message>"},
        {},
    ),
    (
        "sqs",
        "TagQueue",
        {"QueueUrl": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/<queue>", "Tags": {"Topic": "<topic>"}},
        {},
    ),
    (
        "dynamodb",
        "CreateTable",
        {
            "TableName": "<+table>",
            "AttributeDefinitions": [{"AttributeName": "Id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "Id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
        {"TableDescription": {"TableName": "<table>", "TableArn": f"arn:aws:dynamodb:{PLACE}:table/<table>"}},
    ),
    ("dynamodb", "PutItem", {"TableName": "<table>", "Item": {"Id": {"S": "<message>"}, "N": {"N": "<n>"}}}, {}),
    (
        "dynamodb",
        "UpdateTimeToLive",
        {"TableName": "<table>", "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "Until"}},
        {},
    ),
    ("dynamodb", "DescribeTable", {"TableName": "<table>"}, {"Table": {"TableName": "<table>"}}),
    ("dynamodb", "TagResource", {"ResourceArn": f"arn:aws:dynamodb:{PLACE}:table/<table>", "Tags": TAGS}, {}),
    ("logs", "CreateLogGroup", {"logGroupName": "/aws/lambda/<+group>"}, {}),
    ("logs", "CreateLogStream", {"logGroupName": "/aws/lambda/<group>", "logStreamName": "<+stream>"}, {}),
    ("logs", "PutRetentionPolicy", {"logGroupName": "/aws/lambda/<group>", "retentionInDays": 7}, {}),
    (
        "logs",
        "PutLogEvents",
        {
            "logGroupName": "/aws/lambda/<group>",
            "logStreamName": "<stream>",
            "logEvents": [{"timestamp": 1, "message": "m"}],
        },
        {},
    ),
    ("logs", "DescribeLogGroups", {"logGroupNamePrefix": "/aws/lambda/<group>"}, {"logGroups": []}),
    (
        "rds",
        "CreateDBSubnetGroup",
        {"DBSubnetGroupName": "<+dbgroup>", "DBSubnetGroupDescription": "d", "SubnetIds": ["<subnet>", "<subnet>"]},
        {"DBSubnetGroup": {"DBSubnetGroupName": "<dbgroup>", "VpcId": "<vpc>"}},
    ),
    (
        "rds",
        "CreateDBInstance",
        {
            "DBInstanceIdentifier": "<+db>",
            "DBInstanceClass": "db.t3.micro",
            "Engine": "postgres",
            "DBSubnetGroupName": "<dbgroup>",
            "VpcSecurityGroupIds": ["<sg>"],
        },
        {"DBInstance": {"DBInstanceIdentifier": "<db>", "DBInstanceArn": f"arn:aws:rds:{PLACE}:db:<db>"}},
    ),
    ("rds", "CreateDBSnapshot", {"DBSnapshotIdentifier": "<+snapshot>", "DBInstanceIdentifier": "<db>"}, {}),
    (
        "rds",
        "DescribeDBInstances",
        {"DBInstanceIdentifier": "<db>"},
        {"DBInstances": [{"DBInstanceIdentifier": "<db>"}]},
    ),
    ("rds", "AddTagsToResource", {"ResourceName": f"arn:aws:rds:{PLACE}:db:<db>", "Tags": TAGS}, {}),
    (
        "elbv2",
        "CreateLoadBalancer",
        {"Name": "<+lb>", "Subnets": ["<subnet>"], "SecurityGroups": ["<sg>"]},
        {
            "LoadBalancers": [
                {"LoadBalancerArn": f"arn:aws:elasticloadbalancing:{PLACE}:loadbalancer/app/<lb>", "VpcId": "<vpc>"}
            ]
        },
    ),
    (
        "elbv2",
        "CreateTargetGroup",
        {"Name": "<+tg>", "Protocol": "HTTP", "Port": 80, "VpcId": "<vpc>"},
        {"TargetGroups": [{"TargetGroupArn": f"arn:aws:elasticloadbalancing:{PLACE}:targetgroup/<tg>"}]},
    ),
    (
        "elbv2",
        "CreateListener",
        {
            "LoadBalancerArn": f"arn:aws:elasticloadbalancing:{PLACE}:loadbalancer/app/<lb>",
            "Protocol": "HTTP",
            "Port": 80,
            "DefaultActions": [
                {"Type": "forward", "TargetGroupArn": f"arn:aws:elasticloadbalancing:{PLACE}:targetgroup/<tg>"}
            ],
        },
        {},
    ),
    (
        "elbv2",
        "RegisterTargets",
        {"TargetGroupArn": f"arn:aws:elasticloadbalancing:{PLACE}:targetgroup/<tg>", "Targets": [{"Id": "<i>"}]},
        {},
    ),
    (
        "elbv2",
        "DescribeTargetHealth",
        {"TargetGroupArn": f"arn:aws:elasticloadbalancing:{PLACE}:targetgroup/<tg>"},
        {"TargetHealthDescriptions": [{"Target": {"Id": "<i>"}}]},
    ),
]


class Filler:
    """Fills templates in: `<+vpc>` with a new identifier, `<vpc>` with one of the latest that were made."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._made: dict[str, list[str]] = {}

    def fill(self, template: Any, number: int) -> Any:
        """Return the template with everything filled in."""
        if isinstance(template, Mapping):
            return {key: self.fill(child, number) for key, child in template.items()}
        if isinstance(template, list):
            return [self.fill(child, number) for child in template]
        if isinstance(template, str):
            return re.sub(r"<(\+?)([a-z-]+)>", lambda found: self._text(found[1], found[2], number), template)
        return template

    def _text(self, new: str, kind: str, number: int) -> str:
        if kind == "n":
            return str(number % 250)
        made = self._made.setdefault(kind, [])
        if new or not made:
            made.append(f"{kind}-{self._dice.getrandbits(68):017x}")
            return made[-1]
        return self._dice.choice(made[-3:]) if kind in ("subnet", "sg") else made[-1]


def made(size: int) -> Trace:
    """Return a trace of `size` commands that goes through OPERATIONS in turns."""
    dice = random.Random(size)
    filler = Filler(dice)
    commands = []
    for number in range(size):
        service, name, request_template, response_template = OPERATIONS[number % len(OPERATIONS)]
        request = filler.fill(request_template, number)
        response = {**filler.fill(response_template, number), **filling(dice, number)}
        words = ("s3api" if service == "s3" else service, xform_name(name, "-"))
        call = Call(service, name, request, response, None, "us-east-1", "r", THEN, THEN)
        argv = (*words, "--count", "1") if name == "RunInstances" else words  # an option of awscli's own
        commands.append(Command(argv, Operation(service, name, request), (call,), 0, THEN, THEN))
    return Trace(tuple(commands), RecordingInfo(region="us-east-1"))


def measure(trace: Trace) -> tuple[float, float]:
    """Return the least CPU seconds and the most MB of memory of three dry runs of a trace."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.trace"
        store.save_trace(trace, path)
        play: list[str | Path] = [Path(sys.executable).with_name("awstrace-play"), "--trace-file", path, "--dryrun"]
        runs = [subprocess.check_output([sys.executable, "-c", MEASURED, *play], text=True).split() for _ in range(3)]
    return min(float(spent) for spent, _ in runs), max(int(memory) for _, memory in runs) / 1000


def main() -> int:
    """Measure and print; return 0 if the aims are met."""
    figures = []
    for size in SIZES:
        figures.append(measure(made(size)))
        print(f"{size:6} commands: dry run {figures[-1][0]:7.3f} s, {figures[-1][1]:4.0f} MB", flush=True)
    growth, (seconds, memory) = figures[-1][0] / figures[0][0], figures[-1]
    print(
        f"growth for ten times the commands: {growth:.1f} (aim {GROWTH:.0f}); the largest: {seconds:.2f} s "
        f"(aim {LARGEST:.0f} s), {memory:.0f} MB (aim {MEMORY:.0f} MB)"
    )
    return 0 if growth <= GROWTH and seconds <= LARGEST and memory <= MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
