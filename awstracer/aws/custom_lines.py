"""How awscli reads the line of a custom command: which command it is in the end, and what its arguments are.

`s3 --dryrun cp --recursive site s3://b` is read as `CustomLine(("s3", "cp"), {"paths": ["site", "s3://b"], ...})`. The
words of a line alone don't tell: options may stand anywhere and be abbreviated, and `cloudformation deploy ... push`
runs `deploy push`, since awscli offers it there too. So awscli's own parsers read the line, one after the other, as its
commands do when they are called (`CLIDriver.main`, `ServiceCommand.__call__`, `BasicCommand.__call__`). Nothing is run.

`aws/custom_commands` tells what such a line does on this machine.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import awscli.clidriver
from awscli.argparser import ArgTableArgParser
from awscli.customizations.commands import BasicCommand
from awscli.customizations.waiters import WaiterStateCommand

from awstracer.aws import isolation
from awstracer.aws.argument_files import Files

HELP = "help"


@dataclass(frozen=True)
class CustomLine:
    """A line as awscli reads it.

    words       the command's name, `("s3", "cp")`; that of a help page ends with `help`
    arguments   their values, by the names that awscli's parser gives them
    is_builtin  whether the command is awscli's own, and not a plugin's
    is_api_call   whether it is an operation's or a waiter's, which do nothing else than call
    """

    words: tuple[str, ...]
    arguments: Mapping[str, Any]
    is_builtin: bool = True
    is_api_call: bool = False


def read_line(driver: Any, commands: Mapping[str, Any], argv: Sequence[str], files: Files) -> CustomLine | None:
    """Return how awscli reads a line; None if it refuses it, so that nothing is run.

    `driver` must not run lines; `commands` are awscli's by their first word; `files` has the contents of the line's
    `file://` words.
    """
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            table = dict(commands)
            options, rest = isolation.main_parser(driver, table).parse_known_args(list(argv))
            return _read_command((options.command,), table[options.command], rest, files)
        except SystemExit:  # argparse, on usage errors and --version
            return None
        except Exception:  # noqa: BLE001 - a fault of awscli's parsers: `history show --format x`
            return CustomLine(tuple(argv[:1]), {}, is_builtin=False)


def _read_command(words: tuple[str, ...], command: Any, argv: Sequence[str], files: Files) -> CustomLine | None:
    """Return how a command reads the words behind its name."""
    if words == (HELP,):
        return CustomLine(words, {})
    is_builtin = type(command).__module__.startswith("awscli.")
    if isinstance(command, BasicCommand):
        return _read_basic_command(words, command, argv, files)
    if isinstance(command, awscli.clidriver.ServiceCommand):
        table = command.create_help_command().command_table
        options, rest = isolation.service_parser(command).parse_known_args(argv)
        if options.operation == HELP:
            return CustomLine((*words, HELP), {})
        return _read_command((*words, options.operation), table[options.operation], rest, files)
    if HELP in argv:  # an operation shows its page wherever the word stands
        return CustomLine((*words, HELP), {})
    is_api_call = type(command) in (awscli.clidriver.ServiceOperation, WaiterStateCommand)
    return CustomLine(words, {}, is_builtin, is_api_call)


def _read_basic_command(
    words: tuple[str, ...], command: BasicCommand, argv: Sequence[str], files: Files
) -> CustomLine | None:
    subcommands = command.subcommand_table
    parsed, rest = ArgTableArgParser(command.arg_table, subcommands).parse_known_args(list(argv))
    if hasattr(parsed, HELP):
        return CustomLine((*words, HELP), {})
    if getattr(parsed, "subcommand", None) is not None:
        return _read_command((*words, parsed.subcommand), subcommands[parsed.subcommand], rest, files)
    if rest:
        return None
    return CustomLine(words, _values(parsed, files), type(command).__module__.startswith("awscli."))


def _values(parsed: argparse.Namespace, files: Files) -> dict[str, Any]:
    """Return the values of arguments, with the content of a file in the place of a word that stands for it."""
    values = {}
    for name, value in vars(parsed).items():
        word = value[0] if isinstance(value, list) and len(value) == 1 else value  # as `awscli.paramfile` takes it
        values[name] = files.get(word, value) if isinstance(word, str) else value
    return values
