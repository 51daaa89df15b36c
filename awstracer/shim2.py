"""How AWS CLI 2 is run while a script is recorded: with a plugin, and the person's own settings otherwise.

A part of the shim: it uses the standard library alone.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from awstracer import version2
from awstracer.configuration import PLUGIN_PATH
from awstracer.recorded import own_words
from awstracer.variables import RECORDING

OUTSIDE = "--outside"
CHANGING = (("configure",), ("login",), ("logout",), ("sso",))  # what changes the person's settings
SECTION = re.compile(r"^[ \t]*\[(.*)\][ \t]*(?:[#;].*)?$", re.M)
OURS = re.compile(r"^awstracer[ \t]*[=:].*\n?", re.M)
PATH_LINE = re.compile(rf"^{PLUGIN_PATH}[ \t]*[=:][ \t]*(.*?)[ \t]*$", re.M)


def run(program: str, words: Sequence[str], folder: str, plugins: str, launch: Sequence[str]) -> NoReturn:
    """Become AWS CLI 2, with the plugin of a folder of plugins, recorded at `folder`.

    What changes the person's settings has to find them, and calls nothing: `launch` only watches it from outside.
    """
    if own_words(words, version2.OPTIONS)[:1] in CHANGING:
        os.execv(launch[0], [*launch, OUTSIDE, program, *words])
    config = Path(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser()
    try:
        text = config.read_text(encoding="utf-8")
    except (OSError, ValueError):  # AWS CLI 2 does without, or says what is wrong
        text = ""
    os.environ["AWS_CONFIG_FILE"] = _passing(with_plugin(text, plugins), folder)
    os.environ[RECORDING] = folder
    os.execv(program, [program, *words])


def with_plugin(config: str, folder: str) -> str:
    """A configuration with the plugin in it, which is found in a folder.

    Without a `cli_legacy_plugin_path` AWS CLI 2 loads none of a person's plugins: then ours is the only one.
    """
    lines = f"awstracer = awstracer.plugin\n{PLUGIN_PATH} = "
    headers = list(SECTION.finditer(config))
    for number, header in enumerate(headers):
        if header[1].strip() != "plugins":
            continue
        end = headers[number + 1].start() if number + 1 < len(headers) else len(config)
        path = PATH_LINE.search(config, header.end(), end)
        others = OURS.sub("", PATH_LINE.sub("", config[header.end() : end]).lstrip("\n")) if path else ""
        folders = f"{path[1]}:{folder}" if path else folder
        return f"{config[: header.end()]}\n{lines}{folders}\n{others}\n{config[end:]}"
    return f"{config}\n[plugins]\n{lines}{folder}\n"


def _passing(text: str, folder: str) -> str:
    """The path of a file with a text, which may have secrets: one that is on no disk, where the system has such.

    It goes by the number of this process, which AWS CLI 2 is about to have.
    """
    if sys.platform == "linux":
        handle = os.memfd_create("config", 0)
        path = f"/proc/{os.getpid()}/fd/{handle}"
    else:
        handle, path = tempfile.mkstemp(dir=folder)
    os.write(handle, text.encode())
    return path
