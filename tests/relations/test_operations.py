"""What operations do to which resources: told from their names and members."""

from __future__ import annotations

import pytest

from awstracer.relations.operations import Verb, created_names, effect, is_deletion, is_read_only, selects_broadly
from tests.traces import call

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    "operation", ["DescribeVpcs", "GetUser", "ListBuckets", "HeadObject", "BatchGetItem", "AdminGetUser"]
)
def test_reading_is_told_from_changing(operation: str) -> None:
    assert is_read_only(operation)
    assert not is_deletion(operation)


@pytest.mark.parametrize("operation", ["CreateVpc", "PutObject", "Listen", "GetsWell", "TagUser", "AdminCreateUser"])
def test_what_is_not_certain_to_read_may_change_something(operation: str) -> None:
    assert not is_read_only(operation)


@pytest.mark.parametrize("operation", ["DeleteUser", "TerminateInstances", "DetachVolume", "AdminDeleteUser"])
def test_deletion_is_told(operation: str) -> None:
    assert is_deletion(operation)
    assert not is_read_only(operation)


@pytest.mark.parametrize(
    ("name", "members", "told"),
    [
        ("iam.CreateUser", "UserName Tags", (Verb.CREATES, "user", "UserName", "")),
        ("iam.DeleteUser", "UserName", (Verb.DELETES, "user", "UserName", "")),
        ("iam.ListPolicies", "Scope", (Verb.READS, "policy", "", "")),
        ("iam.AddUserToGroup", "GroupName UserName", (Verb.CHANGES, "group", "GroupName", "UserName")),
        ("ec2.CreateSubnet", "VpcId CidrBlock", (Verb.CREATES, "subnet", "", "VpcId")),
        ("ec2.DescribeSecurityGroups", "GroupIds MaxResults", (Verb.READS, "securitygroup", "GroupIds", "")),
        ("ec2.ModifyVpcAttribute", "VpcId EnableDnsSupport", (Verb.CHANGES, "vpc", "VpcId", "")),
        ("ec2.DetachVolume", "VolumeId InstanceId", (Verb.DISCONNECTS, "volume", "VolumeId", "InstanceId")),
        ("ec2.TerminateInstances", "InstanceIds", (Verb.DELETES, "instance", "InstanceIds", "")),
        ("ec2.ReleaseAddress", "AllocationId", (Verb.DELETES, "address", "AllocationId", "")),
        ("sqs.GetQueueAttributes", "QueueUrl AttributeNames", (Verb.READS, "queue", "QueueUrl", "AttributeNames")),
        ("rds.CreateDBInstance", "DBName DBInstanceIdentifier",
         (Verb.CREATES, "dbinstance", "DBInstanceIdentifier", "DBName")),
        ("events.ListEventBuses", "NamePrefix", (Verb.READS, "eventbus", "", "")),
        ("lambda.DeleteAlias", "FunctionName Name", (Verb.DELETES, "alias", "Name", "FunctionName")),
    ],
)  # fmt: skip
def test_an_operation_tells_what_it_does_to_what(name: str, members: str, told: tuple[Verb, str, str, str]) -> None:
    service, operation = name.split(".")
    found = effect(service, operation, dict.fromkeys(members.split()))
    assert (found.verb, found.kind, " ".join(found.members), " ".join(found.related)) == told


def test_members_in_the_address_name_the_resource_too() -> None:
    told = effect("s3", "DeleteObject", ["Bucket", "Key", "MFA"], address=["Bucket", "Key"])
    assert told.members == ("Bucket", "Key")


def test_a_prefix_alone_selects_broadly() -> None:
    assert selects_broadly(["Path", "Recursive"])
    assert not selects_broadly(["Bucket", "Prefix"])
    assert not selects_broadly([])


def test_what_a_call_created_is_called() -> None:
    made = call("iam.CreateUser", {"UserName": "alice", "Path": "/x/"}, {"User": {"UserId": "AIDA7XKTD3JHZQ2M5WVEC"}})
    assert set(created_names(made)) == {"alice", "AIDA7XKTD3JHZQ2M5WVEC"}
    for name in ("iam.GetUser", "iam.DeleteUser"):
        assert not list(created_names(call(name, {"UserName": "alice"}, {"UserId": "AIDA7XKTD3JHZQ2M5WVEC"})))
    added = call("iam.AddUserToGroup", {"UserName": "alice", "GroupName": "crew"}, {})
    assert not list(created_names(added))
