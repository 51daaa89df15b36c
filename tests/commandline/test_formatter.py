"""Splitting what was typed, and spelling parameters so that a shell and awscli read them back."""

from __future__ import annotations

import json
import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstracer.commandline.formatter import format_command
from awstracer.commandline.options import ExtraArgument, OperationCommand, Option, match_option, split_options
from awstracer.commandline.text import (
    MarkedValue,
    Provenance,
    Segment,
    format_line,
    json_text,
    quote_word,
    split,
    to_str,
)
from awstracer.errors import SplitError, UnfinishedLine

pytestmark = pytest.mark.once

WORDS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8), max_size=5)


@given(WORDS)
def test_a_line_splits_into_the_words_that_it_was_made_of(words: list[str]) -> None:
    assert split(to_str(format_line([(Segment(word),) for word in words]))) == words


@given(st.lists(st.text(max_size=6), max_size=4))
def test_marks_change_no_character(pieces: list[str]) -> None:
    marked = tuple(Segment(piece, Provenance.DERIVED) for piece in pieces)
    assert to_str(quote_word(marked)) == to_str(quote_word((Segment("".join(pieces)),)))


def test_a_real_shell_reads_the_line_the_same() -> None:
    words = ["a b", "it's", '"', "$HOME", "`id`", "new\nline", "", "*", "!x", "\\", "café", "~", "#"]
    text = to_str(format_line([(Segment(word),) for word in words]))
    seen = subprocess.run(["sh", "-c", f"printf '%s\\0' {text}"], capture_output=True, check=True, text=True).stdout
    assert seen.split("\0")[:-1] == words


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["aws s3 \\", "ls"], ["aws", "s3", "ls"]),
        (["aws s3\\", "api x"], ["aws", "s3api", "x"]),
        (["aws '{", ' "a": 1}', "'"], ["aws", '{\n "a": 1}\n']),
        (['aws "a\\', 'b"'], ["aws", "ab"]),
        (["aws 'a\\", "b'"], ["aws", "a\\\nb"]),
    ],
)
def test_lines_go_on_as_in_a_shell(lines: list[str], words: list[str]) -> None:
    typed = lines[0]
    for more in lines[1:]:
        with pytest.raises(UnfinishedLine) as unfinished:
            split(typed)
        typed = unfinished.value.prefix + more
    assert split(typed) == words


def test_an_open_quote_is_a_split_error() -> None:
    with pytest.raises(SplitError):
        split("aws 'x")


COMMAND = OperationCommand(
    ("svc", "op"),
    (
        Option("--zone", ("Zone",), "string"),
        Option("--count", ("Count",), "integer"),
        Option("--fast", ("Fast",), "boolean", no="--no-fast"),
        Option("--names", ("Names",), "list", item="string"),
        Option("--tags", ("Tags",), "list", item="structure"),
        Option("--max-items", ("PaginationConfig", "MaxItems"), "integer"),
    ),
)


def spelled(parameters: dict[str, object], command: OperationCommand = COMMAND) -> list[str]:
    return [to_str(word) for word in format_command(parameters, command).words]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, []),
        ({"Zone": "a", "Count": 0}, ["--count", "0", "--zone", "a"]),
        ({"Zone": ""}, ["--zone", ""]),
        ({"Zone": "-x"}, ["--zone=-x"]),
        ({"Fast": True}, ["--fast"]),
        ({"Fast": False, "Count": 1}, ["--count", "1", "--no-fast"]),
        ({"Names": ["a", "b"]}, ["--names", "a", "b"]),
        ({"Names": []}, ["--names", "[]"]),
        ({"Names": ["[a"]}, ["--names", '["[a"]']),
        ({"Names": ["-a", "b"]}, ["--names", '["-a", "b"]']),
        ({"Names": ["file://a"]}, ["--names", '["file://a"]']),
        ({"Tags": [{"Key": "é", "On": False}]}, ["--tags", '[{"Key": "é", "On": false}]']),
        ({"PaginationConfig": {"MaxItems": 3}}, ["--max-items", "3"]),
        ({"Other": {"A": 1}, "Zone": "a"}, ["--cli-input-json", '{"Other": {"A": 1}}', "--zone", "a"]),
    ],
)
def test_parameters_become_options(parameters: dict[str, object], words: list[str]) -> None:
    assert spelled(parameters) == ["svc", "op", *words]


OUTFILE = (ExtraArgument("outfile", ((Segment("out.bin"),),)),)


def test_words_that_no_option_can_say_again_are_kept() -> None:
    extra = (
        *OUTFILE,
        ExtraArgument("both", ((Segment("--both"),), (Segment("1:2"),)), frozenset({"Min", "Max"})),
    )
    command = OperationCommand(COMMAND.words, COMMAND.options, extra)
    assert spelled({"Zone": "a", "Min": 1, "Max": 2}, command) == [
        "svc",
        "op",
        "--both",
        "1:2",
        "--zone",
        "a",
        "out.bin",
    ]


def test_a_list_does_not_swallow_the_outfile() -> None:
    command = OperationCommand(COMMAND.words, (Option("--names", ("Names",), "list", "string"),), OUTFILE)
    assert spelled({"Names": ["a", "b"]}, command) == ["svc", "op", "out.bin", "--names", "a", "b"]


def test_a_list_in_words_of_its_own_does_not_swallow_the_outfile_either() -> None:
    from_file = ExtraArgument("names", ((Segment("--names"),), (Segment("fileb://n"),)), frozenset({"Names"}))
    command = OperationCommand(COMMAND.words, COMMAND.options, (*OUTFILE, from_file))
    assert spelled({"Names": [b"a"]}, command) == ["svc", "op", "out.bin", "--names", "fileb://n"]


@given(
    st.recursive(
        st.text() | st.booleans() | st.integers() | st.none(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_json_text_is_that_json(value: object) -> None:
    assert json.loads(to_str(json_text(value))) == value


@given(st.text(), st.text())
def test_json_text_keeps_marks_and_meaning(before: str, inside: str) -> None:
    value = MarkedValue.of_segments((Segment(before), Segment(inside, Provenance.DERIVED)))
    text = json_text({"a": [value]})
    assert json.loads(to_str(text)) == {"a": [before + inside]}
    assert (
        "".join(span.text for span in text if span.provenance is Provenance.DERIVED)
        == json.dumps(inside, ensure_ascii=False)[1:-1]
    )


def test_global_options_are_told_from_a_commands_own_words() -> None:
    argv = ["--region", "r", "s3", "cp", "a", "--query=x", "b", "--debug", "--debug=1"]
    rest, taken = split_options(argv, {"--region": True, "--query": True, "--debug": False})
    assert [argv[i] for i in rest] == ["s3", "cp", "a", "b", "--debug=1"]
    assert [argv[i] for i in taken] == ["--region", "r", "--query=x", "--debug"]


@given(WORDS)
def test_quoting_is_what_the_standard_library_does(words: list[str]) -> None:
    assert to_str(format_line([(Segment(word),) for word in words])) == shlex.join(words)


@pytest.mark.parametrize(
    ("word", "option"),
    [
        ("--profile", "--profile"),
        ("--prof", "--profile"),
        ("--prof=x", "--profile"),
        ("--no-verify", "--no-verify-ssl"),
        ("--no-", None),
        ("--profiles", None),
        ("--", None),
        ("-p", None),
        ("profile", None),
    ],
)
def test_an_abbreviated_option_is_the_one_that_it_begins(word: str, option: str | None) -> None:
    options = {"--profile": True, "--no-verify-ssl": False, "--no-sign-request": False}
    assert match_option(word, options) == option
    if option is not None and "=" not in word:
        argv = [word, "value"] if options[option] else [word]
        assert split_options(["s3", *argv, "ls"], options)[0] == [0, len(argv) + 1]
