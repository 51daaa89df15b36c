"""The values of the leaves of a plan's templates: what each source has now.

For the reference `<command 1's response, Vpc.VpcId>` a replay looks up `Vpc.VpcId` in the real response of command 1
(`vpc-9f2c`, `Provenance.DERIVED`). A dry run takes the recorded response, with everything in it that follows from
overrides; where that is as recorded (`vpc-0a1b`), only the real response can tell the value: `Provenance.PENDING`.

A source can be the request of an earlier step, whose leaf there is looked up in turn. `plan/resolver` puts the values
of a step's leaves together, and `plan/invocation` fits each to what was recorded in its place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from awstracer.commandline.text import MarkedValue, Provenance, format_value, text_of, unwrap
from awstracer.errors import MissingValue
from awstracer.plan.invocation import Destination, coerce_to, encode_for, encode_like, splice
from awstracer.plan.model import Plan, Step
from awstracer.plan.template import Generated, Given, Interpolation, Kept, Leaf, Reference, Secret, Template
from awstracer.relations.identifiers import part_span
from awstracer.relations.model import EnvironmentValue, Source
from awstracer.secrets import placeholders
from awstracer.trace.model import Structure
from awstracer.trace.paths import Key, KeyOf, Path, PathNotFound, Where, format_path, lookup, replace_at, with_indexes
from awstracer.trace.query import Query

AS_RECORDED = (Provenance.RECORDED, Provenance.PENDING)


class ValueResolver:
    """Finds the values of leaves and of sources, with the responses that are there so far."""

    def __init__(self, plan: Plan, *, is_dry_run: bool, query: Query, destination: Destination) -> None:
        self._plan, self._is_dry_run, self._query, self._destination = plan, is_dry_run, query, destination
        self.responses: dict[int, Structure] = {}
        self._values: dict[Source | EnvironmentValue, MarkedValue] = {}

    def add_response(self, number: int, response: Structure) -> None:
        """Take the response of command `number`."""
        self.responses[number] = response
        self._values.clear()

    # --- leaves

    def resolve(self, step: Step, template: Template) -> Any:
        """Return the document of a template, with `MarkedValue`s where a value isn't the recorded one."""
        values = {path: self.leaf_value(step, template, path, leaf) for path, leaf in template.leaves.items()}
        return replace_at(template.recorded, values)

    def leaf_value(self, step: Step, template: Template, path: Path, leaf: Leaf) -> Any:
        """Return what stands for a leaf: a `MarkedValue`, a list of them, or the recorded value."""
        if isinstance(leaf, Kept):
            return leaf.value
        if isinstance(leaf, Given):
            return MarkedValue(leaf.value, _given_provenance(leaf), leaf.typed_as)
        if isinstance(leaf, Generated):
            if not step.selected:
                raise MissingValue(step.number, format_path(path), "awscli generates another one each time")
            return MarkedValue(leaf.value, Provenance.DERIVED)
        recorded = lookup(template.recorded, path)
        if isinstance(leaf, Interpolation):
            return self._interpolate(leaf, recorded)
        value = self._piece_value(leaf)
        return recorded if value.provenance is Provenance.RECORDED else coerce_to(value, recorded)

    def _interpolate(self, leaf: Interpolation, recorded: Any) -> Any:
        """Return a recorded string with other pieces in it; as it is if none of them is another one now."""
        replacements = []
        for span, inner, encoding in leaf.pieces:
            value = self._piece_value(inner)
            if value.provenance is not Provenance.RECORDED:
                replacements.append((span, encode_for(text_of(value), leaf.text, span, encoding)))
        return encode_like(leaf.encoding, splice(leaf.text, replacements)) if replacements else recorded

    def _piece_value(self, leaf: Reference | Given | Secret) -> MarkedValue:
        if isinstance(leaf, Reference):
            return self._value(leaf.relation.source)
        if isinstance(leaf, Given):
            return MarkedValue(str(leaf.value), _given_provenance(leaf))
        secret = self._plan.secrets.get(leaf.placeholder)
        if secret is None:
            return MarkedValue(leaf.placeholder, Provenance.RECORDED)
        return MarkedValue(secret if not self._is_dry_run else leaf.placeholder, Provenance.HIDDEN)

    def expression(self, step: Step) -> Any:
        """Return the expression of a step's `--query`; `@`, which picks everything, for a step without one."""
        return "@" if step.query is None else self.resolve(step, step.query)

    # --- sources

    def _value(self, source: Source | EnvironmentValue) -> MarkedValue:
        """Return the value of a source; raise MissingValue if it isn't there."""
        value = self._values.get(source)
        if value is None:
            value = self._values[source] = self._source_value(source)
        return value

    def value_or_none(self, source: Source | EnvironmentValue) -> MarkedValue | None:
        """Return the value of a source; None if it isn't there."""
        try:
            return self._value(source)
        except MissingValue:
            return None

    def _source_value(self, source: Source | EnvironmentValue) -> MarkedValue:
        if isinstance(source, EnvironmentValue):
            return _destination_value(source, self._destination, is_dry_run=self._is_dry_run)
        step = self._plan.steps[source.command]
        if source.section == "request":
            value = self._requested_value(step, source.path)
        else:
            value = self._response_value(step, source)
        return value if source.part is None else _part_value(step, source, value)

    def _requested_value(self, step: Step, path: Path) -> MarkedValue:
        """Return what stands at a path of a step's request."""
        value = recorded = lookup(step.command.request, path)
        covering = step.request.covering(path)
        if covering is not None:
            outer, leaf = covering
            now = unwrap(self.leaf_value(step, step.request, outer, leaf))
            try:
                value = lookup(now, path[len(outer) :])
            except LookupError:
                raise MissingValue(step.number, format_path(path), "the overriding value has none") from None
        is_secret = any(placeholders.find_placeholders(recorded))
        return MarkedValue(value, Provenance.HIDDEN if is_secret else Provenance.DERIVED)

    def _response_value(self, step: Step, source: Source) -> MarkedValue:
        """Return a value of a step's response, or of what its `--query` printed of that.

        In a dry run it is pending if it is as recorded: only the real response can tell it.
        """
        if (not self._is_dry_run or not step.selected) and step.number not in self.responses:
            raise MissingValue(step.number, _path_text(source), "it has no response")
        query = "@" if step.query is None else step.query.recorded
        expression, response = unwrap(self.expression(step)), self._response(step)
        recorded_path = with_indexes(source.path)
        value = recorded = self._look_up(step, step.response.recorded, query, source, recorded_path)
        if response is not step.response.recorded or expression != query or recorded_path != source.path:
            path = tuple(self._expected_key(step, source.path[:at], key) for at, key in enumerate(source.path))
            value = self._look_up(step, response, expression, source, path)
        is_secret = any(placeholders.find_placeholders(recorded))
        if type(value) is not type(recorded) or (recorded and value == []):
            actual = f"a {type(value).__name__}" if is_secret else format_value(value)
            raise MissingValue(step.number, _path_text(source), f"it is {actual}")
        provenance = Provenance.PENDING if self._is_dry_run and value == recorded else Provenance.DERIVED
        return MarkedValue(value, Provenance.HIDDEN if is_secret else provenance)

    def _look_up(self, step: Step, response: Structure, expression: str, source: Source, path: Path) -> Any:
        document = self._query(expression, response) if source.section == "printed" else response
        try:
            return lookup(document, path)
        except PathNotFound as error:
            missing = format_path(error.path) or "answer"
            raise MissingValue(step.number, _path_text(source), f"there is no {missing}") from None

    def _expected_key(self, step: Step, before: Path, key: Key) -> Key:
        """Return a key of a path into a response with the values of this replay: in a selector, and for a map's key."""
        outer = with_indexes(before)
        if isinstance(key, Where):
            return replace(
                key, value=self._predicted_value(step, (*outer, key.index, *with_indexes(key.path)), key.value)
            )
        if isinstance(key, str) and before:
            return str(self._predicted_value(step, (*outer, KeyOf(key)), key))
        return key

    # --- responses that a dry run predicts

    def _predicted_value(self, step: Step, path: Path, recorded: Any) -> Any:
        leaf = step.response.leaves.get(path)
        return recorded if leaf is None else unwrap(self.leaf_value(step, step.response, path, leaf))

    def _response(self, step: Step) -> Structure:
        """Return the response of a step; in a dry run the recorded one, with what follows from overrides."""
        if self._is_dry_run and step.number not in self.responses:
            leaves = {path: self._changed_part(leaf) for path, leaf in step.response.leaves.items()}
            values = {
                path: unwrap(self.leaf_value(step, step.response, path, leaf)) for path, leaf in leaves.items() if leaf
            }
            self.responses[step.number] = replace_at(step.response.recorded, values)
        return self.responses[step.number]

    def _changed_part(self, leaf: Leaf) -> Leaf | None:
        """Return a leaf, or those pieces of it, that a dry run knows to have another value than the recorded one.

        None if there are none. What comes from a step that is not played is not known here: only the real response
        tells it.
        """
        if isinstance(leaf, Interpolation):
            pieces = tuple(piece for piece in leaf.pieces if self._changed_part(piece.leaf) is not None)
            return replace(leaf, pieces=pieces) if pieces else None
        try:
            value = self._value(leaf.relation.source) if isinstance(leaf, Reference) else None
        except MissingValue as missing:
            if missing.number is not None and self._plan.steps[missing.number - 1].selected:
                raise
            return None
        return None if value is None or value.provenance in AS_RECORDED else leaf


def _given_provenance(given: Given) -> Provenance:
    return Provenance.HIDDEN if given.is_secret else Provenance.OVERRIDDEN


def _destination_value(value: EnvironmentValue, destination: Destination, *, is_dry_run: bool) -> MarkedValue:
    """Return the region, the account and the like that a plan is played in; the recorded one if there is none."""
    if value.name == "account" and is_dry_run:
        return MarkedValue(value.recorded, Provenance.PENDING)
    now = destination.value_of(value.name)
    if value.name == "account" and now is None:
        raise MissingValue(None, "the account id", "sts get-caller-identity did not return it")
    if now in (None, value.recorded):
        return MarkedValue(value.recorded, Provenance.RECORDED)
    return MarkedValue(now, Provenance.DERIVED)


def _part_value(step: Step, source: Source, value: MarkedValue) -> MarkedValue:
    """Return the part of a text that a source picks."""
    assert source.part is not None
    try:
        begin, end = part_span(value.value, source.part)
    except LookupError:
        actual = "a secret of another form" if value.provenance is Provenance.HIDDEN else str(value.value)
        raise MissingValue(step.number, _path_text(source), f"it is {actual}") from None
    return MarkedValue(value.value[begin:end], value.provenance)


def _path_text(source: Source) -> str:
    return format_path(source.path) or "what it printed"
