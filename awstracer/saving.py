"""Keeping what was recorded and losing nothing of it: in the journal, in the trace file, or elsewhere."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from awstracer import complaints, tracefile
from awstracer.errors import TraceError
from awstracer.journal import Journal
from awstracer.serializer import command_to_json
from awstracer.trace import Command, Trace


def is_saved(commands: Sequence[Command], path: Path) -> bool:
    """Whether a journal's commands are the end of the trace: its session was killed before it removed the journal."""
    try:
        saved = tracefile.load(path).commands[-len(commands) :] if commands else ()
    except TraceError:
        return False
    documents = [[command_to_json(each) for each in some] for some in (saved, commands)]
    return bool(saved) and documents[0] == documents[1]  # equal as files have it: nan isn't nan


def keeping(journal: Journal, tell: Callable[[str], None]) -> Callable[[Sequence[Command]], None]:
    """Writes commands to the journal; if it can't, that is told of once, and again when there are more or fewer."""
    told: int | None = None

    def keep(commands: Sequence[Command]) -> None:
        nonlocal told
        try:
            journal.write(commands)
            told = None
        except TraceError as error:
            if told != len(commands):
                tell(f"not on disk yet: {complaints.error_text(error)}")
            told = len(commands)

    return keep


def save(
    path: Path,
    before: Trace | None,
    new: Trace,
    journal: Journal,
    *,
    tell: Callable[[str], None],
    remedy: str,
) -> bool:
    """Save a trace, behind what the file had, and drop its journal; whether that could be done.

    `remedy` says how to get at what is in the journal.
    """
    trace = new if before is None else Trace(before.commands + new.commands, before.recorded)
    try:
        tracefile.save(trace, path)
    except TraceError as error:
        where = _rescued(path, trace, new.commands, journal, remedy)
        tell(f"{complaints.error_text(error)}; {where}")
        return False
    journal.clear(follows=True)
    return True


def _rescued(path: Path, trace: Trace, commands: Sequence[Command], journal: Journal, remedy: str) -> str:
    """Where the commands are that could not be saved: in the journal or, if they can't be there, in another file."""
    with contextlib.suppress(TraceError):
        journal.write(commands)
        return f"the commands are in {journal.path}: {remedy}"
    with contextlib.suppress(TraceError, OSError):
        rescue = Path(tempfile.mkdtemp(prefix="awstracer-")) / path.name
        tracefile.save(trace, rescue)
        return f"the trace is in {rescue} instead"
    return f"of its {len(commands)} commands the first {journal.written} are in {journal.path}, and the rest is lost"
