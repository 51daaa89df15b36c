"""How the programs begin: with what little they need, and with awscli loaded behind the first prompt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from awstracer.aws.background import BackgroundAwsCli
from awstracer.aws.settings import are_files_readable
from awstracer.errors import BadConfiguration
from tests.programs import ADD, PROMPT, Session, play, rec, recorded

pytestmark = pytest.mark.once

TRACE = ("--trace-file", "t.trace", "-c")
KEEPING = ("--trace-file", "t.trace", "-n")
UNREADABLE = "[default]\ns3 =\n  no equals sign\n"  # for awscli, which reads more into it than others


@pytest.mark.parametrize("program", ["rec_main", "play_main"])
@pytest.mark.parametrize("switch", ["--help", "--version", "--nonsense"])
def test_who_asks_for_help_waits_for_nothing_else(program: str, switch: str) -> None:
    code = f"import sys, awstracer.cli.main as cli\ntry: cli.{program}(['{switch}'])\nfinally: print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stdout
    modules = set(shown.split())
    assert "awstracer.cli.parsers" in modules
    assert not {"awscli", "botocore", "awstracer.trace.model", "dataclasses"} & modules


@pytest.mark.usefixtures("aws_home")
def test_nothing_is_left_open_that_python_would_warn_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "default")
    endings = [
        rec(*KEEPING, lines=["aws iam list-users"]),
        rec(*KEEPING, lines=["aws iam list-users"]),  # refused: the file exists
        rec(*KEEPING, "--append", "--", "aws", "iam", "list-groups"),
        play("--trace-file", "t.trace", "--list"),
        play("--trace-file", "t.trace", "--dryrun"),
        play("--trace-file", "t.trace", "--save-trace", "s.trace"),
        play("--trace-file", "t.trace", "-j", "2"),
    ]
    assert [ending.code for ending in endings] == [0, 2, 0, 0, 0, 0, 0]
    assert not [ending.err for ending in endings if "ResourceWarning" in ending.err or "awstracer/" in ending.err]


@pytest.fixture
def release(aws_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], object]]:
    """Lets awscli go on: until then a plugin of the person's keeps it from being loaded."""
    gate = aws_home / "gate"
    os.mkfifo(gate)
    (aws_home / "slow.py").write_text(f"open({str(gate)!r}, 'rb', 0).read(1)\ndef awscli_initialize(_): pass\n")
    (aws_home / "config").write_text("[plugins]\nslow = slow\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(aws_home / "config"))
    monkeypatch.setenv("PYTHONPATH", f"{aws_home}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    handle = os.open(gate, os.O_RDWR)
    yield lambda: os.write(handle, b"!")
    os.close(handle)


def test_the_prompt_is_there_before_awscli_and_a_command_waits_for_it(release: Callable[[], object]) -> None:
    with Session(*TRACE) as session:
        session.wait(PROMPT)
        session.type("aws iam create-user --user-name alice\n")
        release()
        session.answer(ADD, "y")
        session.wait(PROMPT)
        assert session.save("t.trace") == 0
    assert [command["operation"]["name"] for command in recorded("t.trace")] == ["CreateUser"]


def test_ctrl_c_drops_a_command_that_waits_for_awscli(release: Callable[[], object]) -> None:
    with Session(*TRACE) as session:
        session.wait(PROMPT)
        session.type("aws iam create-user --user-name alice\n")
        session.wait("alice\r\n")
        session.interrupt()
        session.wait(PROMPT)
        release()
        session.type("aws iam list-users --query Users\n")
        assert session.answer(ADD, "n").split() == ["aws", "iam", "list-users", "--query", "Users", "[]"]


def test_a_session_that_is_ended_from_outside_while_awscli_is_loaded_ends(release: Callable[[], object]) -> None:
    with Session(*TRACE) as session:
        session.wait(PROMPT)
        session.send_signal(signal.SIGTERM)
        session.wait("the session was ended: SIGTERM")
        release()
        session.rest()
        assert session.code == 0


@pytest.mark.parametrize("name", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_a_file_that_is_no_configuration_is_told_of_before_the_first_prompt(
    aws_home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (aws_home / "broken").write_text("[default]\nno equals sign", encoding="utf-8")
    monkeypatch.setenv(name, "broken")
    result = rec(*KEEPING, lines=["aws iam list-users"])
    assert (result.code, result.out, len(result.err.splitlines())) == (2, "", 1), result.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [("no configuration", False), ("[default]\nregion = us-east-1\n", True), (UNREADABLE, True), (None, True)],
)
def test_a_file_is_readable_if_it_is_in_ini_format_or_absent(home: Path, text: str | None, expected: bool) -> None:
    if text is not None:
        (home / "config").write_text(text, encoding="utf-8")
    assert are_files_readable({"AWS_CONFIG_FILE": "$HOME/config"}) == expected
    assert are_files_readable({"AWS_SHARED_CREDENTIALS_FILE": "~/config"}) == expected


def leave_a_command() -> None:
    """Have a session killed that has kept a command."""
    with Session(*TRACE) as session:
        session.wait(PROMPT)
        session.keep("aws iam create-user --user-name alice")
        session.send_signal(signal.SIGKILL)
        session.rest()


@pytest.mark.usefixtures("aws_home")
def test_what_only_awscli_finds_wrong_is_told_at_the_first_command_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leave_a_command()
    Path("config").write_text(UNREADABLE, encoding="utf-8")
    with monkeypatch.context() as broken:
        broken.setenv("AWS_CONFIG_FILE", "config")
        result = rec(*KEEPING, lines=["aws iam list-users"])
    assert (result.code, "Unable to parse config file" in result.err, "Traceback" in result.err) == (2, True, False)
    assert not Path("t.trace").exists()
    assert rec(*KEEPING, lines=["aws iam list-users"]).code == 0
    assert [command["operation"]["name"] for command in recorded("t.trace")] == ["CreateUser", "ListUsers"]


@pytest.mark.usefixtures("aws_home")
def test_what_is_kept_is_saved_though_awscli_has_something_against_the_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leave_a_command()
    Path("config").write_text(UNREADABLE, encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", "config")
    assert rec(*KEEPING, lines=["exit"]).code == 0
    assert [command["operation"]["name"] for command in recorded("t.trace")] == ["CreateUser"]


@pytest.mark.usefixtures("home")
def test_once_awscli_has_answered_no_thread_is_left() -> None:
    before = set(threading.enumerate())
    behind = BackgroundAwsCli()
    behind.start()
    assert "--region" in behind.global_options()
    assert set(threading.enumerate()) <= before


def test_what_loading_ends_with_meets_everybody_who_asks(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "config").write_text(UNREADABLE, encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "config"))
    behind = BackgroundAwsCli()
    for _ in range(2):
        with pytest.raises(BadConfiguration):
            behind.global_options()
