"""The awscli that is loaded in this process, version 1 or 2: its version, its history, how it reads files.

The plugin runs in the awscli that the user has, which may be AWS CLI 2 with a Python of its own. So awscli is imported
when a function is called, and nothing is used but what both versions have.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

Content = str | bytes
Reader = Callable[[str, Callable[[], Content]], Content]  # called with a word such as `file://f`, and what reads it


def version() -> str:
    """Return awscli's version: `1.46.0`."""
    import awscli

    return str(awscli.__version__)


def history_recorder() -> Any:
    """Return the recorder to which awscli tells its requests, responses and exit codes."""
    import awscli.clidriver

    return awscli.clidriver.HISTORY_RECORDER


def record_files(files: dict[str, Content]) -> Reader:
    """Return a reader that reads what a word names, and puts it into `files`."""
    return lambda word, read: files.setdefault(word, read())


def replace_readers(reader: Reader) -> None:
    """Have `reader` called for each word of a line that names a file or a URL.

    awscli takes the functions that read them from these tables when a line begins.
    """

    def through(read: Callable[..., Content]) -> Callable[..., Content]:
        return lambda prefix, word, **options: reader(word, lambda: read(prefix, word, **options))

    for prefixes in _reader_tables():
        prefixes.update({prefix: (through(read), options) for prefix, (read, options) in prefixes.items()})


@contextlib.contextmanager
def files_read_by(reader: Reader) -> Iterator[None]:
    """Have `reader` called, as with `replace_readers`, for the time of the block."""
    tables = _reader_tables()
    before = [dict(prefixes) for prefixes in tables]
    replace_readers(reader)
    try:
        yield
    finally:
        for prefixes, functions in zip(tables, before, strict=True):
            prefixes.update(functions)


def _reader_tables() -> list[MutableMapping[str, Any]]:
    """Return awscli's tables of the functions that read files and URLs; version 2 reads no URLs."""
    from awscli import paramfile

    return [paramfile.LOCAL_PREFIX_MAP, getattr(paramfile, "REMOTE_PREFIX_MAP", {})]
