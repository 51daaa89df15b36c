"""What the `file://` words of a line stand for: recorded while a line is recorded, served while it is replayed.

`--value file://v.txt` of a custom command is recorded with the content of `v.txt`. A replay expands this word to
the recorded content, and no other word: a recorded value that merely looks like `https://...` stays as it is.

awscli emits an event for most such words, which the functions here handle. It reads the others by a table that
`aws/isolation` patches: for these, both functions return a reader, which `isolation.run_line` takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import awscli.clidriver
import awscli.paramfile

from awstracer.aws.isolation import Content, Reader

Files = Mapping[str, Content]


class _RecordingSession:
    """A session as `register_uri_param_handler` uses it; records what each word of the line expands to."""

    def __init__(self, session: Any, files: dict[str, Content]) -> None:
        self._session, self._files = session, files

    def get_scoped_config(self) -> Any:
        return self._session.get_scoped_config()

    def register(self, event: str, handler: Callable[..., Any]) -> None:
        def recording(value: Any, **kwargs: Any) -> Any:
            content = handler(value=value, **kwargs)
            if content is not None:
                self._files[value[0] if isinstance(value, list) else value] = content
            return content

        self._session.register(event, recording)


def record_files(session: Any, files: dict[str, Content]) -> Reader:
    """Let awscli read the files that words name, and put what it reads into `files`; return a reader that does so."""

    def initialize(session: Any, **_: Any) -> None:
        awscli.paramfile.register_uri_param_handler(_RecordingSession(session, files))

    session.unregister("session-initialized", awscli.paramfile.register_uri_param_handler)
    session.register("session-initialized", initialize)
    return lambda word, read: files.setdefault(word, read())


def serve_files(session: Any, files: Files) -> Reader:
    """Expand the words in `files` to the recorded contents, and no other word; return a reader that does so."""

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
