"""The README against the program: every switch is in it, and no other."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from awstracer import __version__
from awstracer.cli.parsers import play_parser, rec_parser

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^## (awstrace-\w+)\n(.*?)(?=^## |\Z)", re.M | re.S)
SECTIONS = dict(SECTION.findall(README))
PARSERS = {"awstrace-rec": rec_parser, "awstrace-play": play_parser}


def switches(parser: argparse.ArgumentParser) -> set[frozenset[str]]:
    return {frozenset(action.option_strings) for action in parser._actions if action.option_strings}


@pytest.mark.parametrize("program", PARSERS)
def test_the_readme_has_every_switch_and_no_other(program: str) -> None:
    rows = re.findall(r"^\| (`-.*?`) \|", SECTIONS[program], re.M)
    documented = {frozenset(re.findall(r"`(-\S+?)[ `]", row)) for row in rows}
    assert documented == switches(PARSERS[program]())


@pytest.mark.parametrize("program", PARSERS)
def test_every_short_switch_has_a_long_spelling(program: str) -> None:
    for spellings in switches(PARSERS[program]()):
        assert any(spelling.startswith("--") for spelling in spellings)


def test_the_readme_installs_this_version() -> None:
    assert f"dist/awstracer-{__version__}.tar.gz" in README
