"""Writes the parameters of an operation as a command line that a shell and awscli read back.

`format_command({"CidrBlock": "10.0.0.0/16"}, <ec2 create-vpc>)` returns the words `ec2 create-vpc --cidr-block
10.0.0.0/16`. Values may be `MarkedValue`s: the words then have the provenance of each character, and a value that a
person typed as `file://policy.json` is written so again.

A value that no option can express goes into `--cli-input-json`. What that can't express either is written as closely as
possible, and named in `inexact`.

`commandline/options` describes the options of a command; `commandline/text` writes scalars and JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from awstracer.commandline.files import EXPANDED
from awstracer.commandline.options import ExtraArgument, OperationCommand, Option
from awstracer.commandline.text import (
    MarkedText,
    MarkedValue,
    Segment,
    format_scalar,
    json_text,
    plain_value,
    provenance_of,
    text_literal,
    text_of,
    to_str,
    unwrap,
)
from awstracer.trace.model import Opaque
from awstracer.trace.paths import Path, leaves

JSON_KINDS = ("structure", "map", "list", "document")


@dataclass(frozen=True)
class FormattedCommand:
    """The words of a command line; `inexact` are the members that they do not express exactly."""

    words: list[MarkedText]
    inexact: tuple[str, ...]


def format_command(parameters: Mapping[str, Any], command: OperationCommand) -> FormattedCommand:
    """Return the line that sets the parameters.

    The options are in alphabetical order. Outfiles come last, or first if the last option would read them as its own
    values.
    """
    covered = {member for extra in command.extra for member in extra.members}
    left = {name: value for name, value in parameters.items() if name not in covered}
    options = [option for option in command.options if option.path[0] in left]
    inexact = {name for name, value in left.items() if not is_text(value)}
    phrases: list[list[MarkedText]] = []
    for extra in command.extra:
        phrases.append(_extra_words(extra, parameters))
        inexact |= _inexact_members(extra, parameters)
    for option in options:
        can_express, is_partial = _can_express(option, parameters), _is_partial(option, parameters)
        value = _pop(left, option.path) if can_express or not command.takes_json else None
        if is_partial or (value is not None and not can_express):
            inexact.add(str(option.path[0]))
        if value is not None:
            phrases.append(_option_words(option, value))
    if left:
        phrases.append(_with_name("--cli-input-json", [json_text(left)]))
        inexact.update(() if command.takes_json else left)
    phrases.sort(key=_alphabetical_key)
    if command.extra:
        phrases = _outfiles_before_lists(phrases, command.options)
    words = map(text_literal, command.words)
    return FormattedCommand([*words, *chain.from_iterable(phrases)], tuple(sorted(inexact)))


def residual_words(parameters: Mapping[str, Any], command: OperationCommand) -> list[MarkedText]:
    """Return the words that run the command when its parameters are passed as data.

    These are the arguments that are no parameters (an outfile), and the files of bodies, so that awscli opens them.
    """
    words = list(map(text_literal, command.words))
    bodies = {name: value for name, value in parameters.items() if isinstance(value, Opaque)}
    for option in command.options if bodies else ():
        if option.path[0] in bodies:
            words += _option_words(option, bodies[option.path[0]])
    return words + [word for extra in command.extra if not extra.members for word in extra.words]


def is_text(value: Any) -> bool:
    """Return whether a line can express a value at all: bytes only if they are text, and no word can hold a NUL."""
    value = plain_value(value)
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, bytes):
        try:
            return "\0" not in value.decode("utf-8")
        except UnicodeDecodeError:
            return False
    if isinstance(value, dict):
        return all(map(is_text, value.values()))
    return not isinstance(value, (list, tuple)) or all(map(is_text, value))


# --- the order of the words


def _alphabetical_key(phrase: list[MarkedText]) -> tuple[bool, str]:
    name = to_str(phrase[0]).partition("=")[0]
    return not name.startswith("--"), name.removeprefix("--no-").removeprefix("--")


def _outfiles_before_lists(phrases: list[list[MarkedText]], options: Iterable[Option]) -> list[list[MarkedText]]:
    """Return the phrases, outfiles first if the last option is a list, which takes all words after it."""
    dashed = [phrase for phrase in phrases if to_str(phrase[0]).startswith("--")]
    lists = {option.name for option in options if option.kind == "list"}
    if dashed and (to_str(dashed[-1][0]) in lists or len(dashed[-1]) > 2):
        return phrases[len(dashed) :] + dashed
    return phrases


# --- words of the recorded line


def _extra_words(extra: ExtraArgument, parameters: Mapping[str, Any]) -> list[MarkedText]:
    for member in sorted(extra.members):
        value = parameters.get(member)
        if isinstance(value, MarkedValue):
            return [extra.words[0], text_of(value)]
    return list(extra.words)


def _inexact_members(extra: ExtraArgument, parameters: Mapping[str, Any]) -> frozenset[str]:
    """Return the members that an extra's words do not express exactly."""
    return extra.inexact_members | {member for member in extra.members if _is_changed_inside(parameters.get(member))}


def _is_changed_inside(value: Any) -> bool:
    """Return whether something inside a value was replaced, so that the recorded words no longer express it."""
    return any(isinstance(leaf, MarkedValue) for path, leaf in leaves(value) if path)


# --- options


def _is_partial(option: Option, parameters: Mapping[str, Any]) -> bool:
    """Return whether a structure has members that its option refuses."""
    return bool(option.excluded_members) and not option.excluded_members.isdisjoint(
        unwrap(parameters[str(option.path[0])]) or ()
    )


def _can_express(option: Option, parameters: Mapping[str, Any]) -> bool:
    """Return whether awscli reads the option's words as the value that they are written for."""
    value = parameters[str(option.path[0])]
    plain = plain_value(value)
    if option.hidden or _is_partial(option, parameters):
        return False
    if not option.expands or not isinstance(plain, (str, bytes)):
        return True
    text = format_scalar(plain)
    return not text.startswith(EXPANDED) or to_str(text_of(value)) != text  # typed as the name of a file


def _pop(parameters: dict[str, Any], path: Path) -> Any:
    """Remove the value at a path of one or two members from `parameters` and return it; None if there is none."""
    name = path[0]
    if len(path) == 1:
        return parameters.pop(str(name), None)
    inner = dict(parameters.get(str(name)) or {})
    value = inner.pop(str(path[1]), None)
    if value is not None:
        parameters[str(name)] = inner
        if not inner:
            del parameters[str(name)]
    return value


def _option_words(option: Option, value: Any) -> list[MarkedText]:
    if option.no is not None and isinstance(plain_value(value), bool):
        name = option.name if plain_value(value) else option.no
        return [(Segment(name, provenance_of(value)),)]
    if option.kind == "list" and option.item not in JSON_KINDS:
        words = _separate_words(value)
        if words is not None:
            return _with_name(option.name, words)
    return _with_name(option.name, [_value_text(option.kind, value)])


def _separate_words(value: Any) -> list[MarkedText] | None:
    """Return a list of scalars as a word for each; None if awscli would read these words as something else."""
    if isinstance(value, MarkedValue) or not value:
        return None
    words = [text_of(item) for item in value]
    texts = [to_str(word) for word in words]
    if any(text.startswith("-") for text in texts):
        return None
    if len(texts) == 1 and (texts[0].strip()[:1] in ("[", "") or texts[0].startswith(EXPANDED)):
        return None
    return words


def _with_name(name: str, words: list[MarkedText]) -> list[MarkedText]:
    """Return `--name word ...`; `--name=word` if the word looks like an option."""
    if len(words) == 1 and to_str(words[0]).startswith("-"):
        return [(Segment(f"{name}="), *words[0])]
    return [text_literal(name), *words]


def _value_text(kind: str, value: Any) -> MarkedText:
    if isinstance(value, MarkedValue) or (kind not in JSON_KINDS and not isinstance(value, (Mapping, list, tuple))):
        return text_of(value)
    return json_text(value)
