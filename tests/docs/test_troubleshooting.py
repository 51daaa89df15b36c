"""The troubleshooting page against the errors: each class of error has an example message there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from awstracer import errors
from awstracer.cli.replay_view import ReplayView
from awstracer.cli.styles import PLAIN
from awstracer.plan.invocation import Destination
from awstracer.plan.warnings import GeneratedName
from awstracer.play.player import Status
from awstracer.relations.model import EnvironmentValue

PAGE = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text(encoding="utf-8")

EXAMPLES: list[errors.AwstracerError] = [
    errors.TraceError(Path("web.trace"), "is a directory"),
    errors.TraceError(Path("web.trace"), "exists: add --append or --overwrite"),
    errors.UnfinishedLine("a quote is not closed", ""),
    errors.NotAnAwsCommand("ls"),
    errors.NotRecorded("is interactive and can't be played again"),
    errors.NotRecorded("read input that the trace does not hold"),
    errors.BadSessionCommand("command 7 is not cached: only 1..3"),
    errors.UnknownCommand(3, "iam.ForgetUser", "1.46.3"),
    errors.OperationLeftOut(3, ("iam", "delete-user")),
    errors.UnreadFile(3, "out.yaml"),
    errors.UnfitParameters(1, "iam", "CreateUser", 'Unknown parameter in input: "Sak"'),
    errors.MissingWord(2, "outfile"),
    errors.BadConfiguration("Unable to parse config file: /home/me/.aws/config"),
    errors.UnknownProfile("prod", ["dev", "test"]),
    errors.UnknownCommandNumber(12, 11),
    errors.NothingSelected(),
    errors.NotPlayed(3, "VpcId", "vpc-id", 1, "Vpc.VpcId"),
    errors.NotPlayed(4, "access key", None, 2, "Credentials"),
    errors.UnknownParameter("user-nam", ["user-name"]),
    errors.AmbiguousParameter("user-name", [("1.user-name", "alice"), ("2.user-name", "bob")]),
    errors.BadValue("min-count", "two", "invalid literal for int() with base 10: 'two'"),
    errors.MissingSecret(["2.password", "3.password"], "AWSTRACE_PARAM_2_PASSWORD"),
    errors.UnsafeWord("--endpoint-url=http://x", "looks like an option"),
    errors.NotCreated(1, "role", "deployer"),
    errors.MissingValue(1, "Vpc.VpcId", "it has no response"),
    errors.Refused(
        "command 3 was recorded with --profile prod: nothing was sent; "
        "pass --profile prod or --yes if that is what you want"
    ),
    errors.WrongAccount("111111111111", "222222222222", ["--profile", "prod"]),
    errors.WrongAccount("111111111111", None, ()),
    errors.ReplayedElsewhere("region", "us-east-1", "eu-west-1"),
    errors.NotAReplay(),
    errors.OtherTraceReplayed(4),
    errors.OtherParameterReplayed(4, "UserName"),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_the_page_has_the_message(error: errors.AwstracerError) -> None:
    assert f"`{error}`" in PAGE or f"`{error}: the line was dropped`" in PAGE


def test_every_class_of_error_has_an_example() -> None:
    def leaves(kind: type[errors.AwstracerError]) -> set[type[errors.AwstracerError]]:
        return {leaf for below in kind.__subclasses__() for leaf in leaves(below)} or {kind}

    assert leaves(errors.AwstracerError) == set(map(type, EXAMPLES))


NO_VPC = errors.MissingValue(1, "Vpc.VpcId", "there is no VpcId")
STEP: Any = SimpleNamespace(number=5)
SIXTH: Any = SimpleNamespace(number=6)
VIEW = ReplayView(PLAIN, explain=False, debug=False)


@pytest.mark.parametrize(
    "event",
    [
        lambda: VIEW.retrying(STEP, "the role can't be assumed yet (InvalidParameterValueException)", 2),
        lambda: VIEW.not_sent(SIXTH, NO_VPC, Status.FAILED),
        lambda: VIEW.not_sent(SIXTH, NO_VPC, Status.SKIPPED),
        lambda: VIEW.show_destination([EnvironmentValue("region", "us-east-1")], Destination("eu-west-1")),
        lambda: VIEW.show_generated_names([GeneratedName(1, "bucket", "demo-1767323045", is_all=True)]),
    ],
)
def test_the_page_has_what_a_replay_prints(event: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> None:
    event()
    message = capsys.readouterr().err.removeprefix("awstrace-play: ").strip()
    assert message
    assert f"`{message}`" in PAGE
