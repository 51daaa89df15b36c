"""Matching: decide whether the characters at an occurrence mean the resource that an equal candidate is.

Equal strings are not enough. `vpc-0a1b` is UNIQUE, so whatever equals it is that VPC. `orders-queue` is STRONG, and
means the same queue unless its member names another type of resource. `web` is WEAK: as `GroupName` it means the
group `web` and not the user `web`, so the resource types must agree, or a label or an ARN around it must say so.

A rule returns its evidence in words, or None. A match is by type if the type of resource agrees, and by name if only
the name is distinctive. `relations/identifiers` grades strings; `relations/index` finds equal ones.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Container
from typing import NamedTuple

from awstracer.commandline.text import Span
from awstracer.relations import identifiers
from awstracer.relations.candidates import Candidate
from awstracer.relations.identifiers import Specificity, normalize_type
from awstracer.relations.occurrences import Occurrence

SHORTEST_COMMON_TYPE = 4  # letters; a shorter type ends others by chance, as `id` does
RESOURCE_CONTEXT = 1024  # characters around a span that can tell what it is: in long texts, more only takes time
LABEL_CONTEXT = 64  # characters before a span in which its label stands
LABEL = re.compile(r"([A-Za-z][\w-]*)[\s\"'\\]*[=:]+[\s\"'\\\[]*$|--([A-Za-z][\w-]*)\s+[\"']?$")
WORD_CHARACTERS = frozenset(string.ascii_letters + string.digits)
NAME_CHARACTERS = WORD_CHARACTERS | frozenset("_.-")
DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}")
SUBDOMAIN = re.compile(r"(^|[\s/*@])([\w-]+\.|\*\.)+$")
BUCKET_HOST = re.compile(r"\.s3[.-]")
SECRET_SUFFIX = re.compile(r"-[?*]")  # Secrets Manager adds six characters of its own to a secret's name in its ARN
ACCOUNT_ITSELF = "root"  # `arn:aws:iam::123456789012:root` is the account, and no user


class Match(NamedTuple):
    """That an occurrence means a candidate; `evidence` says why, in words.

    is_by_type   whether the type of resource agrees, and not only a distinctive name
    """

    evidence: str
    is_by_type: bool


def match(occurrence: Occurrence, span: Span, candidate: Candidate) -> Match | None:
    """Return why the characters `span` of an occurrence mean the candidate that they equal; None if they needn't."""
    if occurrence.facts.is_silent:
        return None
    first = candidate.occurrence
    if (first.command, first.section) == (occurrence.command, occurrence.section):
        return _match_in_same_section(occurrence, span, candidate)
    if occurrence.section == "response" and first.section != "request" and not candidate.is_specific:
        return None  # services return a version `2` again and again; the later one is no copy of the earlier
    if span == (0, len(occurrence.text)):
        return _match_whole(occurrence, candidate)
    return _match_piece(occurrence, span, candidate)


def _match_in_same_section(occurrence: Occurrence, span: Span, candidate: Candidate) -> Match | None:
    """Match a name in an ARN of the request that gives the name: a policy that allows what its own user may do."""
    evidence = _arn_evidence(occurrence, span, candidate) if occurrence.section == "request" else None
    return Match(f"{evidence} of its own", is_by_type=True) if evidence else None


# --- a whole string


def _match_whole(occurrence: Occurrence, candidate: Candidate) -> Match | None:
    facts, named = occurrence.facts, candidate.resource_type
    if candidate.specificity is Specificity.UNIQUE:
        return Match(f"the {named}'s identifier" if named else "an identifier", is_by_type=True)
    if not candidate.is_resource:
        return None
    if candidate.occurrence.facts.service == facts.service and _are_same_type(named, facts.resource_type):
        return Match(f"the same {facts.resource_type}", is_by_type=True)
    is_request = candidate.occurrence.section == "request"
    if facts.is_labelled and named == normalize_type(facts.label) and is_request:
        return Match(f"called {facts.label}", is_by_type=True)
    is_distinctive = candidate.specificity is Specificity.STRONG and not occurrence.is_key
    if is_distinctive and not _is_name_of_another(occurrence, candidate):
        return Match(f"the {named}'s name" if named else "a telling name", is_by_type=False)
    return None


def _is_name_of_another(occurrence: Occurrence, candidate: Candidate) -> bool:
    """Return whether an occurrence names what its own command creates, or another type: `RoleName` for a user."""
    label = occurrence.facts.label
    named = normalize_type(label) if label.lower().endswith("name") else ""
    return occurrence.facts.is_new or (bool(named) and not _are_same_type(named, candidate.resource_type))


def _are_same_type(one: str, other: str) -> bool:
    """Return whether two types are equal, or one is the other with a prefix: `locktoken`, `nextlocktoken`."""
    short, long = sorted((one, other), key=len)
    return short == long != "" or (len(short) >= SHORTEST_COMMON_TYPE and long.endswith(short))


# --- a piece of a string


def _match_piece(occurrence: Occurrence, span: Span, candidate: Candidate) -> Match | None:
    if not candidate.is_resource:
        return None
    named = candidate.resource_type or "same"
    if candidate.specificity is Specificity.UNIQUE:
        return (
            Match(f"holds the {named} identifier", is_by_type=True)
            if is_whole_word(occurrence.text, span, WORD_CHARACTERS)
            else None
        )
    occurrence, span = _with_less_context(occurrence, span)
    for rule in PIECE_RULES:
        evidence = rule(occurrence, span, candidate)
        if evidence:
            return Match(evidence, is_by_type=True)
    is_distinctive = candidate.specificity is Specificity.STRONG and is_whole_word(
        occurrence.text, span, NAME_CHARACTERS
    )
    if is_distinctive and not _is_type_in_arn(occurrence.text, span):
        return Match(f"holds the {named} name", is_by_type=False)
    return None


def _with_less_context(occurrence: Occurrence, span: Span) -> tuple[Occurrence, Span]:
    """Return the occurrence without the text that is too far from the span to tell anything about it."""
    begin = max(span[0] - RESOURCE_CONTEXT, 0)
    if begin == 0 and len(occurrence.text) <= span[1] + RESOURCE_CONTEXT:
        return occurrence, span
    near = occurrence._replace(text=occurrence.text[begin : span[1] + RESOURCE_CONTEXT])
    return near, (span[0] - begin, span[1] - begin)


def _is_type_in_arn(text: str, span: Span) -> bool:
    """Return whether a word is the resource type in an ARN, and not the name behind it."""
    return any(arn.type and arn.resource[0] <= span[0] < arn.name for arn in identifiers.arns(text))


def is_whole_word(text: str, span: Span, word: Container[str]) -> bool:
    """Return whether no word goes on across an end of the span; `word` has the characters of words."""
    begin, end = span
    goes_on_before = begin > 0 and text[begin] in word and text[begin - 1] in word
    return not goes_on_before and not (end < len(text) and text[end - 1] in word and text[end] in word)


# --- rules for pieces: each returns its evidence, or None


def _host_evidence(occurrence: Occurrence, span: Span, candidate: Candidate) -> str | None:
    """A bucket in its host name, `photos.s3.amazonaws.com`; a domain in one below it, `www.home.example`."""
    text, (begin, end) = occurrence.text, span
    is_bucket = candidate.resource_type == "bucket" and BUCKET_HOST.match(text, end)
    if is_bucket and text[begin - 1 : begin] not in NAME_CHARACTERS:
        return "the bucket in its host's name"
    is_domain = DOMAIN.fullmatch(candidate.text) and text[end : end + 1] not in NAME_CHARACTERS
    if is_domain and SUBDOMAIN.search(text[:begin]):
        return "a name in the domain"
    return None


def _arn_evidence(occurrence: Occurrence, span: Span, candidate: Candidate) -> str | None:
    """A name behind its type in an ARN of its service: `alice` in `arn:aws:iam::123456789012:user/alice`.

    Where ARNs have no type, it stands first: `photos` in `arn:aws:s3:::photos/*`. A secret's name may be followed by
    wildcards for the characters that Secrets Manager adds: `arn:aws:secretsmanager:...:secret:db-??????`.
    """
    text, named = occurrence.text, candidate.resource_type
    is_alone = is_whole_word(text, span, NAME_CHARACTERS)
    for arn in identifiers.arns(text):
        begin, end = arn.resource
        if not (begin <= span[0] and span[1] <= end and arn.service in candidate.namespaces):
            continue
        has_type = arn.type == named and span[1] > arn.name
        is_first = (not arn.type or arn.is_bare) and span[0] == begin and candidate.text != ACCOUNT_ITSELF
        is_secret = arn.type == "secret" and span[0] == arn.name and SECRET_SUFFIX.match(text, span[1])
        if (is_alone and (has_type or is_first)) or is_secret:
            return f"the {named} in an ARN"
    return None


def _s3_uri_evidence(occurrence: Occurrence, span: Span, candidate: Candidate) -> str | None:
    """A bucket in an S3 URI: `photos` in `s3://photos/2024`."""
    is_behind_scheme = occurrence.text[: span[0]].endswith("s3://")
    if (
        candidate.resource_type == "bucket"
        and is_behind_scheme
        and is_whole_word(occurrence.text, span, NAME_CHARACTERS)
    ):
        return "the bucket in an S3 URI"
    return None


def _path_evidence(occurrence: Occurrence, span: Span, candidate: Candidate) -> str | None:
    """What a service calls after a resource, `/aws/lambda/resize`; a resource with a qualifier, `resize:live`."""
    text, (begin, end), facts = occurrence.text, span, occurrence.facts
    if not is_whole_word(text, span, NAME_CHARACTERS):
        return None
    if any(text[:begin].endswith(f"/aws/{name}/") for name in candidate.namespaces):
        return f"called after the {candidate.resource_type}"
    is_same_service = candidate.occurrence.facts.service == facts.service
    is_same = is_same_service and candidate.resource_type == facts.resource_type != ""
    return f"the same {facts.resource_type}, qualified" if is_same and begin == 0 and text[end] == ":" else None


def _label_evidence(occurrence: Occurrence, span: Span, candidate: Candidate) -> str | None:
    """A name behind a label of its type: `alice` in `UserName=alice`, or in `--user-name alice`."""
    label = label_before(occurrence.text[: span[0]]) if is_whole_word(occurrence.text, span, NAME_CHARACTERS) else ""
    is_same_service = candidate.occurrence.facts.service == occurrence.facts.service
    if label and is_same_service and normalize_type(label) == candidate.resource_type:
        return f"labelled {label}"
    return None


def label_before(text: str) -> str:
    """Return the label of the value that follows a text: `region` for `"region": `, `region=` and `--region `."""
    label = LABEL.search(text[-LABEL_CONTEXT:])
    return (label[1] or label[2]) if label else ""


def _echo_evidence(occurrence: Occurrence, span: Span, candidate: Candidate) -> str | None:
    """A response's URL or path that ends in the name that its own request gave: the queue URL of `CreateQueue`."""
    text = occurrence.text
    is_own = candidate.occurrence.command == occurrence.command and occurrence.section == "response"
    is_last = span[1] == len(text) and text[span[0] - 1] in ":/"
    if is_own and is_last and is_whole_word(text, span, NAME_CHARACTERS):
        return f"the {candidate.resource_type} that was asked for"
    return None


PieceRule = Callable[[Occurrence, Span, Candidate], str | None]
PIECE_RULES: tuple[PieceRule, ...] = (
    _host_evidence,
    _arn_evidence,
    _s3_uri_evidence,
    _path_evidence,
    _label_evidence,
    _echo_evidence,
)
