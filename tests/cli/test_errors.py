"""The words of errors: each is one line that says what is wrong and names the value."""

from __future__ import annotations

from pathlib import Path

import pytest

from awstracer import errors
from awstracer.cli.output import save_failure_text
from awstracer.trace.saver import SaveFailure

WORDS = [
    (errors.TraceError(Path("t.trace"), "is a directory"), "t.trace is a directory"),
    (errors.UnfinishedLine("a quote is not closed", "aws 'x"), "a quote is not closed"),
    (
        errors.UnknownCommand(3, "iam.ForgetUser", "1.46.3"),
        "command 3 is iam.ForgetUser, which awscli 1.46.3 does not have: install an awscli that has it",
    ),
    (
        errors.UnfitParameters(1, "iam", "CreateUser", "Unknown parameter: Sak"),
        "command 1 has parameters that iam.CreateUser does not accept: Unknown parameter: Sak",
    ),
    (
        errors.MissingWord(2, "outfile"),
        "the trace does not contain the outfile of command 2: add -p 2.outfile OUTFILE",
    ),
    (errors.UnknownCommandNumber(12, 11), "there is no command 12: the trace has 11"),
    (errors.NothingSelected(), "--start-at and --only together select no command"),
    (
        errors.NotPlayed(2, "VpcId", "vpc-id", 1, "Vpc.VpcId"),
        "command 2's VpcId comes from command 1, Vpc.VpcId, which is not played: "
        "give it with -p 2.vpc-id VALUE, or send the recorded one with --keep 2.vpc-id",
    ),
    (
        errors.NotPlayed(2, "access key", None, 1, "Credentials"),
        "command 2's access key comes from command 1, Credentials, which is not played: play command 1 too",
    ),
    (
        errors.WrongAccount("111111111111", "222222222222", ["--profile", "p"]),
        "--expect-account says 111111111111, but the credentials with --profile p belong to account 222222222222: "
        "nothing was sent",
    ),
    (
        errors.WrongAccount("111111111111", None, ()),
        "--expect-account says 111111111111, but the account of the credentials is unknown, "
        "since sts get-caller-identity failed: nothing was sent",
    ),
    (errors.UnknownProfile("prod", ["dev", "test"]), "profile prod does not exist; configured profiles: dev, test"),
    (errors.UnknownProfile("prod", []), "profile prod does not exist; configured profiles: none"),
    (
        errors.UnknownParameter("nam", ["name", "names"]),
        "no command of the trace has a parameter nam; did you mean name or names?",
    ),
    (
        errors.AmbiguousParameter("name", [("1.name", "a"), ("2.name", "b" * 70)]),
        f"the trace has several values for name; say which one you mean: 1.name (now a), 2.name (now {'b' * 57}...)",
    ),
    (errors.BadValue("count", "x", "not a number"), 'count does not accept "x": not a number'),
    (
        errors.ReplayedElsewhere("region", "us-east-1", None),
        "cannot resume: the region of the earlier replay is us-east-1, and now it is an unknown one",
    ),
    (
        errors.OperationLeftOut(3, ("iam", "delete-user")),
        "command 3 is aws iam delete-user, and the trace has no operation for it: record it again",
    ),
    (
        errors.UnreadFile(3, "out.yaml"),
        "command 3 has a file for out.yaml, which its line does not read: take it out",
    ),
    (errors.NotAReplay(), "cannot resume: the file was not written by --save-trace"),
    (
        errors.OtherTraceReplayed(4),
        "cannot resume: the earlier replay was of another trace, with another command 4",
    ),
    (
        errors.OtherParameterReplayed(4, "Name"),
        "cannot resume: the earlier replay sent command 4 with another Name: use the same trace and the same switches",
    ),
    (errors.Refused("nothing was sent"), "nothing was sent"),
    (
        errors.MissingSecret(["2.password", "3.password"], "AWSTRACE_PARAM_2_PASSWORD"),
        "secrets are not stored in traces, so this replay lacks 2.password, 3.password: "
        "give -p 2.password VALUE, or set AWSTRACE_PARAM_2_PASSWORD",
    ),
    (
        errors.MissingValue(1, "Vpc.VpcId", "it has no response"),
        "Vpc.VpcId should come from command 1, but it has no response",
    ),
    (
        errors.UnsafeWord("../x", "looks like an option"),
        "a response would change what it does: ../x looks like an option",
    ),
    (
        errors.NotCreated(1, "role", "deployer"),
        "command 1 failed to create the role deployer, so it is not this replay's",
    ),
    (errors.MissingValue(None, "the account", "it is unknown"), "the account is needed, but it is unknown"),
    (errors.NotAnAwsCommand("ls"), "not an aws command: ls (start with -s to run shell commands)"),
    (errors.NotRecorded("is interactive"), "this command is interactive: it is not recorded"),
]


@pytest.mark.parametrize(("error", "words"), WORDS, ids=[type(error).__name__ for error, _ in WORDS])
def test_an_error_is_its_words(error: errors.AwstracerError, words: str) -> None:
    assert str(error) == words


def test_every_error_that_is_raised_has_words_of_its_own() -> None:
    def leaves(kind: type[errors.AwstracerError]) -> set[type[errors.AwstracerError]]:
        return {leaf for below in kind.__subclasses__() for leaf in leaves(below)} or {kind}

    plain = {errors.BadSessionCommand, errors.BadConfiguration}  # whose reason is all they say, as that of Refused
    assert leaves(errors.AwstracerError) == {type(error) for error, _ in WORDS} | plain


@pytest.mark.parametrize(
    ("other", "written", "where"),
    [
        (None, 3, "the commands are in t.trace.journal: do this"),
        (Path("tmp/t.trace"), 1, "the trace is in tmp/t.trace instead"),
        (None, 1, "of its 3 commands the first 1 are in t.trace.journal, and the rest is lost"),
    ],
)
def test_a_failure_to_save_says_where_the_commands_are(other: Path | None, written: int, where: str) -> None:
    error = errors.TraceError(Path("t.trace"), "is gone")
    failure = SaveFailure(error, other, Path("t.trace.journal"), written, 3)
    assert save_failure_text(failure, "do this") == f"t.trace is gone; {where}"
