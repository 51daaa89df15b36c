"""What a replay prints at a terminal controls nothing, and hides nothing, there; in a pipe it is what `aws` prints."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from awstracer.cli.sanitize import escape_controls
from awstracer.cli.styles import PLAIN, Styles, coloured, escape, escape_line, render
from awstracer.cli.terminal import escaped_output
from awstracer.commandline.text import Provenance, Segment
from awstracer.trace import store
from awstracer.trace.model import Command
from tests.programs import COLOUR, Relay, Terminal, Trouble, play, run
from tests.traces import command, operation, trace

pytestmark = pytest.mark.once

TRACE = ("--trace-file", "t.trace")
CLEAR = "\x1b[2J"
ODD = [
    *("\x00", "\x07", "\x08", "\x0b", "\x0c", "\x0e", "\x1b", "\x1f", "\x7f", "\x80", "\x85", "\x9b", "\x9f"),
    *("\u061c", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202e", "\u2060"),
    *("\u2064", "\u2066", "\u2069", "\u206f", "\ufeff", "\U000e0000", "\U000e0041", "\U000e007f"),
]
PLAIN_TEXTS = ["a\tb\nc", "é", "日本", "שלום", "😀", "\u00a0", "\u2010", "\u2027", "\u205f", "\U000e0100", "\\x1b"]


def written(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


# --- the table


@pytest.mark.parametrize("odd", [*ODD, "\r", "\udcff"], ids=written)
def test_what_steers_a_terminal_or_hides_is_escaped(odd: str) -> None:
    assert escape_controls(f"a{odd}b") == f"a{written(odd)}b"


@pytest.mark.parametrize("text", PLAIN_TEXTS)
def test_other_text_is_left_alone(text: str) -> None:
    assert escape_controls(text) == escape(text) == text


# --- lines that look like the program's own


@pytest.mark.parametrize("styles", [PLAIN, coloured()], ids=["plain", "coloured"])
@pytest.mark.parametrize(
    "text",
    [
        "a\n(play) aws",
        "a\n\n(play) aws",
        "a\n  (play) b",
        "\nawstrace-play: c",
        "a\nb\nawstrace-rec: x",
        "\nawstracer: x",
    ],
)
def test_no_value_looks_like_a_line_of_the_program(text: str, styles: Styles) -> None:
    for cut in range(len(text)):
        segments = (Segment("aws '"), Segment(text[:cut]), Segment(text[cut:], Provenance.DERIVED), Segment("'"))
        shown = COLOUR.sub("", render(segments, styles))
        assert shown == "aws '" + text.replace("\n", "\\n") + "'"
    assert escape(text) == text.replace("\n", "\\n")
    assert escape_line(text) == text.replace("\n", " ")


@pytest.mark.parametrize("styles", [PLAIN, coloured()], ids=["plain", "coloured"])
@pytest.mark.parametrize(
    "text",
    ["a\nb", "a\n\n", "{\n  1\n}", "(play) aws", "a (play)\nb", "a\nb (play)", "\n(playing)", "\nawstrace-logs"],
)
def test_other_line_breaks_stay(text: str, styles: Styles) -> None:
    segments = (Segment(text[:2]), Segment(text[2:], Provenance.DERIVED))
    assert COLOUR.sub("", render(segments, styles)) == escape(text) == text


# --- the filter


class Screen(io.TextIOWrapper):
    """A terminal that shows what was written."""

    def __init__(self, encoding: str = "utf-8", *, is_terminal: bool = True) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True)
        self._is_terminal = is_terminal

    @property
    def name(self) -> str:
        return "<screen>"

    def isatty(self) -> bool:
        return self._is_terminal

    @property
    def shown(self) -> str:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode(self.encoding)


@contextlib.contextmanager
def streams(monkeypatch: pytest.MonkeyPatch, out: Screen, err: Screen) -> Iterator[None]:
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with escaped_output():
        yield
    assert (sys.stdout, sys.stderr) == (out, err)


def through(monkeypatch: pytest.MonkeyPatch, *pieces: str | bytes, encoding: str = "utf-8") -> tuple[str, str]:
    """What these pieces, written one after the other to either stream, look like."""
    out, err = Screen(encoding), Screen(encoding)
    with streams(monkeypatch, out, err):
        for stream in (sys.stdout, sys.stderr):
            for piece in pieces:
                if isinstance(piece, bytes):
                    stream.buffer.write(piece)
                else:
                    stream.write(piece)
    return out.shown, err.shown


@pytest.mark.parametrize("odd", ODD, ids=written)
def test_text_and_bytes_are_escaped(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for piece in (f"a{odd}b\n", f"a{odd}b\n".encode()):
        assert through(monkeypatch, piece) == (f"a{written(odd)}b\n",) * 2


@pytest.mark.parametrize("text", PLAIN_TEXTS)
def test_other_output_is_left_alone(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert through(monkeypatch, text) == through(monkeypatch, text.encode()) == (text, text)


def test_a_character_may_come_in_two_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    content = "a\u202eé".encode()
    for cut in range(len(content)):
        assert through(monkeypatch, content[:cut], content[cut:])[0] == "a\\u202eé"
    assert through(monkeypatch, b"\xff\x9ba")[0] == "\\xff\\x9ba"


@pytest.mark.parametrize("colour", ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[22m", "\x1b[31m", "\x1b[34m", "\x1b[39m"])
def test_colours_are_for_standard_output(colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert through(monkeypatch, f"a{colour}b") == (f"a{colour}b", f"a\\x1b{colour[1:]}b")


@pytest.mark.parametrize(
    "sequence", ["[8m", "[30m", "[41m", "[7m", "[1;8m", "[38;5;0m", "[2J", "[H", "]0;x\x07", "[m", "c"]
)
def test_other_sequences_are_escaped(sequence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = through(monkeypatch, f"a\x1b{sequence}b")
    assert out == err == f"a\\x1b{sequence}b".replace("\x07", "\\x07")


def test_a_sequence_in_two_pieces_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert through(monkeypatch, "\x1b", "[31m")[0] == "\\x1b[31m"


def test_progress_returns_to_the_beginning_of_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for pieces in (["1 of 2\r", "2 of 2\n"], ["\r1 of 2", "\r2 of 2"], ["a\r\nb"]):
        assert through(monkeypatch, *pieces)[0] == "".join(pieces)
    assert (
        through(monkeypatch, "delete everything\rlist users        \n")[0] == "delete everything\\rlist users        \n"
    )


def test_no_output_looks_like_a_line_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    assert through(monkeypatch, "user a\n (play) aws exists\n") == ("user a\\n (play) aws exists\n",) * 2
    own = ["(play) aws iam get-user", "\n", "user a\n", "awstrace-play: command 1 failed", "\n"]
    assert through(monkeypatch, *own) == ("".join(own),) * 2


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_what_another_encoding_holds_is_escaped(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert through(monkeypatch, "a\x1bb", b"\x07\xe9", encoding=encoding)[0] in ("a\\x1bb\\x07é", "a\\x1bb\\x07\\xe9")


def test_a_stream_that_is_no_terminal_stays_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = Screen(is_terminal=False), Screen()
    with streams(monkeypatch, out, err):
        assert sys.stdout is out
        print(CLEAR)
        print(CLEAR, file=sys.stderr)
    assert (out.shown, err.shown) == (f"{CLEAR}\n", "\\x1b[2J\n")


# --- replays

ANSWER = {"TableNames": [f"a{CLEAR}b", "\x1b]0;title\x07", "\x9b31m", "\u202ecod.exe", "\u200b", "a\rb\x1b[1mc\x1b[0m"]}
ESCAPED = ["a\\x1b[2Jb", "\\x1b]0;title\\x07", "\\x9b31m", "\\u202ecod.exe", "\\u200b", "a\\rb\x1b[1mc\x1b[0m"]
REFUSED = {"__type": "ValidationException", "message": f"no{CLEAR}\u202e"}


def tables(*extra: str) -> Command:
    argv = ["dynamodb", "list-tables", "--query", "TableNames", *extra]
    return operation("dynamodb.ListTables", {}, {"TableNames": []}, argv)


def at_a_terminal(*arguments: str) -> str:
    with Terminal("awstrace-play", *TRACE, *arguments) as terminal:
        return terminal.rest().replace("\r\n", "\n")


def save(*commands: Command) -> None:
    store.save_trace(trace(*commands), Path("t.trace"))


@pytest.fixture
def hostile(relay: Relay, aws_home: Path) -> Relay:
    """A service whose answers hold all kinds of control characters."""
    relay.canned["ListTables"] = Trouble(200, json.dumps(ANSWER).encode())
    relay.canned["DescribeTable"] = Trouble(400, json.dumps(REFUSED).encode())
    return relay


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_answer_does_not_control_the_terminal(hostile: Relay, jobs: str) -> None:
    save(tables("--output", "text"), tables("--output", "table"), tables())
    shown = at_a_terminal("--endpoint", hostile.url, "-j", jobs, "-c")
    assert "\t".join(ESCAPED) in shown
    left = COLOUR.sub("", shown)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202e]", left)


def test_in_a_pipe_an_answer_is_what_aws_prints(hostile: Relay) -> None:
    save(tables("--output", "text"))
    result = play(*TRACE, "--endpoint", hostile.url)
    words = ("dynamodb", "list-tables", "--query", "TableNames", "--output", "text", "--endpoint-url", hostile.url)
    assert result.out.partition("\n")[2] == run("aws", *words).out
    assert CLEAR in result.out


def test_an_error_does_not_control_the_terminal(hostile: Relay) -> None:
    save(operation("dynamodb.DescribeTable", {"TableName": "abc"}, {}))
    shown = at_a_terminal("--endpoint", hostile.url, "-c")
    assert "An error occurred (ValidationException)" in shown
    assert "no\\x1b[2J\\u202e" in shown
    assert "\x1b" not in shown
    assert f"no{CLEAR}\u202e" in play(*TRACE, "--endpoint", hostile.url).err


def test_colours_of_the_program_and_of_tables_stay(hostile: Relay) -> None:
    hostile.canned["ListTables"] = Trouble(200, b'{"TableNames": ["music"]}')
    save(tables("--output", "table", "--color", "on"))
    shown = at_a_terminal("--endpoint", hostile.url)
    assert "\x1b[1m\x1b[34m(play)\x1b[0m aws dynamodb list-tables" in shown
    assert re.search(r"\x1b\[1m\x1b\[34m *music *\x1b\[0m", shown)


@pytest.mark.parametrize("dry", [["--dryrun"], []])
def test_a_name_cannot_pretend_to_be_a_command(relay: Relay, aws_home: Path, dry: list[str]) -> None:
    save(operation("iam.CreateUser", {"UserName": "x\n(play) aws iam list-users"}, {}))
    for _ in range(2):  # the second time the service says that there is such a user
        shown = COLOUR.sub("", at_a_terminal("--endpoint", relay.url, *dry))
        assert [line for line in shown.splitlines() if line.startswith("(play)")] == [
            "(play) aws iam create-user --user-name 'x\\n(play) aws iam list-users'"
        ]
    assert dry or "User x\\n(play) aws iam list-users already exists" in shown


def test_the_progress_of_a_copy_stays_in_its_line(relay: Relay, aws_home: Path) -> None:
    Path("file").write_bytes(b"x" * 100)
    assert run("aws", "s3", "mb", "s3://bucket").code == 0
    save(command(["s3", "cp", "file", "s3://bucket/file"]), command(["s3", "cp", "s3://bucket/file", "-"]))
    shown = at_a_terminal("--endpoint", relay.url)
    assert "\r" in shown
    assert "\\r" not in shown
    assert "x" * 100 in shown
