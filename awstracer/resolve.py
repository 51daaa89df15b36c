"""Relations and overrides applied: a step of a plan becomes a line that can be run.

A plan says for every value where it comes from; `Knowledge` looks that up in what is known so far.
What is known are the responses of this replay or, in a dry run, the recorded ones with everything that
has changed put in: one resolver, so that what is shown is what would be done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from awstracer import commandline, credentials, holes, pieces
from awstracer.commandline import (
    DERIVED,
    HIDDEN,
    OVERRIDDEN,
    PENDING,
    Mark,
    Marked,
    OperationCommand,
    Span,
    Spelling,
    Text,
)
from awstracer.credentials import Environment
from awstracer.errors import MissingSecret, MissingValue, NotPlayed
from awstracer.identifiers import part_of
from awstracer.paths import Key, KeyOf, Path, Where, concrete, lookup, rebuilt_at, spelled
from awstracer.pieces import Piece
from awstracer.queries import Query
from awstracer.query_option import query_of
from awstracer.relation_model import EnvironmentValue, Relation, Section, Source
from awstracer.steps import Pin, Plan, Step
from awstracer.trace import Call, Document, response_of


@dataclass(frozen=True, slots=True)
class Substitution:
    """A value of a step that comes from elsewhere: by which relation, and what it is now.

    `alternatives` are the sources that seemed as good and say something else now, with what they say.
    """

    relation: Relation
    value: Any
    mark: Mark
    alternatives: tuple[tuple[Source, Any], ...] = ()


@dataclass(frozen=True)
class Invocation:
    """A step as a line to run. (What only showing or only running it needs is worked out when it is asked for.)

    form            the operation's own command; None for a custom command
    request         what is asked, its values marked
    words           the words after `aws`, of an operation's command only those of global options
    contested       what was put in though a source that was as good says something else now
    changed         words of a custom command that name files which hold something else now, or `-` for its input
    """

    form: OperationCommand | None
    request: Mapping[str, Any]
    words: Sequence[Text]
    contested: tuple[Substitution, ...] = ()
    changed: tuple[str, ...] = ()

    @cached_property
    def _spelling(self) -> Spelling:
        """The words of an operation's own command; none for a custom one."""
        return Spelling([], self.changed) if self.form is None else commandline.spell(self.request, self.form)

    @property
    def shown(self) -> Text:
        """The line as people see it, beginning with `aws`."""
        return commandline.line([commandline.named("aws"), *self._spelling.words, *self.words])

    @property
    def unsaid(self) -> tuple[str, ...]:
        """The members that the line can't say exactly; they are sent exactly all the same."""
        return self._spelling.unsaid

    @cached_property
    def parameters(self) -> Document | None:
        """What the operation is to be called with; None for a custom command."""
        return None if self.form is None else commandline.unmarked(self.request)

    @cached_property
    def argv(self) -> tuple[str, ...]:
        """The words after `aws`, of an operation's command only those that are no parameters."""
        own = [] if self.form is None else commandline.dispatched(self.parameters or {}, self.form)
        return tuple(commandline.plain(word) for word in [*own, *self.words])

    @cached_property
    def files(self) -> Mapping[str, str | bytes]:
        """What words that name files stand for."""
        return commandline.unmarked(self.request["files"]) if self.form is None else {}


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
        partition, suffix = played.partition or (None, None)
        self._place = {"region": played.region, "partition": partition, "suffix": suffix}
        self._responses: dict[int, Document] = {}
        self._values: dict[Source, Marked] = {}

    @property
    def plan(self) -> Plan:
        """The plan that it is about."""
        return self._plan

    @property
    def steps(self) -> tuple[Step, ...]:
        """The plan's steps that are to be played."""
        return self._plan.selected

    def check(self) -> None:
        """NotPlayed if a step needs the answer of a step that is not to be played, even through a third; not `live`."""
        played = {step.number: step.selected for step in self._plan.steps}
        for step in self.steps if len(self.steps) < len(self._plan.steps) else ():
            credentials.check(step.number, step.minted, played)
            for path in step.related:
                if not _is_replaced(step, path):
                    place = f"word {path[1]}" if step.form is None else spelled(path)
                    with self._known(step, place, step.name_of(path)):
                        self._at(step, "request", path, _recorded(step, "request", path))
            with self._known(step, "--query", None):
                self._composed(step.queried, (), query_of(step.command) or "")

    @contextmanager
    def _known(self, step: Step, parameter: str, option: str | None) -> Iterator[None]:
        try:
            yield
        except MissingValue as missing:
            if missing.number is not None and not self._plan.steps[missing.number - 1].selected:
                raise NotPlayed(step.number, parameter, option, missing.number, missing.path) from missing

    def learn(self, step: Step, response: Document) -> None:
        """The step was run and has this response, in the form of `trace.response_of`."""
        self._responses[step.number - 1] = response
        self._values.clear()

    def environment(self, step: Step) -> Environment:
        """The variables with a step's own credentials, none for the session's; MissingValue if they aren't known."""
        if step.minted is None:
            return {}
        return credentials.environment(step.minted, self._responses.get(step.minted.number - 1))

    def shown(self, step: Step, calls: Sequence[Call]) -> Any:
        """What a step showed that was run and made these calls: its response or, of that, what its `--query` asks."""
        response, expression = response_of(step.command.operation, calls), query_of(step.command)
        if expression is None:
            return response
        now = self._composed(step.queried, (), expression)
        return self._query(expression if now is None else now.value, response)

    def invocation(self, step: Step) -> Invocation:
        """The step as a line to run; MissingValue or MissingSecret if something that it needs isn't known."""
        invocation = self._invocation(step)
        if self._live:
            sent = {"argv": invocation.argv, "files": invocation.files, **(invocation.parameters or {})}
            for name, value in sent.items():
                if any(holes.holes(value)):
                    raise MissingSecret([f"{step.number}.{name}"])
        return invocation

    def _invocation(self, step: Step) -> Invocation:
        request = rebuilt_at(
            [*step.related, *step.pins, *(step.form.fresh if step.form else ())],
            step.command.request,
            lambda path, node: self._at(step, "request", path, node),
        )
        kept = [self._kept(step, at) for at in step.kept]
        if step.form is not None:
            return Invocation(step.form, request, kept, self._contested(step))
        words = [word for at in step.arguments for word in _words(request["argv"][at])] + kept
        files = commandline.unmarked(request["files"])
        changed = [word for word, content in step.command.files.items() if word == "-" or files[word] != content]
        return Invocation(None, request, words, self._contested(step), tuple(changed))

    def substitutions(self, step: Step) -> tuple[Substitution, ...]:
        """What is put into a step, in the order of its request, as far as it is known."""
        found = []
        for relation in _feeding(step):
            value = self._known_value(relation.source)
            if value is not None:
                others = tuple(self._others(relation, value.value))
                found.append(Substitution(relation, value.value, commandline.mark_of(value), others))
        return tuple(found)

    def _contested(self, step: Step) -> tuple[Substitution, ...]:
        rivalled = [each for relations in step.related.values() for each in relations if each.alternatives]
        return tuple(each for each in self.substitutions(step) if each.alternatives) if rivalled else ()

    def _kept(self, step: Step, at: int) -> Text:
        """A word of a global option, the `--query` with what it names here."""
        word, query = step.command.argv[at], query_of(step.command)
        now = self._composed(step.queried, (), query) if query is not None else None
        if now is None:
            return (Span(word),)
        name, equals, _ = word.partition("=")
        if equals and commandline.option_named(name, ["--query"]):
            return (Span(f"{name}="), *now.shown)
        return now.shown if commandline.option_named(step.command.argv[at - 1], ["--query"]) else (Span(word),)

    def _others(self, relation: Relation, value: Any) -> Iterator[tuple[Source, Any]]:
        """The alternatives of a relation's source that turned out to say something else."""
        for rival in relation.alternatives:
            other = self._known_value(rival)
            if other is not None and other.value != value:
                yield rival, other.value

    def _at(self, step: Step, side: Section, path: Path, recorded: Any) -> Any:
        """What stands at a path of a request or a response instead of what was recorded; None for nothing."""
        if side == "response":
            return self._put(step.echoed.get(path, ()), (), recorded)
        pins = step.pins.get(path, ())
        fresh = step.form.fresh.get(path) if step.form is not None and not pins else None
        if fresh is not None:
            if not step.selected:
                raise MissingValue(step.number, spelled(path), "awscli makes up another one each time")
            return pieces.marked(fresh, DERIVED)
        for pin in pins:
            if pin.part is None and pin.hole is None:
                mark = HIDDEN if any(holes.holes(recorded)) else OVERRIDDEN
                return recorded if pin.shown is None else Marked(pin.value, (Span(pin.shown, mark),))
        return self._put(step.related.get(path, ()), pins, recorded)

    def _put(self, relations: Sequence[Relation], pins: Sequence[Pin], recorded: Any) -> Any:
        """What its sources make of a recorded value, with what is put into a part of it; None for nothing."""
        if not relations and not pins:
            return None
        for relation in () if any(pin.hole for pin in pins) else relations:
            if relation.target.span is None:
                value = self._value(relation.source)
                return None if value is None else pieces.fitting(value, recorded)
        return self._composed(relations, pins, recorded)

    def _composed(self, relations: Sequence[Relation], pins: Sequence[Pin], recorded: Any) -> Marked | None:
        """A recorded string with other pieces in it; None if nothing in it comes from elsewhere."""
        if not relations and not pins:
            return None
        is_encoded = isinstance(recorded, bytes) or (relations and relations[0].target.encoding == "base64")
        text = str(holes.text_of(recorded)) if is_encoded or any(pin.hole for pin in pins) else recorded
        found = self._filling(pins, text)
        filled = [span for span, _ in found]
        for relation in relations:
            span, value = relation.target.span, self._value(relation.source)
            if span is not None and value is not None and span not in filled:
                found.append((span, pieces.as_said(value.shown, text, span, relation.target.encoding)))
        found += [
            (pieces.span_of(recorded, pin.part), (Span(str(pin.value), OVERRIDDEN),))
            for pin in pins
            if pin.part is not None
        ]
        return pieces.like(recorded, text, pieces.assembled(text, found)) if found else None

    def _filling(self, pins: Sequence[Pin], text: str) -> list[Piece]:
        """The secrets that go into the holes of a text; in a dry run the holes themselves."""
        return [
            (match.span(), pieces.as_said((Span(secret, HIDDEN),), text, match.span(), "plain"))
            for pin in pins
            if pin.hole is not None
            for match in re.finditer(re.escape(pin.hole), text)
            for secret in [str(pin.value) if self._live else pin.hole]
        ]

    def _value(self, source: Source | EnvironmentValue) -> Marked | None:
        """The value of a source; None for a setting that is as it was. What is taken from elsewhere is derived."""
        if isinstance(source, EnvironmentValue):
            return self._setting(source)
        value = self._values.get(source)
        if value is None:
            value = self._values[source] = self._looked_up(source)
        return value

    def _known_value(self, source: Source | EnvironmentValue) -> Marked | None:
        """The same, None for what isn't known too."""
        try:
            return self._value(source)
        except MissingValue:
            return None

    def _looked_up(self, source: Source) -> Marked:
        step = self._plan.steps[source.command]
        value = self._requested(step, source.path) if source.section == "request" else self._answer(step, source)
        return value if source.part is None else self._part(step, source, value)

    def _setting(self, setting: EnvironmentValue) -> Marked | None:
        if setting.name != "account":
            now = self._place[setting.name]
            return None if now in (None, setting.recorded) else pieces.marked(now, DERIVED)
        if not self._live:
            return _pending(setting.recorded)
        account = self._played.account()
        if account is None:
            raise MissingValue(None, "the account that is played in", "sts get-caller-identity didn't tell it")
        return None if account == setting.recorded else pieces.marked(account, DERIVED)

    def _requested(self, step: Step, path: Path) -> Marked:
        recorded = _recorded(step, "request", path)
        mark = HIDDEN if any(holes.holes(recorded)) else DERIVED
        for length in range(1, len(path) + 1):
            node = self._at(step, "request", path[:length], _recorded(step, "request", path[:length]))
            if node is not None:
                return pieces.marked(self._inside(step, commandline.unmarked(node), path, length), mark)
        return pieces.marked(recorded, mark)

    def _inside(self, step: Step, value: Any, path: Path, length: int) -> Any:
        try:
            return lookup(value, path[length:])
        except LookupError:
            raise MissingValue(step.number, spelled(path), "the overriding value has none") from None

    def _answer(self, step: Step, source: Source) -> Marked:
        """A value of a response, real or predicted: predicted and as recorded, only the real one can tell it."""
        if (self._live or not step.selected) and step.number - 1 not in self._responses:
            raise MissingValue(step.number, _told_path(source), "it has no response")
        query = query_of(step.command) or "@"
        now = self._composed(step.queried, (), query)
        was = concrete(source.path)
        value = recorded = self._lookup(step, step.command.response, query, source, was)
        response = self._response(step)
        if response is not step.command.response or now is not None or was != source.path:
            path = tuple(self._expected(step, source.path[:at], key) for at, key in enumerate(source.path))
            value = self._lookup(step, response, query if now is None else now.value, source, path)
        is_secret = any(holes.holes(recorded))
        if type(value) is not type(recorded) or (recorded and value == []):
            found = f"a {type(value).__name__}" if is_secret else commandline.told(value)
            raise MissingValue(step.number, _told_path(source), f"it is {found}")
        mark = PENDING if not self._live and value == recorded else DERIVED
        return pieces.marked(value, HIDDEN if is_secret else mark)

    def _lookup(self, step: Step, response: Document, query: str, source: Source, path: Path) -> Any:
        document = response
        if source.section == "printed":
            document = self._query(query, response)
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
            changing = [path for path, found in step.echoed.items() if not all(map(self._is_as_recorded, found))]
            self._responses[step.number - 1] = rebuilt_at(
                changing,
                step.command.response,
                lambda path, node: commandline.unmarked(self._at(step, "response", path, node)),
            )
        return self._responses[step.number - 1]

    def _is_as_recorded(self, relation: Relation) -> bool:
        """Whether a dry run has a source's value as it was recorded."""
        source = relation.source
        if isinstance(source, EnvironmentValue):
            return self._place.get(source.name) in (None, source.recorded)
        value = self._known_value(source)
        return value is not None and commandline.mark_of(value) is PENDING

    def _part(self, step: Step, source: Source, value: Marked) -> Marked:
        assert source.part is not None
        try:
            text = part_of(value.value, source.part)
        except LookupError:
            raise MissingValue(step.number, _told_path(source), f"it is {_told(value)}") from None
        return Marked(text, (Span(text, commandline.mark_of(value)),))


@lru_cache(maxsize=16)  # a trace has one or two, in very many places
def _pending(account: str) -> Marked:
    return pieces.marked(account, PENDING)


def _feeding(step: Step) -> list[Relation]:
    """The relations of a step's request, but for those in whose place an override stands."""
    return [each for path, relations in step.related.items() if not step.is_pinned(path) for each in relations]


def _told(value: Marked) -> str:
    """A text in a message."""
    return "a secret of another form" if commandline.mark_of(value) is HIDDEN else str(value.value)


def _told_path(source: Source) -> str:
    return spelled(source.path) or "what it printed"


def _recorded(step: Step, side: Section, path: Path) -> Any:
    return lookup(step.command.request if side == "request" else step.command.response, path)


def _words(value: str | Marked | list[Marked]) -> list[Text]:
    if isinstance(value, list):  # a list that a response has takes the place of the words that it had
        return [each.shown for each in value]
    return [value.shown if isinstance(value, Marked) else (Span(value),)]


def _is_replaced(step: Step, path: Path) -> bool:
    """Whether an override takes the place of all that is at a path, and not only of a piece."""
    pins = [pin for length in range(1, len(path) + 1) for pin in step.pins.get(path[:length], ())]
    return any(pin.part is None for pin in pins)
