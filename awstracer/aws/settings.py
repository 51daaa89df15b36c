"""The user's AWS settings, as far as they are needed without awscli: configuration files, environment variables.

Importing awscli takes longer than everything else that a recording session begins with, so a session shows its first
prompt before awscli is loaded. A configuration file that isn't one is reported before that prompt all the same:
`are_files_readable` finds it, and the caller then waits for awscli, which words the error.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

REGION = re.compile(r"(?:af|ap|ca|cn|eu|il|me|mx|sa|us)(?:-gov|-iso[a-z]?)?-(?:north|south|east|west|central)+-\d")
ZONE = re.compile(REGION.pattern + "[a-z]?")  # the region itself too: `us-east-1`, `us-east-1a`

FILES = (("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))
PLUGIN_PATH = "cli_legacy_plugin_path"  # AWS CLI 2 looks for plugins there; awscli 1 would take it for a plugin's name

Environment = Mapping[str, str | None]  # variables that are set for a command; those with None are removed

PROFILE_VARIABLES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")  # AWS CLI 2 reads both
ACCESS_KEY_VARIABLE = "AWS_ACCESS_KEY_ID"
SECRET_KEY_VARIABLE = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - the name of a variable, and no secret
SESSION_TOKEN_VARIABLE = "AWS_SESSION_TOKEN"  # noqa: S105 - the name of a variable, and no secret
OTHER_VARIABLES = ("AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION")  # of other credentials than these

# The environment variables that set an option, the strongest first, as in botocore.configprovider.
OPTION_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "--profile": PROFILE_VARIABLES,
    "--region": ("AWS_DEFAULT_REGION",),
    "--endpoint-url": ("AWS_ENDPOINT_URL",),
}
V1_GLOBAL_OPTIONS: Mapping[str, bool] = {  # of awscli 1, with whether each takes a value
    "--ca-bundle": True,
    "--cli-connect-timeout": True,
    "--cli-read-timeout": True,
    "--color": True,
    "--debug": False,
    "--endpoint-url": True,
    "--no-paginate": False,
    "--no-sign-request": False,
    "--no-verify-ssl": False,
    "--output": True,
    "--profile": True,
    "--query": True,
    "--region": True,
    "--v2-debug": False,
    "--version": False,
}

OBSERVED_VARIABLES = (
    ACCESS_KEY_VARIABLE,
    *REGION_VARIABLES,
    *PROFILE_VARIABLES,
    *OPTION_VARIABLES["--endpoint-url"],
)

AWS_FAILED = 255  # awscli's exit code for an error of its own
TRACE_FILE_VARIABLE = "AWSTRACE_FILE"  # the trace file to which plain `aws` commands are added
RECORDER_VARIABLE = "AWSTRACER_RECORDING"  # the folder in which the recorder of a script listens


def value_of_option(variables: Iterable[str], environment: Mapping[str, str]) -> str | None:
    """Return the value that the first of an option's variables gives it; None if each is unset or empty."""
    return next((environment[name] for name in variables if environment.get(name)), None)


def configuration_files(environment: Mapping[str, str]) -> list[str]:
    """Return the paths of the user's configuration and credentials, as `botocore.configloader` expands them."""
    return [os.path.expanduser(os.path.expandvars(environment.get(variable, default))) for variable, default in FILES]


def are_files_readable(environment: Mapping[str, str]) -> bool:
    """Return whether each configuration file is absent or in INI format; awscli may still refuse its content."""
    import configparser  # `awstrace-play`, the plugin and the shims do without both

    for path in configuration_files(environment):
        try:
            configparser.RawConfigParser().read(path)  # skips a missing file
        except (configparser.Error, UnicodeDecodeError):
            return False
    return True
