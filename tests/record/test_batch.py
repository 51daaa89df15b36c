"""Commands from the standard input, and nobody there: `awstrace-rec -n --trace-file FILE < commands.txt`."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pytest

from awstracer.trace import journal, store
from awstracer.trace.model import RecordingInfo
from tests.programs import BIN, PATIENCE, Session, Silent, Terminal, aws, play, rec, recorded, run, users

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("aws_home")]

TRACE = ("--trace-file", "t.trace")
ALICE = "aws iam create-user --user-name alice"


def lines_of(path: str = "t.trace") -> list[str]:
    """The commands in a trace file, as they were typed."""
    return [" ".join(command["argv"]) for command in recorded(path)]


def own(err: str) -> list[str]:
    """What awstrace-rec itself says."""
    return [line for line in err.splitlines() if line.startswith("awstrace-rec: ")]


def test_what_succeeds_is_recorded_and_nothing_is_said() -> None:
    result = rec(*TRACE, "-n", lines=["# make her", "", ALICE, "aws iam list-users --query 'Users[].UserName'"])
    assert (result.code, result.err) == (0, "")
    assert "(rec)" not in result.out
    assert "\x1b" not in result.out
    assert result.out.endswith('[\n    "alice"\n]\n')
    assert lines_of() == ["iam create-user --user-name alice", "iam list-users --query Users[].UserName"]
    assert play(*TRACE, "--dryrun").code == 0


def test_what_fails_is_told_with_the_line_where_it_began_and_the_rest_goes_on() -> None:
    result = rec(
        *TRACE,
        "-n",
        lines=[
            "# the first",
            "aws iam get-user \\",
            "  --user-name nobody",
            "",
            "frobnicate now",
            "\\",
            "aws iam create-user \\",
            "--user-name",
            ALICE,
            ":list everything",
            "aws iam create-user --user-name 'bob",
        ],
    )
    assert result.code == 1
    assert own(result.err) == [
        "awstrace-rec: line 2: failed with exit code 255",
        "awstrace-rec: line 5: not an aws command: frobnicate (start with -s to run shell commands)",
        "awstrace-rec: line 6: failed with exit code 2",
        "awstrace-rec: line 10: :list takes nothing",
        "awstrace-rec: line 11: a quote is not closed: the line was dropped",
    ]
    assert lines_of() == ["iam create-user --user-name alice"]


def test_no_command_takes_the_lines_behind_it_for_its_input() -> None:
    aws("s3api", "create-bucket", "--bucket", "bkt")
    result = rec(*TRACE, "-n", "-s", "-d", lines=["aws s3 cp - s3://bkt/k", "cat", ALICE])
    assert result.code == 1
    told = "awstrace-rec: line 1: this command read input that the trace does not hold: it is not recorded"
    assert own(result.err) == [told]
    assert lines_of() == ["iam create-user --user-name alice"]
    assert aws("s3api", "head-object", "--bucket", "bkt", "--key", "k")["ContentLength"] == 0


def test_shell_lines_run_only_if_nobody_has_to_be_asked() -> None:
    refused = rec(*TRACE, "-n", "-s", lines=["touch made", ALICE])
    assert (refused.code, refused.out) == (2, "")
    assert (
        refused.err == "awstrace-rec: nobody can be asked before a line is run in the shell: add -d, or leave -s out\n"
    )
    assert users() == []
    result = rec(*TRACE, "-n", "-s", "-d", lines=["touch made", "exit 3", ALICE])
    assert (result.code, own(result.err)) == (1, ["awstrace-rec: line 2: failed with exit code 3"])
    assert Path("made").exists()
    assert recorded("t.trace")[0]["pause"] > 0


def test_lines_may_end_as_windows_ends_them_and_hold_bytes_that_are_no_text() -> None:
    with Path("commands.txt").open("wb") as file:
        file.write(ALICE.encode() + b"\r\naws iam get-user --user-name \xff\n# \xe4\naws iam list-users")
    with Path("commands.txt").open("rb") as commands:
        result = subprocess.run(
            [BIN / "awstrace-rec", *TRACE, "-n"], stdin=commands, capture_output=True, timeout=PATIENCE, check=False
        )
    assert result.returncode == 1
    assert b"Traceback" not in result.stderr
    assert lines_of() == ["iam create-user --user-name alice", "iam list-users"]


@pytest.mark.parametrize(
    ("number", "code", "told"),
    [
        (signal.SIGINT, 130, "awstrace-rec: line 2: interrupted: the lines after it were not run"),
        (signal.SIGTERM, 1, "awstrace-rec: the session was ended: SIGTERM"),
    ],
)
def test_an_interrupted_batch_saves_what_succeeded_and_does_nothing_more(
    silent: Silent, number: int, code: int, told: str
) -> None:
    lines = [ALICE, f"aws iam list-users --endpoint-url {silent.url}", "aws iam create-user --user-name bob"]
    Path("commands.txt").write_text("".join(f"{line}\n" for line in lines))
    batch = ("-c", 'exec "$@" < commands.txt', "sh", BIN / "awstrace-rec", *TRACE, "-n")
    with Terminal("/bin/sh", *batch) as session:
        silent.wait()
        session.send_signal(number)
        assert session.rest().splitlines()[-1] == told
        assert session.code == code
    assert lines_of() == ["iam create-user --user-name alice"]
    assert users() == ["alice"]


def test_without_n_the_answers_come_from_the_input_as_ever() -> None:
    result = rec(*TRACE, lines=[ALICE, "y", "aws iam create-user --user-name bob", "n", "exit", "y"])
    assert result.code == 0
    assert result.out.count("(rec) ") == 3
    assert lines_of() == ["iam create-user --user-name alice"]


def test_at_a_terminal_n_has_prompts() -> None:
    with Session(*TRACE, "-c", "-n") as session:
        session.wait("(rec) ")
        assert "line" not in session.run("frobnicate")
        session.run(ALICE)
        session.type("exit\n")
        session.rest()
        assert session.code == 0


def test_the_sessions_own_commands_work_in_a_batch() -> None:
    result = rec(
        *TRACE,
        "-n",
        lines=[
            ALICE,
            ":save",
            "aws iam list-users",
            ":undo",
            "aws iam list-groups",
            ":list",
            "exit",
            "aws iam list-roles",
        ],
    )
    assert result.code == 0
    assert re.sub(r" +", " ", result.err) == (
        "awstrace-rec: saved command 1\nawstrace-rec: dropped 2 aws iam list-users\n2 aws iam list-groups\n"
    )
    assert lines_of() == ["iam create-user --user-name alice", "iam list-groups"]


# --- a byte order mark

BOM = "\ufeff"


@pytest.mark.parametrize("first", [ALICE, f"# make her\n{ALICE}", f"\n{ALICE}", ALICE.replace(" --", " \\\n--")])
@pytest.mark.parametrize("encoding", ["", "UTF-8", "utf8:surrogateescape"])
def test_the_first_line_is_read_without_its_byte_order_mark(
    first: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    result = rec(*TRACE, "-n", lines=[BOM + first])
    assert (result.code, own(result.err)) == (0, [])
    assert lines_of() == ["iam create-user --user-name alice"]


def test_a_byte_order_mark_elsewhere_stays() -> None:
    result = rec(*TRACE, "-n", lines=[BOM + ALICE, BOM + ALICE])
    assert [line[:42] for line in own(result.err)] == ["awstrace-rec: line 2: not an aws command: "]
    assert lines_of() == ["iam create-user --user-name alice"]


def test_where_somebody_is_asked_a_file_is_read_without_its_byte_order_mark() -> None:
    result = rec(*TRACE, lines=[BOM + ALICE, "y", "exit", "y"])
    assert result.code == 0
    assert lines_of() == ["iam create-user --user-name alice"]


def test_the_first_answer_is_read_without_its_byte_order_mark() -> None:
    assert rec(*TRACE, "-n", lines=[ALICE]).code == 0
    result = run("awstrace-play", *TRACE, "-p", "user-name", "bob", "--step", typed=f"{BOM}y\n")
    assert result.code == 0
    assert users() == ["alice", "bob"]


# --- long names


@pytest.mark.parametrize("name", ["n" * 250, "n" * 255, "é" * 127, "€" * 83 + ".trace", "n" * 239, "n" * 240])
def test_a_trace_may_have_a_name_as_long_as_a_file_can_have(name: str) -> None:
    for words in (["-n"], ["-n", "--append"]):
        assert rec("--trace-file", name, *words, lines=["aws iam list-users"]).err == ""
    assert rec("--trace-file", name, "--append", "--", "true").code == 0
    assert lines_of(name) == ["iam list-users"] * 2
    assert play("--trace-file", name, "--save-trace", f"{name[:-1]}x").code == 0
    assert {path.name for path in Path().iterdir() if path.is_file()} == {name, f"{name[:-1]}x"}


@pytest.mark.parametrize("name", ["n" * 256, "é" * 128])
def test_a_longer_name_is_refused_before_the_first_command(name: str) -> None:
    for result in (
        rec("--trace-file", name, "-n", lines=[ALICE]),
        rec("--trace-file", name, "--", "touch", "made"),
        play("--trace-file", name),
    ):
        assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
        assert result.err.endswith(f"{name} can't be used: File name too long\n")
    assert (users(), Path("made").exists()) == ([], False)


def test_two_long_names_have_two_journals() -> None:
    names = [Path("n" * 250 + end) for end in ("a", "b")]
    journals = {journal.journal_path(name).name for name in names}
    assert len(journals) == 2
    assert all(len(name) <= 255 and name.endswith(".journal") for name in journals)
    assert journal.journal_path(Path("n" * 239)).name == "n" * 239 + ".journal"


def test_the_journal_of_a_long_name_is_found_again() -> None:
    path = Path("n" * 250)
    assert rec("--trace-file", path, "-n", lines=[ALICE]).code == 0
    commands = store.load_trace(path).commands
    path.unlink()
    with journal.Journal(path, RecordingInfo()) as unsaved:
        unsaved.write(commands)
    result = rec("--trace-file", path, "-n", lines=["aws iam list-users"])
    assert result.code == 0
    assert [line.split()[-1] for line in lines_of(str(path))] == ["alice", "list-users"]
    with journal.Journal(path, RecordingInfo()) as unsaved:
        unsaved.write(commands)
        assert unsaved.set_aside().name.endswith(".journal.1")
