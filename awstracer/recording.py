"""`awstrace-rec`, put together: a session, its journal, and the trace that comes of it."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from secrets import token_bytes

from awstracer import __version__, configuration, holes, noting, queries, recorded, recorder, saving, state, tracefile
from awstracer.behind import Behind
from awstracer.cache import Cache
from awstracer.complaints import complain
from awstracer.console import Console, Script
from awstracer.errors import ExitCode, Refused
from awstracer.journal import Journal
from awstracer.recorder import Recorder
from awstracer.redaction import Redactor
from awstracer.styles import Styles
from awstracer.trace import Circumstances, Command, Document, Trace

tell = functools.partial(complain, "awstrace-rec")


def record(path: Path, *, append: bool, overwrite: bool, styles: Styles, settings: recorder.Settings) -> int:
    """Record a session into a trace file; the exit code. TraceError, with nothing recorded, if that can't work."""
    if settings.batch and settings.shell and settings.confirm_shell:
        raise Refused("nobody can be asked before a line is run in the shell: add -d, or leave -s out")
    aws, is_plain = Behind(), configuration.is_plain(os.environ)  # importing awscli changes the environment
    console = Script() if settings.batch else Console(styles=styles, complete=aws.complete)
    if not configuration.is_readable(os.environ):
        aws.loaded()  # so that what is wrong is told before anything is typed
    tracefile.check_writable(path)
    began = Circumstances(_now(), awstracer=__version__)
    with Journal(path, began) as journal:
        left, before = continued(path, journal, console, append=append, overwrite=overwrite, ask=settings.ask)
        if settings.keep_secrets:
            console.say(f"awstrace-rec: secrets are kept: {path} is for you alone")
        cache = Cache(left, before=len(before.commands) if before else 0)
        began = replace(began, started=journal.recorded.started)
        save = functools.partial(_save, path, before, cache, began, journal, aws=aws, is_plain=is_plain)
        session = Recorder(
            runner=aws,
            console=console,
            shell=_shell,
            now=_now,
            redactor=Redactor(token_bytes(32), aws),
            settings=settings,
            cache=cache,
            keep=saving.keeping(journal, tell),
            save=functools.partial(save, remedy="mend that, and say :save again"),
        )
        aws.start()
        with console.session(state.folder() / "history"):
            is_wanted = _run(session, console, path, ask=settings.ask)
            if not (cache.commands or cache.saved):
                console.say("awstrace-rec: nothing was recorded")
            code = session.worst if settings.batch else ExitCode.OK
            if not is_wanted or not cache.commands:
                journal.clear()
                return code
            is_saved = save(remedy=f"record to {path} again to save them")
            return code if is_saved else max(code, ExitCode.FAILED)


def saved(
    path: Path,
    before: Trace | None,
    cache: Cache,
    began: Circumstances,
    journal: Journal,
    *,
    note: Callable[[Trace], Document | None],
    remedy: str,
) -> bool:
    """Save a session's commands behind those that were there before; whether that could be done. Ctrl-C waits for it.

    The trace comes out the same in whatever portions it is saved. `note` gives what awscli knows of its commands.
    """
    calls = [call for command in (*cache.saved, *cache.commands) for call in command.calls]
    circumstances = replace(began, region=recorded.region(calls))
    earlier = before or Trace((), circumstances)
    earlier = replace(earlier, commands=(*earlier.commands, *cache.saved))
    new = Trace(tuple(cache.commands), circumstances)
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        if not saving.save(path, earlier, new, journal, tell=tell, remedy=remedy, known=note):
            return False
        cache.save()
    finally:
        signal.signal(signal.SIGINT, handler)
    return True


def tell_left_out(commands: Sequence[Command]) -> None:
    """Say how many secrets were left out of commands that are saved."""
    left_out = {hole for command in commands for hole in _holes_in(command)}
    if left_out:
        tell(_told_left_out(len(left_out)))


def _save(
    path: Path,
    before: Trace | None,
    cache: Cache,
    began: Circumstances,
    journal: Journal,
    *,
    aws: Behind,
    is_plain: bool,
    remedy: str,
) -> bool:
    new, began = tuple(cache.commands), replace(began, awscli=aws.version)

    def note(trace: Trace) -> Document | None:
        return (
            noting.noted(trace, queries.query, aws.loaded_catalog, began.awscli) if is_plain and began.awscli else None
        )

    is_saved = saved(path, before, cache, began, journal, note=note, remedy=remedy)
    if is_saved:
        tell_left_out(new)
    return is_saved


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


def _run(session: Recorder, console: Console | Script, path: Path, *, ask: bool) -> bool:
    """Whether what the session has kept is to be saved; that isn't asked where there is no terminal any more.

    From then on no signal ends the program before that is done.
    """

    def end(number: int, _: object) -> None:
        raise _Ended(signal.Signals(number).name)

    for number in ENDING:
        signal.signal(number, end)
    try:
        session.run()
        is_asked = ask and session.cache.commands
        return not is_asked or console.confirm(f"Save cached trace to {path}? [y/N]: ", without_answer=True)
    except (OSError, _Ended) as reason:
        with contextlib.suppress(OSError):
            console.say(f"awstrace-rec: the session was ended: {reason}")
        session.worst = ExitCode.FAILED
        return True
    finally:
        for number in (signal.SIGINT, *ENDING):
            signal.signal(number, signal.SIG_IGN)


def continued(
    path: Path, journal: Journal, console: Console | Script, *, append: bool, overwrite: bool, ask: bool
) -> tuple[tuple[Command, ...], Trace | None]:
    """What this session goes on with: the commands that an earlier one has left, and the trace that all go behind."""
    if saving.is_saved(journal.commands, path):
        journal.clear()
    is_settled = append or overwrite or journal.follows or not path.exists()
    if not is_settled and not ask:
        raise Refused(f"{path} exists: say --append or --overwrite")
    left = _left(journal, console, ask=ask)
    if path.exists() and not (append or overwrite or journal.follows):
        append = _is_continued(path, console)
    is_behind = append or journal.follows
    return left, tracefile.load(path) if is_behind and path.exists() else None


def _left(journal: Journal, console: Console | Script, *, ask: bool) -> tuple[Command, ...]:
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


def _is_continued(path: Path, console: Console | Script) -> bool:
    """Whether an existing trace is to be continued, and not replaced; Refused if the person wants neither."""
    if console.confirm(f"{path} exists. Continue the trace in it? [y/N]: "):
        return True
    if console.confirm("Replace it when saving? [y/N]: "):
        return False
    raise Refused(f"{path} is left as it is; name another file")


def _shell(line: str) -> int:
    sys.stdout.flush()
    return subprocess.run(line, shell=True, check=False).returncode


def _now() -> datetime:
    return datetime.now(timezone.utc)
