"""Save recorded commands so that none is lost: in the journal while they are recorded, then in the trace file.

While a session lasts, `keeping` gives the function that writes each accepted command to the journal. At the end `save`
writes the trace and clears the journal. If the trace file can't be written, the commands stay in the journal; if they
aren't there either, the trace goes to a new temporary folder. Each time the user is told where they are.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from awstracer.errors import TraceError
from awstracer.trace import store
from awstracer.trace.journal import Journal
from awstracer.trace.model import Command, Trace
from awstracer.trace.serializer import command_to_json


def is_saved(commands: Sequence[Command], path: Path) -> bool:
    """Return whether a journal's commands are the last of the trace: its session was killed before it cleared it."""
    try:
        saved = store.load_trace(path).commands[-len(commands) :] if commands else ()
    except TraceError:
        return False
    # compared as documents, since NaN doesn't equal itself
    return bool(saved) and [*map(command_to_json, saved)] == [*map(command_to_json, commands)]


def journal_writer(journal: Journal, tell: Callable[[str], None]) -> Callable[[Sequence[Command]], None]:
    """Return a function that writes all commands of a session to the journal.

    It never fails: that the journal can't be written is told once, and again when the number of commands has changed.
    """
    failed_at: int | None = None

    def write(commands: Sequence[Command]) -> None:
        nonlocal failed_at
        try:
            journal.write(commands)
            failed_at = None
        except TraceError as error:
            if failed_at != len(commands):
                tell(f"not on disk yet: {error}")
            failed_at = len(commands)

    return write


def save_and_clear_journal(
    path: Path, before: Trace | None, new: Trace, journal: Journal, *, tell: Callable[[str], None], remedy: str
) -> bool:
    """Save a trace, behind the commands that the file had `before`, and clear its journal; return whether it was saved.

    `remedy` tells the user how to continue with the commands in the journal.
    """
    trace = new if before is None else Trace(before.commands + new.commands, before.recorded)
    try:
        store.save_trace(trace, path)
    except TraceError as error:
        tell(f"{error}; {_save_elsewhere(path, trace, new.commands, journal, remedy)}")
        return False
    journal.clear(continues_trace=True)
    return True


def _save_elsewhere(path: Path, trace: Trace, commands: Sequence[Command], journal: Journal, remedy: str) -> str:
    """Keep commands in the journal, or their trace in a temporary folder; return the sentence that says where."""
    with contextlib.suppress(TraceError):
        journal.write(commands)
        return f"the commands are in {journal.path}: {remedy}"
    with contextlib.suppress(TraceError, OSError):
        other = Path(tempfile.mkdtemp(prefix="awstracer-")) / path.name
        store.save_trace(trace, other)
        return f"the trace is in {other} instead"
    return f"of its {len(commands)} commands the first {journal.written} are in {journal.path}, and the rest is lost"
