"""What is kept of a script's commands, and the small parts that a recording of them is made of."""

from __future__ import annotations

import configparser
import io
import os
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer.aws.capture import Outcome
from awstracer.aws.settings import ACCESS_KEY_VARIABLE, RECORDER_VARIABLE
from awstracer.record import aws_cli_v2, rules
from awstracer.record.client import InputTee
from awstracer.trace.model import Call, Operation

pytestmark = pytest.mark.once

OPTIONS = {"--region": True, "--profile": True, "--endpoint-url": True, "--debug": False, "--output": True}
NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


# --- pauses


@pytest.mark.parametrize(
    ("sleeps", "seconds"),
    [
        ([], 0),
        ([(2, 5)], 3),
        ([(2, 5), (7, 8)], 4),
        ([(2, 5), (3, 4)], 3),
        ([(2, 5), (4, 7)], 5),
        ([(-5, 1), (9, 20)], 2),
        ([(-5, 20)], 10),
        ([(-5, -1), (12, 13)], 0),
    ],
)
def test_time_asleep_counts_once_and_only_between_the_two_times(sleeps: list[tuple[int, int]], seconds: float) -> None:
    assert rules.seconds_slept([(at(begin), at(end)) for begin, end in sleeps], at(0), at(10)) == seconds


SPANS = st.tuples(st.integers(-50, 50), st.integers(0, 50)).map(lambda span: (at(span[0]), at(span[0] + span[1])))


@given(st.lists(SPANS))
def test_time_asleep_is_that_of_the_seconds_in_which_anybody_slept(sleeps: list[tuple[datetime, datetime]]) -> None:
    asleep = [any(begin <= at(second) < end for begin, end in sleeps) for second in range(20)]
    assert rules.seconds_slept(sleeps, at(0), at(20)) == sum(asleep)


# --- surroundings


@pytest.mark.parametrize(
    ("argv", "environment", "said"),
    [
        (["ec2", "x"], {}, ()),
        (["ec2", "x"], {"AWS_DEFAULT_REGION": "us-east-1"}, ()),
        (["ec2", "x"], {"AWS_DEFAULT_REGION": "eu-west-1"}, ("--region", "eu-west-1")),
        (["ec2", "x"], {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}, ()),
        (["ec2", "x", "--region", "r"], {"AWS_DEFAULT_REGION": "eu-west-1"}, ()),
        (["ec2", "x", "--reg=r"], {"AWS_DEFAULT_REGION": "eu-west-1"}, ()),
        (["ec2", "x"], {"AWS_PROFILE": "other"}, ("--profile", "other")),
        (["ec2", "x"], {"AWS_PROFILE": "other", "AWS_DEFAULT_PROFILE": "first"}, ("--profile", "first")),
        (["ec2", "x"], {"AWS_ENDPOINT_URL": "http://h"}, ("--endpoint-url", "http://h")),
    ],
)
def test_a_line_says_what_its_environment_says_otherwise(
    argv: list[str], environment: Mapping[str, str], said: tuple[str, ...]
) -> None:
    session = {"AWS_DEFAULT_REGION": "us-east-1"}
    assert rules.options_from_environment(argv, environment, session, OPTIONS) == said


def test_aws_cli_2_reads_a_region_of_its_own() -> None:
    environment = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}
    assert rules.options_from_environment(["x"], environment, {}, OPTIONS, 2) == ("--region", "eu-west-1")


@pytest.mark.parametrize(
    ("argv", "key", "found"),
    [
        (["iam", "x"], "AKIA2", "AKIA2"),
        (["iam", "x"], "AKIA1", None),
        (["iam", "x"], "", None),
        (["iam", "x", "--profile", "p"], "AKIA2", None),
    ],
)
def test_a_key_counts_if_it_is_another_one_and_no_profile_is_said(argv: list[str], key: str, found: str | None) -> None:
    assert rules.own_access_key(argv, {ACCESS_KEY_VARIABLE: key}, {ACCESS_KEY_VARIABLE: "AKIA1"}, OPTIONS) == found


CALL = Call("iam", "ListUsers", {}, {}, None, None, None, NOON, NOON)


@pytest.mark.parametrize(
    ("argv", "outcome", "kept"),
    [
        (["iam", "list-users"], Outcome(255, calls=(CALL,)), True),
        (["iam", "list-users"], Outcome(0, Operation("iam", "ListUsers", {}), (CALL,)), True),
        (["configure", "get", "region"], Outcome(1), True),
        (["iam", "list-user"], Outcome(2), False),
        (["iam", "list-user"], Outcome(252), False),
        (["iam", "help"], Outcome(0), False),
        (["--version"], Outcome(0), False),
    ],
)
def test_help_versions_and_misunderstood_lines_are_not_kept(argv: list[str], outcome: Outcome, kept: bool) -> None:
    assert rules.is_worth_recording(argv, outcome) == kept


# --- AWS CLI 2


@pytest.mark.parametrize(
    ("argv", "played"),
    [
        (["s3", "ls", "--no-cli-pager"], ("s3", "ls")),
        (["s3", "ls", "--cli-binary-format", "base64", "--region", "r"], ("s3", "ls", "--region", "r")),
        (["s3", "ls", "--output", "yaml"], ("s3", "ls")),
        (["s3", "ls", "--output=yaml-stream", "x"], ("s3", "ls", "x")),
        (["s3", "ls", "--output", "text"], ("s3", "ls", "--output", "text")),
    ],
)
def test_what_only_aws_cli_2_has_is_left_out(argv: list[str], played: tuple[str, ...]) -> None:
    assert aws_cli_v2.to_v1_words(argv, aws_cli_v2.GLOBAL_OPTIONS) == played


@pytest.mark.parametrize(
    ("words", "service"),
    [
        (["configure", "set"], ("configure",)),
        (["--profile", "p", "configure", "set"], ("configure",)),
        (["--profile=p", "--debug", "sso", "login"], ("sso",)),
        (["--no-cli-pager", "s3", "cp", "configure"], ("s3",)),
        (["--version"], ()),
    ],
)
def test_a_lines_service_is_found_behind_global_options(words: list[str], service: tuple[str, ...]) -> None:
    assert rules.without_global_options(words, aws_cli_v2.GLOBAL_OPTIONS)[:1] == service


NAMES = st.sampled_from(["default", "profile dev", "plugins", "sso-session corp"])
LINES = st.dictionaries(
    st.sampled_from(["region", "s3", "endpoint", "awstracer", "cli_legacy_plugin_path"]),
    st.sampled_from(["us-east-1", "a = b", "/opt/plugins", "some.module"]),
)
CONFIGS = st.dictionaries(NAMES, LINES)


@given(CONFIGS)
def test_the_plugin_joins_a_configuration_that_is_otherwise_the_same(config: dict[str, dict[str, str]]) -> None:
    text = "".join(
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in members.items())
        for name, members in config.items()
    )
    before, after = parsed(text), parsed(aws_cli_v2.add_plugin_section(text, "/ours"))
    plugins = after.pop("plugins")
    theirs = before.pop("plugins", {})
    assert after == before
    assert plugins.pop("awstracer") == "awstracer.plugin"
    path = theirs.pop("cli_legacy_plugin_path", None)
    theirs.pop("awstracer", None)
    assert plugins.pop("cli_legacy_plugin_path") == (f"{path}:/ours" if path else "/ours")
    assert plugins == (theirs if path else {})


def parsed(text: str) -> dict[str, dict[str, str]]:
    """A configuration as botocore reads it."""
    parser = configparser.RawConfigParser(default_section="")
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections()}


@pytest.mark.parametrize("setting", ["$AWSTRACER_FOLDER/mine", "~/mine"])
def test_the_copied_configuration_is_the_one_that_awscli_reads(
    setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").write_text("[default]\nregion = eu-west-1\n", encoding="utf-8")
    for name, value in {"HOME": tmp_path, "AWSTRACER_FOLDER": tmp_path, "AWS_CONFIG_FILE": setting}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv(RECORDER_VARIABLE, "")  # `run` sets it

    def execv(program: str, _: list[str]) -> None:
        raise FileNotFoundError(program)

    monkeypatch.setattr(os, "execv", execv)
    with pytest.raises(FileNotFoundError):
        aws_cli_v2.run("aws", ["iam", "list-users"], str(tmp_path), "/ours", [])
    copy = Path(os.environ["AWS_CONFIG_FILE"])
    assert copy != tmp_path / "mine"
    assert parsed(copy.read_text(encoding="utf-8"))["default"] == {"region": "eu-west-1"}


# --- input


@given(st.binary(max_size=200), st.integers(1, 50), st.integers(0, 200))
def test_what_is_read_is_kept_up_to_the_limit(content: bytes, size: int, most: int) -> None:
    raw = InputTee(io.BytesIO(content), most)
    read = b"".join(iter(lambda: raw.read(size) or b"", b""))
    assert read == content
    assert raw.is_whole == (len(content) <= most)
    if raw.is_whole:
        kept = raw.content
        assert (kept.encode() if isinstance(kept, str) else kept) == content


def test_nothing_was_read_until_somebody_does() -> None:
    raw = InputTee(io.BytesIO(b"x"))
    assert not raw.was_read
    raw.read(1)
    assert (raw.was_read, raw.content) == (True, "x")
