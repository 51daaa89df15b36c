"""Dry runs without awscli: what the trace has of its answers is enough, and is believed only where it is so."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer import __version__, configuration, driver, frugal, known, noting, planning, preview, relations, tracefile
from awstracer.known import Known
from awstracer.options import Extra, OperationCommand, Option
from awstracer.places import Shape, plain_path
from awstracer.plan import outline
from awstracer.queries import query
from awstracer.resolve import Knowledge
from awstracer.text import Span, plain
from awstracer.trace import Command, Operation, Trace

from .programs import BIN, Relay, play, rec
from .test_relations import CASES, MODELS, trace_of
from .traces import THEN, command, operation, trace
from .values import TEXT

pytestmark = pytest.mark.once

SCHEMA = jsonschema.Draft202012Validator(
    json.loads((Path(known.__file__).parent / "trace.schema.json").read_text(encoding="utf-8"))
)
TRACE = ("--trace-file", "t.trace")
DRY = (*TRACE, "--dryrun")
LINES = (
    "aws ec2 create-vpc --cidr-block 10.0.0.0/16 --query Vpc.VpcId",
    "aws ec2 describe-vpcs --query 'Vpcs[?IsDefault].VpcId | [0]' --output text",
    "aws sns create-topic --name jobs --attributes DisplayName=Jobs",
    "aws s3 mb s3://some-bucket-of-mine",
    "aws s3api put-object --bucket some-bucket-of-mine --key k --body body",
    "aws lambda list-functions --max-items 3",
)


def noted(of: Trace) -> Known | None:
    found = noting.noted(of, query, lambda: MODELS, driver.VERSION)
    return known.read(json.loads(json.dumps(found)), of) if found is not None else None


def shown(of: Trace, aws: Any) -> list[str]:
    """The relations of a trace, and the lines of its dry run in another region, by what is told of awscli."""
    found = relations.derive(of, query, aws)
    made = outline(of, found, aws)
    knowledge = Knowledge(made, live=False, query=query, played=planning.place("eu-west-1", aws))
    return [*map(repr, found), *(plain(knowledge.invocation(step).shown) for step in knowledge.steps)]


def test_what_is_noted_tells_as_much_as_awscli() -> None:
    traces = [trace_of(case) for case in CASES]
    told = [(each, found) for each in traces for found in [noted(each)] if found is not None]
    assert len(told) > 0.9 * len(traces)
    assert all(shown(each, found) == shown(each, MODELS) for each, found in told)


NAMES = st.frozensets(TEXT, max_size=3)
PATHS = st.lists(TEXT | st.just(0), max_size=3).map(tuple)
SHAPES = st.builds(Shape, st.booleans(), st.none() | TEXT.filter(bool), st.booleans())
OPTIONS = st.builds(
    Option,
    name=TEXT,
    path=PATHS,
    kind=TEXT,
    item=st.none() | TEXT.filter(bool),
    no=st.none() | TEXT.filter(bool),
    expands=st.booleans(),
    hidden=st.booleans(),
    lacks=NAMES,
)
EXTRAS = st.builds(
    Extra, TEXT, st.lists(TEXT.map(lambda word: (Span(word),)), max_size=2).map(tuple), members=NAMES, inexact=NAMES
)
COMMANDS = st.builds(
    OperationCommand,
    st.lists(TEXT, max_size=2).map(tuple),
    st.lists(OPTIONS, max_size=2).map(tuple),
    st.lists(EXTRAS, max_size=2).map(tuple),
    takes_json=st.booleans(),
)
MEMBERS = st.tuples(TEXT, TEXT, st.sampled_from(["request", "response"]), PATHS)


@given(
    st.dictionaries(TEXT, st.booleans()),
    st.dictionaries(TEXT, st.tuples(TEXT, TEXT)),
    st.dictionaries(TEXT, NAMES),
    st.dictionaries(MEMBERS, SHAPES.filter(lambda shape: shape != Shape())),
    st.lists(st.none() | COMMANDS, max_size=4),
)
def test_what_is_noted_is_read_again(
    options: Any, regions: Any, services: Any, members: Any, commands: list[OperationCommand | None]
) -> None:
    made = [Operation("iam", "ListUsers", {}) if each else None for each in commands]
    of = Trace(tuple(Command((), each, (), 0, THEN, THEN) for each in made))
    forms = {number: each for number, each in enumerate(commands, 1) if each is not None}
    answers = Known("1.2.3", options, regions, services, members, forms)
    written = tracefile.dumps(replace(of, known=noting.document(answers, of)))
    SCHEMA.validate(json.loads(written))
    assert known.read(tracefile.loads(written).known, of) == answers


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_whatever_stands_in_the_place_of_what_is_noted_is_read_or_not(data: st.DataObject) -> None:
    of = trace(["iam.CreateUser", {"UserName": "alice"}, {}], command(["s3", "ls"]))
    document = dict(noting.noted(of, query, lambda: MODELS, driver.VERSION) or {})
    name = data.draw(st.sampled_from(sorted(document)))
    path, node = [name], document[name]
    while isinstance(node, (dict, list)) and node and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        path, node = [*path, key], node[key]
    bent = json.loads(json.dumps(document))
    inner = bent
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = data.draw(JSON.filter(lambda value: value != node))
    found = known.read(bent, of)
    assert found is None or known.read(json.loads(json.dumps(noting.document(found, of))), of) == found


@functools.cache
def session() -> bytes:
    """The trace of a session in the home at hand; recorded once, since that takes a while."""
    Path("body").write_text("b")
    assert rec(*TRACE, "-n", "-c", lines=LINES).code == 0
    return Path("t.trace").read_bytes()


@pytest.fixture
def recorded(aws_home: Path) -> Path:
    """A home with a trace of a session."""
    (aws_home / ".aws").mkdir()
    (aws_home / ".aws" / "config").write_text("[default]\nregion = us-east-1\n[profile other]\nregion = eu-west-1\n")
    Path("t.trace").write_bytes(session())
    return aws_home


def imports(*args: str) -> str:
    """What `awstrace-play` imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", BIN / "awstrace-play", *args], capture_output=True, text=True, check=True
    )
    return done.stderr


def without(path: str) -> None:
    """Take what is noted out of a trace file."""
    tracefile.save(replace(tracefile.load(Path(path)), known=None), Path(path))


@pytest.mark.parametrize(
    "switches",
    [
        [],
        ["--explain"],
        ["--output", "json"],
        ["--region", "ap-south-2"],
        ["--profile", "other", "--explain"],
        ["--only", "1..3"],
    ],
)
@pytest.mark.usefixtures("recorded")
def test_a_dry_run_of_a_recorded_trace_shows_the_same_without_awscli(
    switches: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert not {"awscli", "botocore"} & {line.split("|")[-1].strip() for line in imports(*DRY, *switches).splitlines()}
    quick = play(*DRY, *switches)
    without("t.trace")
    assert (quick, quick.code) == (play(*DRY, *switches), 0)


@pytest.mark.usefixtures("recorded")
def test_what_is_overridden_is_read_by_awscli() -> None:
    quick = play(*DRY, "-p", "3.attributes", "DisplayName=Work")
    assert "--attributes DisplayName=Work" in quick.out


@pytest.mark.usefixtures("recorded")
def test_an_edited_trace_is_shown_as_it_is() -> None:
    text = Path("t.trace").read_text()
    Path("t.trace").write_text(text.replace('"Name": "jobs"', '"Name": "other", "DataProtectionPolicy": "{}"'))
    assert tracefile.load(Path("t.trace")).known is None
    assert "--data-protection-policy '{}' --name other" in play(*DRY).out


@pytest.mark.usefixtures("recorded")
def test_an_edited_trace_may_have_no_key_twice() -> None:
    text = Path("t.trace").read_text()
    Path("t.trace").write_text(text.replace('"Name": "jobs"', '"Name": "jobs", "Name": "other"'))
    result = play(*DRY)
    assert (result.code, result.out) == (2, "")
    assert "'Name' twice" in result.err


@pytest.mark.usefixtures("recorded")
def test_what_is_noted_counts_only_where_the_recorder_writes_it() -> None:
    document = json.loads(Path("t.trace").read_text())
    document["known"]["of"] = 0  # as of no text at all
    Path("t.trace").write_text(json.dumps(document))
    assert tracefile.load(Path("t.trace")).known is None


def bent(text: str, new: str) -> None:
    """Have what is noted in a trace lie."""
    found = tracefile.load(Path("t.trace"))
    changed = json.loads(json.dumps(found.known).replace(text, new))
    assert changed != found.known
    tracefile.save(replace(found, known=changed), Path("t.trace"))


@pytest.mark.usefixtures("recorded")
def test_a_trace_that_says_of_awscli_what_is_not_so_is_not_played(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    bent("--cidr-block", "--dry-run")
    assert "--dry-run 10.0.0.0/16" in play(*DRY).out
    monkeypatch.setenv("AWS_ENDPOINT_URL", relay.url)
    result = play(*TRACE)
    assert (result.code, result.out, len(result.err.splitlines()), list(relay.requests)) == (2, "", 1, [])
    assert "awscli" in result.err


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(("text", "new"), [('"path": ["CidrBlock"]', '"path": []'), ('"words": ["sns"', '"words": [7')])
def test_what_fits_nothing_is_not_believed(text: str, new: str) -> None:
    sensible = play(*DRY)
    bent(text, new)
    assert (play(*DRY), sensible.code) == (sensible, 0)


@pytest.mark.usefixtures("recorded")
def test_what_another_awscli_has_answered_is_not_believed() -> None:
    bent("--cidr-block", "--dry-run")
    for mine, others in (driver.VERSION, "1.0.0"), (__version__, "0.1"):
        before = tracefile.load(Path("t.trace"))
        bent(f'"{mine}"', f'"{others}"')
        assert "--cidr-block 10.0.0.0/16" in play(*DRY).out
        tracefile.save(before, Path("t.trace"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".aws/models/iam/2010-05-08/service-2.json", "{}"),
        (".aws/cli/alias", "[toplevel]\nwho = sts get-caller-identity\n"),
        (".aws/config", "[plugins]\nmine = some.module\n"),
        (".aws/config", "no configuration"),
        (".aws/config", "[default]\nregion = us-east-1\n"),
    ],
)
def test_commands_of_the_persons_own_are_awsclis_to_tell(home: Path, name: str, text: str) -> None:
    (home / name).parent.mkdir(parents=True)
    (home / name).write_text(text)
    assert configuration.is_plain(os.environ) == ("region" in text)


@pytest.mark.usefixtures("home")
def test_files_that_can_not_be_looked_for_are_awsclis_to_tell() -> None:
    environment = {"AWS_CONFIG_FILE": "x" * 5000}
    assert not configuration.is_plain(environment)
    assert not configuration.is_readable(environment)
    with pytest.raises(configuration.Unclear):
        configuration.region(environment, None)


def test_models_in_a_folder_of_the_persons_are_awsclis_to_tell(home: Path) -> None:
    its = "/somewhere/site-packages/awscli/data"
    assert configuration.is_plain({"AWS_DATA_PATH": its})
    assert not configuration.is_plain({"AWS_DATA_PATH": f"{home}{os.pathsep}{its}"})


CONFIG = """\
[default]
region = us-west-1
[profile empty]
[profile "with blank"]
region = eu-west-1
[profile nested]
region =
  a = b
[other]
region = eu-west-3
"""
CREDENTIALS = "[default]\naws_access_key_id = A\n[only]\nregion = ap-south-1\n[empty]\nregion = eu-north-1\n"


@pytest.mark.parametrize(
    ("environment", "profile"),
    [
        ({}, None),
        ({"AWS_DEFAULT_REGION": ""}, "empty"),
        ({"AWS_DEFAULT_REGION": "sa-east-1", "AWS_PROFILE": "none"}, None),
        *(({"AWS_PROFILE": name}, None) for name in ("default", "with blank", "only")),
        ({"AWS_PROFILE": "only", "AWS_DEFAULT_PROFILE": "empty"}, None),
        ({"AWS_PROFILE": "only"}, "with blank"),
        ({"AWS_CONFIG_FILE": ""}, None),
        ({"AWS_CONFIG_FILE": "~/.aws/nothing"}, "only"),
    ],
)
def test_the_region_is_the_one_that_awscli_finds(
    home: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], profile: str | None
) -> None:
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text(CONFIG)
    (home / "mine").write_text(CREDENTIALS)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "$HOME/mine")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    aws = driver.AwsCli()
    aws.check_profile(profile)
    assert configuration.region(os.environ, profile) == aws.region(profile)


@pytest.mark.parametrize("profile", ["none", "other", "nested"])
def test_what_awscli_would_say_of_a_profile_is_not_found_without_it(home: Path, profile: str) -> None:
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text(CONFIG)
    for environment, given_name in ({"AWS_PROFILE": profile}, None), ({}, profile):
        with pytest.raises(configuration.Unclear):
            configuration.region(environment, given_name)


def test_the_region_is_found_in_ordinary_files(home: Path) -> None:
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text(CONFIG)
    assert configuration.region({}, None) == "us-west-1"
    assert configuration.region({"AWS_PROFILE": "with blank"}, None) == "eu-west-1"
    assert configuration.region({}, "with blank") == "eu-west-1"


def test_the_installed_awscli_is_the_one_that_is_imported() -> None:
    assert preview._installed() == driver.VERSION


def test_what_awscli_makes_up_anew_is_asked_each_time() -> None:
    argv = ("cloudfront", "create-invalidation", "--distribution-id", "E1", "--paths", "/a")
    batch = {"Paths": {"Quantity": 1, "Items": ["/a"]}, "CallerReference": "cli-1-2"}
    made = operation("cloudfront.CreateInvalidation", {"DistributionId": "E1", "InvalidationBatch": batch}, {}, argv)
    assert noted(trace(made)) is None
    assert noted(trace(["iam.CreateUser", {"UserName": "alice"}, {}])) is not None


def test_a_trace_of_which_nothing_can_be_noted_is_saved_all_the_same() -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

    of = trace(["iam.CreateUser", {"UserName": "alice"}, {}])
    assert noting.noted(of, query, Broken, "1") is None
    assert noting.noted(trace(["nosuch.Thing", {}, {}]), query, lambda: MODELS, "1") is None


MEMBERS_OF = st.sampled_from(["a", "b", "_c", "true", "null"])
DOCUMENTS = st.recursive(
    st.none() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS_OF, inner, max_size=3),
    max_leaves=8,
)
STEPS = st.lists(MEMBERS_OF.map(".{}".format) | st.integers(0, 3).map("[{}]".format), max_size=4).map("".join)


@given(MEMBERS_OF, STEPS, st.dictionaries(MEMBERS_OF, DOCUMENTS, max_size=4))
def test_a_plain_query_makes_of_a_response_what_jmespath_does(first: str, rest: str, document: Any) -> None:
    assert plain_path(first + rest) is not None
    assert query(first + rest, document) == frugal.search(first + rest, document)
