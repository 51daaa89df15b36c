"""Prints lines: results on stdout, messages on stderr, each safe for a terminal.

`print_error("awstrace-play", "command 3 failed")` prints "awstrace-play: command 3 failed" on stderr. What a line says
is decided elsewhere: by the errors themselves (`errors`), by `cli/plan_view` and by `cli/replay_view`.
"""

from __future__ import annotations

import sys

from awstracer.cli.styles import escape_line, truncate
from awstracer.errors import AwstracerError

LONGEST_ERROR = 2000  # characters


def show(text: str) -> None:
    """Print a text on stdout; escape characters that its encoding lacks, as Python does on stderr."""
    encoding = sys.stdout.encoding
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def warn(text: str) -> None:
    """Print a message of `awstrace-play` on stderr, in one line."""
    print_error("awstrace-play", text)


def print_error(program: str, text: str) -> None:
    """Print a message of a program on stderr, in one line."""
    print(f"{program}: {escape_line(text)}", file=sys.stderr, flush=True)


def error_text(error: AwstracerError) -> str:
    """Return the words of an error, truncated: a value or a message of awscli in it may be long."""
    return truncate(str(error), LONGEST_ERROR)
