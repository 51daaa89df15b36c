"""Save recorded commands so that none is lost: in the journal while they are recorded, then in the trace file.

While a session lasts, `journal_writer` gives the function that writes each accepted command to the journal. At the end
`save_and_clear_journal` writes the trace. If the trace file can't be written, the commands stay in the journal; if the
journal can't be written either, the trace goes to a new temporary folder. A `SaveFailure` says where they are; its
words are in `cli/output`.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from awstracer.errors import TraceError
from awstracer.trace import store
from awstracer.trace.journal import Journal
from awstracer.trace.model import Command, Trace
from awstracer.trace.serializer import command_to_json


@dataclass(frozen=True)
class SaveFailure:
    """A trace that could not be saved, and where its new commands are instead.

    error       why the trace file can't be written
    other       the trace file in a temporary folder; None if there is none
    journal     the journal's path
    written     how many of the `count` new commands are in the journal
    """

    error: TraceError
    other: Path | None
    journal: Path
    written: int
    count: int


def is_saved(commands: Sequence[Command], path: Path) -> bool:
    """Return whether a journal's commands are the last of the trace: its session was killed before it cleared it."""
    try:
        saved = store.load_trace(path).commands[-len(commands) :] if commands else ()
    except TraceError:
        return False
    # compared as JSON, since NaN does not equal itself
    return bool(saved) and [*map(command_to_json, saved)] == [*map(command_to_json, commands)]


def journal_writer(journal: Journal, report: Callable[[TraceError], None]) -> Callable[[Sequence[Command]], None]:
    """Return a function that writes all commands of a session to the journal, and never fails.

    `report` receives the error of a journal that can't be written: once for each number of commands.
    """
    failed_at: int | None = None

    def write(commands: Sequence[Command]) -> None:
        nonlocal failed_at
        try:
            journal.write(commands)
            failed_at = None
        except TraceError as error:
            if failed_at != len(commands):
                report(error)
            failed_at = len(commands)

    return write


def save_and_clear_journal(path: Path, before: Trace | None, new: Trace, journal: Journal) -> SaveFailure | None:
    """Save the new commands after those of the trace `before`, and clear the journal; return None if that worked.

    The whole is the person's own if both parts are.
    """
    trace = new
    if before is not None:
        trace = replace(before, commands=before.commands + new.commands, is_own=before.is_own and new.is_own)
    try:
        store.save_trace(trace, path)
    except TraceError as error:
        other = _save_elsewhere(path, trace, new.commands, journal)
        return SaveFailure(error, other, journal.path, journal.written, len(new.commands))
    journal.clear(continues_trace=True)
    return None


def _save_elsewhere(path: Path, trace: Trace, commands: Sequence[Command], journal: Journal) -> Path | None:
    """Write the commands to the journal or, if that fails, their trace to a temporary folder; return the latter."""
    with contextlib.suppress(TraceError):
        journal.write(commands)
        return None
    with contextlib.suppress(TraceError, OSError):
        other = Path(tempfile.mkdtemp(prefix="awstracer-")) / path.name
        store.save_trace(trace, other)
        return other
    return None
