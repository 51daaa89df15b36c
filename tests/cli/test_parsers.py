"""The parsers of both programs: pairs of `-p`, usage errors, and what `--help` says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from awstracer.cli.main import play_main, rec_main
from awstracer.cli.parsers import play_parser

PLAY = ["--trace-file", "t.trace"]


def pairs(line: str) -> list[tuple[str, str]]:
    """The pairs that the switches of a replay give."""
    found: list[tuple[str, str]] = play_parser().parse_args([*PLAY, *line.split()]).params
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("-p a 1", [("a", "1")]),
        ("-p a 1 -p b 2", [("a", "1"), ("b", "2")]),
        ("-p a 1 b 2 --dryrun --param c 3", [("a", "1"), ("b", "2"), ("c", "3")]),
        ("-p 2.a 1 --keep 3.a", [("2.a", "1")]),
        ("-p a Name=x,Value=y", [("a", "Name=x,Value=y")]),
        ("-p a=-1 b=--force c=", [("a", "-1"), ("b", "--force"), ("c", "")]),
        ("-p a=b=c d e", [("a", "b=c"), ("d", "e")]),
        ("-p a -5 b 1", [("a", "-5"), ("b", "1")]),
        ("--param=a=1", [("a", "1")]),
    ],
)
def test_p_takes_pairs_of_name_and_value(line: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(line) == expected


def test_a_value_may_have_spaces_and_a_dash() -> None:
    assert play_parser().parse_args([*PLAY, "-p", "a", "-1 and 2", "b", ""]).params == [("a", "-1 and 2"), ("b", "")]


@pytest.mark.parametrize(
    ("line", "left"), [("-p a", "a"), ("-p a 1 b", "b"), ("-p a 1 b --dryrun", "b"), ("-p a=1 b -p c 2", "b")]
)
def test_a_name_without_a_value_is_named(capsys: pytest.CaptureFixture[str], line: str, left: str) -> None:
    with pytest.raises(SystemExit) as ending:
        play_main([*PLAY, *line.split()])
    out, err = capsys.readouterr()
    assert (ending.value.code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"awstrace-play: argument -p/--param: {left} has no value behind it")
    assert err.endswith("; see awstrace-play --help\n")


@pytest.mark.usefixtures("home")
def test_two_dashes_end_the_switches(capsys: pytest.CaptureFixture[str]) -> None:
    assert play_main([*PLAY, "-p", "a", "1", "--"]) == 2
    assert capsys.readouterr().err.startswith("awstrace-play: t.trace ")
    with pytest.raises(SystemExit):
        play_main([*PLAY, "-p", "a", "1", "--", "b"])
    assert capsys.readouterr().err == "awstrace-play: nothing may follow --, and b does; see awstrace-play --help\n"


@pytest.mark.parametrize(
    ("main", "program", "words"),
    [
        (play_main, "awstrace-play", []),
        (play_main, "awstrace-play", [*PLAY, "--nonsense\x1b[31m\nand more"]),
        (play_main, "awstrace-play", [*PLAY, "--step", "--jobs", "2"]),
        (play_main, "awstrace-play", [*PLAY, "--resume"]),
        (play_main, "awstrace-play", [*PLAY, "--expect-account", "12"]),
        (rec_main, "awstrace-rec", ["--append"]),
        (rec_main, "awstrace-rec", ["--trace-file", "t.trace", "--append", "--overwrite"]),
        (rec_main, "awstrace-rec", ["--trace-file", "t.trace", "--"]),
        (rec_main, "awstrace-rec", ["--trace-file", "t.trace", "-s", "--", "true"]),
    ],
)
def test_a_usage_error_is_one_line(
    capsys: pytest.CaptureFixture[str], main: Callable[[list[str]], int], program: str, words: list[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        main(words)
    out, err = capsys.readouterr()
    assert (ending.value.code, out, err.count("\n"), "\x1b" in err) == (2, "", 1, False)
    assert err.startswith(f"{program}: ")
    assert err.endswith(f"; see {program} --help\n")


@pytest.mark.parametrize(("main", "program"), [(play_main, "awstrace-play"), (rec_main, "awstrace-rec")])
def test_help_has_groups_and_three_examples_and_names_the_documents(
    capsys: pytest.CaptureFixture[str], main: Callable[[list[str]], int], program: str
) -> None:
    with pytest.raises(SystemExit) as ending:
        main(["--help"])
    out, err = capsys.readouterr()
    assert (ending.value.code, err) == (0, "")
    for heading in ("which commands", "other values", "where", "how", "what is shown"):
        assert f"\n{heading}:\n" in out
    examples = out.partition("\nexamples:\n")[2].partition("\n\n")[0]
    assert examples.count(f"  {program} --trace-file ") == 3 or examples.count(f"  {program} ") == 3
    assert "docs/" in out
    assert max(map(len, out.splitlines())) <= 100
