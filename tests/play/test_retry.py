"""What isn't there yet: which errors pass, how long they are waited for, and that the outcome is as without them."""

from __future__ import annotations

import base64
import json
import re
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path as FilePath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer.aws.capture import Outcome
from awstracer.aws.driver import AwsCli
from awstracer.cli.parsers import SETTLE
from awstracer.plan import planner
from awstracer.plan.invocation import Invocation
from awstracer.plan.model import Step
from awstracer.plan.resolver import Resolver
from awstracer.plan.template import Given, Template
from awstracer.play import retry
from awstracer.play.player import Hindrance, Player, PlayerOptions, Report, Status
from awstracer.play.retry import CreatedResources
from awstracer.relations import deriver
from awstracer.trace import store
from awstracer.trace.model import Call, CallError, Command
from awstracer.trace.paths import Path, transform
from awstracer.trace.query import evaluate
from tests.programs import BIN, PATIENCE, Relay, Terminal, Trouble, play, refusal, reset
from tests.traces import call, command, operation, trace

pytestmark = pytest.mark.once

AWS = AwsCli()
ACCOUNT = "123456789012"
ALLOW = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}'
TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"}}]}'


def arn(service: str, rest: str) -> str:
    """An ARN of the account that everything is recorded in."""
    region = "" if service in ("iam", "s3") else "us-east-1"
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{rest}"


# --- what replays make

Entry = tuple[str, dict[str, Any], dict[str, Any]]

ROLE_ARN = arn("iam", "role/orders")
ROLE: Entry = (
    "iam.CreateRole",
    {"RoleName": "orders", "AssumeRolePolicyDocument": TRUST},
    {"Role": {"RoleName": "orders", "Arn": ROLE_ARN, "RoleId": "AROA7XKTD3JHZQ2M5WVEC"}},
)
PROFILE: Entry = (
    "iam.CreateInstanceProfile",
    {"InstanceProfileName": "web"},
    {"InstanceProfile": {"InstanceProfileName": "web", "Arn": arn("iam", "instance-profile/web")}},
)
VPC: Entry = ("ec2.CreateVpc", {"CidrBlock": "10.9.0.0/16"}, {"Vpc": {"VpcId": "vpc-0a1b2c3d4e5f60718"}})
SUBNET: Entry = (
    "ec2.CreateSubnet",
    {"VpcId": "vpc-0a1b2c3d4e5f60718", "CidrBlock": "10.9.1.0/24"},
    {"Subnet": {"SubnetId": "subnet-0b1b2c3d4e5f60718", "VpcId": "vpc-0a1b2c3d4e5f60718"}},
)
FOREIGN_VPC = "vpc-0f9e8d7c6b5a43210"
GROUP: Entry = (
    "ec2.CreateSecurityGroup",
    {"GroupName": "front-door", "Description": "d", "VpcId": FOREIGN_VPC},
    {"GroupId": "sg-0c1b2c3d4e5f60718"},
)
INSTANCE: Entry = (
    "ec2.RunInstances",
    {"ImageId": "ami-0d1b2c3d4e5f60718", "MinCount": 1, "MaxCount": 1},
    {"Instances": [{"InstanceId": "i-0e1b2c3d4e5f60718", "ImageId": "ami-0d1b2c3d4e5f60718"}]},
)
KEY_PAIR: Entry = (
    "ec2.CreateKeyPair",
    {"KeyName": "deploy"},
    {"KeyName": "deploy", "KeyPairId": "key-0e1b2c3d4e5f60718"},
)
BUCKET: Entry = ("s3.CreateBucket", {"Bucket": "orders-bucket"}, {"Location": "/orders-bucket"})
TABLE: Entry = (
    "dynamodb.CreateTable",
    {"TableName": "Music", "BillingMode": "PAY_PER_REQUEST"},
    {"TableDescription": {"TableName": "Music", "TableArn": arn("dynamodb", "table/Music")}},
)
QUEUE_URL = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/orders-queue"
QUEUE: Entry = ("sqs.CreateQueue", {"QueueName": "orders-queue"}, {"QueueUrl": QUEUE_URL})
FUNCTION: Entry = (
    "lambda.CreateFunction",
    {"FunctionName": "resize", "Role": ROLE_ARN, "Code": {"ZipFile": b"z"}},
    {"FunctionName": "resize", "FunctionArn": arn("lambda", "function:resize"), "Role": ROLE_ARN},
)
USER: Entry = (
    "iam.CreateUser",
    {"UserName": "alice"},
    {"User": {"UserName": "alice", "Arn": arn("iam", "user/alice"), "UserId": "AIDA7XKTD3JHZQ2M5WVEC"}},
)
ZONE: Entry = (
    "route53.CreateHostedZone",
    {"Name": "example.org", "CallerReference": "c1"},
    {"HostedZone": {"Id": "/hostedzone/Z0123456789ABCDEFGHIJ", "Name": "example.org."}},
)
STACK: Entry = (
    "cloudformation.CreateStack",
    {"StackName": "network", "TemplateBody": "{}"},
    {"StackId": arn("cloudformation", "stack/network/5f3b8c1e-0a1b-11ee-9c2d-0e1f2a3b4c5d")},
)
DATABASE: Entry = (
    "rds.CreateDBInstance",
    {"DBInstanceIdentifier": "orders-db", "DBInstanceClass": "db.t3.micro", "Engine": "postgres"},
    {"DBInstance": {"DBInstanceIdentifier": "orders-db", "DBInstanceArn": arn("rds", "db:orders-db")}},
)

# --- what fails


def function(role: str = ROLE_ARN) -> Entry:
    return "lambda.CreateFunction", {"FunctionName": "resize", "Role": role, "Code": {"ZipFile": b"z"}}, {}


def asks(name: str, /, **members: Any) -> Entry:
    """A command of an operation with these parameters."""
    return name, members, {}


FOREIGN_ROLE = arn("iam", "role/somebody-elses")
CAN_NOT_ASSUME = "The role defined for the function cannot be assumed by Lambda."
NO_TRUST = (
    "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
    "provided role."
)
NOT_AUTHORIZED = f"User: {arn('iam', 'user/me')} is not authorized to perform: lambda:CreateFunction"
RUN = asks("ec2.RunInstances", ImageId="ami-0d1b2c3d4e5f60718", MinCount=1, MaxCount=1)
RUN_WITH_PROFILE = asks(
    "ec2.RunInstances", ImageId="ami-0d1b2c3d4e5f60718", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "web"}
)
DESCRIBE = asks("ec2.DescribeInstances", InstanceIds=["i-0e1b2c3d4e5f60718"])
STATE_MACHINE = asks("stepfunctions.CreateStateMachine", name="flow", definition="{}", roleArn=ROLE_ARN)
GET_ITEM = asks("dynamodb.GetItem", TableName="Music", Key={"k": {"S": "v"}})
DELETE_GROUP = asks("ec2.DeleteSecurityGroup", GroupId="sg-0c1b2c3d4e5f60718")
CHANGE_RECORDS = asks(
    "route53.ChangeResourceRecordSets", HostedZoneId="Z0123456789ABCDEFGHIJ", ChangeBatch={"Changes": []}
)
VERSIONING = asks("s3.PutBucketVersioning", Bucket="orders-bucket", VersioningConfiguration={"Status": "Enabled"})
PIPE = asks("firehose.CreateDeliveryStream", DeliveryStreamName="d", S3DestinationConfiguration={"RoleARN": ROLE_ARN})
POLICY = json.dumps({"Statement": [{"Principal": {"AWS": ROLE_ARN}}]})
NEW_KEY = asks("iam.CreateAccessKey", UserName="alice")
CONFIGURE = asks("lambda.UpdateFunctionConfiguration", FunctionName="resize", Timeout=9)

Case = tuple[Sequence[Entry], Entry, str, str]

PASSES: list[Case] = [
    # roles and instance profiles
    ([ROLE], function(), "InvalidParameterValueException", CAN_NOT_ASSUME),
    ([ROLE], STATE_MACHINE, "AccessDeniedException", NO_TRUST),
    (
        [ROLE],
        asks("glue.CreateCrawler", Name="c", Role=ROLE_ARN, Targets={}),
        "InvalidInputException",
        "Service is unable to assume provided role. Please verify role's TrustPolicy",
    ),
    (
        [ROLE],
        asks("glue.CreateCrawler", Name="c", Role="orders", Targets={}),
        "AccessDeniedException",
        f"Service is unable to assume the role {ROLE_ARN} to access null.",
    ),
    (
        [ROLE],
        asks("ecs.CreateService", serviceName="web", role=ROLE_ARN),
        "InvalidParameterException",
        "Unable to assume role and validate the listeners configured on your load balancer.",
    ),
    ([ROLE], PIPE, "InvalidArgumentException", f"Firehose is unable to assume role {ROLE_ARN}. Please check it."),
    (
        [ROLE],
        asks("codebuild.CreateProject", name="p", serviceRole=ROLE_ARN),
        "InvalidInputException",
        f"CodeBuild is not authorized to perform: sts:AssumeRole on {ROLE_ARN}",
    ),
    (
        [ROLE],
        asks("cloudformation.CreateStack", StackName="s", RoleARN=ROLE_ARN),
        "ValidationError",
        f"Role {ROLE_ARN} is invalid or cannot be assumed",
    ),
    (
        [ROLE],
        function(),
        "InvalidParameterValueException",
        "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
    ),
    (
        [PROFILE],
        RUN_WITH_PROFILE,
        "InvalidParameterValue",
        "Value (web) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
    ),
    ([PROFILE], RUN_WITH_PROFILE, "InvalidParameterValue", "Invalid IAM Instance Profile name"),
    (
        [ROLE],
        asks("s3.PutBucketPolicy", Bucket="somebodys", Policy=POLICY),
        "MalformedPolicy",
        "Invalid principal in policy",
    ),
    (
        [ROLE],
        asks("sns.SetTopicAttributes", TopicArn=arn("sns", "t"), AttributeName="Policy", AttributeValue=POLICY),
        "InvalidParameter",
        "Invalid parameter: Policy Error: PrincipalNotFound",
    ),
    # not visible
    ([USER], NEW_KEY, "NoSuchEntity", "The user with name alice cannot be found."),
    ([ROLE], asks("iam.GetRole", RoleName="orders"), "NoSuchEntity", "The role with name orders cannot be found."),
    ([INSTANCE], DESCRIBE, "InvalidInstanceID.NotFound", "The instance ID 'i-0e1b2c3d4e5f60718' does not exist"),
    (
        [INSTANCE],
        asks("ec2.TerminateInstances", InstanceIds=["i-0e1b2c3d4e5f60718"]),
        "InvalidInstanceID.NotFound",
        "The instance ID 'i-0e1b2c3d4e5f60718' does not exist",
    ),
    (
        [VPC],
        asks("ec2.CreateSubnet", VpcId="vpc-0a1b2c3d4e5f60718", CidrBlock="10.9.1.0/24"),
        "InvalidVpcID.NotFound",
        "The vpc ID 'vpc-0a1b2c3d4e5f60718' does not exist",
    ),
    (
        [KEY_PAIR],
        asks("ec2.RunInstances", ImageId="ami-0d1b2c3d4e5f60718", KeyName="deploy"),
        "InvalidKeyPair.NotFound",
        "The key pair 'deploy' does not exist",
    ),
    (
        [GROUP],
        asks("ec2.AuthorizeSecurityGroupIngress", GroupName="front-door"),
        "InvalidGroup.NotFound",
        "The security group 'front-door' does not exist",
    ),
    ([BUCKET], VERSIONING, "NoSuchBucket", "The specified bucket does not exist"),
    ([BUCKET], asks("s3.HeadBucket", Bucket="orders-bucket"), "404", "Not Found"),
    ([QUEUE], asks("sqs.SendMessage", QueueUrl=QUEUE_URL, MessageBody="m"), "QueueDoesNotExist", ""),
    (
        [QUEUE],
        asks("sqs.SendMessage", QueueUrl=QUEUE_URL, MessageBody="m"),
        "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist for this wsdl version.",
    ),
    ([TABLE], GET_ITEM, "ResourceNotFoundException", "Requested resource not found: Table: Music not found"),
    ([TABLE], GET_ITEM, "ResourceNotFoundException", "Cannot do operations on a non-existent table"),
    (
        [FUNCTION],
        asks("lambda.AddPermission", FunctionName="resize", StatementId="s", Action="lambda:InvokeFunction"),
        "ResourceNotFoundException",
        f"Function not found: {arn('lambda', 'function:resize')}",
    ),
    (
        [STACK],
        asks("cloudformation.DescribeStacks", StackName="network"),
        "ValidationError",
        "Stack with id network does not exist",
    ),
    (
        [DATABASE],
        asks("rds.CreateDBSnapshot", DBInstanceIdentifier="orders-db", DBSnapshotIdentifier="s"),
        "DBInstanceNotFound",
        "DBInstance orders-db not found.",
    ),
    # still at it
    ([BUCKET], VERSIONING, "OperationAborted", "A conflicting conditional operation is currently in progress"),
    ([ZONE], CHANGE_RECORDS, "PriorRequestNotComplete", "Route 53 was still processing a prior request."),
    (
        [TABLE],
        asks("dynamodb.UpdateTable", TableName="Music"),
        "ResourceInUseException",
        "Attempt to change a resource which is still in use: Table is being created: Music",
    ),
    (
        [FUNCTION],
        CONFIGURE,
        "ResourceConflictException",
        f"An update is in progress for resource: {arn('lambda', 'function:resize')}",
    ),
    ([STACK], asks("cloudformation.UpdateStack", StackName="network"), "OperationInProgressException", ""),
    (
        [DATABASE],
        asks("rds.CreateDBSnapshot", DBInstanceIdentifier="orders-db", DBSnapshotIdentifier="s"),
        "InvalidDBInstanceState",
        "Instance orders-db is not in available state.",
    ),
    (
        [INSTANCE],
        asks("ec2.AssociateAddress", InstanceId="i-0e1b2c3d4e5f60718"),
        "InvalidInstanceID",
        "The pending instance 'i-0e1b2c3d4e5f60718' is not in a valid state for this operation.",
    ),
    # still used
    ([GROUP], DELETE_GROUP, "DependencyViolation", "resource sg-0c1b2c3d4e5f60718 has a dependent object"),
    (
        [VPC],
        asks("ec2.DeleteVpc", VpcId="vpc-0a1b2c3d4e5f60718"),
        "DependencyViolation",
        "The vpc 'vpc-0a1b2c3d4e5f60718' has dependencies and cannot be deleted.",
    ),
    ([USER], asks("iam.DeleteUser", UserName="alice"), "DeleteConflict", "Must delete keys first."),
]

STAYS: list[Case] = [
    # no permission
    ([ROLE], function(), "AccessDeniedException", NOT_AUTHORIZED),
    ([ROLE], STATE_MACHINE, "AccessDeniedException", NOT_AUTHORIZED),
    ([BUCKET], VERSIONING, "AccessDenied", "Access Denied"),
    ([INSTANCE], DESCRIBE, "UnauthorizedOperation", "You are not authorized to perform this operation."),
    (
        [ROLE],
        asks("sts.AssumeRole", RoleArn=ROLE_ARN, RoleSessionName="s"),
        "AccessDenied",
        f"User: {arn('iam', 'user/me')} is not authorized to perform: sts:AssumeRole on resource: {ROLE_ARN}",
    ),
    ([TABLE], GET_ITEM, "UnrecognizedClientException", "The security token included in the request is invalid."),
    ([TABLE], GET_ITEM, "ExpiredTokenException", "The security token included in the request is expired"),
    ([ROLE], asks("iam.GetRole", RoleName="orders"), "InvalidClientTokenId", "The security token is invalid."),
    # wrong values
    ([TABLE], GET_ITEM, "ValidationException", "The provided key element does not match the schema"),
    ([VPC], SUBNET, "InvalidSubnet.Conflict", "The CIDR '10.9.1.0/24' conflicts with another subnet"),
    ([VPC], SUBNET, "InvalidParameterValue", "Value (10.9.1.0/99) for parameter cidrBlock is invalid."),
    ([ROLE], function(), "InvalidParameterValueException", "Could not unzip uploaded file."),
    ([ROLE], function(), "InvalidParameterValueException", "The runtime parameter of python2.7 is no longer supported"),
    ([ROLE], function(), "ValidationException", "1 validation error detected: Value at 'role' failed the constraint"),
    ([STACK], asks("cloudformation.UpdateStack", StackName="network"), "ValidationError", "No updates are performed."),
    ([ROLE], asks("iam.PutRolePolicy", RoleName="orders", PolicyName="p"), "MalformedPolicyDocument", "Syntax errors"),
    ([INSTANCE], DESCRIBE, "InvalidInstanceID.Malformed", "Invalid id: 'i-0e1b2c3d4e5f60718'"),
    # what is there already, or will never do
    ([USER], USER, "EntityAlreadyExists", "User with name alice already exists."),
    ([TABLE], TABLE, "ResourceInUseException", "Table already exists: Music"),
    ([FUNCTION], function(), "ResourceConflictException", "Function already exist: resize"),
    ([BUCKET], BUCKET, "BucketAlreadyOwnedByYou", "You already own it."),
    ([GROUP], GROUP, "InvalidGroup.Duplicate", "The security group 'front-door' already exists"),
    ([TABLE], GET_ITEM, "ConditionalCheckFailedException", "The conditional request failed"),
    ([VPC], VPC, "VpcLimitExceeded", "The maximum number of VPCs has been reached."),
    # what this replay didn't make
    ([], function(), "InvalidParameterValueException", CAN_NOT_ASSUME),
    ([ROLE, USER], function(FOREIGN_ROLE), "InvalidParameterValueException", CAN_NOT_ASSUME),
    ([], DESCRIBE, "InvalidInstanceID.NotFound", "The instance ID 'i-0e1b2c3d4e5f60718' does not exist"),
    (
        [VPC, SUBNET],
        asks("ec2.RunInstances", ImageId="ami-0d1b2c3d4e5f60718", SubnetId="subnet-0b1b2c3d4e5f60718"),
        "InvalidAMIID.NotFound",
        "The image id '[ami-0d1b2c3d4e5f60718]' does not exist",
    ),
    (
        [USER],
        asks("iam.AddUserToGroup", UserName="alice", GroupName="admins"),
        "NoSuchEntity",
        "The group with name admins cannot be found.",
    ),
    (
        [GROUP],
        asks("ec2.CreateSubnet", VpcId=FOREIGN_VPC, CidrBlock="10.9.1.0/24"),
        "InvalidVpcID.NotFound",
        f"The vpc ID '{FOREIGN_VPC}' does not exist",
    ),
    (
        [ROLE],
        asks("s3.PutBucketPolicy", Bucket="somebodys", Policy=POLICY),
        "NoSuchBucket",
        "The specified bucket does not exist",
    ),
    ([BUCKET], asks("s3.GetObject", Bucket="orders-bucket", Key="k"), "NoSuchKey", "The specified key does not exist."),
    (
        [asks("dynamodb.PutItem", TableName="Music", Item={"k": {"S": "v"}})],
        GET_ITEM,
        "ResourceNotFoundException",
        "Requested resource not found: Table: Music not found",
    ),
    (
        [("ec2.DescribeInstances", {}, {"Reservations": [{"Instances": [{"InstanceId": "i-0e1b2c3d4e5f60718"}]}]})],
        DESCRIBE,
        "InvalidInstanceID.NotFound",
        "The instance ID 'i-0e1b2c3d4e5f60718' does not exist",
    ),
    (
        [asks("iam.PutRolePolicy", RoleName="orders", PolicyName="p", PolicyDocument="{}")],
        function(),
        "InvalidParameterValueException",
        CAN_NOT_ASSUME,
    ),
    (
        [INSTANCE],
        asks("ec2.DeleteSecurityGroup", GroupId="sg-0f9e8d7c6b5a43210"),
        "DependencyViolation",
        "resource sg-0f9e8d7c6b5a43210 has a dependent object",
    ),
    # words alone
    ([INSTANCE], DESCRIBE, "InternalFailure", "NotFound: i-0e1b2c3d4e5f60718 NoSuchEntity InProgress"),
    ([BUCKET], VERSIONING, "MalformedXML", "NoSuchBucket: orders-bucket"),
    ([GROUP], asks("ec2.DescribeSecurityGroups", GroupIds=["sg-0c1b2c3d4e5f60718"]), "DependencyViolation", ""),
    ([TABLE], GET_ITEM, "", ""),
]


def judged(case: Case, *, is_refused: bool = True) -> str | None:
    """What is said of a case's error after all that was made before has succeeded."""
    made, (name, request, _), code, message = case
    steps, done = played(*made, (name, request, {}))
    error = CallError(code, message)
    return reason(steps[-1], [failed(name, request, error)], CreatedResources(steps, done), is_refused=is_refused)


def reason(step: Step, calls: Sequence[Call], created: CreatedResources, *, is_refused: bool = True) -> str | None:
    """Why a step may be sent again that failed with these calls, of which the service refused those with a code."""
    refused = {at for at, call in enumerate(calls) if call.error is not None and call.error != LOST and is_refused}
    return retry.retry_reason(step, Outcome(255, calls=tuple(calls), refused=frozenset(refused)), created)


def played(*entries: Any) -> tuple[Sequence[Step], dict[int, Sequence[Call]]]:
    """The steps of a trace, and what was done when all but the last have succeeded."""
    recorded = trace(*entries)
    steps = planner.make_plan(recorded, deriver.derive(recorded, evaluate, AWS.catalog), [], Offers()).steps
    return steps, {step.number: step.command.calls for step in steps[:-1]}


def failed(name: str, request: dict[str, Any], error: CallError) -> Call:
    """A call that came to nothing."""
    return replace(call(name, request, {}), response=None, error=error)


class Offers:
    """A catalog that takes every command as it is."""

    def operation_command(self, *_: Any) -> Any:
        return None

    read_option = operation_command

    def check(self, *_: Any) -> None: ...

    def check_line(self, *_: Any) -> None: ...

    def global_options(self) -> Mapping[str, bool]:
        return {}


def told(case: Case) -> str:
    return f"{case[1][0]}-{case[2]}-{case[3][:30]}"


@pytest.mark.parametrize("case", PASSES, ids=told)
def test_an_error_that_passes_is_waited_for_and_named(case: Case) -> None:
    said = judged(case)
    assert said is not None
    assert said.endswith(f" ({case[2]})")


@pytest.mark.parametrize("case", PASSES, ids=told)
def test_the_same_error_about_what_somebody_else_made_is_not(case: Case) -> None:
    assert judged(([], *case[1:])) is None


@pytest.mark.parametrize("case", STAYS, ids=told)
def test_an_error_that_stays_is_not_waited_for(case: Case) -> None:
    assert judged(case) is None


def test_why_it_is_waited_for_is_said_in_words() -> None:
    assert judged(PASSES[0]) == "the role can't be assumed yet (InvalidParameterValueException)"


# --- what may have taken effect


def test_what_may_have_taken_effect_is_never_sent_again() -> None:
    assert judged(PASSES[0], is_refused=False) is None


@pytest.mark.parametrize(
    ("code", "message"),
    [("ReadTimeoutError", "NoSuchEntity"), ("ConnectionClosedError", "Connection was closed: cannot be assumed")],
)
def test_a_lost_connection_is_no_error_that_passes(code: str, message: str) -> None:
    made, asked, _, _ = PASSES[0]
    assert judged((made, asked, code, message)) is None
    assert judged(([INSTANCE], DESCRIBE, code, message), is_refused=False) is None


def test_what_only_reads_may_be_sent_again_after_a_lost_attempt() -> None:
    code, message = "InvalidInstanceID.NotFound", "The instance ID 'i-0e1b2c3d4e5f60718' does not exist"
    assert judged(([INSTANCE], DESCRIBE, code, message), is_refused=False) is not None


NO_BUCKET = CallError("NoSuchBucket", "The specified bucket does not exist")
LOST = CallError("ConnectionClosedError", "gone")
LISTED = call("s3.ListObjectsV2", {"Bucket": "orders-bucket"}, {})
PUT = call("s3.PutObject", {"Bucket": "orders-bucket", "Key": "a"}, {"ETag": "e"})
NOT_PUT = failed("s3.PutObject", {"Bucket": "orders-bucket", "Key": "b"}, NO_BUCKET)
MAYBE_PUT = failed("s3.PutObject", {"Bucket": "orders-bucket", "Key": "c"}, LOST)


@pytest.mark.parametrize(
    ("calls", "passes"),
    [
        ([NOT_PUT], True),
        ([LISTED, NOT_PUT], True),
        ([NOT_PUT, NOT_PUT], True),
        ([PUT, NOT_PUT], False),
        ([MAYBE_PUT, NOT_PUT], False),
        ([NOT_PUT, LISTED], False),
        ([], False),
    ],
)
def test_a_command_of_many_calls_is_tried_again_if_none_of_them_changed_anything(
    calls: list[Call], passes: bool
) -> None:
    steps, done = played(BUCKET, command(["s3", "sync", ".", "s3://orders-bucket"]))
    assert (reason(steps[-1], calls, CreatedResources(steps, done)) is not None) is passes


def test_what_a_custom_command_made_is_this_replays() -> None:
    made = command(["s3", "mb", "s3://orders-bucket"], call("s3.CreateBucket", {"Bucket": "orders-bucket"}, {}))
    steps, done = played(made, command(["s3", "cp", "b", "s3://orders-bucket/b"]))
    assert reason(steps[-1], [NOT_PUT], CreatedResources(steps, done)) is not None


def test_a_waiter_waits_by_itself() -> None:
    steps, done = played(BUCKET, command(["s3api", "wait", "bucket-exists", "--bucket", "orders-bucket"]))
    polled = failed("s3.HeadBucket", {"Bucket": "orders-bucket"}, replace(NO_BUCKET, code="404"))
    assert reason(steps[-1], [polled], CreatedResources(steps, done)) is None


def test_what_depends_on_what_was_made_by_way_of_an_answer_counts() -> None:
    found = ("ec2.DescribeSecurityGroups", {"Filters": [{"Name": "vpc-id", "Values": ["vpc-0a1b2c3d4e5f60718"]}]})
    group = {"SecurityGroups": [{"GroupId": "sg-0f9e8d7c6b5a43210", "GroupName": "default"}]}
    tag = asks("ec2.CreateTags", Resources=["sg-0f9e8d7c6b5a43210"], Tags=[])
    message = "The security group 'sg-0f9e8d7c6b5a43210' does not exist"
    assert judged(([VPC, (*found, group)], tag, "InvalidGroup.NotFound", message)) is not None
    assert judged(([(*found, group)], tag, "InvalidGroup.NotFound", message)) is None


def test_what_an_override_put_there_is_foreign() -> None:
    steps, done = played(ROLE, function())
    request = Template.of(steps[-1].command.request, [(("Role",), Given(FOREIGN_ROLE, FOREIGN_ROLE))])
    pinned = replace(steps[-1], request=request)
    error = CallError("InvalidParameterValueException", CAN_NOT_ASSUME)
    refused = failed(*function(FOREIGN_ROLE)[:2], error)
    assert reason(steps[-1], [refused], CreatedResources(steps, done)) is not None
    assert reason(pinned, [refused], CreatedResources(steps, done)) is None


# --- how long


@given(st.floats(0, 1e6))
def test_delays_grow_and_stay_within_the_limit(limit: float) -> None:
    found = list(retry.retry_delays(limit))
    assert sum(found) <= limit * (1 + 1e-9)
    assert all(0 < first <= later <= 2 * first + limit / 2 for first, later in pairwise(found))
    assert bool(found) is (limit > 0)


def test_two_minutes_are_seven_delays() -> None:
    assert list(retry.retry_delays(SETTLE)) == [1, 2, 4, 8, 16, 32, 57]


# --- replays


def entry(name: str, request: dict[str, Any], response: dict[str, Any] | None = None) -> Command:
    return operation(name, request, response or {})


KEYS = {
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
}
RECORDS = {
    "Changes": [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": "www.example.org",
                "Type": "A",
                "TTL": 60,
                "ResourceRecords": [{"Value": "10.0.0.1"}],
            },
        }
    ]
}
CODE = base64.b64decode("UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==")  # an empty zip file

# A small site: what each command makes, some later one needs.
SITE = [
    entry(*ROLE),
    entry(*PROFILE),
    entry("iam.AddRoleToInstanceProfile", {"InstanceProfileName": "web", "RoleName": "orders"}),
    entry("lambda.CreateFunction", {**FUNCTION[1], "Runtime": "python3.12", "Handler": "h", "Code": {"ZipFile": CODE}}),
    entry(*VPC),
    entry(*SUBNET),
    entry("ec2.CreateSecurityGroup", {**GROUP[1], "VpcId": "vpc-0a1b2c3d4e5f60718"}, GROUP[2]),
    entry(
        "ec2.RunInstances",
        {
            "ImageId": "ami-12c6146b",
            "MinCount": 1,
            "MaxCount": 1,
            "SubnetId": "subnet-0b1b2c3d4e5f60718",
            "IamInstanceProfile": {"Name": "web"},
        },
        INSTANCE[2],
    ),
    entry("ec2.DescribeInstances", {"InstanceIds": ["i-0e1b2c3d4e5f60718"]}),
    entry("ec2.DeleteSecurityGroup", {"GroupId": "sg-0c1b2c3d4e5f60718"}),
    entry(*BUCKET),
    entry("dynamodb.CreateTable", {**TABLE[1], **KEYS}, TABLE[2]),
    entry(*ZONE),
    entry("route53.ChangeResourceRecordSets", {"HostedZoneId": "Z0123456789ABCDEFGHIJ", "ChangeBatch": RECORDS}),
    entry(*QUEUE),
    entry("sqs.SendMessage", {"QueueUrl": QUEUE_URL, "MessageBody": "m"}),
    entry(*USER),
    # from here on nothing gets an identifier, and what is done twice is as if done once
    entry("s3.PutBucketVersioning", VERSIONING[1]),
    entry("s3.PutBucketTagging", {"Bucket": "orders-bucket", "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}}),
    entry("dynamodb.PutItem", {"TableName": "Music", "Item": {"k": {"S": "v"}}}),
    entry("dynamodb.UpdateTable", {"TableName": "Music", "DeletionProtectionEnabled": True}),
    entry("iam.PutUserPolicy", {"UserName": "alice", "PolicyName": "p", "PolicyDocument": ALLOW}),
]
USERS = [entry(*USER), SITE[-1]]

TIME = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|\+00:?00)?|1[6-9]\d{8}(?:\.\d+)?")
ABSENT = "The {} does not exist"
FUNCTIONS = "POST /2015-03-31/functions"
RECORD_SETS = "POST /2013-04-01/hostedzone/*/rrset/"


@dataclass
class Hall:
    """Where replays are played and nothing takes time: what was said, and slept."""

    relay: Relay
    slept: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def step_started(self, step: Step, invocation: Invocation, resolver: Resolver) -> None: ...

    def capture_failed(self, step: Step, faults: Sequence[str]) -> None:
        raise AssertionError(faults)

    def retrying(self, step: Step, reason: str, seconds: float) -> None:
        self.said.append(f"{step.number}: {reason}")

    def poll_timed_out(self, step: Step, outcome: Outcome, printed: Any) -> None: ...

    def unexpected_success(self, step: Step) -> None: ...

    def not_sent(self, step: Step, reason: Hindrance, status: Status) -> None:
        raise AssertionError(reason)

    def play(self, *commands: Command, settle: float = SETTLE) -> Report:
        """Play these commands against the relay."""
        recorded = trace(*commands)
        steps = planner.make_plan(recorded, deriver.derive(recorded, evaluate, AWS.catalog), [], AWS.catalog)
        return Player(
            steps,
            resolver=Resolver(steps, is_dry_run=False, query=evaluate),
            aws=AWS,
            sleep=self.slept.append,
            listener=self,
            options=PlayerOptions(extra=("--endpoint-url", self.relay.url), settle=settle),
        ).play()


@pytest.fixture
def hall(aws_home: FilePath, relay: Relay, monkeypatch: pytest.MonkeyPatch) -> Hall:
    """A hall before an empty cloud."""
    monkeypatch.setattr(time, "sleep", lambda _: None)  # botocore's, between its own attempts
    return Hall(relay)


def seed(server: str) -> None:
    """Have a moto server give the same identifiers in the same order."""
    asked = urllib.request.Request(f"{server}/moto-api/seed?a=1", method="POST")
    with urllib.request.urlopen(asked, timeout=PATIENCE):
        pass


LOOKS: list[tuple[str, dict[str, Any]]] = [
    ("iam list-roles", {}),
    ("iam list-instance-profiles", {}),
    ("iam list-users", {}),
    ("iam get-user-policy", {"UserName": "alice", "PolicyName": "p"}),
    ("lambda list-functions", {}),
    ("ec2 describe-vpcs", {}),
    ("ec2 describe-subnets", {}),
    ("ec2 describe-security-groups", {}),
    ("ec2 describe-instances", {}),
    ("s3api list-buckets", {}),
    ("s3api get-bucket-versioning", {"Bucket": "orders-bucket"}),
    ("s3api get-bucket-tagging", {"Bucket": "orders-bucket"}),
    ("dynamodb describe-table", {"TableName": "Music"}),
    ("dynamodb scan", {"TableName": "Music"}),
    ("route53 list-hosted-zones", {}),
    ("sqs get-queue-attributes", {"QueueUrl": QUEUE_URL, "AttributeNames": ["All"]}),
]


def state(server: str) -> list[str]:
    """All that there is of the site in a cloud, without the times at which it was made."""
    seen = []
    for line, parameters in LOOKS:
        outcome = AWS.replay([*line.split(), "--endpoint-url", server], parameters=parameters, files={})
        assert outcome.exit_code == 0
        seen.append(repr([transform(call.response, _same_each_time) for call in outcome.calls]))
    return seen


def _same_each_time(path: Path, value: object) -> object:
    is_time = isinstance(value, (str, int, float)) and TIME.fullmatch(str(value))
    return "other" if is_time or path[-1:] == ("ClientToken",) else None


@dataclass(frozen=True)
class Fault:
    """What the requests for an operation meet with, so many times."""

    operation: str
    trouble: Trouble
    times: int = 1


SETTLING = [
    Fault(FUNCTIONS, refusal("json", "InvalidParameterValueException", CAN_NOT_ASSUME), 3),
    Fault(
        "AddRoleToInstanceProfile", refusal("query", "NoSuchEntity", "Instance Profile web cannot be found.", 404), 2
    ),
    Fault("CreateSubnet", refusal("ec2", "InvalidVpcID.NotFound", "The vpc ID does not exist"), 2),
    Fault("RunInstances", refusal("ec2", "InvalidParameterValue", "Invalid IAM Instance Profile name"), 2),
    Fault("DescribeInstances", refusal("ec2", "InvalidInstanceID.NotFound", "The instance IDs do not exist"), 2),
    Fault("DeleteSecurityGroup", refusal("ec2", "DependencyViolation", "It has a dependent object"), 4),
    Fault("PUT /orders-bucket?versioning", refusal("s3", "NoSuchBucket", ABSENT.format("specified bucket"), 404), 2),
    Fault("PUT /orders-bucket?tagging", refusal("s3", "OperationAborted", "Please try again.", 409), 2),
    Fault("PutItem", refusal("json", "ResourceNotFoundException", "Requested resource not found"), 2),
    Fault("UpdateTable", refusal("json", "ResourceInUseException", "Table is being created: Music"), 3),
    Fault(RECORD_SETS, refusal("query", "PriorRequestNotComplete", "Still processing."), 6),
    Fault("SendMessage", refusal("json", "QueueDoesNotExist", "The specified queue does not exist."), 1),
    Fault("PutUserPolicy", refusal("query", "NoSuchEntity", "The user with name alice cannot be found.", 404), 2),
]
BOTOCORES = 5  # attempts with PriorRequestNotComplete: one command

THROTTLED = [
    Fault("CreateRole", refusal("query", "Throttling", "Rate exceeded"), 2),
    Fault("CreateVpc", refusal("ec2", "RequestLimitExceeded", "Request limit exceeded.", 503), 2),
    Fault("PutItem", refusal("json", "ProvisionedThroughputExceededException", "Slow down"), 3),
    Fault("PUT /orders-bucket", refusal("s3", "SlowDown", "Reduce your request rate.", 503), 2),
]
BROKEN = [
    Fault("CreateUser", Trouble(500), 2),
    Fault("CreateTable", Trouble(503), 2),
    Fault("CreateQueue", Trouble(502), 1),
    Fault("CreateInstanceProfile", Trouble(504), 1),
]
DROPPED = [
    Fault("CreateSecurityGroup", Trouble(), 2),
    Fault("CreateSubnet", Trouble(), 1),
    Fault("SendMessage", Trouble(), 1),
]
HEARD = [
    Fault("PutItem", Trouble(heard=True), 2),
    Fault("PUT /orders-bucket?versioning", Trouble(heard=True), 1),
    Fault("PUT /orders-bucket?tagging", Trouble(heard=True), 1),
    Fault("PutUserPolicy", Trouble(heard=True), 1),
    Fault("UpdateTable", Trouble(500, heard=True), 1),
]
SLOW = [Fault(name, Trouble(delay=0.05)) for name in ("CreateRole", "CreateVpc", "RunInstances", "PUT /orders-bucket")]


def inject(relay: Relay, faults: Sequence[Fault]) -> None:
    """Have a relay do that, in order."""
    for fault in faults:
        relay.faults.setdefault(fault.operation, []).extend([fault.trouble] * fault.times)


def test_the_outcome_is_the_one_without_faults(hall: Hall, server: str) -> None:
    without = outcome(hall, server, [])
    assert outcome(hall, server, [*BROKEN, *SLOW, *DROPPED, *HEARD]) == without
    assert (hall.slept, hall.said) == ([], [])  # botocore tried again by itself
    assert outcome(hall, server, [*THROTTLED, *SETTLING]) == without
    assert len(hall.said) == sum(fault.times for fault in SETTLING) - BOTOCORES


def outcome(hall: Hall, server: str, faults: Sequence[Fault]) -> Any:
    """What there is in an empty cloud after the site was played and met with faults, all of them."""
    reset(server)
    seed(server)
    inject(hall.relay, faults)
    assert hall.play(*SITE).succeeded
    assert not any(hall.relay.faults.values())
    return state(server)


def test_each_command_is_waited_for_by_itself_and_counted_once(hall: Hall) -> None:
    inject(hall.relay, SETTLING[:2])
    report = hall.play(*SITE[:4])
    assert report.count(Status.DONE) == 4
    assert hall.slept == [1, 2, 1, 2, 4]
    assert hall.said == [
        *["3: what it names is not visible everywhere yet (NoSuchEntity)"] * 2,
        *["4: the role can't be assumed yet (InvalidParameterValueException)"] * 3,
    ]


def test_what_goes_on_beyond_the_limit_is_a_failure(hall: Hall) -> None:
    hall.relay.canned[FUNCTIONS] = SETTLING[0].trouble
    report = hall.play(*SITE[:6], settle=20)
    assert hall.slept == [1, 2, 4, 8]
    assert hall.relay.operations.count(FUNCTIONS) == 5
    assert [report.count(status) for status in (Status.DONE, Status.FAILED, Status.NOT_RUN)] == [3, 1, 2]


def test_without_settling_it_is_a_failure_at_once(hall: Hall) -> None:
    inject(hall.relay, SETTLING)
    report = hall.play(*SITE, settle=0)
    assert (report.count(Status.FAILED), hall.slept) == (1, [])
    assert hall.relay.operations.count("AddRoleToInstanceProfile") == 1


def test_what_is_foreign_is_a_failure_at_once(hall: Hall) -> None:
    foreign = entry("ec2.DescribeInstances", {"InstanceIds": ["i-0f9e8d7c6b5a43210"]})
    report = hall.play(*SITE[:5], foreign)
    assert (report.count(Status.FAILED), hall.slept) == (1, [])
    assert hall.relay.operations.count("DescribeInstances") == 1


@pytest.mark.parametrize("trouble", [Trouble(), Trouble(500)])
def test_a_fault_of_the_way_there_or_of_the_service_is_not_waited_for(hall: Hall, trouble: Trouble) -> None:
    hall.relay.canned["CreateSubnet"] = trouble
    report = hall.play(*SITE[4:6])
    assert (report.count(Status.FAILED), hall.slept) == (1, [])


def test_what_was_heard_before_it_was_refused_is_not_sent_again(hall: Hall) -> None:
    lost, refused = Trouble(heard=True), refusal("ec2", "InvalidVpcID.NotFound", "The vpc ID does not exist")
    hall.relay.faults["CreateSubnet"] = [lost, refused, refused]
    report = hall.play(*SITE[4:6])
    assert (report.count(Status.FAILED), hall.slept) == (1, [])
    assert hall.relay.operations == ["CreateVpc", "CreateSubnet", "CreateSubnet"]


def test_a_throttled_attempt_took_no_effect(hall: Hall) -> None:
    limited = refusal("ec2", "RequestLimitExceeded", "Request limit exceeded.", 503)
    absent = refusal("ec2", "InvalidVpcID.NotFound", "The vpc ID does not exist")
    hall.relay.faults["CreateSubnet"] = [limited, absent]
    assert hall.play(*SITE[4:6]).succeeded
    assert hall.slept == [1]


def test_a_retry_of_botocores_carries_the_same_token(hall: Hall) -> None:
    inject(hall.relay, [Fault("RunInstances", Trouble(heard=True), 2)])
    instance = entry("ec2.RunInstances", {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1})
    assert hall.play(instance).succeeded
    tokens = [request.members["ClientToken"] for request in hall.relay.requests]
    assert len(tokens) == 3
    assert len(set(tokens)) == 1


# --- what the person sees


@pytest.mark.usefixtures("aws_home")
def test_the_person_is_told_what_is_waited_for(relay: Relay) -> None:
    inject(relay, [SETTLING[-1]])
    store.save_trace(trace(*USERS), FilePath("t.trace"))
    result = play("--trace-file", "t.trace", "--settle", "0.01", "--endpoint", relay.url)
    assert result.code == 1
    assert "NoSuchEntity" in result.err.splitlines()[1]
    said = [line for line in result.err.splitlines() if line.startswith("awstrace-play: ")]
    assert said == [
        "awstrace-play: command 2: what it names is not visible everywhere yet (NoSuchEntity); trying again in 0.01 s",
        "awstrace-play: command 2 failed; of 2 commands: 1 done, 1 failed",
    ]
    assert len(result.lines) == 2


@pytest.mark.usefixtures("aws_home")
def test_ctrl_c_while_it_waits_ends_the_replay(relay: Relay) -> None:
    relay.canned["PutUserPolicy"] = SETTLING[-1].trouble
    store.save_trace(trace(*USERS, SITE[0]), FilePath("t.trace"))
    with Terminal(BIN / "awstrace-play", "--trace-file", "t.trace", "--endpoint", relay.url) as replay:
        replay.wait("trying again in")
        replay.interrupt()
        shown = replay.rest()
        assert replay.code == 130
    assert "interrupted; of 3 commands: 1 done, 1 failed, 1 not run" in shown
    assert "Traceback" not in shown
