"""Finds what a plan would do that a person has to confirm before anything is sent.

A trace may come from somebody else. It must not decide alone under which identity commands run, whom the requests
reach, or what is written outside the current folder. A command that was recorded with `--profile prod` gives
`RecordedOption((3,), "--profile", "prod")`, if `prod` isn't the profile of the session anyway.

`cli/prompts` asks, and `cli/plan_view` has the words.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath

from awstracer.aws.settings import OPTION_VARIABLES, value_of_option
from awstracer.commandline.options import match_option
from awstracer.commandline.text import Provenance, to_str
from awstracer.plan.credentials import PROFILE_OPTION
from awstracer.plan.model import Plan, Step
from awstracer.plan.template import Given, Kept

# The options that decide the identity and the address of requests, each with the environment variables that do the
# same, in the order in which awscli reads them.
TRUSTED: Mapping[str, tuple[str, ...]] = {
    "--profile": OPTION_VARIABLES["--profile"],
    "--endpoint-url": OPTION_VARIABLES["--endpoint-url"],
    "--ca-bundle": ("AWS_CA_BUNDLE",),
    "--no-sign-request": (),
    "--no-verify-ssl": (),
}
DEFAULTS = {"--profile": "default"}

# Custom commands that change a person's own settings, with the options that keep them from it.
SETTING: Mapping[tuple[str, ...], frozenset[str]] = {
    ("configure", "set"): frozenset(),
    ("configure", "add-model"): frozenset(),
    ("codeartifact", "login"): frozenset({"--dry-run"}),
    ("deploy", "install"): frozenset(),
    ("deploy", "uninstall"): frozenset(),
    ("eks", "update-kubeconfig"): frozenset({"--kubeconfig", "--dry-run"}),
}
OUTPUT_OPTION = re.compile(r"--(out|save|dest|kube).*")
DEVICES = ("/dev/null", "/dev/stdout", "/dev/stderr")


@dataclass(frozen=True)
class RecordedOption:
    """Commands were recorded with a global option that the session doesn't have; `value` is None for a flag."""

    numbers: tuple[int, ...]
    option: str
    value: str | None


@dataclass(frozen=True)
class OutsideFile:
    """A command writes a file outside the current folder."""

    numbers: tuple[int, ...]
    path: str


@dataclass(frozen=True)
class OwnSettings:
    """A command such as `configure set` changes the person's own settings; `words` are its name."""

    numbers: tuple[int, ...]
    words: str


@dataclass(frozen=True)
class ShellAlias:
    """A command is an alias in the person's own configuration that runs in a shell."""

    numbers: tuple[int, ...]
    name: str


@dataclass(frozen=True)
class ForeignKey:
    """Commands ran under another access key than the session's, and no command of the trace creates `key`."""

    numbers: tuple[int, ...]
    key: str


@dataclass(frozen=True)
class LongPause:
    """Commands were recorded with pauses of more than LONGEST_PAUSE; `seconds` is the longest."""

    numbers: tuple[int, ...]
    seconds: float


Confirmation = RecordedOption | OutsideFile | OwnSettings | ShellAlias | ForeignKey | LongPause


def required_confirmations(
    plan: Plan,
    options: Mapping[str, bool],
    environment: Mapping[str, str],
    folder: FilePath,
    shell_aliases: Container[str] = (),
) -> tuple[Confirmation, ...]:
    """Return what a person has to confirm before a plan is played, each thing once, with its commands' numbers.

    options         awscli's global options, and whether each takes a value
    environment     the variables of the process
    folder          the current one
    shell_aliases   names of aliases in the person's configuration that run in a shell
    """
    return (
        *_recorded_options(plan, options, environment),
        *_outside_files(plan, folder),
        *_own_settings(plan),
        *_shell_aliases(plan, shell_aliases),
        *_foreign_keys(plan, options),
    )


def credential_options(plan: Plan, options: Mapping[str, bool]) -> tuple[tuple[str, ...], ...]:
    """Return the recorded options that decide identities and addresses, as words; each combination once.

    Commands that run under credentials which the replay itself creates are left out: these don't exist yet.
    """
    own = [step for step in plan.selected if step.credentials is None]
    combinations = {tuple(word for pair in trusted_options(step, options) for word in pair if word) for step in own}
    return tuple(sorted(combinations))


def trusted_options(step: Step, options: Mapping[str, bool]) -> list[tuple[str, str | None]]:
    """Return the options of a line that decide the identity and the address of its requests, with their values."""
    words = [step.command.argv[at] for at in step.global_option_words]
    pairs: list[tuple[str, str | None]] = []
    for position, word in enumerate(words):
        name, _, value = word.partition("=")
        option = match_option(name, options)
        if option is not None and option in TRUSTED:
            behind = words[position + 1 : position + 2] if name == word else [value]
            pairs.append((option, "".join(behind) if options[option] else None))
    return pairs


def _recorded_options(
    plan: Plan, options: Mapping[str, bool], environment: Mapping[str, str]
) -> Iterator[RecordedOption]:
    numbers: dict[tuple[str, str | None], list[int]] = {}
    for step in plan.selected:
        for option, value in trusted_options(step, options):
            if value is None or not _is_same(value, _session_value(option, environment)):
                numbers.setdefault((option, value), []).append(step.number)
    for (option, value), its_numbers in numbers.items():
        yield RecordedOption(tuple(its_numbers), option, value)


def _session_value(option: str, environment: Mapping[str, str]) -> str | None:
    """Return the value that an option has in the session; None if it has none."""
    return value_of_option(TRUSTED[option], environment) or DEFAULTS.get(option)


def _is_same(value: str, other: str | None) -> bool:
    return other is not None and value.rstrip("/") == other.rstrip("/")


def _outside_files(plan: Plan, folder: FilePath) -> Iterator[OutsideFile]:
    for step in plan.selected:
        for path in dict.fromkeys(_written_files(step)):
            if is_outside(path, folder):
                yield OutsideFile((step.number,), path)


def _written_files(step: Step) -> Iterator[str]:
    """Yield the files that a recorded line makes its command write; not those that the person named with `-p`."""
    if step.operation_command is None:
        yield from _files_of_words(step)
        return
    for extra in step.operation_command.extra:
        is_recorded = all(segment.provenance is Provenance.RECORDED for segment in extra.words[-1])
        if not extra.members and is_recorded:
            yield to_str(extra.words[-1])


def _files_of_words(step: Step) -> Iterator[str]:
    """Yield the files that a custom command writes: targets of `s3`, and options such as `--output-template-file`."""
    argv, follows_s3_uri = step.command.argv, False
    for at in step.arguments:
        name, _, value = argv[at].partition("=")
        is_target = follows_s3_uri and not argv[at].startswith(("-", "s3://"))
        path = (
            value
            if OUTPUT_OPTION.fullmatch(name)
            else argv[at]
            if is_target or OUTPUT_OPTION.fullmatch(argv[at - 1])
            else ""
        )
        if path and not isinstance(step.request.leaves.get(("argv", at)), (Given, Kept)):
            yield path
        follows_s3_uri = follows_s3_uri or (argv[at].startswith("s3://") and argv[step.arguments[0]] == "s3")


def is_outside(path: str, folder: FilePath) -> bool:
    """Return whether a path leads out of a folder: by its beginning, by `..`, or by a symbolic link."""
    if path in DEVICES:
        return False
    if path.startswith("~") or "\0" in path:
        return True
    return not FilePath(os.path.realpath(folder / path)).is_relative_to(os.path.realpath(folder))


def _own_settings(plan: Plan) -> Iterator[OwnSettings]:
    for step in plan.selected:
        words = [step.command.argv[at] for at in step.arguments] if step.operation_command is None else []
        name = tuple(words[:2])
        if name in SETTING and not SETTING[name] & {word.partition("=")[0] for word in words}:
            yield OwnSettings((step.number,), " ".join(name))


def _shell_aliases(plan: Plan, aliases: Container[str]) -> Iterator[ShellAlias]:
    """Yield the commands that are aliases; one can have the name of a service, whose operations then run it."""
    for step in plan.selected:
        words = (
            [step.command.argv[at] for at in step.arguments]
            if step.operation_command is None
            else step.operation_command.words
        )
        for name in words[:1]:
            if name in aliases:
                yield ShellAlias((step.number,), name)


def _foreign_keys(plan: Plan, options: Mapping[str, bool]) -> Iterator[ForeignKey]:
    """Yield the access keys that no command creates, but for lines with a profile of their own, which has its key."""
    numbers: dict[str, list[int]] = {}
    for step in plan.selected:
        key = step.command.access_key
        has_profile = any(match_option(word, options) == PROFILE_OPTION for word in step.command.argv)
        if key is not None and step.credentials is None and not has_profile:
            numbers.setdefault(key, []).append(step.number)
    for key, its_numbers in numbers.items():
        yield ForeignKey(tuple(its_numbers), key)


LONGEST_PAUSE = 3600.0  # seconds


def long_pauses(plan: Plan, pause: float | None) -> tuple[LongPause, ...]:
    """Return the recorded pauses, before a command or between the runs of a poll, that a person has to confirm.

    `pause` is the value of `--sleep`: with it, the recorded ones do not count.
    """
    commands = {step.number: step.command for step in plan.selected} if pause is None else {}
    seconds = {number: max(each.pause, each.poll.interval if each.poll else 0.0) for number, each in commands.items()}
    numbers = tuple(number for number in seconds if seconds[number] > LONGEST_PAUSE)
    return (LongPause(numbers, max(map(seconds.__getitem__, numbers))),) if numbers else ()
