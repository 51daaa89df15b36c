"""The tables of switches in the documents against the parsers: every switch is in its group's table, and no other."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from awstracer import __version__
from awstracer.cli.parsers import play_parser, rec_parser

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PARSERS = {"awstrace-rec": (rec_parser, "recording.md"), "awstrace-play": (play_parser, "playing.md")}
ROW = re.compile(r"^\| (`-.*?`) \|", re.M)

Switches = dict[str, set[frozenset[str]]]


def documented(program: str) -> Switches:
    """Return the switches of the tables below "Switches of PROGRAM", by the heading of the table."""
    text = (ROOT / "docs" / PARSERS[program][1]).read_text(encoding="utf-8")
    section = text.partition(f"\n## Switches of {program}\n")[2].partition("\n## ")[0]
    groups = re.findall(r"^### (.+?)\n(.*?)(?=^### |\Z)", section, re.M | re.S)
    return {title.lower(): {_spellings(row) for row in ROW.findall(text)} for title, text in groups}


def _spellings(row: str) -> frozenset[str]:
    return frozenset(re.findall(r"`(-\S+?)[ `]", row))


def switches(parser: argparse.ArgumentParser) -> Switches:
    """Return the switches of a parser, by the title of their group."""
    return {
        str(group.title): {frozenset(action.option_strings) for action in group._group_actions}
        for group in parser._action_groups
        if group._group_actions
    }


@pytest.mark.parametrize("program", PARSERS)
def test_the_documents_have_every_switch_and_no_other(program: str) -> None:
    assert documented(program) == switches(PARSERS[program][0]())


@pytest.mark.parametrize("program", PARSERS)
def test_every_short_switch_has_a_long_spelling(program: str) -> None:
    for group in switches(PARSERS[program][0]()).values():
        for spellings in group:
            assert any(spelling.startswith("--") for spelling in spellings)


def test_the_switches_of_the_readme_exist() -> None:
    table = README.partition("\n## The switches you need\n")[2].partition("\n## ")[0]
    known = {spelling for group in switches(play_parser()).values() for spellings in group for spelling in spellings}
    named = {spelling for row in ROW.findall(table) for spelling in _spellings(row)}
    assert named
    assert named <= known


def test_the_readme_installs_this_version() -> None:
    assert f"dist/awstracer-{__version__}.tar.gz" in README
