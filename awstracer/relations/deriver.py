"""Derive the relations of a trace: which earlier value feeds which later request.

The trace alone is read; nothing is sent. It goes command by command:

1. `create-vpc`: `vpc-0a1b` stands at `Vpc.VpcId` of its response, and nowhere before. So the service generated it here,
   and the occurrence becomes a candidate in the index.
2. `create-subnet`: `vpc-0a1b` stands at `VpcId` of its request. The index has an equal candidate. It is UNIQUE, so it
   matches: the relation's source is `Vpc.VpcId` of command 1's response, its target `VpcId` of command 2's request.
3. The response of command 2 has `vpc-0a1b` again, at `Subnet.VpcId`. It is looked up in the same way. This relation
   lets a dry run predict the response.

Strings of a request are looked up as a whole and piece by piece. What is found nowhere was chosen by the person, and
becomes a candidate at its path, as what a service generated does. What a `--query` printed is a candidate of its own,
and preferred to the response that it comes from, since that is what the person saw.

At last, sources that pick elements of lists by position get selectors (`relations/selectors`). What distinguishes
these elements can itself be in relations; if the relevance filter had kept such strings out, all is derived again.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from awstracer.aws.api_model import ApiModel
from awstracer.commandline.options import query_of
from awstracer.relations import selectors
from awstracer.relations.account_region import EnvironmentScanner, recorded_account, recorded_environment
from awstracer.relations.candidates import candidates_at
from awstracer.relations.index import ListIndex, RelevanceFilter, RequestHistory, ValueIndex
from awstracer.relations.model import EnvironmentValue, Relation, Source
from awstracer.relations.occurrences import (
    MemberCatalog,
    MemberFacts,
    Occurrence,
    QueryOutput,
    is_any_word,
    occurrences,
    query_output,
    service_of,
)
from awstracer.relations.source_finder import SourceFinder
from awstracer.trace.model import Command, Trace
from awstracer.trace.paths import Path
from awstracer.trace.query import Query

QUOTE = re.compile(r"['`\"]")  # around a literal of JMESPath


def derive(trace: Trace, query: Query, model: ApiModel) -> list[Relation]:
    """Return the relations of a trace, in the order of their targets; none overlaps another.

    `query` evaluates a JMESPath expression on a document, as awscli does for `--query`.
    """
    environment = recorded_environment(trace, model)
    catalog = MemberCatalog(model)
    account = recorded_account(environment)
    relevance = RelevanceFilter.of(trace, account)
    relations = Deriver(environment, catalog, relevance, query).relations_of(trace)
    sources = _element_sources(relations)
    more = relevance.with_tokens_of(_distinguishing_values(sources.values(), trace))
    if more is not relevance:
        relations = Deriver(environment, catalog, more, query).relations_of(trace)
        sources = _element_sources(relations)
    return _with_selectors(relations, sources, trace) if sources else relations


# --- selectors


def _element_sources(relations: Iterable[Relation]) -> dict[int, Source]:
    """Return the sources that pick elements of lists, by the indexes of their relations."""
    sources = ((index, relation.source) for index, relation in enumerate(relations))
    return {index: source for index, source in sources if isinstance(source, Source) and source.has_positions}


def _distinguishing_values(sources: Iterable[Source], trace: Trace) -> Iterator[str]:
    for source in sources:
        yield from selectors.distinguishing_values(source.path, trace.commands[source.command].response)


def _with_selectors(relations: list[Relation], sources: Mapping[int, Source], trace: Trace) -> list[Relation]:
    """Return the relations with selectors in the paths of `sources`."""
    echoed: dict[int, set[Path]] = {source.command: set() for source in sources.values()}
    for target in (relation.target for relation in relations):
        if target.section == "response" and target.span is None and target.command in echoed:
            echoed[target.command].add(target.path)
    selecting = list(relations)
    for index, source in sources.items():
        response = trace.commands[source.command].response
        path = selectors.with_selectors(source.path, response, echoed[source.command])
        selecting[index] = relations[index]._replace(source=source._replace(path=path))
    return selecting


# --- one command after the other


@dataclass(frozen=True)
class _Strings:
    """The relevant strings of a command: of its request, of what its query printed, and of its response."""

    number: int
    command: Command
    request: list[Occurrence]
    printed: QueryOutput
    response: list[Occurrence]


class Deriver:
    """Reads the commands of a trace in their order, against an index of the values in earlier ones."""

    def __init__(
        self, environment: Sequence[EnvironmentValue], catalog: MemberCatalog, relevance: RelevanceFilter, query: Query
    ) -> None:
        self._catalog, self._relevance, self._query = catalog, relevance, query
        self._account = recorded_account(environment)
        self._index, self._history, self._lists = ValueIndex(), RequestHistory(), ListIndex(relevance.lists)
        self._finder = SourceFinder(self._index, self._history, EnvironmentScanner(environment))

    def relations_of(self, trace: Trace) -> list[Relation]:
        """Return the relations of a trace's commands."""
        return [
            relation
            for number, command in enumerate(trace.commands)
            for relation in self._relations_of_command(number, command)
        ]

    def _relations_of_command(self, number: int, command: Command) -> list[Relation]:
        strings = self._read(number, command)
        relations = self._request_relations(strings)
        relations += self._query_relations(number, command)
        if strings.printed.texts is not None:
            self._lists.add(strings.printed.texts, Source(number, "printed", ()))
        response_relations = self._response_relations(strings)
        self._add_printed(strings.printed, response_relations)
        return relations + response_relations

    def _read(self, number: int, command: Command) -> _Strings:
        is_relevant = self._relevance.is_relevant
        return _Strings(
            number=number,
            command=command,
            request=list(occurrences(number, command, "request", self._catalog, is_any_word)),
            printed=query_output(number, command, self._query, is_relevant),
            response=list(occurrences(number, command, "response", self._catalog, is_relevant)),
        )

    def _request_relations(self, strings: _Strings) -> list[Relation]:
        lists = self._lists.relations_of(strings.number, strings.command)
        self._history.begin(strings.number, strings.request)
        relations = self._look_up(_outside(lists, strings.request))
        self._history.finish(strings.request)
        return lists + relations

    def _query_relations(self, number: int, command: Command) -> list[Relation]:
        """Return the relations of the literals in a command's query: `Vpcs[?VpcId=='vpc-0a1b']`."""
        expression = query_of(command)
        if expression is None or not QUOTE.search(expression):
            return []
        facts = MemberFacts(service_of(command), resource_type="", label="", is_name=False)
        occurrence = Occurrence(number, "query", (), expression, facts)
        return [relation for relation in self._finder.relations_of(occurrence) if relation.target.span is not None]

    def _response_relations(self, strings: _Strings) -> list[Relation]:
        """Return the relations of a response; what was printed of it becomes a candidate as printed."""
        self._lists.add_response(strings.response, strings.command)
        return self._look_up(strings.response, printed={path for path, _ in strings.printed.occurrences})

    def _add_printed(self, printed: QueryOutput, relations: Iterable[Relation]) -> None:
        explained = {relation.target.path for relation in relations if relation.target.span is None}
        for path, occurrence in printed.occurrences:
            if path not in explained:
                self._add(occurrence)

    def _look_up(self, strings: Sequence[Occurrence], printed: Container[Path] = ()) -> list[Relation]:
        """Return the relations of strings, first of those without ARNs: an ARN may name what stands beside it."""
        relations = self._look_up_together((string for string in strings if "arn:" not in string.text), printed)
        relations += self._look_up_together((string for string in strings if "arn:" in string.text), printed)
        if self._relevance.account in self._index:
            self._relevance = self._relevance.without_account()
        return relations

    def _look_up_together(self, strings: Iterable[Occurrence], printed: Container[Path]) -> list[Relation]:
        """Return the relations of strings, none of which feeds another; those without source become candidates."""
        relations: list[Relation] = []
        unexplained: list[Occurrence] = []
        for occurrence in strings:
            its_relations = self._finder.relations_of(occurrence)
            relations += its_relations
            is_explained = bool(its_relations) and its_relations[0].target.span is None
            if not is_explained and occurrence.path not in printed:
                unexplained.append(occurrence)
        for occurrence in unexplained:
            self._add(occurrence)
        return relations

    def _add(self, occurrence: Occurrence) -> None:
        """Add the candidates at an occurrence to the index."""
        if occurrence.facts.is_silent or self._history.is_repeated_in(occurrence):
            return
        namespaces = self._catalog.namespaces(occurrence.facts.service)
        for candidate in candidates_at(occurrence, self._account, namespaces, self._relevance.is_relevant):
            self._index.add(candidate)


def _outside(lists: Iterable[Relation], strings: Sequence[Occurrence]) -> Sequence[Occurrence]:
    """Return the strings outside of lists that have a relation as a whole."""
    paths = {path for relation in lists for path in relation.target.paths}
    if not paths:
        return strings
    return [string for string in strings if string.path not in paths and string.path[:-1] not in paths]
