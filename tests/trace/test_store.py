"""Trace files: what is written is read again, what isn't a trace is refused in one clear line."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer.errors import TraceError
from awstracer.trace import store
from awstracer.trace.journal import Journal
from awstracer.trace.model import Opaque, Poll, RecordingInfo, Trace
from awstracer.trace.serializer import decode_structure, encode_value
from tests.traces import command, operation, trace
from tests.values import VALUES, traces

pytestmark = pytest.mark.once

SCHEMA = json.loads((Path(store.__file__).parent / "schema.json").read_text(encoding="utf-8"))


@given(traces())
def test_a_trace_survives_its_file(trace: Trace) -> None:
    assert store.parse_trace(store.format_trace(trace)) == trace


@given(traces())
def test_files_follow_the_schema(trace: Trace) -> None:
    jsonschema.validate(json.loads(store.format_trace(trace)), SCHEMA)


@given(VALUES)
def test_no_value_is_mistaken_for_a_tag(value: object) -> None:
    assert written_and_read({"member": value}) == {"member": value}


@given(st.dictionaries(st.sampled_from(["$object", "$bytes", "$x", "a"]), VALUES, max_size=1))
def test_no_member_is_mistaken_for_a_tag(members: dict[str, object]) -> None:
    assert written_and_read(members) == members


def written_and_read(structure: dict[str, object]) -> dict[str, object]:
    return decode_structure(json.loads(json.dumps(encode_value(structure))))


def test_a_request_or_a_response_has_no_tag_of_a_value() -> None:
    assert decode_structure({"$x": {}}) == {"$x": {}}
    with pytest.raises(ValueError, match="unknown tag"):
        decode_structure({"member": {"$x": {}}})


def test_what_older_versions_noted_of_awscli_is_ignored_and_not_written_again() -> None:
    path = Path(__file__).with_name("known-line.trace")
    document = json.loads(path.read_text(encoding="utf-8"))
    assert set(document["known"]) > {"of", "awscli", "members", "forms"}
    found = store.load_trace(path)
    assert [each.operation.name for each in found.commands if each.operation] == ["CreateVpc", "CreateSubnet"]
    del document["known"]
    for each in document["commands"]:
        del each["operation"]["words"]
    jsonschema.validate(document, SCHEMA)
    assert json.loads(store.format_trace(found)) == document


@pytest.mark.parametrize("known", ["null", "7", "[]", '{"of": 0}'])
def test_whatever_stands_in_that_place_is_ignored(known: str) -> None:
    assert store.parse_trace(f'{{"version": 2, "recorded": {{}}, "commands": [], "known": {known}}}') == Trace(())


def test_equal_values_of_different_types_stay_different() -> None:
    values = [1, 1.0, True, "1", b"1", 0, False, "", [], {}, None, Opaque("1")]
    again = cast("list[object]", written_and_read({"member": values})["member"])
    assert [(type(value), value) for value in again] == [(type(value), value) for value in values]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("nonsense", "is not JSON"),
        ("[" * 100_000, "nested more than 160 levels deep"),
        ("3", "the file is not an object"),
        ("{}", "the file has no version"),
        ('{"version": 3, "commands": []}', "it has format 3, and this awstracer reads formats up to 2"),
        ('{"version": 1}', "there is no format 1 of this shape"),
        ('{"version": true}', "version is not an int"),
        ('{"version": 2}', "the file has no recorded"),
        ('{"version": 2, "recorded": {}, "commands": {}}', "commands is not a list"),
        ('{"version": 2, "recorded": {}, "commands": [7]}', "commands[0] is not an object"),
        ('{"version": 2, "recorded": {}, "commands": [{"calls": [], "argv": [1]}]}', "argv is not a list of strings"),
        ('[{"fn_name": "iam"}]', "entry 1.fn_name is not SERVICE.OPERATION"),
        ('[{"fn_name": "iam.CreateUser"}]', "entry 1 has no ts_start"),
    ],
)
def test_what_is_no_trace_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        store.parse_trace(text)
    assert reason in str(refusal.value)


@given(st.data(), traces())
def test_a_damaged_file_is_read_or_refused(data: st.DataObject, trace: Trace) -> None:
    """A result or our own error, nothing else."""
    text = store.format_trace(trace)
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(begin + 20, len(text))))
    damaged = text[:begin] + data.draw(st.sampled_from(["", "null", "{}", "[]", '"', "1e999", "-1"])) + text[end:]
    try:
        assert isinstance(store.parse_trace(damaged), Trace)
    except ValueError as error:
        assert str(error).startswith("is ")


def with_command(**members: Any) -> str:
    """A trace whose one command has these members beside, or instead of, those that each has."""
    document = json.loads(store.format_trace(trace(["iam.CreateUser", {"UserName": "a"}, {"At": "then"}])))
    document["commands"][0].update(members)
    return json.dumps(document)


def poll(**members: Any) -> dict[str, Any]:
    return {"times": 2, "interval": 1, "until": [], **members}


@pytest.mark.parametrize(
    "seconds", [-1, -0.001, 604_800.5, 9.2e9, 1e300, 10**250, float("nan"), float("inf"), True, "1"]
)
def test_a_pause_or_an_interval_that_cannot_be_waited_for_is_refused(seconds: object) -> None:
    places = {"pause": with_command(pause=seconds), "poll.interval": with_command(poll=poll(interval=seconds))}
    for place, text in places.items():
        with pytest.raises(ValueError, match=r"is not a trace") as refusal:
            store.parse_trace(text)
        is_number = json.dumps(seconds) not in ("NaN", "Infinity")
        assert (f"commands[0].{place} is not a number of seconds from 0 to 604800" in str(refusal.value)) == is_number


@pytest.mark.parametrize("seconds", [0, 0.5, 3_600 * 7, 86_400 * 3.5, 604_800])
def test_a_pause_that_somebody_may_have_had_is_read(seconds: float) -> None:
    (found,) = store.parse_trace(with_command(pause=seconds, poll=poll(interval=seconds))).commands
    assert found.poll
    assert (found.pause, found.poll.interval) == (seconds, seconds)


@pytest.mark.parametrize("times", [0, -1, -(10**200), 1_000_001, 10**200, 2.5, True, "2"])
def test_a_poll_that_was_never_run_or_too_often_is_refused(times: object) -> None:
    with pytest.raises(ValueError, match=r"commands\[0\]\.poll\.times is not (from 1 to 1000000|an int)"):
        store.parse_trace(with_command(poll=poll(times=times)))


@pytest.mark.parametrize("times", [1, 2, 1_000_000])
def test_a_poll_that_was_run_is_read(times: int) -> None:
    (found,) = store.parse_trace(with_command(poll=poll(times=times))).commands
    assert found.poll
    assert found.poll.times == times


BEYOND_UTC = ["0001-01-01T00:00:00+23:59", "0001-01-01T05:59:59+06:00", "9999-12-31T23:59:59-00:01"]


@pytest.mark.parametrize(
    "text", [*BEYOND_UTC, "0001-01-01T00:00:00+00:00", "0001-12-31T23:00:00", "9999-01-01T00:00:00"]
)
@pytest.mark.parametrize("place", ["started", "ended", "calls[0].started", "calls[0].ended"])
def test_a_time_without_a_local_time_everywhere_is_refused(text: str, place: str) -> None:
    call = json.loads(with_command())["commands"][0]["calls"][0]
    name = place.rpartition(".")[2]
    changed = {name: text} if name == place else {"calls": [{**call, name: text}]}
    with pytest.raises(ValueError, match=r"is not between the years 2 and 9998") as refusal:
        store.parse_trace(with_command(**changed))
    assert f"commands[0].{place} is not" in str(refusal.value)


@pytest.mark.parametrize("text", ["0002-01-01T00:00:00+23:59", "9998-12-31T23:59:59-23:59", "2026-01-02T03:04:05"])
def test_a_time_with_a_local_time_everywhere_is_read(text: str) -> None:
    (found,) = store.parse_trace(with_command(started=text, ended=text)).commands
    for zone in (timezone.utc, timezone(timedelta(hours=14)), timezone(-timedelta(hours=12)), None):
        assert found.started.astimezone(zone) == found.started


@pytest.mark.parametrize("text", [*BEYOND_UTC, "0001-01-01T00:00:00"])
@pytest.mark.parametrize("place", ["request", "response"])
def test_a_value_without_a_time_in_utc_is_refused(text: str, place: str) -> None:
    call = json.loads(with_command())["commands"][0]["calls"][0]
    with pytest.raises(ValueError, match=r"has no equivalent in UTC") as refusal:
        store.parse_trace(with_command(calls=[{**call, place: {"At": [{"$datetime": text}]}}]))
    assert f"commands[0].calls[0].{place}: {text} has" in str(refusal.value)


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00", "9999-01-01T00:00:00"]
)
def test_a_value_that_services_use_for_never_is_read(text: str) -> None:
    assert decode_structure({"At": {"$datetime": text}}) == {"At": datetime.fromisoformat(text)}


def test_what_is_recorded_beyond_the_limits_can_be_read() -> None:
    made = operation("iam.CreateUser", {}, {"At": datetime.fromisoformat(BEYOND_UTC[0])}, pause=1e9)
    repeated = replace(made, poll=Poll(2_000_000, 1e9))
    (found,) = store.parse_trace(store.format_trace(Trace((repeated,)))).commands
    assert (found.pause, found.poll, found.response) == (604_800, Poll(1_000_000, 604_800), {"At": BEYOND_UTC[0]})


def test_format_1_keeps_a_persons_own_isoformat_key() -> None:
    times = {"ts_start": {"_isoformat": "2026-11-22T14:00:00"}, "ts_end": {"_isoformat": "2026-11-22T14:00:01"}}
    call = {"fn_name": "lambda.TagResource", "inparams": {"Tags": {"_isoformat": "mine"}}, "outparams": {}, **times}
    (command,) = store.parse_trace(json.dumps([call])).commands
    assert command.request == {"Tags": {"_isoformat": "mine"}}
    assert command.argv == ()


def test_a_saved_trace_is_its_owners_only_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "t.trace"
    store.save_trace(Trace(()), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert store.load_trace(path) == Trace(())
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_to_a_trace_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "t.trace")
    store.save_trace(Trace(()), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert store.load_trace(tmp_path / "t.trace") == Trace(())


def test_words_that_are_no_text_survive(tmp_path: Path) -> None:
    odd = Trace((command(["s3", "ls", "\udcff"]),))
    store.save_trace(odd, tmp_path / "t.trace")
    assert store.load_trace(tmp_path / "t.trace") == odd


@pytest.mark.parametrize("path", ["loop", "other", "folder/t.trace"])
def test_links_that_lead_in_a_circle_are_refused(tmp_path: Path, path: str) -> None:
    for name, target in (("loop", "other"), ("other", "loop"), ("folder", "folder")):
        (tmp_path / name).symlink_to(target)
    save, record = partial(store.save_trace, Trace(())), partial(Journal, recorded=RecordingInfo())
    actions: list[Callable[[Path], object]] = [store.load_trace, store.check_writable, save, record]
    for action in actions:
        with pytest.raises(TraceError, match=r"can't be used: Too many levels of symbolic links"):
            action(tmp_path / path)
    assert {each.name for each in tmp_path.iterdir() if each.is_symlink()} == {"loop", "other", "folder"}


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.trace"
    old = trace(["iam.CreateUser", {"UserName": "a"}, {}])
    store.save_trace(old, path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TraceError) as error:
        store.save_trace(Trace(()), path)
    assert "No space left on device" in error.value.reason
    assert store.load_trace(path) == old
    assert list(tmp_path.iterdir()) == [path]


def test_where_a_trace_can_not_go_is_found_out_beforehand(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing" / "t.trace", tmp_path / "file" / "t.trace"):
        (tmp_path / "file").touch()
        with pytest.raises(TraceError):
            store.check_writable(path)
    store.check_writable(tmp_path / "t.trace")
    assert not (tmp_path / "t.trace").exists()
