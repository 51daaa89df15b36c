"""Account and region: where a trace was recorded, and where its strings say so.

The recorded region, its partition and host suffix, and the account are values of the environment. In
`arn:aws:sqs:eu-west-1:123456789012:orders` three of them stand: the partition `aws`, the region and the account; a
replay in another region puts that one's name there. An account id is recognized wherever it stands alone. A region's
name is an ordinary word, which people give to clusters too: it is taken for the region only where its context says
so. Each of these rules returns its evidence in words, or None.

What the values are in a replay is decided by `plan/resolver`.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from awstracer.aws.api_model import ApiModel
from awstracer.commandline.text import Span
from awstracer.relations import identifiers
from awstracer.relations.matching import WORD_CHARACTERS, is_whole_word, label_before
from awstracer.relations.model import EnvironmentName, EnvironmentValue
from awstracer.relations.occurrences import Occurrence
from awstracer.trace.model import Trace

ENOUGH_ARNS = 100  # responses that name one account, and no other, settle which one it is
ENVIRONMENT_CONTEXT = 256  # characters around a value that can tell what it is
ARN_HEAD = re.compile(
    r"arn:(?<!\warn:)(?P<partition>aws[a-z-]*):[a-z0-9-]+:(?P<region>[a-z0-9-]+(?=:))?(?::(?P<account>\d{12})(?=:))?"
)
SERVICE_LOG = re.compile(r"AWSLogs/.*/$")
BEHIND_ACCOUNT = re.compile(r"(^|-)\d{12}-$")
BEFORE_ACCOUNT = re.compile(r"-\d{12}(-|$)")
ZONE_LETTER = re.compile(r"[a-z](?![A-Za-z0-9-])")
ZONE_LABEL = re.compile(r"zone|az$", re.I)
REGION_LABEL = re.compile(r"region|locationconstraint", re.I)
ACCOUNT_LABEL = re.compile(r"account|owner|registry|principal", re.I)
HOST_BEHIND_REGION = re.compile(r"\.(?:[a-z0-9-]+\.){0,2}?(?:amazonaws\.com|api\.aws|on\.aws|vpce\.|console\.aws)")
LABELS_BEHIND_REGION = re.compile(r"\.(?:[a-z0-9-]+\.){0,2}")

EVIDENCE_IN_ARN: Mapping[EnvironmentName, str] = {
    "partition": "the partition in an ARN",
    "region": "the region in an ARN",
    "account": "the account",
}


# --- where a trace was recorded


def recorded_environment(trace: Trace, model: ApiModel) -> list[EnvironmentValue]:
    """Return the region, partition, host suffix and account that a trace was recorded in, as far as it tells."""
    values = []
    region = trace.recorded.region
    if region:
        values.append(EnvironmentValue("region", region))
        partition = model.partition(region)
        if partition is not None:
            values += [EnvironmentValue("partition", partition[0]), EnvironmentValue("suffix", partition[1])]
    account = _account(trace)
    if account:
        values.append(EnvironmentValue("account", account))
    return values


def recorded_account(environment: Iterable[EnvironmentValue]) -> str | None:
    """Return the account of a recorded environment; None if it has none."""
    return next((value.recorded for value in environment if value.name == "account"), None)


def _account(trace: Trace) -> str | None:
    """Return the account that the caller's identity or, failing that, most responses name in ARNs."""
    counts: Counter[str] = Counter()
    own_calls = [
        call
        for command in trace.commands
        if command.access_key is None  # another key may be of another account
        for call in command.calls
    ]
    for call in own_calls:
        response = call.response or {}
        if call.operation == "GetCallerIdentity" and isinstance(response.get("Account"), str):
            return str(response["Account"])
        is_settled = len(counts) == 1 and counts.total() >= ENOUGH_ARNS
        if not is_settled:
            counts.update(_accounts_in_arns(response))
    return counts.most_common(1)[0][0] if counts else None


def _accounts_in_arns(document: Any) -> Iterator[str]:
    """Yield the accounts of the ARNs in a document, each once, those that stand higher first."""
    seen: set[str] = set()
    pending = deque([document])
    while pending:
        node = pending.popleft()
        if isinstance(node, dict):
            pending += node.values()
        elif isinstance(node, list):
            pending += node
        elif isinstance(node, str) and node.startswith("arn:"):
            arn = identifiers.ARN.match(node)
            account = arn["account"] if arn else None
            if account and account.isdigit() and account not in seen:
                seen.add(account)
                yield account


# --- where a string says so


class Mention(NamedTuple):
    """That the characters `span` of a string are a value of the environment."""

    span: Span
    value: EnvironmentValue
    evidence: str


class EnvironmentScanner:
    """Finds the values of the recorded environment in strings."""

    def __init__(self, environment: Sequence[EnvironmentValue]) -> None:
        self._environment = environment
        self._in_arns = [value for value in environment if value.name in EVIDENCE_IN_ARN]
        self._region = next((value for value in environment if value.name == "region"), None)

    def mentions(self, occurrence: Occurrence) -> list[Mention]:
        """Return where a string mentions values of the environment."""
        text = occurrence.text
        present = [value for value in self._environment if value.recorded in text]
        if not present:
            return []
        mentions = [mention for head in ARN_HEAD.finditer(text) for mention in self._mentions_in_head(head)]
        beside_arns = ARN_HEAD.sub("\n", text)
        for value in present:
            if value.recorded in beside_arns:
                taken = {mention.span for mention in mentions}
                mentions += self._mentions_beside_arns(occurrence, value, taken)
        return mentions

    def _mentions_in_head(self, head: re.Match[str]) -> list[Mention]:
        """Return the mentions in the head of an ARN, up to the account: `arn:aws:sqs:eu-west-1:123456789012`."""
        return [
            Mention(head.span(value.name), value, EVIDENCE_IN_ARN[value.name])
            for value in self._in_arns
            if head[value.name] == value.recorded
        ]

    def _mentions_beside_arns(
        self, occurrence: Occurrence, value: EnvironmentValue, taken: Container[Span]
    ) -> Iterator[Mention]:
        rule = RULES.get(value.name)
        if rule is None:
            return
        for span in _spans(value.recorded, occurrence.text):
            evidence = rule(occurrence, span, self._region) if span not in taken else None
            if evidence is not None:
                yield Mention(span, value, evidence)


def _spans(word: str, text: str) -> Iterator[Span]:
    begin = text.find(word)
    while begin >= 0:
        end = begin + len(word)
        yield begin, end
        begin = text.find(word, end)


# --- rules for what stands beside ARNs: each returns its evidence, or None


def _region_evidence(occurrence: Occurrence, span: Span, _: EnvironmentValue | None) -> str | None:
    """A region in a host or service name, beside the account, in a zone, a log's path, or behind a label.

    `sqs.eu-west-1.amazonaws.com`, `com.amazonaws.eu-west-1.s3`, `logs-123456789012-eu-west-1`, `eu-west-1a` as
    `AvailabilityZone`, `AWSLogs/123456789012/elasticloadbalancing/eu-west-1`, `--region eu-west-1`.
    """
    before, behind = _context(occurrence.text, span)
    if before.endswith("com.amazonaws.") and behind.startswith("."):
        return "the region in a service's name"
    if (not before or before[-1] in "./-") and HOST_BEHIND_REGION.match(behind):
        return "the region in a host's name"
    if BEHIND_ACCOUNT.search(before) or BEFORE_ACCOUNT.match(behind):
        return "the region beside the account"
    if before[-1:] in WORD_CHARACTERS or before.endswith("-"):
        return None
    labels = [occurrence.facts.label, label_before(before)]
    if ZONE_LETTER.match(behind) and any(map(ZONE_LABEL.search, labels)):
        return "the region of a zone"
    if behind[:1] in WORD_CHARACTERS or behind.startswith("-"):
        return None
    if SERVICE_LOG.search(before):
        return "the region in the path of a service's log"
    return "it is called a region" if any(map(REGION_LABEL.search, labels)) else None


def _suffix_evidence(occurrence: Occurrence, span: Span, region: EnvironmentValue | None) -> str | None:
    """A host suffix behind the region: `sqs.eu-west-1.amazonaws.com`.

    `lambda.amazonaws.com` is a service's principal, which most partitions call alike.
    """
    if region is None:
        return None
    text, end = occurrence.text, span[1]
    is_whole = text[end : end + 1] not in WORD_CHARACTERS and not text.startswith(".cn", end)
    service, _, labels = _context(text, span)[0].rpartition(f".{region.recorded}")
    is_behind_region = bool(service) and LABELS_BEHIND_REGION.fullmatch(labels) is not None
    return "the partition's hosts" if is_whole and is_behind_region else None


def _account_evidence(occurrence: Occurrence, span: Span, _: EnvironmentValue | None) -> str | None:
    """An account id that stands alone in a text; one that is the whole text must be labelled as an account."""
    is_whole = span == (0, len(occurrence.text))
    if not is_whole_word(occurrence.text, span, WORD_CHARACTERS):
        return None
    return None if is_whole and not ACCOUNT_LABEL.search(occurrence.facts.label) else "the account"


def _context(text: str, span: Span) -> tuple[str, str]:
    """Return the texts around a span that can tell what it is."""
    begin, end = span
    return text[max(begin - ENVIRONMENT_CONTEXT, 0) : begin], text[end : end + ENVIRONMENT_CONTEXT]


Rule = Callable[[Occurrence, Span, EnvironmentValue | None], str | None]
RULES: Mapping[EnvironmentName, Rule] = {  # a partition's name, `aws`, means it in ARNs only
    "region": _region_evidence,
    "suffix": _suffix_evidence,
    "account": _account_evidence,
}
