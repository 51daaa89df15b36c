"""Any bytes as a trace file end in a result or in one clear line and exit code 2; nothing shown steers a terminal.

A sample of `benchmarks.fuzz_traces`, and by name what is special. What a trace from a stranger can do stands here too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from awstracer.trace import store
from awstracer.trace.model import Command, Trace
from awstracer.trace.query import evaluate
from awstracer.trace.serializer import MAX_DEPTH, trace_from_json, trace_to_json
from benchmarks import fuzz_traces as fuzz
from tests.programs import Relay, Result, Session, Trouble, play, rec
from tests.traces import command, operation, trace

pytestmark = pytest.mark.once

COUNT, SEED = 500, 7
TRACE = ("--trace-file", "t.trace")
RED, TITLE = "\x1b[31mred", "\x1b]0;title\x07"
SHOWN_WITH: list[tuple[str, ...]] = [("--explain",), ("--output", "json"), ("-d",), ("-p", "user-name", "x")]


@pytest.fixture(scope="module")
def awscli() -> Iterator[None]:
    with fuzz.one_awscli():
        yield


@pytest.mark.usefixtures("home", "awscli")
@pytest.mark.parametrize("kind", range(len(fuzz.KINDS)), ids=[kind.__name__ for kind in fuzz.KINDS])
def test_any_file_ends_in_a_result_or_in_one_clear_line(kind: int) -> None:
    for number in range(kind, COUNT, len(fuzz.KINDS)):
        assert list(fuzz.shown(fuzz.case(SEED, number), Path("t.trace")).faults) == [], f"case {number} of seed {SEED}"


def shown(content: str | bytes, *switches: str) -> fuzz.Ending:
    """A dry run of a file, in this process; without faults."""
    content = content.encode() if isinstance(content, str) else content
    ending = fuzz.shown(fuzz.Case("", content, switches), Path("t.trace"))
    assert list(ending.faults) == []
    return ending


def refused(content: str | bytes) -> str:
    """The one line that says why a file is refused."""
    ending = shown(content)
    assert (ending.code, ending.out) == (2, "")
    return ending.err


def with_raw(text: str, *, old: bool = False) -> str:
    """A trace in whose first response, or request in format 1, this text stands."""
    document: Any
    if old:
        document = deepcopy(fuzz.OLD_COMMANDS)
        document[0]["outparams"]["X"] = "@raw@"
    else:
        document = {"version": 2, "recorded": {}, "commands": deepcopy(fuzz.COMMANDS[:2])}
        document["commands"][0]["calls"][0]["response"]["X"] = "@raw@"
    return json.dumps(document).replace('"@raw@"', text)


@pytest.mark.usefixtures("home", "awscli")
class TestSpecialFiles:
    @pytest.mark.parametrize("old", [False, True])
    @pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}"), ('{"$object":{"a":', "}}")])
    @pytest.mark.parametrize("depth", [200, 2_000, 100_000])
    def test_what_is_nested_too_deeply_is_refused(self, begin: str, end: str, depth: int, old: bool) -> None:
        assert "nested more than 160 levels deep" in refused(with_raw(begin * depth + "1" + end * depth, old=old))

    @pytest.mark.parametrize("old", [False, True])
    @pytest.mark.parametrize("switches", SHOWN_WITH)
    def test_what_is_nested_as_deeply_as_is_allowed_is_played(self, switches: tuple[str, ...], old: bool) -> None:
        inner = MAX_DEPTH - (4 if old else 7)
        assert shown(with_raw('{"a":' * inner + '"alice"' + "}" * inner, old=old), *switches).code == 0

    def test_a_string_may_hold_a_document_of_any_depth(self) -> None:
        assert shown(with_raw(json.dumps('{"a":[' * 100_000)), "--explain").code == 0
        assert shown(with_raw(json.dumps("[" * 100_000), old=True), "--output", "json").code == 0

    @pytest.mark.parametrize(
        ("number", "reason"),
        [
            ("9" * 10_000, "a number in it has more than 300 digits"),
            ("-" + "9" * 10_000, "a number in it has more than 300 digits"),
            ("1e999", "1e999 in it is no number that a computer can hold"),
            ("NaN", "it has NaN where JSON needs a number"),
        ],
    )
    def test_a_number_that_no_computer_holds_is_refused(self, number: str, reason: str) -> None:
        assert reason in refused(with_raw(number))

    @pytest.mark.parametrize("old", [False, True])
    def test_a_key_that_stands_twice_is_refused(self, old: bool) -> None:
        assert "an object in it has 'key' twice" in refused(with_raw('{"key": 1, "other": 2, "key": 1}', old=old))

    def test_a_truncated_file_is_refused(self) -> None:
        content = with_raw("1")
        for end in range(0, len(content), 97):
            assert "is not JSON" in refused(content[:end])

    def test_what_is_no_text_is_refused(self) -> None:
        assert "is not UTF-8 text" in refused(with_raw("1").encode("utf-16"))

    def test_a_file_that_is_too_large_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(store, "MAX_BYTES", 1_000_000)
        assert shown(with_raw("1").ljust(1_000_000)).code == 0
        assert "is larger than 1 MB" in refused(with_raw("1").ljust(1_000_001))

    def test_a_file_with_too_many_values_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(store, "MAX_VALUES", 1_000_000)
        assert shown(with_raw("[" + "1," * 900_000 + "1]")).code == 0
        assert "has more than 1 million values" in refused(with_raw("[" + "1," * 1_000_000 + "1]"))

    def test_pages_that_are_no_pages_are_refused(self) -> None:
        odd = operation("iam.ListUsers", {"PaginationConfig": ["MaxItems"]}, {})
        assert "PaginationConfig is no object" in refused(store.format_trace(trace(odd)))


@pytest.mark.usefixtures("home")
def test_links_that_lead_in_a_circle_are_refused_before_anything_is_done() -> None:
    Path("loop").symlink_to("other")
    Path("other").symlink_to("loop")
    store.save_trace(trace(["iam.ListUsers", {}, {}]), Path("t.trace"))
    for result in (
        play("--trace-file", "loop"),
        play("--trace-file", "loop", "--dryrun"),
        play("--trace-file", "loop", "--list"),
        play(*TRACE, "--save-trace", "loop"),
        play(*TRACE, "--save-trace", "loop", "--resume"),
        rec("--trace-file", "loop", "-n", lines=["aws iam list-users"]),
        rec("--trace-file", "loop", "--append", "--", "true"),
    ):
        assert (result.code, result.out) == (2, "")
        assert result.err in (
            f"awstrace-{name}: loop can't be used: Too many levels of symbolic links\n" for name in ("rec", "play")
        )


@pytest.mark.parametrize(
    "expression",
    ["|".join(["[@,@]"] * 60), "|".join(["[@,@][]"] * 60), "to_string(to_array(" * 60 + "@" + "))" * 60, "[" * 50_000],
)
def test_a_query_that_makes_too_much_finds_nothing(expression: str) -> None:
    assert evaluate(expression, {"a": ["b"]}) is None


def test_a_query_that_makes_much_finds_it() -> None:
    elements = [{"Id": f"i-{number}", "Name": "n"} for number in range(20_000)]
    assert evaluate("Items[*].[Id, Name]", {"Items": elements}) == [[each["Id"], "n"] for each in elements]


# --- control characters


def harmless(result: Result | fuzz.Ending) -> str:
    """All that a program wrote; nothing in it steers a terminal."""
    written = result.out + result.err
    assert not fuzz.STEERING.search(written)
    return written


@pytest.mark.usefixtures("home", "awscli")
@pytest.mark.parametrize("odd", [RED, TITLE, "\x9b31m", "\x7f", "\u202egnp", "\u2028x", "\udcff"])
@pytest.mark.parametrize("switches", SHOWN_WITH)
def test_control_characters_of_a_trace_are_shown_escaped(odd: str, switches: tuple[str, ...]) -> None:
    name, arn = f"alice{odd}", f"arn:aws:iam::123456789012:user/alice{odd}"
    made = operation("iam.CreateUser", {"UserName": name}, {"User": {"Arn": arn, f"Key{odd}": name}})
    tagged = operation("iam.TagUser", {"UserName": name, "Tags": [{"Key": f"k{odd}", "Value": arn}]}, {})
    argv = ["s3", "cp", f"a{odd}", f"s3://b/{name}", "--metadata", f"k@=file://{odd}"]
    copied = command(argv, files={f"file://{odd}": odd})
    text = store.format_trace(trace(made, tagged, copied))
    ending = shown(text.encode("utf-8", "backslashreplace"), *switches)
    assert ending.code == 0, ending.err
    assert odd.encode("unicode_escape").decode()[:4] in (ending.out + ending.err).replace("\\u00", "\\x")


@pytest.mark.usefixtures("home", "awscli")
def test_control_characters_of_the_command_line_are_shown_escaped() -> None:
    store.save_trace(trace(["iam.CreateUser", {"UserName": "alice"}, {}]), Path("t.trace"))
    for arguments in [
        ("--trace-file", f"{RED}.trace"),
        (*TRACE, "--dryrun", "--profile", RED),
        (*TRACE, "--dryrun", "-p", RED, "x"),
        (*TRACE, "--dryrun", "-p", "9" * 5_000 + ".user-name", "x"),
        (*TRACE, "--dryrun", "-p", f"1.{RED}", "x"),
        (*TRACE, "--dryrun", "--keep", RED),
        (*TRACE, "--dryrun", "--output", RED),
        (*TRACE, "--dryrun", "--endpoint", RED),
        (*TRACE, "-s", RED),
        (*TRACE, RED),
    ]:
        ending = fuzz.ended(*arguments)
        assert ending.code == 2
        assert harmless(ending).count("\n") == 1


@pytest.mark.usefixtures("home")
def test_control_characters_in_a_session_are_shown_escaped() -> None:
    assert "not an aws command: \\x1b[31mred" in harmless(rec("--trace-file", "new.trace", "-n", lines=[RED]))
    Path(RED).write_text("nonsense")
    for arguments in [("--trace-file", RED, "-n"), ("--trace-file", RED, "--append"), ("--trace-file", "x", RED)]:
        result = rec(*arguments)
        assert result.code == 2
        assert "\\x1b[31mred" in harmless(result)


def test_a_question_about_a_file_shows_its_name_escaped(home: Path) -> None:
    Path(RED).touch()
    with Session("--trace-file", RED, "-c") as session:
        session.wait("\\x1b[31mred exists. Continue the trace in it? [y/N]: ")


@pytest.mark.usefixtures("home")
def test_what_the_terminals_encoding_lacks_is_spelled_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    store.save_trace(trace(["iam.CreateUser", {"UserName": "Łukasz"}, {}]), Path("t.trace"))
    result = play(*TRACE, "--dryrun")
    assert (result.code, result.out) == (0, "(play) aws iam create-user --user-name '\\u0141ukasz'\n")


# --- traces from strangers

PROFILES = """
[profile mine]
region = us-east-1
aws_access_key_id = MINE
aws_secret_access_key = x
[profile other]
region = us-east-1
aws_access_key_id = OTHER
aws_secret_access_key = x
"""


@pytest.fixture
def stranger(aws_home: Path, awscli: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with two profiles and two files that concern nobody."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    (aws_home / ".aws").mkdir()
    (aws_home / ".aws" / "config").write_text(PROFILES)
    (aws_home / "secret.json").write_text('{"UserName": "secret"}')
    (aws_home / "secret.txt").write_text("secret")
    return aws_home


def played(relay: Relay, *entries: Command) -> fuzz.Ending:
    """How these commands end when they are played under a profile of the person's own."""
    store.save_trace(trace(*entries), Path("t.trace"))
    return fuzz.ended(*TRACE, "--endpoint", relay.url, "--profile", "mine")


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize(
    "words",
    [
        ["iam", "wait", "user-exists", "--user-name", "file://secret.txt"],
        ["iam", "wait", "user-exists", "--user-name=file://secret.txt"],
        ["iam", "wait", "user-exists", "--user-name", "fileb://secret.txt"],
        ["iam", "wait", "user-exists", "--user-name", "http://127.0.0.1:9/secret"],
        ["iam", "wait", "user-exists", "--cli-input-json", "file://secret.json"],
        ["iam", "wait", "user-exists", "--user-name", "u", "--cli-input-j", "file://secret.json"],
        ["s3", "cp", "t.trace", "s3://b/k", "--metadata", "k@=file://secret.txt"],
        ["s3", "ls", "file://secret.txt"],
        ["s3", "ls", "--query", "file://secret.txt"],
    ],
)
def test_no_word_of_a_line_is_expanded(words: list[str], relay: Relay) -> None:
    relay.faults["*"] = [Trouble(400)] * 5
    played(relay, command(words))
    for request in relay.played:
        assert "secret" not in request.members.values()
        assert "secret" not in {request.http.path.strip("/"), request.http.headers.get("x-amz-meta-k")}


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize(
    ("words", "word", "content"),
    [
        (["iam", "wait", "user-exists", "--cli-input-json", "file://gone"], "file://gone", '{"UserName": "recorded"}'),
        (["s3", "ls", "file://gone"], "file://gone", "s3://recorded"),
        (["s3", "cp", "secret.txt", "s3://b/k", "--metadata", "k@=file://gone"], "file://gone", "recorded"),
        (["s3", "cp", "-", "s3://b/k"], "-", "recorded"),
    ],
)
def test_what_a_word_held_when_it_was_recorded_is_sent(words: list[str], word: str, content: str, relay: Relay) -> None:
    relay.faults["*"] = [Trouble(400)] * 5
    played(relay, command(words, files={word: content}))
    assert any("recorded" in repr(request.http) for request in relay.played)


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize(
    ("words", "word"),
    [
        (["s3", "rm", "s3://harmless", "--recursive"], "s3://harmless"),
        (["s3", "cp", "secret.txt", "s3://b/k"], "secret.txt"),
        (["s3", "cp", "secret.txt", "s3://b/k"], "-"),
        (["cloudformation", "package", "--template-file", "t", "--output-template-file", "out.yaml"], "out.yaml"),
        (["configure"], "-"),
        (["s3", "ls", "file://other"], "file://one"),
        (["s3", "ls"], ""),
    ],
)
def test_a_content_for_what_a_line_does_not_read_is_refused(words: list[str], word: str, relay: Relay) -> None:
    ending = played(relay, command(words, files={word: "s3://victim"}))
    assert (ending.code, relay.requests) == (2, [])
    assert ending.err == f"awstrace-play: command 1 has a file for {word}, which its line does not read: take it out\n"


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize("before", [[], ["--region", "eu-west-1"], ["--profile=mine"]])
def test_an_operations_line_without_its_operation_is_refused(before: list[str], relay: Relay) -> None:
    ending = played(relay, command([*before, "s3api", "get-object", "--bucket", "b", "--key", "k", "../.bashrc"]))
    assert (ending.code, relay.requests) == (2, [])
    assert "command 1 is aws s3api get-object, and the trace has no operation for it" in ending.err


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["iam", "create-user", "--user-name", "u"], 255),
        (["iam", "--user-name=u", "create-user"], 0),
        (["iam", "create-user", "--generate-cli-skeleton"], 0),
        (["iam", "create-user", "--user-name", "u", "--generate-cli-skeleton"], 0),
    ],
)
def test_without_its_operation_a_line_calls_none(words: list[str], code: int, relay: Relay) -> None:
    """A line that failed when it was recorded called nothing; nor does one that prints a skeleton."""
    played(relay, replace(command(words), exit_code=code))
    assert relay.requests == []


def test_a_waiter_with_its_input_in_a_file_is_played_without_the_file(stranger: Path, relay: Relay) -> None:
    common = ("--endpoint-url", relay.url, "--profile", "mine")
    Path("input.json").write_text('{"UserName": "waited-for"}')
    lines = [" ".join(("aws iam create-user --user-name waited-for", *common))]
    lines += [" ".join(("aws iam wait user-exists --cli-input-json file://input.json", *common))]
    assert rec(*TRACE, "-n", lines=lines).code == 0
    Path("input.json").unlink()
    relay.requests.clear()
    assert played(relay, *store.load_trace(Path("t.trace")).commands[1:]).code == 0
    assert [request.members["UserName"] for request in relay.played] == ["waited-for"]


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize(
    "words",
    [
        ["--profile", "other"],
        ["--profile=other"],
        ["--profil", "other"],
        ["--endpoint-url", "http://127.0.0.1:9"],
        ["--endp", "http://127.0.0.1:9"],
        ["--endpoint-url=http://127.0.0.1:9", "--"],
        ["--"],
    ],
)
def test_a_line_does_not_escape_the_persons_own_profile_and_endpoint(words: list[str], relay: Relay) -> None:
    ending = played(relay, command(["s3", "ls", *words]))
    assert {request.key for request in relay.requests} == {"MINE"}
    assert ending.code == 0


def test_a_line_reaches_no_shell(stranger: Path, relay: Relay) -> None:
    for words in (["s3", "ls", "s3://b;touch pwned"], ["s3", "ls", "$(touch pwned)"], ["!touch", "pwned"]):
        played(relay, command(words))
    assert not (stranger / "pwned").exists()


def test_an_operation_runs_what_it_shows_whatever_its_line_was(stranger: Path, relay: Relay) -> None:
    argv = (
        "iam",
        "delete-user",
        "--user-name",
        "victim",
        "--endp",
        "http://127.0.0.1:9",
        "out.bin",
        "--cli-input-json",
    )
    made = operation("iam.ListUsers", {"PathPrefix": "/a/"}, {}, argv=argv)
    before = {path.name for path in stranger.iterdir()}
    ending = played(relay, made)
    assert ending.out.splitlines()[0] == "(play) aws iam list-users --path-prefix /a/"
    assert relay.operations == ["ListUsers"]
    assert {path.name for path in stranger.iterdir()} == before | {"t.trace", ".local"}  # which has the key of seals


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize(
    "words", [["iam", "delete-user"], ["iam", "--endpoint-url=http://127.0.0.1:9", "list-users"], ["configure"], []]
)
def test_words_beside_an_operation_are_ignored(relay: Relay, words: list[str]) -> None:
    document = trace_to_json(Trace((operation("iam.ListUsers", {}, {}),)))
    document["commands"][0]["operation"]["words"] = words
    ending = played(relay, *trace_from_json(document).commands)
    assert (ending.code, relay.operations) == (0, ["ListUsers"])
    assert ending.out.splitlines()[0] == "(play) aws iam list-users"
