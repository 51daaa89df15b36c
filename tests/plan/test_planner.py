"""Overrides, and what a step becomes when earlier values are known, predicted or missing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer.aws import catalog as installed
from awstracer.commandline.options import OperationCommand, Option
from awstracer.commandline.text import Provenance, split, to_str
from awstracer.errors import AmbiguousParameter, MissingValue, UnknownCommandNumber, UnknownParameter
from awstracer.plan import planner
from awstracer.plan.invocation import Destination
from awstracer.plan.model import Keep, Override, Plan
from awstracer.plan.resolver import Resolver
from awstracer.plan.warnings import unresolved_identifiers
from awstracer.relations import deriver
from awstracer.trace.model import Operation, Trace
from awstracer.trace.query import evaluate
from tests.traces import call, command, trace


def kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


class Catalog:
    """Operations whose options are their members' names in kebab case."""

    def check_line(self, number: int, argv: Sequence[str]) -> None:
        pass

    def operation_command(self, number: int, operation: Operation, argv: Sequence[str]) -> OperationCommand:
        options = tuple(Option(f"--{kebab(name)}", (name,), "string") for name in operation.parameters)
        return OperationCommand((operation.service, kebab(operation.name)), options)

    def read_option(self, words: tuple[str, ...], option: str, text: str) -> Mapping[str, Any]:
        return {"".join(part.capitalize() for part in option.split("-")): text.removeprefix("file://")}

    def check(self, number: int, operation: Operation) -> None:
        pass

    def global_options(self) -> Mapping[str, bool]:
        return {"--region": True, "--query": True, "--debug": False}


def planned(recorded: Trace, *params: tuple[str, str], replaced: Sequence[str] = ()) -> Plan:
    overrides = [Override.parse(*param) for param in params]
    return planner.make_plan(recorded, deriver.derive(recorded, evaluate, MODELS), overrides, Catalog(), replaced)


def lines(recorded: Trace, *params: tuple[str, str]) -> list[str]:
    steps = planned(recorded, *params)
    known = Resolver(steps, is_dry_run=True, query=evaluate)
    return [to_str(known.invocation(step).line) for step in steps.steps]


def marks(recorded: Trace, *params: tuple[str, str]) -> list[dict[str, Provenance]]:
    steps = planned(recorded, *params)
    known = Resolver(steps, is_dry_run=True, query=evaluate)
    shown = [known.invocation(step).line for step in steps.steps]
    return [
        {span.text: span.provenance for span in text if span.provenance is not Provenance.RECORDED} for text in shown
    ]


MODELS = installed.Catalog()
ARN = "arn:aws:iam::123456789012:policy/p-one"
POLICY = trace(
    [
        "iam.CreatePolicy",
        {"PolicyName": "p-one"},
        {"Policy": {"PolicyName": "p-one", "Arn": ARN, "Id": "ANPA12B3C4D5E6"}},
    ],
    ["iam.AttachUserPolicy", {"PolicyArn": ARN, "UserName": "alice"}, {}],
    ["iam.TagPolicy", {"PolicyArn": "ANPA12B3C4D5E6", "Tags": f'[{{"Key": "{ARN}"}}]'}, {}],
)


def test_what_depends_on_an_override_follows_it() -> None:
    assert lines(POLICY, ("policy-name", "tp")) == [
        "aws iam create-policy --policy-name tp",
        "aws iam attach-user-policy --policy-arn arn:aws:iam::123456789012:policy/tp --user-name alice",
        "aws iam tag-policy --policy-arn ANPA12B3C4D5E6 "
        """--tags '[{"Key": "arn:aws:iam::123456789012:policy/tp"}]'""",
    ]


def test_marks_tell_where_each_value_comes_from() -> None:
    assert marks(POLICY, ("PolicyName", "tp"), ("user-name", "bob")) == [
        {"tp": Provenance.OVERRIDDEN},
        {"arn:aws:iam::123456789012:policy/tp": Provenance.DERIVED, "bob": Provenance.OVERRIDDEN},
        {"ANPA12B3C4D5E6": Provenance.PENDING, "arn:aws:iam::123456789012:policy/tp": Provenance.DERIVED},
    ]


def test_what_only_the_real_call_can_tell_shows_as_recorded() -> None:
    assert marks(POLICY)[1] == {ARN: Provenance.PENDING}


def test_a_real_response_takes_the_recorded_ones_place() -> None:
    steps = planned(POLICY)
    known = Resolver(steps, is_dry_run=False, query=evaluate)
    known.record_response(steps.steps[0], {"Policy": {"Arn": "arn:other", "Id": "x"}})
    second, third = (known.invocation(step) for step in steps.steps[1:])
    assert second.parameters == {"PolicyArn": "arn:other", "UserName": "alice"}
    assert third.parameters == {"PolicyArn": "x", "Tags": '[{"Key": "arn:other"}]'}


@pytest.mark.parametrize("response", [{}, {"Policy": {}}, {"Policy": {"Arn": None}}, {"Policy": {"Arn": 3}}])
def test_a_value_that_did_not_come_is_never_replaced_by_a_stale_one(response: dict[str, Any]) -> None:
    steps = planned(POLICY)
    known = Resolver(steps, is_dry_run=False, query=evaluate)
    known.record_response(steps.steps[0], response)
    with pytest.raises(MissingValue) as missing:
        known.invocation(steps.steps[1])
    assert (missing.value.number, missing.value.path) == (1, "Policy.Arn")


def test_nothing_is_known_of_a_command_that_did_not_run() -> None:
    steps = planned(POLICY)
    with pytest.raises(MissingValue):
        Resolver(steps, is_dry_run=False, query=evaluate).invocation(steps.steps[1])


USERS = trace(
    ["iam.CreateUser", {"UserName": "alice"}, {}],
    ["iam.CreateUser", {"UserName": "bob"}, {}],
    ["iam.TagUser", {"UserName": "bob"}, {}],
)


def test_several_values_are_ambiguous_and_a_number_picks_one() -> None:
    with pytest.raises(AmbiguousParameter) as ambiguous:
        lines(USERS, ("user-name", "carol"))
    assert ambiguous.value.uses == [("1.user-name", "alice"), ("2.user-name", "bob")]
    assert lines(USERS, ("2.user-name", "carol"))[1:] == [
        "aws iam create-user --user-name carol",
        "aws iam tag-user --user-name carol",
    ]


def test_a_number_means_that_command_only() -> None:
    assert lines(USERS, ("3.user-name", "carol"))[1:] == [
        "aws iam create-user --user-name bob",
        "aws iam tag-user --user-name carol",
    ]


def test_what_is_kept_stays_as_recorded_and_everything_else_follows() -> None:
    overrides = (Override.parse("1.policy-name", "tp"), Keep.parse("2.policy-arn"))
    steps = planner.make_plan(POLICY, deriver.derive(POLICY, evaluate, MODELS), overrides, Catalog())
    known = Resolver(steps, is_dry_run=False, query=evaluate)
    known.record_response(steps.steps[0], {"Policy": {"Arn": "arn:other", "Id": "x"}})
    second, third = (known.invocation(step) for step in steps.steps[1:])
    assert second.parameters == {"PolicyArn": ARN, "UserName": "alice"}
    assert third.parameters == {"PolicyArn": "x", "Tags": '[{"Key": "arn:other"}]'}
    with pytest.raises(UnknownParameter):
        planner.make_plan(POLICY, [], [Keep.parse("2.policy")], Catalog())


def test_an_unknown_parameter_is_refused_with_the_closest() -> None:
    with pytest.raises(UnknownParameter) as unknown:
        lines(USERS, ("usr-name", "x"))
    assert unknown.value.closest == ["user-name"]


@pytest.mark.parametrize("override", [Override.parse("9.user-name", "x"), Keep.parse("9.user-name")])
def test_an_override_of_a_command_that_is_not_there_is_refused(override: Override | Keep) -> None:
    with pytest.raises(UnknownCommandNumber):
        planner.make_plan(USERS, [], [override], Catalog())


def test_a_file_is_shown_by_its_name_and_sent_by_its_content() -> None:
    steps = planned(USERS, ("3.user-name", "file://carol"))
    invocation = Resolver(steps, is_dry_run=True, query=evaluate).invocation(steps.steps[2])
    assert to_str(invocation.line) == "aws iam tag-user --user-name file://carol"
    assert invocation.parameters == {"UserName": "carol"}


BUCKET = trace(
    command(
        ["s3", "mb", "s3://site-0f3a", "--region", "eu-west-1"], call("s3.CreateBucket", {"Bucket": "site-0f3a"}, {})
    ),
    ["s3.PutBucketPolicy", {"Bucket": "site-0f3a", "Policy": '"arn:aws:s3:::site-0f3a/*"'}, {}],
    command(
        ["s3", "cp", "file://a", "s3://site-0f3a/a", "--metadata", "file://m"], files={"file://m": "x=s3://site-0f3a"}
    ),
)


def test_an_override_renames_the_thing_where_it_was_named_first() -> None:
    assert lines(BUCKET, ("bucket", "other")) == [
        "aws s3 mb s3://other --region eu-west-1",
        """aws s3api put-bucket-policy --bucket other --policy '"arn:aws:s3:::other/*"'""".replace("s3api", "s3"),
        "aws s3 cp file://a s3://other/a --metadata file://m",
    ]


def test_files_of_custom_commands_follow_too() -> None:
    steps = planned(BUCKET, ("bucket", "other"))
    invocation = Resolver(steps, is_dry_run=True, query=evaluate).invocation(steps.steps[2])
    assert invocation.files == {"file://m": "x=s3://other"}
    assert invocation.parameters is None


def test_options_that_the_replay_sets_are_dropped_and_others_kept() -> None:
    recorded = trace(["ec2.DescribeVpcs", {}, {}, ["ec2", "describe-vpcs", "--region", "r", "--query", "q", "--debug"]])
    for replaced, kept in (((), "--region r --query q --debug"), (("--region",), "--query q --debug")):
        steps = planned(recorded, replaced=replaced)
        shown = to_str(Resolver(steps, is_dry_run=False, query=evaluate).invocation(steps.steps[0]).line)
        assert shown == f"aws ec2 describe-vpcs {kept}"


@pytest.mark.parametrize("between", [" ", "="])
def test_an_option_of_a_custom_command_can_be_overridden(between: str) -> None:
    line = f"cloudformation deploy --stack-name{between}one --tags stack=one"
    renamed = f"aws cloudformation deploy --stack-name{between}two --tags stack=one"
    assert lines(trace(command(line.split())), ("stack-name", "two")) == [renamed]


def subnet(zone: str) -> str:
    """The id of the subnet of a zone."""
    return f"subnet-{int.from_bytes(zone.encode(), 'big') % 16**16:017x}"


def subnets(*zones: str) -> dict[str, Any]:
    return {"Subnets": [{"SubnetId": subnet(zone), "AvailabilityZone": zone} for zone in zones]}


HERE = ("us-east-1a", "us-east-1b", "us-east-1c")
LOOKED_UP = trace(
    ["ec2.DescribeSubnets", {}, subnets(*HERE)],
    ["elbv2.CreateLoadBalancer", {"Subnets": [subnet(zone) for zone in HERE]}, {}],
    ["ec2.CreateNetworkInterface", {"SubnetId": subnet("us-east-1b")}, {}],
    ["iam.PutRolePolicy", {"PolicyDocument": '"arn:aws:sns:us-east-1:123456789012:made-elsewhere"'}, {}],
    ["sts.GetCallerIdentity", {}, {"Account": "123456789012"}],
)


def elsewhere(account: str | None = "999988887777") -> tuple[Plan, Resolver]:
    steps = planned(LOOKED_UP)
    destination = Destination("eu-west-1", account=lambda: account)
    return steps, Resolver(steps, is_dry_run=False, query=evaluate, destination=destination)


def test_a_whole_list_may_be_shorter_elsewhere() -> None:
    steps, known = elsewhere()
    known.record_response(steps.steps[0], subnets("eu-west-1a", "eu-west-1b"))
    wanted = [subnet("eu-west-1a"), subnet("eu-west-1b")]
    assert known.invocation(steps.steps[1]).parameters == {"Subnets": wanted}


def test_an_element_is_found_again_by_its_zone_in_the_other_region() -> None:
    steps, known = elsewhere()
    known.record_response(steps.steps[0], subnets("eu-west-1c", "eu-west-1b"))
    assert known.invocation(steps.steps[2]).parameters == {"SubnetId": subnet("eu-west-1b")}


def test_an_element_that_is_not_there_is_not_replaced_by_another() -> None:
    steps, known = elsewhere()
    known.record_response(steps.steps[0], subnets("eu-west-1a", "eu-west-1c"))
    with pytest.raises(MissingValue) as missing:
        known.invocation(steps.steps[2])
    assert "eu-west-1b" in missing.value.found


def test_region_and_account_become_those_that_are_played_in() -> None:
    steps, known = elsewhere()
    expected = {"PolicyDocument": '"arn:aws:sns:eu-west-1:999988887777:made-elsewhere"'}
    assert known.invocation(steps.steps[3]).parameters == expected


def test_an_account_that_nobody_tells_is_not_guessed() -> None:
    steps, known = elsewhere(account=None)
    message = "^the account id is needed, but sts get-caller-identity did not return it$"
    with pytest.raises(MissingValue, match=message):
        known.invocation(steps.steps[3])


def test_where_nothing_moved_nothing_is_asked() -> None:
    steps = planned(trace(["x.Y", {"VPCRegion": "us-east-1"}, {}]))
    destination = Destination("us-east-1", account=lambda: pytest.fail("asked"))
    known = Resolver(steps, is_dry_run=False, query=evaluate, destination=destination)
    assert known.invocation(steps.steps[0]).parameters == {"VPCRegion": "us-east-1"}
    assert known.substitutions(steps.steps[0]) == ()


def test_a_list_of_words_may_have_another_length() -> None:
    ids = [f"i-0aaaaaaaaaaaaaaa{number}" for number in range(4)]
    recorded = trace(
        ["ec2.RunInstances", {}, {"Instances": [{"InstanceId": each} for each in ids[:2]]}],
        command(["ec2", "wait", "instance-running", "--instance-ids", *ids[:2], "--debug"]),
        command(["ec2", "wait", "instance-running", "--instance-ids", ids[1]]),
    )
    for now in (ids[2:], ids[:3], ids):
        known = Resolver(planned(recorded), is_dry_run=False, query=evaluate)
        known.record_response(known.selected[0], {"Instances": [{"InstanceId": each} for each in now]})
        whole, one = (known.invocation(step) for step in known.selected[1:])
        assert whole.argv == ("ec2", "wait", "instance-running", "--instance-ids", *now, "--debug")
        assert one.argv[-1] == now[1]


def test_an_override_does_not_rename_another_thing_that_is_called_alike() -> None:
    recorded = trace(
        ["ecs.CreateCluster", {"ClusterName": "payments-api"}, {}],
        ["logs.PutRetentionPolicy", {"Family": "payments-api"}, {}],
    )
    renamed = ["aws ecs create-cluster --cluster-name payments-api", "aws logs put-retention-policy --family other"]
    assert lines(recorded, ("family", "other")) == renamed


def test_a_querys_literals_follow_too() -> None:
    ids = ("subnet-0aaaaaaaaaaaaaaa1", "subnet-0aaaaaaaaaaaaaaa2")
    recorded = trace(
        ["ec2.CreateVpc", {}, {"Vpc": {"VpcId": "vpc-0a1b2c3d4e5f67890"}}],
        [
            "ec2.DescribeSubnets",
            {},
            {"Subnets": [{"SubnetId": each, "VpcId": "vpc-0a1b2c3d4e5f67890"} for each in ids]},
            ["ec2", "describe-subnets", "--query", "Subnets[?VpcId=='vpc-0a1b2c3d4e5f67890'].SubnetId"],
        ],
        ["rds.CreateDBSubnetGroup", {"SubnetIds": list(ids)}, {}],
    )
    known = Resolver(planned(recorded), is_dry_run=False, query=evaluate)
    known.record_response(known.selected[0], {"Vpc": {"VpcId": "vpc-new"}})
    shown = to_str(known.invocation(known.selected[1]).line)
    assert split(shown)[-1] == "Subnets[?VpcId=='vpc-new'].SubnetId"
    others = [{"SubnetId": "one", "VpcId": "vpc-new"}, {"SubnetId": "two", "VpcId": "vpc-other"}]
    known.record_response(known.selected[1], {"Subnets": others})
    assert known.invocation(known.selected[2]).parameters == {"SubnetIds": ["one"]}
    known.record_response(known.selected[1], {"Subnets": others[1:]})
    with pytest.raises(MissingValue):
        known.invocation(known.selected[2])


# --- values as the text around them says them


def test_a_value_is_escaped_for_the_document_that_it_goes_into() -> None:
    once = json.dumps({"role": "telling-name-1"})
    recorded = trace(
        ["iam.CreateRole", {"RoleName": "telling-name-1"}, {}],
        ["iam.TagRole", {"Tags": once, "Note": json.dumps({"inner": once}), "Text": "role telling-name-1"}, {}],
    )
    steps = planned(recorded, ("role-name", 'a"b\\c'))
    parameters = Resolver(steps, is_dry_run=False, query=evaluate).invocation(steps.steps[1]).parameters
    assert parameters is not None
    assert json.loads(parameters["Tags"]) == {"role": 'a"b\\c'}
    assert json.loads(json.loads(parameters["Note"])["inner"]) == {"role": 'a"b\\c'}
    assert parameters["Text"] == 'role a"b\\c'


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_any_name_fits_into_any_document(name: str) -> None:
    document = json.dumps({"a": [json.dumps({"Resource": "x/telling-name-1/*"})]})
    recorded = trace(["iam.CreateRole", {"RoleName": "telling-name-1"}, {}], ["iam.TagRole", {"Tags": document}, {}])
    steps = planned(recorded, ("role-name", name))
    parameters = Resolver(steps, is_dry_run=False, query=evaluate).invocation(steps.steps[1]).parameters
    assert parameters is not None
    assert json.loads(json.loads(parameters["Tags"])["a"][0]) == {"Resource": f"x/{name.removeprefix('file://')}/*"}


def test_a_value_is_encoded_as_the_recorded_one_was() -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:things-1"
    recorded = trace(
        ["sns.CreateTopic", {}, {"TopicArn": topic}],
        ["apigateway.PutIntegration", {"uri": f"https://host/?TopicArn={quote(topic, safe='')}&x=%20"}, {}],
    )
    steps = planned(recorded)
    known = Resolver(steps, is_dry_run=False, query=evaluate)
    known.record_response(steps.steps[0], {"TopicArn": "arn:aws:sns:eu-west-1:1:a b"})
    parameters = known.invocation(steps.steps[1]).parameters
    assert parameters == {"uri": "https://host/?TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A1%3Aa%20b&x=%20"}


TABLE = trace(
    ["dynamodb.CreateTable", {"TableName": "Music"}, {}],
    ["dynamodb.BatchWriteItem", {"RequestItems": {"Music": [{"PutRequest": {"Item": {"Music": {"S": "Music"}}}}]}}, {}],
    [
        "dynamodb.BatchGetItem",
        {"RequestItems": {"Music": {"Keys": []}}},
        {"Responses": {"Music": [{"Id": {"S": "0a1b2c3d-0000-4000-8000-000000000000"}}]}},
    ],
    ["dynamodb.DeleteItem", {"TableName": "Music", "Key": {"Id": {"S": "0a1b2c3d-0000-4000-8000-000000000000"}}}, {}],
)


def test_a_key_of_a_map_is_renamed_with_the_thing_that_it_names() -> None:
    steps = planned(TABLE, ("1.table-name", "Jazz"))
    known = Resolver(steps, is_dry_run=False, query=evaluate)
    assert known.invocation(steps.steps[1]).parameters == {
        "RequestItems": {"Jazz": [{"PutRequest": {"Item": {"Music": {"S": "Music"}}}}]}
    }
    assert '\'{"Jazz": [{' in to_str(known.invocation(steps.steps[1]).line)
    known.record_response(steps.steps[2], {"Responses": {"Jazz": [{"Id": {"S": "new"}}]}})
    assert known.invocation(steps.steps[3]).parameters == {"TableName": "Jazz", "Key": {"Id": {"S": "new"}}}


# --- another partition


def test_another_partition_has_other_arns_and_hosts() -> None:
    managed, own = "arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:s3:us-east-1:123456789012:accesspoint/x"
    queue = "https://sqs.us-east-1.amazonaws.com/123456789012/q"
    request = {"PolicyArn": managed, "Own": own, "Url": queue, "Principal": "lambda.amazonaws.com"}
    steps = planned(trace(["iam.AttachUserPolicy", request, {}]))
    china = MODELS.partition("cn-north-1")
    known = Resolver(steps, is_dry_run=False, query=evaluate, destination=Destination("cn-north-1", china))
    assert known.invocation(steps.steps[0]).parameters == {
        "PolicyArn": "arn:aws-cn:iam::aws:policy/ReadOnlyAccess",
        "Own": "arn:aws-cn:s3:cn-north-1:123456789012:accesspoint/x",
        "Url": "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q",
        "Principal": "lambda.amazonaws.com",
    }


# --- what luck would decide


def published(function: str) -> list[Any]:
    return ["lambda.PublishVersion", {"FunctionName": function}, {"Version": "7"}, ["l", "p", "--query", "Version"]]


def aliased(function: str) -> Resolver:
    recorded = trace(
        published("one"),
        published("two"),
        ["lambda.CreateAlias", {"FunctionName": function, "FunctionVersion": "7"}, {}],
    )
    known = Resolver(planned(recorded), is_dry_run=False, query=evaluate)
    for step, version in zip(known.selected, ("1", "2"), strict=False):
        known.record_response(step, {"Version": version})
    return known


@pytest.mark.parametrize(("function", "version"), [("one", "1"), ("two", "2")])
def test_what_says_little_comes_from_the_command_about_the_same_thing(function: str, version: str) -> None:
    known = aliased(function)
    assert known.invocation(known.selected[2]).parameters == {"FunctionName": function, "FunctionVersion": version}


def test_sources_that_were_as_good_are_told_where_they_differ() -> None:
    known = aliased("three")
    (substitution,) = known.substitutions(known.selected[2])
    assert known.invocation(known.selected[2]).ambiguous == (substitution,)
    assert substitution.value == "2"
    assert [(rival.command, value) for rival, value in substitution.alternatives] == [(0, "1")]


def test_identifiers_that_nothing_explains_are_told() -> None:
    vpc, image = "vpc-0a1b2c3d4e5f67890", "ami-0a1b2c3d4e5f67890"
    recorded = trace(
        ["ec2.CreateVpc", {}, {"Vpc": {"VpcId": vpc}}],
        ["ec2.RunInstances", {"ImageId": image, "VpcId": vpc, "Note": f"x {image}, {vpc}", "Type": "t3.micro"}, {}],
    )
    steps = planned(recorded, ("2.image-id", "ami-1"))
    assert list(unresolved_identifiers(steps.steps[1])) == [(("Note",), image)]
