"""Lines whose clients are kept: each sends and prints what it would in a process of its own."""

from __future__ import annotations

import argparse
import functools
import getpass
import json
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from awstracer.aws import catalog, clients, isolation
from awstracer.aws.capture import Outcome
from awstracer.aws.clients import CallKind
from awstracer.aws.driver import AwsCli
from awstracer.aws.driver_factory import DriverFactory
from awstracer.aws.settings import V1_GLOBAL_OPTIONS, Environment
from tests import programs
from tests.programs import Http, Relay, Trouble
from tests.traces import THEN

from awscli.alias import AliasLoader  # isort: skip - after the driver, which brings the botocore that is meant
import botocore.credentials  # isort: skip
import botocore.httpsession  # isort: skip
import botocore.loaders  # isort: skip

LISTED = ("iam", "list-users")
ALICE: Mapping[str, Any] = {"UserName": "alice"}
OTHER = AwsCli()


class CountingFactory(DriverFactory):
    """Creates drivers and counts them."""

    def __init__(self) -> None:
        super().__init__()
        self.made = 0

    def create(self) -> Any:
        self.made += 1
        return super().create()


class WithoutClients(AwsCli):
    """awscli that keeps no client: each line has a driver of its own."""

    def _call(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Replayed:
    """A command that was replayed: what became of it, what it printed and asked, and how many drivers were made."""

    outcome: Outcome
    out: str
    err: str
    sent: list[Http]
    keys: list[str]
    regions: list[str]
    made: int

    @property
    def shown(self) -> tuple[object, ...]:
        """All that a person or a trace could tell it by."""
        calls = [replace(call, started=THEN, ended=THEN, request_id=None) for call in self.outcome.calls]
        return replace(self.outcome, calls=tuple(calls)), self.out, self.err, self.sent


class Cli:
    """awscli, and the relay through which all its requests go."""

    def __init__(self, relay: Relay, capture: pytest.CaptureFixture[str]) -> None:
        self._relay, self._capture = relay, capture
        self.aws: AwsCli
        self.renew()
        self.environment: dict[str, str | None] = {}

    def replay(self, *argv: str, **parameters: Any) -> Replayed:
        self._capture.readouterr()
        made, before = self._drivers.made, len(self._relay.requests)
        outcome = self.aws.replay(argv, parameters=parameters, files={}, environment=self.environment)
        said, asked = self._capture.readouterr(), self._relay.requests[before:]
        return Replayed(
            outcome,
            said.out,
            said.err,
            sent=[request.http for request in asked],
            keys=[request.key for request in asked],
            regions=[request.region for request in asked],
            made=self._drivers.made - made,
        )

    def prepare(self, *lines: tuple[str, ...]) -> None:
        """Prepare lines, for which nobody is asked anything, and of which nobody sees anything."""
        self._capture.readouterr()
        before = len(self._relay.requests)
        self.aws.prepare_calls(lines)
        assert self._relay.requests[before:] == []
        assert self._capture.readouterr() == ("", "")

    def alone(self, *argv: str, **parameters: Any) -> Replayed:
        """Replay with a driver of its own, which has run nothing before."""
        used, self.aws = self.aws, WithoutClients()
        replayed = self.replay(*argv, **parameters)
        self.aws = used
        return replayed

    def renew(self) -> None:
        """Go on with an awscli that has no client yet."""
        self._drivers = CountingFactory()
        self.aws = AwsCli(self._drivers)


@pytest.fixture
def cli(aws_home: Path, relay: Relay, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """awscli that nothing keeps waiting, before a cloud with three users; who sends a request is looked at too."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", relay.url)
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(programs, "PASSING", [name for name in programs.PASSING if name != "user-agent"])
    made = Cli(relay, capsys)
    for name in ("alice", "bob", "carol"):
        assert OTHER.run(["iam", "create-user", "--user-name", name]).exit_code == 0
    return made


def settings(home: Path, text: str, name: str = "config") -> None:
    """Write a person's configuration."""
    (home / ".aws").mkdir(exist_ok=True)
    (home / ".aws" / name).write_text(text)


# --- the same once more


LINES: Mapping[str, tuple[tuple[str, ...], Mapping[str, Any]]] = {
    "json": (("iam", "get-user"), ALICE),
    "text": ((*LISTED, "--output", "text", "--query", "Users[].UserName"), {}),
    "table": ((*LISTED, "--output", "table", "--color", "on"), {}),
    "pages": (LISTED, {"PaginationConfig": {"PageSize": 1}}),
    "some": (LISTED, {"PaginationConfig": {"MaxItems": 2}}),
    "by hand": (LISTED, {"MaxItems": 1}),
    "one page": ((*LISTED, "--no-paginate"), {"MaxItems": 2}),
    "region": (("sns", "create-topic", "--region", "eu-west-1"), {"Name": "t"}),
    "no signature": (("s3api", "list-buckets", "--no-sign-request"), {}),
    "timeouts": ((*LISTED, "--cli-read-timeout", "30", "--cli-connect-timeout=20"), {}),
    "no check": ((*LISTED, "--no-verify-ssl"), {}),
    "booleans": (("ec2", "describe-vpcs"), {"DryRun": False}),
    "bucket": (("s3api", "create-bucket"), {"Bucket": "bkt"}),
    "literals": (("ssm", "get-parameters"), {"Names": ["https://x/y", "file://in"]}),
}


@pytest.mark.parametrize("name", LINES)
def test_a_line_that_is_run_again_or_was_prepared_asks_and_prints_the_same(cli: Cli, name: str) -> None:
    argv, parameters = LINES[name]
    first = cli.alone(*argv, **parameters)
    assert first.outcome.exit_code == 0, first.err
    assert first.sent
    alone = cli.alone(*argv, **parameters)
    together = [cli.replay(*argv, **parameters) for _ in range(3)]
    assert [replayed.shown for replayed in together] == [alone.shown] * 3
    assert [replayed.made for replayed in together] == [1, 0, 0]
    cli.renew()
    cli.prepare(argv, argv)
    prepared = [cli.replay(*argv, **parameters) for _ in range(2)]
    assert [replayed.shown for replayed in prepared] == [alone.shown] * 2
    assert [replayed.made for replayed in prepared] == [0, 0]


def test_all_lines_of_the_same_settings_have_one_session(cli: Cli) -> None:
    lines: list[tuple[tuple[str, ...], Mapping[str, Any]]] = [
        (("sns", "create-topic"), {"Name": "t"}),
        (("iam", "get-user"), ALICE),
        (LISTED, {"PaginationConfig": {"PageSize": 1}}),
        (("sns", "list-topics"), {}),
        (("sts", "get-caller-identity"), {}),
    ]
    replayed = [cli.replay(*argv, **parameters) for argv, parameters in lines]
    assert [each.made for each in replayed] == [1, 0, 0, 0, 0]
    assert [each.shown for each in replayed] == [cli.alone(*argv, **parameters).shown for argv, parameters in lines]


def test_what_awscli_registers_for_one_operation_is_not_there_for_the_next_one(cli: Cli) -> None:
    """awscli checks the options of `modify-vpc-attribute` at each EC2 command that follows in the same session."""
    vpc = json.loads(cli.replay("ec2", "create-vpc", CidrBlock="10.0.0.0/16").out)["Vpc"]["VpcId"]
    lines: list[tuple[str, dict[str, Any]]] = [
        ("modify-vpc-attribute", {"VpcId": vpc, "EnableDnsSupport": {"Value": True}}),
        ("describe-vpcs", {"VpcIds": [vpc]}),
        ("describe-vpc-attribute", {"VpcId": vpc, "Attribute": "enableDnsSupport"}),
    ]
    replayed = [cli.replay("ec2", name, **parameters) for name, parameters in lines]
    assert [each.made for each in replayed] == [0, 0, 0]
    assert [each.shown for each in replayed] == [
        cli.alone("ec2", name, **parameters).shown for name, parameters in lines
    ]


def test_what_awscli_refuses_just_before_the_call_is_not_sent(cli: Cli) -> None:
    """awscli's handler of `calling-command` answers with an error (awscli.customizations.cloudsearchdomain)."""
    line, parameters = ("cloudsearchdomain", "search"), {"query": "x"}
    refused = cli.replay(*line, **parameters)
    assert (refused.outcome.exit_code, refused.sent) == (255, [])
    assert refused.shown == cli.alone(*line, **parameters).shown


def test_an_alias_that_was_removed_is_not_run(cli: Cli, aws_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AliasLoader.__init__, "__defaults__", (str(aws_home / ".aws/cli/alias"),))
    aliases = aws_home / ".aws" / "cli" / "alias"
    aliases.parent.mkdir(parents=True, exist_ok=True)
    aliases.write_text(f"[toplevel]\nsns = !touch {aws_home / 'was-run'}\n")
    assert cli.replay(*LISTED).outcome.exit_code == 0
    aliases.unlink()
    assert cli.replay("sns", "list-topics").shown == cli.alone("sns", "list-topics").shown
    assert not (aws_home / "was-run").exists()


def test_credentials_that_cannot_be_loaded_are_told_as_ever(cli: Cli, aws_home: Path) -> None:
    """A role without a source profile, beside keys that would do: botocore's chain meets the role first."""
    settings(aws_home, "[default]\naws_access_key_id = MINE\naws_secret_access_key = s\n", "credentials")
    settings(aws_home, "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\n")
    cli.environment = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    cli.prepare(LISTED, LISTED)
    refused = cli.replay(*LISTED)
    assert (refused.outcome.exit_code, refused.sent) == (255, [])
    assert "Partial credentials found in assume-role" in refused.err
    assert refused.shown == cli.alone(*LISTED).shown


def test_parameters_are_each_runs_own(cli: Cli) -> None:
    for limits in ({"MaxItems": 1}, {}, {"PaginationConfig": {"MaxItems": 2}}, {"PathPrefix": "/none/"}, {}):
        again = cli.replay(*LISTED, **limits)
        assert again.shown == cli.alone(*LISTED, **limits).shown
    assert again.made == 0


def test_what_goes_wrong_is_told_as_ever_and_is_not_the_next_runs(cli: Cli, relay: Relay) -> None:
    line = ("iam", "get-user")
    cli.replay(*line, **ALICE)
    wrong: list[tuple[dict[str, Any], list[Trouble]]] = [
        ({"UserName": "nobody"}, []),
        ({"UserName": 7}, []),
        ({"Nonsense": "x"}, []),
        ({"UserName": "alice"}, [Trouble(503)] * 9),
        ({"UserName": "alice"}, [Trouble()] * 9),
    ]
    for parameters, trouble in wrong:
        seen = []
        for replay in (cli.replay, cli.alone):
            relay.trouble += trouble
            seen.append(replay(*line, **parameters))
            relay.trouble.clear()
        assert seen[0].made == 0
        assert seen[0].shown == seen[1].shown
        assert (seen[0].outcome.exit_code, bool(seen[0].err)) == (255, True)
        after = cli.replay(*line, **ALICE)
        assert (after.outcome.exit_code, after.made) == (0, 1)
        assert after.shown == cli.alone(*line, **ALICE).shown


def test_ctrl_c_stops_a_run_as_ever(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.replay(*LISTED)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("botocore.httpsession.URLLib3Session.send", interrupted)
        stopped = cli.replay(*LISTED)
        assert stopped.shown == cli.alone(*LISTED).shown
    assert (stopped.outcome.exit_code, stopped.made) == (130, 0)
    assert cli.replay(*LISTED).outcome.exit_code == 0


def test_a_retry_leaves_nothing_to_the_next_run(cli: Cli, relay: Relay) -> None:
    cli.replay(*LISTED)
    relay.trouble.append(Trouble(500))
    assert len(cli.replay(*LISTED).sent) == 2
    again = cli.replay(*LISTED)
    assert (again.made, len(again.sent)) == (1, 1)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The sessions of botocore whose connections were closed."""
    found: list[Any] = []
    close = botocore.httpsession.URLLib3Session.close

    def noted(session: Any) -> None:
        found.append(session)
        close(session)

    monkeypatch.setattr("botocore.httpsession.URLLib3Session.close", noted)
    return found


def test_connections_that_were_idle_are_not_used_again(
    cli: Cli, closed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cli.replay(*LISTED)
    assert (cli.replay(*LISTED).shown, closed) == (first.shown, [])
    monkeypatch.setattr(clients, "MAX_IDLE", -1.0)
    assert (cli.replay(*LISTED).shown, len(closed)) == (first.shown, 1)


def test_pages_of_binary_keys_are_turned_as_in_a_process_of_its_own(cli: Cli) -> None:
    """awscli has botocore decode these once for each command that it runs (awscli.customizations.dynamodb)."""
    key = [{"AttributeName": "k", "KeyType": "HASH"}]
    kinds = [{"AttributeName": "k", "AttributeType": "B"}]
    table = {"TableName": "t", "KeySchema": key, "AttributeDefinitions": kinds, "BillingMode": "PAY_PER_REQUEST"}
    cli.replay("dynamodb", "create-table", **table)
    for letter in ("YQ==", "Yg==", "Yw=="):
        cli.replay("dynamodb", "put-item", TableName="t", Item={"k": {"B": letter}})
    scanned = {"TableName": "t", "PaginationConfig": {"PageSize": 1}}
    alone = cli.alone("dynamodb", "scan", **scanned)
    assert len(alone.sent) > 2
    assert [cli.replay("dynamodb", "scan", **scanned).shown for _ in range(3)] == [alone.shown] * 3


# --- up to its call


def test_what_was_prepared_is_for_a_process_that_is_forked_off_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.prepare(LISTED, LISTED)
    monkeypatch.setattr("os.getpid", functools.partial(int, os.getpid() + 1))
    assert [cli.replay(*LISTED).made for _ in range(2)] == [0, 0]


def test_only_what_is_sent_several_times_and_says_nothing_else_is_prepared(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    once, often, more = LISTED, ("iam", "get-user"), ("s3api", "head-object", "--debug")
    asked: list[str] = []
    cli.prepare(once, often, more, often, more)
    run = isolation.run_until_call

    def noted(driver: Any, words: Sequence[str], options: argparse.Namespace) -> isolation.ReadyCall | None:
        asked.append(words[1])
        return run(driver, words, options)

    monkeypatch.setattr(isolation, "run_until_call", noted)
    assert [cli.replay(*line, **ALICE).made for line in (often, more)] == [0, 1]
    assert cli.replay(*once).made == 0
    assert asked == [once[1]]


def test_what_changes_after_a_line_was_prepared_is_noticed(cli: Cli, aws_home: Path) -> None:
    cli.prepare(LISTED, LISTED)
    settings(aws_home, "[default]\noutput = text\n")
    assert cli.replay(*LISTED).shown == cli.alone(*LISTED).shown


def a_process(home: Path) -> None:
    settings(home, f"[default]\ncredential_process = touch {home / 'asked'}\n")


def a_role(home: Path) -> None:
    keys = "aws_access_key_id = BASE\naws_secret_access_key = s\n"
    role = "role_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\nmfa_serial = m\n"
    settings(home, f"[profile base]\n{keys}[default]\n{role}")


def a_plugin(home: Path) -> None:
    (home / "asking.py").write_text(
        "from pathlib import Path\n\ndef awscli_initialize(cli):\n"
        "    cli.register('calling-command', lambda **_: Path('asked').touch())\n"
    )
    keys = "aws_access_key_id = MINE\naws_secret_access_key = s\n"
    settings(home, f"[plugins]\nasking = asking\n[default]\n{keys}")


def a_history(home: Path) -> None:
    settings(home, "[default]\ncli_history = enabled\naws_access_key_id = MINE\naws_secret_access_key = s\n")


def an_alias(home: Path) -> None:
    settings(home, "[default]\naws_access_key_id = MINE\naws_secret_access_key = s\n")
    (home / ".aws" / "cli").mkdir()
    settings(home, "[toplevel]\niam = !touch asked\n", "cli/alias")


def answer_second_factors(monkeypatch: pytest.MonkeyPatch, asked: Path) -> None:
    def answer(_: str) -> str:
        asked.touch()
        return "123456"

    start = botocore.credentials.AssumeRoleProvider.__init__
    defaults = [answer if default is getpass.getpass else default for default in start.__defaults__]
    monkeypatch.setattr(start, "__defaults__", tuple(defaults))


def nothing(home: Path) -> None:
    settings(home, "")


@pytest.mark.parametrize(
    "whoever", [a_process, a_role, a_plugin, a_history, an_alias, nothing], ids=lambda whoever: whoever.__name__
)
def test_nobody_is_asked_or_told_for_a_line_that_is_prepared(
    cli: Cli, aws_home: Path, monkeypatch: pytest.MonkeyPatch, whoever: Callable[[Path], None]
) -> None:
    asked = aws_home / "asked"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_CLI_HISTORY_FILE", str(asked))
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", os.environ["AWS_ENDPOINT_URL"])
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    monkeypatch.syspath_prepend(str(aws_home))
    monkeypatch.setattr(AliasLoader.__init__, "__defaults__", (str(aws_home / ".aws/cli/alias"),))
    answer_second_factors(monkeypatch, asked)
    whoever(aws_home)
    cli.prepare(LISTED, LISTED)
    assert not asked.exists()
    assert cli.replay(*LISTED).made == 1
    assert asked.exists() == (whoever is not nothing)


def test_nothing_is_called_for_a_line_that_is_prepared_however_awscli_calls(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def invoke(caller: Any, service: str, *_: object) -> int:
        caller._session.create_client(service, region_name="us-east-1").list_users()
        return 0

    monkeypatch.setattr("awscli.clidriver.CLIOperationCaller.invoke", invoke)
    cli.prepare(LISTED, LISTED)
    assert len(cli.replay(*LISTED).sent) == 1


def test_ctrl_c_while_lines_are_prepared_is_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("botocore.session.Session.create_client", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cli.aws.prepare_calls([LISTED, LISTED])


# --- what one line leaves to others


def test_lines_between_others_are_as_in_a_process_of_their_own(cli: Cli) -> None:
    """Whatever sticks to a driver in which several commands are run: none of it gets from one line to another."""
    cli.aws.run(["s3api", "create-bucket", "--bucket", "bkt"])
    Path("in").write_text("content")
    cli.aws.run(["s3", "cp", "in", "s3://bkt/k"])
    vpc = json.loads(cli.replay("ec2", "create-vpc", CidrBlock="10.0.0.0/16").out)["Vpc"]["VpcId"]
    lines: list[tuple[tuple[str, ...], dict[str, Any]]] = [
        (LISTED, {}),
        ((*LISTED, "--region", "eu-west-1", "--output", "text"), {}),
        ((*LISTED, "--no-sign-request"), {}),
        ((*LISTED, "--query", "Users[0]"), {}),
        ((*LISTED, "--debug"), {}),
        ((*LISTED, "--generate-cli-skeleton"), {}),
        (("s3api", "get-object", "out"), {"Bucket": "bkt", "Key": "k"}),
        (("s3api", "head-object"), {"Bucket": "bkt", "Key": "k"}),
        (("ec2", "modify-vpc-attribute"), {"VpcId": vpc, "EnableDnsSupport": {"Value": True}}),
        (("ec2", "modify-vpc-attribute"), {"VpcId": vpc, "EnableDnsHostnames": {"Value": False}}),
        (("ec2", "describe-vpcs"), {"VpcIds": [vpc]}),
    ]
    quiet = [line for line in lines if "--debug" not in line[0]]
    alone = {str(line): cli.alone(*line[0], **line[1]).shown for line in quiet}
    for argv, parameters in [*lines, *reversed(lines), *lines]:
        replayed = cli.replay(*argv, **parameters)
        if "--debug" in argv:
            assert replayed.err.count("CLI version") == replayed.err.count("Sending http request") == 1
        else:
            assert replayed.shown == alone[str((argv, parameters))]
    Path("out").write_text("mine")
    cli.aws.run(["s3", "cp", "s3://bkt/k", "other"])
    assert (Path("out").read_text(), Path("other").read_text()) == ("mine", "content")


def test_only_lines_of_an_operation_and_harmless_options_are_plain() -> None:
    for words in ("iam list-users", "iam list-users --region r --query=Users[0] --no-paginate --profile p"):
        assert CallKind.of(words.split())
    for words in (
        "s3api get-object out",
        "iam list-users --debug",
        "iam list-users --generate-cli-skeleton",
        "iam list-users --ca-bundle f",
        "ec2 run-instances --count 2",
        "ec2 wait instance-running",
        "--version iam",
        "iam",
    ):
        assert not CallKind.of(words.split())


# --- what changes between two runs


def configured(_: Path) -> Environment:
    AwsCli().run(["configure", "set", "region", "eu-west-1"])
    return {}


def assumed(_: Path) -> Environment:
    return {"AWS_ACCESS_KEY_ID": "ASSUMED", "AWS_SESSION_TOKEN": "token"}


def without_keys(home: Path) -> Environment:
    settings(home, "[default]\naws_access_key_id = OTHER\naws_secret_access_key = s\n", "credentials")
    return {"AWS_ACCESS_KEY_ID": None}


def configured_elsewhere(home: Path) -> Environment:
    (home / "mine").write_text("[default]\nregion = ap-south-1\n")
    return {"AWS_CONFIG_FILE": str(home / "mine")}


CHANGES = [configured, assumed, without_keys, configured_elsewhere]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_is_changed_is_noticed_as_by_a_new_process(
    cli: Cli,
    aws_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], Environment],
) -> None:
    settings(aws_home, "[default]\nregion = us-west-2\n")
    settings(aws_home, "[default]\naws_access_key_id = MINE\naws_secret_access_key = s\n", "credentials")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    line = ("sns", "list-topics")
    before = [cli.replay(*line) for _ in range(2)]
    assert [replayed.made for replayed in before] == [1, 0]
    cli.environment = dict(change(aws_home))
    after, alone = cli.replay(*line), cli.alone(*line)
    assert (after.shown, after.keys, after.regions) == (alone.shown, alone.keys, alone.regions)
    assert (after.keys, after.regions) != (before[0].keys, before[0].regions)
    cli.environment = {}
    assert cli.replay(*line).regions == cli.alone(*line).regions


def test_credentials_that_a_program_hands_out_are_asked_for_each_time(
    cli: Cli, aws_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    script = aws_home / "keys"
    script.write_text(
        '#!/bin/sh\necho x >> n\nn=$(wc -l < n | tr -d " ")\n'
        'echo "{\\"Version\\": 1, \\"AccessKeyId\\": \\"KEY$n\\", \\"SecretAccessKey\\": \\"s\\"}"\n'
    )
    script.chmod(0o700)
    settings(aws_home, f"[default]\ncredential_process = {script}\n")
    assert [cli.replay(*LISTED).keys for _ in range(3)] == [["KEY1"], ["KEY2"], ["KEY3"]]


def test_a_roles_credentials_are_taken_from_where_awscli_keeps_them(
    cli: Cli, relay: Relay, aws_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("awscli.customizations.assumerole.CACHE_DIR", str(aws_home / "cache"))
    settings(
        aws_home,
        "[profile base]\naws_access_key_id = BASE\naws_secret_access_key = s\n"
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n",
    )
    relay.requests.clear()
    asked = []
    for _ in range(2):
        cli.replay(*LISTED, "--profile", "role")
        asked.append(relay.operations)
        relay.requests.clear()
    assert asked == [["AssumeRole", "ListUsers"], ["ListUsers"]]
    for path in (aws_home / "cache").iterdir():
        path.unlink()
    cli.replay(*LISTED, "--profile", "role")
    assert relay.operations == ["AssumeRole", "ListUsers"]


def test_each_replay_is_in_awsclis_history(cli: Cli, aws_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CLI_HISTORY_FILE", str(aws_home / "history.db"))
    settings(aws_home, "[default]\ncli_history = enabled\n")
    for _ in range(3):
        cli.replay(*LISTED)
    with closing(sqlite3.connect(aws_home / "history.db")) as history:
        events = history.execute("SELECT event_type FROM records").fetchall()
    assert events.count(("CLI_RC",)) == events.count(("HTTP_REQUEST",)) == 3


def test_plugins_take_part_in_each_run(cli: Cli, aws_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (aws_home / "telling.py").write_text(
        "def awscli_initialize(cli):\n    cli.register('calling-command', lambda **_: print('asked'))\n"
    )
    monkeypatch.syspath_prepend(str(aws_home))
    settings(aws_home, "[plugins]\ntelling = telling\n")
    assert [cli.replay(*LISTED).out.count("asked") for _ in range(2)] == [1, 1]


def test_a_service_whose_model_is_added_is_known_from_then_on(
    cli: Cli, aws_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(botocore.loaders.Loader, "CUSTOMER_DATA_PATH", str(aws_home / "models"))
    model = {
        "metadata": {
            "apiVersion": "2020-01-01",
            "endpointPrefix": "own",
            "protocol": "json",
            "jsonVersion": "1.1",
            "serviceFullName": "Own",
            "serviceId": "Own",
            "signatureVersion": "v4",
            "targetPrefix": "Own",
            "uid": "own-2020-01-01",
        },
        "operations": {"Ask": {"name": "Ask", "http": {"method": "POST", "requestUri": "/"}}},
        "shapes": {},
    }
    assert cli.replay("own", "ask").outcome.exit_code != 0
    assert cli.aws.run(["configure", "add-model", "--service-model", json.dumps(model)]).exit_code == 0
    asked = cli.replay("own", "ask", "--endpoint-url", os.environ["AWS_ENDPOINT_URL"])
    assert dict(asked.sent[0].headers)["X-Amz-Target"] == "Own.Ask"


def test_a_process_that_is_forked_off_shares_no_connection(
    cli: Cli, closed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cli.replay(*LISTED)
    monkeypatch.setattr("os.getpid", functools.partial(int, os.getpid() + 1))
    assert (cli.replay(*LISTED).shown, len(closed)) == (first.shown, 1)
    assert (cli.replay(*LISTED).shown, len(closed)) == (first.shown, 1)


def test_only_so_many_sessions_are_kept(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "CAPACITY", 2)
    regions = ("us-east-1", "us-east-2", "us-west-1")
    for region in (*regions, *regions[1:]):
        last = cli.replay(*LISTED, "--region", region)
    assert last.made == 0
    assert cli.replay(*LISTED, "--region", regions[0]).made == 1


def test_the_table_of_global_options_has_all_of_awsclis() -> None:
    assert catalog.Catalog().global_options().items() <= V1_GLOBAL_OPTIONS.items()
