"""The `--query` option of a recorded command line."""

from __future__ import annotations

from functools import lru_cache

from awstracer.commandline import option_named
from awstracer.trace import Command


def query_of(command: Command) -> str | None:
    """Return the JMESPath expression of a command's `--query`; None if it has none."""
    return _query_in(command.argv)


@lru_cache(maxsize=1 << 14)
def _query_in(argv: tuple[str, ...]) -> str | None:
    for position, word in enumerate(argv):
        if option_named(word, ["--query"]) is None:
            continue
        if "=" in word:
            return word.partition("=")[2]
        if position + 1 < len(argv):
            return argv[position + 1]
    return None
