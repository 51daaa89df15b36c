"""The user's AWS configuration files, as far as they can be checked without awscli.

Importing awscli takes longer than everything else that a recording session begins with, so a session shows its first
prompt before awscli is loaded. A configuration file that isn't one is reported before that prompt all the same:
`is_readable` finds it, and the caller then waits for awscli, which words the error.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

FILES = (("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))
PLUGIN_PATH = "cli_legacy_plugin_path"  # AWS CLI 2 looks for plugins there; awscli 1 would take it for a plugin's name


def is_readable(environment: Mapping[str, str]) -> bool:
    """Return whether each configuration file is absent or in INI format; awscli may still refuse its content."""
    return all(_is_ini(environment.get(variable, default)) for variable, default in FILES)


def _is_ini(name: str) -> bool:
    import configparser  # `awstrace-play` does without

    try:
        # missing files are skipped by `read`; names are expanded as by botocore's `configloader`
        configparser.RawConfigParser().read(Path(os.path.expandvars(name)).expanduser())
    except (RuntimeError, configparser.Error, UnicodeDecodeError):  # RuntimeError: there is no home
        return False
    return True
