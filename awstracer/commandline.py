"""Command lines as text: splitting what was typed, and spelling parameters as options.

What options an operation has is plain data here (`OperationCommand`), which `driver` reads from
awscli's own argument table. A piece of text carries the mark of where it came from, so that
`terminal` can colour a line without looking into it again.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

from awstracer.errors import SplitError, Unfinished
from awstracer.paths import Path, leaves
from awstracer.trace import Opaque, new

UNSAFE = re.compile(r"[^\w@%+=:,./-]", re.ASCII)
EXPANDED = ("file://", "fileb://", "http://", "https://")


class Mark(Enum):
    """Where a piece of a line came from; HIDDEN for what is secret and not to be shown, wherever it came from."""

    RECORDED = "recorded"
    OVERRIDDEN = "overridden"
    DERIVED = "derived"
    PENDING = "pending"
    HIDDEN = "hidden"


# Their names in this module, since Python 3.11 takes long to find the members of an enumeration.
RECORDED, OVERRIDDEN, DERIVED, PENDING, HIDDEN = Mark


class Span(NamedTuple):
    """A piece of text that came from one place. (A tuple, since a long line has very many.)"""

    text: str
    mark: Mark = RECORDED


Text = tuple[Span, ...]
SPACE, QUOTE = Span(" "), Span("'")
_text_of = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Marked:
    """A value in a request, and how it is shown: as the spans, or as any value of its kind if there are none."""

    value: Any
    shown: Text


@dataclass(frozen=True)
class Option:
    """One option of an operation's command.

    name     with its dashes, `--table-name`
    path     the member that it sets: `("TableName",)`, or `("PaginationConfig", "MaxItems")`
    kind     the type that the API's model gives it: string, integer, boolean, list, structure, document, blob, ...
    item     for a list the kind of its elements
    no       for a boolean the spelling of false, `--no-dry-run`
    expands  whether awscli puts a file's or a URL's content in the place of a word that names one
    hidden   whether awscli takes its words for something else, `--version`
    lacks    for a structure the members that this option refuses, since another one is for them
    """

    name: str
    path: Path
    kind: str
    item: str | None = None
    no: str | None = None
    expands: bool = True
    hidden: bool = False
    lacks: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Extra:
    """Words of a recorded line that no plain option can say again: an outfile, `--count 2`, `--zip-file fileb://f`.

    name      of the argument, as `-p` knows it: `outfile`, `count`
    words     as typed: the value, after the option's name where there is one
    members   the members that awscli makes of them; none, if they are about the output
    inexact   those of which the recorded line makes something else than was recorded
    """

    name: str
    words: tuple[Text, ...]
    members: frozenset[str] = frozenset()
    inexact: frozenset[str] = frozenset()


@dataclass(frozen=True)
class OperationCommand:
    """An operation's own command.

    words        of the command
    options      that it has
    extra        what the recorded line had besides
    needed       arguments that set no member, that the command can't be run without, and that the recorded line
                 doesn't have: `outfile`, `--outfile`
    fresh        values that awscli makes up each time that the command is run, with new ones, by path
    takes_json   whether it has `--cli-input-json`, which can say what no option can
    """

    words: tuple[str, ...]
    options: tuple[Option, ...]
    extra: tuple[Extra, ...] = ()
    needed: tuple[str, ...] = ()
    fresh: Mapping[Path, str] = field(default_factory=dict)
    takes_json: bool = True


@dataclass(frozen=True)
class Spelling:
    """The words of a command line; `unsaid` are the members that they can't say exactly."""

    words: list[Text]
    unsaid: tuple[str, ...]


def plain(text: Text) -> str:
    """A text without its marks."""
    return text[0].text if len(text) == 1 else "".join(map(_text_of, text))


@lru_cache(maxsize=1 << 10)
def named(name: str) -> Text:
    """The name of a command or an option as a text."""
    return (Span(name),)


def told(value: Any) -> str:
    """A value in a message: JSON for a list or a structure, the text of anything else."""
    return plain(json_text(value)) if isinstance(value, (dict, list)) else str(value)


def unmarked(value: Any) -> Any:
    """A tree of parameters with the values that its marked nodes stand for."""
    if isinstance(value, dict):
        return {_meant(key): unmarked(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [unmarked(child) for child in value]
    return _meant(value)


def _meant(value: Any) -> Any:
    """The value that a node of such a tree stands for."""
    return value.value if isinstance(value, Marked) else value


# --- splitting


def split(line: str) -> list[str]:
    """The words of a typed line, as a POSIX shell would split it, nothing expanded.

    Unfinished if a quote is open or the last character is a backslash: add the next line to
    the error's `prefix` and split again.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        if "escaped" in str(error):
            raise Unfinished("nothing follows the backslash", line[:-1]) from None
        if "quotation" in str(error):
            raise Unfinished("a quote is not closed", line + "\n") from None
        raise SplitError(str(error)) from None


def quoted(text: Text) -> Text:
    """One word as a shell needs it, marks kept; like `shlex.quote`."""
    word = plain(text)
    if word and not UNSAFE.search(word):
        return text
    inner = [Span(span.text.replace("'", "'\"'\"'"), span.mark) for span in text] if "'" in word else text
    return (QUOTE, *inner, QUOTE)


def line(words: Iterable[Text]) -> Text:
    """Words as one shell line."""
    spans: list[Span] = []
    for word in words:
        spans.append(SPACE)
        spans += quoted(word)
    return tuple(spans[1:])


# --- global options


def without_options(argv: Sequence[str], unwanted: Mapping[str, bool]) -> tuple[list[int], list[int]]:
    """Positions of the words of `argv` that don't belong to options in `unwanted`, and of those that do.

    `unwanted` has the options' names, and whether each takes a value.
    """
    rest: list[int] = []
    taken: list[int] = []
    position = 0
    while position < len(argv):
        word = argv[position]
        name = option_named(word, unwanted)
        if name is None or ("=" in word and not unwanted[name]):
            rest.append(position)
            position += 1
            continue
        length = 2 if unwanted[name] and "=" not in word else 1
        taken += range(position, min(position + length, len(argv)))
        position += length
    return rest, taken


def option_named(word: str, options: Collection[str]) -> str | None:
    """Which of the options a word names, be it abbreviated (`--prof=p`) as awscli allows; None if none, or several."""
    if not word.startswith("--"):
        return None
    name = word.partition("=")[0]
    if name == "--":
        return None
    if name in options:
        return name
    found = [option for option in options if option.startswith(name)]
    return found[0] if len(found) == 1 else None


# --- spelling parameters


def spell(parameters: Mapping[str, Any], command: OperationCommand) -> Spelling:
    """The line that sets these parameters, options in alphabetical order, outfiles last (or first, before a list).

    What no option can say is said by `--cli-input-json`, where the command has it; what that can't
    say either is said as closely as it can be.
    """
    said = {member for extra in command.extra for member in extra.members}
    left = {name: value for name, value in parameters.items() if name not in said}
    options = [option for option in command.options if option.path[0] in left]
    unsaid = {name for name, value in left.items() if not is_text(value)}
    phrases: list[list[Text]] = []
    for extra in command.extra:
        phrases.append(_extra_words(extra, parameters))
        unsaid |= _inexact(extra, parameters)
    for option in options:
        can_say, is_partial = _can_say(option, parameters), _is_partial(option, parameters)
        value = _taken(left, option.path) if can_say or not command.takes_json else None
        if is_partial or (value is not None and not can_say):
            unsaid.add(str(option.path[0]))
        if value is not None:
            phrases.append(_option_words(option, value))
    if left:
        phrases.append(_with_name("--cli-input-json", [json_text(left)]))
        unsaid.update(() if command.takes_json else left)
    phrases.sort(key=_alphabetically)
    if command.extra:
        phrases = _told_apart(phrases, command.options)
    words = map(named, command.words)
    return Spelling([*words, *chain.from_iterable(phrases)], tuple(sorted(unsaid)))


def _told_apart(phrases: list[list[Text]], options: Iterable[Option]) -> list[list[Text]]:
    """The phrases, outfiles first if the last option is one that would take what follows for its own."""
    dashed = [phrase for phrase in phrases if plain(phrase[0]).startswith("--")]
    lists = {option.name for option in options if option.kind == "list"}
    if dashed and (plain(dashed[-1][0]) in lists or len(dashed[-1]) > 2):
        return phrases[len(dashed) :] + dashed
    return phrases


def _inexact(extra: Extra, parameters: Mapping[str, Any]) -> frozenset[str]:
    """The members that an extra's words don't say exactly."""
    return extra.inexact | {member for member in extra.members if _changed_within(parameters.get(member))}


def _changed_within(value: Any) -> bool:
    """Whether something inside a value comes from elsewhere; what was typed for the whole says otherwise."""
    return any(isinstance(leaf, Marked) for path, leaf in leaves(value) if path)


def is_text(value: Any) -> bool:
    """Whether a line can say a value at all: bytes only if they are text, and no word can hold a NUL."""
    value = _meant(value)
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


def _is_partial(option: Option, parameters: Mapping[str, Any]) -> bool:
    """Whether a structure has members that its option refuses."""
    return bool(option.lacks) and not option.lacks.isdisjoint(unmarked(parameters[str(option.path[0])]) or ())


def _can_say(option: Option, parameters: Mapping[str, Any]) -> bool:
    """Whether awscli reads the option's words as the value that they stand for."""
    value = parameters[str(option.path[0])]
    meant = _meant(value)
    if option.hidden or _is_partial(option, parameters):
        return False
    if not option.expands or not isinstance(meant, (str, bytes)):
        return True
    text = scalar_spelling(meant)
    return not text.startswith(EXPANDED) or (isinstance(value, Marked) and plain(value.shown) != text)


def dispatched(parameters: Mapping[str, Any], command: OperationCommand) -> list[Text]:
    """The words that run the command where its parameters are handed over otherwise.

    They say what is no parameter (an outfile), and which files are bodies, so that awscli opens them.
    """
    words = list(map(named, command.words))
    bodies = {name: value for name, value in parameters.items() if isinstance(value, Opaque)}
    for option in command.options if bodies else ():
        if option.path[0] in bodies:
            words += _option_words(option, bodies[option.path[0]])
    return words + [word for extra in command.extra if not extra.members for word in extra.words]


def _alphabetically(phrase: list[Text]) -> tuple[bool, str]:
    name = plain(phrase[0]).partition("=")[0]
    return not name.startswith("--"), name.removeprefix("--no-").removeprefix("--")


def _extra_words(extra: Extra, parameters: Mapping[str, Any]) -> list[Text]:
    for member in sorted(extra.members):
        value = parameters.get(member)
        if isinstance(value, Marked):
            return [extra.words[0], value.shown]
    return list(extra.words)


def _taken(parameters: dict[str, Any], path: Path) -> Any:
    """Take the value at a path out of `parameters`; None if it isn't there."""
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


def _option_words(option: Option, value: Any) -> list[Text]:
    if option.no is not None and isinstance(_meant(value), bool):
        name = option.name if _meant(value) else option.no
        return [(Span(name, mark_of(value)),)]
    if option.kind == "list" and option.item not in ("structure", "map", "list", "document"):
        words = _separate_words(value)
        if words is not None:
            return _with_name(option.name, words)
    return _with_name(option.name, [_value_text(option.kind, value)])


def _separate_words(value: Any) -> list[Text] | None:
    """A list of scalars as a word for each; None where awscli would take these words for something else."""
    if isinstance(value, Marked) or not value:
        return None
    words = [_scalar_text(item) for item in value]
    texts = [plain(word) for word in words]
    if any(text.startswith("-") for text in texts):
        return None
    if len(texts) == 1 and (texts[0].strip()[:1] in ("[", "") or texts[0].startswith(EXPANDED)):
        return None
    return words


def _with_name(name: str, words: list[Text]) -> list[Text]:
    """`--name word ...`; `--name=word` where the word would pass for an option."""
    if len(words) == 1 and plain(words[0]).startswith("-"):
        return [(Span(f"{name}="), *words[0])]
    return [named(name), *words]


def _value_text(kind: str, value: Any) -> Text:
    if kind in ("structure", "map", "list", "document") or isinstance(_meant(value), (Mapping, list, tuple)):
        return value.shown if isinstance(value, Marked) else json_text(value)
    return _scalar_text(value)


def _scalar_text(value: Any) -> Text:
    if isinstance(value, Marked):
        return value.shown
    return (new(Span, (scalar_spelling(value), RECORDED)),)


def scalar_spelling(value: Any) -> str:
    """One scalar as awscli reads it from a word."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Opaque):
        return value.name or "-"
    return json.dumps(value, default=_json_default)


def _json_default(value: Any) -> str:
    if isinstance(value, Marked):
        raise TypeError("JSON has no marks")
    return value.isoformat() if hasattr(value, "isoformat") else scalar_spelling(value)


JSON = json.JSONEncoder(ensure_ascii=False, default=_json_default)


def json_escaped(text: str) -> str:
    """A text as it stands between the quotes of a JSON string."""
    return JSON.encode(text)[1:-1]


def json_text(value: Any) -> Text:
    """A value as JSON, one line, the marks of its nodes kept."""
    try:
        return (Span(JSON.encode(value)),)
    except TypeError:  # there are marks in it
        return tuple(_json_spans(value))


def _json_spans(value: Any) -> Iterable[Span]:
    if isinstance(value, Marked):
        if isinstance(value.value, str):
            yield Span('"')
            for span in value.shown:
                yield Span(json_escaped(span.text), span.mark)
            yield Span('"')
        else:
            yield Span(JSON.encode(value.value), mark_of(value))
    elif isinstance(value, Mapping):
        yield from _json_container("{}", (([*_json_spans(key), Span(": ")], child) for key, child in value.items()))
    elif isinstance(value, (list, tuple)):
        yield from _json_container("[]", (([], item) for item in value))
    else:
        yield Span(JSON.encode(value))


def _json_container(brackets: str, members: Iterable[tuple[Sequence[Span], Any]]) -> Iterable[Span]:
    yield Span(brackets[0])
    for number, (label, value) in enumerate(members):
        yield from [Span(", ")] if number else []
        yield from label
        yield from _json_spans(value)
    yield Span(brackets[1])


def mark_of(value: Any) -> Mark:
    """Where a value came from: its first piece that wasn't recorded."""
    if isinstance(value, Marked):
        return next((span.mark for span in value.shown if span.mark is not RECORDED), RECORDED)
    return RECORDED
