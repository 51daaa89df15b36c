"""Whether two equal strings are the same thing: all judgement of that is here.

What a string says by itself (`identifiers.strength`) decides most; what says little needs the same kind
of thing, a label or an ARN beside it.
"""

from __future__ import annotations

import re
import string
from collections.abc import Container
from functools import cache
from typing import NamedTuple

from awstracer import identifiers
from awstracer.identifiers import LITTLE, MUCH, PROOF
from awstracer.origins import Origin
from awstracer.places import Place

SHORTEST_KIND = 4
FAR = 1024  # characters
LABEL = re.compile(r"([A-Za-z][\w-]*)[\s\"'\\]*[=:]+[\s\"'\\\[]*$|--([A-Za-z][\w-]*)\s+[\"']?$")
WORD = frozenset(string.ascii_letters + string.digits)
NAME = WORD | frozenset("_.-")
DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}")
BUCKET_HOST = re.compile(r"\.s3[.-]")
RANDOM_END = re.compile(r"-[?*]")  # Secrets Manager adds six characters of its own to a secret's name in its ARN
ACCOUNT_ITSELF = "root"  # `arn:aws:iam::123456789012:root` is no user's

EXACT, TELLING = 0, 1


class Verdict(NamedTuple):
    """That an origin is meant, and why; `grade` is EXACT if the kind of thing agrees, TELLING if only the name does."""

    grade: int
    reason: str


def judge(place: Place, span: tuple[int, int], origin: Origin) -> Verdict | None:
    """Why the characters `span` of a place are the thing that the origin is; None if that isn't sure enough."""
    if place.is_silent:
        return None
    if origin.place.command == place.command and origin.place.side == place.side:
        evidence = _named_by_arn(place, span, origin) if place.side == "request" else None
        return Verdict(EXACT, f"{evidence} of its own") if evidence else None
    if place.side == "response" and origin.place.side != "request" and origin.strength <= LITTLE:
        return None  # a version `2` is the service's own each time that it says so, and no echo of another's
    if span == (0, len(place.text)):
        return _judge_whole(place, origin)
    return _judge_piece(place, span, origin)


def _judge_whole(place: Place, origin: Origin) -> Verdict | None:
    if origin.strength is PROOF:
        return _identifier(origin.kind)
    if not origin.is_thing:
        return None
    if origin.place.service == place.service and _alike(origin.kind, place.kind):
        return _same(place.kind)
    if place.is_labelled and origin.kind == identifiers.stem_of(place.label) and origin.place.side == "request":
        return Verdict(EXACT, f"called {place.label}")
    if origin.strength is MUCH and not place.is_key and not _names_another(place, origin):
        return Verdict(TELLING, f"the {origin.kind}'s name" if origin.kind else "a telling name")
    return None


@cache
def _same(kind: str) -> Verdict:
    return Verdict(EXACT, f"the same {kind}")


@cache
def _identifier(kind: str) -> Verdict:
    return Verdict(EXACT, f"the {kind}'s identifier" if kind else "an identifier")


@cache
def _held_identifier(kind: str) -> Verdict:
    return Verdict(EXACT, f"holds the {kind or 'same'} identifier")


def _names_another(place: Place, origin: Origin) -> bool:
    """Whether a place is for the name of the thing that is made there, or of another kind of thing."""
    named = identifiers.stem_of(place.label) if place.label.lower().endswith("name") else ""
    return place.is_new or (bool(named) and not _alike(named, origin.kind))


def _alike(one: str, other: str) -> bool:
    """Whether two kinds are one, or one says more precisely what the other is: `locktoken`, `nextlocktoken`."""
    short, long = sorted((one, other), key=len)
    return short == long != "" or (len(short) >= SHORTEST_KIND and long.endswith(short))


def _judge_piece(place: Place, span: tuple[int, int], origin: Origin) -> Verdict | None:
    if not origin.is_thing:
        return None
    if origin.strength is PROOF:
        return _held_identifier(origin.kind) if stands_alone(place.text, span, WORD) else None
    place, span = _around(place, span)
    for reason in (_named_by_host, _named_by_arn, _named_by_s3_uri, _named_by_path, _named_by_label, _named_by_echo):
        evidence = reason(place, span, origin)
        if evidence:
            return Verdict(EXACT, evidence)
    if origin.strength is MUCH and stands_alone(place.text, span, NAME) and not _is_arns_own(place, span):
        return Verdict(TELLING, f"holds the {origin.kind or 'same'} name")
    return None


def _around(place: Place, span: tuple[int, int]) -> tuple[Place, tuple[int, int]]:
    """A place and a span of it, without the text that is too far away to say anything of the span."""
    begin = max(span[0] - FAR, 0)
    if begin == 0 and len(place.text) <= span[1] + FAR:
        return place, span
    return place._replace(text=place.text[begin : span[1] + FAR]), (span[0] - begin, span[1] - begin)


def _is_arns_own(place: Place, span: tuple[int, int]) -> bool:
    """Whether a word is an ARN's type, and not the name behind it."""
    return any(arn.type and arn.resource[0] <= span[0] < arn.name for arn in identifiers.arns(place.text))


def stands_alone(text: str, span: tuple[int, int], word: Container[str]) -> bool:
    """Whether no character of a word goes on before or behind the span."""
    begin, end = span
    goes_on_before = begin > 0 and text[begin] in word and text[begin - 1] in word
    return not goes_on_before and not (end < len(text) and text[end - 1] in word and text[end] in word)


def _named_by_arn(place: Place, span: tuple[int, int], origin: Origin) -> str | None:
    """A thing's name behind its type in an ARN of its service, or at the beginning where such ARNs have no types."""
    alone = stands_alone(place.text, span, NAME)
    for arn in identifiers.arns(place.text):
        begin, end = arn.resource
        if begin <= span[0] and span[1] <= end and arn.service in origin.namespaces:
            same_type = arn.type == origin.kind and span[1] > arn.name
            untyped = (not arn.type or arn.is_bare) and span[0] == begin and origin.text != ACCOUNT_ITSELF
            is_secret = arn.type == "secret" and span[0] == arn.name and RANDOM_END.match(place.text, span[1])
            if (alone and (same_type or untyped)) or is_secret:
                return f"the {origin.kind} in an ARN"
    return None


def _named_by_s3_uri(place: Place, span: tuple[int, int], origin: Origin) -> str | None:
    if origin.kind == "bucket" and place.text[: span[0]].endswith("s3://") and stands_alone(place.text, span, NAME):
        return "the bucket in an S3 URI"
    return None


def _named_by_host(place: Place, span: tuple[int, int], origin: Origin) -> str | None:
    """A bucket's name in its host's (`b.s3.amazonaws.com`); a domain's in those below it (`www.home.example`)."""
    if (
        origin.kind == "bucket"
        and BUCKET_HOST.match(place.text, span[1])
        and place.text[span[0] - 1 : span[0]] not in NAME
    ):
        return "the bucket in its host's name"
    before, behind = place.text[: span[0]], place.text[span[1] : span[1] + 1]
    if DOMAIN.fullmatch(origin.text) and re.search(r"(^|[\s/*@])([\w-]+\.|\*\.)+$", before) and behind not in NAME:
        return "a name in the domain"
    return None


def _named_by_path(place: Place, span: tuple[int, int], origin: Origin) -> str | None:
    """What a service calls after a thing (`/aws/lambda/NAME`); a thing that is qualified (`NAME:live`)."""
    if not stands_alone(place.text, span, NAME):
        return None
    if any(place.text[: span[0]].endswith(f"/aws/{name}/") for name in origin.namespaces):
        return f"called after the {origin.kind}"
    same = origin.place.service == place.service and origin.kind == place.kind != ""
    return f"the same {place.kind}, qualified" if same and span[0] == 0 and place.text[span[1]] == ":" else None


def _named_by_label(place: Place, span: tuple[int, int], origin: Origin) -> str | None:
    label = label_before(place.text[: span[0]]) if stands_alone(place.text, span, NAME) else ""
    if label and origin.place.service == place.service and identifiers.stem_of(label) == origin.kind:
        return f"labelled {label}"
    return None


def label_before(text: str) -> str:
    """What the next value in a text is called: `"region": `, `region=`, `--region `."""
    match = LABEL.search(text[-64:])
    return (match[1] or match[2]) if match else ""


def _named_by_echo(place: Place, span: tuple[int, int], origin: Origin) -> str | None:
    """A response's URL or path that ends in the name that its own request gave."""
    own = stands_alone(place.text, span, NAME) and origin.place.command == place.command and place.side == "response"
    if own and span[1] == len(place.text) and place.text[span[0] - 1] in ":/":
        return f"the {origin.kind} that was asked for"
    return None
