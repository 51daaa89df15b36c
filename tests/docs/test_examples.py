"""The examples of the README and of the documents print what these say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import programs
from tests.docs.examples import BLOCK, Runner, environment, examples

ROOT = Path(__file__).parents[2]
DOCUMENTS = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *ROOT.glob("docs/*.md"))}
WITH_EXAMPLES = sorted(name for name, text in DOCUMENTS.items() if any(examples(text)))
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.M)
LONGEST_README = 150  # lines


@pytest.mark.once
@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_print_what_the_document_says(name: str, tmp_path: Path, server: str) -> None:
    programs.reset(server)
    runner = Runner(tmp_path, environment(tmp_path, server))
    for example in examples(DOCUMENTS[name]):
        printed = runner.run(example)
        if not runner.matches(example, printed):
            assert printed == example.output, f"{name}, line {example.line}: $ {example.command}"


def test_few_examples_are_not_run() -> None:
    left_out = [block["comment"] for text in DOCUMENTS.values() for block in BLOCK.finditer(text) if block["comment"]]
    assert len(left_out) <= 2, left_out


def test_the_readme_is_short() -> None:
    assert len(DOCUMENTS["README.md"].splitlines()) <= LONGEST_README


def test_the_readme_links_every_document() -> None:
    linked = {Path(target).name for target, _ in LINK.findall(DOCUMENTS["README.md"])}
    assert set(DOCUMENTS) - {"README.md"} <= linked


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_link_leads_somewhere(name: str) -> None:
    folder = ROOT if name == "README.md" else ROOT / "docs"
    text = re.sub(r"^```.*?^```$", "", DOCUMENTS[name], flags=re.M | re.S)
    for target, heading in LINK.findall(text):
        if target.startswith("https:"):
            continue
        assert not target or (folder / target).exists(), target
        if heading:
            other = DOCUMENTS[Path(target).name] if target else DOCUMENTS[name]
            assert heading in map(anchor, HEADING.findall(other)), f"{target}#{heading}"
