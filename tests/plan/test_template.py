"""Templates: which leaf stands where, what walks over them find, and that they give the recorded requests back."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer.commandline.options import OperationCommand
from awstracer.commandline.text import MarkedValue, Provenance, Segment, to_str, unwrap
from awstracer.plan import planner
from awstracer.plan.compiler import Draft, compile_step
from awstracer.plan.invocation import Destination, coerce_to, encode_for, encode_like, splice
from awstracer.plan.model import Step
from awstracer.plan.resolver import Resolver
from awstracer.plan.template import (
    Generated,
    Given,
    Interpolation,
    Kept,
    Piece,
    Placement,
    Reference,
    Secret,
    Template,
    TextEncoding,
)
from awstracer.relations import account_region, deriver
from awstracer.relations.model import Encoding, Relation, Source, Target
from awstracer.trace.model import Command, Trace
from awstracer.trace.paths import Path
from awstracer.trace.query import evaluate
from tests.plan.test_planner import MODELS, Catalog
from tests.relations.test_deriver import CASES, trace_of
from tests.traces import command, operation, trace

pytestmark = pytest.mark.once

HOLE = "<SECRET-0123456789ABCDEF0123456789ABCDEF>"
VPC = Source(0, "response", ("Vpc", "VpcId"))
DOCUMENT = {"Name": "web", "Vpcs": ["vpc-1", "vpc-2"], "Policy": "a/vpc-1/b/vpc-2"}


def reference(path: Path, span: tuple[int, int] | None = None) -> Reference:
    return Reference(Relation(VPC, Target(1, "request", path, span), "a test"))


GIVEN, KEPT, GENERATED, SECRET = Given("x", "x"), Kept("web"), Generated("new"), Secret(HOLE)
RELATED = reference(("Name",))


# --- what stands where


@pytest.mark.parametrize(
    ("placements", "leaves"),
    [
        ([], []),
        ([(("Name",), GIVEN), (("Name",), RELATED)], [(("Name",), GIVEN)]),
        ([(("Name",), RELATED), (("Name",), GIVEN)], [(("Name",), RELATED)]),
        ([(("Vpcs",), GIVEN), (("Vpcs", 1), RELATED)], [(("Vpcs",), GIVEN)]),
        ([(("Vpcs", 0), RELATED), (("Vpcs", 1), GIVEN)], [(("Vpcs", 0), RELATED), (("Vpcs", 1), GIVEN)]),
        ([(("Policy",), [Piece((2, 7), GIVEN)]), (("Policy",), [Piece((2, 7), RELATED)])], [(("Policy",), GIVEN)]),
        ([(("Policy",), [Piece((2, 7), GIVEN)]), (("Policy",), [Piece((0, 3), RELATED)])], [(("Policy",), GIVEN)]),
        ([(("Policy",), [Piece((2, 7), GIVEN)]), (("Policy",), RELATED)], [(("Policy",), GIVEN)]),
        ([(("Policy",), GIVEN), (("Policy",), [Piece((2, 7), RELATED)])], [(("Policy",), GIVEN)]),
        (
            [
                (("Policy",), [Piece((10, 15), GIVEN)]),
                (("Policy",), [Piece((2, 7), RELATED)]),
                (("Policy",), [Piece((11, 13), RELATED)]),
            ],
            [(("Policy",), RELATED), (("Policy",), GIVEN)],
        ),
    ],
)
def test_what_is_placed_first_keeps_its_place(placements: list[Placement], leaves: list[Any]) -> None:
    template = Template.of(DOCUMENT, placements)
    assert list(template.walk()) == leaves
    assert list(template.references()) == [leaf for _, leaf in leaves if leaf is RELATED]


@pytest.mark.parametrize(
    ("path", "where"),
    [(("Vpcs",), ("Vpcs",)), (("Vpcs", 1), ("Vpcs",)), (("Name",), ("Name",)), (("Policy",), None), (("Vpc",), None)],
)
def test_the_leaf_at_a_path_or_around_it_is_found(path: Path, where: Path | None) -> None:
    found = Template.of(DOCUMENT, [(("Vpcs",), GIVEN), (("Name",), RELATED)]).covering(path)
    assert (found and found[0]) == where


@pytest.mark.parametrize(
    ("recorded", "piece", "text", "encoding"),
    [
        ("a vpc-1", Piece((2, 7), RELATED), "a vpc-1", TextEncoding(False, False)),
        (b"a vpc-1", Piece((2, 7), GIVEN), "a vpc-1", TextEncoding(False, True)),
        (f"p={HOLE};", Piece((2, 43), SECRET), f"p={HOLE};", TextEncoding(False, False)),
        (
            base64.b64encode(b"a vpc-1 = b;").decode(),
            Piece((2, 7), RELATED, "base64"),
            "a vpc-1 = b;",
            TextEncoding(True, False),
        ),
        (
            base64.b64encode(b"a vpc-1 = b;").decode(),
            Piece((2, 7), GIVEN),
            "YSB2cGMtMSA9IGI7",
            TextEncoding(False, False),
        ),
        (base64.b64encode(f"p={HOLE};;".encode()), Piece((2, 43), SECRET), f"p={HOLE};;", TextEncoding(True, True)),
    ],
)
def test_a_string_with_pieces_is_read_as_what_it_encodes(
    recorded: str | bytes, piece: Piece, text: str, encoding: TextEncoding
) -> None:
    (leaf,) = Template.of({"A": recorded}, [(("A",), [piece])]).leaves.values()
    assert leaf == Interpolation(text, (piece,), encoding)


# --- precedence


def draft(**more: Any) -> Draft:
    """A draft of a step that makes a subnet, whose parameters all come from elsewhere too."""
    made = operation("ec2.CreateSubnet", {"VpcId": "vpc-1", "Token": HOLE}, {})
    form = OperationCommand(("ec2", "create-subnet"), (), generated_values={("VpcId",): "new"})
    bare = Step(2, made, form, (), (), Template(made.request, {}), None, Template(made.response, {}))
    related = tuple(reference((name,)).relation for name in ("VpcId", "Token"))
    return Draft(bare, request=related, **more)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (draft(given_values={(("VpcId",), None): GIVEN}, kept_values={("VpcId",): KEPT}), GIVEN),
        (draft(kept_values={("VpcId",): KEPT}), KEPT),
        (draft(), GENERATED),
        (replace(draft(), bare=replace(draft().bare, operation_command=None)), reference(("VpcId",))),
        (replace(draft(), request=(), bare=replace(draft().bare, operation_command=OperationCommand((), ()))), None),
    ],
)
def test_an_override_goes_before_what_is_kept_before_what_is_generated_before_a_relation(
    steps: Draft, expected: Any
) -> None:
    assert compile_step(steps).request.leaves.get(("VpcId",)) == expected


def test_a_secret_that_a_response_gives_is_not_missing() -> None:
    assert compile_step(draft()).request.leaves["Token",] == reference(("Token",))
    assert [leaf for _, leaf in compile_step(replace(draft(), request=())).request.walk()] == [GENERATED, SECRET]


# --- values in the place of recorded ones


@pytest.mark.parametrize(
    ("value", "recorded", "expected"),
    [
        ("a", "b", "a"),
        ("a\n", "b", "a"),
        ("a\n", "b\n", "a\n"),
        (7, "6", "7"),
        (True, "false", "true"),
        ("a", b"b", b"a"),
        (b"a", b"b", b"a"),
        (["a", "b"], ["c"], ["a", "b"]),
    ],
)
def test_a_value_becomes_of_the_recorded_type(value: Any, recorded: Any, expected: Any) -> None:
    assert unwrap(coerce_to(MarkedValue(value, Provenance.DERIVED), recorded)) == expected


@pytest.mark.parametrize(
    ("text", "place", "encoding", "value", "expected"),
    [
        ("a b c", (2, 3), "plain", 'x"y', 'a x"y c'),
        ('{"a": "b"}', (7, 8), "plain", 'x"y', '{"a": "x\\"y"}'),
        ('["{\\"a\\": \\"b\\"}"]', (12, 13), "plain", 'x"', '["{\\"a\\": \\"x\\\\\\"\\"}"]'),
        ("?a=b%2Fc", (3, 8), "percent", "x/y z", "?a=x%2Fy%20z"),
        ("?a=b/c", (3, 6), "percent", "x/y z", "?a=x/y%20z"),
        (f"db://u:{HOLE}@h", (7, 48), "plain", "p@ss", "db://u:p%40ss@h"),
        (f"key {HOLE}", (4, 45), "plain", "p@ss", "key p@ss"),
    ],
)
def test_a_value_is_encoded_for_its_slice(
    text: str, place: tuple[int, int], encoding: Encoding, value: str, expected: str
) -> None:
    made = splice(text, [(place, encode_for((Segment(value),), text, place, encoding))])
    assert to_str(made) == expected


@pytest.mark.parametrize(
    ("encoding", "value"),
    [
        (TextEncoding(False, False), "a é"),
        (TextEncoding(False, True), "a é".encode()),
        (TextEncoding(True, False), base64.b64encode("a é".encode()).decode()),
        (TextEncoding(True, True), base64.b64encode("a é".encode())),
    ],
)
@pytest.mark.parametrize("provenance", [Provenance.DERIVED, Provenance.HIDDEN])
def test_a_changed_text_is_encoded_like_the_recorded_one(
    encoding: TextEncoding, value: str | bytes, provenance: Provenance
) -> None:
    made = encode_like(encoding, (Segment("a "), Segment("é", provenance)))
    assert (made.value, made.provenance) == (value, provenance)


# --- recorded responses give recorded requests


def requests(recorded: Trace) -> list[Any]:
    """What a replay sends that gets the recorded responses, where the trace was recorded."""
    found = deriver.derive(recorded, evaluate, MODELS)
    account = account_region.recorded_account(account_region.recorded_environment(recorded, MODELS))
    destination = Destination("us-east-1", ("aws", "amazonaws.com"), lambda: account)
    made = planner.make_plan(recorded, found, [], Catalog())
    resolver = Resolver(made, is_dry_run=False, query=evaluate, destination=destination)
    sent = []
    for step in made.steps:
        invocation = resolver.invocation(step)
        sent.append(
            invocation.parameters if step.operation_command is not None else (invocation.argv, invocation.files)
        )
        resolver.record_response(step, step.command.response)
    return sent


def asked(command: Command) -> Any:
    return (command.argv, command.files) if command.operation is None else command.operation.parameters


@pytest.mark.parametrize("case", CASES, ids=[f"{case['group']}: {case['name']}" for case in CASES])
def test_a_trace_that_is_resolved_with_its_own_responses_is_as_recorded(case: dict[str, Any]) -> None:
    recorded = trace_of(case)
    assert requests(recorded) == list(map(asked, recorded.commands))


IDS = st.sampled_from([f"vpc-0a1b2c3d4e5f6071{number}" for number in range(4)])
ARNS = IDS.map(lambda name: f"arn:aws:ec2:us-east-1:123456789012:vpc/{name}")
NAMES = st.sampled_from(["orders-queue-1", "telling-name-2"])
TEXTS = IDS | ARNS | NAMES | st.text("ab /:", max_size=4)
STRINGS = TEXTS | st.one_of(
    st.lists(TEXTS, max_size=3).map(json.dumps),
    st.lists(TEXTS, max_size=2).map(lambda texts: json.dumps({"inner": json.dumps(texts)})),
    st.lists(TEXTS, min_size=1, max_size=3).map(lambda texts: f"first {' and '.join(texts)}"),
    TEXTS.map(lambda text: base64.b64encode(f"#!/bin/sh = {text}\n".encode()).decode()),
    TEXTS.map(lambda text: f"https://host/?a={quote(text, safe='')}"),
)
DOCUMENTS = st.dictionaries(
    st.sampled_from(["VpcId", "Name", "Arn", "Ids", "Tags", "Policy"]),
    STRINGS | st.lists(STRINGS, max_size=3) | st.dictionaries(TEXTS, STRINGS, max_size=2),
    max_size=4,
)
COMMANDS = st.one_of(
    st.builds(operation, st.sampled_from(["ec2.CreateVpc", "iam.CreateRole", "sns.Publish"]), DOCUMENTS, DOCUMENTS),
    st.lists(TEXTS, max_size=3).map(lambda words: command(["s3", "cp", *words])),
)


@given(st.lists(COMMANDS, max_size=5))
def test_any_trace_that_is_resolved_with_its_own_responses_is_as_recorded(commands: list[Command]) -> None:
    recorded = trace(*commands)
    assert requests(recorded) == list(map(asked, recorded.commands))
