"""Prints lines: results on stdout, messages on stderr, each safe for a terminal.

`print_message("awstrace-play", "command 3 failed")` prints "awstrace-play: command 3 failed" on stderr. What a line
says is decided elsewhere: by the errors themselves (`errors`), by `cli/plan_view` and by `cli/replay_view`. The words
for a trace that is not on disk are here, since both programs save traces. `cli/session_view` prints the messages of a
recording session by its console.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from awstracer.cli.styles import escape_line, truncate
from awstracer.errors import AwstracerError, TraceError

if TYPE_CHECKING:  # saving is for later: nothing of it is needed to print a line
    from awstracer.trace.saver import SaveFailure

REC_PROGRAM, PLAY_PROGRAM = "awstrace-rec", "awstrace-play"
LONGEST_ERROR = 2000  # characters


def show(text: str) -> None:
    """Print a text on stdout; escape characters that its encoding lacks, as Python does on stderr."""
    encoding = sys.stdout.encoding
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def format_message(program: str, text: str) -> str:
    """Return the line of a program's message; whoever prints it escapes it."""
    return f"{program}: {text}"


def print_message(program: str, text: str) -> None:
    """Print a message of a program on stderr, in one line."""
    print(escape_line(format_message(program, text)), file=sys.stderr, flush=True)


warn_rec = partial(print_message, REC_PROGRAM)
warn_play = partial(print_message, PLAY_PROGRAM)


def error_text(error: AwstracerError) -> str:
    """Return the words of an error, truncated: a value or a message of awscli in it may be long."""
    return truncate(str(error), LONGEST_ERROR)


def unwritten_text(error: TraceError) -> str:
    """Return that the journal can't be written, so that commands are in memory only."""
    return f"not on disk yet: {error}"


def save_failure_text(failure: SaveFailure, remedy: str) -> str:
    """Return why a trace is not saved, and where its commands are; `remedy` says how to continue with the journal."""
    if failure.other is not None:
        where = f"the trace is in {failure.other} instead"
    elif failure.written == failure.count:
        where = f"the commands are in {failure.journal}: {remedy}"
    else:
        first = f"of its {failure.count} commands the first {failure.written}"
        where = f"{first} are in {failure.journal}, and the rest is lost"
    return f"{failure.error}; {where}"
