"""The two commands: their parsers, and mains that wire the parts together and give back exit codes."""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

import colorama

from awstracer import __version__, document, identifiers, plan, player, recorder, relations, terminal, tracefile
from awstracer.errors import AwstracerError, MissingValue, TraceError
from awstracer.player import Player, Report, Status
from awstracer.recorder import Recorder
from awstracer.resolve import Invocation, Knowledge, Played
from awstracer.steps import Override, Plan, Step
from awstracer.terminal import COLOURED, PLAIN, Console, Styles
from awstracer.trace import Circumstances, Trace

if TYPE_CHECKING:
    from awstracer.driver import AwsCli


class ExitCode(IntEnum):
    """What the commands end with."""

    OK = 0
    FAILED = 1
    UNUSABLE = 2
    INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """A parser whose messages don't steer the terminal, whatever is on the command line."""

    def error(self, message: str) -> NoReturn:
        super().error(terminal.visible(message))


# --- awstrace-rec


def rec_parser() -> argparse.ArgumentParser:
    """The parser of `awstrace-rec`."""
    parser = _Parser(
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
                ask=not args.no_prompts, shell=args.allow_shell, confirm_shell=not args.no_confirm
            ),
        )
    return failed[0]


def _record(path: Path, *, append: bool, overwrite: bool, styles: Styles, settings: recorder.Settings) -> int:
    from awstracer import driver  # importing awscli takes a while, and --help doesn't need it

    aws = driver.AwsCli()
    console = Console(styles=styles, complete=aws.complete)
    aws.check_profile(None)
    tracefile.check_writable(path)
    if path.exists() and not (append or overwrite):
        if not settings.ask:
            console.say(f"awstrace-rec: {path} exists: say --append or --overwrite")
            return ExitCode.UNUSABLE
        append, overwrite = _ask_about(path, console)
        if not (append or overwrite):
            console.say(f"awstrace-rec: {path} is left as it is; name another file")
            return ExitCode.UNUSABLE
    before = tracefile.load(path) if append and path.exists() else None
    session = Recorder(runner=aws, console=console, shell=_shell, now=_now, settings=settings)
    started = _now()
    with console.session(_history_file()):
        ask = _run(session, console) and settings.ask
        recorded = Circumstances(started, _region(session), __version__, driver.VERSION)
        trace = Trace(tuple(session.commands), recorded)
        return _save(path, before, trace, console, ask=ask)


class _Ended(BaseException):
    """The session was told to end, by a signal. No `Exception`: awscli would take it for a failure of its own."""


def _run(session: Recorder, console: Console) -> bool:
    """Whether there is still a terminal to ask at when the session has ended."""

    def end(number: int, _: object) -> None:
        raise _Ended(signal.Signals(number).name)

    for name in ("SIGHUP", "SIGTERM"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
    try:
        session.run()
    except (OSError, _Ended) as reason:
        with contextlib.suppress(OSError):
            console.say(f"awstrace-rec: the session was ended: {reason}")
        return False
    return True


def _ask_about(path: Path, console: Console) -> tuple[bool, bool]:
    """Whether to append to an existing file, or to overwrite it."""
    append = console.confirm(f"{path} exists. Continue the trace in it? [y/N]: ")
    return append, not append and console.confirm("Replace it when saving? [y/N]: ")


def _save(path: Path, before: Trace | None, trace: Trace, console: Console, *, ask: bool) -> int:
    if not trace.commands:
        console.say("awstrace-rec: nothing was recorded")
        return ExitCode.OK
    if ask and not console.confirm(f"Save cached trace to {path}? [y/N]: ", without_answer=True):
        return ExitCode.OK
    if before is not None:
        trace = Trace(before.commands + trace.commands, before.recorded)
    try:
        tracefile.save(trace, path)
    except TraceError as error:
        rescue = Path(tempfile.mkdtemp(prefix="awstracer-")) / path.name
        tracefile.save(trace, rescue)
        console.say(f"awstrace-rec: {terminal.error_text(error)}; the trace is in {rescue} instead")
        return ExitCode.FAILED
    return ExitCode.OK


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
    parser = _Parser(
        prog="awstrace-play",
        description="Play a trace that awstrace-rec recorded. What the recorded responses fed into later commands "
        "(ids, ARNs, names) is taken from the new responses.",
        epilog="Exit code: 0 everything succeeded, 1 a command failed, 2 the command line, the trace or an override "
        "is wrong (nothing was sent), 130 interrupted.",
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
    overrides = [Override.parse(*param) for param in args.params] + [Override.parse(name, None) for name in args.keep]
    switches = {"--profile": args.profile, "--region": args.region, "--endpoint-url": args.endpoint}
    given = {name: value for name, value in switches.items() if value is not None}
    with _errors_told("awstrace-play") as failed:
        trace = tracefile.load(args.trace_file)
        from awstracer import driver  # importing awscli takes a while, and --help doesn't need it

        aws = driver.AwsCli()
        aws.check_profile(given.get("--profile"))
        found = relations.derive(trace, driver.query, aws)
        steps = plan.make(trace, found, overrides, aws, given)
        played = _played(aws, given)
        knowledge = Knowledge(steps, live=not args.dryrun, query=driver.query, played=played)
        screen = Screen(_styles(args.no_color), explain=args.explain, debug=args.debug)
        screen.found(found)
        if args.dryrun:
            moved = None not in (trace.recorded.region, played.region) and trace.recorded.region != played.region
            return _preview(knowledge, screen, moved=moved, as_json=args.output == "json")
        settings = player.Settings(extra=_words(given), pause=args.sleep, keep_going=args.force)
        return _play(steps, knowledge, aws, screen, settings)
    return failed[0]


def _preview(knowledge: Knowledge, screen: Screen, *, moved: bool, as_json: bool) -> int:
    invocations = [(step, knowledge.invocation(step)) for step in knowledge.steps]
    if as_json:
        _show(document.dumps(invocations))
        return ExitCode.OK
    for step, invocation in invocations:
        screen.starting(step, invocation)
        if moved:
            screen.left(step, invocation)
    return ExitCode.OK


def _words(given: dict[str, str]) -> tuple[str, ...]:
    return tuple(word for pair in given.items() for word in pair)


def _played(aws: AwsCli, given: dict[str, str]) -> Played:
    region = given.get("--region") or aws.region(given.get("--profile"))
    partition = aws.partition(region) if region else None
    return Played(region, partition, functools.cache(lambda: aws.account(_words(given))))


def _play(steps: Plan, knowledge: Knowledge, aws: AwsCli, screen: Screen, settings: player.Settings) -> int:
    with _interrupts() as interrupts:
        report = Player(
            steps,
            knowledge=knowledge,
            runner=aws,
            sleep=time.sleep,
            observer=screen,
            settings=settings,
            interrupted=lambda: bool(interrupts),
        ).play()
    screen.ended(report)
    if report.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if report.succeeded else ExitCode.FAILED


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

    def starting(self, step: Step, invocation: Invocation) -> None:
        """A command is about to run, or would be."""
        _show(terminal.played(invocation, self._styles))
        unsaid = terminal.unsaid(invocation, self._styles)
        if unsaid:
            _show(unsaid)
        for line in terminal.explained(step, invocation, self._styles) if self._explain else ():
            _show(line)
        for substitution in invocation.substitutions:
            for line in terminal.doubtful(step, substitution):
                _complain("awstrace-play", line)
        if self._debug:
            for line in terminal.explained(step, invocation, PLAIN):
                _complain("awstrace-play", f"command {step.number}: {line.strip()}")

    def left(self, step: Step, invocation: Invocation) -> None:
        """A command would be sent to another region with what was recorded in the old one."""
        for line in terminal.unrelated(step, invocation, self._styles) if not self._explain else ():
            _show(line)

    def faulty(self, step: Step, faults: Sequence[str]) -> None:
        """A command's response could not be taken down."""
        for fault in faults:
            _complain("awstrace-play", f"a part of command {step.number}'s answer is lost: {fault}")

    def not_sent(self, step: Step, missing: MissingValue, status: Status) -> None:
        """A command can't be sent."""
        _complain("awstrace-play", terminal.not_sent(step, missing, status))

    def ended(self, report: Report) -> None:
        """The replay is over."""
        told = terminal.summary(report)
        if told:
            _complain("awstrace-play", told)


# --- both


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


def _show(text: str) -> None:
    """Print a text; a character that the output's encoding lacks is spelled out, as Python does on stderr."""
    encoding = sys.stdout.encoding
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def _complain(program: str, text: str) -> None:
    print(f"{program}: {terminal.visible(text)}", file=sys.stderr, flush=True)
