"""Decides what of an `aws` command is recorded. Nothing is run or written here.

A command is recorded if it called an API or changed something; help, versions and usage errors are not. Its line is
recorded as it was typed, with options in place of environment variables: `AWS_DEFAULT_REGION=eu-west-1 aws ec2
describe-vpcs` in a script becomes `ec2 describe-vpcs --region eu-west-1`. `record/session` runs and stores the commands
of a session, `record/client` those of a script.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from awstracer.aws import settings
from awstracer.aws.capture import Outcome
from awstracer.aws.settings import ACCESS_KEY_VARIABLE, OPTION_VARIABLES, REGION_VARIABLES, value_of_option
from awstracer.commandline.options import match_option, split_options
from awstracer.trace.model import Call, Command

USAGE_ERRORS = (2, 252)  # exit codes for a line that awscli doesn't understand: version 1's and 2's
HELP_WORDS = frozenset({"help", "--version"})

# awscli's commands that ask questions, or connect the terminal to another program.
INTERACTIVE = (
    ("configure", "sso"),
    ("configure", "sso-session"),
    ("ecs", "execute-command"),
    ("emr", "socks"),
    ("emr", "ssh"),
    ("login",),
    ("ssm", "start-session"),
    ("sso", "login"),
)


def build_command(argv: Sequence[str], outcome: Outcome, started: datetime, ended: datetime) -> Command:
    """Return the command of a line that was run. The parameters of an operation hold what its files held."""
    return Command(
        argv=tuple(argv),
        operation=outcome.operation,
        calls=outcome.calls,
        exit_code=outcome.exit_code,
        started=started,
        ended=ended,
        files={} if outcome.operation else outcome.files,
    )


def is_worth_recording(argv: Sequence[str], outcome: Outcome) -> bool:
    """Return whether a line did more than print help or a version, or fail with a usage error."""
    if outcome.calls or outcome.operation:
        return True
    return outcome.exit_code not in USAGE_ERRORS and not HELP_WORDS & set(argv)


def is_interactive(argv: Sequence[str], options: Mapping[str, bool]) -> bool:
    """Return whether a line runs one of awscli's interactive commands.

    `options` are awscli's global options, and whether each takes a value.
    """
    words = without_global_options(argv, options)
    return words == ("configure",) or any(words[: len(command)] == command for command in INTERACTIVE)


def refusal(argv: Sequence[str], options: Mapping[str, bool], *, has_lost_input: bool) -> str | None:
    """Return why a trace can't hold a command that has run, as a clause: "is interactive"; None if it can.

    `options` are awscli's global options, and whether each takes a value. `has_lost_input` says that the command has
    read input which is not stored.
    """
    if is_interactive(argv, options):
        return "is interactive and can't be played again"
    return "read input that the trace does not hold" if has_lost_input else None


def without_global_options(argv: Sequence[str], options: Mapping[str, bool]) -> tuple[str, ...]:
    """Return the words of a line without its global options."""
    positions, _ = split_options(argv, options)
    return tuple(argv[position] for position in positions)


def options_from_environment(
    argv: Sequence[str],
    environment: Mapping[str, str],
    session: Mapping[str, str],
    options: Mapping[str, bool],
    major_version: int = 1,
) -> tuple[str, ...]:
    """Return the options, as words, for the settings that a line's environment has and the session's doesn't.

    An option that the line has itself is left out. `major_version` is awscli's.
    """
    variables = OPTION_VARIABLES if major_version == 1 else {**OPTION_VARIABLES, "--region": REGION_VARIABLES}
    words: list[str] = []
    for option, names in variables.items():
        value = value_of_option(names, environment)
        if value and value != value_of_option(names, session) and not _has_option(argv, option, options):
            words += [option, value]
    return tuple(words)


def own_access_key(
    argv: Sequence[str], environment: Mapping[str, str], session: Mapping[str, str], options: Mapping[str, bool]
) -> str | None:
    """Return the id of the access key in a line's environment; None if it is the session's, or not used.

    With `--profile` awscli ignores the environment's keys (`botocore.credentials.create_credential_resolver`).
    """
    key = environment.get(ACCESS_KEY_VARIABLE)
    if not key or key == session.get(ACCESS_KEY_VARIABLE) or _has_option(argv, "--profile", options):
        return None
    return key


def _has_option(argv: Sequence[str], option: str, options: Mapping[str, bool]) -> bool:
    return any(match_option(word.partition("=")[0], options) == option for word in argv)


def main_region(calls: Iterable[Call]) -> str | None:
    """Return the region of most calls. Global services have regions of their own, such as `aws-global`."""
    regions = [call.region for call in calls if call.region and settings.REGION.fullmatch(call.region)]
    return max(regions, key=regions.count, default=None)


def seconds_slept(sleeps: Iterable[tuple[datetime, datetime]], begin: datetime, end: datetime) -> float:
    """Return for how many seconds between two times at least one process slept. Sleeps may overlap."""
    total, awake_since = 0.0, begin
    for started, ended in sorted(sleeps):
        since, until = max(started, awake_since), min(ended, end)
        if until > since:
            total += (until - since).total_seconds()
            awake_since = until
    return total
