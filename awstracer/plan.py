"""Overrides and relations applied: a trace becomes a plan, and a step of it a line that can be run.

A plan says for every value where it comes from; `Knowledge` looks that up in what is known so far.
What is known are the responses of this replay or, in a dry run, the recorded ones with everything that
has changed put in: one resolver, so that what is shown is what would be done.
"""

from __future__ import annotations

import base64
import difflib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import quote

from awstracer import commandline, identifiers
from awstracer.commandline import Mark, Marked, OperationCommand, Span, Text
from awstracer.errors import (
    AmbiguousParameter,
    BadValue,
    MissingValue,
    MissingWord,
    UnfitParameters,
    UnknownParameter,
)
from awstracer.identifiers import part_of, segments
from awstracer.judgement import Part
from awstracer.location import Setting
from awstracer.places import Query, Side, query_of
from awstracer.relations import Form, Relation, Source
from awstracer.trace import (
    Command,
    Document,
    Key,
    KeyOf,
    Operation,
    Path,
    Trace,
    Where,
    concrete,
    leaves,
    lookup,
    rebuilt,
    spelled,
)

Related = Mapping[Path, tuple[Relation, ...]]
NOTHING_RELATED: Related = {}
RESERVED = ":/?#[]@!$&'()*+,;="


class Catalog(Protocol):
    """What the installed awscli offers, as plain data."""

    def operation_command(self, number: int, operation: Operation, argv: Sequence[str]) -> OperationCommand: ...

    def check_line(self, number: int, argv: Sequence[str]) -> None: ...

    def read_option(self, words: tuple[str, ...], option: str, text: str) -> Mapping[str, Any]: ...

    def check(self, number: int, operation: Operation) -> None: ...

    def global_options(self) -> Mapping[str, bool]: ...


@dataclass(frozen=True)
class Override:
    """What `-p NAME VALUE` says, or `--keep NAME`, without a text; `command` is N, counted from 1, in `N.NAME`."""

    name: str
    text: str | None
    command: int | None = None

    @classmethod
    def parse(cls, name: str, text: str | None) -> Override:
        number, dot, rest = name.partition(".")
        return cls(rest, text, int(number)) if dot and number.isdecimal() else cls(name, text)


@dataclass(frozen=True)
class Pin:
    """What an override puts at a path, or at a `part` of the string there.

    `shown` is how the person gave it; None where it is the recorded value, which is to be kept.
    """

    value: Any
    shown: str | None
    part: Part | None = None


@dataclass(frozen=True)
class Step:
    """One command of a plan.

    form        the operation's own command; None for a custom command, which is played as typed
    arguments   positions of the recorded line's words that are the command's own
    kept        positions of the words of global options that the replay keeps
    related     what feeds the request, by path
    echoed      what of the response can be predicted, by path
    pins        what overrides put into the request, by path
    """

    number: int
    command: Command
    form: OperationCommand | None
    arguments: tuple[int, ...]
    kept: tuple[int, ...]
    related: Related
    echoed: Related
    pins: Mapping[Path, tuple[Pin, ...]]


@dataclass(frozen=True)
class Plan:
    """The steps, in order."""

    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Substitution:
    """A value of a step that comes from elsewhere: by which relation, and what it is now.

    `rivals` are the sources that seemed as good and say something else now, with what they say.
    """

    relation: Relation
    value: Any
    mark: Mark
    rivals: tuple[tuple[Source, Any], ...] = ()


@dataclass(frozen=True)
class Invocation:
    """A step as a line to run.

    argv            the words after `aws`; of an operation's command only those that are no parameters
    shown           the line as people see it, beginning with `aws`
    parameters      what the operation is to be called with; None for a custom command
    files           what words that name files stand for
    substitutions   what was put in, in the order of the request
    unsaid          members that `shown` can't say exactly; they are sent exactly all the same
    unrelated       identifiers that were recorded and that nothing in the trace explains, with their paths
    """

    argv: tuple[str, ...]
    shown: Text
    parameters: Document | None
    files: Mapping[str, str | bytes]
    substitutions: tuple[Substitution, ...]
    unsaid: tuple[str, ...] = ()
    unrelated: tuple[tuple[Path, str], ...] = ()


# --- making a plan


def make(
    trace: Trace,
    relations: Iterable[Relation],
    overrides: Sequence[Override],
    catalog: Catalog,
    replaced: Iterable[str] = (),
) -> Plan:
    """The plan for playing a trace.

    `replaced` are the global options, with their dashes, that the replay sets for every command.
    UnknownCommand, UnknownParameter, AmbiguousParameter, BadValue or MissingWord if there is no such plan.
    """
    related = _by_place(relations)
    global_options = catalog.global_options()
    dropped = {name: global_options[name] for name in replaced}
    steps: list[Step] = []
    for index, command in enumerate(trace.commands):
        arguments, taken = commandline.without_options(command.argv, global_options)
        kept, _ = commandline.without_options([command.argv[i] for i in taken], dropped)
        steps.append(
            Step(
                number=index + 1,
                command=command,
                form=_form(index + 1, command, catalog),
                arguments=tuple(arguments),
                kept=tuple(taken[i] for i in kept),
                related=related.get((index, "request"), NOTHING_RELATED),
                echoed=related.get((index, "response"), NOTHING_RELATED),
                pins={},
            )
        )
    for override in overrides:
        steps = _changed(steps, override, catalog)
    for step in steps:
        for name in step.form.needed if step.form else ():
            raise MissingWord(step.number, name.removeprefix("--"))
    return Plan(tuple(steps))


def _by_place(relations: Iterable[Relation]) -> Mapping[tuple[int, Side], Related]:
    places: dict[tuple[int, Side], dict[Path, tuple[Relation, ...]]] = defaultdict(dict)
    for relation in relations:
        target = relation.target
        paths = places[target.command, target.side]
        paths[target.path] = (*paths.get(target.path, ()), relation)
    return places


def _form(number: int, command: Command, catalog: Catalog) -> OperationCommand | None:
    if command.operation is None:
        catalog.check_line(number, command.argv)
        return None
    return catalog.operation_command(number, command.operation, command.argv)


# --- overrides


def _changed(steps: list[Step], override: Override, catalog: Catalog) -> list[Step]:
    if override.text is None:
        return _kept(steps, override)
    return _redirected(steps, override, override.text) or _overridden(steps, override, override.text, catalog)


def _kept(steps: list[Step], override: Override) -> list[Step]:
    """The steps with recorded values in the place of derived ones."""
    pinned = [dict(step.pins) for step in steps]
    for use in _uses_in(steps, override):
        for path in use.paths:
            recorded = lookup(steps[use.step].command.request, path)
            pinned[use.step][path] = (Pin(recorded, None),)
    return [replace(step, pins=pins) for step, pins in zip(steps, pinned, strict=True)]


def _redirected(steps: list[Step], override: Override, text: str) -> list[Step] | None:
    """The steps with another value for a word that is no parameter, `outfile`; None if the override isn't about one."""
    named = [step for step in steps if override.command in (None, step.number) and _words_called(step, override.name)]
    if not named:
        return None
    uses = [(f"{step.number}.{override.name}", _words_called(step, override.name)) for step in named]
    if any(words != uses[0][1] for _, words in uses):
        raise AmbiguousParameter(override.name, [(spelling, " ".join(words)) for spelling, words in uses])
    return [_with_words(step, override.name, text) if step in named else step for step in steps]


def _words_called(step: Step, name: str) -> list[str]:
    """The words of an argument that is no parameter; its name alone if the recorded line doesn't have it."""
    if step.form is None:
        return []
    for extra in step.form.extra:
        if extra.name == name and not extra.members:
            return [commandline.plain(word) for word in extra.words]
    return [word for word in step.form.needed if word.removeprefix("--") == name]


def _with_words(step: Step, name: str, text: str) -> Step:
    assert step.form is not None
    before: list[Text] = [(Span(word),) for word in step.form.needed if word == f"--{name}"]
    before += [extra.words[0] for extra in step.form.extra if extra.name == name and len(extra.words) > 1]
    given = commandline.Extra(name, (*before, (Span(text, Mark.OVERRIDDEN),)))
    extras = [extra for extra in step.form.extra if extra.name != name]
    needed = tuple(word for word in step.form.needed if word.removeprefix("--") != name)
    return replace(step, form=replace(step.form, extra=(*extras, given), needed=needed))


@dataclass(frozen=True)
class _Use:
    """A place of the trace that has the parameter of an override."""

    step: int
    paths: tuple[Path, ...]
    option: str
    recorded: Any


def _overridden(steps: list[Step], override: Override, text: str, catalog: Catalog) -> list[Step]:
    uses = _uses_in(steps, override)
    if any(use.recorded != uses[0].recorded for use in uses):
        first = {_told(use.recorded): f"{steps[use.step].number}.{use.option}" for use in reversed(uses)}
        raise AmbiguousParameter(override.name, [(spelling, value) for value, spelling in reversed(first.items())])
    pinned = [dict(step.pins) for step in steps]
    for use in uses:
        values = _read(steps[use.step], use, text, catalog)
        _check(steps[use.step], override.name, text, values, catalog)
        for path, value in values.items():
            told = value if steps[use.step].form is None else text
            index, root, pin = _root(steps, use, path, Pin(value, told), renames=override.command is None)
            pinned[index][root] = (*(old for old in pinned[index].get(root, ()) if old.part != pin.part), pin)
    return [replace(step, pins=pins) for step, pins in zip(steps, pinned, strict=True)]


def _uses_in(steps: list[Step], override: Override) -> list[_Use]:
    uses = [use for step in steps if override.command in (None, step.number) for use in _uses(step, override.name)]
    if not uses:
        raise UnknownParameter(_numbered(override.command, override.name), _closest(steps, override))
    return uses


def _uses(step: Step, name: str) -> list[_Use]:
    index = step.number - 1
    if step.command.operation is None or step.form is None:
        return _custom_uses(step, name)
    parameters = step.command.operation.parameters
    for option in step.form.options:
        if name in (option.name.removeprefix("--"), option.path[-1]):
            try:
                return [_Use(index, (option.path,), option.name.removeprefix("--"), lookup(parameters, option.path))]
            except LookupError:
                continue
    for extra in step.form.extra:
        if extra.name == name and extra.members:
            paths = tuple((member,) for member in sorted(extra.members))
            return [_Use(index, paths, name, [parameters.get(member) for member in sorted(extra.members)])]
    return []


def _custom_uses(step: Step, name: str) -> list[_Use]:
    argv = step.command.argv
    apart = [at for at in step.arguments if argv[at - 1] == f"--{name}" and not argv[at].startswith("--")]
    joined = [at for at in step.arguments if argv[at].startswith(f"--{name}=")]
    return [
        _Use(step.number - 1, (("argv", at),), name, argv[at].removeprefix(f"--{name}="))
        for at in sorted([*apart, *joined])
    ]


def _read(step: Step, use: _Use, text: str, catalog: Catalog) -> Mapping[Path, Any]:
    """What the override's text means there, by path."""
    if step.form is None:
        word = str(lookup(step.command.request, use.paths[0]))
        return {use.paths[0]: word.removesuffix(use.recorded) + text}
    members = catalog.read_option(step.form.words, use.option, text)
    return {path: lookup(members, path) for path in use.paths}


def _check(step: Step, name: str, text: str, values: Mapping[Path, Any], catalog: Catalog) -> None:
    """BadValue if the operation wouldn't take the values."""
    operation = step.command.operation
    if operation is None:
        return
    parameters = rebuilt(operation.parameters, lambda path, _: values.get(path))
    try:
        catalog.check(step.number, replace(operation, parameters=parameters))
    except UnfitParameters as unfit:
        raise BadValue(name, text, unfit.reason) from unfit


def _root(steps: list[Step], use: _Use, path: Path, pin: Pin, *, renames: bool) -> tuple[int, Path, Pin]:
    """Where the pin belongs: at the value that the person chose first, which all others follow."""
    whole = next((relation for relation in steps[use.step].related.get(path, ()) if relation.target.span is None), None)
    source = whole.source if whole is not None else None
    if renames and isinstance(source, Source) and source.side == "request":
        return source.command, source.path, replace(pin, part=source.part)
    return use.step, path, pin


def _closest(steps: Sequence[Step], override: Override) -> list[str]:
    names: set[str] = set()
    for step in steps:
        if step.form and step.command.operation and override.command in (None, step.number):
            present = step.command.operation.parameters
            names |= {option.name.removeprefix("--") for option in step.form.options if option.path[0] in present}
            names |= {extra.name for extra in step.form.extra}
        elif override.command in (None, step.number):
            argv = step.command.argv
            options = [argv[at].partition("=")[0] for at in step.arguments if argv[at].startswith("--")]
            names |= {option.removeprefix("--") for option in options}
    close = difflib.get_close_matches(override.name, sorted(names), n=3, cutoff=0.5)
    return [_numbered(override.command, name) for name in close]


def _numbered(command: int | None, name: str) -> str:
    return name if command is None else f"{command}.{name}"


def _told(value: Any) -> str:
    return commandline.plain(commandline.json_text(value)) if isinstance(value, (dict, list)) else str(value)


# --- resolving a step


@dataclass(frozen=True)
class Played:
    """Where a replay takes place.

    region      None if that is not known
    partition   the region's, with the suffix of its hosts (`aws`, `amazonaws.com`); None if that is not known
    account     finds it out; None if that can't be done
    """

    region: str | None = None
    partition: tuple[str, str] | None = None
    account: Callable[[], str | None] = lambda: None


NOWHERE_ELSE = Played()


class Knowledge:
    """What is known of a plan's values: its overrides, where it is played, and the responses so far.

    With `live`, only what was learned by `learn`; without, recorded responses stand in for real ones.
    """

    def __init__(self, plan: Plan, *, live: bool, query: Query, played: Played = NOWHERE_ELSE) -> None:
        self._plan, self._live, self._query, self._played = plan, live, query, played
        self._responses: dict[int, Document] = {}

    @property
    def steps(self) -> tuple[Step, ...]:
        """The plan's steps."""
        return self._plan.steps

    def learn(self, step: Step, response: Document) -> None:
        """The step was run and has this response, in the form of `trace.response_of`."""
        self._responses[step.number - 1] = response

    def invocation(self, step: Step) -> Invocation:
        """The step as a line to run; MissingValue if something that it needs isn't known."""
        request = rebuilt(step.command.request, lambda path, node: self._at(step, "request", path, node))
        substitutions = tuple(
            Substitution(relation, value.value, _mark(value), tuple(self._others(relation, value.value)))
            for path, relations in step.related.items()
            if not _is_pinned(step, path)
            for relation in relations
            for value in [self._value(relation.source)]
            if value is not None
        )
        kept: list[Text] = [(Span(step.command.argv[at]),) for at in step.kept]
        if step.form is None:
            words = [_word(request["argv"][at]) for at in step.arguments] + kept
            files = commandline.unmarked(request["files"])
            changed = [word for word, content in step.command.files.items() if files[word] != content]
            return replace(
                _invocation(words, None, files, substitutions),
                unsaid=tuple(changed),
                unrelated=tuple(_unrelated(step)),
            )
        spelling = commandline.spell(request, step.form)
        words = spelling.words + kept
        parameters = commandline.unmarked(request)
        return replace(
            _invocation(words, parameters, {}, substitutions),
            argv=_argv(commandline.dispatched(parameters, step.form) + kept),
            unsaid=spelling.unsaid,
            unrelated=tuple(_unrelated(step)),
        )

    def _others(self, relation: Relation, value: Any) -> Iterator[tuple[Source, Any]]:
        """The rivals of a relation's source that turned out to say something else."""
        for rival in relation.rivals:
            try:
                other = self._value(rival)
            except MissingValue:
                continue
            if other is not None and other.value != value:
                yield rival, other.value

    def _at(self, step: Step, side: Side, path: Path, recorded: Any) -> Any:
        """What stands at a path of a request or a response instead of what was recorded; None for nothing."""
        pins = step.pins.get(path, ()) if side == "request" else ()
        relations = (step.related if side == "request" else step.echoed).get(path, ())
        fresh = step.form.fresh.get(path) if step.form is not None and side == "request" else None
        if fresh is not None and not pins:
            return _derived(fresh)
        for pin in pins:
            if pin.part is None:
                return recorded if pin.shown is None else Marked(pin.value, (Span(pin.shown, Mark.OVERRIDDEN),))
        for relation in relations:
            if relation.target.span is None:
                value = self._value(relation.source)
                return None if value is None else _fitting(value, recorded)
        is_base64 = any(relation.target.form == "base64" for relation in relations)
        text = base64.b64decode(recorded).decode("utf-8") if is_base64 else recorded
        found = [(relation.target, self._value(relation.source)) for relation in relations]
        pieces = [
            (target.span, _as_said(value.shown, text, target.span, target.form))
            for target, value in found
            if target.span is not None and value is not None
        ]
        pieces += [(_span(recorded, pin.part), (Span(str(pin.value), Mark.OVERRIDDEN),)) for pin in pins if pin.part]
        if not pieces:
            return None
        shown = _assembled(text, pieces)
        if is_base64:
            return _derived(base64.b64encode(commandline.plain(shown).encode("utf-8")).decode("ascii"))
        return Marked(commandline.plain(shown), shown)

    def _value(self, source: Source | Setting) -> Marked | None:
        """The value of a source; None for a setting that is as it was. What is taken from elsewhere is derived."""
        if isinstance(source, Setting):
            return self._setting(source)
        step = self._plan.steps[source.command]
        value = self._requested(step, source.path) if source.side == "request" else self._answer(step, source)
        return value if source.part is None else self._part(step, source, value)

    def _setting(self, setting: Setting) -> Marked | None:
        partition, suffix = self._played.partition or (None, None)
        known = {"region": self._played.region, "partition": partition, "suffix": suffix}
        if setting.name in known:
            now = known[setting.name]
            return None if now in (None, setting.recorded) else _derived(now)
        if not self._live:
            return Marked(setting.recorded, (Span(setting.recorded, Mark.PENDING),))
        account = self._played.account()
        if account is None:
            raise MissingValue(None, "the account that is played in", "sts get-caller-identity didn't tell it")
        return None if account == setting.recorded else _derived(account)

    def _requested(self, step: Step, path: Path) -> Marked:
        for length in range(1, len(path) + 1):
            node = self._at(step, "request", path[:length], _recorded(step, "request", path[:length]))
            if node is not None:
                return _derived(self._inside(step, commandline.unmarked(node), path, length))
        return _derived(_recorded(step, "request", path))

    def _inside(self, step: Step, value: Any, path: Path, length: int) -> Any:
        try:
            return lookup(value, path[length:])
        except LookupError:
            raise MissingValue(step.number, spelled(path), "the overriding value has none") from None

    def _answer(self, step: Step, source: Source) -> Marked:
        """A value of a response, real or predicted: predicted and as recorded, only the real one can tell it."""
        if self._live and step.number - 1 not in self._responses:
            raise MissingValue(step.number, _told_path(source), "it has no response")
        recorded = self._lookup(step, step.command.response, source, concrete(source.path))
        path = tuple(self._expected(step, source.path[:at], key) for at, key in enumerate(source.path))
        value = self._lookup(step, self._response(step), source, path)
        if type(value) is not type(recorded):
            raise MissingValue(step.number, _told_path(source), f"it is {_told(value)}")
        mark = Mark.PENDING if not self._live and value == recorded else Mark.DERIVED
        return Marked(value, (Span(commandline.scalar_spelling(value), mark),))

    def _lookup(self, step: Step, response: Document, source: Source, path: Path) -> Any:
        document = response
        if source.side == "printed":
            document = self._query(query_of(step.command) or "@", response)
        try:
            return lookup(document, path)
        except LookupError as error:
            missing = spelled(error.args[0]) or "answer"
            raise MissingValue(step.number, _told_path(source), f"there is no {missing}") from None

    def _expected(self, step: Step, before: Path, key: Key) -> Key:
        """A selector with what its element is called here; a map's key as it is called here."""
        if isinstance(key, str):
            renamed = self._at(step, "response", (*concrete(before), KeyOf(key)), key) if before else None
            return key if renamed is None else str(renamed.value)
        if not isinstance(key, Where):
            return key
        path = (*concrete(before), key.index, *concrete(key.path))
        value = self._at(step, "response", path, key.value)
        return key if value is None else replace(key, value=value.value)

    def _response(self, step: Step) -> Document:
        """The step's response, or what can be predicted of it."""
        if not self._live and step.number - 1 not in self._responses:
            expected = rebuilt(step.command.response, lambda path, node: self._at(step, "response", path, node))
            self._responses[step.number - 1] = commandline.unmarked(expected)
        return self._responses[step.number - 1]

    def _part(self, step: Step, source: Source, value: Marked) -> Marked:
        assert source.part is not None
        try:
            text = part_of(value.value, source.part)
        except LookupError:
            raise MissingValue(step.number, _told_path(source), f"it is {value.value}") from None
        return Marked(text, (Span(text, _mark(value)),))


def _unrelated(step: Step) -> Iterator[tuple[Path, str]]:
    """The identifiers in a request that are sent as they were recorded, since nothing says what they are now."""
    for path, text in leaves(step.command.request):
        if not isinstance(text, str) or _is_pinned(step, path) or (step.form is None and not _is_own(step, path)):
            continue
        related = [each for length in range(len(path) + 1) for each in step.related.get(path[:length], ())]
        explained = [relation.target.span or (0, len(text)) for relation in related]
        for begin, end in identifiers.minted(text):
            if not any(begin < last and first < end for first, last in explained):
                yield path, text[begin:end]


def _is_own(step: Step, path: Path) -> bool:
    """Whether what is at a path of a custom command's request is about the command, and not a global option's."""
    return path[0] != "argv" or path[1] in step.arguments


def _told_path(source: Source) -> str:
    return spelled(source.path) or "what it printed"


def _fitting(value: Marked, recorded: Any) -> Any:
    """A value as the request has it: a list as its marked elements, a printed number as its text."""
    if isinstance(value.value, list):
        mark = _mark(value)
        return [Marked(each, (Span(commandline.scalar_spelling(each), mark),)) for each in value.value]
    text = value.value if isinstance(value.value, str) else commandline.plain(value.shown)
    if isinstance(recorded, str) and not recorded.endswith("\n"):
        text = text.rstrip("\n")
    if isinstance(recorded, str) and text != value.value:
        return Marked(text, (Span(text, _mark(value)),))
    return value


def _recorded(step: Step, side: Side, path: Path) -> Any:
    return lookup(step.command.request if side == "request" else step.command.response, path)


def _derived(value: Any) -> Marked:
    return Marked(value, (Span(commandline.scalar_spelling(value), Mark.DERIVED),))


def _span(text: str, part: Part) -> tuple[int, int]:
    found = segments(text)
    return found[part[0]][0], found[part[1] - 1 if part[1] is not None else -1][1]


def _as_said(value: Text, text: str, span: tuple[int, int], form: Form) -> Text:
    """A value as the text around it says such things: percent-encoded, or escaped for the JSON that it is in."""
    if form == "percent":
        before = text[slice(*span)]
        raw = "".join(character for character in RESERVED if character in before)
        return tuple(Span(quote(piece.text, safe=raw), piece.mark) for piece in value)
    if not text.lstrip().startswith(("{", "[")):
        return value
    quoted = re.search(r'(\\*)"[^"]*$', text[: span[0]])
    depth = len(quoted[1]).bit_length() + 1 if quoted else 1  # 0, 1, 3, 7 backslashes: a string in a string in a ...
    for _ in range(depth):
        value = tuple(Span(json.dumps(piece.text, ensure_ascii=False)[1:-1], piece.mark) for piece in value)
    return value


def _assembled(text: str, pieces: Iterable[tuple[tuple[int, int], Text]]) -> Text:
    """The text with pieces of it replaced."""
    spans: list[Span] = []
    done = 0
    for (begin, end), piece in sorted(pieces, key=lambda piece: piece[0]):
        spans += [Span(text[done:begin]), *piece]
        done = end
    spans.append(Span(text[done:]))
    return tuple(span for span in spans if span.text)


def _invocation(
    words: Sequence[Text],
    parameters: Document | None,
    files: Mapping[str, str | bytes],
    substitutions: tuple[Substitution, ...],
) -> Invocation:
    return Invocation(
        argv=_argv(words),
        shown=commandline.line([(Span("aws"),), *words]),
        parameters=parameters,
        files=files,
        substitutions=substitutions,
    )


def _argv(words: Iterable[Text]) -> tuple[str, ...]:
    return tuple(commandline.plain(word) for word in words)


def _word(value: str | Marked) -> Text:
    return value.shown if isinstance(value, Marked) else (Span(value),)


def _mark(value: Marked) -> Mark:
    return next((span.mark for span in value.shown if span.mark is not Mark.RECORDED), Mark.RECORDED)


def _is_pinned(step: Step, path: Path) -> bool:
    return any(path[:length] in step.pins for length in range(1, len(path) + 1))
