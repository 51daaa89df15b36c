"""`awstrace-rec`: records a session at a prompt, or a script, from the first line to the saved trace.

`RecordCommand` puts the parts of a recording together. `record/session` or `record/script_runner` runs the commands;
`secrets/redactor` replaces the secrets in each; each then goes to the journal (`trace/journal`), and at the end all of
them go to the trace file (`trace/saver`). The questions before and after a recording are here: whether to continue with
the commands that an earlier session left in the journal, whether to replace an existing trace, and whether to save.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from awstracer import __version__
from awstracer.aws.background import BackgroundAwsCli
from awstracer.aws.settings import are_files_readable
from awstracer.cli.console import BatchInput, Console, is_somebody_there
from awstracer.cli.output import save_failure_text, unwritten_text, warn_rec
from awstracer.cli.session_view import SessionView
from awstracer.cli.styles import Styles
from awstracer.errors import ExitCode, Refused
from awstracer.record import poll_detector, rules
from awstracer.record.collector import ScriptRecording
from awstracer.record.session import RecordingSession, SessionOptions
from awstracer.record.session_commands import CommandBuffer
from awstracer.secrets.placeholders import find_placeholders, new_key
from awstracer.secrets.redactor import Redactor
from awstracer.trace import query, saver, store
from awstracer.trace.journal import Journal
from awstracer.trace.model import Command, RecordingInfo, Trace, utc_now

SAVE_AGAIN = "fix that, then type :save again"
END_SIGNALS = tuple(getattr(signal, name) for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name))


class RecordCommand:
    """One recording into the trace file at `path`.

    append, overwrite   what to do if the file exists
    asks                ask the person; otherwise record every command that succeeds, and save
    keeps_secrets       store secrets in the trace
    """

    def __init__(
        self, path: Path, *, append: bool, overwrite: bool, asks: bool, keeps_secrets: bool, styles: Styles
    ) -> None:
        self._path, self._append, self._overwrite = path, append, overwrite
        self._asks, self._keeps_secrets, self._styles = asks, keeps_secrets, styles

    def run_session(self, *, allows_shell: bool, confirms_shell: bool) -> int:
        """Record the lines that are typed at a prompt, or read from a file; return the exit code."""
        is_batch = not self._asks and not is_somebody_there()
        if is_batch and allows_shell and confirms_shell:
            raise Refused("nobody can be asked before a line is run in the shell: add -d, or leave -s out")
        options = SessionOptions(
            ask=self._asks,
            shell=allows_shell,
            confirm_shell=confirms_shell,
            keep_secrets=self._keeps_secrets,
            batch=is_batch,
        )
        aws = BackgroundAwsCli()
        console = BatchInput() if is_batch else Console(styles=self._styles, complete=aws.complete)
        if not are_files_readable(os.environ):
            aws.loaded()  # raises BadConfiguration before anything is typed
        store.check_writable(self._path)
        info = RecordingInfo(utc_now(), awstracer=__version__)
        with Journal(self._path, info) as journal:
            return self._record_session(journal, info, aws, console, options)

    def _record_session(
        self,
        journal: Journal,
        info: RecordingInfo,
        aws: BackgroundAwsCli,
        console: Console | BatchInput,
        options: SessionOptions,
    ) -> int:
        leftover, before = self._continue(journal, console)
        if self._keeps_secrets:
            warn_rec(f"secrets are stored: only you should read {self._path}")
        buffer = CommandBuffer(leftover, before=len(before.commands) if before else 0)
        info = replace(info, started=journal.recorded.started)
        unsaved = _Unsaved(self._path, before, not leftover, buffer, journal)
        session = RecordingSession(
            aws=aws,
            console=console,
            listener=SessionView(say=console.say, shows_line_numbers=options.batch),
            shell=_run_in_shell,
            now=utc_now,
            redactor=Redactor(new_key(), aws),
            options=options,
            buffer=buffer,
            write_journal=saver.journal_writer(journal, lambda error: warn_rec(unwritten_text(error))),
            save=lambda: unsaved.save(replace(info, awscli=aws.version), remedy=SAVE_AGAIN),
        )
        aws.start()
        with console.session(store.state_directory() / "history"):
            is_to_be_saved = self._run_until_ended(session, console)
            if not (buffer.commands or buffer.saved):
                warn_rec("nothing was recorded")
            code = session.exit_code if options.batch else ExitCode.OK
            if not is_to_be_saved or not buffer.commands:
                journal.clear()
                return code
            is_saved = unsaved.save(replace(info, awscli=aws.version), remedy=self._record_again())
            return code if is_saved else max(code, ExitCode.FAILED)

    def _run_until_ended(self, session: RecordingSession, console: Console | BatchInput) -> bool:
        """Run a session to its end; return whether its commands are to be saved.

        If the terminal is gone or a signal ended the session, nothing is asked, and the commands are saved. From then
        on no signal ends the program before that is done.
        """

        def end(number: int, _: object) -> None:
            raise _SessionEnded(signal.Signals(number).name)

        for number in END_SIGNALS:
            signal.signal(number, end)
        try:
            session.run()
            return not (self._asks and session.buffer.commands) or self._confirm_save(console)
        except (OSError, _SessionEnded) as reason:
            with contextlib.suppress(OSError):
                warn_rec(f"the session was ended: {reason}")
            session.exit_code = ExitCode.FAILED
            return True
        finally:
            for number in (signal.SIGINT, *END_SIGNALS):
                signal.signal(number, signal.SIG_IGN)

    def run_script(self, words: Sequence[str]) -> int:
        """Run a command, and record each `aws` in it; return the command's exit code."""
        environment = dict(os.environ)  # importing awscli changes it
        from awstracer.record import script_runner  # needs what only Unix has

        with script_runner.query_major_version(environment) as major_version:
            from awstracer.aws import catalog, driver

            aws, key = driver.AwsCli(), new_key()
            aws.preload()
            gc.freeze()  # so that forks share this memory
            store.check_writable(self._path)
            version = major_version()
        script = tuple(words) if self._keeps_secrets else Redactor(key, aws.catalog).redact_words(words)
        info = RecordingInfo(utc_now(), awstracer=__version__, awscli=catalog.AWSCLI_VERSION, script=script)
        console = Console(styles=self._styles, complete=lambda _: [])
        with Journal(self._path, info) as journal:
            leftover, before = self._continue(journal, console)
            notes: list[str] = []
            recording = ScriptRecording(
                key=key,
                environment=environment,
                keep_secrets=self._keeps_secrets,
                unsaved=leftover,
                write=saver.journal_writer(journal, lambda error: notes.append(unwritten_text(error))),
                note=notes.append,
            )
            code = script_runner.run_script(
                words,
                trace_file=self._path,
                recording=recording,
                aws=aws,
                environment=environment,
                major_version=version,
            )
            for note in dict.fromkeys(notes):
                warn_rec(note)
            buffer = CommandBuffer(poll_detector.collapse_polls(recording.commands, query.evaluate))
            unsaved = _Unsaved(self._path, before, not leftover, buffer, journal)
            return self._save_script(unsaved, replace(info, started=journal.recorded.started), console, code)

    def _save_script(self, unsaved: _Unsaved, info: RecordingInfo, console: Console, code: int) -> int:
        """Save what a script did, unless the person does not want it; return the exit code."""
        if not unsaved.buffer.commands:
            warn_rec("nothing was recorded")
        elif self._asks and not self._confirm_save(console):
            unsaved.journal.clear()
        elif not unsaved.save(info, remedy=self._record_again(), shows_secrets=self._asks):
            return code or ExitCode.FAILED
        return code

    # --- what was there before

    def _continue(self, journal: Journal, console: Console | BatchInput) -> tuple[tuple[Command, ...], Trace | None]:
        """Return the commands that an earlier session has left unsaved, and the trace that is appended to, if any.

        Raise Refused if the trace file exists and nobody says what to do with it.
        """
        if saver.is_saved(journal.commands, self._path):
            journal.clear()
        is_decided = self._append or self._overwrite or journal.continues_trace or not self._path.exists()
        if not is_decided and not self._asks:
            raise Refused(f"{self._path} exists: add --append or --overwrite")
        leftover = self._take_leftover(journal, console)
        is_appended = self._append or journal.continues_trace
        if self._path.exists() and not (is_appended or self._overwrite):
            is_appended = self._confirm_append(console)
        return leftover, store.load_trace(self._path) if is_appended and self._path.exists() else None

    def _take_leftover(self, journal: Journal, console: Console | BatchInput) -> tuple[Command, ...]:
        """Return the commands in the journal if this recording is to continue with them; else set the journal aside."""
        if not journal.commands:
            return ()
        when = f"{journal.commands[0].started.astimezone():%Y-%m-%d %H:%M}"
        number = len(journal.commands)
        found = f"{journal.path} has {number} unsaved command{'s' if number > 1 else ''}, of {when}"
        warn_rec(f"{found}{'' if self._asks else ': continuing with them'}")
        if not self._asks or console.confirm("Continue with them? [y/N]: "):
            return journal.commands
        warn_rec(f"they are kept in {journal.set_aside()}")
        return ()

    def _confirm_append(self, console: Console | BatchInput) -> bool:
        """Return whether to append to the existing trace, and not to replace it; raise Refused if neither is wanted."""
        if console.confirm(f"{self._path} exists. Continue the trace in it? [y/N]: "):
            return True
        if console.confirm("Replace it when saving? [y/N]: "):
            return False
        raise Refused(f"{self._path} is left as it is: name another file with --trace-file")

    # --- saving

    def _confirm_save(self, console: Console | BatchInput) -> bool:
        return console.confirm(f"Save cached trace to {self._path}? [y/N]: ", without_answer=True)

    def _record_again(self) -> str:
        return f"record to {self._path} again to save them"


@dataclass(frozen=True)
class _Unsaved:
    """The commands of one recording, which are saved after those of the trace `before`.

    `is_own` says that all of them were recorded now, and none found in a journal.
    """

    path: Path
    before: Trace | None
    is_own: bool
    buffer: CommandBuffer
    journal: Journal

    def save(self, info: RecordingInfo, *, remedy: str, shows_secrets: bool = True) -> bool:
        """Save the commands that are not saved yet; return whether that worked. Ctrl-C waits until it is done.

        The trace is the same in whatever portions it is saved. `remedy` says how to continue with the journal if it
        failed; `shows_secrets` prints how many secrets were replaced by placeholders.
        """
        buffer = self.buffer
        calls = [call for command in (*buffer.saved, *buffer.commands) for call in command.calls]
        info = replace(info, region=rules.main_region(calls))
        earlier = self.before or Trace((), info, is_own=True)
        earlier = replace(earlier, commands=(*earlier.commands, *buffer.saved))
        new = Trace(tuple(buffer.commands), info, is_own=self.is_own)
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            failure = saver.save_and_clear_journal(self.path, earlier, new, self.journal)
            if failure is not None:
                warn_rec(save_failure_text(failure, remedy))
                return False
            buffer.save()
        finally:
            signal.signal(signal.SIGINT, handler)
        if shows_secrets:
            _show_number_of_secrets(new.commands)
        return True


class _SessionEnded(BaseException):
    """A signal ended the session. Not an `Exception`, which awscli would take for a failure of its own."""


def _show_number_of_secrets(commands: Sequence[Command]) -> None:
    """Print how many secrets were replaced by placeholders, unless there are none."""
    placeholders = {each for command in commands for each in _placeholders(command)}
    if placeholders:
        count = "1 secret was" if len(placeholders) == 1 else f"{len(placeholders)} secrets were"
        warn_rec(
            f"{count} left out: a replay takes them from new responses, or asks for them "
            "(--keep-secrets stores them in the trace)"
        )


def _placeholders(command: Command) -> Iterator[str]:
    yield from find_placeholders(command.request)
    for call in command.calls:
        yield from find_placeholders(call.response)


def _run_in_shell(line: str) -> int:
    sys.stdout.flush()
    return subprocess.run(line, shell=True, check=False).returncode
