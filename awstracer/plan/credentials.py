"""Credentials that one command of a trace creates and later ones run under: `sts assume-role` and its like.

Each recorded command has the id of its access key. If the response of command 2 has this id beside a secret key, at
`Credentials`, the later command has the source `CredentialSource(2, ("Credentials",))`: in a replay it runs under the
credentials in the new response of command 2. They are passed to that one command in environment variables, and are
neither shown nor stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from awstracer.aws.settings import (
    ACCESS_KEY_VARIABLE,
    OTHER_VARIABLES,
    PROFILE_VARIABLES,
    SECRET_KEY_VARIABLE,
    SESSION_TOKEN_VARIABLE,
    Environment,
)
from awstracer.commandline.options import split_options
from awstracer.errors import MissingValue, NotPlayed
from awstracer.secrets import placeholders
from awstracer.trace.model import Command, Structure
from awstracer.trace.paths import Path, children, format_path, lookup

PROFILE_OPTION = "--profile"
KEY, SECRETS, TOKEN = "accesskeyid", ("secretaccesskey", "secretkey"), "sessiontoken"


@dataclass(frozen=True)
class CredentialSource:
    """Where credentials are created: the structure at `path` in the response of command `number`."""

    number: int
    path: Path


def created_credentials(commands: Sequence[Command]) -> list[CredentialSource | None]:
    """Return for each command the source of its credentials; None for those that no command creates."""
    created: dict[str, CredentialSource] = {}
    has_keys = any(command.access_key is not None for command in commands)
    sources = []
    for number, command in enumerate(commands, 1):
        sources.append(created.get(command.access_key) if command.access_key is not None else None)
        for path, key in _access_keys(command.response) if has_keys else ():
            created[key] = CredentialSource(number, path)
    return sources


def check_played(number: int, source: CredentialSource | None, played: Mapping[int, bool]) -> None:
    """Raise NotPlayed if command `number` needs credentials of a command that is not to be played."""
    if source is not None and not played[source.number]:
        raise NotPlayed(number, "access key", None, source.number, format_path(source.path))


def environment(source: CredentialSource, response: Structure | None) -> Environment:
    """Return the environment variables that give a command its credentials, None for those that must not be set.

    `response` is the new response of the command that creates them, None if it didn't run.
    Raise MissingValue if the credentials are not in it.
    """
    place = format_path(source.path)
    if response is None:
        raise MissingValue(source.number, place, "it has no response")
    try:
        members = _members(lookup(response, source.path))
    except LookupError:
        members = {}
    if KEY not in members or not any(name in members for name in SECRETS):
        raise MissingValue(source.number, place, "there are none")
    if any(any(placeholders.find_placeholders(value)) for value in members.values()):
        raise MissingValue(source.number, place, "what was recorded of that replay has no secrets: begin a new one")
    return {
        ACCESS_KEY_VARIABLE: members[KEY],
        SECRET_KEY_VARIABLE: next(members[name] for name in SECRETS if name in members),
        SESSION_TOKEN_VARIABLE: members.get(TOKEN),
        **dict.fromkeys(OTHER_VARIABLES),
    }


def without_profile(words: Sequence[str]) -> tuple[tuple[str, ...], Environment]:
    """Return global options without `--profile`, and the environment variables that say it instead.

    awscli prefers the credentials of `--profile` to those in the environment. Of a profile that a variable names, it
    takes only the other settings, such as the region.
    """
    rest, taken = split_options(words, {PROFILE_OPTION: True})
    profile = [words[at] for at in taken][-1:]
    return tuple(words[at] for at in rest), dict.fromkeys(PROFILE_VARIABLES, profile[0]) if profile else {}


def _access_keys(response: Structure) -> Iterator[tuple[Path, str]]:
    """Yield the structures of a response that have an access key's id beside its secret, with the id."""
    pending: list[tuple[Path, Any]] = [((), response)]
    while pending:
        path, node = pending.pop()
        members = _members(node)
        if KEY in members and any(name in members for name in SECRETS):
            yield path, members[KEY]
        pending += [((*path, key), child) for key, child in children(node) if isinstance(child, (dict, list, tuple))]


def _members(node: Any) -> dict[str, str]:
    """Return the texts of a structure by their names, which lose case and hyphens.

    Empty if no name begins with `a`: such a structure can't have an access key.
    """
    if not isinstance(node, dict) or not any(name[:1] in ("a", "A") for name in node):
        return {}
    return {re.sub(r"[^a-z]", "", name.lower()): text for name, text in node.items() if isinstance(text, str) and text}
