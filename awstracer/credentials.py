"""Credentials that a trace's own commands made, and that later ones ran under: `sts assume-role` and its like.

A replay makes other ones. They are found where the recorded ones stood: in the answer of the same command. They are
handed on for one command, and neither shown nor written down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from awstracer import holes
from awstracer.errors import MissingValue, NotPlayed
from awstracer.options import without_options
from awstracer.paths import Path, children, lookup, spelled
from awstracer.trace import Command, Document

PROFILE = "--profile"
KEY, SECRETS, TOKEN = "accesskeyid", ("secretaccesskey", "secretkey"), "sessiontoken"
PROFILE_VARIABLES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
OTHER_VARIABLES = ("AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION")  # of other credentials than these

Environment = Mapping[str, str | None]


@dataclass(frozen=True)
class Minted:
    """Where credentials were made: in the answer of command `number`, the structure at `path`."""

    number: int
    path: Path


def minted(commands: Sequence[Command]) -> list[Minted | None]:
    """For each command, where the credentials were made that it ran under; None for the session's, and unknown ones."""
    known: dict[str, Minted] = {}
    wanted = {command.access_key for command in commands} - {None}
    result = []
    for number, command in enumerate(commands, 1):
        result.append(known.get(command.access_key) if command.access_key is not None else None)
        for path, key in _made(command.response) if wanted else ():
            known[key] = Minted(number, path)
    return result


def check(number: int, made: Minted | None, played: Mapping[int, bool]) -> None:
    """NotPlayed if command `number` runs under credentials that a command makes which is not to be played."""
    if made is not None and not played[made.number]:
        raise NotPlayed(number, "access key", None, made.number, spelled(made.path))


def environment(made: Minted, response: Document | None) -> Environment:
    """The variables that give a command its credentials, None for those that mustn't be there.

    `response` is the new answer of the command that makes them; MissingValue where it doesn't tell them.
    """
    place = spelled(made.path)
    if response is None:
        raise MissingValue(made.number, place, "it has no response")
    try:
        found = _members(lookup(response, made.path))
    except LookupError:
        found = {}
    if KEY not in found or not any(name in found for name in SECRETS):
        raise MissingValue(made.number, place, "there are none")
    if any(any(holes.holes(value)) for value in found.values()):
        raise MissingValue(made.number, place, "what was recorded of that replay has no secrets: begin a new one")
    return {
        "AWS_ACCESS_KEY_ID": found[KEY],
        "AWS_SECRET_ACCESS_KEY": next(found[name] for name in SECRETS if name in found),
        "AWS_SESSION_TOKEN": found.get(TOKEN),
        **dict.fromkeys(OTHER_VARIABLES),
    }


def apart_from_profile(words: Sequence[str]) -> tuple[tuple[str, ...], Environment]:
    """Global options without `--profile`, which awscli would prefer to credentials in the environment.

    A profile's other settings, its region above all, are then those of the variables.
    """
    rest, taken = without_options(words, {PROFILE: True})
    profile = [words[at] for at in taken][-1:]
    return tuple(words[at] for at in rest), dict.fromkeys(PROFILE_VARIABLES, profile[0]) if profile else {}


def _made(response: Document) -> Iterator[tuple[Path, str]]:
    """The structures of a response that hold an access key's id beside its secret, and the id."""
    pending: list[tuple[Path, Any]] = [((), response)]
    while pending:
        path, node = pending.pop()
        members = _members(node)
        if KEY in members and any(name in members for name in SECRETS):
            yield path, members[KEY]
        pending += [((*path, key), child) for key, child in children(node) if isinstance(child, (dict, list, tuple))]


def _members(node: Any) -> dict[str, str]:
    """The texts of a structure by their names, without case and hyphens; none if it can't be about an access key."""
    if not isinstance(node, dict) or not any(name[:1] in ("a", "A") for name in node):
        return {}
    return {re.sub(r"[^a-z]", "", name.lower()): text for name, text in node.items() if isinstance(text, str) and text}
