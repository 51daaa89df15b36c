"""What isn't there yet: which errors pass, how long they are waited for, and that the outcome is as if there were none."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer import plan, relations, settling, tracefile
from awstracer.driver import AwsCli, query
from awstracer.errors import MissingValue
from awstracer.player import Player, Report, Settings, Status
from awstracer.resolve import Invocation, Knowledge
from awstracer.settling import Replay
from awstracer.steps import Plan, Step
from awstracer.trace import Call, CallError, Command

from .programs import BIN, PATIENCE, Relay, Terminal, Trouble, play, refusal, reset
from .traces import call, command, operation, trace

AWS = AwsCli()
ACCOUNT = "123456789012"
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
INVOKE = asks("lambda.UpdateFunctionConfiguration", FunctionName="resize", Timeout=9)

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
    ([USER], asks("iam.CreateAccessKey", UserName="alice"), "NoSuchEntity", "The user with name alice cannot be found."),
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
        INVOKE,
        "ResourceConflictException",
        f"The operation cannot be performed at this time. An update is in progress for {arn('lambda', 'function:resize')}",
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
    ([USER], asks("iam.DeleteUser", UserName="alice"), "DeleteConflict", "Cannot delete entity, must delete keys first."),
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


def judged(case: Case, refused: CallError | None = None) -> str | None:
    """What is said of a case's error, or of another, after all that was made before has succeeded."""
    made, (name, request, _), code, message = case
    error = refused or CallError(code, message, is_refusal=True, is_certain=True)
    steps, done = played(*made, (name, request, {}))
    return settling.reason(steps[-1], [failed(name, request, error)], Replay(steps, done))


def played(*entries: Any) -> tuple[Sequence[Step], dict[int, Sequence[Call]]]:
    """The steps of a trace, and what was done when all but the last have succeeded."""
    recorded = trace(*entries)
    steps = plan.make(recorded, relations.derive(recorded, query, AWS), [], Offers()).steps
    return steps, {step.number: step.command.calls for step in steps[:-1]}


def failed(name: str, request: dict[str, Any], error: CallError) -> Call:
    """A call that came to nothing."""
    service, operation = name.split(".")
    made = call(name, request, {})
    return Call(service, operation, request, None, error, "us-east-1", None, made.started, made.ended)


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
