"""What a command does on this machine, as data: which local paths it reads, writes or deletes, and what else.

`aws/custom_commands` tells it of a line, `plan/safety_checks` asks about it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum


class Action(Enum):
    """What a command does with a local path."""

    READ = "reads"
    WRITE = "writes"
    DELETE = "deletes"


@dataclass(frozen=True)
class PathEffect:
    """That a command does something with a local path; `is_tree` with all that is below it."""

    action: Action
    path: str
    is_tree: bool = False


@dataclass(frozen=True)
class LocalEffects:
    """What a line does on this machine.

    paths       its effects on files
    endpoints   the options that name an endpoint of their own, with these
    unsafe      what it may do besides, as a clause; None if it does nothing else
    """

    words: tuple[str, ...] = ()
    paths: tuple[PathEffect, ...] = ()
    endpoints: tuple[tuple[str, str], ...] = ()
    unsafe: str | None = None


NO_EFFECTS = LocalEffects()


def expanded(path: str) -> str:
    """Return a path with `~` and variables expanded, as awscli does for some words (`awscli.paramfile.get_file`)."""
    return os.path.expandvars(os.path.expanduser(path))  # noqa: PTH111 - it never raises
