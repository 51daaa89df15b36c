"""The parsers of both programs, and the functions that parse the values of their switches.

`play_parser().parse_args(["--trace-file", "web.trace", "-p", "user-name", "tu", "bucket=-b"])` has
`params == [("user-name", "tu"), ("bucket", "-b")]`. A usage error is one line on stderr that ends with
"see awstrace-play --help". Combinations of switches are checked in `cli/main`. This module imports little, so that
`--help` is quick.
"""

from __future__ import annotations

import argparse
import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import awstracer
from awstracer import __version__
from awstracer.cli.sanitize import escape_controls

if TYPE_CHECKING:
    from awstracer.trace import selection

SETTLE = 120.0  # seconds
MOST_JOBS = 100
USAGE_ERROR = 2  # argparse's own

PLUGIN_CONFIG = """\
[plugins]
awstracer = awstracer.plugin
# AWS CLI 2 needs this line too; awscli 1 fails with it:
# cli_legacy_plugin_path = {folder}"""

DOCUMENTS = "Documentation: README.md and docs/ in the repository."

REC_USAGE = """\
awstrace-rec --trace-file FILE [switches]
       awstrace-rec --trace-file FILE [switches] -- COMMAND [ARG ...]"""
REC_DESCRIPTION = """\
Record AWS CLI commands, with their requests and responses, into a trace file
that awstrace-play can play again: under other names, in another account or
region.

Without COMMAND, type or paste 'aws ...' lines at a prompt. A line that ends in
a backslash continues in the next one. Ctrl-C drops a line or stops a command;
'exit' or Ctrl-D ends the session; ':help' lists the session's own commands.

With -- COMMAND, run COMMAND (a script, make, ...) and record each 'aws' that it
runs, at any depth; the exit code is COMMAND's."""
REC_EXAMPLES = f"""\
examples:
  awstrace-rec --trace-file web.trace
      record at a prompt
  awstrace-rec --trace-file web.trace -- ./setup.sh
      record a script
  awstrace-rec -n --trace-file web.trace < lines.txt
      record the lines of a file

{DOCUMENTS}"""

PLAY_USAGE = "awstrace-play --trace-file FILE [switches]"
PLAY_DESCRIPTION = """\
Play a trace that awstrace-rec recorded. Values that came from recorded
responses (ids, ARNs, names) are replaced by those of the new responses."""
PLAY_EXAMPLES = f"""\
examples:
  awstrace-play --trace-file web.trace --dryrun --explain
      show what would be sent, and where each value comes from; send nothing
  awstrace-play --trace-file web.trace -p user-name tu policy-name tp
      play with another user name and another policy name
  awstrace-play --trace-file web.trace --profile test --save-trace test.trace
      play under another profile, and record that replay

exit codes:
  0    everything succeeded
  1    a command failed or, with --step, was not run
  2    nothing was sent: the command line, the trace or an override is wrong, or
       the account or an answer is not the expected one
  130  interrupted

{DOCUMENTS}"""


class _Parser(argparse.ArgumentParser):
    """A parser with a fixed usage line, no group but those added, and usage errors of one line."""

    def __init__(self, prog: str, usage: str, description: str, examples: str) -> None:
        super().__init__(
            prog=prog,
            usage=usage,
            description=description,
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            add_help=False,
        )

    def error(self, message: str) -> NoReturn:
        text = escape_controls(message).replace("\n", " ")
        self.exit(USAGE_ERROR, f"{self.prog}: {text}; see {self.prog} --help\n")


def rec_parser() -> argparse.ArgumentParser:
    """Return the parser of `awstrace-rec`, for the words before `--`."""
    parser = _Parser("awstrace-rec", REC_USAGE, REC_DESCRIPTION, REC_EXAMPLES)
    which = parser.add_argument_group("which commands")
    which.add_argument(
        "-s",
        "--allow-shell",
        action="store_true",
        help="at the prompt, run lines other than 'aws ...' in the shell; they are not recorded, "
        "but the time they take becomes a pause of the replay",
    )
    which.add_argument("-d", "--no-confirm", action="store_true", help="with -s: run such lines without asking first")
    values = parser.add_argument_group("other values")
    values.add_argument(
        "--keep-secrets",
        action="store_true",
        help="store passwords, keys and tokens in the trace; without this, each is replaced by a placeholder",
    )
    where = parser.add_argument_group("where")
    where.add_argument("--trace-file", required=True, type=Path, metavar="FILE", help="write the trace to FILE")
    existing = where.add_mutually_exclusive_group()
    existing.add_argument("--append", action="store_true", help="if FILE exists, append to its trace")
    existing.add_argument("--overwrite", action="store_true", help="if FILE exists, replace it when saving")
    how = parser.add_argument_group("how")
    how.add_argument(
        "-n",
        "--no-prompts",
        action="store_true",
        help="record every command that succeeds, and save the trace, without asking",
    )
    shown = parser.add_argument_group("what is shown")
    shown.add_argument(
        "--print-plugin-config",
        action=_PluginConfig,
        help="print the lines for ~/.aws/config that let plain 'aws' commands be recorded while AWSTRACE_FILE names "
        "a trace, and exit",
    )
    _add_common_switches(shown)
    return parser


class _PluginConfig(argparse.Action):
    """Prints the configuration that loads the plugin, and ends the program, as `--version` does."""

    def __init__(self, option_strings: Sequence[str], dest: str, **rest: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **rest)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(PLUGIN_CONFIG.format(folder=Path(awstracer.__file__).resolve().parent.parent))
        parser.exit()


def play_parser() -> argparse.ArgumentParser:
    """Return the parser of `awstrace-play`, for the words before `--`."""
    parser = _Parser("awstrace-play", PLAY_USAGE, PLAY_DESCRIPTION, PLAY_EXAMPLES)
    _add_which(parser.add_argument_group("which commands"))
    _add_values(parser.add_argument_group("other values"))
    _add_where(parser.add_argument_group("where"))
    _add_how(parser.add_argument_group("how"))
    shown = parser.add_argument_group("what is shown")
    shown.add_argument("--list", action="store_true", help="show the recorded commands, one line each, and do nothing")
    shown.add_argument(
        "--explain", action="store_true", help="show under each line where its values come from, and why"
    )
    shown.add_argument(
        "--output",
        choices=["text", "json"],
        default="text",
        help="with --dryrun: json prints a report for programs",
    )
    shown.add_argument(
        "-d", "--debug", action="store_true", help="show on stderr the relations of the trace and each value's source"
    )
    _add_common_switches(shown)
    return parser


def _add_which(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--trace-file", required=True, type=Path, metavar="FILE", help="play the trace in FILE")
    group.add_argument("--start-at", type=_number, metavar="N", help="play from command N on")
    group.add_argument(
        "--only", type=_ranges, metavar="N,M..K", help="play only these commands: numbers and ranges (4.. and ..3 too)"
    )


def _add_values(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-p",
        "--param",
        dest="params",
        nargs="+",
        action=_Pairs,
        default=[],
        metavar=("NAME VALUE", "NAME VALUE"),
        help="give a parameter another value wherever the trace has it, and in everything that depends on it. "
        "NAME is spelled as the CLI does (user-name) or the API (UserName); N.NAME is the one of command N only. "
        "VALUE is what you would type after the option (text, file://, JSON, shorthand). "
        "Write NAME=VALUE if VALUE begins with a dash",
    )
    group.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="N.NAME",
        help="send a parameter of command N as it was recorded, though it came from elsewhere; "
        "NAME alone is the one of every command",
    )


def _add_where(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--profile", metavar="P", help="play every command under this profile")
    group.add_argument("--region", metavar="R", help="play every command in this region")
    group.add_argument(
        "--endpoint",
        "--endpoint-url",
        dest="endpoint",
        type=_endpoint,
        metavar="URL",
        help="send every command to this endpoint",
    )
    group.add_argument(
        "--expect-account", type=_account, metavar="ID", help="send nothing if the credentials are of another account"
    )


def _add_how(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--dryrun", "--dry-run", action="store_true", help="show the lines that would be run, and send nothing"
    )
    group.add_argument("--step", action="store_true", help="ask before each command: yes, no, quit, or all")
    group.add_argument(
        "--yes",
        action="store_true",
        help="do not ask about recorded profiles and endpoints, nor what a foreign trace does on this machine",
    )
    group.add_argument(
        "--trust", action="store_true", help="take the trace for your own recording, though it was made elsewhere"
    )
    group.add_argument("-f", "--force", action="store_true", help="continue after a failure")
    group.add_argument(
        "-s", "--sleep", type=_seconds, metavar="N", help="wait N seconds between commands instead of recorded pauses"
    )
    group.add_argument(
        "--settle",
        type=_seconds,
        default=SETTLE,
        metavar="SECONDS",
        help="seconds to keep retrying a command that fails because a resource created earlier in this replay is not "
        "visible yet (eventual consistency); %(default)g by default, 0 for no retry",
    )
    group.add_argument(
        "-j",
        "--jobs",
        type=_jobs,
        default=1,
        metavar="N",
        help="run up to N commands at the same time if they do not depend on one another (%(default)s by default)",
    )
    group.add_argument("--save-trace", type=Path, metavar="FILE", help="record the replay itself in FILE, as it runs")
    group.add_argument(
        "--resume",
        action="store_true",
        help="with --save-trace: continue the replay that FILE has, in the same account",
    )


def _add_common_switches(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-c", "--no-color", action="store_true", help="no colours; NO_COLOR and a pipe switch them off too"
    )
    group.add_argument(
        "--version", action="version", version=f"awstracer {__version__}", help="show the version, and exit"
    )
    group.add_argument("-h", "--help", action="help", help="show this help, and exit")


def split_at_dashes(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str] | None]:
    """Return the words before the first `--`, and those after it; None if there is no `--`."""
    if "--" not in words:
        return words, None
    at = words.index("--")
    return words[:at], words[at + 1 :]


def has_switches_beside_list(parser: argparse.ArgumentParser, args: argparse.Namespace) -> bool:
    """Return whether there are switches that have no effect with `--list`."""
    allowed = {"trace_file", "list", "start_at", "only", "no_color"}
    return any(value != parser.get_default(name) for name, value in vars(args).items() if name not in allowed)


class _Pairs(argparse.Action):
    """Appends the pairs of one `-p`.

    A word in the place of a name is NAME=VALUE if it has an equals sign, and a pair by itself; otherwise it is NAME,
    and the next word is VALUE, whatever characters it has. No name needs an equals sign: options and members have none,
    and in the name of a secret punctuation is ignored.
    """

    def __call__(self, _parser: object, namespace: argparse.Namespace, words: Any, *_: object) -> None:
        pairs = list(getattr(namespace, self.dest))
        left = iter(words)
        for word in left:
            name, is_joined, value = word.partition("=")
            if not is_joined:
                value = next(left, None)
            if value is None:
                hint = "write NAME VALUE, or NAME=VALUE if VALUE begins with a dash"
                raise argparse.ArgumentError(self, f"{name} has no value behind it: {hint}")
            pairs.append((name, value))
        setattr(namespace, self.dest, pairs)


def _seconds(text: str) -> float:
    from awstracer.trace.serializer import MAX_SECONDS

    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds: it must be from 0 to {MAX_SECONDS:.0f}")
    return seconds


def _endpoint(text: str) -> str:
    if "://" not in text:
        raise argparse.ArgumentTypeError(f"{text} is not a URL: write http://{text} or https://{text}")
    return text


def _number(text: str) -> int:
    from awstracer.trace import selection

    with _value_errors():
        return selection.parse_number(text)


def _jobs(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= MOST_JOBS:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to {MOST_JOBS}")
    return int(text)


def _ranges(text: str) -> tuple[selection.Range, ...]:
    from awstracer.trace import selection

    with _value_errors():
        return selection.parse_ranges(text)


def _account(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise argparse.ArgumentTypeError(f"{text} is not an account id: it must have 12 digits")
    return text


@contextlib.contextmanager
def _value_errors() -> Iterator[None]:
    """Turn a ValueError into a usage error with the same message."""
    try:
        yield
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
