"""The table of custom commands, against the commands and options that the installed awscli has."""

from __future__ import annotations

import re

import pytest

from awstracer.aws.catalog import Catalog
from awstracer.aws.custom_commands import HARMLESS, UNKNOWN, UNSAFE, Row, effects_of
from awstracer.aws.custom_lines import CustomLine, read_line
from awstracer.aws.local_effects import Action, PathEffect
from benchmarks.hostile_traces import commands_of

CATALOG = Catalog()
LOCAL = re.compile(
    r"file|path|folder|dir|source|root|template|spec|definition|out|save|dest|key$|endpoint|url|(?<!de)script"
)
NO_PATHS = {  # options that sound as if they named local paths, and don't
    "dir",  # as `recursive` is called inside
    "ebs-root-volume-iops",
    "ebs-root-volume-size",
    "ebs-root-volume-throughput",
    "ignore-hidden-files",
    "metadata-directive",
    "no-ignore-hidden-files",
    "private-key",  # its text, or `file://`
    "resource-type",
    "source-region",
    "sse-c-copy-source",
    "sse-c-copy-source-key",
    "sse-c-key",
    "validate-same-s3-paths",
    "url",  # is signed, and not opened
    "website-redirect",
}
IN_S3 = {("s3", "ls"), ("s3", "mb"), ("s3", "presign"), ("s3", "rb"), ("s3", "rm"), ("s3", "website")}


FOUND = commands_of(CATALOG)


def test_each_custom_command_is_said_to_be_harmless_or_what_it_does() -> None:
    assert len(FOUND) > 50
    arguments = {"paths": ["s3://a", "s3://b"]}
    unsaid = {words for words in FOUND if effects_of(CustomLine(words, arguments)).unsafe == UNKNOWN}
    shared = {words for words in FOUND if words[1:2] == ("deploy",) and len(words) > 2}  # `deploy`'s, by its name
    assert unsaid == shared | {("servicecatalog", "generate"), ("s3",)}  # which do nothing by themselves


@pytest.mark.parametrize("words", sorted(HARMLESS), ids=" ".join)
def test_a_row_names_arguments_that_the_command_has(words: tuple[str, ...]) -> None:
    row, arguments = HARMLESS[words], FOUND[words].arg_table
    names = {name.replace("-", "_") for name in arguments}
    if isinstance(row, Row):
        assert {*row.reads, *row.trees, *row.endpoints} <= names
    else:
        assert {"paths", "recursive"} <= names | {"recursive"}


@pytest.mark.parametrize("words", sorted(HARMLESS), ids=" ".join)
def test_an_option_that_sounds_like_a_path_is_in_the_row_or_is_known_to_be_none(words: tuple[str, ...]) -> None:
    row = HARMLESS[words]
    said = {*row.reads, *row.trees, *row.endpoints} if isinstance(row, Row) else {"paths"}
    said |= {"path", "paths"} if words in IN_S3 else set()  # which take each word for a bucket
    assert {name for name in FOUND[words].arg_table if LOCAL.search(name)} - NO_PATHS <= {
        name.replace("_", "-") for name in said
    }


@pytest.mark.parametrize(
    ("line", "words", "paths"),
    [
        ("s3 cp a s3://b", "s3 cp", [PathEffect(Action.READ, "a")]),
        ("s3 cp a s3://b --recursive", "s3 cp", [PathEffect(Action.READ, "a", is_tree=True)]),
        ("--region x s3 --rec cp a s3://b", "s3 cp", [PathEffect(Action.READ, "a", is_tree=True)]),
        ("s3 -- cp a s3://b", "s3 cp", [PathEffect(Action.READ, "a")]),
        ("s3 cp - s3://b", "s3 cp", []),
        ("s3 cp s3://b -", "s3 cp", []),
        ("s3 cp s3://b/k -- -x/../y", "s3 cp", [PathEffect(Action.WRITE, "-x/../y")]),
        (
            "s3 sync s3://b x --del",
            "s3 sync",
            [PathEffect(Action.WRITE, "x", True), PathEffect(Action.DELETE, "x", True)],
        ),
        ("s3 sync s3://b x --de", "s3 sync", [PathEffect(Action.WRITE, "x", True)]),
        ("s3 sync s3://b x --dryrun", "s3 sync", [PathEffect(Action.WRITE, "x", True)]),
        ("s3 mv a s3://b", "s3 mv", [PathEffect(Action.READ, "a"), PathEffect(Action.DELETE, "a")]),
        ("cloudformation deploy --templ=t --stack-name s", "cloudformation deploy", [PathEffect(Action.READ, "t")]),
        ("cloudformation deploy --template-file t --stack-name s uninstall", "cloudformation deploy uninstall", []),
        (
            "deploy push --application-name a --s3-location s3://b/k",
            "deploy push",
            [PathEffect(Action.READ, ".", True)],
        ),
        ("s3 help", "s3 help", []),
        ("ec2 wait vpc-available help", "ec2 wait vpc-available help", []),
    ],
)
def test_a_line_is_read_as_awscli_reads_it(line: str, words: str, paths: list[PathEffect]) -> None:
    found = read_line(CATALOG._drivers.catalog_driver(), CATALOG._command_table(), line.split(), {})
    assert found is not None
    assert " ".join(found.words) == words
    assert list(effects_of(found).paths) == paths


@pytest.mark.parametrize(
    "line", ["", "nonsense", "s3 nonsense", "s3 cp a", "s3 cp a b --nonsense", "--version", "s3 cp a b c"]
)
def test_a_line_that_awscli_refuses_does_nothing(line: str) -> None:
    assert read_line(CATALOG._drivers.catalog_driver(), CATALOG._command_table(), line.split(), {}) is None


def test_a_line_on_which_the_parser_of_awscli_fails_may_do_anything() -> None:
    line = ["history", "show", "--format", "nonsense"]  # a TypeError in `ArgTableArgParser._check_value`
    assert CATALOG.local_effects(line, {}).unsafe == UNKNOWN


def test_a_word_that_stands_for_a_file_means_its_content() -> None:
    line = ["cloudformation", "deploy", "--stack-name", "s", "--template-file", "file://name"]
    found = read_line(CATALOG._drivers.catalog_driver(), CATALOG._command_table(), line, {"file://name": "../secret"})
    assert found is not None
    assert effects_of(found).paths == (PathEffect(Action.READ, "../secret"),)


def test_whatever_is_said_of_an_unsafe_command_is_of_one_that_awscli_has() -> None:
    heads = {words[:length] for words in FOUND for length in range(1, len(words) + 1)}
    operations = {("ecs", "execute-command"), ("ssm", "start-session")}
    assert set(UNSAFE) <= heads | operations
