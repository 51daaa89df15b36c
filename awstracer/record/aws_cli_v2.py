"""AWS CLI 2 in a recorded script: how it is started with the plugin, and what its commands are in version 1.

The shim becomes the user's own AWS CLI 2 with AWS_CONFIG_FILE naming a copy of the configuration that loads
`awstracer.plugin` too. The plugin records with `record/plugin_recorder`. A replay runs awscli 1, so the recorded
line loses what only version 2 has: `s3 ls --no-cli-pager --output yaml` becomes `s3 ls`. On version 2's command line
blobs are base64; they are recorded as the bytes that were sent.

Standard library only: the shim and the plugin import this module.
"""

from __future__ import annotations

import configparser
import io
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from awstracer.aws import api_model
from awstracer.aws.capture import Outcome
from awstracer.aws.settings import FILES, PLUGIN_PATH, RECORDER_VARIABLE, V1_GLOBAL_OPTIONS, configuration_files
from awstracer.commandline.options import split_options
from awstracer.record import rules
from awstracer.trace import paths
from awstracer.trace.paths import KeyOf, lookup, transform

CONFIG_FILE_VARIABLE = FILES[0][0]
WITHOUT_PLUGIN = "--without-plugin"
CONFIGURING = (("configure",), ("login",), ("logout",), ("sso",))  # these change the user's configuration

# The options that only version 2 has say how the line is read and the answer shown. A replay doesn't need them: it has
# the recorded parameters.
GLOBAL_OPTIONS: Mapping[str, bool] = {
    **V1_GLOBAL_OPTIONS,
    "--cli-auto-prompt": False,
    "--cli-binary-format": True,
    "--cli-error-format": True,
    "--no-cli-auto-prompt": False,
    "--no-cli-pager": False,
}
V1_OUTPUTS = ("json", "text", "table")


# --- starting it


def run(program: str, words: Sequence[str], folder: str, packages: str, launch: Sequence[str]) -> NoReturn:
    """Become AWS CLI 2 with the plugin, which finds the package in `packages` and the recorder at `folder`.

    A command that changes the user's configuration must not get a copy of it. It calls no API, so `launch`, the words
    that run `record/aws_process`, runs it without the plugin and reports its line and exit code.
    """
    if rules.without_global_options(words, GLOBAL_OPTIONS)[:1] in CONFIGURING:
        os.execv(launch[0], [*launch, WITHOUT_PLUGIN, program, *words])
    config, _ = configuration_files(os.environ)
    try:
        text = Path(config).read_text(encoding="utf-8")
    except (OSError, ValueError):  # AWS CLI 2 runs without it, or says what is wrong
        text = ""
    with suppress(configparser.Error):  # then AWS CLI 2 says what is wrong with the user's file, and calls nothing
        os.environ[CONFIG_FILE_VARIABLE] = _store(add_plugin_section(text, packages), folder)
    os.environ[RECORDER_VARIABLE] = folder
    os.execv(program, [program, *words])


def add_plugin_section(config: str, packages: str) -> str:
    """Return a configuration that also loads the plugin, from the folder `packages`.

    Without `cli_legacy_plugin_path` AWS CLI 2 loads none of the user's plugins. They must not be loaded now either.
    Raise configparser.Error if the text is no configuration.
    """
    parser = configparser.RawConfigParser()
    parser.read_string(config)
    plugins = dict(parser["plugins"]) if parser.has_option("plugins", PLUGIN_PATH) else {}
    path = os.pathsep.join([*filter(None, [plugins.get(PLUGIN_PATH)]), packages])
    parser["plugins"] = {**plugins, "awstracer": "awstracer.plugin", PLUGIN_PATH: path}
    written = io.StringIO()
    parser.write(written)
    return written.getvalue()


def _store(text: str, folder: str) -> str:
    """Store a text, which may have secrets in it, and return its path. On Linux it is in memory only.

    There the path has the number of this process, which AWS CLI 2 is about to have.
    """
    if sys.platform == "linux":
        handle = os.memfd_create("config", 0)
        path = f"/proc/{os.getpid()}/fd/{handle}"
    else:
        handle, path = tempfile.mkstemp(dir=folder)
    os.write(handle, text.encode())
    return path


# --- what it did


def to_v1_words(argv: Sequence[str], options: Mapping[str, bool]) -> tuple[str, ...]:
    """Return a line without the options and the kinds of output that only version 2 has.

    `options` are version 2's global options, and whether each takes a value.
    """
    v2_options = {name: options[name] for name in options.keys() - V1_GLOBAL_OPTIONS.keys()}
    words = rules.without_global_options(argv, v2_options)
    rest, output = split_options(words, {"--output": True})
    if not output or words[output[-1]].rpartition("=")[2] in V1_OUTPUTS:
        return words
    return tuple(words[position] for position in rest)


def with_bytes(outcome: Outcome, input_shapes: Mapping[tuple[str, str], Any]) -> Outcome:
    """Return an outcome whose operation has bytes for its blobs, as its first call sent them.

    `input_shapes` are the shapes of requests by service and operation.
    """
    operation = outcome.operation
    if operation is None or not outcome.calls:
        return outcome
    shape = input_shapes.get((operation.service, operation.name))
    parameters = decode_blobs(operation.parameters, outcome.calls[0].request, shape)
    return replace(outcome, operation=replace(operation, parameters=parameters))


def decode_blobs(first: Any, sent: Any, shape: Any) -> Any:
    """Return a request as it was before any handler changed it, but with its blobs as they are sent."""

    def decode(path: paths.Path, node: Any) -> Any:
        if not isinstance(node, str) or not path or isinstance(path[-1], KeyOf) or not api_model.is_blob(shape, path):
            return None
        with suppress(LookupError):
            return lookup(sent, path)
        return None

    return transform(first, decode)
