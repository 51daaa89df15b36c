"""What is kept of an `aws` command that was run: decisions only, from what it did and what surrounded it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from awstracer import identifiers
from awstracer.capture import Outcome
from awstracer.options import option_named, without_options
from awstracer.trace import Call, Command

USAGE = (2, 252)  # awscli's exit codes for a line that it doesn't understand: version 1's, and 2's
HELP = frozenset({"help", "--version"})

# awscli's commands that talk with whoever runs them, or hand the terminal to another program.
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

# The environment's variables that stand in an option's place, the strongest first: as botocore.configprovider has them.
VARIABLES: Mapping[str, tuple[str, ...]] = {
    "--profile": ("AWS_DEFAULT_PROFILE", "AWS_PROFILE"),
    "--region": ("AWS_DEFAULT_REGION",),
    "--endpoint-url": ("AWS_ENDPOINT_URL",),
}
REGION_2 = ("AWS_REGION", "AWS_DEFAULT_REGION")  # AWS CLI 2 reads both
ACCESS_KEY = "AWS_ACCESS_KEY_ID"


def command(argv: Sequence[str], outcome: Outcome, started: datetime, ended: datetime) -> Command:
    """What is kept of a command; an operation's parameters hold what its files held."""
    return Command(
        argv=tuple(argv),
        operation=outcome.operation,
        calls=outcome.calls,
        exit_code=outcome.exit_code,
        started=started,
        ended=ended,
        files={} if outcome.operation else outcome.files,
    )


def does_something(argv: Sequence[str], outcome: Outcome) -> bool:
    """Whether a command is worth keeping: help pages, versions and misunderstood lines are not."""
    if outcome.calls or outcome.operation:
        return True
    return outcome.exit_code not in USAGE and not HELP & set(argv)


def is_interactive(argv: Sequence[str], options: Mapping[str, bool]) -> bool:
    """Whether a line runs one of awscli's interactive commands; `options` are the global ones."""
    words = own_words(argv, options)
    return words == ("configure",) or any(words[: len(known)] == known for known in INTERACTIVE)


def own_words(argv: Sequence[str], options: Mapping[str, bool]) -> tuple[str, ...]:
    """The words of a line without its global options."""
    own, _ = without_options(argv, options)
    return tuple(argv[position] for position in own)


def said_by_environment(
    argv: Sequence[str],
    environment: Mapping[str, str],
    session: Mapping[str, str],
    options: Mapping[str, bool],
    version: int = 1,
) -> tuple[str, ...]:
    """The options that would make a line say what its environment says otherwise than the session's, as words."""
    variables = VARIABLES if version == 1 else {**VARIABLES, "--region": REGION_2}
    words: list[str] = []
    for option, names in variables.items():
        now = _first(environment, names)
        if now and now != _first(session, names) and not _has(argv, option, options):
            words += [option, now]
    return tuple(words)


def other_key(
    argv: Sequence[str], environment: Mapping[str, str], session: Mapping[str, str], options: Mapping[str, bool]
) -> str | None:
    """The id of the access key that a line's environment has, if it counts and isn't the session's.

    Where a line has a profile, the environment's keys don't count (`botocore.credentials.create_credential_resolver`).
    """
    key = environment.get(ACCESS_KEY)
    if not key or key == session.get(ACCESS_KEY) or _has(argv, "--profile", options):
        return None
    return key


def _first(environment: Mapping[str, str], names: Iterable[str]) -> str | None:
    return next((environment[name] for name in names if environment.get(name)), None)


def _has(argv: Sequence[str], option: str, options: Mapping[str, bool]) -> bool:
    return any(option_named(word.partition("=")[0], options) == option for word in argv)


def region(calls: Iterable[Call]) -> str | None:
    """The region of a session: most of its calls'; global services' calls have regions of their own."""
    named = [call.region for call in calls if call.region and identifiers.REGION.fullmatch(call.region)]
    return max(named, key=named.count, default=None)


def slept(sleeps: Iterable[tuple[datetime, datetime]], begin: datetime, end: datetime) -> float:
    """For how many seconds between two times somebody was sleeping; the times of sleeps may overlap."""
    total, awake = 0.0, begin
    for fell_asleep, woke in sorted(sleeps):
        until = min(woke, end)
        since = max(fell_asleep, awake)
        if until > since:
            total += (until - since).total_seconds()
            awake = until
    return total
