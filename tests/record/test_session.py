"""A recording session as a person at a terminal has it: prompts, questions, keys, and what ends up in the trace."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import cast

import pytest

from awstracer.aws.background import BackgroundAwsCli
from awstracer.aws.capture import Outcome
from awstracer.aws.catalog import Catalog
from awstracer.cli.session_view import SessionView
from awstracer.record.session import RecordingSession, SessionOptions
from awstracer.record.session_commands import CommandBuffer
from awstracer.secrets.redactor import Redactor
from tests.programs import ADD, BIN, COLOUR, CONTINUATION, PROMPT, Session, Silent, aws, rec, recorded, run, users

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("aws_home")]

TRACE = ("--trace-file", "t.trace")
PLAIN = (*TRACE, "-c")
SHELL_QUESTION = "Run this in the shell? [y/N]: "


@pytest.fixture
def session() -> Iterator[Session]:
    """A session that asks before it keeps anything, at its first prompt."""
    with Session(*PLAIN) as session:
        session.wait(PROMPT)
        yield session


def lines_of(path: str = "t.trace") -> list[str]:
    """The commands in a trace file, as they were typed."""
    return [" ".join(command["argv"]) for command in recorded(path)]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- prompts and lines


def test_the_first_thing_shown_is_the_prompt() -> None:
    with Session(*PLAIN) as session:
        assert session.wait(PROMPT) == ""


def test_a_coloured_session_says_the_same() -> None:
    with Session(*TRACE) as session:
        assert COLOUR.sub("", session.wait(PROMPT)) == ""
        session.type("aws iam create-user --user-name alice\n")
        assert COLOUR.search(session.wait(ADD))
        session.type("y\n")
        session.wait(PROMPT)
        assert COLOUR.sub("", session.run("")).strip() == ""


def test_a_backslash_at_the_end_continues_the_command(session: Session) -> None:
    session.type("aws iam create-user \\\n")
    assert session.wait(CONTINUATION).endswith("\\\r\n")
    session.type("  --user-name al\\\n")
    assert session.wait(CONTINUATION).endswith("\\\r\n")
    session.keep("ice")
    assert session.save("t.trace") == 0
    assert lines_of() == ["iam create-user --user-name alice"]
    assert users() == ["alice"]


def test_an_open_quote_continues_the_command(session: Session) -> None:
    session.type("""aws ssm put-parameter --name p --type String --value 'two\n""")
    assert session.wait(CONTINUATION).endswith("two\r\n")
    session.keep("lines'")
    assert aws("ssm", "get-parameter", "--name", "p")["Parameter"]["Value"] == "two\nlines"


PASTE = "aws iam create-user \\\n  --path /a/ \\\n  --user-name alice\naws iam create-group --group-name staff\n"
PASTED = ["iam create-user --path /a/ --user-name alice", "iam create-group --group-name staff"]


def test_pasted_commands_run_one_after_the_other() -> None:
    with Session(*PLAIN, "-n") as session:
        session.wait(PROMPT)
        session.type(PASTE)
        session.wait('"UserName": "alice"')
        session.wait('"GroupName": "staff"')
        session.wait(PROMPT)
        session.type("exit\n")
        session.rest()
    assert lines_of() == PASTED


def test_a_pasted_command_is_no_answer_to_the_question_about_the_one_before(session: Session) -> None:
    session.type(PASTE)
    session.answer(ADD, "y")
    session.answer(ADD, "y")
    session.wait(PROMPT)
    assert session.save("t.trace") == 0
    assert lines_of() == PASTED


def test_empty_lines_and_comments_do_nothing(session: Session) -> None:
    assert session.run("").strip() == ""
    assert session.run("   ").strip() == ""
    assert session.run("# don't").strip() == "# don't"


# --- which commands are kept


def test_a_command_is_kept_on_y_only(session: Session) -> None:
    for name, reply in {"alice": "y", "bob": "n", "carol": "", "dave": "Y"}.items():
        session.type(f"aws iam create-user --user-name {name}\n")
        assert f'"UserName": "{name}"' in session.answer(ADD, reply)
        session.wait(PROMPT)
    assert session.save("t.trace") == 0
    assert lines_of() == ["iam create-user --user-name alice", "iam create-user --user-name dave"]
    assert users() == ["alice", "bob", "carol", "dave"]


def test_what_did_not_succeed_is_not_asked_about(session: Session) -> None:
    assert "NoSuchEntity" in session.run("aws iam get-user --user-name nobody")
    assert "usage:" in session.run("aws iam create-user")
    assert "usage:" in session.run("aws iam no-such-operation")
    assert "usage:" in session.run("aws no-such-service describe")
    assert "usage:" in session.run("aws")
    session.end_of_input()
    assert "nothing was recorded" in session.rest()
    assert session.code == 0
    assert not Path("t.trace").exists()


def test_help_and_version_are_not_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    for pager in ("PAGER", "MANPAGER", "AWS_PAGER"):
        monkeypatch.setenv(pager, "cat")
    with Session(*PLAIN) as session:
        session.wait(PROMPT)
        session.run("aws help")
        session.run("aws iam create-user help")
        assert "aws-cli/" in session.run("aws --version")


def test_an_open_quote_ends_with_ctrl_d_in_one_line(session: Session) -> None:
    session.type("aws iam create-user --user-name 'alice\n")
    session.wait(CONTINUATION)
    session.end_of_input()
    told = [line for line in session.wait(PROMPT).splitlines() if line.strip()]
    assert len(told) == 1
    assert "quote" in told[0]
    assert '"UserName": "bob"' in session.keep("aws iam create-user --user-name bob")
    assert users() == ["bob"]


def test_without_questions_everything_that_succeeded_is_kept() -> None:
    result = rec(
        *TRACE,
        "-n",
        lines=[
            "aws iam create-user --user-name alice",
            "aws iam create-user --user-name alice",
            "aws iam create-user --user-nam",
            "aws --version",
            "aws iam get-user --user-name alice --query User.UserName --output text",
        ],
    )
    assert "[y/N]" not in result.out + result.err
    assert lines_of() == [
        "iam create-user --user-name alice",
        "iam get-user --user-name alice --query User.UserName --output text",
    ]


# --- ending things


def test_ctrl_c_at_the_prompt_drops_the_line(session: Session) -> None:
    session.type("aws iam create-user --user-name alice")
    session.wait("alice")
    session.interrupt()
    session.wait(PROMPT)
    session.keep("aws iam create-user --user-name bob")
    assert users() == ["bob"]


def test_ctrl_c_at_a_continuation_drops_the_whole_command(session: Session) -> None:
    session.type("aws iam create-user \\\n")
    session.wait(CONTINUATION)
    session.interrupt()
    session.wait(PROMPT)
    session.keep("aws iam create-group --group-name staff")
    assert users() == []


def test_ctrl_c_at_the_question_is_a_no(session: Session) -> None:
    session.type("aws iam create-user --user-name alice\n")
    session.wait(ADD)
    session.interrupt()
    session.wait(PROMPT)
    session.end_of_input()
    assert "nothing was recorded" in session.rest()


@pytest.mark.parametrize("command", ["ec2 wait instance-running --instance-ids i-1", "iam list-users"])
def test_ctrl_c_ends_a_running_command_and_not_the_session(session: Session, silent: Silent, command: str) -> None:
    session.type(f"aws {command} --endpoint-url {silent.url}\n")
    silent.wait()
    session.interrupt()
    shown = session.wait(PROMPT)
    assert "[y/N]" not in shown
    assert "Traceback" not in shown
    session.keep("aws iam create-user --user-name bob")
    assert session.save("t.trace") == 0
    assert lines_of() == ["iam create-user --user-name bob"]


def test_exit_and_ctrl_d_end_the_session() -> None:
    for typed in ("exit\n", "\x04"):
        with Session(*PLAIN) as session:
            session.wait(PROMPT)
            session.type(typed)
            assert "[y/N]" not in session.rest()
            assert session.code == 0


def test_the_trace_is_written_on_y_and_its_owners_only(session: Session) -> None:
    session.keep("aws iam create-user --user-name alice")
    assert not Path("t.trace").exists()
    assert session.save("t.trace", "y") == 0
    assert mode(Path("t.trace")) == 0o600
    assert lines_of() == ["iam create-user --user-name alice"]


@pytest.mark.parametrize("reply", ["n", ""])
def test_the_trace_is_not_written_otherwise(session: Session, reply: str) -> None:
    session.keep("aws iam create-user --user-name alice")
    assert session.save("t.trace", reply) == 0
    assert not Path("t.trace").exists()


# --- the shell


def test_other_lines_are_refused_in_one_line(session: Session) -> None:
    told = session.run("touch made").splitlines()[1:]
    assert len(told) == 1
    assert "touch" in told[0]
    assert "-s" in told[0]
    assert not Path("made").exists()


def test_s_runs_other_lines_after_a_confirmation() -> None:
    with Session(*PLAIN, "-s") as session:
        session.wait(PROMPT)
        for reply, found in {"n": False, "": False, "y": True}.items():
            session.type("echo made by $((6 * 7)) > made\n")
            session.answer(SHELL_QUESTION, reply)
            session.wait(PROMPT)
            assert Path("made").exists() == found
        assert Path("made").read_text() == "made by 42\n"
        session.type("exit\n")
        assert "nothing was recorded" in session.rest()


def test_s_d_does_not_ask_and_ctrl_c_ends_only_the_shell_line() -> None:
    with Session(*PLAIN, "-s", "-d") as session:
        session.wait(PROMPT)
        assert "6 * 7 = 42" in session.run("echo 6 \\* 7 = $((6 * 7))")
        session.type("echo waiting; read answer; echo got $answer\n")
        session.wait("\r\nwaiting")
        session.type("an answer\n")
        session.wait("got an answer")
        session.wait(PROMPT)
        session.type("echo waiting; read answer; touch made\n")
        session.wait("\r\nwaiting")
        session.interrupt()
        session.wait(PROMPT)
        assert session.run("echo still there").endswith("\r\nstill there\r\n")
    assert not Path("made").exists()


def test_a_shell_lines_time_is_the_next_commands_pause() -> None:
    with Session(*PLAIN, "-s", "-d", "-n") as session:
        session.wait(PROMPT)
        for line in ("iam create-user --user-name alice", "iam list-users"):
            session.run(f"aws {line}")
        session.run("true")
        session.run("aws iam list-groups")
        session.type("exit\n")
        session.rest()
    pauses = [command.get("pause", 0) for command in recorded("t.trace")]
    assert pauses[:2] == [0, 0]
    assert pauses[2] > 0


class Day:
    """A clock, a person, a shell and an `aws` that all take the time that is written down for them."""

    def __init__(self, lines: Sequence[tuple[int, str, int]]) -> None:
        self._now = datetime(2026, 1, 1, tzinfo=timezone.utc)
        self._lines = iter(lines)
        self._takes = 0

    def now(self) -> datetime:
        return self._now

    def read(self, before: str | None = None) -> str:
        thinking, line, self._takes = next(self._lines, (0, "exit", 0))
        self._now += timedelta(seconds=thinking)
        return line

    def confirm_command(self) -> bool:
        self._now += timedelta(seconds=1000)
        return True

    confirm_shell_line = confirm_command

    def end_line(self) -> None:
        pass

    def remember(self, *, lasting: bool) -> None:
        pass

    def shell(self, line: str) -> int:
        self._now += timedelta(seconds=self._takes)
        return 0

    def global_options(self) -> dict[str, bool]:
        return {}

    def run(self, argv: Sequence[str]) -> Outcome:
        self._now += timedelta(seconds=self._takes)
        return Outcome(0)


def pauses(*lines: tuple[int, str, int]) -> list[float]:
    """The pauses before the commands that are kept of a day."""
    day, redactor = Day(lines), Redactor(b"key", Catalog())
    session = RecordingSession(
        aws=cast("BackgroundAwsCli", day),
        console=day,
        listener=SessionView(say=lambda _: None, shows_line_numbers=False),
        shell=day.shell,
        now=day.now,
        redactor=redactor,
        options=SessionOptions(shell=True),
        buffer=CommandBuffer(),
    )
    session.run()
    return [command.pause for command in session.buffer.commands]


WAITING = [
    (500, "aws iam list-users", 30),
    (500, "sleep 7", 7),
    (500, "sleep 5", 5),
    (500, "aws iam list-groups", 30),
    (500, "aws iam list-roles", 30),
]


def test_a_pause_is_the_time_of_shell_lines_and_not_of_thinking() -> None:
    assert pauses(*WAITING) == [0, 12, 0]


def test_what_was_waited_before_a_dropped_command_is_waited_before_the_next() -> None:
    assert pauses(*WAITING, (500, ":drop 1", 0)) == [12, 0]
    assert pauses(*WAITING, (500, ":drop 2", 0)) == [0, 12]
    assert pauses(*WAITING[:4], (500, ":undo", 0), (500, "sleep 3", 3), WAITING[4]) == [0, 15]
    assert pauses(*WAITING, (500, ":undo", 0), (500, ":undo", 0), WAITING[4]) == [0, 12]


# --- the trace file


@pytest.mark.parametrize("path", ["missing/t.trace", ".", "file/t.trace", "pipe"])
def test_a_path_that_can_not_be_written_is_found_out_before_the_first_prompt(path: str) -> None:
    Path("file").touch()
    os.mkfifo("pipe")
    result = rec("--trace-file", path, lines=["aws iam create-user --user-name alice"])
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == 1
    assert path in result.err
    assert users() == []


def test_without_questions_an_existing_file_is_refused() -> None:
    rec(*TRACE, "-n", lines=["aws iam create-user --user-name alice"])
    before = Path("t.trace").read_bytes()
    result = rec(*TRACE, "-n", lines=["aws iam create-user --user-name bob"])
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == 1
    assert "--append" in result.err
    assert "--overwrite" in result.err
    assert Path("t.trace").read_bytes() == before
    assert users() == ["alice"]


def test_append_continues_a_trace_and_overwrite_replaces_it() -> None:
    for name, switch in {"alice": "--append", "bob": "--append", "carol": "--overwrite"}.items():
        assert rec(*TRACE, "-n", switch, lines=[f"aws iam create-user --user-name {name}"]).code == 0
        if name == "bob":
            assert lines_of() == ["iam create-user --user-name alice", "iam create-user --user-name bob"]
    assert lines_of() == ["iam create-user --user-name carol"]


def test_append_to_what_is_no_trace_is_refused_before_the_first_prompt() -> None:
    Path("t.trace").write_text("my notes\n")
    result = rec(*TRACE, "-n", "--append", lines=["aws iam create-user --user-name alice"])
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == 1
    assert Path("t.trace").read_text() == "my notes\n"
    assert users() == []


def test_overwrite_replaces_only_when_saving() -> None:
    Path("t.trace").write_text("my notes\n")
    create = "aws iam create-user --user-name"
    assert rec(*TRACE, "--overwrite", lines=["exit"]).code == 0
    assert Path("t.trace").read_text() == "my notes\n"
    assert rec(*TRACE, "--overwrite", lines=[f"{create} alice", "y", "exit", "n"]).code == 0
    assert Path("t.trace").read_text() == "my notes\n"
    assert rec(*TRACE, "--overwrite", lines=[f"{create} bob", "y", "exit", "y"]).code == 0
    assert lines_of() == ["iam create-user --user-name bob"]


def test_an_existing_file_is_asked_about() -> None:
    rec(*TRACE, "-n", lines=["aws iam create-user --user-name alice"])
    with Session(*PLAIN) as session:
        session.answer("t.trace exists. Continue the trace in it? [y/N]: ", "y")
        session.wait(PROMPT)
        session.keep("aws iam create-user --user-name bob")
        assert session.save("t.trace") == 0
    assert lines_of() == ["iam create-user --user-name alice", "iam create-user --user-name bob"]
    with Session(*PLAIN) as session:
        session.answer("t.trace exists. Continue the trace in it? [y/N]: ", "n")
        session.answer("Replace it when saving? [y/N]: ", "y")
        session.wait(PROMPT)
        session.keep("aws iam create-user --user-name carol")
        assert session.save("t.trace") == 0
    assert lines_of() == ["iam create-user --user-name carol"]
    with Session(*PLAIN) as session:
        session.answer("t.trace exists. Continue the trace in it? [y/N]: ", "n")
        session.answer("Replace it when saving? [y/N]: ", "n")
        assert PROMPT not in session.rest()
    assert lines_of() == ["iam create-user --user-name carol"]


# --- line editing


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("aws dynamod", "aws dynamodb"),
        ("aws iam create-us", "aws iam create-user "),
        ("aws iam create-user --user-n", "aws iam create-user --user-name "),
        ("aws iam create-policy --policy-document file://pol", "file://policy.json "),
        ("aws lambda invoke --payload fileb://fol", "fileb://folder/"),
        ("aws iam create-policy --policy-document file://folder/o", "file://folder/other.json "),
    ],
)
def test_tab_completes(session: Session, typed: str, completed: str) -> None:
    Path("policy.json").touch()
    Path("folder").mkdir()
    Path("folder/other.json").touch()
    session.type(f"{typed}\t|")
    assert (typed + session.wait("|").removeprefix(typed)).replace("\a", "").endswith(completed)


def test_tab_completes_in_a_continued_line(session: Session) -> None:
    session.type("aws iam create-user \\\n")
    session.wait(CONTINUATION)
    session.type("--user-n\t|")
    assert session.wait("|").replace("\a", "") == "--user-name "


def test_the_history_outlives_the_session_and_is_its_owners_only(aws_home: Path) -> None:
    line = "aws iam create-user --user-name alice"
    with Session(*PLAIN) as session:
        session.wait(PROMPT)
        session.keep(line)
        session.type("\x04")
        session.answer("Save cached trace to t.trace? [y/N]: ", "n")
        session.rest()
    (history,) = [path for path in aws_home.rglob("*") if path.is_file() and "history" in path.name]
    assert mode(history) == 0o600
    assert "n" not in history.read_text().splitlines()
    assert "y" not in history.read_text().splitlines()
    with Session(*PLAIN) as session:
        session.wait(PROMPT)
        session.type("\x1b[A")
        session.wait(line)
        session.type("\n")
        assert "EntityAlreadyExists" in session.wait(PROMPT)


# --- what `aws` prints

LINES = {
    "json": "aws iam list-users",
    "table": "aws iam list-users --output table",
    "text": "aws iam list-users --output text --query Users[].[UserName,Path]",
    "nothing": "aws iam tag-user --user-name alice --tags Key=a,Value=ü",
    "service error": "aws iam get-user --user-name nobody",
    "usage error": "aws iam create-user",
    "bad parameter": "aws iam create-policy --policy-name p --policy-document file://missing.json",
}


def test_what_aws_prints_stays_as_it_is() -> None:
    aws("iam", "create-user", "--user-name", "alice")
    plain = [run(*line.split(" ")) for line in LINES.values()]
    assert [result.code == 0 for result in plain] == [True] * 4 + [False] * 3
    typed = [(line, "n") if each.code == 0 else (line,) for line, each in zip(LINES.values(), plain, strict=True)]
    result = rec(*TRACE, lines=[*(text for texts in typed for text in texts), "exit"])
    outs = [out.replace(ADD, "") for out in result.out.split(PROMPT)[1:-1]]
    assert dict(zip(LINES, outs, strict=True)) == dict(zip(LINES, (each.out for each in plain), strict=True))
    assert result.err == "".join(each.err for each in plain) + "awstrace-rec: nothing was recorded\n"


def test_without_a_terminal_and_questions_nothing_else_is_printed() -> None:
    aws("iam", "create-user", "--user-name", "alice")
    plain = [run(*line.split(" ")) for line in LINES.values()]
    result = rec(*TRACE, "-n", lines=LINES.values())
    failed = [f"awstrace-rec: line {n}: failed with exit code {each.code}\n" for n, each in enumerate(plain, 1)]
    told = [each.err + (line if each.code else "") for each, line in zip(plain, failed, strict=True)]
    assert (result.out, result.err) == ("".join(each.out for each in plain), "".join(told))


def test_the_trace_is_json_that_others_can_read() -> None:
    rec(*TRACE, "-n", lines=["aws iam create-user --user-name alice --tags Key=a,Value=ü"])
    document = json.loads(Path("t.trace").read_text(encoding="utf-8"))
    assert document["version"] == 2
    (command,) = document["commands"]
    assert command["operation"]["name"] == "CreateUser"
    assert command["calls"][0]["request"] == {"UserName": "alice", "Tags": [{"Key": "a", "Value": "ü"}]}
    assert command["calls"][0]["response"]["User"]["UserName"] == "alice"


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_what_was_accepted_is_saved_when_the_session_is_ended_from_outside(session: Session, number: int) -> None:
    session.type("aws iam create-user --user-name alice\n")
    session.answer(ADD, "y")
    session.wait(PROMPT)
    session.send_signal(number)
    assert "the session was ended" in session.rest()
    assert [command["argv"][-1] for command in recorded("t.trace")] == ["alice"]


def test_no_answer_to_the_last_question_loses_nothing(session: Session) -> None:
    session.type("aws iam create-user --user-name alice\n")
    session.answer(ADD, "y")
    session.wait(PROMPT)
    session.end_of_input()
    session.wait("Save cached trace to t.trace? [y/N]: ")
    session.end_of_input()
    session.rest()
    assert len(recorded("t.trace")) == 1


def test_a_trace_that_can_not_be_saved_where_it_should_is_saved_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    folder = tmp_path / "gone"
    folder.mkdir()
    with Session("--trace-file", folder / "t.trace", "-c", "-n") as session:
        session.wait(PROMPT)
        session.run("aws iam create-user --user-name alice")
        shutil.rmtree(folder)
        session.end_of_input()
        said = session.rest()
    rescued = re.search(r"the trace is in (\S+) instead", said)
    assert rescued, said
    assert [command["argv"][-1] for command in recorded(rescued[1])] == ["alice"]
    assert session.code == 1


@pytest.mark.usefixtures("aws_home")
def test_a_session_whose_input_is_closed_ends_at_once() -> None:
    line = f"{BIN / 'awstrace-rec'} --trace-file t.trace <&-"
    result = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr.splitlines()[-1] == "awstrace-rec: nothing was recorded"
    assert list(Path().iterdir()) == []
