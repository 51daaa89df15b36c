"""The switches of the two commands: their parsers, and what reads the values."""

from __future__ import annotations

import argparse
import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import awstracer
from awstracer import __version__
from awstracer.legible import escaped

if TYPE_CHECKING:
    from awstracer import selection

SETTLE = 120.0  # seconds

MOST_JOBS = 100
PLUGIN_CONFIG = """\
[plugins]
awstracer = awstracer.plugin
# AWS CLI 2 needs this line too; awscli 1 fails with it:
# cli_legacy_plugin_path = {folder}"""


class _Parser(argparse.ArgumentParser):
    """A parser whose messages don't steer the terminal, whatever is on the command line."""

    def error(self, message: str) -> NoReturn:
        super().error(escaped(message))


def rec_parser() -> argparse.ArgumentParser:
    """The parser of `awstrace-rec`."""
    parser = _Parser(
        prog="awstrace-rec",
        description="Work with the AWS CLI at a prompt, and keep what you did in a trace file "
        "that awstrace-play can play again: under other names, in another account or region.",
        epilog="At the prompt: type or paste 'aws ...' lines; a line that ends in a backslash goes on in the next. "
        "'exit' or Ctrl-D ends the session, Ctrl-C drops a line or stops a command; ':help' tells what else there is. "
        "With -- COMMAND ARG... behind the switches, COMMAND runs instead (a script, make, ...), and each aws in it "
        "is recorded, at any depth; the exit code is COMMAND's.",
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
    parser.add_argument(
        "--print-plugin-config",
        action=_PluginConfig,
        help="print the lines for ~/.aws/config that have plain aws commands recorded while AWSTRACE_FILE names "
        "a trace",
    )
    _add_common_switches(parser)
    return parser


class _PluginConfig(argparse.Action):
    """Prints the configuration that loads the plugin, and ends the program, as `--version` does."""

    def __init__(self, option_strings: Sequence[str], dest: str, **rest: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **rest)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(PLUGIN_CONFIG.format(folder=Path(awstracer.__file__).resolve().parent.parent))
        parser.exit()


def command_apart(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str] | None]:
    """The words of `awstrace-rec` before `--`, and those of the command behind it; None without a `--`."""
    if "--" not in words:
        return words, None
    at = words.index("--")
    return words[:at], words[at + 1 :]


def play_parser() -> argparse.ArgumentParser:
    """The parser of `awstrace-play`."""
    parser = _Parser(
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
        "--list", action="store_true", help="show the commands that were recorded, a line for each, and do nothing"
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
        "-j",
        "--jobs",
        type=_jobs,
        default=1,
        metavar="N",
        help="run up to N commands at the same time that don't depend on one another (%(default)s by default)",
    )
    parser.add_argument(
        "--settle",
        type=_seconds,
        default=SETTLE,
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


def beside_list(parser: argparse.ArgumentParser, args: argparse.Namespace) -> bool:
    """Whether there are switches on the line that mean nothing beside `--list`."""
    fitting = {"trace_file", "list", "start_at", "only", "no_color"}
    return any(value != parser.get_default(name) for name, value in vars(args).items() if name not in fitting)


def _add_common_switches(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-c", "--no-color", action="store_true", help="no colours (nor with NO_COLOR, or in a pipe)")
    parser.add_argument("--version", action="version", version=f"awstracer {__version__}")


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
    from awstracer import selection

    with _argument():
        return selection.number(text)


def _jobs(text: str) -> int:
    jobs = _number(text)
    if jobs > MOST_JOBS:
        raise argparse.ArgumentTypeError(f"{text} are more than {MOST_JOBS}")
    return jobs


def _ranges(text: str) -> tuple[selection.Range, ...]:
    from awstracer import selection

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
