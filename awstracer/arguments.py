"""awscli's argument tables as plain data: what options a command has, and what a line says with them.

Beside the options of one member each there are those that awscli turns into members in ways of its own
(`--count 2`, `--zip-file fileb://f`), and words that are no parameter (where the output goes).
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

# awscli first: from 1.46 on it brings the botocore that `import botocore` then means.
import awscli.clidriver  # isort: skip
import awscli.argparser
import awscli.arguments
import awscli.customizations.arguments
import awscli.customizations.paginate
import awscli.customizations.toplevelbool
from botocore.utils import is_json_value_header

from awstracer.commandline import is_text
from awstracer.options import Extra, OperationCommand, Option
from awstracer.text import Span, Text
from awstracer.trace import Path, blobs, leaves, lookup, rebuilt

PAGING = {"--starting-token", "--page-size", "--max-items"}  # awscli refuses even an API's own, with `--next-token`
INPUT_OPTIONS = ("cli-input-json", "generate-cli-skeleton")


@dataclass(frozen=True)
class Table:
    """What is to be known of a command's arguments, whatever its line says.

    arguments   awscli's own, by name
    special     those that set no member by themselves: awscli turns them into members in ways of its own
    usual       the command for a line that has none of these
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
    ) -> Table:
        """The table of the command of these words; `expands` tells of an argument whether a file replaces its words."""
        options = _options(table, expands, global_options)
        usual = OperationCommand(words, options, needed=tuple(_needed(table)), takes_json="cli-input-json" in table)
        return cls(table, _special(table, options), usual)

    @cached_property
    def parser(self) -> Any:
        """awscli's parser for the command's own options, none of which it requires."""
        table = {name: copy.copy(argument) for name, argument in self.arguments.items()}
        relax(argument_table=table)
        return awscli.argparser.ArgTableArgParser(table)


def _options(
    table: Mapping[str, Any], expands: Callable[[Any], bool], global_options: Iterable[str]
) -> tuple[Option, ...]:
    negations = _negations(table)
    known = tuple(global_options)
    found = []
    for name, argument in table.items():
        option = None if name in negations else _option(argument, negations)
        if option is not None:
            found.append(replace(option, expands=expands(argument), hidden=_is_hidden(option, known)))
    return tuple(found)


def _is_hidden(option: Option, global_options: Sequence[str]) -> bool:
    """Whether awscli takes an option for a global one, or an abbreviation of one, or for one of its own."""
    is_own = option.path[0] == "PaginationConfig"
    spellings = [option.name, *([option.no] if option.no is not None else [])]
    taken = any(known.startswith(spelling) for known in global_options for spelling in spellings)
    return taken or (option.name in PAGING and not is_own)


def _special(table: Mapping[str, Any], options: Sequence[Option]) -> tuple[Any, ...]:
    known = {option.name.removeprefix("--") for option in options} | set(_negations(table)) | set(INPUT_OPTIONS)
    return tuple(argument for name, argument in table.items() if name not in known)


def _needed(table: Mapping[str, Any]) -> Iterator[str]:
    """Any other option isn't missed where the parameters are handed over (`relax`)."""
    for argument in table.values():
        says_no_member = isinstance(argument, awscli.customizations.arguments.StatefulArgument)
        if (argument.required and says_no_member) or not has_name(argument):
            yield argument.cli_name


def relax(*, argument_table: Mapping[str, Any], **_: Any) -> None:
    """No option of the line is required (awscli's handler); positional words stay what they are."""
    for argument in argument_table.values():
        if not argument.positional_arg and has_name(argument):
            argument.required = False


def has_name(argument: Any) -> bool:
    """Whether a line has an argument's value after its name; otherwise the value stands for itself."""
    return bool(argument.cli_name.startswith("--"))


def has_special(argv: Sequence[str], table: Table) -> bool:
    """Return whether a line can have an argument that isn't an option of one member, or a value from a file of bytes.

    Only such a line has to be parsed: that takes a hundred times as long as this does.
    """
    names = _names(argv)
    return any(not has_name(each) or each.cli_name in names for each in table.special) or any(
        word.startswith("fileb://") for word in argv
    )


def typed(words: Sequence[str], table: Table) -> argparse.Namespace:
    """Return how awscli parses the words behind a command, global options left out; nothing if it refuses them."""
    found = argparse.Namespace()
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            _, unknown = table.parser.parse_known_args(list(words), found)
    except SystemExit:
        return argparse.Namespace()
    return argparse.Namespace() if unknown else found


def _names(argv: Sequence[str]) -> set[str]:
    """Return the names of the options of a line, and its other words."""
    return {word.partition("=")[0] for word in argv}


@dataclass(frozen=True)
class _Said:
    """An argument that is no plain option of a member, and what a line says of it.

    `from_bytes` is whether it stands for a file of bytes, which is among the parameters.
    """

    name: str
    argument: Any
    value: Any
    from_bytes: bool


def said(argv: Sequence[str], typed: argparse.Namespace, table: Table) -> list[_Said]:
    """What a line, `typed` as its parser read it, says that options with a member of their own could not say."""
    names = _names(argv)
    found = []
    for name, argument in table.arguments.items():
        value = getattr(typed, argument.py_name, None)
        from_bytes = isinstance(value, str) and value.startswith("fileb://")
        is_typed = value is not None and (not has_name(argument) or argument.cli_name in names)
        if is_typed and name not in INPUT_OPTIONS and (argument in table.special or from_bytes):
            found.append(_Said(name, argument, value, from_bytes))
    return found


def kept(
    said: Sequence[_Said], options: Sequence[Option], parameters: Mapping[str, Any], fresh: Mapping[Path, str]
) -> tuple[Extra, ...]:
    """Those words of a line that have to be said again."""
    settable = {option.path[0] for option in options}
    extras: list[Extra] = []
    made: dict[str, Any] = {}
    for each in said:
        after = _after(each, parameters, made)
        if after is None:  # it reads what its word stands for: what no option says is from there
            rest = frozenset(set(parameters) - settable - set(made))
            if rest:
                extras.append(Extra(each.name, tuple(_words_of(each.argument, each.value)), rest, inexact=rest))
            continue
        members = {member for member in after if after[member] != made.get(member)}
        made = {**after, **{member: parameters.get(member) for member in members if each.from_bytes}}
        held = blobs([parameters.get(member) for member in members])
        is_renewed = any(path[0] in members for path in fresh)
        if not members or not members <= settable or is_renewed or not is_text(held):
            extras.append(Extra(each.name, tuple(_words_of(each.argument, each.value)), frozenset(members)))
    renewed = rebuilt(made, lambda path, _: lookup(parameters, path) if path in fresh else None)
    inexact = {member for member in made if renewed[member] != parameters.get(member)}
    return tuple(replace(extra, inexact=extra.inexact | extra.members & inexact) for extra in extras)


def _after(said: _Said, parameters: Mapping[str, Any], made: Mapping[str, Any]) -> dict[str, Any] | None:
    """The members `made` so far with those that an argument makes; None if it can't tell without reading a file."""
    contents = blobs(parameters) if said.from_bytes else [said.value]
    return next((found for content in contents for found in _with(said.argument, content, made)), None)


def fresh(said: Sequence[_Said], parameters: Mapping[str, Any]) -> dict[Path, str]:
    """The values that awscli makes up anew each time that a line is run (`CallerReference`), with new ones."""
    made: list[dict[str, Any]] = [{}, {}]
    for each in said:
        made = [_after(each, parameters, members) or members for members in made if not each.from_bytes] or made
    first, again = made
    found = {}
    for path, leaf in leaves(again):
        with contextlib.suppress(LookupError):
            if isinstance(leaf, str) and lookup(first, path) != leaf and isinstance(lookup(parameters, path), str):
                found[path] = leaf
    return found


def _negations(table: Mapping[str, Any]) -> dict[str, str]:
    """The names of the options that say false where others say true, and the members that they set.

    Not every one begins with `no-`: awscli renames some (`--no-reboot` and `--reboot`).
    """
    return {
        name: argument._serialized_name
        for name, argument in table.items()
        if isinstance(argument, awscli.customizations.toplevelbool.NegativeBooleanParameter)
        or (isinstance(argument, awscli.arguments.BooleanArgument) and argument._action == "store_false")
    }


def _option(argument: Any, negations: Mapping[str, str]) -> Option | None:
    """The option as data; None if it sets no member directly."""
    if isinstance(argument, awscli.customizations.paginate.PageArgument):
        return Option(argument.cli_name, ("PaginationConfig", argument._serialized_name), argument.cli_type_name)
    if not isinstance(argument, awscli.arguments.CLIArgument):
        return None
    member, shape = argument._serialized_name, argument.argument_model
    modelled = argument._operation_model.input_shape.members.get(member, shape)
    is_flag = isinstance(argument, awscli.arguments.BooleanArgument)
    negated = next((name for name, negates in negations.items() if is_flag and negates == member), None)
    return Option(
        name=argument.cli_name,
        path=(member,),
        kind=_kind(shape),
        item=_kind(shape.member) if shape.type_name == "list" else None,
        no=None if negated is None else f"--{negated}",
        lacks=frozenset(getattr(modelled, "members", ())) - frozenset(getattr(shape, "members", ())),
    )


def _kind(shape: Any) -> str:
    """A shape's type; `document` for what `awscli.argprocess` reads as JSON whatever it is."""
    if getattr(shape, "is_document_type", False) or is_json_value_header(shape):
        return "document"
    return str(shape.type_name)


def _with(argument: Any, value: Any, members: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The members that an argument makes of its value and of what the arguments before it made; nothing if it can't."""
    made = copy.deepcopy(dict(members))
    if isinstance(argument, awscli.customizations.arguments.StatefulArgument):  # it keeps the value to itself
        yield made
        return
    with contextlib.suppress(Exception):  # only asked what it would set; running the line will tell what is wrong
        argument.add_to_params(made, value)
        yield made


def _words_of(argument: Any, value: Any) -> list[Text]:
    values = [str(item) for item in value] if isinstance(value, list) else [str(value)]
    values = [] if isinstance(value, bool) else values
    return [(Span(word),) for word in (values if not has_name(argument) else [argument.cli_name, *values])]


def boolean(text: str) -> bool:
    """What `-p` means by `true` and `false`; ValueError for anything else (botocore's `ensure_boolean` takes all)."""
    if text.lower() not in ("true", "false"):
        raise ValueError("true or false expected")
    return text.lower() == "true"
