"""Nothing is run that should not be: parts of a trace, questions before commands, and whose account is played in."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer.aws.catalog import Catalog
from awstracer.aws.local_effects import Action
from awstracer.aws.settings import value_of_option
from awstracer.cli import prompts
from awstracer.errors import NothingSelected, UnknownCommandNumber
from awstracer.plan import planner, safety_checks
from awstracer.plan.local_paths import OUTSIDE, is_outside
from awstracer.plan.model import Override
from awstracer.plan.safety_checks import Confirmation, LocalPath, RecordedOption, UnsafeCommand
from awstracer.play.player import StepDecision
from awstracer.relations import deriver
from awstracer.trace import selection, store
from awstracer.trace.model import Command, Opaque
from awstracer.trace.query import evaluate
from awstracer.trace.selection import Range
from tests.programs import Relay, Result, Silent, Terminal, Trouble, play, run, users
from tests.traces import command, foreign, operation, trace

pytestmark = pytest.mark.once

TRACE = ("--trace-file", "t.trace")
ALLOW = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
HERE, ELSEWHERE = "123456789012", "999988887777"
RUN = "Run it? [y]es, [n]o, [q]uit, [a]ll: "
VPC, SUBNET = "vpc-0a1b2c3d4e5f67890", "subnet-0a1b2c3d4e5f67890"


FOREIGN = "awstrace-play: this trace is foreign: you have not recorded it here, or it was changed since"


def write(*entries: Any) -> None:
    """Save a trace of these commands."""
    store.save_trace(trace(*entries), Path("t.trace"))


def user(name: str, line: str = "", account: str = HERE) -> Command:
    """A command that made a user, with a line where that matters."""
    arn = f"arn:aws:iam::{account}:user/{name}"
    return operation("iam.CreateUser", {"UserName": name}, {"User": {"UserName": name, "Arn": arn}}, line.split())


def network() -> None:
    """Save a trace that makes a network, and a part of it."""
    write(
        operation("ec2.CreateVpc", {"CidrBlock": "10.0.0.0/16"}, {"Vpc": {"VpcId": VPC}}),
        operation("ec2.CreateSubnet", {"VpcId": VPC, "CidrBlock": "10.0.1.0/24"}, {"Subnet": {"SubnetId": SUBNET}}),
        operation("ec2.DescribeSubnets", {"SubnetIds": [SUBNET]}, {}),
    )


def refused(result: Result) -> str:
    """The one line in which a replay was refused."""
    assert (result.code, result.out) == (2, "")
    (line,) = result.err.splitlines()
    return line.removeprefix("awstrace-play: ")


def one(*entries: Any, environment: dict[str, str] | None = None) -> Sequence[Confirmation]:
    """What has to be confirmed of a trace."""
    aws, recorded = Catalog(), foreign(*entries)
    steps = planner.make_plan(recorded, [], [], aws)
    checks = replace(prompts.safety_checks_here(aws, recorded, None), environment=environment or {})
    return checks.required_confirmations(steps)


def writes(number: int, path: str, reason: str = OUTSIDE) -> Confirmation:
    return Confirmation((number,), LocalPath(Action.WRITE, path, reason))


def reads(number: int, path: str, reason: str = OUTSIDE) -> Confirmation:
    return Confirmation((number,), LocalPath(Action.READ, path, reason))


def deletes(number: int, path: str, reason: str = "on this machine") -> Confirmation:
    return Confirmation((number,), LocalPath(Action.DELETE, path, reason))


# --- which commands


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("3", [(3, 3)]),
        ("2,4..6", [(2, 2), (4, 6)]),
        (" 2 , 4..6 ", [(2, 2), (4, 6)]),
        ("4..", [(4, None)]),
        ("..3", [(1, 3)]),
        ("5..5", [(5, 5)]),
    ],
)
def test_numbers_and_ranges_are_read(text: str, ranges: list[tuple[int, int | None]]) -> None:
    assert selection.parse_ranges(text) == tuple(Range(*each) for each in ranges)


@pytest.mark.parametrize("text", ["", "0", "-1", "x", "2,", ",2", "..", "1...3", "5..3", "1.5", "1-3", "٣", "9" * 5000])
def test_what_chooses_nothing_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no command's number|is an empty range"):
        selection.parse_ranges(text)


def test_start_and_only_together_choose_what_both_choose() -> None:
    only = selection.parse_ranges("2,4..")
    assert selection.select(6, only=only) == {2, 4, 5, 6}
    assert selection.select(6, start=5) == {5, 6}
    assert selection.select(6, start=5, only=only) == {5, 6}
    assert selection.select(3) == {1, 2, 3}
    assert selection.select(0) == set()
    with pytest.raises(NothingSelected):
        selection.select(6, start=3, only=selection.parse_ranges("1,2"))


@pytest.mark.parametrize("text", ["7", "1..7", "7..", "..7"])
def test_a_number_that_the_trace_lacks_is_an_error(text: str) -> None:
    with pytest.raises(UnknownCommandNumber) as error:
        selection.select(6, only=selection.parse_ranges(text))
    assert (error.value.number, error.value.count) == (7, 6)


@given(st.text() | st.text("0123456789.,"), st.integers(0, 50))
def test_any_text_chooses_commands_or_is_one_clear_error(text: str, count: int) -> None:
    try:
        found = selection.select(count, only=selection.parse_ranges(text))
    except (ValueError, UnknownCommandNumber):
        return
    assert found
    assert found <= set(range(1, count + 1))


@given(st.sets(st.integers(1, 60), min_size=1))
def test_numbers_are_read_back_as_they_are_told(numbers: set[int]) -> None:
    assert selection.select(60, only=selection.parse_ranges(selection.format_ranges(numbers))) == numbers


@pytest.mark.usefixtures("aws_home")
def test_only_the_chosen_commands_are_run_and_shown(relay: Relay) -> None:
    write(*(user(name) for name in ("alice", "bob", "carol", "dave")))
    switches = ("--only", "2..", "--start-at", "3")
    assert [line.split()[-1] for line in play(*TRACE, "--dryrun", *switches).lines] == ["carol", "dave"]
    result = play(*TRACE, "--only", "2,4", "--endpoint", relay.url)
    assert (result.code, result.err) == (0, "")
    assert users() == ["bob", "dave"]


@pytest.mark.usefixtures("aws_home")
def test_numbers_stay_those_of_the_trace() -> None:
    write(user("alice"), user("bob"), user("bob"))
    result = play(*TRACE, "--start-at", "2")
    assert "command 3 failed; of 2 commands: 1 done, 1 failed" in result.err


@pytest.mark.parametrize("switch", [["--start-at", "0"], ["--only", "3..2"], ["--only", "x"], ["--start-at", "9"]])
@pytest.mark.usefixtures("home")
def test_a_choice_that_can_not_be_made_sends_nothing(silent: Silent, switch: list[str]) -> None:
    network()
    result = play(*TRACE, "--endpoint", silent.url, *switch)
    assert (result.code, result.out) == (2, "")
    assert result.err.splitlines()[-1].startswith("awstrace-play: ")
    assert not silent.was_asked()


@pytest.mark.parametrize("dry", [["--dryrun"], []])
@pytest.mark.usefixtures("aws_home")
def test_what_the_answer_of_a_command_that_is_not_played_tells_is_not_known(relay: Relay, dry: list[str]) -> None:
    network()
    line = refused(play(*TRACE, "--start-at", "2", "--endpoint", relay.url, *dry))
    assert line == (
        "command 2's VpcId comes from command 1, Vpc.VpcId, which is not played: "
        "give it with -p 2.vpc-id VALUE, or send the recorded one with --keep 2.vpc-id"
    )
    assert relay.requests == []


@pytest.mark.parametrize(
    ("switches", "vpc"), [(("-p", "2.vpc-id", "vpc-1"), "vpc-1"), (("--keep", "2.vpc-id"), VPC)], ids=["-p", "--keep"]
)
@pytest.mark.usefixtures("aws_home")
def test_what_is_not_known_can_be_said(relay: Relay, switches: tuple[str, ...], vpc: str) -> None:
    network()
    play(*TRACE, "--start-at", "2", "--endpoint", relay.url, *switches)
    (request,) = relay.played
    assert request.members["VpcId"] == vpc


@pytest.mark.usefixtures("aws_home")
def test_names_that_the_person_chose_are_known_of_commands_that_are_not_played() -> None:
    other = operation("iam.TagUser", {"UserName": "alice", "Tags": [{"Key": "a", "Value": "b"}]}, {})
    write(user("alice"), other)
    result = play(*TRACE, "--only", "2", "-p", "user-name", "tu", "--dryrun")
    assert (result.code, result.err) == (0, "")
    assert [line.rpartition(" ")[2] for line in result.lines] == ["tu"]


@pytest.mark.usefixtures("home")
def test_a_value_that_comes_through_a_third_command_is_not_known_either() -> None:
    network()
    line = refused(play(*TRACE, "--dryrun", "--only", "3"))
    assert line.startswith("command 3's SubnetIds[0] comes from command 2, Subnet.SubnetId, which is not played")
    assert "-p 3.subnet-ids VALUE" in line
    write(
        operation("ec2.CreateVpc", {"CidrBlock": "10.0.0.0/16"}, {"Vpc": {"VpcId": VPC}}),
        operation("ec2.CreateTags", {"Resources": [VPC], "Tags": [{"Key": "a", "Value": "b"}]}, {}),
        command(["cloudformation", "deploy", "--stack-name", "web", "--parameter-overrides", f"Vpc={VPC}"]),
    )
    line = refused(play(*TRACE, "--dryrun", "--only", "2,3"))
    assert line.startswith("command 2's Resources[0] comes from command 1")
    line = refused(play(*TRACE, "--dryrun", "--only", "3"))
    assert line.startswith("command 3's word 5 comes from command 1, Vpc.VpcId, which is not played")
    assert "-p 3.parameter-overrides VALUE" in line


@pytest.mark.usefixtures("aws_home")
def test_the_answer_of_a_command_that_is_played_is_enough_though_a_part_of_it_was_known_before(relay: Relay) -> None:
    """The account in the policy's ARN is that in the user's, which is not played; the new policy's ARN tells it."""
    arn = "arn:aws:iam::123456789012:policy/tp"
    write(
        operation("iam.CreateUser", {"UserName": "tu"}, {"User": {"Arn": "arn:aws:iam::123456789012:user/tu"}}),
        operation("iam.CreatePolicy", {"PolicyName": "tp", "PolicyDocument": ALLOW}, {"Policy": {"Arn": arn}}),
        operation("iam.AttachUserPolicy", {"UserName": "tu", "PolicyArn": arn}, {}),
    )
    switches = (*TRACE, "--start-at", "2", "-p", "policy-name", "other")
    dry = play(*switches, "--dryrun")
    assert (dry.code, dry.err) == (0, "")
    assert dry.lines[1] == f"(play) aws iam attach-user-policy --policy-arn {arn[:-2]}other --user-name tu"
    assert run("aws", "iam", "create-user", "--user-name", "tu", "--endpoint-url", relay.url).code == 0
    assert play(*switches, "--endpoint", relay.url).code == 0
    assert relay.played[-1].members["PolicyArn"] == f"{arn[:-2]}other"


# --- step by step


@pytest.mark.parametrize(
    ("typed", "made", "code", "told"),
    [
        ("y\ny\ny\n", ["alice", "bob", "carol"], 0, ""),
        ("a\n", ["alice", "bob", "carol"], 0, ""),
        ("n\nyes\nn\n", ["bob"], 1, "3 commands: 1 done, 2 skipped"),
        ("y\nq\n", ["alice"], 1, "3 commands: 1 done, 2 not run"),
        ("y\n", ["alice"], 1, "3 commands: 1 done, 2 not run"),
        ("", [], 1, "3 commands: 3 not run"),
        ("what\n\nY\nALL\n", ["alice", "bob", "carol"], 0, ""),
    ],
)
@pytest.mark.usefixtures("aws_home")
def test_each_command_is_asked_about(typed: str, made: list[str], code: int, told: str) -> None:
    write(user("alice"), user("bob"), user("carol"))
    result = run("awstrace-play", *TRACE, "--step", typed=typed)
    assert result.code == code
    assert users() == made
    assert RUN in result.err
    assert RUN not in result.out
    assert told in result.err
    assert ("3 commands" in result.err) == bool(told)


@pytest.mark.usefixtures("aws_home")
def test_a_command_that_needs_the_answer_of_a_declined_one_is_not_sent(relay: Relay) -> None:
    network()
    result = run("awstrace-play", *TRACE, "--step", "--endpoint", relay.url, typed="n\ny\ny\n")
    assert result.code == 1
    assert relay.played == []
    assert "command 2 is skipped: it needs Vpc.VpcId of command 1, which was not done" in result.err
    assert "command 3 is skipped" in result.err


@pytest.mark.usefixtures("aws_home")
def test_a_person_at_a_terminal_sees_a_command_and_decides() -> None:
    write(user("alice"), user("bob"), user("carol"))
    with Terminal("awstrace-play", *TRACE, "-c", "--step") as replay:
        assert "(play) aws iam create-user --user-name alice" in replay.wait(RUN)
        replay.type("y\n")
        assert '"UserName": "alice"' in replay.wait(RUN)
        assert users() == ["alice"]
        replay.type("n\n")
        assert "(play) aws iam create-user --user-name carol" in replay.wait(RUN)
        replay.interrupt()
        assert "interrupted; of 3 commands: 1 done, 1 skipped, 1 not run" in replay.rest()
        assert replay.code == 130
    assert users() == ["alice"]


def test_an_answer_that_is_no_text_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\n"), encoding="utf-8"))
    steps = planner.make_plan(trace(command(["s3", "ls"])), [], [], Catalog())
    assert prompts.StepPrompt()(steps.steps[0]) is StepDecision.QUIT


@pytest.mark.usefixtures("aws_home")
def test_the_end_of_the_input_quits() -> None:
    write(user("alice"))
    with Terminal("awstrace-play", *TRACE, "-c", "--step") as replay:
        replay.wait(RUN)
        replay.end_of_input()
        assert "1 command: 1 not run" in replay.rest()
        assert replay.code == 1
    assert users() == []


# --- who plays, and whom the requests reach

PROFILES = "[prod]\naws_access_key_id = PROD\naws_secret_access_key = s\n[test]\naws_access_key_id = TEST\n" + (
    "aws_secret_access_key = s\n"
)


@pytest.fixture
def profiles(aws_home: Path) -> None:
    """Two profiles, beside the environment's own credentials."""
    (aws_home / ".aws").mkdir()
    (aws_home / ".aws/credentials").write_text(PROFILES)


@pytest.mark.parametrize(
    ("words", "option", "value"),
    [
        (["--profile", "prod"], "--profile", "prod"),
        (["--profile=prod"], "--profile", "prod"),
        (["--prof", "prod"], "--profile", "prod"),
        (["--endpoint-url", "http://x"], "--endpoint-url", "http://x"),
        (["--endp=http://x"], "--endpoint-url", "http://x"),
        (["--ca-bundle", "c.pem"], "--ca-bundle", "c.pem"),
        (["--no-verify-ssl"], "--no-verify-ssl", None),
        (["--no-sign"], "--no-sign-request", None),
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_an_option_is_found_however_it_was_typed(
    words: list[str], option: str, value: str | None, before: bool
) -> None:
    for own in (["s3", "ls"], ["iam", "list-users"]):
        line = words + own if before else own + words
        recorded = command(line) if own[0] == "s3" else operation("iam.ListUsers", {}, {}, line)
        assert one(recorded) == (Confirmation((1,), RecordedOption(option, value)),)


@pytest.mark.parametrize(
    ("line", "environment"),
    [
        ("s3 ls --profile prod", {"AWS_PROFILE": "prod"}),
        ("s3 ls --profile prod", {"AWS_DEFAULT_PROFILE": "prod", "AWS_PROFILE": "test"}),
        ("s3 ls --profile default", {}),
        ("s3 ls --profile default", {"AWS_ACCESS_KEY_ID": ""}),
        ("s3 ls --endpoint-url http://x/", {"AWS_ENDPOINT_URL": "http://x"}),
        ("s3 ls --ca-bundle c.pem", {"AWS_CA_BUNDLE": "c.pem"}),
        ("s3 ls --region eu-west-1 --output json --debug", {}),
    ],
)
def test_what_the_session_has_anyway_is_not_asked_about(line: str, environment: dict[str, str]) -> None:
    assert one(command(line.split()), environment=environment) == ()


@pytest.mark.parametrize("profile", ["default", "prod"])
def test_keys_in_the_environment_are_those_of_no_profile(profile: str) -> None:
    environment = {"AWS_ACCESS_KEY_ID": "mine", "AWS_PROFILE": "prod"}
    found = one(command(["s3", "ls", "--profile", profile]), environment=environment)
    assert found == (Confirmation((1,), RecordedOption("--profile", profile)),)
    assert one(command(["s3", "ls"]), environment=environment) == ()


def test_one_question_is_about_all_commands_that_were_recorded_so() -> None:
    lines = ["s3 ls --profile prod", "s3 ls", "s3 ls --prof=prod", "s3 ls --profile test"]
    found = one(*(command(line.split()) for line in lines))
    assert found == (
        Confirmation((1, 3), RecordedOption("--profile", "prod")),
        Confirmation((4,), RecordedOption("--profile", "test")),
    )
    assert prompts.confirmation_question(found[0]) == (
        "Commands 1, 3 were recorded with --profile prod. Play them with that? [y/N]: "
    )


LINE = "iam create-user --user-name alice --profile prod"
QUESTION = "Command 1 was recorded with --profile prod. Play it with that? [y/N]: "


@pytest.mark.parametrize(("reply", "code"), [("y\n", 0), ("n\n", 2), ("\n", 2), ("\x04", 2)])
@pytest.mark.usefixtures("profiles")
def test_a_recorded_profile_is_asked_about(relay: Relay, reply: str, code: int) -> None:
    write(user("alice", LINE))
    with Terminal("awstrace-play", *TRACE, "-c", "--endpoint", relay.url) as replay:
        assert replay.wait(QUESTION) == ""
        replay.type(reply)
        shown = replay.rest()
        assert replay.code == code
    if code == 0:
        assert {request.key for request in relay.requests} == {"PROD"}
    else:
        assert relay.requests == []
        assert "nothing was sent; pass --profile to say where to play" in shown


@pytest.mark.usefixtures("profiles")
def test_where_nobody_can_be_asked_a_recorded_profile_is_refused(relay: Relay) -> None:
    write(user("alice", LINE))
    here = (*TRACE, "--endpoint", relay.url)
    assert refused(run("awstrace-play", *here, typed="y\n")) == (
        "command 1 was recorded with --profile prod: nothing was sent; "
        "pass --profile prod or --yes if that is what you want"
    )
    assert relay.requests == []
    for switches, key in ((["--yes"], "PROD"), (["--profile", "test"], "TEST"), (["--profile", "prod"], "PROD")):
        relay.requests.clear()
        play(*here, *switches)
        assert {request.key for request in relay.requests} == {key}


@pytest.mark.usefixtures("aws_home")
def test_a_recorded_endpoint_is_asked_about_unless_another_is_given(silent: Silent, relay: Relay) -> None:
    write(user("alice", f"iam create-user --user-name alice --endpoint-url {silent.url}"))
    assert f"pass --endpoint {silent.url} or --yes" in refused(play(*TRACE))
    assert not silent.was_asked()
    assert play(*TRACE, "--endpoint", relay.url).code == 0
    assert relay.operations == ["CreateUser"]


@pytest.mark.usefixtures("aws_home")
def test_ctrl_c_at_a_question_sends_nothing(silent: Silent) -> None:
    write(user("alice", f"iam create-user --user-name alice --endpoint-url {silent.url}"))
    with Terminal("awstrace-play", *TRACE) as replay:
        replay.wait("[y/N]: ")
        replay.interrupt()
        assert "Traceback" not in replay.rest()
        assert replay.code == 130
    assert not silent.was_asked()


@pytest.mark.usefixtures("home")
def test_a_dry_run_tells_what_a_replay_asks() -> None:
    write(user("alice", LINE))
    result = play(*TRACE, "--dryrun")
    assert (result.code, len(result.lines)) == (0, 1)
    assert result.err == "awstrace-play: command 1 was recorded with --profile prod: a replay asks first\n"
    assert play(*TRACE, "--dryrun", "--yes").err == ""


@pytest.mark.usefixtures("home")
def test_no_value_steers_the_terminal_through_a_question() -> None:
    line = ["s3", "cp", "s3://b/k", "/x\x1b[2J\nCommand"]
    store.save_trace(foreign(command(line)), Path("t.trace"))
    for result in (play(*TRACE), play(*TRACE, "--dryrun")):
        assert "\x1b" not in result.err
        assert "/x\\x1b[2J Command" in result.err


# --- what is written where


@pytest.mark.parametrize(
    ("option", "variables"),
    [
        ("--profile", ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")),
        ("--endpoint-url", ("AWS_ENDPOINT_URL",)),
        ("--ca-bundle", ("AWS_CA_BUNDLE",)),
        ("--no-sign-request", ()),
        ("--no-verify-ssl", ()),
    ],
)
def test_the_session_says_by_these_variables_what_a_trusted_option_says(
    option: str, variables: tuple[str, ...]
) -> None:
    assert safety_checks.TRUSTED[option] == variables
    assert len(safety_checks.TRUSTED) == 5


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, None), ({"A": ""}, None), ({"B": "b"}, "b"), ({"A": "", "B": "b"}, "b"), ({"A": "a", "B": "b"}, "a")],
)
def test_an_option_has_the_value_of_its_first_variable_that_has_one(
    environment: dict[str, str], expected: str | None
) -> None:
    assert value_of_option(("A", "B"), environment) == expected


@pytest.mark.parametrize(
    ("path", "is_out"),
    [
        ("x", False),
        ("a/../x", False),
        ("./a/b", False),
        (".", False),
        ("/dev/null", True),
        ("..", True),
        ("../x", True),
        ("a/../../x", True),
        ("/etc/x", True),
        ("~/x", True),
        ("link/x", True),
        ("within/x", False),
        ("within/../x", False),
        ("within/../../x", True),  # in `a/..` for the system, and above the folder for `s3`
        ("a/deep/../../x", False),
        ("deep/../../x", True),
        ("a\0b", True),
        ("\ud800", True),
    ],
)
def test_a_path_leads_out_of_a_folder_or_not(tmp_path: Path, path: str, is_out: bool) -> None:
    here = tmp_path / "here"
    (here / "a" / "deep").mkdir(parents=True)
    (here / "deep").symlink_to(here / "a" / "deep")
    (here / "link").symlink_to(tmp_path)
    (here / "within").symlink_to(here / "a")
    assert is_outside(path, here) == is_out
    assert not is_outside(str(here / "x"), here)
    assert is_outside(f"{here}-other", here)


PACKAGE = UnsafeCommand("cloudformation package", "sends the files that its template names")


@pytest.mark.parametrize(
    ("line", "confirmations"),
    [
        ("s3 cp s3://b/k /x", [writes(1, "/x")]),
        ("s3 cp --recursive s3://b /x", [writes(1, "/x")]),
        ("s3 --recursive cp s3://b /x", [writes(1, "/x")]),
        ("s3 cp s3://b/k -- -x/../../x", [writes(1, "-x/../../x")]),
        ("s3 cp s3://b/k S3://b", []),
        ("s3 cp s3://b/k .", []),
        ("s3 cp s3://b/.bashrc .", [writes(1, "./.bashrc", "where .bashrc is hidden")]),
        ("s3 cp s3://b/k .git/hooks/pre-commit", [writes(1, ".git/hooks/pre-commit", "where .git is hidden")]),
        ("s3 cp s3://b/k settings", [writes(1, "settings", "where your settings are")]),
        ("s3 cp s3://b/k link/x", [writes(1, "link/x")]),
        ("s3 sync s3://b ../x --delete", [writes(1, "../x"), deletes(1, "../x", OUTSIDE)]),
        ("s3 sync s3://b site --del", [deletes(1, "site")]),
        ("s3 sync s3://b .", [writes(1, ".", "this folder, in which a response names the files")]),
        ("s3 cp s3://b ./site/.. --rec", [writes(1, "./site/..", "this folder, in which a response names the files")]),
        ("s3 cp s3://b new --recursive", []),
        ("s3 sync site s3://b --delete", []),
        ("s3 sync site s3://b --de", []),
        ("s3 sync project s3://b", [reads(1, "project", "with project/.git, which is hidden")]),
        ("s3 sync s3://b project", [writes(1, "project", "with project/.git, which is hidden")]),
        ("s3 sync linked s3://b", [reads(1, "linked", "with linked/link, which leads out of this folder")]),
        ("s3 sync chained s3://b", [reads(1, "chained", "with linked/link, which leads out of this folder")]),
        ("s3 sync s3://b chained", [writes(1, "chained", "with linked/link, which leads out of this folder")]),
        ("s3 sync veiled s3://b", [reads(1, "veiled", "with veiled/git, which leads to what is hidden")]),
        ("s3 sync owned s3://b", [reads(1, "owned", "with owned/x, which leads to your settings")]),
        ("s3 sync circle s3://b", []),
        ("s3 cp s3://b/k deep/../../x", [writes(1, "deep/../../x")]),
        ("s3 cp s3://b/.env new", [writes(1, "new/.env", "where .env is hidden")]),
        ("s3 cp s3://b/.env site/x", []),
        ("s3 cp s3://b/k /dev/null", []),
        ("s3 cp /dev/null s3://b/k", [reads(1, "/dev/null")]),
        ("s3 mv s3://b/k ~/x", [writes(1, "~/x")]),
        ("s3 mv site/x s3://b/k", [deletes(1, "site/x")]),
        ("s3 mv ../x s3://b/k", [reads(1, "../x"), deletes(1, "../x", OUTSIDE)]),
        ("s3 cp s3://b/k x", []),
        ("s3 cp s3://b/k -", []),
        ("s3 cp /x s3://b/k", [reads(1, "/x")]),
        ("s3 cp .env s3://b/k", [reads(1, ".env", "where .env is hidden")]),
        ("s3 cp site/x s3://b/k", []),
        ("s3 cp site s3://b --recursive", []),
        ("s3 sync /x s3://b", [reads(1, "/x")]),
        ("s3 cp s3://b/k s3://c/k --acl private", []),
        ("s3 rm s3://b --recursive", []),
        ("s3 ls", []),
        ("ec2 wait vpc-available", []),
        ("deploy push --application-name a --s3-location s3://b/k --source /x", [reads(1, "/x")]),
        ("cloudformation deploy --template-file /x --stack-name s", [reads(1, "/x")]),
        ("cloudformation deploy --template-file=x --stack-name s", []),
        ("ecs deploy --service s --task-definition $HOME/x --codedeploy-appspec y", [reads(1, "HOME/x")]),
        ("dlm create-default-role", []),
        (
            "dlm create-default-role --iam-e http://x",
            [Confirmation((1,), RecordedOption("--iam-endpoint", "http://x"))],
        ),
        ("cloudformation package --template-file t --s3-bucket b", [Confirmation((1,), PACKAGE)]),
        ("nonsense --x", []),
        ("s3 cp", []),
    ],
)
def test_what_a_custom_command_does_here_is_asked_about_unless_it_is_harmless(
    folder: Path, line: str, confirmations: list[Confirmation]
) -> None:
    home = str(folder.parent)
    expected = [
        replace(each, concern=replace(each.concern, path=each.concern.path.replace("HOME", home)))
        if isinstance(each.concern, LocalPath)
        else each
        for each in confirmations
    ]
    recorded = replace(command(line.split()), exit_code=255 if line in ("nonsense --x", "s3 cp") else 0)
    assert list(one(recorded)) == expected


@pytest.fixture
def folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the home folder, with what may be in one."""
    here = home / "work"
    for name in ("site/x", "project/.git/config", "linked/x"):
        (here / name).parent.mkdir(parents=True)
        (here / name).touch()
    (here / "link").symlink_to(home)
    (here / "linked" / "link").symlink_to(home)
    for link, target in {
        "deep": "site/v1",
        "chained/other": "../linked",
        "veiled/git": "../project/.git",
        "owned/x": "../settings",
        "circle/again": "../circle",
    }.items():
        (here / link).parent.mkdir(exist_ok=True)
        (here / link).symlink_to(target)
    (here / "site" / "v1").mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(here / "settings"))
    return here


@pytest.mark.parametrize("line", ["s3 cp x s3://b/k", "s3 cp s3://b/k x", "s3 sync . s3://b"])
def test_in_the_home_folder_each_local_path_is_asked_about(home: Path, line: str) -> None:
    (found,) = one(command(line.split()))
    assert isinstance(found.concern, LocalPath)
    assert found.concern.reason == "in your home folder"


@pytest.mark.usefixtures("home")
def test_a_path_is_the_persons_only_where_they_named_it() -> None:
    aws = Catalog()
    recorded = foreign(
        operation("s3.CreateBucket", {"Bucket": "site-0f3a"}, {}),
        command(["s3", "cp", "s3://site-0f3a/k", "/x"]),
        command(["cloudformation", "deploy", "--stack-name", "s", "--template-file", "/y"]),
    )
    found = deriver.derive(recorded, evaluate, aws)
    said = [Override.parse("bucket", "other"), Override.parse("template-file", "/z")]
    steps = planner.make_plan(recorded, found, said, aws)
    assert prompts.safety_checks_here(aws, recorded, None).required_confirmations(steps) == (writes(2, "/x"),)


@pytest.mark.parametrize(
    "line",
    [
        "configure",
        "configure set region x",
        "configure set aws_access_key_id AKIA",
        "configure get region",
        "configure add-model --service-model file://m",
        "--region x configure --profile=default set region x",
        "eks update-kubeconfig --name c",
        "codeartifact login --tool pip --domain d --repository r",
        "codecommit credential-helper get",
        "history list",
        "emr ssh --cluster-id j --key-pair-file k --ssh-options ProxyCommand=x",
        "emr put --cluster-id j --key-pair-file k --src=-oProxyCommand=x",
        "gamelift get-game-session-log --game-session-id g --save-as x",
        "cloudformation deploy --stack-name s --template-file t install --config-file x",
        "deploy register --instance-name n",
        "ec2 wait vpc-available help",
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_command_that_is_not_known_to_be_harmless_is_asked_about(line: str) -> None:
    (found,) = one(command(line.split()))
    assert isinstance(found.concern, UnsafeCommand)


@pytest.mark.parametrize("line", ["help", "ec2 help", "s3 help", "ec2 describe-vpcs help", "s3 cp help"])
@pytest.mark.usefixtures("folder")
def test_a_page_of_help_is_asked_about(line: str) -> None:
    (found,) = one(replace(command(line.split()), exit_code=1))
    assert found.concern == UnsafeCommand(line, "runs programs that show a page of help")


@pytest.mark.usefixtures("folder")
def test_an_operation_whose_command_runs_a_program_is_asked_about() -> None:
    (found,) = one(operation("ssm.StartSession", {"Target": "i-1"}, {}))
    assert found.concern == UnsafeCommand("ssm start-session", "runs session-manager-plugin")


@pytest.mark.parametrize(
    ("name", "request_", "line", "confirmations"),
    [
        ("s3.PutObject", {"Body": Opaque("/etc/passwd")}, "", [reads(1, "/etc/passwd")]),
        ("s3.PutObject", {"Body": Opaque("~/x")}, "", [reads(1, "~/x")]),
        ("s3.PutObject", {"Body": Opaque("site/x")}, "", []),
        ("s3.GetObject", {}, "s3api get-object --bucket b --key k ../x", [writes(1, "../x")]),
        ("s3.GetObject", {}, "s3api get-object --bucket b --key k .x", [writes(1, ".x", "where .x is hidden")]),
        ("s3.GetObject", {}, "s3api get-object --bucket b --key k x", []),
    ],
)
@pytest.mark.usefixtures("folder")
def test_files_of_an_operation_are_asked_about(
    name: str, request_: dict[str, Any], line: str, confirmations: list[Confirmation]
) -> None:
    assert list(one(operation(name, {"Bucket": "b", "Key": "k", **request_}, {}, line.split())))[:1] == confirmations


@pytest.mark.usefixtures("folder")
def test_an_address_that_is_a_parameter_is_asked_about() -> None:
    request = {"MLModelId": "m", "Record": {}, "PredictEndpoint": "http://evil"}
    (found,) = one(operation("machinelearning.Predict", request, {}))
    assert found.concern == RecordedOption("--predict-endpoint", "http://evil")


def getting(path: str) -> Command:
    """A command that writes an object to a file."""
    line = ["s3api", "get-object", "--bucket", "b", "--key", "k", path]
    return operation("s3api.GetObject", {"Bucket": "b", "Key": "k"}, {}, line)


@pytest.mark.usefixtures("aws_home")
def test_a_file_outside_this_folder_is_asked_about(relay: Relay, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "x"
    store.save_trace(foreign(user("alice"), getting(str(outside))), Path("t.trace"))
    here = (*TRACE, "--endpoint", relay.url)
    result = play(*here)
    asked = f"command 2 writes {outside}, outside this folder"
    assert (result.code, result.err.splitlines()) == (
        2,
        [FOREIGN, f"awstrace-play: {asked}: nothing was sent; pass --yes if that is what you want"],
    )
    assert relay.requests == []
    with Terminal("awstrace-play", *here) as replay:
        replay.wait(f"Command 2 writes {outside}, outside this folder. Write it? [y/N]: ")
        replay.type("n\n")
        replay.rest()
        assert replay.code == 2
    assert relay.requests == []
    for switches in (["--yes"], ["--trust"], ["--only", "1"], ["-p", "2.outfile", str(outside)]):
        assert "outside this folder" not in play(*here, *switches).err
        assert "CreateUser" in relay.operations
        relay.requests.clear()


# --- which account and region


def identity(account: str) -> Trouble:
    """What STS answers in an account."""
    result = f"<Account>{account}</Account><UserId>u</UserId><Arn>arn:aws:iam::{account}:user/u</Arn>"
    body = f"<GetCallerIdentityResponse><GetCallerIdentityResult>{result}</GetCallerIdentityResult>"
    return Trouble(200, f"{body}</GetCallerIdentityResponse>".encode())


@pytest.mark.parametrize(
    ("account", "switches", "told"),
    [
        (HERE, [], ""),
        (ELSEWHERE, [], f"recorded in account {HERE}; playing in {ELSEWHERE}"),
        (HERE, ["--region", "eu-west-1"], "recorded in us-east-1; playing in eu-west-1"),
        (
            ELSEWHERE,
            ["--region", "eu-west-1"],
            f"recorded in account {HERE} and us-east-1; playing in {ELSEWHERE} and eu-west-1",
        ),
    ],
)
@pytest.mark.usefixtures("aws_home")
def test_another_account_or_region_is_told_before_the_first_command(
    relay: Relay, account: str, switches: list[str], told: str
) -> None:
    write(user("alice"))
    relay.canned["GetCallerIdentity"] = identity(account)
    result = play(*TRACE, "--endpoint", relay.url, *switches)
    assert result.code == 0
    assert result.err == (f"awstrace-play: {told}\n" if told else "")
    assert [request.operation for request in relay.requests] == ["GetCallerIdentity", "CreateUser"]


@pytest.mark.usefixtures("aws_home")
def test_an_account_that_sts_does_not_tell_is_no_complaint(relay: Relay) -> None:
    write(user("alice"))
    relay.canned["GetCallerIdentity"] = Trouble(403)
    result = play(*TRACE, "--endpoint", relay.url)
    assert (result.code, result.err) == (0, "")
    assert relay.operations == ["CreateUser"]


@pytest.mark.usefixtures("aws_home")
def test_nobody_is_asked_for_the_account_that_a_trace_does_not_tell(relay: Relay) -> None:
    write(operation("iam.CreateUser", {"UserName": "alice"}, {}))
    assert play(*TRACE, "--endpoint", relay.url).code == 0
    assert [request.operation for request in relay.requests] == ["CreateUser"]


@pytest.mark.usefixtures("aws_home")
def test_ctrl_c_while_the_account_is_asked_for_ends_the_replay(silent: Silent) -> None:
    write(user("alice"))
    with Terminal("awstrace-play", *TRACE, "--endpoint", silent.url) as replay:
        silent.wait()
        replay.interrupt()
        shown = replay.rest()
        assert replay.code == 130
    assert "(play)" not in shown
    assert "Traceback" not in shown


@pytest.mark.usefixtures("aws_home")
def test_an_expected_account_is_played_in(relay: Relay) -> None:
    write(operation("iam.CreateUser", {"UserName": "alice"}, {}))
    result = play(*TRACE, "--endpoint", relay.url, "--expect-account", HERE)
    assert (result.code, result.err) == (0, "")
    assert [request.operation for request in relay.requests] == ["GetCallerIdentity", "CreateUser"]


@pytest.mark.usefixtures("aws_home")
def test_any_other_account_or_an_unknown_one_is_refused(relay: Relay) -> None:
    write(user("alice"))
    expecting = (*TRACE, "--endpoint", relay.url, "--expect-account", ELSEWHERE)
    found = f"the credentials belong to account {HERE}: nothing was sent"
    assert refused(play(*expecting)) == f"--expect-account says {ELSEWHERE}, but {found}"
    relay.canned["GetCallerIdentity"] = Trouble(403)
    line = refused(play(*expecting))
    assert ELSEWHERE in line
    assert "unknown" in line
    assert relay.played == []


@pytest.mark.usefixtures("profiles")
def test_the_account_of_each_recorded_profile_has_to_be_the_expected_one(relay: Relay) -> None:
    write(user("alice"), user("bob", "iam create-user --user-name bob --profile prod"))
    relay.canned["GetCallerIdentity"] = identity(HERE)
    here = (*TRACE, "--endpoint", relay.url, "--yes")
    assert play(*here, "--expect-account", HERE).code == 0
    asked = [request.key for request in relay.requests if request.operation == "GetCallerIdentity"]
    assert sorted(asked) == ["PROD", "testing"]


@pytest.mark.usefixtures("home")
def test_a_dry_run_asks_nobody_for_the_account(silent: Silent) -> None:
    write(user("alice"))
    result = play(*TRACE, "--dryrun", "--endpoint", silent.url, "--expect-account", ELSEWHERE, "--step")
    assert (result.code, result.err) == (0, "")
    assert not silent.was_asked()


@pytest.mark.parametrize("text", ["1234", "prod", "12345678901x", "1234567890123", ""])
@pytest.mark.usefixtures("home")
def test_what_is_no_account_can_not_be_expected(text: str) -> None:
    network()
    result = play(*TRACE, "--dryrun", "--expect-account", text)
    assert (result.code, result.out) == (2, "")
    assert "is not an account id" in result.err


@pytest.mark.parametrize(
    "line", [["greet", "you"], ["hello", "you"], ["iam", "list-users"], ["who"], ["--", "greet", "you"]]
)
def test_an_alias_needs_a_yes(line: list[str], aws_home: Path) -> None:
    (aws_home / ".aws/cli").mkdir(parents=True)
    aliases = "[toplevel]\ngreet = !echo greeting\nhello = greet\niam = !echo greeting\nwho = s3 ls\n"
    (aws_home / ".aws/cli/alias").write_text(aliases)
    name = line[1] if line[0] == "--" else line[0]
    recorded = operation("iam.ListUsers", {}, {}, line) if name == "iam" else command(line)
    store.save_trace(foreign(recorded), Path("t.trace"))
    result = play("--trace-file", "t.trace")
    assert (result.code, result.out) == (2, "")
    origin, reason = result.err.splitlines()
    assert origin == FOREIGN
    assert reason.startswith(f"awstrace-play: command 1, {name}, is an alias of yours: nothing was sent")
    assert "a replay asks first" in play("--trace-file", "t.trace", "--dryrun").err
    agreed = play("--trace-file", "t.trace", "--yes")
    assert (agreed.code, agreed.out.count("greeting")) == (0, line != ["who"])
