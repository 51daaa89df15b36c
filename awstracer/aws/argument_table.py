"""awscli's argument tables as plain data: the options of a command, and what a line says with special arguments.

`ec2 run-instances` has an argument `--image-id`, which sets the member `ImageId`: an `Option`. Its argument
`--count 2` sets `MinCount` and `MaxCount` by code of its own: a special argument. Some set no parameter at all (the
file where the output goes). The special arguments of a recorded line go into its `OperationCommand` (`extra`), unless
options can set the same members.

`aws/catalog` asks awscli for the tables; `commandline/formatter` makes lines of the options.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import awscli.argparser
import awscli.argprocess
import awscli.arguments
import awscli.clidriver
import awscli.customizations.arguments
import awscli.customizations.paginate
import awscli.paramfile
from botocore import xform_name
from botocore.utils import is_json_value_header

from awstracer.aws import argument_files, isolation
from awstracer.aws.capture import snapshot
from awstracer.aws.isolation import member_name
from awstracer.commandline.formatter import is_text
from awstracer.commandline.options import ExtraArgument, OperationCommand, Option
from awstracer.commandline.text import MarkedText, Segment
from awstracer.trace.paths import Path, blobs, leaves, lookup, transform

PAGING = {"--starting-token", "--page-size", "--max-items"}  # awscli refuses even an API's own, with `--next-token`
INPUT_OPTIONS = ("cli-input-json", "generate-cli-skeleton")


@dataclass(frozen=True)
class ArgumentTable:
    """The arguments of a command, whatever its line says.

    arguments   awscli's argument objects by name
    special     those that set no member by themselves
    usual       the command of a line that has no special argument
    """

    arguments: Mapping[str, Any]
    special: tuple[Any, ...]
    usual: OperationCommand

    @classmethod
    def of(
        cls,
        words: tuple[str, ...],
        table: Mapping[str, Any],
        expands: Callable[[Any], bool],
        global_options: Iterable[str],
    ) -> ArgumentTable:
        """Return the table of the command of these words; `expands` says whether awscli expands an argument's words."""
        options = _options(table, expands, global_options)
        usual = OperationCommand(words, options, needed=tuple(_needed(table)), takes_json="cli-input-json" in table)
        return cls(table, _special(table, options), usual)

    def has_special(self, argv: Sequence[str]) -> bool:
        """Return whether a line can have a special argument, or a value from a file of bytes, so that it is parsed."""
        names = _names(argv)
        return any(not _has_name(each) or each.cli_name in names for each in self.special) or any(
            word.startswith("fileb://") for word in argv
        )

    def with_line(self, words: Sequence[str], parameters: Mapping[str, Any]) -> OperationCommand:
        """Return the command of a recorded line with its special arguments.

        `words` are those after the command's own, without global options.
        """
        special = _special_of_line(words, parse(self._parser, words) or argparse.Namespace(), self)
        generated = _generated_values(special, parameters)
        extra = _residual_arguments(special, self.usual.options, parameters, generated)
        present = {each.name for each in extra}
        needed = tuple(name for name in self.usual.needed if name.removeprefix("--") not in present)
        return replace(self.usual, extra=extra, needed=needed, generated_values=generated)

    def read(self, words: Sequence[str], unpack: Callable[[Any, Any], Any]) -> dict[str, Any] | None:
        """Return the parameters that awscli makes of a line (`ServiceOperation._build_call_parameters`).

        `words` are those after the command's own, without global options; `unpack` returns what an argument's value
        means. Return None if awscli refuses the line, or has a part of its request from `--cli-input-json`.
        """
        typed = parse(self._parser, words)
        if typed is None or any(getattr(typed, name.replace("-", "_"), None) is not None for name in INPUT_OPTIONS):
            return None
        parameters: dict[str, Any] = {}
        with contextlib.suppress(Exception):  # awscli reports bad values with many types
            for argument in self.arguments.values():
                value = unpack(argument, getattr(typed, argument.py_name, None))
                with value if isinstance(value, io.IOBase) else contextlib.nullcontext():  # a body's opened file
                    argument.add_to_params(parameters, snapshot(value))
            return parameters
        return None

    @cached_property
    def _parser(self) -> argparse.ArgumentParser:
        """awscli's parser of the command's own arguments, none of which is required (a driver would take 40 ms)."""
        table = {name: copy.copy(argument) for name, argument in self.arguments.items()}
        make_optional(argument_table=table)
        return make_parser(table)


def make_parser(arguments: Mapping[str, Any]) -> argparse.ArgumentParser:
    """Return awscli's parser of arguments, by name."""
    parser: argparse.ArgumentParser = awscli.argparser.ArgTableArgParser(arguments)
    parser.version = ""  # type: ignore[attr-defined]  # `--version` shows it and exits, in awscli's main parser too
    return parser


def parse(parser: argparse.ArgumentParser, words: Sequence[str]) -> argparse.Namespace | None:
    """Return what a parser of awscli reads from words; None if it refuses them."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            parsed, unknown = parser.parse_known_args(list(words))
        except SystemExit:
            return None
    return None if unknown else parsed


def _names(argv: Sequence[str]) -> set[str]:
    """Return the names of a line's options, and its other words."""
    return {word.partition("=")[0] for word in argv}


def _options(
    table: Mapping[str, Any], expands: Callable[[Any], bool], global_options: Iterable[str]
) -> tuple[Option, ...]:
    negations = _negations(table)
    global_names = tuple(global_options)
    options = []
    for name, argument in table.items():
        option = None if name in negations else _option(argument, negations)
        if option is not None:
            options.append(replace(option, expands=expands(argument), hidden=_is_hidden(option, global_names)))
    return tuple(options)


def _is_hidden(option: Option, global_options: Sequence[str]) -> bool:
    """Return whether awscli takes an option for a global one, an abbreviation of one, or its own paging option."""
    is_own = option.path[0] == "PaginationConfig"
    spellings = [option.name, *([option.no] if option.no is not None else [])]
    is_taken = any(name.startswith(spelling) for name in global_options for spelling in spellings)
    return is_taken or (option.name in PAGING and not is_own)


def _special(table: Mapping[str, Any], options: Sequence[Option]) -> tuple[Any, ...]:
    usual = {option.name.removeprefix("--") for option in options} | set(_negations(table)) | set(INPUT_OPTIONS)
    return tuple(argument for name, argument in table.items() if name not in usual)


def _needed(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the arguments without which awscli refuses a line even if `make_optional` is registered."""
    for argument in table.values():
        sets_no_member = isinstance(argument, awscli.customizations.arguments.StatefulArgument)
        if (argument.required and sets_no_member) or not _has_name(argument):
            yield argument.cli_name


def make_optional(*, argument_table: Mapping[str, Any], **_: Any) -> None:
    """Make no option required (a handler of awscli's event); positional arguments stay as they are."""
    for argument in argument_table.values():
        if not argument.positional_arg and _has_name(argument):
            argument.required = False


def _has_name(argument: Any) -> bool:
    """Return whether an argument's name stands before its value in a line; otherwise the value stands alone."""
    return bool(argument.cli_name.startswith("--"))


@dataclass(frozen=True)
class _SpecialArgument:
    """An argument of a recorded line that is no plain option, or one that names a file of bytes (`from_bytes`)."""

    name: str
    argument: Any
    value: Any
    from_bytes: bool


def _special_of_line(argv: Sequence[str], typed: argparse.Namespace, table: ArgumentTable) -> list[_SpecialArgument]:
    """Return the special arguments of a line, which awscli's parser read as `typed`."""
    names = _names(argv)
    found = []
    for name, argument in table.arguments.items():
        value = getattr(typed, argument.py_name, None)
        from_bytes = isinstance(value, str) and value.startswith("fileb://")
        is_typed = value is not None and (not _has_name(argument) or argument.cli_name in names)
        if is_typed and name not in INPUT_OPTIONS and (argument in table.special or from_bytes):
            found.append(_SpecialArgument(name, argument, value, from_bytes))
    return found


def _residual_arguments(
    special: Sequence[_SpecialArgument],
    options: Sequence[Option],
    parameters: Mapping[str, Any],
    generated: Mapping[Path, str],
) -> tuple[ExtraArgument, ...]:
    """Return those special arguments that a new line has to repeat, since no option says the same."""
    settable = {option.path[0] for option in options}
    extras: list[ExtraArgument] = []
    request: dict[str, Any] = {}
    for each in special:
        after = _request_with(each, parameters, request)
        if after is None:  # its file isn't among the parameters: what no option sets must come from it
            rest = frozenset(set(parameters) - settable - set(request))
            if rest:
                extras.append(
                    ExtraArgument(each.name, tuple(_words_of(each.argument, each.value)), rest, inexact_members=rest)
                )
            continue
        members = {member for member in after if after[member] != request.get(member)}
        request = {**after, **{member: parameters.get(member) for member in members if each.from_bytes}}
        contents = blobs([parameters.get(member) for member in members])
        is_renewed = any(path[0] in members for path in generated)
        if not members or not members <= settable or is_renewed or not is_text(contents):
            is_other = each.from_bytes and not any(argument_files.holds(each.value, content) for content in contents)
            words, named = tuple(_words_of(each.argument, each.value)), frozenset(members)
            extras.append(ExtraArgument(each.name, words, named, named if is_other else frozenset()))
    renewed = transform(request, lambda path, _: lookup(parameters, path) if path in generated else None)
    inexact_members = {member for member in request if renewed[member] != parameters.get(member)}
    return tuple(
        replace(extra, inexact_members=extra.inexact_members | extra.members & inexact_members) for extra in extras
    )


def _request_with(
    special: _SpecialArgument, parameters: Mapping[str, Any], request: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return a request with the members that an argument adds; None if only its file would tell."""
    contents = blobs(parameters) if special.from_bytes else [special.value]
    return next((found for content in contents for found in _added(special.argument, content, request)), None)


def _generated_values(special: Sequence[_SpecialArgument], parameters: Mapping[str, Any]) -> dict[Path, str]:
    """Return the values that awscli generates anew for each run of the line (`CallerReference`), each a new one."""
    requests: list[dict[str, Any]] = [{}, {}]
    for each in special:
        if not each.from_bytes:
            requests = [_request_with(each, parameters, request) or request for request in requests]
    first, second = requests
    found = {}
    for path, leaf in leaves(second):
        with contextlib.suppress(LookupError):
            if isinstance(leaf, str) and lookup(first, path) != leaf and isinstance(lookup(parameters, path), str):
                found[path] = leaf
    return found


def _negations(table: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of the options that set a member to false, with these members.

    Not every name begins with `no-`: awscli renames some (`--no-reboot` and `--reboot`).
    """
    return {name: str(member_name(argument)) for name, argument in table.items() if isolation.is_negation(argument)}


def _option(argument: Any, negations: Mapping[str, str]) -> Option | None:
    """Return an argument as an option; None if it sets no member directly."""
    member = member_name(argument)
    if isinstance(argument, awscli.customizations.paginate.PageArgument):
        return Option(argument.cli_name, ("PaginationConfig", str(member)), argument.cli_type_name)
    if not isinstance(argument, awscli.arguments.CLIArgument) or member is None:
        return None
    shape = argument.argument_model
    modelled = isolation.operation_model(argument).input_shape.members.get(member, shape)
    is_flag = isinstance(argument, awscli.arguments.BooleanArgument)
    negated = next((name for name, negates in negations.items() if is_flag and negates == member), None)
    return Option(
        name=argument.cli_name,
        path=(member,),
        kind=_kind(shape),
        item=_kind(shape.member) if shape.type_name == "list" else None,
        no=None if negated is None else f"--{negated}",
        excluded_members=frozenset(getattr(modelled, "members", ())) - frozenset(getattr(shape, "members", ())),
    )


def _kind(shape: Any) -> str:
    """Return a shape's type; `document` for what `awscli.argprocess` reads as JSON whatever it is."""
    if getattr(shape, "is_document_type", False) or is_json_value_header(shape):
        return "document"
    return str(shape.type_name)


def _added(argument: Any, value: Any, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a request with the members that an argument adds for a value; nothing if awscli refuses the value."""
    added = copy.deepcopy(dict(request))
    if isinstance(argument, awscli.customizations.arguments.StatefulArgument):  # it keeps the value to itself
        yield added
        return
    with contextlib.suppress(Exception):  # running the line will say what is wrong
        argument.add_to_params(added, value)
        yield added


def _words_of(argument: Any, value: Any) -> list[MarkedText]:
    values = [str(item) for item in value] if isinstance(value, list) else [str(value)]
    values = [] if isinstance(value, bool) else values
    return [(Segment(word),) for word in (values if not _has_name(argument) else [argument.cli_name, *values])]


def boolean(text: str) -> bool:
    """Return the boolean that `-p` means by `true` or `false`; raise ValueError for any other text."""
    if text.lower() not in ("true", "false"):
        raise ValueError("true or false expected")
    return text.lower() == "true"


# --- how awscli reads the words of a line


def expansion_probe(session: Any, command: Any) -> Callable[[Any], bool]:
    """Return a predicate of arguments: whether awscli expands their words, as its own handler decides.

    `session` must not run a line.
    """
    handler = awscli.paramfile.URIArgumentHandler({"probe://": (lambda *_: "expanded", {})})
    session.register("load-cli-arg", handler, unique_id="awstracer-probe")  # once, however often it is asked
    read = unpacker(session, command)
    return lambda argument: bool(read(argument, "probe://") == "expanded")


def unpacker(session: Any, command: Any) -> Callable[[Any, Any], Any]:
    """Return a function that reads the values of a command's arguments, as `unpack` does."""
    service = isolation.operation_model(command).service_model.endpoint_prefix
    return lambda argument, value: unpack(session, service, xform_name(command.name, "-"), argument, value)


def unpack(session: Any, service: str, operation: str, argument: Any, value: Any) -> Any:
    """Return an argument's value as awscli reads it from a line: shorthand syntax, JSON, `file://`."""
    no_globals = argparse.Namespace(v2_debug=False)
    return awscli.argprocess.unpack_argument(session, service, operation, argument, value, no_globals)
