"""The person's AWS configuration, as far as it can be read without awscli."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from pathlib import Path

FILES = {"AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}


def is_readable(environment: Mapping[str, str]) -> bool:
    """Whether its files are what such files are; awscli may still find something wrong in them."""
    try:
        for variable, usual in FILES.items():
            path = Path(environment.get(variable) or usual).expanduser()
            configparser.RawConfigParser(default_section="").read(path)
    except (OSError, configparser.Error, UnicodeDecodeError):
        return False
    return True
