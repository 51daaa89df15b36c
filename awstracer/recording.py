"""`awstrace-rec`, put together: a session, its journal, and the trace that comes of it."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from secrets import token_bytes

from awstracer import __version__, configuration, holes, identifiers, recorder, saving, tracefile
from awstracer.behind import Behind
from awstracer.complaints import complain
from awstracer.console import Console
from awstracer.errors import ExitCode, Refused
from awstracer.journal import Journal
from awstracer.recorder import Recorder
from awstracer.redaction import Redactor
from awstracer.styles import Styles
from awstracer.trace import Circumstances, Command, Trace


def record(path: Path, *, append: bool, overwrite: bool, styles: Styles, settings: recorder.Settings) -> int:
    """Record a session into a trace file; the exit code. TraceError, with nothing recorded, if that can't work."""
    aws, tell = Behind(), functools.partial(complain, "awstrace-rec")
    console = Console(styles=styles, complete=aws.complete)
    if not configuration.is_readable(os.environ):
        aws.loaded()  # so that what is wrong is told before anything is typed
    tracefile.check_writable(path)
    recorded = Circumstances(_now(), awstracer=__version__)
    with Journal(path, recorded) as journal:
        if saving.is_saved(journal.commands, path):
            journal.clear()
        if path.exists() and not (append or overwrite):
            append = _is_continued(path, console, ask=settings.ask)
        before = tracefile.load(path) if append and path.exists() else None
        if settings.keep_secrets:
            console.say(f"awstrace-rec: secrets are kept: {path} is for you alone")
        session = Recorder(
            runner=aws,
            console=console,
            shell=_shell,
            now=_now,
            redactor=Redactor(token_bytes(32), aws),
            settings=settings,
            commands=_left(journal, console, ask=settings.ask),
            keep=saving.keeping(journal, tell),
        )
        aws.start()
        with console.session(_history_file()):
            is_wanted = _run(session, console, path, ask=settings.ask)
            if not session.commands:
                console.say("awstrace-rec: nothing was recorded")
            if not is_wanted or not session.commands:
                journal.clear()
                return ExitCode.OK
            region, started = _region(session), journal.recorded.started
            recorded = replace(recorded, started=started, region=region, awscli=aws.version)
            trace = Trace(tuple(session.commands), recorded)
            remedy = f"record to {path} again to save them"
            is_saved = saving.save(path, before, trace, journal, tell=tell, remedy=remedy)
            left_out = {hole for command in session.commands for hole in _holes_in(command)}
            if left_out and is_saved:
                console.say(f"awstrace-rec: {_told_left_out(len(left_out))}")
            return ExitCode.OK if is_saved else ExitCode.FAILED


def _holes_in(command: Command) -> Iterator[str]:
    """The secrets that were left out of what a command was asked and answered."""
    yield from holes.holes(command.request)
    for call in command.calls:
        yield from holes.holes(call.response)


def _told_left_out(number: int) -> str:
    """How many secrets a trace lacks, in one line."""
    told = "1 secret was" if number == 1 else f"{number} secrets were"
    return f"{told} left out; awstrace-play takes such from new answers, or asks (--keep-secrets keeps them)"


class _Ended(BaseException):
    """The session was told to end, by a signal. No `Exception`: awscli would take it for a failure of its own."""


ENDING = tuple(getattr(signal, name) for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name))


def _run(session: Recorder, console: Console, path: Path, *, ask: bool) -> bool:
    """Whether what the session has kept is to be saved; that isn't asked where there is no terminal any more.

    From then on no signal ends the program before that is done.
    """

    def end(number: int, _: object) -> None:
        raise _Ended(signal.Signals(number).name)

    for number in ENDING:
        signal.signal(number, end)
    try:
        session.run()
        is_asked = ask and session.commands
        return not is_asked or console.confirm(f"Save cached trace to {path}? [y/N]: ", without_answer=True)
    except (OSError, _Ended) as reason:
        with contextlib.suppress(OSError):
            console.say(f"awstrace-rec: the session was ended: {reason}")
        return True
    finally:
        for number in (signal.SIGINT, *ENDING):
            signal.signal(number, signal.SIG_IGN)


def _left(journal: Journal, console: Console, *, ask: bool) -> tuple[Command, ...]:
    """The commands that an earlier session has left, if this one is to go on with them."""
    if not journal.commands:
        return ()
    when = f"{journal.commands[0].started.astimezone():%Y-%m-%d %H:%M}"
    number = len(journal.commands)
    told = f"{journal.path} has {number} unsaved command{'s' if number > 1 else ''}, of {when}"
    console.say(f"awstrace-rec: {told}{'' if ask else ': going on from there'}")
    if not ask or console.confirm("Continue with them? [y/N]: "):
        return journal.commands
    console.say(f"awstrace-rec: what it has is kept in {journal.set_aside()}")
    return ()


def _is_continued(path: Path, console: Console, *, ask: bool) -> bool:
    """Whether an existing trace is to be continued, and not replaced; Refused if the person wants neither."""
    if not ask:
        raise Refused(f"{path} exists: say --append or --overwrite")
    if console.confirm(f"{path} exists. Continue the trace in it? [y/N]: "):
        return True
    if console.confirm("Replace it when saving? [y/N]: "):
        return False
    raise Refused(f"{path} is left as it is; name another file")


def _region(session: Recorder) -> str | None:
    """The region of the session: global services' calls have regions of their own."""
    regions = [call.region for command in session.commands for call in command.calls]
    named = [region for region in regions if region and identifiers.REGION.fullmatch(region)]
    return max(named, key=named.count, default=None)


def _shell(line: str) -> None:
    sys.stdout.flush()
    subprocess.run(line, shell=True, check=False)


def _history_file() -> Path:
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path("~/.local/state").expanduser()) / "awstracer" / "history"


def _now() -> datetime:
    return datetime.now(timezone.utc)
