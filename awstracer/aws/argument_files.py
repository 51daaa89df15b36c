"""What the `file://` words of a line stood for when it was recorded, and what the files hold now.

`--value file://v.txt` of a custom command is recorded with the content of `v.txt` (`loaded_awscli.record_files`). A
replay expands this word to the recorded content, and no other word: a recorded value that merely looks like
`https://...` stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import awscli.clidriver
import awscli.paramfile

from awstracer.aws.loaded_awscli import Content, Reader
from awstracer.aws.local_effects import expanded

Files = Mapping[str, Content]


def serve_files(session: Any, files: Files) -> Reader:
    """Expand the words in `files` to the recorded contents, and no other word; return a reader that does so.

    awscli emits an event for most words that can name a file. The reader is called for the others, such as
    `--cli-input-json file://f` and `Key@=file://f` in shorthand syntax.
    """

    def serve(value: Any, **_: Any) -> Content | None:
        word = value[0] if isinstance(value, list) and len(value) == 1 else value
        return files.get(word) if isinstance(word, str) else None

    def read(word: str, _: object) -> Content:
        if word not in files:
            raise awscli.paramfile.ResourceLoadingError(f"the trace does not have what {word} held")
        return files[word]

    session.unregister("session-initialized", awscli.paramfile.register_uri_param_handler)
    session.register("load-cli-arg", serve)
    return read


def read_regular_file(word: str, read: Callable[[], Content]) -> Content:
    """Return what a word such as `file://policy.json` names now (a Reader); raise ValueError if it is no regular file.

    A URL is not fetched, and nothing is read that could wait, such as a pipe.
    """
    if not word.startswith(("file://", "fileb://")) or not _path(word).is_file():
        raise ValueError(word)
    return read()


def holds(word: str, content: bytes) -> bool:
    """Return whether the file that a word such as `fileb://fn.zip` names has this content now."""
    path = _path(word)
    try:
        return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def _path(word: str) -> Path:
    """Return the path in a word such as `file://policy.json`."""
    return Path(expanded(word.partition("://")[2]))
