"""Occurrences: the strings of a trace, each at its path, with what model and names tell about it.

For the request `{"VpcId": "vpc-0a1b", "CidrBlock": "10.0.1.0/24"}` of `create-subnet` there are two. The first is

    Occurrence(command=1, section="request", path=("VpcId",), text="vpc-0a1b", facts=...)

whose facts say that the member is EC2's, names a resource of the type `vpc`, and is labelled `VpcId`. The facts come
from the API model and from the member's name. What a `--query` printed has occurrences of its own, since that is what
the person saw and copied.

Which strings are worth an occurrence is decided by the relevance filter of `relations/index`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

from awstracer.aws.api_model import ApiModel, Direction
from awstracer.commandline.options import query_of
from awstracer.relations import identifiers, operations
from awstracer.relations.identifiers import TOKEN, normalize_type
from awstracer.relations.model import Section
from awstracer.relations.operations import resource_type
from awstracer.trace.model import Command, Operation, Structure
from awstracer.trace.paths import KeyOf, Path, leaves, lookup
from awstracer.trace.query import Query, plain_path

IsRelevant = Callable[[str], bool]
UNSPECIFIC_LABEL = re.compile(r"values?$", re.I)
LABELS_BESIDE = ("Name", "Key", "name", "key")  # `{"Name": "vpc-id", "Values": ["vpc-0a1b"]}`


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """What the API model and the names tell about all strings at one member.

    service        whose request or response it is in
    resource_type  what it names: `user`, `vpc`
    label          its name there: a member's, an option's, or the tag key or filter name beside it
    is_name        whether it names a resource, and does not describe one
    is_silent      whether the model says that its values can't come from elsewhere
    is_new         whether it names the very resource that the command creates
    is_labelled    whether a person chose the label
    """

    service: str
    resource_type: str
    label: str
    is_name: bool
    is_silent: bool = False
    is_new: bool = False
    is_labelled: bool = False


class Occurrence(NamedTuple):
    """A string at a path; `is_one_of_several` if a query printed it as one of many."""

    command: int
    section: Section
    path: Path
    text: str
    facts: MemberFacts
    is_one_of_several: bool = False

    @property
    def is_key(self) -> bool:
        """Return whether the string is a map's key."""
        return bool(self.path) and isinstance(self.path[-1], KeyOf)


def is_any_word(text: str) -> bool:
    """Return whether a string has a letter or a digit: the filter for requests, all of which is relevant."""
    return TOKEN.search(text) is not None


class MemberCatalog:
    """Looks up the facts of members, each once."""

    def __init__(self, model: ApiModel) -> None:
        self.namespaces = cache(model.namespaces)
        self.facts = cache(self._facts)
        self.key_facts = cache(self._key_facts)
        self._member_info = cache(model.shape)

    def _facts(self, service: str, operation: str, direction: Direction, path: Path) -> MemberFacts:
        """Return the facts of a member of an operation's request or response."""
        info = self._member_info(service, operation, direction, path)
        around = self._member_info(service, operation, direction, path[:-1])
        label = identifiers.member_name(path)
        is_response = direction == "response"
        return MemberFacts(
            service=service,
            resource_type=resource_type(path, operation),
            label=label,
            is_name=is_response or info.addresses or operations.is_resource_name(path, operation),
            is_silent=info.is_silent,
            is_new=not is_response and operations.is_new_name(path, operation),
            is_labelled=around.keys is not None or not label,
        )

    def _key_facts(self, service: str, operation: str, direction: Direction, path: Path) -> MemberFacts | None:
        """Return the facts of the keys of the map at a path; None where the model has no map."""
        keys = self._member_info(service, operation, direction, path).keys
        return None if keys is None else MemberFacts(service, normalize_type(keys), keys, is_name=True)


# --- requests and responses


def occurrences(
    number: int, command: Command, direction: Direction, catalog: MemberCatalog, is_relevant: IsRelevant
) -> Iterator[Occurrence]:
    """Yield the relevant strings of a command's request or response, and the map keys below its top, in order."""
    operation = command.operation
    if operation is None:
        in_custom_command = _words_and_files if direction == "request" else _call_responses
        yield from in_custom_command(number, command, is_relevant)
        return
    document = operation.parameters if direction == "request" else command.response
    for path, text in _relevant_strings(document, is_relevant):  # the keys at the top are the API's, never a person's
        facts = _facts_at(path, document, operation, direction, catalog)
        if facts is not None:
            yield Occurrence(command=number, section=direction, path=path, text=text, facts=facts)


def _relevant_strings(node: Any, is_relevant: IsRelevant, path: Path = ()) -> list[tuple[Path, str]]:
    """Return the relevant strings below a node that stands at `path`, and the keys of maps below it, in order."""
    strings: list[tuple[Path, str]] = []
    is_map = bool(path) and isinstance(node, dict)
    items: Iterable[tuple[Any, Any]] = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in items:
        if is_map and is_relevant(key):
            strings.append(((*path, KeyOf(key)), key))
        if isinstance(child, str):
            if is_relevant(child):
                strings.append(((*path, key), child))
        elif isinstance(child, (dict, list, tuple)):
            strings += _relevant_strings(child, is_relevant, (*path, key))
    return strings


def _facts_at(
    path: Path, document: Structure, operation: Operation, direction: Direction, catalog: MemberCatalog
) -> MemberFacts | None:
    if isinstance(path[-1], KeyOf):
        return catalog.key_facts(operation.service, operation.name, direction, path[:-1])
    facts = catalog.facts(operation.service, operation.name, direction, path)
    return _with_label_beside(facts, document, path) if _is_unspecific(facts.label) else facts


def _with_label_beside(facts: MemberFacts, document: Structure, path: Path) -> MemberFacts:
    label = _label_at(document, path)
    if label == facts.label:
        return facts
    return replace(
        facts,
        label=label,
        resource_type=normalize_type(label) or facts.resource_type,
        is_labelled=facts.is_labelled or label not in path,
    )


def _label_at(document: Any, path: Path) -> str:
    """Return the name of the member or key at a path or, if that is unspecific, the name that stands beside it."""
    keys = [(depth, key) for depth, key in enumerate(path) if isinstance(key, str)]
    if not keys:
        return ""
    depth, last = keys[-1]
    if not _is_unspecific(last):
        return last
    around = lookup(document, path[:depth])
    beside = next((around[name] for name in LABELS_BESIDE if name != last and name in around), None)
    return beside if isinstance(beside, str) else last


def _is_unspecific(label: str) -> bool:
    return bool(UNSPECIFIC_LABEL.search(label)) and not normalize_type(label)


# --- custom commands


def _words_and_files(number: int, command: Command, is_relevant: IsRelevant) -> Iterator[Occurrence]:
    """Yield the words of a custom command's line that are no options, and the texts of its files."""
    service, option = service_of(command), ""
    for path, text in leaves(command.request):
        if path[0] == "argv" and text.startswith("--"):
            option = text.partition("=")[0]
        if isinstance(text, str) and text != option and is_relevant(text):
            named = normalize_type(option) or _type_in_first_call(command, text)
            facts = MemberFacts(service, named, option, is_name=bool(option))
            yield Occurrence(command=number, section="request", path=path, text=text, facts=facts)


def _type_in_first_call(command: Command, text: str) -> str:
    """Return what a custom command's word names, by the parameter of its first call that has the same value."""
    for call in command.calls[:1]:
        for path, value in leaves(call.request):
            if value == text:
                return resource_type(path, call.operation)
    return ""


def _call_responses(number: int, command: Command, is_relevant: IsRelevant) -> Iterator[Occurrence]:
    """Yield the strings in the responses to a custom command's calls; a path begins with the operation's name."""
    service = service_of(command)
    for path, text in leaves(command.response):
        if isinstance(text, str) and is_relevant(text):
            operation, *inner = path
            facts = MemberFacts(service, resource_type(tuple(inner), str(operation)), str(path[-1]), is_name=True)
            yield Occurrence(command=number, section="response", path=path, text=text, facts=facts)


def service_of(command: Command) -> str:
    """Return the service that a command is about."""
    if command.operation is not None:
        return command.operation.service
    return command.calls[0].service if command.calls else next(iter(command.argv), "")


# --- what a query printed


@dataclass(frozen=True, slots=True)
class QueryOutput:
    """What a command's `--query` printed.

    occurrences  each string, beside the path in the response that it comes from
    texts        the strings that a projection (`Subnets[*].SubnetId`) found in the elements of a list; None for
                 another query
    """

    occurrences: tuple[tuple[Path, Occurrence], ...] = ()
    texts: tuple[str, ...] | None = None


NOTHING_PRINTED = QueryOutput()


def query_output(number: int, command: Command, query: Query, is_relevant: IsRelevant) -> QueryOutput:
    """Return what a command's `--query` printed, or nothing if none of it is relevant."""
    expression = query_of(command)
    if expression is None:
        return NOTHING_PRINTED
    result = _located_result(expression, command.response, query, is_relevant)
    scalars = list(leaves(result))
    if not any(is_relevant(str(leaf)) for _, leaf in scalars):
        return NOTHING_PRINTED
    is_projection = _is_projection(result)
    printed = tuple(
        (leaf.path, _printed_occurrence(number, command, path, leaf, is_one_of_several=is_projection))
        for path, leaf in scalars
        if isinstance(leaf, _Located)
    )
    is_list = is_projection and all(isinstance(element, str) for element in result)
    return QueryOutput(printed, tuple(map(str, result)) if is_list else None)


def _printed_occurrence(
    number: int, command: Command, path: Path, leaf: _Located, *, is_one_of_several: bool
) -> Occurrence:
    operation = command.operation.name if command.operation else str(leaf.path[0])
    label = _label_at(command.response, leaf.path)
    return Occurrence(
        command=number,
        section="printed",
        path=path,
        text=str(leaf),
        facts=MemberFacts(service_of(command), resource_type(leaf.path, operation), label, is_name=True),
        is_one_of_several=is_one_of_several,
    )


def _located_result(expression: str, response: Structure, query: Query, is_relevant: IsRelevant) -> Any:
    """Return a query's result with located scalars; None where it fits nothing, or nothing relevant.

    Locating copies the response, so a query that is no plain path is evaluated first on the response as it is.
    """
    path = plain_path(expression)
    if path is not None:
        with suppress(LookupError):
            return _located(lookup(response, path), path)
        return None
    has_relevant = any(is_relevant(str(leaf)) for _, leaf in leaves(query(expression, response)))
    return query(expression, _located(response)) if has_relevant else None


class _LocatedText(str):
    """A string that remembers its path in the response, wherever a query carries it."""

    path: Path


class _LocatedNumber(int):
    """A number that remembers its path."""

    path: Path


_Located = _LocatedText | _LocatedNumber


def _located(value: Any, path: Path = ()) -> Any:
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        located: _Located = _LocatedText(value) if isinstance(value, str) else _LocatedNumber(value)
        located.path = path
        return located
    if isinstance(value, Mapping):
        return {key: _located(child, (*path, key)) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [_located(child, (*path, index)) for index, child in enumerate(value)]
    return value


def _is_projection(result: Any) -> bool:
    """Return whether a query's result is what one expression found in each element, and no list of chosen values."""
    if not isinstance(result, list):
        return False
    members = {tuple(key for key in leaf.path if isinstance(key, str)) for leaf in result if isinstance(leaf, _Located)}
    return len(result) != 1 and len(members) <= 1
