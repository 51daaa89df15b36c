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
    places = _places(effect.path, around.folder)
    reasons = (_reason_at(place, effect, around) for place in places)
    return next(filter(None, reasons), "on this machine" if effect.action is Action.DELETE else None)


def is_outside(path: str, folder: FilePath) -> bool:
    """Return whether a path leads out of a folder: by its beginning, by `..`, or by a symbolic link."""
    if path.startswith("~") or not _is_file_name(path):
        return True
    return not all(place.is_relative_to(_real(folder)) for place in _places(path, folder))


def _is_file_name(path: str) -> bool:
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:  # a lone surrogate, which JSON can have
        return False


def _places(path: str, folder: FilePath) -> list[FilePath]:
    """Return where a path leads: as the system follows it, and with its `..` removed before links are followed.

    `s3` takes paths in the second way (`os.path.abspath`): behind a link to `a/b`, its `link/../..` is the parent of
    the link's folder.
    """
    return list(dict.fromkeys([_real(folder / path), _real(FilePath(os.path.normpath(folder / path)))]))


def _reason_at(place: FilePath, effect: PathEffect, around: Surroundings) -> str | None:
    folder = _real(around.folder)
    hidden = _hidden_part(place, folder)
    if hidden is not None:
        return f"where {hidden} is hidden"
    if effect.is_tree and effect.action is Action.WRITE and place == folder:
        return "this folder, in which a response names the files"
    if _has_settings(place, around, is_tree=effect.is_tree):
        return "where your settings are"
    return next(_reasons_below(place, around), None) if effect.is_tree else None


def _reasons_below(tree: FilePath, around: Surroundings) -> Iterator[str]:
    """Yield what is hidden, or leads out of the folder, below a path; links to folders are followed, as awscli does."""
    folder, count = _real(around.folder), 0
    trees = [tree]
    for root in trees:  # which grows
        for parent, folders, files in os.walk(root):
            for here in (FilePath(parent, name) for name in (*folders, *files)):
                count += 1
                target = _real(here) if here.is_symlink() else here
                reason = _reason_below(here, target, around)
                if reason is not None:
                    yield f"with {here.relative_to(folder)}, {reason}"
                elif target is not here and target.is_dir() and target not in trees:
                    trees.append(target)
                if count > MOST_FILES:
                    yield f"with more than {MOST_FILES:,} files"


def _reason_below(here: FilePath, target: FilePath, around: Surroundings) -> str | None:
    folder = _real(around.folder)
    if here.name.startswith("."):
        return "which is hidden"
    if target is here:
        return None
    if not target.is_relative_to(folder):
        return "which leads out of this folder"
    if _hidden_part(target, folder) is not None:
        return "which leads to what is hidden"
    return "which leads to your settings" if _has_settings(target, around, is_tree=True) else None


def _hidden_part(place: FilePath, folder: FilePath) -> str | None:
    return next((part for part in place.relative_to(folder).parts if part.startswith(".")), None)


def _has_settings(place: FilePath, around: Surroundings, *, is_tree: bool) -> bool:
    """Return whether a file of settings is at a place, or below it if that is a tree."""
    return any(each == place or (is_tree and each.is_relative_to(place)) for each in map(_real, around.settings))


def _real(path: FilePath) -> FilePath:
    return FilePath(os.path.realpath(path))
