"""Judges the local paths of a trace: about which a person is asked before a command reads, writes or deletes them.

A trace may write `site/index.html` and read it: files of the current folder are what it is about. It must not alone
reach what is outside (by its beginning, by `..`, by a link), what is hidden (`.git/hooks/pre-commit`), or the person's
settings; and it deletes nothing. A path is judged by where it leads on this machine, now. So is all that is below the
path of a tree.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

from awstracer.aws.local_effects import Action, PathEffect

DEVICES = ("/dev/null", "/dev/stdout", "/dev/stderr")
MOST_FILES = 10_000  # below a tree that are looked at; a larger one is asked about
OUTSIDE = "outside this folder"


@dataclass(frozen=True)
class Surroundings:
    """Where a replay takes place on this machine: the current folder, the home folder, the files of settings."""

    folder: FilePath
    home: FilePath
    settings: Sequence[FilePath] = ()


def reason_to_ask(effect: PathEffect, around: Surroundings) -> str | None:
    """Return why a person has to be asked about an effect, to stand behind the path; None if it is harmless."""
    if effect.action is Action.WRITE and effect.path in DEVICES:
        return None
    if is_outside(effect.path, around.folder):
        return OUTSIDE
    if _real(around.folder) == _real(around.home):
        return "in your home folder"
    return _reason_at(effect, around) or ("on this machine" if effect.action is Action.DELETE else None)


def is_outside(path: str, folder: FilePath) -> bool:
    """Return whether a path leads out of a folder: by its beginning, by `..`, or by a symbolic link."""
    if path in DEVICES:
        return False
    if path.startswith("~") or "\0" in path:
        return True
    return not _real(folder / path).is_relative_to(_real(folder))


def _reason_at(effect: PathEffect, around: Surroundings) -> str | None:
    folder, path = _real(around.folder), _real(around.folder / effect.path)
    hidden = next((part for part in path.relative_to(folder).parts if part.startswith(".")), None)
    if hidden is not None:
        return f"where {hidden} is hidden"
    if effect.is_tree and effect.action is Action.WRITE and path == folder:
        return "this folder, in which a response names the files"
    for settings in map(_real, around.settings):
        if settings == path or (effect.is_tree and settings.is_relative_to(path)):
            return "where your settings are"
    return next(_reasons_below(path, folder), None) if effect.is_tree else None


def _reasons_below(path: FilePath, folder: FilePath) -> Iterator[str]:
    """Yield what is hidden, or leads out of the folder, below a path."""
    count = 0
    for parent, folders, files in os.walk(path):
        for name in (*folders, *files):
            count += 1
            here = FilePath(parent, name)
            if name.startswith("."):
                yield f"with {here.relative_to(folder)}, which is hidden"
            if here.is_symlink() and not _real(here).is_relative_to(folder):
                yield f"with {here.relative_to(folder)}, which leads out of this folder"
            if count > MOST_FILES:
                yield f"with more than {MOST_FILES:,} files"


def _real(path: FilePath) -> FilePath:
    return FilePath(os.path.realpath(path))
