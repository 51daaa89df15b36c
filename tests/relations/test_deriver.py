"""Which value feeds which: small traces with the relations that they have, and all that they have."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer.aws.catalog import Catalog
from awstracer.relations import deriver
from awstracer.relations.index import RelevanceFilter
from awstracer.relations.model import EnvironmentValue, Relation
from awstracer.trace.model import Trace
from awstracer.trace.paths import format_path, transform
from awstracer.trace.query import evaluate
from tests.traces import call, command, operation, trace

pytestmark = pytest.mark.once

MODELS = Catalog()
CASES = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))
GROUPS = {"born", "forms", "evidence", "lists", "elements", "settings", "overrides", "latest", "sources"}


def trace_of(case: dict[str, Any]) -> Trace:
    return trace(*(_command(entry) for entry in case["trace"]))


def _command(entry: Any) -> Any:
    if isinstance(entry, list):
        return operation(*entry)
    return command(entry["argv"], *(call(*each) for each in entry["calls"]), files=entry.get("files"))


def told(relation: Relation) -> str:
    """`2 VpcId <- 1 response Vpc.VpcId`, with the characters taken up and the part taken, if it isn't all."""
    target, source = relation.target, relation.source
    span = f" {target.span[0]}:{target.span[1]}" if target.span else ""
    place = f"{target.command + 1} {'query' if target.section == 'query' else format_path(target.path)}{span}"
    if isinstance(source, EnvironmentValue):
        return f"{place} <- {source.name}"
    part = f" part {source.part[0]}:{'' if source.part[1] is None else source.part[1]}" if source.part else ""
    return f"{place} <- {source.command + 1} {source.section} {format_path(source.path)}{part}"


def asked(found: list[Relation]) -> list[Relation]:
    """The relations of requests, and of queries, but for the partition in each ARN."""
    elsewhere = ("partition", "suffix")
    return [
        relation
        for relation in found
        if relation.target.section in ("request", "query")
        and not (isinstance(relation.source, EnvironmentValue) and relation.source.name in elsewhere)
    ]


@pytest.mark.parametrize("case", CASES, ids=[f"{case['group']}: {case['name']}" for case in CASES])
def test_a_trace_has_these_relations_and_no_others(case: dict[str, Any]) -> None:
    found = deriver.derive(trace_of(case), evaluate, MODELS)
    assert sorted(told(relation) for relation in asked(found)) == sorted(case["expect"])


def test_the_cases_are_of_all_groups_and_half_of_them_leave_something_alone() -> None:
    assert {case["group"] for case in CASES} == GROUPS
    assert {case["group"] for case in CASES if case.get("leaves_alone")} == GROUPS
    assert 2 * sum(case.get("leaves_alone", False) for case in CASES) >= len(CASES)


def test_there_is_evidence_for_every_relation() -> None:
    assert all(relation.evidence for case in CASES for relation in deriver.derive(trace_of(case), evaluate, MODELS))


MINTED = ["vpc-0a1b2c3d4e5f67890", "i-0aaaaaaaaaaaaaaa1", "i-0aaaaaaaaaaaaaaa2", "subnet-0a1b2c3d4e5f67890"]


@given(st.sampled_from(CASES), st.permutations(range(10)))
def test_other_minted_ids_make_no_other_relations(case: dict[str, Any], digits: list[int]) -> None:
    """What is related does not depend on which digits the service happened to roll."""
    table = {ord(str(i)): str(digit) for i, digit in enumerate(digits)}

    def other_name(match: re.Match[str]) -> str:
        prefix, dash, rest = match[0].rpartition("-")
        return prefix + dash + rest.translate(table)

    def renamed(_: Any, node: Any) -> Any:
        return re.sub("|".join(MINTED), other_name, node) if isinstance(node, str) else None

    other = {**case, "trace": transform(case["trace"], renamed)}
    assert list(map(told, deriver.derive(trace_of(other), evaluate, MODELS))) == list(
        map(told, deriver.derive(trace_of(case), evaluate, MODELS))
    )


def test_a_query_for_an_element_that_nobody_could_count_to_prints_nothing() -> None:
    line = ("ec2", "describe-vpcs", "--query", f"Vpcs[{'9' * 5000}].VpcId")
    listing = operation("ec2.DescribeVpcs", {}, {"Vpcs": [{"VpcId": "vpc-0a1b2c3d4e5f67890"}]}, line)
    use = operation("ec2.DeleteVpc", {"VpcId": "vpc-0a1b2c3d4e5f67890"}, {})
    found = deriver.derive(trace(listing, use), evaluate, MODELS)
    assert list(map(told, found)) == ["2 VpcId <- 1 response Vpcs[0].VpcId"]


@pytest.mark.parametrize("size", [3, 300])
def test_an_element_of_a_list_is_found_however_long_the_list_is(size: int) -> None:
    vpcs = [{"VpcId": f"vpc-{number:017x}", "State": "available", "Tags": []} for number in range(1, size + 1)]
    listing = operation("ec2.DescribeVpcs", {}, {"Vpcs": vpcs})
    use = operation("ec2.DeleteVpc", {"VpcId": vpcs[-1]["VpcId"]}, {})
    found = deriver.derive(trace(listing, use), evaluate, MODELS)
    assert list(map(told, found)) == [f"2 VpcId <- 1 response Vpcs[{size - 1}].VpcId"]


@pytest.mark.parametrize(
    ("text", "is_relevant"),
    [
        ("vpc-0a1b", True),
        ("0a1b-vpc", True),
        ("vpc-0a1c", False),
        ("arn:aws:ec2:us-east-1:111111111111:vpc/0a1b", True),  # its last token alone may be used
        ("arn:aws:ec2:us-east-1:111111111111:vpc/0a1c", False),
        ("arn:aws:ec2:us-east-1:123456789012:vpc/0a1c", True),  # the account
        ("vpc_0a1b_and_more", False),
        ("=", False),
        ("", False),
    ],
)
def test_a_string_is_relevant_if_its_tokens_are_in_some_request(text: str, is_relevant: bool) -> None:
    request = {"Tags": ["vpc-0a1b", "123456789012"]}
    relevance = RelevanceFilter.of(trace(["ec2.CreateTags", request, {}]), "123456789012")
    assert relevance.is_relevant(text) is is_relevant
    assert relevance.is_relevant(text) is is_relevant  # as it remembers


def test_the_tokens_of_what_a_request_encodes_are_relevant_too() -> None:
    request = {"Url": "a%3Dvpc", "UserData": "ZWNobyBpLTBhMWIgPiBmaWxl"}
    relevance = RelevanceFilter.of(trace(["ec2.RunInstances", request, {}]), None)
    assert relevance.is_relevant("vpc")
    assert relevance.is_relevant("i-0a1b")
    assert not relevance.is_relevant("i-0a1c")


@given(st.text("ab1-:/ é\n", max_size=6))
def test_a_request_is_relevant_to_itself(text: str) -> None:
    relevance = RelevanceFilter.of(trace(["ec2.CreateTags", {"Tags": [text]}, {}]), None)
    assert relevance.is_relevant(text) == any(character.isascii() and character.isalnum() for character in text)
