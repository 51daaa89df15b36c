"""Derives from a trace alone which earlier value feeds which later one.

Commands are read in order. Each string of a request is looked up among the values seen before, whole
and piece by piece; what is found nowhere was chosen by the person, here. Each string of a response is
looked up in the same way, which tells how it can be predicted; what is found nowhere was minted by
the service, here. The place where a value is first seen is where later uses refer to; what a `--query`
printed is a place of its own, since that is what the person saw and used.

All judgement of whether two equal strings are the same thing is in `_judge` and what it calls.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from awstracer import identifiers
from awstracer.identifiers import Strength
from awstracer.trace import EACH, Command, Path, Trace, Where, children, concrete, leaves, lookup

Side = Literal["request", "response", "printed"]
Part = tuple[int, int | None]
Query = Callable[[str, Any], Any]

LONGEST_NAME = 512
LONGEST_LIST = 100
SHORTEST_KIND = 4
SHORTEST_ID = 6
S3_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]+)")
LABEL = re.compile(r"([A-Za-z][\w-]*)[\s\"'\\]*[=:]+[\s\"'\\\[]*$|--([A-Za-z][\w-]*)\s+[\"']?$")
HOST = re.compile(r"\.(amazonaws\.com|api\.aws|on\.aws|vpce\.|console\.aws)")
WORD = re.compile(r"[A-Za-z0-9]")
NAME = re.compile(r"[A-Za-z0-9_.-]")


@dataclass(frozen=True)
class Source:
    """Where a value comes from: what command `command` (counted from 0) was asked, answered or printed.

    `path` may have selectors; for `printed` it is a path in the result of the command's `--query`.
    `part` picks segments between `:` and `/` out of the string there; None takes the whole.
    """

    command: int
    side: Side
    path: Path
    part: Part | None = None


@dataclass(frozen=True)
class Setting:
    """Where a value comes from: the region or the account that is played in; `recorded` is what it was."""

    name: Literal["region", "account"]
    recorded: str


@dataclass(frozen=True)
class Target:
    """Where a value goes; `span` are the characters it takes up in the string there, None for all of it.

    With `encoded`, the string is base64, and the span is one of what it encodes.
    """

    command: int
    side: Side
    path: Path
    span: tuple[int, int] | None = None
    encoded: bool = False


@dataclass(frozen=True)
class Relation:
    """The source feeds the target, and why that is believed."""

    source: Source | Setting
    target: Target
    evidence: str


@dataclass(frozen=True)
class _Place:
    """A string in a trace, and what its place says of it; `label` is what it is called there."""

    command: int
    side: Side
    path: Path
    service: str
    kind: str
    label: str
    is_name: bool
    text: str
    several: bool = False


@dataclass(frozen=True)
class _Origin:
    """A value where it was first seen."""

    place: _Place
    part: Part | None
    kind: str
    text: str
    strength: Strength

    @property
    def source(self) -> Source:
        return Source(self.place.command, self.place.side, self.place.path, self.part)

    @property
    def rank(self) -> int:
        """Which of several origins of a text is meant: what was named or printed by itself comes first."""
        if self.part is not None:
            return 3
        return {"request": 0, "printed": 2 if self.place.several else 0, "response": 1}[self.place.side]


def derive(trace: Trace, query: Query) -> list[Relation]:
    """The relations of a trace, in the order of their targets; none overlaps another.

    `query` evaluates a JMESPath expression on a document, as awscli does for `--query`.
    """
    index = _Index(settings(trace))
    echoed: list[set[Path]] = []
    relations: list[Relation] = []
    for number, command in enumerate(trace.commands):
        asked = _read(number, command, "request", index)
        relations += [_identified(relation, trace, echoed) for relation in asked]
        printed = list(_printed(number, command, query))
        answered = _read(number, command, "response", index, {path for path, _ in printed})
        relations += answered
        echoed.append({relation.target.path for relation in answered if relation.target.span is None})
        for path, place in printed:
            if path not in echoed[number]:
                index.add(place)
        _add_lists(number, command, query, index)
    return relations


def _read(
    number: int,
    command: Command,
    side: Literal["request", "response"],
    index: _Index,
    printed: Container[Path] = frozenset(),
) -> list[Relation]:
    """The relations of what a command was asked, or answered; what is born there goes into the index.

    What a query `printed` of a response is indexed as such, and not here.
    """
    lists = list(_lists_in(number, command, index)) if side == "request" else []
    taken = {relation.target.path for relation in lists}
    places = [place for place in _places(number, command, side) if place.path[:-1] not in taken]
    found = [(place, list(_relations_of(place, index))) for place in places]
    for place, related in found:
        if not any(relation.target.span is None for relation in related) and place.path not in printed:
            index.add(place)
    return lists + [relation for _, related in found for relation in related]


# --- places


def _places(number: int, command: Command, side: Literal["request", "response"]) -> Iterator[_Place]:
    if command.operation is None:
        yield from _custom_places(number, command, side)
        return
    operation = command.operation
    document = operation.parameters if side == "request" else command.response
    for path, leaf in leaves(document):
        if isinstance(leaf, str):
            is_name = side == "response" or identifiers.is_name(path, operation.name)
            label = _label(document, path)
            kind = identifiers.stem_of(label) or identifiers.kind(path, operation.name)
            yield _Place(number, side, path, operation.service, kind, label, is_name, leaf)


def _custom_places(number: int, command: Command, side: Literal["request", "response"]) -> Iterator[_Place]:
    option = ""
    for path, leaf in leaves(command.request if side == "request" else command.response):
        if not isinstance(leaf, str):
            continue
        if side == "request" and path[0] == "argv" and leaf.startswith("--"):
            option = leaf
        elif side == "request":
            kind, is_name = identifiers.stem_of(option), bool(option)
            yield _Place(number, side, path, _service(command), kind, option, is_name, leaf)
        else:
            kind = identifiers.kind(path[1:], str(path[0]))
            yield _Place(number, side, path, _service(command), kind, str(path[-1]), True, leaf)


def _service(command: Command) -> str:
    if command.operation is not None:
        return command.operation.service
    return command.calls[0].service if command.calls else next(iter(command.argv), "")


def _label(document: Any, path: Path) -> str:
    """What a value is called: its member or key, or, where that says nothing, the name that stands beside it."""
    keys = [(depth, key) for depth, key in enumerate(path) if isinstance(key, str)]
    if not keys:
        return ""
    depth, last = keys[-1]
    if identifiers.stem_of(last):
        return last
    around = lookup(document, path[:depth])
    beside = next((around[name] for name in ("Name", "Key", "name", "key") if name != last and name in around), None)
    return beside if isinstance(beside, str) else last


def _printed(number: int, command: Command, query: Query) -> Iterator[tuple[Path, _Place]]:
    """What the command's `--query` let the person see: where it stands in the response, and as a place."""
    expression = query_of(command)
    if expression is None:
        return
    result = query(expression, _located(command.response))
    several = _is_projection(result)
    for path, leaf in leaves(result):
        if isinstance(leaf, _Located):
            operation = command.operation.name if command.operation else str(leaf.path[0])
            kind, label = identifiers.kind(leaf.path, operation), _label(command.response, leaf.path)
            yield leaf.path, _Place(number, "printed", path, _service(command), kind, label, True, str(leaf), several)


class _LocatedText(str):
    """A string that remembers where in a response it stands, wherever a query carries it."""

    path: Path


class _LocatedNumber(int):
    """A number that does so."""

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
    """Whether a query's result is what one expression found in each element, and no tuple of chosen values."""
    if not isinstance(result, list):
        return False
    shapes = {tuple(key for key in leaf.path if isinstance(key, str)) for leaf in result if isinstance(leaf, _Located)}
    return len(result) != 1 and len(shapes) <= 1


def query_of(command: Command) -> str | None:
    """The `--query` of a recorded line."""
    for position, word in enumerate(command.argv):
        if word == "--query" and position + 1 < len(command.argv):
            return command.argv[position + 1]
        if word.startswith("--query="):
            return word.partition("=")[2]
    return None


# --- the index


@dataclass
class _Index:
    """Values by their text; `starting` finds those that could begin at an atom of a longer text."""

    settings: Sequence[Setting] = ()
    origins: dict[str, list[_Origin]] = field(default_factory=dict)
    shapes: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    lists: dict[tuple[str, ...], Source] = field(default_factory=dict)

    def add(self, place: _Place) -> None:
        """Note the values that are born at a place; of little ones of a sort the latest, of others the first."""
        for origin in _origins(place):
            known = self.origins.setdefault(origin.text, [])
            sort = (origin.rank, origin.kind, origin.place.service)
            same = next((i for i, o in enumerate(known) if (o.rank, o.kind, o.place.service) == sort), None)
            if same is None:
                known.append(origin)
                known.sort(key=lambda other: other.rank)
            elif origin.strength <= Strength.LITTLE and origin.place.side != "request":
                known[same] = origin
            first = identifiers.ATOM.search(origin.text)
            if first:
                self.shapes.setdefault(first[0], set()).add((first.start(), len(origin.text)))

    def whole(self, text: str) -> list[_Origin]:
        return self.origins.get(text, [])

    def starting(self, text: str, atom: re.Match[str]) -> Iterator[tuple[int, int]]:
        """The (begin, end) of known values in `text` whose first letters and digits are this atom."""
        for offset, length in self.shapes.get(atom[0], ()):
            begin = atom.start() - offset
            if begin >= 0 and begin + length <= len(text) and text[begin : begin + length] in self.origins:
                yield begin, begin + length


def _origins(place: _Place) -> Iterator[_Origin]:
    """The values that are born at a place: its string, and the pieces of it that may be used alone."""
    strength = identifiers.strength(place.text)
    if place.side == "request" and (len(place.text) > LONGEST_NAME or re.search(r"\s", place.text)):
        return
    if place.side != "request" and _is_minted_id(place, strength):
        strength = Strength.PROOF
    elif place.side == "printed":
        strength = max(
            strength, Strength.LITTLE
        )  # whoever asked for it will use it, if only for the same kind of thing
    if strength:
        yield _Origin(place, None, place.kind, place.text.rstrip("\n"), strength)  # as `$(aws ...)` hands it on
    bucket = S3_URI.match(place.text)
    if bucket:
        yield _Origin(place, (3, 4), "bucket", bucket[1], max(identifiers.strength(bucket[1]), Strength.LITTLE))
    elif strength is Strength.PROOF and len(place.text) <= LONGEST_NAME and not re.search(r"\s", place.text):
        yield from _pieces_born(place)


def _is_minted_id(place: _Place, strength: Strength) -> bool:
    """Whether the service calls it an identifier: then it is one, though it may look like a word."""
    called = re.search(r"(?:^|[a-z])(?:I[dD]|Identifier|Token|Handle)$|^id$", place.label)
    return bool(called) and strength > Strength.NOTHING and len(place.text) >= SHORTEST_ID


def _pieces_born(place: _Place) -> Iterator[_Origin]:
    """What stands behind each `:` and `/` of an ARN, a URL or a path, up to its end; and an ARN's account."""
    found = identifiers.segments(place.text)
    for number, (begin, end) in enumerate(found[1:], 1):
        piece = place.text[begin:]
        strength = identifiers.strength(piece)
        if strength >= Strength.MUCH and place.text[begin - 1 : begin + 1] != "//":
            yield _Origin(place, (number, None), place.kind, piece, strength)
        if place.side != "request" and identifiers.is_account(place.text[begin:end]):
            yield _Origin(place, (number, number + 1), "account", place.text[begin:end], Strength.PROOF)


# --- lists


def _add_lists(number: int, command: Command, query: Query, index: _Index) -> None:
    """Note the lists that a parameter may take whole: what a query printed, and a member of all elements."""
    expression = query_of(command)
    printed = query(expression, _located(command.response)) if expression else None
    if printed is not None and _is_projection(printed):
        _add_list(printed, Source(number, "printed", ()), index)
    for path, elements in _element_lists(command.response):
        for key in elements[0]:
            values = [element.get(key) for element in elements]
            _add_list(values, Source(number, "response", (*path, EACH, key)), index)


def _add_list(values: Sequence[Any], source: Source, index: _Index) -> None:
    if all(isinstance(value, str) and identifiers.strength(value) >= Strength.MUCH for value in values):
        index.lists.setdefault(tuple(map(str, values)), source)


def _element_lists(document: Any) -> Iterator[tuple[Path, list[Mapping[str, Any]]]]:
    """The lists of two and more structures in a response, with their paths."""
    pending: list[tuple[Path, Any]] = [((), document)]
    while pending:
        path, node = pending.pop()
        if isinstance(node, list) and 1 < len(node) <= LONGEST_LIST and all(isinstance(each, Mapping) for each in node):
            yield path, node
        pending += [((*path, key), child) for key, child in children(node)]


def _lists_in(number: int, command: Command, index: _Index) -> Iterator[Relation]:
    """The parameters that are such a list as a whole: elsewhere it may have more elements, or fewer."""
    pending: list[tuple[Path, Any]] = [((), command.operation.parameters if command.operation else {})]
    while pending:
        path, node = pending.pop()
        if isinstance(node, list) and len(node) > 1 and all(isinstance(each, str) for each in node):
            source = index.lists.get(tuple(node))
            if source is not None:
                yield Relation(source, Target(number, "request", path), "the whole list")
                continue
        pending += [((*path, key), child) for key, child in children(node)]


# --- looking up


def _relations_of(place: _Place, index: _Index) -> Iterator[Relation]:
    for origin in index.whole(place.text.rstrip("\n")):
        evidence = _judge(place, (0, len(place.text)), origin)
        if evidence:
            yield Relation(origin.source, Target(place.command, place.side, place.path), evidence)
            return
    decoded = identifiers.decoded(place.text)
    if decoded is not None:
        inner = replace(place, text=decoded)
        pieces = _pieces(inner, index)
        for span, source, evidence in pieces + list(_settings_in(inner, index.settings, [p[0] for p in pieces])):
            target = Target(place.command, place.side, place.path, span, encoded=True)
            yield Relation(source, target, f"{evidence}, in base64")
        return
    pieces = _pieces(place, index) if not place.text.isalnum() else []
    for span, source, evidence in pieces + list(_settings_in(place, index.settings, [span for span, _, _ in pieces])):
        yield Relation(source, Target(place.command, place.side, place.path, span), evidence)


Piece = tuple[tuple[int, int], Source | Setting, str]


def _pieces(place: _Place, index: _Index) -> list[Piece]:
    """The known values inside a string, the longest first where they overlap."""
    spans = {span for atom in identifiers.ATOM.finditer(place.text) for span in index.starting(place.text, atom)}
    found: list[Piece] = []
    for begin, end in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
        if (begin, end) == (0, len(place.text)) or any(begin < b and a < end for (a, b), _, _ in found):
            continue
        for origin in index.whole(place.text[begin:end]):
            evidence = _judge(place, (begin, end), origin)
            if evidence:
                found.append(((begin, end), origin.source, evidence))
                break
    return sorted(found, key=lambda piece: piece[0])


# --- judging


def _judge(place: _Place, span: tuple[int, int], origin: _Origin) -> str | None:
    """Why the characters `span` of a place are the thing that the origin is; None if that isn't sure enough."""
    if origin.place.command == place.command and origin.place.side == place.side:
        return None
    if span == (0, len(place.text)):
        return _judge_whole(place, origin)
    return _judge_piece(place, span, origin)


def _judge_whole(place: _Place, origin: _Origin) -> str | None:
    if origin.strength is Strength.PROOF:
        return f"the {origin.kind}'s identifier" if origin.kind else "an identifier"
    if origin.place.service == place.service and _alike(origin.kind, place.kind) and _is_thing(origin):
        return f"the same {place.kind}"
    if origin.strength is Strength.MUCH and _is_thing(origin):
        return f"the {origin.kind}'s name" if origin.kind else "a telling name"
    return None


def _alike(one: str, other: str) -> bool:
    """Whether two kinds are one, or one says more precisely what the other is: `locktoken`, `nextlocktoken`."""
    short, long = sorted((one, other), key=len)
    return short == long != "" or (len(short) >= SHORTEST_KIND and long.endswith(short))


def _judge_piece(place: _Place, span: tuple[int, int], origin: _Origin) -> str | None:
    if not _is_thing(origin):
        return None
    if origin.strength is Strength.PROOF:
        return f"holds the {origin.kind or 'same'} identifier" if _stands_alone(place.text, span, WORD) else None
    if not _stands_alone(place.text, span, NAME):
        return None
    for reason in (_named_by_arn, _named_by_s3_uri, _named_by_label, _named_by_echo):
        evidence = reason(place, span, origin)
        if evidence:
            return evidence
    if origin.strength is Strength.MUCH:
        return f"holds the {origin.kind or 'same'} name"
    return None


def _is_thing(origin: _Origin) -> bool:
    """Whether an origin is a thing's name or was minted, and is not merely a setting."""
    return origin.place.side != "request" or origin.place.is_name or origin.part is not None


def _stands_alone(text: str, span: tuple[int, int], word: re.Pattern[str]) -> bool:
    """Whether no character of a word goes on before or behind the span."""
    begin, end = span
    before, behind = text[max(begin - 1, 0) : begin], text[end : end + 1]
    starts, ends = word.match(text[begin]), word.match(text[end - 1])
    return not (starts and word.match(before)) and not (ends and word.match(behind))


def _named_by_arn(place: _Place, span: tuple[int, int], origin: _Origin) -> str | None:
    for arn in identifiers.arns(place.text):
        begin, end = arn.resource
        if begin <= span[0] and span[1] <= end:
            same_type = arn.type == origin.kind
            untyped = not arn.type and arn.service == origin.place.service and span[0] == begin
            if same_type or untyped:
                return f"the {origin.kind} in an ARN"
    return None


def _named_by_s3_uri(place: _Place, span: tuple[int, int], origin: _Origin) -> str | None:
    if origin.kind == "bucket" and place.text[: span[0]].endswith("s3://"):
        return "the bucket in an S3 URI"
    return None


def _named_by_label(place: _Place, span: tuple[int, int], origin: _Origin) -> str | None:
    label = _label_before(place.text[: span[0]])
    if label and origin.place.service == place.service and identifiers.stem_of(label) == origin.kind:
        return f"labelled {label}"
    return None


def _label_before(text: str) -> str:
    """What the next value in a text is called: `"region": `, `region=`, `--region `."""
    match = LABEL.search(text[-64:])
    return (match[1] or match[2]) if match else ""


def _named_by_echo(place: _Place, span: tuple[int, int], origin: _Origin) -> str | None:
    """A response's URL or path that ends in the name that its own request gave."""
    own = origin.place.command == place.command and place.side == "response"
    if own and span[1] == len(place.text) and place.text[span[0] - 1] in ":/":
        return f"the {origin.kind} that was asked for"
    return None


# --- the region and the account


def settings(trace: Trace) -> list[Setting]:
    """The region and the account that a trace was recorded in, as far as it tells."""
    found = []
    if trace.recorded.region:
        found.append(Setting("region", trace.recorded.region))
    account = _account(trace)
    if account:
        found.append(Setting("account", account))
    return found


def _account(trace: Trace) -> str | None:
    """The account that the caller's identity or, failing that, most ARNs in responses name."""
    counts: dict[str, int] = {}
    for command in trace.commands:
        for call in command.calls:
            response = call.response or {}
            if call.operation == "GetCallerIdentity" and isinstance(response.get("Account"), str):
                return str(response["Account"])
            for _, leaf in leaves(response):
                match = identifiers.ARN.match(leaf) if isinstance(leaf, str) else None
                if match and match["account"] and match["account"].isdigit():
                    counts[match["account"]] = counts.get(match["account"], 0) + 1
    return max(counts, key=lambda account: counts[account]) if counts else None


def _settings_in(place: _Place, known: Sequence[Setting], taken: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    """Where a string says the region or the account, outside the pieces that are explained already."""
    for setting in known:
        begin = place.text.find(setting.recorded)
        while begin >= 0:
            span = begin, begin + len(setting.recorded)
            if not any(begin < b and a < span[1] for a, b in taken):
                reason = _judge_region(place, span) if setting.name == "region" else _judge_account(place, span)
                if reason:
                    yield span, setting, reason
            begin = place.text.find(setting.recorded, span[1])


def _judge_region(place: _Place, span: tuple[int, int]) -> str | None:
    """A region's name means the region in ARNs, host and service names, and where the place is called one.

    Somebody may have named a cluster like a region.
    """
    before, behind = place.text[: span[0]], place.text[span[1] :]
    if re.search(r"arn:aws[a-z-]*:[a-z0-9-]+:$", before) and behind.startswith(":"):
        return "the region in an ARN"
    if re.search(r"com\.amazonaws\.$", before) and behind.startswith("."):
        return "the region in a service's name"
    if re.search(r"(^|[./-])$", before) and HOST.match(behind):
        return "the region in a host's name"
    labels = [place.label, _label_before(before)]
    alone = not WORD.match(before[-1:]) and not before.endswith("-")
    if alone and re.match(r"[a-z](?![A-Za-z0-9-])", behind) and any(re.search(r"zone|az$", x, re.I) for x in labels):
        return "the region of a zone"
    ends = not re.match(r"[A-Za-z0-9-]", behind)
    if alone and ends and any(re.search(r"region|locationconstraint", x, re.I) for x in labels):
        return "it is called a region"
    return None


def _judge_account(place: _Place, span: tuple[int, int]) -> str | None:
    """An account's number is an account wherever it stands by itself, unless the whole text is just a number."""
    if not _stands_alone(place.text, span, WORD):
        return None
    whole = span == (0, len(place.text))
    if whole and not re.search(r"account|owner|registry|principal", place.label, re.I):
        return None
    return "the account"


# --- elements by what they are


def _identified(relation: Relation, trace: Trace, echoed: Sequence[Container[Path]]) -> Relation:
    """The relation with a source that picks elements of lists by what distinguishes them, not by their place.

    `echoed` are, by command, the paths of the response that repeat what was known before.
    """
    source = relation.source
    if not isinstance(source, Source) or source.side != "response":
        return relation
    response = trace.commands[source.command].response
    path: Path = ()
    for depth, key in enumerate(source.path):
        found = None
        if isinstance(key, int):
            here = concrete(path)
            siblings = lookup(response, here)
            found = _distinguishing(siblings, key, source.path[depth + 1 :], (*here, key), echoed[source.command])
        path = (*path, key if found is None else found)
    return replace(relation, source=replace(source, path=path))


def _distinguishing(siblings: Any, index: int, wanted: Path, here: Path, echoed: Container[Path]) -> Where | None:
    """What tells one element of a list from all others, other than what is `wanted` of it."""
    if not isinstance(siblings, (list, tuple)) or len(siblings) < 2:
        return None
    ranked = [
        (_inconstancy(path, value, known=(*here, *concrete(path)) in echoed), Where(path, value, index))
        for path, value in _features(siblings[index])
        if path != wanted
    ]
    for rank, where in sorted(ranked, key=lambda each: each[0]):
        if rank < NEVER and _is_only(where, siblings):
            return where
    return None


def _is_only(where: Where, siblings: Sequence[Any]) -> bool:
    try:
        return lookup(siblings, (where,)) is siblings[where.index]
    except LookupError:
        return False


def _features(element: Any) -> Iterator[tuple[Path, Any]]:
    """The scalars of an element, and those of the structures and the lists' first structures right in it; its tags."""
    for key, child in children(element):
        if key == "Tags" and isinstance(child, list):
            for index, tag in enumerate(child):
                if isinstance(tag, Mapping) and "Key" in tag:
                    yield (key, Where(("Key",), tag["Key"], index), "Value"), tag.get("Value")
        elif isinstance(child, Mapping):
            yield from (((key, inner), value) for inner, value in child.items())
        elif isinstance(child, list) and child and isinstance(child[0], Mapping):
            yield from (((key, 0, inner), value) for inner, value in child[0].items())
        else:
            yield (key,), child


NEVER = 9


def _inconstancy(path: Path, value: Any, *, known: bool) -> int:
    """How badly a member identifies its element in another account and region; `NEVER` if not at all.

    What people named does best, then where things are and of what sort they are. What was minted does not,
    nor what passes (states, times, counts); what has digits, and was not known before, was probably minted.
    """
    name = str(path[-1])
    if isinstance(value, bool):
        return 5 if value else NEVER
    if not isinstance(value, str) or not value:
        return NEVER
    if known:
        return 0
    if re.search(r"zone$", name, re.I):
        return 1
    if re.search(r"\d", value) or identifiers.strength(value) is Strength.PROOF:
        return NEVER
    for rank, pattern in enumerate((r"name$|key$|path|title$|alias$", r"id$|value$|type$|engine$"), 2):
        if re.search(pattern, name, re.I):
            return rank + (1 if len(path) > 1 else 0)
    return NEVER
