"""The two commands: their parsers, and mains that wire the parts together and give back exit codes."""

from __future__ import annotations

import argparse
import contextlib
import functools
import getpass
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from enum import IntEnum
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING, TextIO

import colorama

from awstracer import (
    __version__,
    blanks,
    document,
    guards,
    holes,
    identifiers,
    location,
    plan,
    player,
    questions,
    recorder,
    relations,
    replayed,
    selection,
    settling,
    terminal,
    tracefile,
)
from awstracer.blanks import Blank
from awstracer.capture import Outcome
from awstracer.errors import AwstracerError, MissingSecret, MissingValue, OtherAccount, TraceError
from awstracer.journal import Journal, journal_of
from awstracer.player import Player, Report, Status
from awstracer.recorder import Recorder
from awstracer.redaction import Redactor
from awstracer.resolve import Invocation, Knowledge, Played
from awstracer.steps import Override, Plan, Step
from awstracer.terminal import COLOURED, PLAIN, Console, Styles, visible
from awstracer.trace import Call, Circumstances, Command, Trace

if TYPE_CHECKING:
    from awstracer.driver import AwsCli


class ExitCode(IntEnum):
    """What the commands end with."""

    OK = 0
    FAILED = 1
    UNUSABLE = 2
    INTERRUPTED = 130


# --- awstrace-rec


def rec_parser() -> argparse.ArgumentParser:
    """The parser of `awstrace-rec`."""
    parser = argparse.ArgumentParser(
        prog="awstrace-rec",
        description="Work with the AWS CLI at a prompt, and keep what you did in a trace file "
        "that awstrace-play can play again: under other names, in another account or region.",
        epilog="At the prompt: type or paste 'aws ...' lines; a line that ends in a backslash goes on in the next. "
        "'exit' or Ctrl-D ends the session, Ctrl-C drops a line or stops a command.",
    )
    parser.add_argument("--trace-file", required=True, type=Path, metavar="FILE", help="where the trace goes")
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("--append", action="store_true", help="if FILE exists, continue the trace in it")
    existing.add_argument("--overwrite", action="store_true", help="if FILE exists, replace it when saving")
    parser.add_argument(
        "-n", "--no-prompts", action="store_true", help="don't ask: keep every command that succeeds, and save"
    )
    parser.add_argument(
        "-s",
        "--allow-shell",
        action="store_true",
        help="run other lines than 'aws ...' in the shell; they are not recorded, only the time they take is",
    )
    parser.add_argument("-d", "--no-confirm", action="store_true", help="with -s: don't ask before running them")
    parser.add_argument(
        "--keep-secrets",
        action="store_true",
        help="leave passwords, keys and tokens in the trace, which otherwise has holes in their place",
    )
    _add_common_switches(parser)
    return parser


def rec_main(argv: Sequence[str] | None = None) -> int:
    """`awstrace-rec`: record a session; gives back its exit code."""
    args = rec_parser().parse_args(argv)
    with _errors_told("awstrace-rec") as failed:
        return _record(
            args.trace_file,
            append=args.append,
            overwrite=args.overwrite,
            styles=_styles(args.no_color),
            settings=recorder.Settings(
                ask=not args.no_prompts,
                shell=args.allow_shell,
                confirm_shell=not args.no_confirm,
                keep_secrets=args.keep_secrets,
            ),
        )
    return failed[0]


def _record(path: Path, *, append: bool, overwrite: bool, styles: Styles, settings: recorder.Settings) -> int:
    from awstracer import driver  # importing awscli takes a while, and --help doesn't need it

    aws = driver.AwsCli()
    console = Console(styles=styles, complete=aws.complete)
    aws.check_profile(None)
    tracefile.check_writable(path)
    recorded = Circumstances(_now(), None, __version__, driver.VERSION)
    with Journal(path, recorded) as journal:
        if _is_saved(journal.commands, path):
            journal.clear()
        if path.exists() and not (append or overwrite):
            if not settings.ask:
                console.say(f"awstrace-rec: {path} exists: say --append or --overwrite")
                return ExitCode.UNUSABLE
            append, overwrite = _ask_about(path, console)
            if not (append or overwrite):
                console.say(f"awstrace-rec: {path} is left as it is; name another file")
                return ExitCode.UNUSABLE
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
            keep=_keeping(journal, "awstrace-rec"),
        )
        with console.session(_history_file()):
            is_wanted = _run(session, console, path, ask=settings.ask)
            if not session.commands:
                console.say("awstrace-rec: nothing was recorded")
            if not is_wanted or not session.commands:
                journal.clear()
                return ExitCode.OK
            recorded = replace(recorded, started=journal.recorded.started, region=_region(session))
            trace = Trace(tuple(session.commands), recorded)
            remedy = f"record to {path} again to save them"
            is_saved = _save(path, before, trace, journal, program="awstrace-rec", remedy=remedy)
            left_out = set(holes.holes([each for command in session.commands for each in _told(command)]))
            if left_out and is_saved:
                console.say(f"awstrace-rec: {terminal.left_out(len(left_out))}")
            return ExitCode.OK if is_saved else ExitCode.FAILED


def _told(command: Command) -> Iterator[object]:
    """What a command was asked and answered."""
    yield command.request
    yield from (call.response for call in command.calls)


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


def _ask_about(path: Path, console: Console) -> tuple[bool, bool]:
    """Whether to append to an existing file, or to overwrite it."""
    append = console.confirm(f"{path} exists. Continue the trace in it? [y/N]: ")
    return append, not append and console.confirm("Replace it when saving? [y/N]: ")


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


# --- awstrace-play


def play_parser() -> argparse.ArgumentParser:
    """The parser of `awstrace-play`."""
    parser = argparse.ArgumentParser(
        prog="awstrace-play",
        description="Play a trace that awstrace-rec recorded. What the recorded responses fed into later commands "
        "(ids, ARNs, names) is taken from the new responses.",
        epilog="Exit code: 0 everything succeeded, 1 a command failed or, at --step, was not run, 2 the command line, "
        "the trace or an override is wrong, or an account or an answer isn't what it should be (nothing was sent), "
        "130 interrupted.",
    )
    parser.add_argument("--trace-file", required=True, type=Path, metavar="FILE", help="the trace to play")
    parser.add_argument(
        "--dryrun", "--dry-run", action="store_true", help="show the lines that would be run, and send nothing"
    )
    parser.add_argument(
        "--explain", action="store_true", help="say under each line where its values come from, and why"
    )
    parser.add_argument("--profile", metavar="P", help="play every command under this profile")
    parser.add_argument("--region", metavar="R", help="play every command in this region")
    parser.add_argument(
        "--endpoint",
        "--endpoint-url",
        dest="endpoint",
        type=_endpoint,
        metavar="URL",
        help="send every command to this endpoint",
    )
    parser.add_argument(
        "-p",
        "--param",
        dest="params",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="give a parameter another value wherever the trace has it, and in all that depends on it; "
        "NAME as the CLI spells it (user-name) or the API (UserName), N.NAME for command N only; "
        "VALUE as you would type it after the option (file://, JSON, shorthand)",
    )
    parser.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="N.NAME",
        help="leave a parameter of command N as it was recorded, wherever its value came from; "
        "NAME alone for every command",
    )
    parser.add_argument("--start-at", type=_number, metavar="N", help="play from command N on")
    parser.add_argument(
        "--only", type=_ranges, metavar="N,M..K", help="play only these commands: numbers and ranges (4.. and ..3 too)"
    )
    parser.add_argument(
        "--step", action="store_true", help="ask before each command: yes, no, quit, or all without asking further"
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="don't ask about recorded profiles and endpoints, files outside this folder and changes of your settings",
    )
    parser.add_argument(
        "--expect-account", type=_account, metavar="ID", help="play nothing in any other account than this"
    )
    parser.add_argument(
        "--output",
        choices=["text", "json"],
        default="text",
        help="with --dryrun: json for a document that programs can read",
    )
    parser.add_argument(
        "-s", "--sleep", type=_seconds, metavar="N", help="wait N seconds between commands, not as long as recorded"
    )
    parser.add_argument("-f", "--force", action="store_true", help="go on after a failure")
    parser.add_argument(
        "--settle",
        type=_seconds,
        default=settling.LIMIT,
        metavar="SECONDS",
        help="how long to try a command again that fails since what was made just before isn't there yet "
        "(%(default)g by default); 0 for not at all",
    )
    parser.add_argument(
        "--save-trace", type=Path, metavar="FILE", help="record the replay itself as a trace of its own, as it goes"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="with --save-trace: go on where the replay that is recorded in FILE ended, in the same account",
    )
    parser.add_argument(
        "-d", "--debug", action="store_true", help="show on stderr which relations were found and what was put where"
    )
    _add_common_switches(parser)
    return parser


def play_main(argv: Sequence[str] | None = None) -> int:
    """`awstrace-play`: play a trace, or show it; gives back the exit code."""
    parser = play_parser()
    args = parser.parse_args(argv)
    if args.output == "json" and not args.dryrun:
        parser.error("--output json goes with --dryrun")
    if args.save_trace and args.dryrun:
        parser.error("--save-trace records what is done, which with --dryrun is nothing")
    if args.resume and not args.save_trace:
        parser.error("--resume goes with --save-trace FILE, which says what was done")
    overrides = [Override.parse(*param) for param in args.params] + [Override.parse(name, None) for name in args.keep]
    switches = {"--profile": args.profile, "--region": args.region, "--endpoint-url": args.endpoint}
    given = {name: value for name, value in switches.items() if value is not None}
    with _errors_told("awstrace-play") as failed:
        trace = tracefile.load(args.trace_file)
        from awstracer import driver  # importing awscli takes a while, and --help doesn't need it

        aws = driver.AwsCli()
        aws.check_profile(given.get("--profile"))
        selected = selection.selected(len(trace.commands), start=args.start_at, only=args.only)
        found = relations.derive(trace, driver.query, aws)
        steps = plan.make(trace, found, overrides, aws, given, selected=selected)
        identities = guards.identities(steps, aws.global_options())
        account = functools.cache(lambda words: aws.account([*words, *_words(given)]))
        played = _played(aws, given, lambda: account(identities[0] if len(identities) == 1 else ()))
        Knowledge(steps, live=False, query=driver.query, played=played).check()
        lacking = blanks.blanks(steps)
        doubts = guards.doubts(steps, aws.global_options(), os.environ, Path.cwd()) if not args.yes else ()
        screen = Screen(_styles(args.no_color), explain=args.explain, debug=args.debug)
        screen.found(found)
        if args.dryrun:
            screen.doubtful(doubts)
            moved = None not in (trace.recorded.region, played.region) and trace.recorded.region != played.region
            screen.lacking(lacking)
            knowledge = Knowledge(steps, live=False, query=driver.query, played=played)
            return _preview(knowledge, screen, moved=moved, as_json=args.output == "json")
        reason = questions.refused(doubts)
        if reason is not None:
            _complain("awstrace-play", reason)
            return ExitCode.UNUSABLE
        for words in identities if args.expect_account else ():
            if account(words) != args.expect_account:
                raise OtherAccount(args.expect_account, account(words), words)
        steps = _with_secrets(steps, lacking)
        knowledge = Knowledge(steps, live=True, query=driver.query, played=played)
        settings = player.Settings(extra=_words(given), pause=args.sleep, keep_going=args.force, settle=args.settle)
        announce = functools.partial(screen.moved, location.settings(trace, aws), played)
        playing = functools.partial(_play, steps, knowledge, aws, screen, announce=announce, ask=args.step)
        if args.save_trace is None:
            return playing(settings)
        _check_resumable(args.save_trace, resume=args.resume)
        here = Circumstances(_now(), played.region, __version__, driver.VERSION, played.account())
        redact = Redactor(token_bytes(32), aws).command
        return _play_and_save(args.save_trace, here, knowledge, settings, playing, redact=redact, resume=args.resume)
    return failed[0]


def _preview(knowledge: Knowledge, screen: Screen, *, moved: bool, as_json: bool) -> int:
    invocations = [(step, knowledge.invocation(step)) for step in knowledge.steps]
    if as_json:
        print(document.dumps(invocations))
        return ExitCode.OK
    for step, invocation in invocations:
        screen.starting(step, invocation)
        if moved:
            screen.left(step, invocation)
    return ExitCode.OK


def _with_secrets(steps: Plan, lacking: Sequence[Blank]) -> Plan:
    """The plan with the secrets that it lacks, from the environment or the person; MissingSecret without either."""
    secrets = {blank: blanks.from_environment(blank, os.environ) for blank in lacking}
    unknown = [blank for blank, secret in secrets.items() if secret is None]
    if unknown and not sys.stdin.isatty():
        raise MissingSecret([blank.spelling for blank in unknown], unknown[0].variables[0])
    filled = list(steps.steps)
    for blank, secret in secrets.items():
        filled = blanks.filled(filled, blank.hole, _asked(blank) if secret is None else secret)
    return replace(steps, steps=tuple(filled))


def _asked(blank: Blank) -> str:
    """What the person types, unseen, for a secret."""
    try:
        secret = getpass.getpass(f"The trace has no secrets. {visible(blank.names[0])} of command {blank.number}: ")
    except EOFError:
        secret = ""
    if not secret:
        raise MissingSecret([blank.spelling], blank.variables[0])
    return secret


def _words(given: dict[str, str]) -> tuple[str, ...]:
    return tuple(word for pair in given.items() for word in pair)


def _played(aws: AwsCli, given: dict[str, str], account: Callable[[], str | None]) -> Played:
    region = given.get("--region") or aws.region(given.get("--profile"))
    partition = aws.partition(region) if region else None
    return Played(region, partition, account)


def _play(
    steps: Plan,
    knowledge: Knowledge,
    aws: AwsCli,
    screen: Screen,
    settings: player.Settings,
    *,
    announce: Callable[[], None],
    ask: bool,
    note: player.Done = lambda *_: None,
) -> int:
    announce()
    with _interrupts() as interrupts:
        report = Player(
            steps,
            knowledge=knowledge,
            runner=aws,
            sleep=time.sleep,
            observer=screen,
            settings=settings,
            ask=questions.EachStep() if ask else lambda _: player.Answer.YES,
            interrupted=lambda: bool(interrupts),
            done=note,
        ).play()
    screen.ended(report)
    if report.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if report.succeeded else ExitCode.FAILED


def _play_and_save(
    path: Path,
    here: Circumstances,
    knowledge: Knowledge,
    settings: player.Settings,
    playing: Callable[..., int],
    *,
    redact: Callable[[Command], Command],
    resume: bool,
) -> int:
    """Play, and record the replay in a trace file of its own, however it ends."""
    with Journal(path, here) as journal:
        if _is_saved(journal.commands, path):
            journal.clear()
        before = tracefile.load(path) if path.exists() else None
        done: Mapping[int, Sequence[Call]] = {}
        if resume:
            replayed.check_place(before.recorded if before else journal.recorded, here)
            earlier = before.commands if before else ()
            done = replayed.taken_up([*earlier, *journal.commands], knowledge)
            _complain("awstrace-play", terminal.resumed(done, len(knowledge.steps)))
        commands, keep = list(journal.commands), _keeping(journal, "awstrace-play")

        def note(step: Step, invocation: Invocation, outcome: Outcome, started: datetime, ended: datetime) -> None:
            commands.append(redact(replayed.written(step, invocation, outcome, started, ended)))
            keep(commands)

        try:
            code = playing(replace(settings, done=done), note=note)
        finally:
            trace = Trace(tuple(commands), journal.recorded)
            is_saved = _save(path, before, trace, journal, program="awstrace-play", remedy="go on with --resume")
        return code if code or is_saved else ExitCode.FAILED


def _check_resumable(path: Path, *, resume: bool) -> None:
    """TraceError unless there is a replay to resume, or none where none is to be."""
    tracefile.check_writable(path)
    there = [each for each in (path, journal_of(path)) if each.exists()]
    if resume and not there:
        raise TraceError(path, "is not there: no replay was recorded in it that could be resumed")
    if there and not resume:
        raise TraceError(there[0], "is there already: say --resume to go on with that replay, or name another file")


@contextlib.contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Ctrl-C raises KeyboardInterrupt, as ever, and is noted in the list; where it is ignored, it stays so."""
    noted: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:
        yield noted
        return

    def note(number: int, _: object) -> None:
        noted.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)


class Screen:
    """Shows a replay: lines and explanations on stdout, all else on stderr."""

    def __init__(self, styles: Styles, *, explain: bool, debug: bool) -> None:
        self._styles, self._explain, self._debug = styles, explain, debug

    def found(self, found: Sequence[relations.Relation]) -> None:
        """The relations of the trace."""
        for relation in found if self._debug else ():
            _complain("awstrace-play", terminal.relation_text(relation))

    def doubtful(self, doubts: Iterable[guards.Doubt]) -> None:
        """A replay would ask the person about these."""
        for doubt in doubts:
            _complain("awstrace-play", f"{terminal.doubt_text(doubt)}: a replay asks first")

    def moved(self, recorded: Iterable[location.Setting], played: Played) -> None:
        """The commands are about to be played, maybe elsewhere than they were recorded."""
        there = {setting.name: setting.recorded for setting in recorded}
        account = played.account() if "account" in there else None
        told = terminal.moved(there, {"region": played.region, "account": account})
        if told:
            _complain("awstrace-play", told)

    def lacking(self, lacking: Sequence[Blank]) -> None:
        """A replay would need these secrets."""
        if lacking:
            _complain("awstrace-play", terminal.lacking(lacking))

    def starting(self, step: Step, invocation: Invocation) -> None:
        """A command is about to run, or would be."""
        print(terminal.played(invocation, self._styles), flush=True)
        unsaid = terminal.unsaid(invocation, self._styles)
        if unsaid:
            print(unsaid, flush=True)
        for line in terminal.explained(step, invocation, self._styles) if self._explain else ():
            print(line, flush=True)
        for substitution in invocation.substitutions:
            for line in terminal.doubtful(step, substitution):
                _complain("awstrace-play", line)
        if self._debug:
            for line in terminal.explained(step, invocation, PLAIN):
                _complain("awstrace-play", f"command {step.number}: {line.strip()}")

    def left(self, step: Step, invocation: Invocation) -> None:
        """A command would be sent to another region with what was recorded in the old one."""
        for line in terminal.unrelated(step, invocation, self._styles) if not self._explain else ():
            print(line, flush=True)

    def faulty(self, step: Step, faults: Sequence[str]) -> None:
        """A command's response could not be taken down."""
        for fault in faults:
            _complain("awstrace-play", f"a part of command {step.number}'s answer is lost: {fault}")

    def settling(self, step: Step, reason: str, seconds: float) -> None:
        """A command failed, and is about to be tried again."""
        _complain("awstrace-play", terminal.settling(step, reason, seconds))

    def not_sent(self, step: Step, missing: MissingValue, status: Status) -> None:
        """A command can't be sent."""
        _complain("awstrace-play", terminal.not_sent(step, missing, status))

    def ended(self, report: Report) -> None:
        """The replay is over."""
        told = terminal.summary(report)
        if told:
            _complain("awstrace-play", told)


# --- both


def _is_saved(commands: Sequence[Command], path: Path) -> bool:
    """Whether a journal's commands are the end of the trace: its session was killed before it removed the journal."""
    try:
        saved = tracefile.load(path).commands[-len(commands) :] if commands else ()
    except TraceError:
        return False
    documents = [[tracefile.command_document(each) for each in some] for some in (saved, commands)]
    return bool(saved) and documents[0] == documents[1]  # equal as files have it: nan isn't nan


def _keeping(journal: Journal, program: str) -> Callable[[Sequence[Command]], None]:
    """Writes commands to the journal; of those that it can't write, each is told of once."""
    told = 0

    def keep(commands: Sequence[Command]) -> None:
        nonlocal told
        try:
            journal.write(commands)
        except TraceError as error:
            if len(commands) > told:
                _complain(program, f"not on disk yet: {terminal.error_text(error)}")
            told = len(commands)

    return keep


def _save(path: Path, before: Trace | None, new: Trace, journal: Journal, *, program: str, remedy: str) -> bool:
    """Save a trace, behind what the file had, and drop its journal; whether that could be done.

    `remedy` says how to get at what is in the journal.
    """
    trace = new if before is None else Trace(before.commands + new.commands, before.recorded)
    try:
        tracefile.save(trace, path)
    except TraceError as error:
        where = _rescued(path, trace, new.commands, journal, remedy)
        _complain(program, f"{terminal.error_text(error)}; {where}")
        return False
    journal.clear()
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


def _add_common_switches(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-c", "--no-color", action="store_true", help="no colours (nor with NO_COLOR, or in a pipe)")
    parser.add_argument("--version", action="version", version=f"awstracer {__version__}")


def _styles(no_color: bool) -> Styles:
    if no_color or os.environ.get("NO_COLOR") or sys.stdout is None or not sys.stdout.isatty():
        return PLAIN
    colorama.just_fix_windows_console()
    return COLOURED


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a time to wait")
    return seconds


def _endpoint(text: str) -> str:
    if "://" not in text:
        raise argparse.ArgumentTypeError(f"{text} is no URL: say http://{text} or https://{text}")
    return text


def _number(text: str) -> int:
    with _argument():
        return selection.number(text)


def _ranges(text: str) -> tuple[selection.Range, ...]:
    with _argument():
        return selection.ranges(text)


def _account(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise argparse.ArgumentTypeError(f"{text} is no account: it has 12 digits")
    return text


@contextlib.contextmanager
def _argument() -> Iterator[None]:
    """What is wrong with an argument, in the words of whoever reads it."""
    try:
        yield
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


@contextlib.contextmanager
def _errors_told(program: str) -> Iterator[list[int]]:
    """Whatever the person can cause ends here in one line on stderr; the list then holds the exit code."""
    code = [int(ExitCode.OK)]
    try:
        yield code
    except AwstracerError as error:
        _complain(program, terminal.error_text(error))
        code[0] = ExitCode.UNUSABLE
    except BrokenPipeError:
        _point_at_nothing(sys.stdout)  # whoever read it has left; Python would complain at the end once more
        code[0] = ExitCode.FAILED
    except OSError as error:
        _complain(program, f"can't go on: {error.strerror or error}")
        _point_at_nothing(sys.stdout)
        code[0] = ExitCode.FAILED
    except KeyboardInterrupt:
        print(file=sys.stderr)
        code[0] = ExitCode.INTERRUPTED


def _point_at_nothing(stream: TextIO) -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)


def _complain(program: str, text: str) -> None:
    print(f"{program}: {text}", file=sys.stderr, flush=True)
