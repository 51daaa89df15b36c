"""`awstrace-rec -- COMMAND`: runs a command, and records each `aws` in it into a trace file.

Each command is in the journal as soon as it has ended. When COMMAND has ended, polls are found among the commands and
the trace is saved. `record/script_runner` runs COMMAND; `cli/record_command` has what recording a session and
recording a script have in common.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from secrets import token_bytes

from awstracer import __version__, folding, queries, recording, saving, scripting, tracefile
from awstracer.console import Console
from awstracer.errors import ExitCode
from awstracer.gathering import ScriptRecording
from awstracer.journal import Journal
from awstracer.redaction import Redactor
from awstracer.session_commands import Cache
from awstracer.styles import Styles
from awstracer.trace import Circumstances, Trace


def run(
    words: Sequence[str], path: Path, *, append: bool, overwrite: bool, styles: Styles, ask: bool, keep_secrets: bool
) -> int:
    """Run a command, record it, and return its exit code. Raise TraceError or Refused before anything is run."""
    environment = dict(os.environ)  # importing awscli changes it
    with scripting.asking_major_version(environment) as major_version:
        from awstracer import driver

        aws, key = driver.AwsCli(), token_bytes(32)
        aws.warm()
        gc.freeze()  # a fork then copies less memory
        tracefile.check_writable(path)
        console = Console(styles=styles, complete=lambda _: [])
        script = tuple(words) if keep_secrets else Redactor(key, aws).line(words)
        began = Circumstances(datetime.now(timezone.utc), None, __version__, driver.VERSION, script=script)
        with Journal(path, began) as journal:
            unsaved, before = recording.continued(path, journal, console, append=append, overwrite=overwrite, ask=ask)
            notes: list[str] = []
            script_recording = ScriptRecording(
                key=key,
                environment=environment,
                keep_secrets=keep_secrets,
                unsaved=unsaved,
                write=saving.keeping(journal, notes.append),
                note=notes.append,
            )
            exit_code = scripting.run_script(
                words,
                trace_file=path,
                recording=script_recording,
                aws=aws,
                environment=environment,
                major_version=major_version(),
            )
            for note in dict.fromkeys(notes):
                recording.tell(note)
            cache = Cache(folding.collapse_polls(script_recording.commands, queries.query))
            is_done = _save(path, before, cache, began, journal, console=console, ask=ask)
        return exit_code if is_done else exit_code or ExitCode.FAILED


def _save(
    path: Path,
    before: Trace | None,
    cache: Cache,
    began: Circumstances,
    journal: Journal,
    *,
    console: Console,
    ask: bool,
) -> bool:
    """Save the commands if there are some and the user wants it; return whether that, or nothing, could be done."""
    if not cache.commands:
        recording.tell("nothing was recorded")
        return True
    if ask and not console.confirm(f"Save cached trace to {path}? [y/N]: ", without_answer=True):
        journal.clear()
        return True
    began = replace(began, started=journal.recorded.started)
    remedy = f"record to {path} again to save them"
    if not recording.saved(path, before, cache, began, journal, note=lambda _: None, remedy=remedy):
        return False
    if ask:
        recording.tell_left_out(cache.saved)
    return True
