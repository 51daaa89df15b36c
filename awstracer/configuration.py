"""The person's AWS configuration, as far as it can be read without awscli, and its environment variables.

`[profile dev]` with `region = eu-west-1` in `~/.aws/config` gives the region `eu-west-1` for the profile `dev`. The
files are read as botocore's `configloader` and `session` read them. Whatever takes more than that needs awscli.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

CONFIG, CREDENTIALS = ("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
OWN = ("~/.aws/models", "~/.aws/cli/alias")  # where people keep commands of their own
MODELS, ITS_MODELS = "AWS_DATA_PATH", ("awscli", "data")  # awscli sets it for the programs that it starts
OURS = {"awstracer"}  # a plugin that adds no command
PLUGIN_PATH = "cli_legacy_plugin_path"  # where AWS CLI 2 looks for plugins; awscli 1 would take it for one
REGION, PROFILES = "AWS_DEFAULT_REGION", ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
Section = Mapping[str, str]


class Unclear(Exception):
    """Only awscli can tell."""


def is_readable(environment: Mapping[str, str]) -> bool:
    """Whether its files are what such files are; awscli may still find something wrong in them."""
    try:
        for file in (CONFIG, CREDENTIALS):
            _sections(environment, file)
    except Unclear:
        return False
    return True


def is_plain(environment: Mapping[str, str]) -> bool:
    """Whether awscli has the commands that it comes with, and none of the person's: models, aliases, plugins."""
    try:
        plugins = _sections(environment, CONFIG).get("plugins", {}).keys() - OURS
        has_own = any(Path(own).expanduser().exists() for own in OWN)
    except (Unclear, OSError, RuntimeError):  # there is no looking there, or no telling where the home is
        return False
    folders = [Path(folder) for folder in environment.get(MODELS, "").split(os.pathsep) if folder]
    are_its = all(folder.parts[-2:] == ITS_MODELS for folder in folders)
    return are_its and not has_own and (not plugins or PLUGIN_PATH in plugins)  # then the driver loads none of them


def region(environment: Mapping[str, str], profile: str | None) -> str | None:
    """Return the region of the person's configuration under a profile; raise Unclear if only awscli can tell."""
    profiles = _profiles(environment)
    if profile is not None and profile not in profiles:
        raise Unclear(profile)
    if REGION in environment:
        return environment[REGION] or None
    chosen = profile or next((environment[name] for name in PROFILES if name in environment), None)
    if chosen is not None and chosen not in profiles:
        raise Unclear(chosen)
    found = profiles.get(chosen or "default", {}).get("region")
    if found is not None and "\n" in found:
        raise Unclear(found)
    return found or None


def _profiles(environment: Mapping[str, str]) -> dict[str, Section]:
    found = dict(_named(_sections(environment, CONFIG)))
    for name, section in _sections(environment, CREDENTIALS).items():
        found[name] = {**found.get(name, {}), **section}
    return found


def _named(sections: Mapping[str, Section]) -> list[tuple[str, Section]]:
    """Return the sections of profiles (`[default]`, `[profile NAME]`), each with the profile's name."""
    found = []
    for title, section in sections.items():
        try:
            words = shlex.split(title) if title.startswith("profile") else []
        except ValueError:
            continue
        if title == "default" or len(words) == 2:
            found.append((words[1] if words else title, section))
    return found


def _sections(environment: Mapping[str, str], file: tuple[str, str]) -> dict[str, Section]:
    """Return the sections of a file, none if there is no such file; raise Unclear if it can't be read."""
    variable, usual = file
    try:
        path = Path(os.path.expandvars(environment.get(variable, usual))).expanduser()
        is_there = path.is_file()
    except (OSError, RuntimeError) as error:
        raise Unclear(variable) from error
    return _parsed(path) if is_there else {}


def _parsed(path: Path) -> dict[str, Section]:
    import configparser  # here, since those who have no such file do without

    parser = configparser.RawConfigParser()
    try:
        parser.read(path)
    except (OSError, configparser.Error, UnicodeDecodeError) as error:
        raise Unclear(path) from error
    return {title: dict(parser.items(title)) for title in parser.sections()}
