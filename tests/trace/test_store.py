"""Trace files: what is written is read again, what isn't a trace is refused in one clear line."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import cast

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer.errors import TraceError
from awstracer.trace import store
from awstracer.trace.model import Opaque, Trace
from awstracer.trace.serializer import decode_structure, encode_value
from tests.traces import command, trace
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
