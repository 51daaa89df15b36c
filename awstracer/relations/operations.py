"""What each API operation does to which kind of resource: the one rule about operation names in the program.

An operation's name says its verb and its kind of resource, and the members of its request say which resource of that
kind it is: `iam.DeleteUser` with `UserName` *deletes* the *user* that `UserName` names. `effect` returns that as data:

    effect("iam", "DeleteUser", {"UserName": "alice"})  -> deletes user, named by UserName
    effect("ec2", "CreateSubnet", {"VpcId": "vpc-0a"})  -> creates subnet, which nothing names yet; VpcId is related

The functions are pure: they take names, requests and calls as plain data. `plan/scheduler` orders steps by them,
`play/retry` decides by them what this replay created, `record/poll_detector` tells by them a question from a change.
How much a string proves, and which type of resource a name means by itself, is told by `relations/identifiers`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from awstracer.relations import identifiers
from awstracer.relations.identifiers import Specificity
from awstracer.trace.model import Call
from awstracer.trace.paths import Path, strings

READ_ONLY = re.compile(
    r"(?:Admin)?"
    r"(?:BatchGet|BatchDescribe|Check|Count|Decode|Describe|Detect|Discover|Estimate|Filter|Get|Head|List|Lookup|Poll|"
    r"Preview|Query|Scan|Search|Select|Simulate|Test|Validate|Verify|View)(?![a-z])"
)
DELETING = re.compile(r"(?:Admin|Batch)?(?:Delete|Deregister|Release|Terminate)(?![a-z])")
DISCONNECTING = re.compile(r"(?:Admin|Batch)?(?:Detach|Disable|Disassociate|Remove|Revoke|Stop)(?![a-z])")
CREATING = re.compile(r"(?:Admin)?(?:Create|Put|Add|Register|Allocate|Request|Import|Publish|Run|Start)(?=[A-Z])")
# `AddUserToGroup` adds to something that exists: it creates no user and no group.
ADDING = re.compile(r"(?:Admin)?Add(?=[A-Z])")

NAMING_MEMBER = re.compile(
    r"(?i:(?!max).*(?:name|id|identifier|arn|url|bucket|key|topic|queue|table|function|cluster|group|role|user|stack|alias|"
    r"path|stream|domain|repository|pool|file|dir)s?)"
)
SELECTING_MEMBER = re.compile(r"(?i:.*(?:prefix|path))")

VERB = re.compile(r"\A(?:Admin|Batch)?[A-Z][a-z0-9]*")
API_VERSION = re.compile(r"V\d+\Z")
OBJECT_OF = re.compile(r".+(?:To|From)(?=[A-Z])")  # `AddUserToGroup` changes the group
CAMEL_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+[0-9]*")
FORM_WORD = re.compile(
    r"(?i:names?|ids?|identifiers?|arns?|ur[li]s?|attributes?|config|configurations?|details|summar(?:y|ies)|status)"
)
BARE_NAME = re.compile(r"(?i:names?|ids?|identifiers?|arns?)")
SINGULARS = (
    (re.compile(r"ies\Z"), "y"),
    (re.compile(r"(?<=ss|sh|ch)es\Z|(?<=alias)es\Z|(?<=status)es\Z|(?<=x)es\Z|(?<=\bbus)es\Z"), ""),
    (re.compile(r"(?<![siu])(?<!alia)s\Z"), ""),
)


class Verb(Enum):
    """What an operation does to a resource."""

    CREATES = "creates"
    READS = "reads"
    CHANGES = "changes"
    DISCONNECTS = "disconnects"
    DELETES = "deletes"


@dataclass(frozen=True)
class Effect:
    """What one operation does.

    kind       the kind of resource, as one lower-case word (`user`, `securitygroup`); "" if the name says none
    members    top-level members of the request that name the resource itself
    related    top-level members that name other resources, which it is put into or connected with
    """

    service: str
    kind: str
    verb: Verb
    members: tuple[str, ...]
    related: tuple[str, ...] = ()


def is_read_only(operation: str) -> bool:
    """Return whether an operation changes nothing: `DescribeVpcs`, `ListUsers`."""
    return verb_of(operation) is Verb.READS


def is_deletion(operation: str) -> bool:
    """Return whether an operation deletes a resource, or ends what one does or is connected with: `DetachVolume`."""
    return verb_of(operation) in (Verb.DELETES, Verb.DISCONNECTS)


def effect(service: str, operation: str, request: Iterable[str], *, address: Collection[str] = ()) -> Effect:
    """Return what an operation does, by its name and the names of its request's top-level members.

    `address` are the members that the API's model puts into the request's URI, where the model is at hand: they name
    the resource too, whatever they are called (S3's `Key`).
    """
    verb, kind = verb_of(operation), kind_of(operation)
    naming = [name for name in request if NAMING_MEMBER.fullmatch(name) or name in address]
    of_kind = _of_kind(kind, naming)
    own = [name for name in naming if name in address or name in of_kind]
    if not own and verb is not Verb.CREATES:
        own = naming
    return Effect(
        service=service,
        kind=kind,
        verb=verb,
        members=tuple(own),
        related=tuple(name for name in naming if name not in own),
    )


def selects_broadly(members: Iterable[str]) -> bool:
    """Return whether a request with these members selects resources by nothing but a prefix or a path."""
    names = set(members)
    selecting = set(filter(SELECTING_MEMBER.fullmatch, names))
    return bool(selecting) and not any(map(NAMING_MEMBER.fullmatch, names - selecting))


@lru_cache(maxsize=1 << 12)
def verb_of(operation: str) -> Verb:
    """Return what an operation does to its resource; it changes it if its name says nothing else."""
    if READ_ONLY.match(operation):
        return Verb.READS
    if DELETING.match(operation):
        return Verb.DELETES
    if DISCONNECTING.match(operation):
        return Verb.DISCONNECTS
    return Verb.CREATES if CREATING.match(operation) and not ADDING.match(operation) else Verb.CHANGES


@lru_cache(maxsize=1 << 12)
def kind_of(operation: str) -> str:
    """Return the kind of resource that an operation is about: `vpc` for `CreateVpc` and for `DescribeVpcs`."""
    return _noun(OBJECT_OF.sub("", API_VERSION.sub("", VERB.sub("", operation))))


def created_names(call: Call) -> Iterator[str]:
    """Yield what the resources are called that a call created: names in its request, new identifiers in its response.

    A call that failed, only read or deleted created nothing.
    """
    if not creates_something(call):
        return
    requested = {text for _, text in strings(call.request)}
    yield from (text for path, text in strings(call.request) if names_created_resource(path, call.operation))
    for _, text in strings(call.response or {}):
        is_identifier = identifiers.specificity(text) is Specificity.UNIQUE and not identifiers.is_account(text)
        if is_identifier and text not in requested:
            yield text


def creates_something(call: Call) -> bool:
    """Return whether a call succeeded that may have created or changed something."""
    return call.response is not None and not is_read_only(call.operation) and not is_deletion(call.operation)


@lru_cache(maxsize=identifiers.REMEMBERED)
def resource_type(path: Path, operation: str) -> str:
    """Return what the string at a path of an operation's request or response names: `user`, `vpc`, `queue`.

    The last member's name tells it (`UserName`). Where that name is unspecific (`Id`, `Arn`), the structure around it
    does (`User.Arn`), and where there is none, the operation (`CreateTopic`).
    """
    for key in reversed([key for key in path if isinstance(key, str)]):
        normalized = identifiers.normalize_type(key)
        if normalized:
            return normalized
    return identifiers.normalize_type(VERB.sub("", operation))


@lru_cache(maxsize=identifiers.REMEMBERED)
def is_resource_name(path: Path, operation: str) -> bool:
    """Return whether the member at a path of a request names a resource, and does not describe one.

    `UserName` and `Bucket` of CreateBucket do; `Description` doesn't.
    """
    last = identifiers.member_name(path)
    squeezed, noun = identifiers.squeeze_name(last), VERB.sub("", operation).lower()
    has_suffix = bool(identifiers.NAME_SUFFIX.search(squeezed))
    return has_suffix or identifiers.normalize_type(last) in ("", noun) or squeezed.removesuffix("name") in noun


def names_created_resource(path: Path, operation: str) -> bool:
    """Return whether a request has at this path the name of the resource that the operation creates.

    `UserName` of `CreateUser` is such a name, `UserName` of `AddUserToGroup` isn't.
    """
    is_new = is_new_name(path, operation) and is_resource_name(path, operation)
    if len(path) != 1 or not is_new or ADDING.match(operation):
        return False
    return operation.startswith("Create") or operation.lower().endswith(identifiers.normalize_type(str(path[0])))


@lru_cache(maxsize=identifiers.REMEMBERED)
def is_new_name(path: Path, operation: str) -> bool:
    """Return whether a request's member at a path speaks of the very thing that the operation creates or adds."""
    verb = CREATING.match(operation)
    if verb is None:
        return False
    created = identifiers.normalize_type(operation[verb.end() :])
    return identifiers.normalize_type(identifiers.member_name(path)) in created


def _of_kind(kind: str, members: Sequence[str]) -> list[str]:
    """Return the members whose names speak of a kind of resource.

    Of a `dbinstance` that is `DBInstanceIdentifier`, and not `DBName`; of a `securitygroup` it is `GroupId`, where no
    member says it in full; of any kind it is `Name`.
    """
    nouns = {member: _noun(member) for member in members}
    if "" in nouns.values() or kind in nouns.values():
        return [member for member, noun in nouns.items() if noun in ("", kind)]
    return [member for member, noun in nouns.items() if noun in kind or (kind and noun.endswith(kind))]


def _noun(name: str) -> str:
    """Return what a member's or an operation's name speaks of, in singular and lower case; "" for a bare `Name`."""
    words = CAMEL_WORD.findall(name)
    while len(words) > 1 and FORM_WORD.fullmatch(words[-1]):
        words.pop()
    if not words or BARE_NAME.fullmatch("".join(words)):
        return ""
    return "".join([*words[:-1], _singular(words[-1].lower())]).lower()


def _singular(noun: str) -> str:
    for plural, ending in SINGULARS:
        if plural.search(noun):
            return plural.sub(ending, noun)
    return noun
