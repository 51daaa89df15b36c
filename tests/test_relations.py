"""Which value feeds which: small traces with the relations that they have, and all that they have."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer import identifiers, places, relations
from awstracer.catalog import Catalog
from awstracer.location import Setting
from awstracer.queries import query
from awstracer.relations import Relation
from awstracer.trace import Trace, rebuilt, spelled
from awstracer.wanted import Wanted

from .traces import call, command, operation, trace

pytestmark = pytest.mark.once

MODELS = Catalog()
CASES = json.loads((Path(__file__).parent / "relations.json").read_text(encoding="utf-8"))
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
    place = f"{target.command + 1} {'query' if target.side == 'query' else spelled(target.path)}{span}"
    if isinstance(source, Setting):
        return f"{place} <- {source.name}"
    part = f" part {source.part[0]}:{'' if source.part[1] is None else source.part[1]}" if source.part else ""
    return f"{place} <- {source.command + 1} {source.side} {spelled(source.path)}{part}"


def asked(found: list[Relation]) -> list[Relation]:
    """The relations of requests, and of queries, but for the partition in each ARN."""
    elsewhere = ("partition", "suffix")
    return [
        relation
        for relation in found
        if relation.target.side in ("request", "query")
        and not (isinstance(relation.source, Setting) and relation.source.name in elsewhere)
    ]


@pytest.mark.parametrize("case", CASES, ids=[f"{case['group']}: {case['name']}" for case in CASES])
def test_a_trace_has_these_relations_and_no_others(case: dict[str, Any]) -> None:
    found = relations.derive(trace_of(case), query, MODELS)
    assert sorted(told(relation) for relation in asked(found)) == sorted(case["expect"])


def test_the_cases_are_of_all_groups_and_half_of_them_leave_something_alone() -> None:
    assert {case["group"] for case in CASES} == GROUPS
    assert {case["group"] for case in CASES if case.get("leaves_alone")} == GROUPS
    assert 2 * sum(case.get("leaves_alone", False) for case in CASES) >= len(CASES)


def test_how_many_commands_are_read_at_a_time_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    traces = [trace_of(case) for case in CASES]
    found = [relations.derive(each, query, MODELS) for each in traces]
    monkeypatch.setattr(relations, "BATCH", 1)
    assert [relations.derive(each, query, MODELS) for each in traces] == found


def test_there_is_evidence_for_every_relation() -> None:
    assert all(relation.evidence for case in CASES for relation in relations.derive(trace_of(case), query, MODELS))


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

    other = {**case, "trace": rebuilt(case["trace"], renamed)}
    assert list(map(told, relations.derive(trace_of(other), query, MODELS))) == list(
        map(told, relations.derive(trace_of(case), query, MODELS))
    )


def test_a_query_for_an_element_that_nobody_could_count_to_prints_nothing() -> None:
    line = ("ec2", "describe-vpcs", "--query", f"Vpcs[{'9' * 5000}].VpcId")
    listing = operation("ec2.DescribeVpcs", {}, {"Vpcs": [{"VpcId": "vpc-0a1b2c3d4e5f67890"}]}, line)
    use = operation("ec2.DeleteVpc", {"VpcId": "vpc-0a1b2c3d4e5f67890"}, {})
    found = relations.derive(trace(listing, use), query, MODELS)
    assert list(map(told, found)) == ["2 VpcId <- 1 response Vpcs[0].VpcId"]


@pytest.mark.parametrize("size", [3, places.MANY + 1])
def test_an_element_of_a_list_is_found_however_long_the_list_is(size: int) -> None:
    vpcs = [{"VpcId": f"vpc-{number:017x}", "State": "available", "Tags": []} for number in range(1, size + 1)]
    listing = operation("ec2.DescribeVpcs", {}, {"Vpcs": vpcs})
    use = operation("ec2.DeleteVpc", {"VpcId": vpcs[-1]["VpcId"]}, {})
    found = relations.derive(trace(listing, use), query, MODELS)
    assert list(map(told, found)) == [f"2 VpcId <- 1 response Vpcs[{size - 1}].VpcId"]


TEXTS = st.text("ab1-:/ é\n", max_size=6)


@given(st.lists(TEXTS), st.lists(st.lists(TEXTS | st.integers() | st.none() | st.booleans())))
def test_a_look_at_many_strings_says_what_one_at_each_says(asked: list[str], groups: list[list[Any]]) -> None:
    wanted = Wanted.of(trace(["ec2.CreateTags", {"Tags": asked}, {}]), None)
    sieve = wanted.sieve
    for group in groups:
        alone = [Wanted(wanted.words, wanted.lists).matters(node) for node in group]
        assert sieve.any_of(group) == any(alone)
        assert [sieve.matters(node) for node in group] == alone


@given(st.text() | TEXTS)
def test_the_runs_of_letters_and_digits_are_found_where_they_are(text: str) -> None:
    found = list(identifiers.ATOM.finditer(text))
    assert identifiers.atoms(text) == [match[0] for match in found]
    spaced = identifiers.spaced(text)
    assert len(spaced) == len(text)
    assert [match.span() for match in identifiers.ATOM.finditer(spaced)] == [match.span() for match in found]


@given(st.text() | TEXTS)
def test_no_line_begins_with_other_letters_and_digits_than_those_that_are_told(lines: str) -> None:
    first = [match[0] for line in lines.split("\n") if (match := identifiers.ATOM.search(line))]
    told = identifiers.first_atoms(lines)
    assert told == first if lines.isascii() else set(told) >= set(first)
