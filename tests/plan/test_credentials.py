"""Commands that ran under credentials which an earlier command made run under the new ones of the replay."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from awstracer.aws.catalog import Catalog
from awstracer.aws.driver import AwsCli
from awstracer.cli import prompts
from awstracer.errors import MissingValue
from awstracer.plan import credentials, planner, safety_checks
from awstracer.plan.credentials import CredentialSource
from awstracer.plan.safety_checks import ForeignKey
from awstracer.trace import store
from awstracer.trace.model import Command
from tests.programs import Relay, Trouble, play, recorded
from tests.traces import operation, trace

pytestmark = pytest.mark.once

TRACE = ("--trace-file", "t.trace")
KEY, SECRET, TOKEN = (f"<SECRET-{digit * 32}>" for digit in "ABC")
OPEN_KEY = "AKIAIOSFODNN7EXAMPLE"
ROLE = "arn:aws:iam::123456789012:role/r"
NEW = {"AccessKeyId": KEY, "SecretAccessKey": SECRET, "SessionToken": TOKEN, "Expiration": "2026"}
ASSUMED = operation("sts.AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "session"}, {"Credentials": NEW})
MADE = operation(
    "iam.CreateAccessKey",
    {"UserName": "alice"},
    {"AccessKey": {"UserName": "alice", "AccessKeyId": OPEN_KEY, "SecretAccessKey": SECRET}},
)


def under(key: str | None, *words: str) -> Command:
    """A command that ran under a key."""
    return replace(operation("iam.ListUsers", {}, {}, ["iam", "list-users", *words]), access_key=key)


def write(*entries: Any) -> None:
    """Save a trace of these commands."""
    store.save_trace(trace(*entries), Path("t.trace"))


def doubts(*commands: Command) -> list[safety_checks.Confirmation]:
    aws = Catalog()
    recorded = trace(*commands)
    checks = replace(prompts.safety_checks_here(aws, recorded, None), environment={})
    return list(checks.required_confirmations(planner.make_plan(recorded, [], [], aws)))


# --- where they are made


@pytest.mark.parametrize(
    ("response", "path"),
    [
        ({"Credentials": NEW}, ("Credentials",)),
        ({"Credentials": {"AccessKeyId": KEY, "SecretKey": SECRET, "SessionToken": TOKEN}}, ("Credentials",)),
        ({"roleCredentials": {"accessKeyId": KEY, "secretAccessKey": SECRET}}, ("roleCredentials",)),
        ({"a": [{"b": 1}, {"access_key_id": KEY, "secret_access_key": SECRET}]}, ("a", 1)),
    ],
)
def test_a_structure_with_the_id_beside_a_secret_makes_them(response: dict[str, Any], path: tuple[Any, ...]) -> None:
    commands = [operation("x.Make", {}, response), under(KEY), under(None), under(OPEN_KEY)]
    assert credentials.created_credentials(commands) == [None, CredentialSource(1, path), None, None]


def test_an_id_without_a_secret_and_a_failed_or_later_command_make_none() -> None:
    listed = operation("iam.ListAccessKeys", {}, {"Keys": [{"AccessKeyId": KEY, "Status": "Active"}]})
    for commands in ([listed, under(KEY)], [replace(ASSUMED, exit_code=254), under(KEY)], [under(KEY), ASSUMED]):
        assert not any(credentials.created_credentials(commands))


def test_a_session_token_that_there_is_not_is_taken_away() -> None:
    found = credentials.environment(
        CredentialSource(1, ("AccessKey",)), {"AccessKey": {"AccessKeyId": "a", "SecretAccessKey": "b"}}
    )
    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"]) == ("a", "b")
    assert found["AWS_SESSION_TOKEN"] is None


@pytest.mark.parametrize("response", [None, {}, {"Credentials": {"AccessKeyId": "a"}}, {"Credentials": NEW}])
def test_credentials_that_are_not_known_are_no_others(response: dict[str, Any] | None) -> None:
    with pytest.raises(MissingValue):
        credentials.environment(CredentialSource(1, ("Credentials",)), response)


# --- replays


@pytest.mark.usefixtures("aws_home")
def test_a_command_runs_under_the_new_credentials_and_only_that_one(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "inherited")
    alice = operation("iam.CreateUser", {"UserName": "alice"}, {})
    write(alice, ASSUMED, under(KEY), under(None), MADE, under(OPEN_KEY))
    result = play(*TRACE, "--save-trace", "r.trace", "--endpoint", relay.url)
    assert (result.code, result.err) == (0, "")
    asked = [(each.key, each.http.headers.get("X-Amz-Security-Token")) for each in relay.played]
    (session, token), (made, nothing) = asked[2], asked[5]
    assert session.startswith("ASIA")
    assert token not in (None, "inherited")
    assert asked[3] == ("testing", "inherited")
    assert made.startswith("AKIA")
    assert nothing is None
    kept = recorded("r.trace")
    assert kept[2]["access_key"] == kept[1]["calls"][0]["response"]["Credentials"]["AccessKeyId"]
    assert kept[2]["access_key"].startswith("<SECRET-")
    assert (kept[5]["access_key"], "access_key" in kept[3]) == (made, False)
    for secret in (session, str(token)):
        assert secret not in Path("r.trace").read_text()
    relay.requests.clear()
    again = play("--trace-file", "r.trace", "-p", "user-name", "bob", "--endpoint", relay.url)
    assert again.code == 0
    assert relay.played[2].key.startswith("ASIA")
    assert relay.played[2].key != session


@pytest.mark.usefixtures("aws_home")
def test_a_profile_gives_its_settings_but_not_its_credentials(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    Path(".aws").mkdir()
    Path(".aws", "credentials").write_text(
        "[p]\naws_access_key_id = P\naws_secret_access_key = s\nregion = eu-west-1\n"
    )
    queues = replace(operation("sqs.ListQueues", {}, {}, ["sqs", "list-queues", "--profile", "mine"]), access_key=KEY)
    write(ASSUMED, queues, replace(queues, access_key=None))
    result = play(*TRACE, "--endpoint", relay.url, "--profile", "p", "--yes")
    assert result.code == 0
    first, second, third = relay.played
    assert (first.key, third.key, third.region) == ("P", "P", "eu-west-1")
    assert second.key.startswith("ASIA")
    assert second.region == "eu-west-1"


@pytest.mark.usefixtures("aws_home")
def test_where_they_were_not_made_a_command_is_not_sent(relay: Relay) -> None:
    write(ASSUMED, under(KEY), under(None))
    relay.canned["AssumeRole"] = Trouble(
        403, b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
    )
    result = play(*TRACE, "-f", "--endpoint", relay.url)
    assert (result.code, relay.operations) == (1, ["AssumeRole", "ListUsers"])
    assert "command 2 is skipped: it needs Credentials of command 1, which was not done" in result.err
    relay.requests.clear()
    only = play(*TRACE, "--only", "2..", "--endpoint", relay.url)
    assert (only.code, relay.requests) == (2, [])
    said = "command 2's access key comes from command 1, Credentials, which is not played: play command 1 too"
    assert said in only.err


@pytest.mark.usefixtures("aws_home")
def test_a_resumed_replay_does_not_know_them(relay: Relay) -> None:
    write(ASSUMED, under(KEY))
    here = (*TRACE, "--save-trace", "r.trace", "--endpoint", relay.url)
    relay.canned["ListUsers"] = Trouble(403, b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")
    assert play(*here).code == 1
    relay.requests.clear()
    result = play(*here, "--resume")
    assert (result.code, relay.operations) == (1, [])
    assert "command 2 is not sent: Credentials should come from command 1, but" in result.err


@pytest.mark.usefixtures("home")
def test_a_dry_run_tells_whose_they_are() -> None:
    write(ASSUMED, under(KEY))
    shown = play(*TRACE, "--dryrun").out.splitlines()
    assert shown[-1] == "       with the credentials of command 1"
    told = json.loads(play(*TRACE, "--dryrun", "--output", "json").out)["commands"]
    assert [each["credentials"] for each in told] == [None, 1]


# --- a key that nobody makes


def test_a_key_that_the_trace_does_not_make_is_a_doubt() -> None:
    assert doubts(ASSUMED, under(KEY)) == []
    twice = doubts(under(OPEN_KEY), under(None), under(OPEN_KEY))
    assert twice == [safety_checks.Confirmation((1, 3), ForeignKey(OPEN_KEY))]
    (profile,) = doubts(under(OPEN_KEY, "--profile", "other"))
    assert isinstance(profile.concern, safety_checks.RecordedOption)


@pytest.mark.usefixtures("aws_home")
def test_a_key_that_the_trace_does_not_make_needs_a_yes(relay: Relay) -> None:
    write(under(OPEN_KEY))
    result = play(*TRACE, "--endpoint", relay.url)
    assert (result.code, relay.requests) == (2, [])
    said = f"command 1 ran under another access key ({OPEN_KEY}), which is not in the trace, and would run under yours"
    assert result.err.startswith(f"awstrace-play: {said}: nothing was sent; pass --yes")
    assert play(*TRACE, "--endpoint", relay.url, "--yes").code == 0
    assert [each.key for each in relay.played] == ["testing"]


def test_new_credentials_need_no_question_for_their_account() -> None:
    aws = Catalog()
    steps = planner.make_plan(
        trace(ASSUMED, under(KEY, "--profile", "made"), under(None, "--profile", "p")), [], [], aws
    )
    assert safety_checks.credential_options(steps, aws.global_options()) == ((), ("--profile", "p"))


@pytest.mark.usefixtures("aws_home")
def test_variables_are_as_before_after_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "before")
    before = dict(os.environ)
    environment = {"AWS_ACCESS_KEY_ID": "a", "AWS_SESSION_TOKEN": None, "AWS_CREDENTIAL_EXPIRATION": None}
    outcome = AwsCli().replay(["no-such"], parameters=None, files={}, environment=environment)
    assert outcome.exit_code != 0
    assert dict(os.environ) == before
