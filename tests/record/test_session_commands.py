"""The session's own commands: `:list`, `:drop N`, `:undo`, `:save`, `:help`, and what they leave on disk."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer.record.session_commands import CommandBuffer
from awstracer.trace import store
from tests.programs import CONTINUATION, PROMPT, Session, rec, recorded
from tests.traces import operation, trace

pytestmark = pytest.mark.once

TRACE = ("--trace-file", "t.trace")
PLAIN = (*TRACE, "-c")


@pytest.fixture
def session(aws_home: Path) -> Iterator[Session]:
    """A session that asks before it keeps anything, at its first prompt."""
    with Session(*PLAIN) as session:
        session.wait(PROMPT)
        yield session


def said(shown: str) -> list[str]:
    """What was shown behind the line that was typed."""
    return [line.rstrip() for line in shown.splitlines()[1:]]


def make(session: Session, *names: str) -> None:
    for name in names:
        session.run(f"aws iam create-user --user-name {name}")


def names(path: str = "t.trace") -> list[str]:
    """The users that the commands of a trace file made."""
    return [command["argv"][-1] for command in recorded(path)]


def killed(*args: str, lines: Sequence[str]) -> None:
    """A session that makes users, and does what lines with a colon say, until it is killed."""
    with Session(*PLAIN, "-n", *args) as session:
        session.wait(PROMPT)
        for line in lines:
            session.run(line if line.startswith(":") else f"aws iam create-user --user-name {line}")
        session.send_signal(signal.SIGKILL)
        session.rest()


# --- the cache


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=12), st.integers(0, 3))
def test_a_dropped_command_leaves_all_others_and_all_that_was_waited(
    steps: list[tuple[int, bool]], before: int
) -> None:
    cache, wanted, waited = CommandBuffer(before=before), list[str](), 0.0
    for number, (pause, drops) in enumerate(steps):
        cache.pause += pause
        waited += pause
        if drops and wanted:
            at = pause % len(wanted)
            assert cache.drop(before + at + 1).argv == (wanted.pop(at),)
        else:
            cache.add(operation("iam.ListUsers", {}, {}, [str(number)]))
            wanted.append(str(number))
        assert [command.argv[0] for command in cache.commands] == wanted
        assert list(cache.numbered) == list(range(before + 1, before + len(wanted) + 1))
        assert sum(command.pause for command in cache.commands) + cache.pause == waited


def test_numbers_go_on_behind_what_is_saved() -> None:
    cache = CommandBuffer([operation("iam.ListUsers", {}, {})], before=2)
    assert list(cache.numbered) == [3]
    cache.save()
    cache.add(operation("iam.ListRoles", {}, {}))
    assert list(cache.numbered) == [4]
    assert [len(cache.saved), len(cache.commands)] == [1, 1]


# --- at the prompt


def test_list_shows_what_is_cached_a_line_each_and_no_secret(session: Session) -> None:
    assert said(session.run(":list")) == ["awstrace-rec: nothing is cached"]
    session.keep("aws iam create-user --user-name alice")
    session.type("""aws ssm put-parameter --name p --type String --value 'two\n""")
    session.wait(CONTINUATION)
    session.keep("lines\x16\x1b[31m'")
    session.keep("aws iam create-login-profile --user-name alice --password 'Pa55-of-alice'")
    assert said(session.run(":list")) == [
        "1  aws iam create-user --user-name alice",
        "2  aws ssm put-parameter --name p --type String --value 'two\\nlines\\x1b[31m'",
        "3  aws iam create-login-profile --user-name alice --password '<secret>'",
    ]


def test_drop_and_undo_take_commands_out_of_the_cache(session: Session) -> None:
    for name in ("alice", "bob", "carol", "dave"):
        session.keep(f"aws iam create-user --user-name {name}")
    assert said(session.run(":drop 2")) == ["awstrace-rec: dropped 2  aws iam create-user --user-name bob"]
    assert said(session.run(":undo")) == ["awstrace-rec: dropped 3  aws iam create-user --user-name dave"]
    assert said(session.run(":list")) == [
        "1  aws iam create-user --user-name alice",
        "2  aws iam create-user --user-name carol",
    ]
    assert session.save("t.trace") == 0
    assert names() == ["alice", "carol"]


def test_a_session_that_has_dropped_all_has_recorded_nothing(session: Session) -> None:
    session.keep("aws iam create-user --user-name alice")
    session.run(":undo")
    session.type("exit\n")
    assert said(session.rest()) == ["awstrace-rec: nothing was recorded"]
    assert (session.code, [path.name for path in Path().glob("t.trace*")]) == (0, [])


IMPOSSIBLE = {
    ":lst": "there is no :lst, but :list, :drop N, :undo, :save, :help",
    ":drop": ":drop takes one command's number",
    ":drop 1 2": ":drop takes one command's number",
    ":undo 1": ":undo takes nothing",
    ":drop first": "first is no command's number",
    ":drop 0": "0 is no command's number",
    ":drop 1": "command 1 is not cached: nothing is",
    ":undo": "nothing is cached",
    ":save": "nothing is cached",
    ":drop '\x1b[31m'": "\\x1b[31m is no command's number",
}


def test_what_can_not_be_done_is_one_line(aws_home: Path) -> None:
    result = rec(*TRACE, "-s", "-d", lines=[*IMPOSSIBLE, "exit"])
    assert result.err.splitlines() == [
        f"awstrace-rec: {told}" for told in (*IMPOSSIBLE.values(), "nothing was recorded")
    ]
    assert result.code == 0


def test_help_tells_of_each_and_of_exit(session: Session) -> None:
    shown = said(session.run(":help"))
    assert [line.split("  ")[0] for line in shown] == [":list", ":drop N", ":undo", ":save", ":help", "exit"]


def test_a_colon_alone_is_the_shells(aws_home: Path) -> None:
    assert rec(*TRACE, "-s", "-d", lines=[": > made"]).code == 0
    assert Path("made").exists()


@pytest.mark.parametrize(("typed", "completed"), [(":dr", ":drop "), (":drop ", ":drop "), ("a", "aws ")])
def test_tab_completes_them(session: Session, typed: str, completed: str) -> None:
    session.type(f"{typed}\t|")
    assert session.wait("|").replace("\a", "") == completed


# --- saving


def test_save_saves_and_the_session_goes_on(session: Session) -> None:
    session.keep("aws iam create-user --user-name alice")
    session.keep("aws ec2 create-vpc --cidr-block 10.0.0.0/16")
    assert said(session.run(":save")) == ["awstrace-rec: saved commands 1..2"]
    assert names() == ["alice", "10.0.0.0/16"]
    assert said(session.run(":drop 2")) == ["awstrace-rec: command 2 is not cached: nothing is"]
    session.keep("aws iam create-user --user-name bob")
    assert said(session.run(":list")) == ["3  aws iam create-user --user-name bob"]
    assert said(session.run(":drop 2")) == ["awstrace-rec: command 2 is not cached: only 3"]
    assert session.save("t.trace") == 0
    assert names() == ["alice", "10.0.0.0/16", "bob"]
    assert store.load_trace(Path("t.trace")).recorded.region == "us-east-1"


def test_what_is_saved_is_neither_asked_about_nor_lost_at_the_end(session: Session) -> None:
    session.keep("aws iam create-user --user-name alice")
    session.run(":save")
    session.type("exit\n")
    assert said(session.rest()) == []
    assert names() == ["alice"]
    assert [path.name for path in Path().glob("t.trace*")] == ["t.trace"]


def test_what_is_not_saved_at_the_end_leaves_what_was(session: Session) -> None:
    session.keep("aws iam create-user --user-name alice")
    session.run(":save")
    session.keep("aws iam create-user --user-name bob")
    assert session.save("t.trace", "n") == 0
    assert names() == ["alice"]


def test_the_trace_is_the_same_in_whatever_portions_it_is_saved(aws_home: Path) -> None:
    lines = ["aws iam list-users", "aws ec2 describe-vpcs", "aws iam list-groups"]
    for path, extra in (("one", []), ("several", [":save"])):
        both = [each for line in lines for each in (line, *extra)]
        assert rec("--trace-file", path, "-n", lines=both).code == 0
    one, several = (store.load_trace(Path(path)) for path in ("one", "several"))
    assert [command.argv for command in one.commands] == [command.argv for command in several.commands]
    assert one.recorded.region == several.recorded.region == "us-east-1"


def test_a_save_that_failed_is_told_and_loses_nothing(session: Session) -> None:
    Path("t.trace").mkdir()
    session.keep("aws iam create-user --user-name alice")
    (told,) = said(session.run(":save"))
    assert "the commands are in" in told
    assert told.endswith("fix that, then type :save again")
    Path("t.trace").rmdir()
    assert said(session.run(":save")) == ["awstrace-rec: saved command 1"]
    assert names() == ["alice"]


# --- kills


@pytest.mark.usefixtures("aws_home")
def test_what_was_dropped_stays_dropped_after_a_kill() -> None:
    killed(lines=["alice", "bob", "carol", ":drop 2"])
    killed(lines=["dave", ":drop 1", "erin", ":undo"])
    assert rec(*TRACE, "-n").code == 0
    assert names() == ["carol", "dave"]


@pytest.mark.usefixtures("aws_home")
def test_nothing_is_offered_if_all_was_dropped_before_the_kill() -> None:
    killed(lines=["alice", ":undo"])
    result = rec(*TRACE, "-n", lines=["aws iam list-users", ":list"])
    assert (result.code, result.err) == (0, "1  aws iam list-users\n")


@pytest.mark.usefixtures("aws_home")
@pytest.mark.parametrize(
    ("first", "again", "found"),
    [
        ((), (), ["alice", "bob", "carol"]),
        ((), ("--overwrite",), ["alice", "bob", "carol"]),
        (("--append",), ("--append",), ["root", "alice", "bob", "carol"]),
        (("--overwrite",), ("--overwrite",), ["alice", "bob", "carol"]),
        (("--overwrite",), ("--append",), ["alice", "bob", "carol"]),
    ],
)
def test_a_kill_after_a_save_neither_loses_nor_doubles(
    first: Sequence[str], again: Sequence[str], found: list[str]
) -> None:
    """The one command that is left goes behind those that were saved, whatever the switches say."""
    if first:
        store.save_trace(trace(["iam.CreateUser", {"UserName": "root"}, {}, ["root"]]), Path("t.trace"))
    killed(*first, lines=["alice", ":save", "bob"])
    assert names() == found[:-2]
    killed(*again, lines=[])
    result = rec(*TRACE, "-n", *again, lines=["aws iam create-user --user-name carol"])
    assert (result.code, "has 1 unsaved command" in result.err) == (0, True)
    assert names() == found


@pytest.mark.usefixtures("aws_home")
def test_a_kill_right_after_a_save_leaves_nothing_to_go_on_with() -> None:
    killed(lines=["alice", ":save"])
    refused = rec(*TRACE, "-n", lines=["aws iam create-user --user-name bob"])
    assert (refused.code, "--append" in refused.err) == (2, True)
    result = rec(*TRACE, "-n", "--overwrite", lines=["aws iam create-user --user-name bob"])
    assert (result.code, result.err) == (0, "")
    assert names() == ["bob"]


@pytest.mark.usefixtures("aws_home")
def test_a_kill_in_the_middle_of_a_save_doubles_nothing() -> None:
    """The trace is in place, and the journal still has what is in it."""
    killed("--append", lines=["alice", ":save", "bob", "erin", ":drop 2"])
    shutil.copy("t.trace.journal", "copy")
    assert rec(*TRACE, "-n").code == 0
    Path("copy").rename("t.trace.journal")
    result = rec(*TRACE, "-n", "--append", lines=["aws iam create-user --user-name carol"])
    assert (result.code, result.err) == (0, "")
    assert names() == ["alice", "erin", "carol"]


@pytest.mark.usefixtures("aws_home")
def test_whoever_wants_nothing_of_a_killed_session_is_asked_about_the_file() -> None:
    killed(lines=["alice", ":save", "bob"])
    with Session(*PLAIN) as session:
        session.answer("Continue with them? [y/N]: ", "n")
        session.answer("t.trace exists. Continue the trace in it? [y/N]: ", "n")
        session.answer("Replace it when saving? [y/N]: ", "y")
        session.wait(PROMPT)
        session.keep("aws iam create-user --user-name carol")
        assert session.save("t.trace") == 0
    assert names() == ["carol"]
