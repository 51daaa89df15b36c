"""The two commands: mains that give back exit codes, and tell what went wrong in one line.

What does the work is imported once the switches have been understood: `--help` does without.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

from awstracer import switches

if TYPE_CHECKING:
    import argparse

    from awstracer.planning import Order
    from awstracer.screen import Screen
    from awstracer.styles import Styles

SELDOM = 50_000  # objects more between two rounds of the garbage collector; the models alone are ten times as many


def rec_main(argv: Sequence[str] | None = None) -> int:
    """`awstrace-rec`: record a session; gives back its exit code."""
    _open_streams()
    own, command = switches.command_apart(sys.argv[1:] if argv is None else argv)
    parser = switches.rec_parser()
    args = parser.parse_args(own)
    gc.set_threshold(SELDOM)
    if command is not None:
        if not command or args.allow_shell or args.no_confirm:
            parser.error("behind -- goes a command" if not command else "-s and -d are for sessions")
        return _record_script(args, command)
    from awstracer import console, recorder, recording

    with _errors_told("awstrace-rec") as failed:
        return recording.record(
            args.trace_file,
            append=args.append,
            overwrite=args.overwrite,
            styles=_styles(args.no_color),
            settings=recorder.Settings(
                ask=not args.no_prompts,
                shell=args.allow_shell,
                confirm_shell=not args.no_confirm,
                keep_secrets=args.keep_secrets,
                batch=args.no_prompts and not console.is_somebody_there(),
            ),
        )
    return failed[0]


def _record_script(args: argparse.Namespace, command: Sequence[str]) -> int:
    from awstracer import record_script_command  # it needs what only Unix has

    with _errors_told("awstrace-rec") as failed:
        return record_script_command.run(
            command,
            args.trace_file,
            append=args.append,
            overwrite=args.overwrite,
            styles=_styles(args.no_color),
            ask=not args.no_prompts,
            keep_secrets=args.keep_secrets,
        )
    return failed[0]


def play_main(argv: Sequence[str] | None = None) -> int:
    """`awstrace-play`: play a trace, or show it; gives back the exit code."""
    _open_streams()
    parser = switches.play_parser()
    args = parser.parse_args(argv)
    gc.set_threshold(SELDOM)
    if args.output == "json" and not args.dryrun:
        parser.error("--output json goes with --dryrun")
    if args.save_trace and args.dryrun:
        parser.error("--save-trace records what is done, which with --dryrun is nothing")
    if args.resume and not args.save_trace:
        parser.error("--resume goes with --save-trace FILE, which says what was done")
    if args.step and args.jobs > 1:
        parser.error("--step asks before each command, which leaves nothing for --jobs")
    if args.list and switches.beside_list(parser, args):
        parser.error("--list goes with --start-at, --only and no other switch")
    if args.list:
        return _list(args)
    from awstracer.planning import Order
    from awstracer.screen import Screen
    from awstracer.steps import Override

    given = {"--profile": args.profile, "--region": args.region, "--endpoint-url": args.endpoint}
    overrides = [Override.parse(*param) for param in args.params] + [Override.parse(name, None) for name in args.keep]
    order = Order(
        trace_file=args.trace_file,
        overrides=overrides,
        given={name: value for name, value in given.items() if value is not None},
        start=args.start_at,
        only=args.only,
        agrees=args.yes,
        account=args.expect_account,
        asks_each=args.step,
        pause=args.sleep,
        keep_going=args.force,
        settle=args.settle,
        jobs=args.jobs,
    )
    with _errors_told("awstrace-play") as failed:
        styles = _styles(args.no_color)
        if args.dryrun:
            screen = Screen(styles, explain=args.explain, debug=args.debug)
            return _preview(order, screen, as_json=args.output == "json")
        from awstracer.playing import Playing
        from awstracer.progress import Progress

        progress = Progress(styles, explain=args.explain, debug=args.debug)
        return Playing(order, progress).play(args.save_trace, resume=args.resume)
    return failed[0]


def _open_streams() -> None:
    """Have output that is closed lead nowhere: what is opened next would get its number, and be written to.

    What the program itself runs has it closed, as ever.
    """
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            nothing = _nothing()
            if nothing != number:
                os.dup2(nothing, number, inheritable=False)
                os.close(nothing)
            stream = open(number, "w", errors="backslashreplace", closefd=False)  # noqa: SIM115 - as long as the program runs
            setattr(sys, name, stream)


def _preview(order: Order, screen: Screen, *, as_json: bool) -> int:
    from awstracer import preview

    return preview.preview(order, screen, as_json=as_json)


def _list(args: argparse.Namespace) -> int:
    from awstracer import listing

    with _errors_told("awstrace-play") as failed:
        listing.show_list(args.trace_file, start=args.start_at, only=args.only)
    return failed[0]


def _styles(no_color: bool) -> Styles:
    from awstracer.styles import PLAIN

    if no_color or os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return PLAIN
    from awstracer import colours

    return colours.coloured()


@contextlib.contextmanager
def _errors_told(program: str) -> Iterator[list[int]]:
    """Whatever the person can cause ends here in one line on stderr; the list then holds the exit code."""
    from awstracer import complaints
    from awstracer.errors import AwstracerError, ExitCode

    code = [int(ExitCode.OK)]
    try:
        yield code
    except AwstracerError as error:
        complaints.complain(program, complaints.error_text(error))
        code[0] = ExitCode.UNUSABLE
    except BrokenPipeError:
        _point_at_nothing(sys.stdout)  # whoever read it has left; Python would complain at the end once more
        code[0] = ExitCode.FAILED
    except OSError as error:
        complaints.complain(program, f"can't go on: {error.strerror or error}")
        _point_at_nothing(sys.stdout)
        code[0] = ExitCode.FAILED
    except KeyboardInterrupt:
        print(file=sys.stderr)
        code[0] = ExitCode.INTERRUPTED


def _nothing() -> int:
    """What swallows all that is written, open; without it, the program ends."""
    try:
        return os.open(os.devnull, os.O_WRONLY)
    except OSError as error:
        sys.exit(f"awstracer: the output is closed, and {os.devnull} doesn't open in its place: {error.strerror}")


def _point_at_nothing(stream: TextIO) -> None:
    nothing = _nothing()
    os.dup2(nothing, stream.fileno())
    os.close(nothing)
