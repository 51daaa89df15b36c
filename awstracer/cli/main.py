"""The two programs: `rec_main` and `play_main` read the switches, run a command, and return the exit code.

Each first checks which switches go together, then hands their values on as keywords: to `cli/record_command`,
`cli/play_command`, `cli/dry_run_command` or `cli/list_command`; the parser's namespace does not leave this module.
Whatever ends a program early becomes one line on stderr in one place, `_run`. Modules that do the work are imported
after the switches have been understood, so that `--help` takes little longer than Python itself.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TextIO

from awstracer.cli import parsers

if TYPE_CHECKING:
    import argparse

    from awstracer.cli.styles import Styles
    from awstracer.plan.request import PlayRequest


def rec_main(argv: Sequence[str] | None = None) -> int:
    """Run `awstrace-rec`: record a session, or the command after `--`; return the exit code."""
    _open_streams()
    words, command = parsers.split_at_dashes(sys.argv[1:] if argv is None else argv)
    parser = parsers.rec_parser()
    args, unknown = parser.parse_known_args(words)
    if unknown:
        hint = "" if unknown[0].startswith("-") else " (write -- before the command that is to be recorded)"
        parser.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    _check_rec(parser, args, command)
    return _run("awstrace-rec", lambda: _record(args, command))


def play_main(argv: Sequence[str] | None = None) -> int:
    """Run `awstrace-play`: play a trace, list it, or show what playing it would send; return the exit code."""
    _open_streams()
    words, after = parsers.split_at_dashes(sys.argv[1:] if argv is None else argv)
    parser = parsers.play_parser()
    args = parser.parse_args(words)
    _check_play(parser, args, after)
    return _run("awstrace-play", lambda: _list(args) if args.list else _play(args))


def _check_rec(parser: argparse.ArgumentParser, args: argparse.Namespace, command: Sequence[str] | None) -> None:
    """End the program with a usage error if some switches do not go together."""
    if command is not None and not command:
        parser.error("a command must follow --")
    if command is not None and (args.allow_shell or args.no_confirm):
        parser.error("-s and -d are for sessions at a prompt, and do not go with -- COMMAND")


def _check_play(parser: argparse.ArgumentParser, args: argparse.Namespace, after: Sequence[str] | None) -> None:
    """End the program with a usage error if some switches do not go together."""
    if after:
        parser.error(f"nothing may follow --, and {after[0]} does")
    if args.list and parsers.has_switches_beside_list(parser, args):
        parser.error("--list goes with --start-at, --only and no other switch")
    if args.output == "json" and not args.dryrun:
        parser.error("--output json goes with --dryrun only")
    if args.save_trace and args.dryrun:
        parser.error("--save-trace records what is sent, and --dryrun sends nothing")
    if args.resume and not args.save_trace:
        parser.error("--resume needs --save-trace FILE, the file of the replay to resume")
    if args.step and args.jobs > 1:
        parser.error("--step asks before each command, so it does not go with --jobs")


def _record(args: argparse.Namespace, command: Sequence[str] | None) -> int:
    from awstracer.cli.record_command import RecordCommand

    record = RecordCommand(
        args.trace_file,
        append=args.append,
        overwrite=args.overwrite,
        asks=not args.no_prompts,
        keeps_secrets=args.keep_secrets,
        styles=_styles(no_color=args.no_color),
    )
    if command is not None:
        return record.run_script(command)
    return record.run_session(allows_shell=args.allow_shell, confirms_shell=not args.no_confirm)


def _list(args: argparse.Namespace) -> int:
    from awstracer.cli import list_command

    return list_command.run(args.trace_file, start=args.start_at, only=args.only)


def _play(args: argparse.Namespace) -> int:
    play_request, styles = _play_request(args), _styles(no_color=args.no_color)
    if args.dryrun:
        from awstracer.cli import dry_run_command
        from awstracer.cli.plan_view import PlanView

        view = PlanView(styles, explain=args.explain, debug=args.debug)
        return dry_run_command.run(play_request, view, as_json=args.output == "json")
    from awstracer.cli.play_command import PlayCommand
    from awstracer.cli.replay_view import ReplayView
    from awstracer.cli.terminal import escaped_output

    replay_view = ReplayView(styles, explain=args.explain, debug=args.debug)
    with escaped_output():
        return PlayCommand(play_request, replay_view).run(args.save_trace, resume=args.resume)


def _play_request(args: argparse.Namespace) -> PlayRequest:
    from awstracer.plan.model import Keep, Override
    from awstracer.plan.request import PlayRequest

    options = {"--profile": args.profile, "--region": args.region, "--endpoint-url": args.endpoint}
    overrides = [Override.parse(name, text) for name, text in args.params]
    return PlayRequest(
        trace_file=args.trace_file,
        overrides=[*overrides, *map(Keep.parse, args.keep)],
        global_options={name: value for name, value in options.items() if value is not None},
        start=args.start_at,
        only=args.only,
        agrees=args.yes,
        trusts=args.trust,
        account=args.expect_account,
        asks_each=args.step,
        pause=args.sleep,
        keep_going=args.force,
        settle=args.settle,
        jobs=args.jobs,
    )


def _styles(*, no_color: bool) -> Styles:
    from awstracer.cli.styles import PLAIN, coloured

    if no_color or os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return PLAIN
    return coloured()


def _run(program: str, action: Callable[[], int]) -> int:
    """Return the exit code of an action; whatever ends it early becomes one line on stderr."""
    from awstracer.cli.output import error_text, print_message
    from awstracer.errors import AwstracerError, ExitCode

    try:
        return action()
    except AwstracerError as error:
        print_message(program, error_text(error))
        return ExitCode.UNUSABLE
    except BrokenPipeError:
        _redirect_to_null(sys.stdout)  # nobody reads it any more, and Python would report that again at its end
        return ExitCode.FAILED
    except OSError as error:
        print_message(program, f"cannot continue: {error.strerror or error}")
        _redirect_to_null(sys.stdout)
        return ExitCode.FAILED
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return ExitCode.INTERRUPTED


# --- streams


def _open_streams() -> None:
    """Open the null device in the place of an output stream that is closed, and have the input read without a BOM.

    Otherwise the file that is opened next would get its number, and be written to. The null device is not inherited:
    what the program runs finds its stream closed, as it was.
    """
    _skip_byte_order_mark()
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            null = _open_null()
            if null != number:
                os.dup2(null, number, inheritable=False)
                os.close(null)
            stream = open(number, "w", errors="backslashreplace", closefd=False)  # noqa: SIM115 - as long as the program runs
            setattr(sys, name, stream)


def _skip_byte_order_mark() -> None:
    """Have the input read without the byte order mark that some editors put before the first line of UTF-8."""
    stdin = sys.stdin
    if not isinstance(stdin, io.TextIOWrapper) or stdin.isatty():
        return
    if codecs.lookup(stdin.encoding).name == "utf-8":
        stdin.reconfigure(encoding="utf-8-sig", errors=stdin.errors)


def _open_null() -> int:
    """Return a descriptor of the null device; end the program if it cannot be opened."""
    try:
        return os.open(os.devnull, os.O_WRONLY)
    except OSError as error:
        sys.exit(f"awstracer: an output stream is closed, and {os.devnull} cannot replace it: {error.strerror}")


def _redirect_to_null(stream: TextIO) -> None:
    null = _open_null()
    os.dup2(null, stream.fileno())
    os.close(null)
