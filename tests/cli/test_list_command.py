"""`awstrace-play --list`: what is in a trace, without playing it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from awstracer.secrets import placeholders
from awstracer.trace import store
from awstracer.trace.model import CallError, Command, Trace
from tests.programs import play
from tests.traces import call, command, operation, trace

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("home")]

TRACE = ("--trace-file", "t.trace")
OLD = Path(__file__).parent.parent / "traces-1.3"


@pytest.fixture
def without_awscli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever imports awscli fails."""
    folder = tmp_path / "modules"
    for name in ("awscli", "botocore"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("raise SystemExit(f'{__name__} was imported')")
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=":")


def write(*entries: Command) -> None:
    store.save_trace(trace(*entries), Path("t.trace"))


def failed(argv: list[str], code: int, error: CallError | None) -> Command:
    calls = [call("iam.GetUser", {}, {})] * 2
    last = replace(calls[-1], response=None, error=error) if error else calls[-1]
    return replace(command(argv, calls[0], last), exit_code=code)


def users(number: int) -> list[Command]:
    names = [f"u{n}" for n in range(number)]
    return [operation("iam.CreateUser", {"UserName": name}, {}, create_user(name)) for name in names]


def create_user(name: str) -> list[str]:
    return ["iam", "create-user", "--user-name", name]


def test_each_command_is_one_line_as_it_was_typed() -> None:
    write(
        *users(8),
        command(["ssm", "put-parameter", "--value", "it's\ntwo\tlines\x1b[31m\u2028", "--name", "ü"]),
        command(["iam", "create-login-profile", "--password", placeholders.format_placeholder(bytes(16))]),
    )
    result = play(*TRACE, "--list")
    assert (result.code, result.err) == (0, "")
    lines = result.out.split("\n")
    assert lines[:2] == [" 1  aws iam create-user --user-name u0", " 2  aws iam create-user --user-name u1"]
    assert lines[8:] == [
        """ 9  aws ssm put-parameter --value 'it'"'"'s\\ntwo\tlines\\x1b[31m\\u2028' --name 'ü'""",
        "10  aws iam create-login-profile --password '<secret>'",
        "",
    ]


def test_a_command_that_failed_is_marked() -> None:
    write(
        failed(["iam", "get-user"], 255, CallError("NoSuchEntity", "There is none.")),
        failed(["iam", "get-user"], 255, CallError("No\x1b[31m\nSuch", "There is none.")),
        failed(["s3", "ls"], 1, None),
        failed(["iam", "wait"], 0, CallError("NoSuchEntity", "Not yet.")),
        replace(command(["iam", "get-user"]), exit_code=2),
    )
    assert play(*TRACE, "--list").out.splitlines() == [
        "1  aws iam get-user  # failed: NoSuchEntity",
        "2  aws iam get-user  # failed: No\\x1b[31m Such",
        "3  aws s3 ls  # exit code 1",
        "4  aws iam wait",
        "5  aws iam get-user  # exit code 2",
    ]


def test_a_part_of_a_trace_is_listed_with_its_numbers() -> None:
    write(*users(11))
    assert [line[:2] for line in play(*TRACE, "--list", "--only", "2,9..").out.splitlines()] == [" 2", " 9", "10", "11"]
    assert play(*TRACE, "--list", "--start-at", "3", "--only", "..3").out == "3  aws iam create-user --user-name u2\n"
    result = play(*TRACE, "--list", "--only", "12")
    assert (result.code, result.out) == (2, "")
    assert result.err == "awstrace-play: there is no command 12: the trace has 11\n"


def test_a_trace_of_nothing_has_an_empty_list() -> None:
    store.save_trace(Trace(()), Path("t.trace"))
    assert (play(*TRACE, "--list").code, play(*TRACE, "--list").out) == (0, "")


@pytest.mark.usefixtures("without_awscli")
def test_what_is_no_trace_has_no_list() -> None:
    Path("t.trace").write_text("my notes")
    result = play(*TRACE, "--list")
    assert (result.code, result.out, len(result.err.splitlines())) == (2, "", 1)


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        (create_user("u0"), "aws iam create-user --user-name u0"),
        (["--region", "eu-west-1", *create_user("u0")], "aws --region eu-west-1 iam create-user --user-name u0"),
        (["iam", "create-user", "--user-name=u0"], "aws iam create-user --user-name=u0"),
        (["iam", "create-user", "--user-name", "file://name.txt"], "aws iam create-user --user-name file://name.txt"),
        (["iam", "create-user", "--user-name", "file://gone.txt"], "aws iam create-user --user-name u0"),
        (["iam", "create-user", "--user-name", "file://fifo"], "aws iam create-user --user-name u0"),
        (["iam", "create-user", "--user-name", "http://127.0.0.1:9/u0"], "aws iam create-user --user-name u0"),
        (create_user("harmless"), "aws iam create-user --user-name u0"),
        (["iam", "list-users"], "aws iam create-user --user-name u0"),
        (["s3", "ls", "--query", "x", "--output=text"], "aws iam create-user --user-name u0 --query x --output=text"),
        ([*create_user("u0"), "--cli-input-json", "{}"], "aws iam create-user --user-name u0"),
        ([*create_user("u0"), "--output", "nonsense"], "aws iam create-user --user-name u0 --output nonsense"),
        ([*create_user("u0"), "--version"], "aws iam create-user --user-name u0 --version"),
        ([], "aws iam create-user --user-name u0"),
    ],
)
def test_a_line_is_shown_as_it_was_typed_only_if_it_says_what_is_sent(home: Path, argv: list[str], shown: str) -> None:
    (home / "name.txt").write_text("u0")
    os.mkfifo(home / "fifo")
    write(operation("iam.CreateUser", {"UserName": "u0"}, {}, argv))
    assert play(*TRACE, "--list").out == f"1  {shown}\n"


def test_what_a_line_cannot_express_is_named() -> None:
    argv = ["lambda", "update-function-code", "--function-name", "f", "--zip-file", "fileb://gone.zip"]
    write(operation("lambda.UpdateFunctionCode", {"FunctionName": "f", "ZipFile": b"PK\xff"}, {}, argv))
    assert play(*TRACE, "--list").out.endswith("cannot express ZipFile exactly; a replay sends the exact value\n")


@pytest.mark.parametrize("name", ["iam-user-policy.trace", "vpc-repeated-request-ids.trace"])
def test_a_trace_without_lines_is_listed_as_a_dry_run_shows_it(name: str) -> None:
    shown = play("--trace-file", OLD / name, "--dryrun").out.replace("\n", "").split("(play) ")[1:]
    listed = play("--trace-file", OLD / name, "--list").out.splitlines()
    assert [line.lstrip(" 0123456789").replace("\\n", "") for line in listed] == shown


def test_an_operation_that_awscli_does_not_know_has_no_line() -> None:
    times = {"ts_start": {"_isoformat": "2020-01-01T00:00:00"}, "ts_end": {"_isoformat": "2020-01-01T00:00:00"}}
    entry = {"request_id": "r", "fn_name": "iam.ForgetUser", "inparams": {}, "outparams": {}, **times}
    Path("t.trace").write_text(json.dumps([entry]))
    result = play(*TRACE, "--list")
    assert (result.code, result.out, len(result.err.splitlines())) == (2, "", 1)
    assert "command 1 is iam.ForgetUser" in result.err


@pytest.mark.parametrize(
    "switches",
    [
        "--dryrun",
        "--explain",
        "--save-trace x",
        "--step",
        "-p a b",
        "--keep a",
        "--profile p",
        "-f",
        "-s 0",
        "-d",
        "--yes",
    ],
)
def test_a_list_goes_with_no_switch_that_is_about_playing(switches: str) -> None:
    write(*users(1))
    result = play(*TRACE, "--list", *switches.split(" "))
    assert (result.code, result.out) == (2, "")
    wrong = "--list goes with --start-at, --only and no other switch"
    assert result.err == f"awstrace-play: {wrong}; see awstrace-play --help\n"
