"""A stand-in for AWS CLI 2, which PyPI doesn't have: awscli 1, changed where plugins and scripts see a difference.

The differences: version, exit codes and global options; plugins are loaded after its own handlers, and only with
`cli_legacy_plugin_path`; blobs are base64 on the command line, and decoded when a call is made.
"""

from __future__ import annotations

import base64
import os
import sys
from typing import Any

VERSION = "2.36.7"
EXIT_CODES = {255: 254, 2: 252}


def load_plugins(mapping: dict[str, str], event_hooks: Any) -> None:
    import awscli.handlers

    awscli.handlers.awscli_initialize(event_hooks)
    event_hooks.register_last("building-top-level-params", add_options)
    event_hooks.register_last("session-initialized", decode_blobs)
    folders = mapping.pop("cli_legacy_plugin_path", None)
    if folders is not None:
        sys.path += folders.split(os.pathsep)
        for name in mapping.values():
            __import__(name, fromlist=["*"]).awscli_initialize(event_hooks)


def add_options(argument_table: dict[str, Any], **_: Any) -> None:
    from awscli.arguments import CustomArgument

    argument_table["no-cli-pager"] = CustomArgument("no-cli-pager", action="store_true", cli_type_name="boolean")
    argument_table["cli-binary-format"] = CustomArgument("cli-binary-format")


def decode_blobs(session: Any, **_: Any) -> None:
    session.register("provide-client-params", decode)


def decode(params: dict[str, Any], model: Any, **_: Any) -> None:
    for name, shape in model.input_shape.members.items() if model.input_shape else ():
        if shape.type_name == "blob" and isinstance(params.get(name), str):
            params[name] = base64.b64decode(params[name])


def main(argv: list[str]) -> int:
    if argv == ["--version"]:
        print(f"aws-cli/{VERSION} Python/3.14.0 Linux/6 exe/x86_64")
        return 0
    import awscli.clidriver

    awscli.__version__ = VERSION

    awscli.clidriver.load_plugins = load_plugins
    run = awscli.clidriver.CLIDriver.main
    awscli.clidriver.CLIDriver.main = lambda driver: EXIT_CODES.get(code := run(driver), code)
    return int(awscli.clidriver.main() or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
