"""Nothing that was accepted is lost: the journal as a file, and sessions that are killed, crowded out or doubled."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from awstracer.aws.background import BackgroundAwsCli
from awstracer.aws.capture import Outcome
from awstracer.aws.catalog import Catalog
from awstracer.cli.session_view import SessionView
from awstracer.errors import TraceError
from awstracer.record.session import RecordingSession, SessionOptions
from awstracer.record.session_commands import CommandBuffer
from awstracer.secrets.redactor import Redactor
from awstracer.trace import saver, store
from awstracer.trace.journal import Journal, parse
from awstracer.trace.model import Command, RecordingInfo, Trace
from benchmarks import kill_sessions
from tests.programs import BIN, PROMPT, Session, Terminal, rec, recorded, users
from tests.traces import THEN, operation, trace
from tests.values import commands

pytestmark = pytest.mark.once

TRACE = ("--trace-file", "t.trace")
PLAIN = (*TRACE, "-c")
HERE = RecordingInfo(started=THEN, awstracer="2.0.0")
OFFER = "Continue with them? [y/N]: "


def user(name: str) -> Command:
    """A command that made a user."""
    return operation("iam.CreateUser", {"UserName": name}, {"User": {"UserName": name}}, ["iam", "create-user"])


def kept(path: Path) -> tuple[Command, ...]:
    """The commands that a new session finds in the journal."""
    with Journal(path, HERE) as journal:
        return journal.commands


def names(path: str = "t.trace") -> list[str]:
    """The users that the commands of a trace file made."""
    return [command["argv"][-1] for command in recorded(path)]


def left() -> list[str]:
    """What stands in the current folder."""
    return sorted(path.name for path in Path.cwd().iterdir() if not path.name.startswith(".local"))


# --- the file


@given(st.lists(commands(), min_size=1, max_size=4))
@settings(max_examples=40)
def test_commands_survive_their_journal(written: list[Command]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.trace")
        with Journal(path, HERE) as journal:
            for number in range(len(written) + 1):
                journal.write(written[:number])
        with Journal(path, RecordingInfo()) as journal:
            assert journal.commands == tuple(written)
            assert journal.recorded == HERE


def test_a_journal_torn_at_any_byte_has_the_commands_before(tmp_path: Path) -> None:
    path, written = tmp_path / "t.trace", [user("alice"), user("bob")]
    with Journal(path, HERE) as journal:
        journal.write(written)
    content = journal.path.read_bytes()
    for cut in range(len(content)):
        whole = max(content[:cut].count(b"\n") - 1, 0)
        for torn in (content[:cut], content[:cut] + bytes(7)):
            assert parse(torn).commands == tuple(written[:whole])
    for cut in range(content.index(b"\n"), len(content), 50):
        journal.path.write_bytes(content[:cut])
        again = kept(path)
        with Journal(path, HERE) as journal:
            journal.write([*again, user("carol")])
        assert kept(path) == (*again, user("carol"))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), st.integers(0, 2)), max_size=8), st.data())
@settings(max_examples=40)
def test_a_journal_torn_at_any_byte_has_what_some_write_had(
    changes: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    """Commands are dropped, changed and added; none that stays may be gone at any moment."""
    states: list[list[Command]] = [[]]
    for number, (at, dropped, added) in enumerate(changes):
        new = [user(f"u{number}.{each}") for each in range(added)]
        before = states[-1]
        states.append(
            [*before[:at], *before[at + dropped :], *new] if number % 2 else [*before[:at], *new, *before[at:]]
        )
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder, "t.trace"), HERE) as journal:
        sizes = []
        for state in states:
            journal.write(state)
            sizes.append(journal.path.stat().st_size)
            assert parse(journal.path.read_bytes()).commands == tuple(state)
        content = journal.path.read_bytes()
    cut = data.draw(st.integers(sizes[0], len(content)))
    at = max(index for index, size in enumerate(sizes) if size <= cut)
    found = parse(content[:cut]).commands
    following = states[min(at + 1, len(states) - 1)]
    assert {each.argv for each in states[at]} & {each.argv for each in following} <= {each.argv for each in found}
    assert {each.argv for each in found} <= {each.argv for each in (*states[at], *following)}
    if at < len(sizes) - 1 and content[sizes[at] : sizes[at + 1]].startswith(b'{"splice"'):
        assert found == tuple(states[at])


def test_a_journal_is_its_owners_only_and_goes_when_nothing_is_in_it(tmp_path: Path) -> None:
    with Journal(tmp_path / "t.trace", HERE) as journal:
        assert journal.path == tmp_path / "t.trace.journal"
        assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == []


def test_a_second_session_is_told_who_records_and_the_next_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "t.trace"
    (tmp_path / "link").symlink_to(path)
    with Journal(path, HERE) as journal:
        journal.write([user("alice")])
        for name in (path, tmp_path / "link"):
            with pytest.raises(TraceError) as refusal:
                Journal(name, HERE)
            assert refusal.value.reason == f"is being recorded by another session (process {os.getpid()})"
        journal.write([user("alice"), user("bob")])
    assert kept(path) == (user("alice"), user("bob"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"my notes", "is not a journal"),
        (b"my notes\n", "is not a journal: line 1 is not JSON"),
        (b"[]\n", "is not a journal: line 1 is no object"),
        (b"{}\n", "is not a journal"),
        (b'{"journal": 2}\n', "has format 2, and this awstracer reads journals of format 1"),
        (b'{"journal": 1}\n', "recorded is not an object"),
        (b'{"journal": 1, "recorded": {}}\nnonsense\n{}\n', "is not a journal: line 2 is not JSON"),
        (b'{"journal": 1, "recorded": {}}\n{}\n', "the command has no"),
        (b'{"journal": 1, "recorded": {}}\n{"splice": [0, 1], "commands": []}\n', "is not a journal: a change in it"),
        (b'{"journal": 1, "recorded": {}}\n{"splice": "all"}\n', "is not a journal: a change in it"),
        (b'{"journal": 1, "recorded": {}}\n{"splice": [0, 0], "commands": [{}]}\n', "the command has no"),
    ],
)
def test_what_is_no_journal_is_refused_and_left_alone(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "t.trace.journal"
    path.write_bytes(content)
    with pytest.raises(TraceError) as refusal:
        Journal(tmp_path / "t.trace", HERE)
    assert (refusal.value.path, refusal.value.reason[: len(reason)]) == (path, reason)
    assert path.read_bytes() == content


def test_a_journal_is_no_link_and_no_pipe(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("my notes")
    (tmp_path / "t.trace.journal").symlink_to(tmp_path / "notes")
    os.mkfifo(tmp_path / "u.trace.journal")
    for name in ("t.trace", "u.trace"):
        with pytest.raises(TraceError):
            Journal(tmp_path / name, HERE)
    assert (tmp_path / "notes").read_text() == "my notes"


def test_a_journal_is_set_aside_under_a_name_that_is_free(tmp_path: Path) -> None:
    path = tmp_path / "t.trace"
    for number, name in enumerate(("alice", "bob"), 1):
        with Journal(path, HERE) as journal:
            journal.write([user(name)])
            assert journal.set_aside() == tmp_path / f"t.trace.journal.{number}"
            assert journal.commands == ()
    for number, name in enumerate(("alice", "bob"), 1):
        assert parse((tmp_path / f"t.trace.journal.{number}").read_bytes()).commands == (user(name),)
    assert len(list(tmp_path.iterdir())) == 2


def test_commands_that_follow_saved_ones_say_so_as_long_as_there_are_any(tmp_path: Path) -> None:
    path = tmp_path / "t.trace"
    with Journal(path, HERE) as journal:
        journal.write([user("alice")])
        assert not journal.continues_trace
        journal.clear(continues_trace=True)
        journal.write([user("bob")])
    for _ in range(2):
        with Journal(path, HERE) as journal:
            assert (journal.continues_trace, journal.commands) == (True, (user("bob"),))
    with Journal(path, HERE) as journal:
        journal.set_aside()
        assert not journal.continues_trace
        journal.clear(continues_trace=True)
        journal.write([])
        shutil.copy(journal.path, tmp_path / "copy")
    (tmp_path / "copy").rename(tmp_path / "t.trace.journal")
    with Journal(path, HERE) as journal:
        assert (journal.continues_trace, journal.commands) == (False, ())
        journal.write([user("carol")])
    with Journal(path, HERE) as journal:
        assert (journal.continues_trace, journal.commands) == (False, (user("carol"),))


def test_what_is_saved_is_known_again_even_if_it_equals_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.trace"
    odd = operation("ssm.PutParameter", {"Value": float("nan")}, {})
    for saved, is_saved in (((odd,), True), ((user("alice"), odd), True), ((odd, user("alice")), False)):
        store.save_trace(Trace(saved), path)
        with Journal(path, HERE) as journal:
            journal.write([odd])
        with Journal(path, HERE) as journal:
            assert saver.is_saved(journal.commands, path) == is_saved
    assert not saver.is_saved((), path)


def test_a_disk_that_is_full_when_a_journal_is_set_aside_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TraceError) as refusal, Journal(tmp_path / "t.trace", HERE) as journal:
        journal.write([user("alice")])
        monkeypatch.setattr(os, "write", _full)
        journal.set_aside()
    assert "No space left on device" in refusal.value.reason
    assert parse((tmp_path / "t.trace.journal.1").read_bytes()).commands == (user("alice"),)


def _full(*_: object) -> int:
    raise OSError(28, "No space left on device")


def _interrupted(*_: object) -> int:
    raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["write", "fsync", "ftruncate"])
@pytest.mark.parametrize("fails", [_full, _interrupted])
def test_a_write_that_failed_is_made_good_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, fails: Callable[..., int]
) -> None:
    """Half of the line is on the disk already."""
    written = [user("alice"), user("bob"), user("carol")]
    half = os.write

    def halfway(handle: int, content: bytes) -> int:
        return half(handle, content[: len(content) // 2]) if len(content) > 9 else fails()

    with Journal(tmp_path / "t.trace", HERE) as journal:
        journal.write(written[:1])
        with monkeypatch.context() as failing:
            failing.setattr(os, name, halfway if name == "write" else fails)
            with pytest.raises((TraceError, KeyboardInterrupt)):
                journal.write(written[:2])
        assert journal.written == 1
        assert parse(journal.path.read_bytes()).commands in (tuple(written[:1]), tuple(written[:2]))
        journal.write(written)
    assert kept(tmp_path / "t.trace") == tuple(written)


class Person:
    """Types lines, presses Ctrl-C while a command is being written down, and notes what was there at each prompt."""

    def __init__(self, *lines: str) -> None:
        self._lines = iter(lines)
        self._written = 0
        self.at_prompts: list[int] = []

    def write_journal(self, commands: Sequence[Command]) -> None:
        if len(commands) > self._written:
            self._written += 1
            raise KeyboardInterrupt
        self._written = len(commands)

    def read(self, before: str | None = None) -> str:
        self.at_prompts.append(self._written)
        return next(self._lines, "exit")

    def confirm_command(self) -> bool:
        return True

    confirm_shell_line = confirm_command

    def end_line(self) -> None: ...

    def remember(self, *, lasting: bool) -> None: ...

    def global_options(self) -> dict[str, bool]:
        return {}

    def run(self, argv: Sequence[str]) -> Outcome:
        return Outcome(0)


def test_ctrl_c_while_a_command_is_written_down_ends_nothing_and_loses_nothing() -> None:
    person = Person("aws a", "aws b")
    session = RecordingSession(
        aws=cast("BackgroundAwsCli", person),
        console=person,
        listener=SessionView(say=lambda _: None, shows_line_numbers=False),
        shell=lambda _: 0,
        now=lambda: datetime.now(timezone.utc),
        redactor=Redactor(b"key", Catalog()),
        options=SessionOptions(),
        buffer=CommandBuffer([user("alice")]),
        write_journal=person.write_journal,
    )
    session.run()
    assert person.at_prompts == [1, 2, 3]
    assert [command.argv for command in session.buffer.commands[1:]] == [("a",), ("b",)]


# --- sessions


def killed(*args: str, lines: Sequence[str] = ("alice",)) -> None:
    """A session that makes users, is killed, and saves nothing."""
    with Session(*PLAIN, "-n", *args) as session:
        session.wait(PROMPT)
        for name in lines:
            session.run(f"aws iam create-user --user-name {name}")
        session.send_signal(signal.SIGKILL)
        session.rest()


@pytest.mark.usefixtures("aws_home")
def test_a_killed_sessions_commands_are_the_next_ones_first() -> None:
    killed(lines=("alice", "bob"))
    assert left() == ["t.trace.journal"]
    with Session(*PLAIN) as session:
        assert re.search(
            r"t\.trace\.journal has 2 unsaved commands, of \d{4}-\d\d-\d\d \d\d:\d\d\r", session.wait(OFFER)
        )
        session.type("y\n")
        session.wait(PROMPT)
        session.keep("aws iam create-user --user-name carol")
        session.send_signal(signal.SIGKILL)
        session.rest()
    with Session(*PLAIN) as session:
        assert "has 3 unsaved commands" in session.answer(OFFER, "y")
        session.wait(PROMPT)
        assert session.save("t.trace") == 0
    assert names() == ["alice", "bob", "carol"]
    assert left() == ["t.trace"]


@pytest.mark.usefixtures("aws_home")
def test_a_killed_sessions_commands_that_nobody_wants_are_set_aside() -> None:
    killed()
    journal = Path("t.trace.journal").read_bytes()
    with Session(*PLAIN) as session:
        session.answer(OFFER, "n")
        assert "t.trace.journal.1" in session.wait(PROMPT)
        session.keep("aws iam create-user --user-name bob")
        assert session.save("t.trace") == 0
    assert names() == ["bob"]
    assert left() == ["t.trace", "t.trace.journal.1"]
    assert Path("t.trace.journal.1").read_bytes().startswith(journal)


@pytest.mark.usefixtures("aws_home")
@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ((), (), ["alice", "bob"]),
        (("--append",), ("--append",), ["root", "alice", "bob"]),
        (("--overwrite",), ("--overwrite",), ["alice", "bob"]),
        (("--overwrite",), ("--append",), ["root", "alice", "bob"]),
    ],
)
def test_without_questions_a_killed_session_is_gone_on_with(
    before: Sequence[str], after: Sequence[str], found: list[str]
) -> None:
    if before:
        store.save_trace(trace(["iam.CreateUser", {"UserName": "root"}, {}, ["root"]]), Path("t.trace"))
    killed(*before)
    result = rec(*TRACE, "-n", *after, lines=["aws iam create-user --user-name bob"])
    assert result.code == 0
    assert "has 1 unsaved command, of" in result.err
    assert names() == found
    assert left() == ["t.trace"]


@pytest.mark.usefixtures("aws_home")
def test_a_session_killed_between_saving_and_tidying_up_is_not_gone_on_with() -> None:
    killed()
    shutil.copy("t.trace.journal", "copy")
    assert rec(*TRACE, "-n").code == 0
    Path("copy").rename("t.trace.journal")
    result = rec(*TRACE, "-n", "--append", lines=["aws iam create-user --user-name bob", "exit"])
    assert (result.code, result.err) == (0, "")
    assert names() == ["alice", "bob"]
    assert left() == ["t.trace"]


@pytest.mark.usefixtures("aws_home")
def test_a_refused_session_leaves_a_journal_as_it_is() -> None:
    killed()
    store.save_trace(trace(["iam.CreateUser", {"UserName": "root"}, {}, ["root"]]), Path("t.trace"))
    refused = rec(*TRACE, "-n")
    assert (refused.code, refused.out) == (2, "")
    assert "--append" in refused.err
    assert [command.argv[-1] for command in kept(Path("t.trace"))] == ["alice"]


@pytest.mark.usefixtures("aws_home")
def test_a_journal_that_can_not_be_read_is_one_line() -> None:
    Path("t.trace.journal").write_text("my notes\n")
    result = rec(*TRACE, "-n", lines=["aws iam create-user --user-name alice"])
    assert (result.code, result.out, len(result.err.splitlines())) == (2, "", 1)
    assert Path("t.trace.journal").read_text() == "my notes\n"
    assert users() == []


@pytest.mark.usefixtures("aws_home")
def test_two_sessions_on_one_file_are_one_too_many() -> None:
    with Session(*PLAIN) as session:
        session.wait(PROMPT)
        result = rec(*TRACE, "-n", lines=["aws iam create-user --user-name bob"])
        assert (result.code, result.out) == (2, "")
        told = r"awstrace-rec: t\.trace is being recorded by another session \(process \d+\)\n"
        assert re.fullmatch(told, result.err)
        session.keep("aws iam create-user --user-name alice")
        assert session.save("t.trace") == 0
    assert (names(), left()) == (["alice"], ["t.trace"])


@pytest.mark.usefixtures("aws_home")
@pytest.mark.parametrize("reply", ["y", "n"])
def test_an_answer_about_saving_ends_the_journal(reply: str) -> None:
    with Session(*PLAIN) as session:
        session.wait(PROMPT)
        session.keep("aws iam create-user --user-name alice")
        assert left() == ["t.trace.journal"]
        assert session.save("t.trace", reply) == 0
    assert left() == (["t.trace"] if reply == "y" else [])


@pytest.mark.usefixtures("aws_home")
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_session_that_is_ended_while_it_asks_about_saving_saves(number: int) -> None:
    with Session(*PLAIN) as session:
        session.wait(PROMPT)
        session.keep("aws iam create-user --user-name alice")
        session.type("exit\n")
        session.wait("Save cached trace to t.trace? [y/N]: ")
        session.send_signal(number)
        assert "Traceback" not in session.rest()
    assert (names(), left()) == (["alice"], ["t.trace"])


def test_kills_at_random_moments_lose_and_tear_nothing(aws_home: Path) -> None:
    """A sample of the benchmark."""
    findings = kill_sessions.kill(8, aws_home, seed=8)
    assert [fault for finding in findings for fault in finding.faults] == []
    assert sum(finding.accepted for finding in findings) > 0


# --- full disks


def limited(blocks: int, *args: str) -> Terminal:
    """`awstrace-rec` where no file can have more than so many blocks of 512 bytes."""
    return Terminal("/bin/sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", BIN / "awstrace-rec", *PLAIN, *args)


@pytest.mark.usefixtures("aws_home")
def test_a_trace_that_does_not_fit_leaves_the_old_one_and_the_journal() -> None:
    old = trace(*(["iam.CreateUser", {"UserName": f"u{number}"}, {}, ["old"]] for number in range(20)))
    store.save_trace(old, Path("t.trace"))
    with limited(8, "-n", "--append") as session:
        session.wait(PROMPT)
        session.type("aws iam create-user --user-name alice\n")
        session.wait(PROMPT)
        session.type("exit\n")
        (told,) = session.rest().splitlines()[1:]
        assert session.code == 1
    assert "t.trace can't be used: File too large" in told
    assert "t.trace.journal: record to t.trace again to save them" in told
    assert store.load_trace(Path("t.trace")) == old
    assert left() == ["t.trace", "t.trace.journal"]
    assert rec(*TRACE, "-n", "--append").code == 0
    assert names() == ["old"] * 20 + ["alice"]


@pytest.mark.usefixtures("aws_home")
def test_a_command_that_does_not_fit_into_the_journal_is_told_of_at_once() -> None:
    with limited(4, "-n") as session:
        session.wait(PROMPT)
        shown = ""
        for number in range(8):
            session.type(f"aws iam create-user --user-name u{number}\n")
            shown += session.wait(PROMPT)
        session.type("exit\n")
        last = session.rest()
        assert session.code == 1
    told = re.findall(r"not on disk yet: \S+t\.trace\.journal can't be used: File too large", shown)
    found = [command.argv[-1] for command in kept(Path("t.trace"))]
    assert found == [f"u{number}" for number in range(len(found))]
    assert 0 < len(told) == 8 - len(found)
    assert f"of its 8 commands the first {len(found)} are in" in last
    assert not Path("t.trace").exists()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 16 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.usefixtures("aws_home")
def test_on_a_full_disk_a_session_goes_on_and_is_saved_when_there_is_room(disk: Path) -> None:
    path = disk / "t.trace"
    with Session("--trace-file", path, "-c", "-n") as session:
        session.wait(PROMPT)
        session.run("aws iam create-user --user-name alice")
        (disk / "filling").write_bytes(bytes(4096))
        with pytest.raises(OSError, match="No space"), (disk / "filling").open("ab", buffering=0) as file:
            while True:
                file.write(bytes(512))
        policy = "x" * 1500
        assert "not on disk yet" in session.run(f"aws iam create-group --group-name g --path /{policy}/")
        (disk / "filling").unlink()
        session.run("")
        assert len(parse((disk / "t.trace.journal").read_bytes()).commands) == 2
        session.type("exit\n")
        session.rest()
        assert session.code == 0
    assert [command["argv"][-1][:5] for command in recorded(path)] == ["alice", "/xxxx"]
    assert [each.name for each in disk.iterdir()] == ["t.trace"]
