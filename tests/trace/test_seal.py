"""A trace is a person's own if they recorded it and nobody changed it since; every other one is foreign."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer.trace import seal, store
from awstracer.trace.journal import Journal
from awstracer.trace.model import RecordingInfo, Trace
from tests import values
from tests.programs import play, rec
from tests.traces import foreign, operation, trace

pytestmark = pytest.mark.once

TRACE = ("--trace-file", "t.trace")
FOREIGN = "awstrace-play: this trace is foreign: you have not recorded it here, or it was changed since\n"
LINE = "aws iam create-user --user-name alice"
KEY = bytes(32)


def loaded(path: str = "t.trace") -> Trace:
    return store.load_trace(Path(path))


def state(home: Path) -> Path:
    return home / ".local/state/awstracer"


@pytest.fixture
def recorded(aws_home: Path) -> Path:
    """A trace of one command, which the person has recorded."""
    assert rec(*TRACE, "-n", lines=[LINE]).code == 0
    return aws_home / "t.trace"


def test_what_the_person_records_is_their_own(recorded: Path, aws_home: Path) -> None:
    assert loaded().is_own
    key = state(aws_home) / "seal.key"
    assert (key.stat().st_mode & 0o777, len(key.read_bytes())) == (0o600, seal.KEY_LENGTH)
    assert [each.name for each in state(aws_home).iterdir()] == ["seal.key"]
    assert play(*TRACE, "--dryrun").err == ""
    assert "seal" in json.loads(recorded.read_text())["recorded"]


def change(path: Path, how: Callable[[Any], object]) -> None:
    document = json.loads(path.read_text())
    how(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    "how",
    [
        lambda document: document["commands"][0].update(argv=["iam", "delete-user"]),
        lambda document: document["commands"].pop(),
        lambda document: document["commands"].append(document["commands"][0]),
        lambda document: document["commands"][0].update(pause=1),
        lambda document: document["recorded"].update(region="eu-west-1"),
        lambda document: document["recorded"].update(unknown="x"),
        lambda document: document["recorded"].pop("seal"),
        lambda document: document["recorded"].update(seal=""),
        lambda document: document["recorded"].update(seal="0" * 64),
        lambda document: document["recorded"].update(seal="ü"),
        lambda document: document["recorded"].update(seal=7),
        lambda document: document["recorded"].update(seal="\ud800"),
        lambda document: document.update(more={}),
    ],
)
def test_a_trace_that_was_changed_is_foreign(recorded: Path, how: Callable[[Any], object]) -> None:
    change(recorded, how)
    assert not loaded().is_own
    assert play(*TRACE, "--dryrun").err.startswith(FOREIGN)
    assert play(*TRACE, "--dryrun", "--trust").err == ""


def test_a_trace_that_is_only_laid_out_otherwise_is_still_the_persons_own(recorded: Path) -> None:
    document = json.loads(recorded.read_text())
    recorded.write_text(json.dumps(dict(reversed(document.items())), indent=7))
    assert loaded().is_own


def test_without_its_key_a_trace_is_foreign(recorded: Path, aws_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(state(aws_home), aws_home / "other" / "awstracer")
    monkeypatch.setenv("XDG_STATE_HOME", str(aws_home / "other"))
    assert loaded().is_own
    (aws_home / "other/awstracer/seal.key").write_bytes(KEY)
    assert not loaded().is_own
    for short in (b"", b"short"):
        (aws_home / "other/awstracer/seal.key").write_bytes(short)
        recorded.write_text(json.dumps(seal.sealed(json.loads(recorded.read_text()), short)))
        assert not loaded().is_own
    (aws_home / "other/awstracer/seal.key").unlink()
    assert not loaded().is_own
    assert not (aws_home / "other/awstracer/seal.key").exists()  # reading makes none


def test_where_a_file_is_in_the_way_of_the_key_a_trace_is_recorded_all_the_same(aws_home: Path) -> None:
    (aws_home / ".local").touch()
    assert rec(*TRACE, "-n", lines=[LINE]).code == 0
    assert (len(loaded().commands), loaded().is_own) == (1, False)


@pytest.mark.usefixtures("aws_home")
@pytest.mark.parametrize("is_own", [True, False])
def test_a_trace_stays_whose_it_is_when_commands_are_appended(is_own: bool) -> None:
    made = operation("iam.ListUsers", {}, {}, ["iam", "list-users"])
    store.save_trace(trace(made) if is_own else foreign(made), Path("t.trace"))
    assert rec(*TRACE, "-n", "--append", lines=[LINE]).code == 0
    assert (len(loaded().commands), loaded().is_own) == (2, is_own)


@pytest.mark.usefixtures("aws_home")
@pytest.mark.parametrize("before", [True, False])
def test_a_trace_that_continues_a_journal_is_foreign(before: bool) -> None:
    """Somebody may have put the journal beside the trace."""
    if before:
        assert rec(*TRACE, "-n", lines=[LINE.replace("alice", "bob")]).code == 0
    with Journal(Path("t.trace"), RecordingInfo()) as journal:
        journal.write([operation("iam.DeleteUser", {"UserName": "victim"}, {})])
    assert rec(*TRACE, "-n", "--append", lines=[LINE]).code == 0
    assert (len(loaded().commands), loaded().is_own) == (2 + before, False)


@pytest.mark.parametrize("switches", [[], ["--trust"]])
@pytest.mark.parametrize("is_own", [True, False])
@pytest.mark.usefixtures("aws_home")
def test_the_trace_of_a_replay_is_whose_the_replayed_one_is(is_own: bool, switches: list[str]) -> None:
    made = operation("iam.CreateUser", {"UserName": "alice"}, {}, LINE.split()[1:])
    store.save_trace(trace(made) if is_own else foreign(made), Path("t.trace"))
    result = play(*TRACE, "--save-trace", "replay.trace", *switches)
    assert result.code == 0
    assert (FOREIGN in result.err) == (not is_own and not switches)
    assert loaded("replay.trace").is_own == (is_own or bool(switches))


@pytest.mark.usefixtures("aws_home")
def test_the_recording_of_a_script_is_the_persons_own() -> None:
    assert rec(*TRACE, "-n", "--", "sh", "-c", LINE).code == 0
    assert loaded().is_own


@given(st.builds(Trace, st.lists(values.commands(), max_size=3).map(tuple), is_own=st.booleans()))
def test_each_trace_is_read_as_whose_it_was_written(tmp_path_factory: pytest.TempPathFactory, given_: Trace) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp()))
        text = store.format_trace(given_)
        assert store.parse_trace(text).is_own == given_.is_own
        assert not store.parse_trace(store.format_trace(replace(given_, is_own=False))).is_own


@pytest.mark.parametrize("variables", [{}, {"XDG_STATE_HOME": "here"}, {"HOME": "here"}, {"HOME": "~"}, {"HOME": ""}])
def test_a_key_in_the_current_folder_is_nobodys(
    home: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """Somebody may have put it there, with the trace."""
    (home / "work").mkdir()
    monkeypatch.chdir(home / "work")
    for folder in ("here", "here/.local/state", ".local/state", "~/.local/state"):
        Path(folder, "awstracer").mkdir(parents=True)
        Path(folder, "awstracer", "seal.key").write_bytes(KEY)
    document = json.loads(store.format_trace(foreign(operation("iam.ListUsers", {}, {}))))
    Path("t.trace").write_text(json.dumps(seal.sealed(document, KEY)))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert not loaded().is_own
