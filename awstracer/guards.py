"""What a trace would do that the person who plays it has not asked for, and is to be asked about.

A trace may come from somebody else. It decides neither who the person is and whom they talk to, nor
what of their disk it writes, outside the folder that it is played in.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath

from awstracer.credentials import PROFILE
from awstracer.options import option_named
from awstracer.steps import Plan, Step
from awstracer.template import Given, Kept
from awstracer.text import Provenance, plain

# The options that say who plays and whom the requests reach, each with what else says so, the strongest first.
TRUSTED: Mapping[str, tuple[str, ...]] = {
    "--profile": ("AWS_DEFAULT_PROFILE", "AWS_PROFILE"),
    "--endpoint-url": ("AWS_ENDPOINT_URL",),
    "--ca-bundle": ("AWS_CA_BUNDLE",),
    "--no-sign-request": (),
    "--no-verify-ssl": (),
}
UNSAID = {"--profile": "default"}

# Custom commands that change the person's own settings, with the options that keep them from it.
SETTING: Mapping[tuple[str, ...], frozenset[str]] = {
    ("configure", "set"): frozenset(),
    ("configure", "add-model"): frozenset(),
    ("codeartifact", "login"): frozenset({"--dry-run"}),
    ("deploy", "install"): frozenset(),
    ("deploy", "uninstall"): frozenset(),
    ("eks", "update-kubeconfig"): frozenset({"--kubeconfig", "--dry-run"}),
}
WRITTEN = re.compile(r"--(out|save|dest|kube).*")
DEVICES = ("/dev/null", "/dev/stdout", "/dev/stderr")


@dataclass(frozen=True)
class RecordedOption:
    """Commands were recorded with a global option that is not what the session has; no `value` for a flag."""

    numbers: tuple[int, ...]
    option: str
    value: str | None


@dataclass(frozen=True)
class OutsideFile:
    """A command writes to a path that leads out of the current folder."""

    numbers: tuple[int, ...]
    path: str


@dataclass(frozen=True)
class OwnSettings:
    """A command, `configure set`, changes the person's own settings."""

    numbers: tuple[int, ...]
    words: str


@dataclass(frozen=True)
class ShellAlias:
    """A command is an alias of the person's that runs in a shell."""

    numbers: tuple[int, ...]
    name: str


@dataclass(frozen=True)
class ForeignKey:
    """Commands ran under another access key than the session's, `key`, and no command of the trace makes it."""

    numbers: tuple[int, ...]
    key: str


Doubt = RecordedOption | OutsideFile | OwnSettings | ShellAlias | ForeignKey


def doubts(
    plan: Plan,
    options: Mapping[str, bool],
    environment: Mapping[str, str],
    folder: FilePath,
    shell_aliases: Container[str] = (),
) -> tuple[Doubt, ...]:
    """What the person is to be asked about before a plan is played; each thing once, with its commands' numbers.

    `options` are awscli's global options, and whether each takes a value; `shell_aliases` the person's.
    """
    return (
        *_recorded_options(plan, options, environment),
        *_outside_files(plan, folder),
        *_own_settings(plan),
        *_shell_aliases(plan, shell_aliases),
        *_foreign_keys(plan, options),
    )


def identities(plan: Plan, options: Mapping[str, bool]) -> tuple[tuple[str, ...], ...]:
    """What the commands' lines say of who plays and whom the requests reach, as words; each combination once.

    Those that run under credentials which the replay itself makes are not asked: nobody has these yet.
    """
    own = [step for step in plan.selected if step.minted is None]
    found = {tuple(word for pair in trusted(step, options) for word in pair if word) for step in own}
    return tuple(sorted(found))


def trusted(step: Step, options: Mapping[str, bool]) -> list[tuple[str, str | None]]:
    """The options of a line that say who plays and whom the requests reach, with their values."""
    words = [step.command.argv[at] for at in step.kept]
    found: list[tuple[str, str | None]] = []
    for position, word in enumerate(words):
        name, _, value = word.partition("=")
        option = option_named(name, options)
        if option is not None and option in TRUSTED:
            behind = words[position + 1 : position + 2] if name == word else [value]
            found.append((option, "".join(behind) if options[option] else None))
    return found


def _recorded_options(
    plan: Plan, options: Mapping[str, bool], environment: Mapping[str, str]
) -> Iterator[RecordedOption]:
    numbers: dict[tuple[str, str | None], list[int]] = {}
    for step in plan.selected:
        for option, value in trusted(step, options):
            if value is None or not _is_same(value, _session(option, environment)):
                numbers.setdefault((option, value), []).append(step.number)
    for (option, value), found in numbers.items():
        yield RecordedOption(tuple(found), option, value)


def _session(option: str, environment: Mapping[str, str]) -> str | None:
    return next((environment[name] for name in TRUSTED[option] if environment.get(name)), UNSAID.get(option))


def _is_same(value: str, other: str | None) -> bool:
    return other is not None and value.rstrip("/") == other.rstrip("/")


def _outside_files(plan: Plan, folder: FilePath) -> Iterator[OutsideFile]:
    for step in plan.selected:
        for path in dict.fromkeys(_written(step)):
            if leads_out(path, folder):
                yield OutsideFile((step.number,), path)


def _written(step: Step) -> Iterator[str]:
    """The files that a line says the command writes; not those that the person named with `-p`."""
    if step.form is None:
        yield from _written_by_words(step)
        return
    for extra in step.form.extra:
        is_recorded = all(span.provenance is Provenance.RECORDED for span in extra.words[-1])
        if not extra.members and is_recorded:
            yield plain(extra.words[-1])


def _written_by_words(step: Step) -> Iterator[str]:
    """Those of a custom command: what `s3` copies to, and what options such as `--output-template-file` name."""
    argv, is_behind_s3 = step.command.argv, False
    for at in step.arguments:
        name, _, value = argv[at].partition("=")
        is_target = is_behind_s3 and not argv[at].startswith(("-", "s3://"))
        path = value if WRITTEN.fullmatch(name) else argv[at] if is_target or WRITTEN.fullmatch(argv[at - 1]) else ""
        if path and not isinstance(step.request.leaves.get(("argv", at)), (Given, Kept)):
            yield path
        is_behind_s3 = is_behind_s3 or (argv[at].startswith("s3://") and argv[step.arguments[0]] == "s3")


def leads_out(path: str, folder: FilePath) -> bool:
    """Whether a path leads out of a folder: by its beginning, by `..`, or by a link."""
    if path in DEVICES:
        return False
    if path.startswith("~") or "\0" in path:
        return True
    return not FilePath(os.path.realpath(folder / path)).is_relative_to(os.path.realpath(folder))


def _own_settings(plan: Plan) -> Iterator[OwnSettings]:
    for step in plan.selected:
        words = [step.command.argv[at] for at in step.arguments] if step.form is None else []
        known = tuple(words[:2])
        if known in SETTING and not SETTING[known] & {word.partition("=")[0] for word in words}:
            yield OwnSettings((step.number,), " ".join(known))


def _shell_aliases(plan: Plan, aliases: Container[str]) -> Iterator[ShellAlias]:
    """An alias may stand in a service's place too, so that an operation's command leads to it."""
    for step in plan.selected:
        words = [step.command.argv[at] for at in step.arguments] if step.form is None else step.form.words
        for name in words[:1]:
            if name in aliases:
                yield ShellAlias((step.number,), name)


def _foreign_keys(plan: Plan, options: Mapping[str, bool]) -> Iterator[ForeignKey]:
    """A line with a profile says itself under whose key it runs."""
    numbers: dict[str, list[int]] = {}
    for step in plan.selected:
        key, argv = step.command.access_key, step.command.argv
        if key is not None and step.minted is None and not any(map(_names_profile(options), argv)):
            numbers.setdefault(key, []).append(step.number)
    for key, found in numbers.items():
        yield ForeignKey(tuple(found), key)


def _names_profile(options: Mapping[str, bool]) -> Callable[[str], bool]:
    return lambda word: option_named(word, options) == PROFILE
